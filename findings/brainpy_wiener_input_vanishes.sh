#!/usr/bin/env bash
# Expected: brainpy.inputs.wiener_process(duration, dt=...) is an input like its neighbours
#   ou_process or ramp_input: either a path W(t), whose variance grows as t, or white noise as a
#   current, whose samples have the variance 1/dt, so that the membrane's fluctuations do not depend
#   on the step.
# Seen: it returns the increments, of variance dt, one for each step. A neuron multiplies its input
#   by dt once more: the standard deviation of V is proportional to dt and vanishes with it (ten
#   times smaller at a tenth of the step), where white noise's would be sqrt(R**2/(2*tau)).
# Why it matters: the rate of a noise-driven neuron changes with the step at leading order, by the
#   input's definition and not by the scheme, and tends to the rate without noise. The array has to
#   be divided by dt before it is used as a current; cumulated, it is the path.
# Versions: brainpy 2.8.2, braintools 0.3.0, brainstate 0.5.4, brainunit 0.5.2, brainevent 0.2.1,
#   jax 0.10.2, numpy 2.4.6 (Python 3.11). Date: 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check brainpy==2.8.2 \
    braintools==0.3.0 brainstate==0.5.4 brainunit==0.5.2 brainevent==0.2.1 jax==0.10.2 numpy==2.4.6
cd "$work"
cat > run.py <<'PY'
import brainpy as bp
import brainpy.math as bm
import numpy as np

NEURONS, TAU, T = 500, 10.0, 100.0  # ms


def membrane(current, dt):
    """V at the end, one value a neuron, of membranes without threshold driven by a current."""
    bm.set_dt(dt)
    neurons = bp.dyn.Lif(NEURONS, V_rest=0.0, V_reset=0.0, V_th=1e6, tau=TAU, R=1.0,
                         V_initializer=bp.init.ZeroInit())

    def step(i, x):
        bp.share.save(i=i, t=i * dt)
        neurons.update(x)

    bm.for_loop(step, (bm.arange(len(current)), bm.asarray(current)), progress_bar=False)
    return np.asarray(neurons.V.value)


print("brainpy", bp.__version__)
white = np.sqrt(1 / (2 * TAU))
error = 4 / np.sqrt(2 * NEURONS)  # four standard errors of a standard deviation
for dt in (0.2, 0.1, 0.02):
    noise = np.asarray(bp.inputs.wiener_process(T, dt=dt, n=NEURONS, seed=1))
    last, cumulated = noise[-1].var(), noise.sum(axis=0).var()
    as_is, divided = membrane(noise, dt).std(), membrane(noise / dt, dt).std()
    print(f"dt {dt:4} ms: variance of the samples {noise.var():.4f}, of the last (t = {T:g}) "
          f"{last:.4f}, of their sum {cumulated:.0f}; sd of V {as_is:.4f}, "
          f"with the input divided by dt {divided:.4f} (white noise {white:.4f})")
    assert abs(noise.var() / dt - 1) < 0.02 and last < 2 * dt, "increments, not a path"
    assert abs(as_is / (white * dt) - 1) < 2 * error, "noise proportional to the step"
    assert abs(divided / white - 1) < 2 * error
print("behaviour as described")
PY
venv/bin/python run.py 2> err.txt || { cat err.txt; exit 1; }
