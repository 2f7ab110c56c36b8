#!/usr/bin/env bash
# Expected: SPIKE-synchronization has no parameter and no unit: trains in steps, milliseconds or
#   seconds give one number. So, almost, do trains that differ by a millionth of a step.
# Seen: spikes of a simulator sit on a grid, and then a distance is often exactly half of the
#   smallest interval beside it, where the strict comparison decides "coincident" or not. Two
#   regular trains with every spike halfway between two of the other have 0 in whole steps, 0.995
#   when moved by a millionth of a step, and 0.18 in seconds, where t = k*dt is rounded. Random
#   trains on a grid of 1 ms change with the unit in a third of all cases.
# Why it matters: the value jumps with the step, the unit and the file format, not the dynamics;
#   a coarser grid has more ties. Differences between simulators or steps that are of this size say
#   nothing. Spreading each spike over its step (a random fraction of dt) removes the ties.
# Versions: pyspike 0.9.0, numpy 2.3.5 (Python 3.11). Date: 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyspike==0.9.0 numpy==2.3.5
cd "$work"
cat > run.py <<'PY'
import importlib.metadata

import numpy as np
import pyspike

print("pyspike", importlib.metadata.version("pyspike"))


def measures(first, second, unit, duration):
    """SPIKE-synchronization and ISI-distance of trains given in steps, handed over in units."""
    trains = [pyspike.SpikeTrain(np.array(k) * unit, [0, duration * unit]) for k in (first, second)]
    return pyspike.spike_sync(*trains), pyspike.isi_distance(*trains)


UNITS = {"steps": 1.0, "ms (dt 0.1)": 0.1, "s (dt 1e-4)": 1e-4}
a = np.arange(5, 1000, 10)  # a regular train, and one with its spikes halfway between
sync = {}
for name, unit in UNITS.items():
    for shift in (0.0, 1e-6):
        sync[name, shift], isi = measures(a, a[:-1] + 5 + shift, unit, 1000)
        print(f"regular, antiphase + {shift:5g} steps, in {name:11}: "
              f"SPIKE-synchronization {sync[name, shift]:.4f}, ISI-distance {isi:.4f}")
assert sync["steps", 0.0] == 0.0, "no spike is coincident at a tie"
assert 0.0 < sync["s (dt 1e-4)", 0.0] < 0.5, "in seconds rounding breaks some of the ties"
assert all(v > 0.9 for (_, shift), v in sync.items() if shift), "next to the tie nearly all are"

rng = np.random.default_rng(1)
changed = {}
for steps in (250, 1000, 100_000):  # the grid's steps in one second; 100 spikes of each train
    pairs = [[np.sort(rng.choice(np.arange(1, steps), 100, replace=False)) for _ in "ab"]
             for _ in range(200)]
    values = np.array([[measures(*pair, unit, steps)[0] for unit in (1.0, 1 / steps)]
                       for pair in pairs])
    moved = np.array([measures(*(k + rng.random(100) for k in pair), 1.0, steps + 1)[0]
                      for pair in pairs])
    changed[steps] = np.mean(values[:, 0] != values[:, 1])
    print(f"random spikes, dt {1000 / steps:5} ms: mean {values[:, 0].mean():.3f} in steps, "
          f"{values[:, 1].mean():.3f} in s, {moved.mean():.3f} with the spikes spread over their "
          f"steps; {changed[steps]:.0%} of 200 pairs differ between the units")
assert changed[250] > 0.3 and changed[1000] > 0.2 and changed[100_000] < 0.1
print("behaviour as described")
PY
venv/bin/python run.py
