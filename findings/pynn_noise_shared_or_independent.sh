#!/usr/bin/env bash
# Expected: one PyNN script means the same model on every backend; one NoisyCurrentSource injected
#   into a population gives the cells the same statistics of noise, whatever runs underneath.
# Seen: on NEST every cell gets noise of its own (two cells are uncorrelated); on Brian2 all cells
#   get one and the same path (correlation 1, membranes equal to the last bit). A single cell looks
#   alike on both, so a check of one neuron's variance does not show it.
# Why it matters: an average over a population is an average over independent paths on NEST and over
#   one path on Brian2: error bars for a step are off by the root of the population's size, and a
#   network's synchrony differs entirely. One source for each cell is independent on both.
# Versions: pyNN 0.13.0, nest-simulator 3.10.0, brian2 2.9.0, numpy 2.3.5 (Python 3.11).
# Date: 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    pynn==0.13.0 nest-simulator==3.10.0 brian2==2.9.0 numpy==2.3.5
cd "$work"
cat > run.py <<'PY'
import importlib
import sys

import numpy as np

backend, CELLS = sys.argv[1], 5
sim = importlib.import_module("pyNN." + backend)


def membranes(one_source):
    """V of CELLS passive cells (tau 10 ms, rest 0) at 0.1 ms steps, noise renewed every ms."""
    sim.setup(timestep=0.1, min_delay=0.1)
    cell = sim.IF_curr_exp(
        tau_m=10.0, cm=1.0, v_rest=0.0, v_reset=0.0, v_thresh=1e6, tau_refrac=1.0, i_offset=0.0
    )
    cells = sim.Population(CELLS, cell, initial_values={"v": 0.0})
    for target in [cells] if one_source else [cells[i : i + 1] for i in range(CELLS)]:
        noise = sim.NoisyCurrentSource(mean=0.0, stdev=1.0, start=0.0, stop=1000.0, dt=1.0)
        noise.inject_into(target)
    cells.record("v")
    sim.run(1000.0)
    v = cells.get_data().segments[0].analogsignals[0].magnitude[500:]
    sim.end()
    return v


for one_source in (True, False):
    v = membranes(one_source)
    pairs = np.corrcoef(v.T)[np.triu_indices(CELLS, 1)]
    apart = np.abs(v - v[:, :1]).max()
    sources = "one source for all" if one_source else "one source a cell "
    print(f"{backend:6} {sources}: sd of one V {v[:, 0].std():.2f} mV, "
          f"mean correlation {pairs.mean():+.2f}, largest distance from the first {apart:.1e} mV")
    assert 1.0 < v[:, 0].std() < 4.0  # about sqrt(dt_noise tau / 2) / cm = 2.2 mV
    if backend == "brian2" and one_source:
        assert pairs.min() > 1 - 1e-9 and apart == 0.0, "one path for all"
    else:
        assert abs(pairs.mean()) < 0.3 and apart > 1.0, "a path for each"
PY
venv/bin/python -c "import importlib.metadata as m
print(*(f'{p} {m.version(p)}' for p in ('pynn', 'nest-simulator', 'brian2')), sep=', ')"
for backend in nest brian2; do
    venv/bin/python run.py "$backend" > out.txt 2> err.txt || { cat out.txt err.txt; exit 1; }
    grep "^$backend" out.txt
done
echo "behaviour as described"
