#!/usr/bin/env bash
# Expected: poisson_schedule(freq=...) without a seed gives every generator its own spike train, as
#   Poisson generators of other simulators do.
# Seen: in Arbor the seed defaults to 0: every schedule made without one, in any cell, is the same
#   train to the last bit. Ten generators of 100 Hz on one cell are one generator whose pulses
#   come ten at a time: the mean of the membrane is as wanted, its variance ten times too large.
# Why it matters: a check of the mean does not show it. Populations "driven by independent noise"
#   are one cell repeated (correlation 1), averages over them have no more accuracy than one, and the
#   rate of a noise-driven neuron is another. A distinct seed for each generator is needed.
# Versions: arbor 0.12.2, numpy 2.3.5 (Python 3.11). Date: 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check arbor==0.12.2 numpy==2.3.5
cd "$work"
cat > run.py <<'PY'
import arbor
import numpy as np
from arbor import units as U

CELLS, SOURCES, RATE, T, DT = 2, 10, 100, 20_000, 0.1  # Hz, ms, ms


class Recipe(arbor.recipe):
    """Leaky membranes (tau 10 ms, rest 0) that never spike, each with SOURCES generators."""

    def __init__(self, seeded):
        arbor.recipe.__init__(self)
        self.seeded = seeded

    def num_cells(self):
        return CELLS

    def cell_kind(self, gid):
        return arbor.cell_kind.lif

    def cell_description(self, gid):
        return arbor.lif_cell("source", "target", tau_m=10 * U.ms, V_th=1e6 * U.mV, C_m=1 * U.pF,
                              E_L=0 * U.mV, E_R=0 * U.mV, V_m=0 * U.mV, t_ref=1 * U.ms)

    def event_generators(self, gid):
        seeds = [{"seed": 1000 * gid + k} if self.seeded else {} for k in range(SOURCES)]
        return [arbor.event_generator("target", 1.0,
                                      arbor.poisson_schedule(freq=RATE * U.Hz, **seed))
                for seed in seeds]

    def probes(self, gid):
        return [arbor.lif_probe_voltage("v")]


def membranes(seeded):
    simulation = arbor.simulation(Recipe(seeded))
    samples = [simulation.sample(g, "v", arbor.regular_schedule(1 * U.ms)) for g in range(CELLS)]
    simulation.run(T * U.ms, DT * U.ms)
    return np.array([simulation.samples(h)[0][0][200:, 1] for h in samples])


print("arbor", arbor.__version__)
poisson = SOURCES * RATE * 1e-3 * 10  # the mean for weight 1, tau 10 ms; the variance is half of it
for seeded in (False, True):
    v = membranes(seeded)
    correlation = np.corrcoef(v)[0, 1]
    print(f"seeds {'0, 1, 2, ...' if seeded else 'as by default'}: mean {v[0].mean():.2f} (Poisson "
          f"{poisson:.2f}), variance {v[0].var():.2f} (Poisson {poisson / 2:.2f}), "
          f"correlation of two cells {correlation:+.3f}")
    assert abs(v[0].mean() / poisson - 1) < 0.2
    if seeded:
        assert abs(v[0].var() / (poisson / 2) - 1) < 0.4 and abs(correlation) < 0.2
    else:
        assert (v[0] == v[1]).all(), "every cell has the same input"
        assert 6 < v[0].var() / (poisson / 2) < 16, "ten pulses at a time"
print("behaviour as described")
PY
venv/bin/python run.py
