#!/usr/bin/env bash
# Expected: windows that tile a run share out its spikes: [0, 10), [10, 20), ... ms add up to the
#   whole, as they do for Neo's own AnalogSignal and Elephant's binning.
# Seen: SpikeTrain.time_slice and elephant.statistics.mean_firing_rate keep a spike at either end.
#   Spikes of a simulator sit on its grid, so windows whose ends do too count a share dt/window of
#   them twice: rates are too high by the factor 1 + dt/window. BinnedSpikeTrain is right.
# Why it matters: the excess is proportional to dt. A step-halving study of the rate (in trials, for
#   a Fano factor, around a stimulus) shows first-order convergence, and the constant is that of the
#   windows, not of the scheme: 10 % at dt = 1 ms and 1 % at 0.1 ms for windows of 10 ms. Spike
#   times shifted by half a step have no ties.
# Versions: neo 0.14.6, elephant 1.2.1, quantities 0.16.4, numpy 2.3.5 (Python 3.11).
# Date: 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    neo==0.14.6 elephant==1.2.1 quantities==0.16.4 numpy==2.3.5
cd "$work"
cat > run.py <<'PY'
import importlib.metadata

import numpy as np
import quantities as pq
from elephant.conversion import BinnedSpikeTrain
from elephant.statistics import mean_firing_rate
from neo import AnalogSignal, SpikeTrain

print(*(f"{p} {importlib.metadata.version(p)}" for p in ("neo", "elephant", "quantities")))
T, WINDOW = 10_000, 10  # ms
exact = np.sort(np.random.default_rng(1).uniform(0, T, 2000))  # 200 Hz, off every grid
edges = np.arange(0, T, WINDOW) * pq.ms

for dt in (1.0, 0.5, 0.25, 0.125):  # powers of two: every time below is exact in binary
    steps = np.minimum(np.ceil(exact / dt), T / dt - 1)  # stamped with the step's end
    spikes = SpikeTrain(steps * dt * pq.ms, t_stop=T * pq.ms)
    sliced = sum(len(spikes.time_slice(a, a + WINDOW * pq.ms)) for a in edges)
    rates = np.mean([mean_firing_rate(spikes, t_start=a, t_stop=a + WINDOW * pq.ms)
                     .rescale(pq.Hz).item() for a in edges])
    binned = BinnedSpikeTrain(spikes, bin_size=WINDOW * pq.ms).to_array().sum()
    shifted = SpikeTrain((steps - 0.5) * dt * pq.ms, t_start=-dt * pq.ms, t_stop=T * pq.ms)
    halfway = sum(len(shifted.time_slice(a, a + WINDOW * pq.ms)) for a in edges)
    on_edge = int(np.sum(steps * dt % WINDOW == 0))
    print(f"dt {dt:5} ms: 2000 spikes, {on_edge} on an edge; in 1000 slices {sliced}, binned "
          f"{binned}, half a step earlier {halfway}; mean rate of the windows {rates:.1f} Hz")
    assert sliced == 2000 + on_edge and binned == halfway == 2000
    assert abs(rates - sliced / T * 1000) < 1e-6
    assert abs(on_edge / (2000 * dt / WINDOW) - 1) < 5 / np.sqrt(2000 * dt / WINDOW)

signal = AnalogSignal(np.arange(T), units="mV", sampling_period=1 * pq.ms)
samples = sum(len(signal.time_slice(a, a + WINDOW * pq.ms)) for a in edges)
print(f"AnalogSignal of {T} samples: {samples} in the same slices")
assert samples == T, "half-open for signals"
print("behaviour as described")
PY
venv/bin/python run.py
