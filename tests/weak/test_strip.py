"""The boundary strip: single steps of Euler against the exact neuron."""

import numpy as np
import pytest

from lifcore import LIF, simulate
from lifcore.stationary.fokker_planck import stationary
from lifcore.stationary.threshold_equation import solve_threshold
from lifcore.weak.decisions import euler_fires
from lifcore.weak.strip import boundary_strip, strip_constants

NEURON = LIF(mu=1.4, sigma=0.6, v_reset=-0.2)
BALANCED = LIF(g=1.0, mu=1.0, sigma=1.0, tau=1.0)
DRIVEN = LIF(g=1.0, mu=1.5, sigma=0.3, tau=0.5)


def test_the_strip_agrees_with_single_steps():
    # The same exact paths, step by step, and Euler's decision by the formula.
    strip = boundary_strip(NEURON, h=[0.25], T=10.0, paths=512, seed=3)
    missed = extra = 0
    states = [
        simulate(NEURON, h=0.25, T=0.25 * k, paths=512, seed=3, scheme="exact")
        for k in range(1, 42)
    ]
    v, i, n = np.full(512, -0.2), np.full(512, 1.4), np.zeros(512)
    for state in states[:40]:
        decided = v + 0.25 * (i - NEURON.g * v) >= NEURON.v_th
        fired = state.spike_counts[:, 0] > n
        missed += int((fired & ~decided).sum())
        extra += int((decided & ~fired).sum())
        v, i, n = state.v[:, 0], state.i[:, 0], state.spike_counts[:, 0]
    assert (int(strip.missed.sum()), int(strip.extra.sum())) == (missed, extra)
    assert strip.steps == 40 * 256  # in each block


def test_strip_laws_and_constants():
    h = 2.0 ** -np.arange(2, 7)
    for neuron, slow in ((BALANCED, 0.7), (DRIVEN, 0.9)):
        strip = boundary_strip(neuron, h=h, T=24.0, paths=12_800, seed=1, burn_in=8.0)
        both, difference = strip_constants(neuron, stationary(neuron, cells=None))
        assert strip.disagreement[-1].mean / h[-1] ** 1.5 == pytest.approx(both, rel=0.05)
        # The imbalance approaches its law like h^(1/4) where grazing matters.
        ratio = strip.imbalance[-2].mean / h[-2] ** 2 / difference
        assert slow < ratio < 1.1
        assert strip.imbalance_order().order.mean == pytest.approx(2.0, abs=0.15)
    # A threshold 1 % off in one of the two would make the imbalance of first order.
    assert strip.disagreement_order().order.mean == pytest.approx(1.55, abs=0.1)


def test_bad_strips():
    for changes, text in (
        ({"burn_in": -1.0}, "burn_in"),
        ({"burn_in": 0.3}, "not a multiple"),
        ({"h": [4.0]}, "not a multiple|stability"),
        ({"paths": 0}, "paths = 0"),
        ({"paths": 256}, "paths = 256"),  # one block has no interval
    ):
        with pytest.raises(ValueError, match=text):
            boundary_strip(NEURON, **{"h": [0.25], "T": 2.0, "paths": 512, "seed": 1, **changes})


@pytest.mark.parametrize("neuron", [BALANCED, DRIVEN], ids=["balanced", "driven"])
def test_eulers_decisions_without_sampling(neuron):
    law = solve_threshold(neuron, tolerance=1e-8)
    h = np.array([1 / 8, 1 / 16])
    strip = boundary_strip(neuron, h=h, T=24.0, paths=12_800, seed=5, burn_in=8.0)
    for size, seen in zip(h, strip.imbalance, strict=True):
        low, high = seen.interval(0.9999)
        assert low <= euler_fires(neuron, law, size) - law.rate * size <= high
    # a threshold raised by delta takes int p dA times delta from the count of one step
    delta, size = 1e-4, 2.0**-9
    line = strip_constants(neuron, law)[0] / (neuron.sigma * np.sqrt(2.0 / (3.0 * np.pi)))
    change = euler_fires(neuron, law, size, delta) - euler_fires(neuron, law, size)
    assert change / delta == pytest.approx(-line, rel=0.03)


def test_the_balanced_imbalance_tends_to_its_law():
    law = solve_threshold(BALANCED, tolerance=1e-9)
    h = 2.0 ** -np.arange(6, 11)
    gap = np.array([euler_fires(BALANCED, law, x) - law.rate * x for x in h]) / h**2
    limit = np.polyfit(h**0.25, gap, 2)[2]
    assert limit == pytest.approx(strip_constants(BALANCED, law)[1], rel=0.01)
