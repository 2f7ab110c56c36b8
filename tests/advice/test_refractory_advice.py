"""Advice for a neuron with a refractory time: closed forms, both routes, simulations."""

from dataclasses import replace

import numpy as np
import pytest

from lifcore import LIF, Feedforward, error_at, simulate, step_size
from lifcore.advice.grid_rates import exact_rate, grid_rate
from lifcore.advice.rate_steps import EQUATIONS
from lifcore.advice.rates import RateErrors
from lifcore.advice.renewal import renewal_rate
from lifcore.stationary.threshold_equation import solve_threshold
from lifcore.weak.longrun import long_runs
from lifcore.weak.rate_bias import rate_parts
from regimes import REGIMES

STEADY = LIF(mu=1.5, sigma=0.0, t_ref=0.3)


@pytest.mark.parametrize("scheme", ["euler", "exponential"])
@pytest.mark.parametrize("h", [0.1, 0.07, 0.2])
def test_closed_form_of_the_grid(scheme, h):
    spikes = simulate(STEADY, h=h, T=200 * h, paths=1, seed=1, scheme=scheme).spikes(0)
    assert 1.0 / np.diff(spikes) == pytest.approx(grid_rate(STEADY, h, scheme), rel=1e-9)
    found = error_at(STEADY, h, quantity="interval", scheme=scheme)
    assert found.error.mean == pytest.approx(np.diff(spikes)[0] * found.exact - 1.0, abs=1e-9)
    assert sum(found.parts.values()) == pytest.approx(found.error.mean, abs=1e-12)
    steps = round(0.3 / h)
    assert (abs(found.parts["rounding"]) > 1e-6) == (abs(steps * h - 0.3) > 1e-9)


@pytest.mark.parametrize("t_ref", [0.05, 0.3, 2.0])
def test_renewal_is_the_threshold_equation(t_ref):
    neuron = LIF(mu=1.5, sigma=0.2, tau=0.5, t_ref=t_ref)
    assert renewal_rate(neuron) == pytest.approx(solve_threshold(neuron).rate, rel=5e-6)


@pytest.mark.parametrize(
    ("neuron", "h"),
    [
        (replace(REGIMES["balanced"], t_ref=0.5), 1 / 16),
        (LIF(mu=2.2, sigma=0.5, tau=0.5, t_ref=0.25), 1 / 16),  # renewal on the grid
        (LIF(mu=2.2, sigma=0.5, tau=0.5, t_ref=0.22), 1 / 16),  # rounded up, to 4 steps
    ],
    ids=["balanced", "driven", "rounded"],
)
def test_rates_of_runs(neuron, h):
    run = long_runs(neuron, {}, h=[h], T=60.0, paths=4096, seed=1, burn_in=20.0)
    (rate,) = run.averages("rate")
    low, high = rate.interval(0.999)
    slack = 2e-3 * rate.mean  # of the expansion, where it is one
    assert low - slack < grid_rate(neuron, h, "euler") < high + slack
    assert high - low < 0.02 * rate.mean
    # one step more or less of refractory time is told apart
    assert (
        abs(grid_rate(replace(neuron, t_ref=neuron.t_ref + h), h, "euler") - rate.mean) > high - low
    )


def test_parts_of_the_bias_are_the_slope_of_the_grid_rate():
    neuron, h = replace(REGIMES["balanced"], t_ref=0.5), 1 / 64
    exact = exact_rate(neuron)
    one, two = ((grid_rate(neuron, x, "euler") - exact) / x for x in (h, 2 * h))
    assert sum(rate_parts(neuron)) == pytest.approx(2 * one - two, rel=0.05)


@pytest.mark.parametrize(
    "neuron", [STEADY, LIF(mu=1.5, sigma=0.3, t_ref=0.2)], ids=["steady", "noisy"]
)
def test_the_step_divides_it(neuron):
    advice = step_size(neuron, tolerance=0.01, quantity="rate")
    assert neuron.t_ref / advice.h == pytest.approx(round(neuron.t_ref / advice.h), rel=1e-9)
    assert abs(advice.error.mean) < 0.01
    assert advice.exact == pytest.approx(exact_rate(neuron), rel=1e-3)


def test_neurons_that_wait_are_settled_on_the_grid():
    # The expansion says 24.5 %; it serves where V may get from reset to threshold in a step.
    neuron, h = LIF(mu=0.8, sigma=0.8, t_ref=0.25), 0.25
    found = error_at(neuron, h, quantity="rate")
    assert found.method == EQUATIONS["euler"][1]
    run = long_runs(neuron, {}, h=[h], T=50.0, paths=25_600, seed=2, burn_in=25.0)
    (rate,) = run.averages("rate")
    low, high = np.array(rate.interval(0.999)) / found.exact - 1.0
    assert low < found.error.mean < high
    assert not low < grid_rate(neuron, h, "euler") / found.exact - 1.0 < high
    fast = LIF(mu=1.2, sigma=0.8, tau=1.0, v_reset=0.8, t_ref=0.25)
    found = error_at(fast, 0.25, quantity="rate")
    assert found.method == "equation on the threshold, all changes at once"
    expected = grid_rate(fast, 0.25, "euler") / exact_rate(fast) - 1.0
    assert found.error.mean == pytest.approx(expected, abs=1e-4)


def test_a_long_one_and_a_small_tolerance():
    errors = RateErrors(LIF(mu=1.5, sigma=0.0, t_ref=0.9), "euler", "rate", 1e-4)
    assert errors.top < 0.9
    assert 0.0 < errors.size(1e-4 * errors.top) < 1e-3


def test_a_step_that_loses_the_refractory_time_is_refused():
    with pytest.raises(ValueError, match=r"t_ref = 0\.3 is half a step or less"):
        error_at(STEADY, 0.6, quantity="rate", scheme="exponential")
    with pytest.raises(ValueError, match=r"t_ref = 0\.1 is half a step or less"):
        error_at(Feedforward([LIF(t_ref=[0.1, 0.2])], []), 0.25, quantity="rate", T=2.0)
