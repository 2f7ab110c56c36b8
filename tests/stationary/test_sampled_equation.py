"""Exponential Euler's stationary rate without sampling: simulation, other laws, its own grids."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from lifcore import LIF, mean, simulate
from lifcore.advice.one_step import step_map
from lifcore.advice.renewal_grid import renewal_grid_rate
from lifcore.runs import random_start
from lifcore.stationary import exponential_rate, late_reset_rate, solve_threshold
from lifcore.stationary.strip_kernel import both_above

# noise-driven, a long synapse and a reset close to threshold, a short synapse, one that waits
CASES = [
    (LIF(mu=0.8, sigma=0.8, tau=0.5), 0.2),
    (LIF(mu=1.0, sigma=0.5, tau=2.0, v_reset=0.4), 0.1),
    (LIF(mu=0.9, sigma=1.5, tau=0.1), 0.15),
    (LIF(mu=0.8, sigma=0.8, tau=0.5, t_ref=0.25), 0.125),
]


def counted(model, h, paths=51_200, steps=400):
    """Rate by independent paths, settled first; those that wait begin anew then."""
    begin, first, second = np.random.SeedSequence(5).spawn(3)
    start = random_start(replace(model, t_ref=0.0), paths, begin)
    how = {"h": h, "paths": paths, "scheme": "exponential"}
    settled = simulate(model, T=200 * h, seed=first, start=start, **how)
    run = simulate(model, T=steps * h, seed=second, start=(settled.v, settled.i), **how)
    return mean(run.spike_counts[:, 0] / (steps * h))


@pytest.mark.parametrize(("model", "h"), CASES)
def test_against_runs(model, h):
    low, high = counted(model, h).interval(0.999)
    assert low < exponential_rate(model, h) < high
    assert high - low < 0.015 * high


def test_late_resets_are_not_all():
    model, h = CASES[0]
    low, high = counted(model, h).interval(0.999)
    assert not low < late_reset_rate(model, 0.5 * h) < high


def test_what_a_refractory_time_does():
    model, h = CASES[3]
    low, high = counted(model, h).interval(0.999)
    for wrong in (0.125, 0.375):
        assert not low < exponential_rate(replace(model, t_ref=wrong), h) < high


@pytest.mark.parametrize("held", [0, 1, 10])
def test_where_the_drive_never_rests_it_is_the_renewal_equation(held):
    for h in (0.2, 0.05):
        model = LIF(mu=1.5, sigma=0.15, tau=0.5, t_ref=held * h)
        expected = renewal_grid_rate(model, step_map(model, h, "exponential"), held)
        assert exponential_rate(model, h) == pytest.approx(expected, rel=1e-4)


def test_what_is_missed_is_of_order_three_halves():
    model = LIF(mu=0.8, sigma=0.8)
    exact = solve_threshold(model, tolerance=1e-7).rate
    missed = []
    for h in (0.08, 0.04, 0.02):
        late = late_reset_rate(model, 0.5 * h, tolerance=1e-7)
        missed.append((late - exponential_rate(model, h, tolerance=1e-5)) / exact)
    assert min(missed) > 0.0
    assert 1.4 < math.log2(missed[0] / missed[1]) < 1.6
    assert 1.4 < math.log2(missed[1] / missed[2]) < 1.6


def test_the_tolerance_is_kept_and_units_do_not_matter():
    model = LIF(mu=0.9, sigma=0.8, tau=0.5)
    close = exponential_rate(model, 0.1, tolerance=1e-6)
    assert exponential_rate(model, 0.1, tolerance=1e-3) == pytest.approx(close, rel=1e-4)
    volt, second = 15.0, 20.0
    other = LIF(
        g=1 / second, v_th=volt, v_reset=0.0, tau=0.5 * second, mu=0.9 * volt / second,
        sigma=0.8 * volt / second**1.5,
    )  # fmt: skip
    assert second * exponential_rate(other, 0.1 * second) == pytest.approx(
        exponential_rate(model, 0.1), rel=1e-9
    )
    near = exponential_rate(LIF(mu=0.9, sigma=0.8, tau=1.0 + 1e-9), 0.1)
    assert near == pytest.approx(exponential_rate(LIF(mu=0.9, sigma=0.8, tau=1.0), 0.1), rel=1e-7)


@pytest.mark.parametrize("correlation", [-0.6, 0.0, 0.3, 0.884])
def test_chance_to_be_above_twice(correlation):
    law = multivariate_normal([0.0, 0.0], [[1.0, correlation], [correlation, 1.0]])
    for x, y in ((0.3, -0.2), (-2.0, 1.0), (-3.0, -3.0), (0.0, 0.0)):
        assert both_above(x, y, correlation) == pytest.approx(law.cdf([x, y]), abs=1e-7)


BAD = [
    ({"h": 0.0}, "h = 0"),
    ({"h": 1.5}, "from reset to threshold in a step"),
    ({"h": 1e300}, "allowed: below 4 tau = 2.0 and 4/g = 4.0"),
    ({"h": 1e-6}, "too fine"),
    ({"tolerance": 0.5}, "tolerance"),
    ({"work": -1.0}, "work"),
]


@pytest.mark.parametrize(("asked", "text"), BAD)
def test_bad_arguments(asked, text):
    with pytest.raises(ValueError, match=text):
        exponential_rate(LIF(), **({"h": 0.1} | asked))
    with pytest.raises(ValueError, match="sigma"):
        exponential_rate(LIF(sigma=0.0), 0.1)
    for model, work in ((LIF(), 1e3), (LIF(mu=1.5, sigma=1e-12), 3e8)):
        with pytest.raises(RuntimeError, match="raise h, work or tolerance"):
            exponential_rate(model, 0.1, work=work)


def test_where_no_noise_is_enough_nothing_spikes():
    assert exponential_rate(LIF(mu=0.1, sigma=0.11), 1.9) == 0.0
