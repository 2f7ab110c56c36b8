"""Multilevel and plain Monte Carlo: coverage, cost, refusals."""

import math

import numpy as np
import pytest

from lifcore import LIF, estimate, simulate
from lifcore.runs.observables import spike_count
from lifcore.weak.multilevel import multilevel, plain_monte_carlo
from lifcore.weak.plain import plain_plan

COUNT = {"T": 4.0, "coarsest": 0.125}
NOISY = LIF(mu=1.5, sigma=0.5, tau=0.5)


def test_multilevel_covers_the_truth():
    exact = simulate(NOISY, h=0.25, T=4.0, paths=120_000, seed=77, scheme="exact")
    truth = exact.spike_counts.mean()
    found = [
        multilevel(NOISY, spike_count, half_width=0.05, seed=seed, **COUNT) for seed in range(40)
    ]
    assert sum(one.low <= truth <= one.high for one in found) >= 36
    assert all(one.high - one.low <= 0.1 * (1 + 1e-9) for one in found)
    # and not by being far too wide: they spread over a good part of their width
    assert np.std([one.mean for one in found]) > 0.005


def test_multilevel_levels():
    found = multilevel(NOISY, spike_count, half_width=0.02, seed=5, **COUNT)
    h = [level.h for level in found.levels]
    assert h == [0.125 / 2**k for k in range(len(h))]
    assert found.mean == pytest.approx(sum(level.mean for level in found.levels))
    paths = [level.paths for level in found.levels]
    assert paths == sorted(paths, reverse=True)
    for a, b in zip(found.levels[1:], found.levels[2:], strict=False):
        assert 0.3 < b.variance / a.variance < 0.7  # O(h)
    error = math.sqrt(sum(level.variance / level.paths for level in found.levels))
    assert found.high - found.mean == pytest.approx(found.bias + 1.959964 * error)
    assert found.bias <= 0.01


def test_multilevel_cost_law():
    steps, scaled, plain = [], [], []
    for width in (0.04, 0.01):
        found = [
            multilevel(NOISY, spike_count, half_width=width, seed=s, **COUNT) for s in range(4)
        ]
        steps.append(sum(one.steps for one in found))
        scaled.append(sum(one.steps / len(one.levels) ** 2 for one in found))
        plain.append(sum(one.plain.steps for one in found))
    assert plain[1] / plain[0] == pytest.approx(64.0, rel=0.4)  # eps^-3
    assert 6.0 < scaled[1] / scaled[0] < 22.0  # eps^-2, the pilot included
    assert steps[1] / steps[0] < 0.7 * plain[1] / plain[0]


def test_multilevel_bits(one_thread, processes):
    request = {"half_width": 0.1, "seed": 8, **COUNT}
    found = multilevel(NOISY, spike_count, **request)
    for pool in (one_thread, processes):
        assert multilevel(NOISY, spike_count, executor=pool, **request) == found


def test_multilevel_refuses_what_it_cannot_afford():
    with pytest.raises(ValueError, match=r"about \d\.\de\+\d\d neuron-steps.*budget = 1\.0e\+07"):
        multilevel(NOISY, spike_count, half_width=1e-4, budget=1e7, seed=1, **COUNT)
    for changes, text in (
        ({"half_width": 0.0}, "half_width"),
        ({"half_width": 1e-12, "budget": 1e300}, "needs a step below"),
        ({"confidence": 1.0}, "confidence"),
        ({"confidence": 0.0}, "confidence"),
        ({"budget": -1.0}, "budget"),
        ({"coarsest": 0.3}, "not a multiple"),
        ({"coarsest": 1.0}, "stability"),
        ({"start": (2.0, 0.0)}, "start"),
    ):
        with pytest.raises(ValueError, match=text):
            multilevel(NOISY, spike_count, **{"half_width": 0.1, "seed": 1, **COUNT, **changes})


def test_plain_plan():
    asked = {"T": 4.0, "coarsest": 0.125, "half_width": 0.1, "confidence": 0.95}
    plan = plain_plan(slope=-2.0, variance=3.0, **asked)
    assert plan.h == pytest.approx(0.05 / 2.0)  # its bias is half of the half-width
    error = math.sqrt(3.0 / plan.paths)
    assert 0.9 < 1.959964 * error / 0.05 <= 1.0
    assert plan.steps == plan.paths * round(4.0 / plan.h)
    assert plain_plan(slope=0.1, variance=3.0, **asked).h == 0.125
    assert plain_plan(slope=-2.1, variance=3.0, **asked).h == pytest.approx(4.0 / 168)
    for changes, text in (
        ({"slope": math.nan}, "slope"),
        ({"variance": -1.0}, "variance"),
        ({"T": 0.0}, "T ="),
        ({"coarsest": 0.0}, "coarsest"),
        ({"half_width": 0.0}, "half_width"),
        ({"confidence": 1.0}, "confidence"),
        ({"confidence": "x"}, "confidence"),
    ):
        with pytest.raises((TypeError, ValueError), match=text):
            plain_plan(**{"slope": 1.0, "variance": 1.0, **asked, **changes})


def test_plain_monte_carlo_meets_the_accuracy_it_was_planned_for():
    exact = simulate(NOISY, h=0.25, T=4.0, paths=120_000, seed=77, scheme="exact")
    truth = exact.spike_counts.mean()
    plan = multilevel(NOISY, spike_count, half_width=0.02, seed=3, **COUNT).plain
    found = [
        plain_monte_carlo(NOISY, spike_count, h=plan.h, T=4.0, paths=plan.paths, seed=seed)
        for seed in range(60)
    ]
    squares = [(one.mean - truth) ** 2 for one in found]
    allowed = math.hypot(0.5, 0.5 / 1.959964) * 0.02
    assert math.sqrt(np.mean(squares)) == pytest.approx(allowed, rel=0.25)


def test_plain_monte_carlo():
    found = plain_monte_carlo(NOISY, spike_count, h=0.125, T=4.0, paths=5120, seed=1)
    alone = simulate(NOISY, h=0.125, T=4.0, paths=5120, seed=1).spike_counts
    assert found.mean == pytest.approx(alone.mean(), rel=1e-14)
    e = estimate(found.mean, found.standard_error, math.inf)
    assert (e.low, e.high) == pytest.approx((found.low, found.high))
