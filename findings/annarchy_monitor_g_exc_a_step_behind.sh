#!/usr/bin/env bash
# Expected: the variables that an ANNarchy monitor records together belong to one time; two variables
#   of one neuron with the same equation and the same start have the same record.
# Seen: a synaptic variable (g_exc, of the target "exc") is recorded before the step, every other one
#   after it. tau dI/dt = -I from 1 is recorded as 0.75, 0.5625, ...; the same equation for g_exc as
#   1, 0.75, 0.5625, ...; the potential that either drives is the same to the last bit.
# Why it matters: V and g_exc at one index are a step apart. A fit of the membrane's equation to the
#   record, a comparison with another simulator, or a check of the order of the update finds a
#   semi-implicit scheme (V moved by "the new" current) where the scheme is plain Euler; the error is
#   of first order in the step, as a scheme's would be.
# Versions: ANNarchy 5.0.4.1, numpy 2.4.6 (Python 3.11); needs CMake and a C++ compiler.
# Date: 2026-11-28.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check annarchy==5.0.4.1 numpy==2.4.6
export PATH="$work/venv/bin:$PATH"  # it compiles with the first python3 on the path
cd "$work"
cat > run.py <<'PY'
import importlib.metadata

import ANNarchy
import numpy as np

print("ANNarchy", importlib.metadata.version("ANNarchy"))
DT, TAU_M, TAU_S = 0.5, 10.0, 2.0
network = ANNarchy.Network(dt=DT)
records = {}
for name in ("current", "g_exc"):
    cell = ANNarchy.Neuron(
        parameters={"tau_m": TAU_M, "tau_s": TAU_S},
        equations=f"tau_m * dv/dt = {name} - v\ntau_s * d{name}/dt = -{name}",
        spike="v > 100.0",
    )
    population = network.create(1, cell)
    records[name] = (population, network.monitor(population, ["v", name]))
network.compile()
for name, (population, _) in records.items():
    setattr(population, name, 1.0)
network.simulate(4 * DT)
v, seen = {}, {}
for name, (_, monitor) in records.items():
    v[name], seen[name] = monitor.get("v")[:, 0], monitor.get(name)[:, 0]
    print(f"{name:8} v {v[name]}  {name} {seen[name]}")
assert np.array_equal(v["current"], v["g_exc"])
decay = (1.0 - DT / TAU_S) ** np.arange(5)
assert np.allclose(seen["current"], decay[1:], rtol=1e-15), "after the step"
assert np.allclose(seen["g_exc"], decay[:4], rtol=1e-15), "before it"
# read at one index, the record looks semi-implicit: V moved by the value of the same index
step = np.diff(v["g_exc"]) + DT / TAU_M * v["g_exc"][:-1]
assert np.allclose(step, DT / TAU_M * seen["g_exc"][1:]), "looks like the new current"
assert np.allclose(step, DT / TAU_M * seen["current"][:-1]), "is the old one"
print("behaviour as described")
PY
venv/bin/python run.py
