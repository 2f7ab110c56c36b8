#!/usr/bin/env bash
# Expected: refrac, "refractory (non-firing) period of the neuron", means one thing in BindsNET's node
#   types; a neuron so strongly driven that it fires whenever it may has one interval for one refrac.
# Seen: with refrac = 5 and steps of 1 ms the interval is 6 for IFNodes, LIFNodes, BoostedLIFNodes,
#   AdaptiveLIFNodes and DiehlAndCookNodes (the spike's step and 5 more), and 5 for CurrentLIFNodes,
#   which counts down before it asks.
# Why it matters: a swap of node type, to give a neuron a synaptic current, changes its highest rate
#   from 167 to 200 Hz. The difference is one step whatever the step is: it looks like a discretisation
#   error of first order, and is the meaning of a parameter. A refrac of one step is no refractory
#   time at all for CurrentLIFNodes.
# Versions: bindsnet 0.3.4, torch 2.14.1, numpy 2.4.6 (Python 3.11). Date: 2026-11-28.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    bindsnet==0.3.4 torch==2.14.1 numpy==2.4.6
cd "$work"
cat > run.py <<'PY'
import importlib.metadata

import torch
from bindsnet.network import Network, nodes
from bindsnet.network.monitors import Monitor

print(*(f"{p} {importlib.metadata.version(p)}" for p in ("bindsnet", "torch")))


def intervals(kind, refrac, dt):
    """Intervals in steps between the spikes of a neuron whose every input charges it."""
    network = Network(dt=dt)
    layer = getattr(nodes, kind)(1, thresh=1.0, reset=0.0, refrac=refrac, **{
        "IFNodes": {}, "BoostedLIFNodes": {}
    }.get(kind, {"rest": 0.0}))
    network.add_layer(layer, name="cell")
    monitor = Monitor(layer, ["s"])
    network.add_monitor(monitor, name="spikes")
    network.run({"cell": torch.full((int(60 / dt), 1, 1), 100.0)}, time=60)
    at = monitor.get("s").flatten().nonzero().flatten()
    return sorted({int(gap) for gap in at.diff()})


held = ("IFNodes", "LIFNodes", "BoostedLIFNodes", "AdaptiveLIFNodes", "DiehlAndCookNodes")
for dt in (1.0, 0.5):
    for kind in (*held, "CurrentLIFNodes"):
        found = {refrac: intervals(kind, refrac, dt) for refrac in (0, 1, 2, 5)}
        print(f"dt {dt} ms, {kind:17} refrac: interval in steps  {found}")
        for refrac, gaps in found.items():
            steps = round(refrac / dt)
            expected = steps + 1 if kind in held else max(steps, 1)
            assert gaps == [expected], (kind, refrac, gaps)
print("behaviour as described")
PY
venv/bin/python -W ignore run.py
