#!/usr/bin/env bash
# Expected: setting h.dt sets NEURON's time step, whether the run is then started by h.run() or by
#   h.finitialize() and h.continuerun().
# Seen: h.run() (through stdinit) also obeys h.steps_per_ms, 40 by default, and runs with a step of
#   1/steps_per_ms or a whole fraction of it: 0.1, 0.05 and 0.03 all become 0.025 (it says only
#   "Changed dt", not to what). h.finitialize() + h.continuerun() keeps h.dt.
# Why it matters: a study of the step with h.run() at 0.1, 0.05 and 0.025 compares a run with
#   itself: the results agree to the last bit and the scheme seems converged. steps_per_ms = 1/dt
#   has to be set as well.
# Versions: neuron 9.0.2 (Python 3.11). Date: 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check neuron==9.0.2
cd "$work"
venv/bin/python - <<'PY'
import neuron
from neuron import h

h.load_file("stdrun.hoc")
T = 3.0
cell = h.Section(name="cell")  # a passive membrane, tau = cm/g = 1 ms, from -65 to -70 mV
cell.insert("pas")
cell.g_pas, cell.e_pas, cell.cm = 1e-3, -70.0, 1.0
h.v_init, h.tstop = -65.0, T


def by_run(dt, steps_per_ms=40.0):
    h.steps_per_ms = steps_per_ms
    h.dt = dt
    h.run()
    return h.dt, cell(0.5).v


def by_continuerun(dt):
    h.steps_per_ms = 40.0
    h.dt = dt
    h.finitialize(h.v_init)
    h.continuerun(T)
    return h.dt, cell(0.5).v


def implicit_euler(dt):
    return -70.0 + 5.0 / (1.0 + dt) ** round(T / dt)


print("neuron", neuron.__version__)
reference = by_run(0.025)
for dt in (0.1, 0.05, 0.03):
    ran, v = by_run(dt)
    print(f"h.dt = {dt}: h.run() used {ran}, v(3 ms) = {v!r}")
    assert (ran, v) == reference == (0.025, v), "h.run() does not keep h.dt above 0.025"
for dt in (0.1, 0.05):
    ran, v = by_continuerun(dt)
    both, w = by_run(dt, steps_per_ms=1 / dt)
    print(f"h.dt = {dt}: finitialize + continuerun used {ran}, v = {v!r}; "
          f"run with steps_per_ms = {1 / dt:g} used {both}, v = {w!r}")
    assert ran == dt and abs(both - dt) < 1e-15
    assert max(abs(v - implicit_euler(dt)), abs(w - implicit_euler(dt))) < 1e-9
assert abs(reference[1] - implicit_euler(0.025)) < 1e-9
assert abs(reference[1] - implicit_euler(0.1)) > 0.01
print("behaviour as described")
PY
