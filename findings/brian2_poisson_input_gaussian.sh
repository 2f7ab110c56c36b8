#!/usr/bin/env bash
# Expected: Brian2's PoissonInput stands for N Poisson sources, so the jump it gives to a variable
#   in one step is a whole number of spikes times the weight, and never negative.
# Seen: the count is drawn from a normal distribution as soon as N*rate*dt > 5 and
#   N*(1 - rate*dt) > 5, and then no whole number and sometimes negative. Otherwise it is binomial.
# Why it matters: the step decides the law of the input. The same 1000 sources of 100 Hz give
#   Gaussian jumps at dt = 0.1 ms and whole spikes at 0.04 and 0.01 ms, so a step-halving study
#   changes the model between its levels, and excitatory input can push down.
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
from brian2 import Hz, Network, NeuronGroup, PoissonInput, defaultclock, ms, prefs, seed

prefs.codegen.target = "numpy"
N, RATE, TARGETS = 1000, 100, 20_000


def counts(dt_ms):
    """The number of spikes that each target receives in one step (weight 1, start at 0)."""
    seed(1)
    defaultclock.dt = dt_ms * ms
    targets = NeuronGroup(TARGETS, "x : 1")
    Network(targets, PoissonInput(targets, "x", N=N, rate=RATE * Hz, weight=1)).run(dt_ms * ms)
    return np.array(targets.x)


print("brian2", brian2.__version__, "- PoissonInput, N = 1000, 100 Hz, weight 1, one step")
seen = {}
for dt_ms in (0.1, 0.04, 0.01):
    x = counts(dt_ms)
    expected = N * RATE * dt_ms * 1e-3
    whole, negative = np.mean(x == np.round(x)), int(np.sum(x < 0))
    print(f"dt {dt_ms:5} ms: expected {expected:4.1f}, mean {x.mean():6.3f}, "
          f"variance {x.var():6.3f}, whole {whole:.0%}, {negative} below 0, first {x[:3].round(3)}")
    assert abs(x.mean() - expected) < 5 * np.sqrt(expected / TARGETS)  # the mean is right
    seen[dt_ms] = (whole, negative > 0)

assert seen[0.1] == (0.0, True), "Gaussian counts, some below zero, at 10 expected spikes a step"
assert seen[0.04] == (1.0, False), "whole counts at 4 expected spikes a step"
assert seen[0.01] == (1.0, False), "whole counts at 1 expected spike a step"
print("behaviour as described")
PY
