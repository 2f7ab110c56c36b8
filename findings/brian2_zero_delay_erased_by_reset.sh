#!/usr/bin/env bash
# Expected: two excitatory neurons that spike at the same time push each other; a pulse of weight w
#   makes the next interval shorter, and does so more or less alike for every small step and delay.
# Seen: with Brian2's default delay (zero) and default schedule (thresholds, synapses, resets), a
#   pulse that reaches a neuron which spikes in the same step is added before that neuron is reset,
#   and the reset wipes it out. Coincident neurons do not feel each other at all. With a delay of
#   one step they do, and their intervals fall from 7.0 to 4.7 ms.
# Why it matters: "coincident" means "in the same step". Two neurons whose spikes are 0.05 ms apart
#   are uncoupled at a step of 0.2 ms and coupled at 0.1 ms and below: the rate jumps by half
#   between two steps, which is no discretisation error that shrinks with an order.
# Versions: brian2 2.9.0, numpy 2.3.5 (Python 3.11). Date: 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check brian2==2.9.0 numpy==2.3.5
cd "$work"
venv/bin/python - <<'PY'
import brian2
import numpy as np
from brian2 import Network, NeuronGroup, SpikeMonitor, Synapses, defaultclock, ms, prefs

prefs.codegen.target = "numpy"


def spikes(drives, weight, dt_ms, delay_steps):
    """Spike counts over 200 ms and the intervals of the first of two mutually coupled neurons."""
    defaultclock.dt = dt_ms * ms
    model = "dv/dt = (drive - v)/(10*ms) : 1\ndrive : 1"
    pair = NeuronGroup(2, model, threshold="v > 1", reset="v = 0", method="exact")
    pair.drive = drives
    coupling = Synapses(pair, pair, "w : 1", on_pre="v_post += w")
    coupling.connect(condition="i != j")
    coupling.w = weight
    if delay_steps:
        coupling.delay = delay_steps * dt_ms * ms
    monitor = SpikeMonitor(pair)
    Network(pair, coupling, monitor).run(200 * ms)
    times = np.array(monitor.t / ms)[np.array(monitor.i) == 0]
    return [int(n) for n in monitor.count], sorted({round(float(d), 6) for d in np.diff(times)})


print("brian2", brian2.__version__)
alone = spikes([2.0, 2.0], 0.0, 0.1, 0)
default = spikes([2.0, 2.0], 0.4, 0.1, 0)
delayed = spikes([2.0, 2.0], 0.4, 0.1, 1)
print("equal neurons, 0.1 ms, uncoupled:                 counts, intervals", *alone)
print("equal neurons, 0.1 ms, weight 0.4, default delay: counts, intervals", *default)
print("equal neurons, 0.1 ms, weight 0.4, one step:      counts, intervals", *delayed)
assert default == alone and default[1] == [7.0], "a pulse between coincident spikes has no effect"
assert delayed[1] == [4.7], "delivered after the reset, it has"

counts = {}
for dt_ms in (0.2, 0.1, 0.05, 0.02, 0.01):
    counts[dt_ms] = spikes([2.0, 2.01], 0.4, dt_ms, 0)[0]
    print(f"inputs 2 and 2.01, weight 0.4, default delay, dt {dt_ms:4} ms: counts {counts[dt_ms]}")
assert counts == {0.2: [28, 28]} | {dt_ms: [42, 42] for dt_ms in (0.1, 0.05, 0.02, 0.01)}
print("behaviour as described")
PY
