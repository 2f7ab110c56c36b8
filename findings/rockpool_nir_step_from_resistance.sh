#!/usr/bin/env bash
# Expected: the step of a simulation is no property of a NIR graph (its CubaLIF holds tau_syn,
#   tau_mem, r, v_leak, v_threshold, w_in); a reader takes it as an argument or leaves it at its own
#   default, and r and w_in scale the input.
# Seen: Rockpool's from_nir has no step either, and computes it: dt = min(tau_mem/(1 + r)) over the
#   neurons of a node. r = 1 with tau_mem = 20 ms gives steps of 10 ms, r = 19 steps of 1 ms. The
#   neuron's gain stays at 1 and w_in is dropped. Its own to_nir writes
#   r = tau_mem/dt*exp(-dt/tau_mem), which is not the inverse: dt = 10 ms comes back as 9.04 ms.
# Why it matters: a model whose r is a resistance gets a step nobody chose, another for every node,
#   and input arrays given per step then last another time: a parameter of the neuron sets the
#   discretisation error, and the input's strength is lost.
# Versions: rockpool 3.1.0, nir 1.0.4, nirtorch 2.0.2, torch 2.13.0 (Python 3.11). Date: 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    torch==2.13.0 rockpool==3.1.0 nir==1.0.4 nirtorch==2.0.2
cd "$work"
cat > run.py <<'PY'
import importlib.metadata

import nir
import numpy as np
import torch
from rockpool.nn.combinators import Sequential
from rockpool.nn.modules import LIFTorch, LinearTorch
from rockpool.nn.modules.torch.nir import from_nir, to_nir

print(*(f"{p} {importlib.metadata.version(p)}" for p in ("rockpool", "nir", "nirtorch", "torch")))
ONE = np.ones(2)


def layer(graph):
    """The one spiking layer that Rockpool makes of a graph."""
    return next(m for m in from_nir(graph).modules() if isinstance(m, LIFTorch))


def imported(r, w_in=1.0, tau_mem=0.02 * ONE):
    node = nir.CubaLIF(tau_syn=0.005 * ONE, tau_mem=tau_mem, r=r * ONE, v_leak=0 * ONE,
                       v_threshold=1e6 * ONE, w_in=w_in * ONE)
    ends = nir.Input(input_type=np.array([2])), nir.Output(output_type=np.array([2]))
    return layer(nir.NIRGraph.from_list(ends[0], node, ends[1]))


def peak(lif):
    """Largest synaptic current after one input of size 1 in the first step."""
    x = torch.zeros(1, 20, 2)
    x[:, 0] = 1.0
    with torch.no_grad():
        return lif.evolve(x, record=True)[2]["isyn"].max().item()


for r in (1.0, 3.0, 19.0, 199.0):
    lif, strong = imported(r), imported(r, w_in=10.0)
    gain, decay, other = peak(lif), np.exp(-lif.dt / 0.005), peak(strong)
    print(f"tau_mem 20 ms, r = {r:5}: dt = {1e3 * lif.dt:.4f} ms; largest current after one input "
          f"{gain:.4f}, exp(-dt/tau_syn) {decay:.4f}, with w_in = 10 {other:.4f}")
    assert abs(lif.dt - 0.02 / (1 + r)) < 1e-9, "the step is made of tau_mem and r"
    assert abs(gain - decay) < 1e-5 and other == gain, "neither r nor w_in scales the input"
mixed = imported(19.0, tau_mem=np.array([0.02, 0.002])).dt
print(f"tau_mem 20 and 2 ms, r = 19: dt = {1e3 * mixed:.4f} ms for both")
assert abs(mixed - 1e-4) < 1e-9

for dt in (1e-3, 5e-3, 1e-2):
    lif = LIFTorch(2, tau_mem=0.02, tau_syn=0.01, dt=dt)
    graph = to_nir(Sequential(LinearTorch((2, 2)), lif), torch.zeros(1, 5, 2))
    r = next(n.r[0] for n in graph.nodes.values() if isinstance(n, nir.CubaLIF))
    back = layer(graph).dt
    print(f"dt {1e3 * dt:4} ms, written as r = {r:.4f}, read back as dt = {1e3 * back:.4f} ms")
    assert abs(back - 0.02 / (1 + 0.02 / dt * np.exp(-dt / 0.02))) < 1e-8
    assert abs(back / dt - 1) > 1e-3, "not the step that was written"
print("behaviour as described")
PY
venv/bin/python run.py 2> err.txt || { cat err.txt; exit 1; }
