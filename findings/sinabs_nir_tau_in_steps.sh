#!/usr/bin/env bash
# Expected: NIR's LI and LIF obey tau dv/dt = v_leak - v + r*I, tau in units of time, so a reader of
#   a NIR graph asks for its step or has one; and a network written to NIR and read back by the same
#   package answers as before.
# Seen: sinabs.nir.from_nir has no step and takes tau as a number of steps. 20 ms becomes 0.02
#   steps, a decay by exp(-50) a step: no memory, every input gone before the next step. r is
#   ignored for LIF. to_nir writes tau in steps and r = 1 whether or not the layer scales its input
#   by 1 - alpha (the default); from_nir always builds a layer that does not, so that the input of a
#   layer of 20 steps grows 20.5 times on the way: 60 spikes become 1777.
# Why it matters: the exchange format is the way to run one model in several simulators. A leaky
#   integrator that comes out of it as an instantaneous gain has no error that a smaller step cures,
#   and no warning is given.
# Versions: sinabs 3.1.3, nir 1.0.4, nirtorch 2.0.2, torch 2.13.0 (Python 3.11). Date: 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    torch==2.13.0 sinabs==3.1.3 nir==1.0.4 nirtorch==2.0.2
cd "$work"
cat > run.py <<'PY'
import importlib.metadata

import nir
import numpy as np
import torch
from sinabs.layers import LIFSqueeze
from sinabs.nir import from_nir, to_nir

print(*(f"{p} {importlib.metadata.version(p)}" for p in ("sinabs", "nir", "nirtorch", "torch")))
ONE = np.ones(1)


def imported(node):
    """What Sinabs makes of one NIR node."""
    ends = nir.Input(input_type=np.array([1])), nir.Output(output_type=np.array([1]))
    return from_nir(nir.NIRGraph.from_list(ends[0], node, ends[1]), batch_size=1)


def run(network, x):
    with torch.no_grad():
        y = network(x)
    return (y[0] if isinstance(y, tuple) else y).flatten()


pulse = torch.eye(4)[:, :1]  # one input in the first of four steps
for tau in (0.02, 20.0):
    y = run(imported(nir.LI(tau=tau * ONE, r=ONE, v_leak=0 * ONE)), pulse)
    decay = (y[1] / y[0]).item()
    print(f"nir.LI, tau {tau:5}: response {np.round(y.numpy(), 4)}, decay {decay:.3e} in one step, "
          f"exp(-1/tau) {np.exp(-1 / tau):.3e}")
    assert abs(decay - np.exp(-1 / tau)) < 1e-6, "tau counts steps"

counts = []
for r in (1.0, 10.0):
    lif = nir.LIF(tau=20 * ONE, r=r * ONE, v_leak=0 * ONE, v_threshold=ONE)
    counts.append(run(imported(lif), torch.full((1000, 1), 0.1)).sum().item())
print("nir.LIF, tau 20, input 0.1 for 1000 steps: spikes with r = 1 and 10:", counts)
assert counts[0] == counts[1] > 0, "r has no effect"

for scaled in (True, False):  # True is the default
    layer = LIFSqueeze(tau_mem=torch.tensor([20.0]), spike_threshold=torch.tensor([1.0]),
                       batch_size=1, norm_input=scaled)
    linear = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(linear.weight, 1.0)
    network = torch.nn.Sequential(linear, layer)
    graph = to_nir(network, torch.zeros(4, 1))
    node = next(n for n in graph.nodes.values() if isinstance(n, nir.LIF))
    layer.reset_states()
    x = torch.full((1000, 1), 1.8)
    before, after = run(network, x).sum().item(), run(from_nir(graph, batch_size=1), x).sum().item()
    print(f"norm_input {scaled!s:5}: written as tau {node.tau.item():g}, r {node.r.item():g}; "
          f"spikes before and after the round trip: {before:g}, {after:g}")
    assert (node.tau.item(), node.r.item()) == (20.0, 1.0), "the same node for both"
    assert (after == before) if not scaled else (after > 10 * before), "the gain is lost"
print("behaviour as described")
PY
venv/bin/python run.py 2> err.txt || { cat err.txt; exit 1; }
