"""Euler's stationary rate without sampling: against simulation, other laws, and its own grids."""

import math
from dataclasses import replace

import numpy as np
import pytest

from lifcore.advice.one_step import step_map
from lifcore.advice.renewal_grid import renewal_grid_rate
from lifcore.models.neuron import LIF
from lifcore.stationary import euler_rate, solve_threshold
from lifcore.stationary.grid_sums import plan
from lifcore.weak import precise_grid_rate
from lifcore.weak.longrun import long_runs

# noise-driven, mean-driven, a short synapse, a reset close to threshold
CASES = [
    (LIF(mu=0.9, sigma=0.8, tau=0.5, v_reset=0.3), 0.1, 0.45),
    (LIF(mu=1.5, sigma=0.3, tau=0.5), 0.1, 0.91),
    (LIF(mu=1.05, sigma=1.16, tau=0.032), 0.016, 0.35),
    (LIF(mu=1.2, sigma=0.8, tau=1.0, v_reset=0.8), 0.05, 1.6),
]


@pytest.mark.parametrize(("model", "h", "rate"), CASES)
def test_against_long_runs(model, h, rate):
    found = precise_grid_rate(model, h, rate=rate, precision=3e-4, seed=11, most=2e7)
    low, high = found.interval(0.999)
    assert low < euler_rate(model, h) < high
    assert high - low < 4e-3 * found.mean  # and far from the exact rate, for the next line
    assert not low < solve_threshold(model).rate < high


@pytest.mark.parametrize(("t_ref", "h"), [(0.25, 0.25), (0.25, 0.125), (2.0, 0.125)])
def test_against_long_runs_of_neurons_that_wait(t_ref, h):
    model = LIF(mu=0.8, sigma=0.8, t_ref=t_ref)
    run = long_runs(model, {}, h=[h], T=50.0, paths=102_400, seed=1, burn_in=25.0)
    low, high = run.averages("rate")[0].interval(0.999)
    assert low < euler_rate(model, h) < high
    assert high - low < 0.01 * high
    for wrong in (t_ref - h, t_ref + h):
        assert not low < euler_rate(replace(model, t_ref=wrong), h) < high


@pytest.mark.parametrize("held", [0, 1, 10])
def test_where_the_drive_never_rests_it_is_the_renewal_equation(held):
    for h in (0.2, 0.05):
        model = LIF(mu=1.5, sigma=0.15, tau=0.5, t_ref=held * h)
        expected = renewal_grid_rate(model, step_map(model, h, "euler"), held)
        assert euler_rate(model, h) == pytest.approx(expected, rel=2e-5)


def test_fine_steps_lead_to_the_exact_rate():
    model = LIF(mu=0.9, sigma=0.8, tau=0.5)
    exact = solve_threshold(model, tolerance=1e-6).rate
    one, two = (euler_rate(model, h) / exact - 1.0 for h in (0.004, 0.002))
    assert 0.9 < math.log2(one / two) < 1.1
    assert abs(two) < 2e-3


def test_the_tolerance_is_kept_and_units_do_not_matter():
    model = LIF(mu=0.9, sigma=0.8, tau=0.5)
    close = euler_rate(model, 0.1, tolerance=1e-6)
    assert euler_rate(model, 0.1, tolerance=1e-3) == pytest.approx(close, rel=1e-4)
    volt, second = 15.0, 20.0
    other = LIF(
        g=1 / second, v_th=volt, v_reset=0.0, tau=0.5 * second, mu=0.9 * volt / second,
        sigma=0.8 * volt / second**1.5,
    )  # fmt: skip
    assert second * euler_rate(other, 0.1 * second) == pytest.approx(
        euler_rate(model, 0.1), rel=1e-10
    )
    near = euler_rate(LIF(mu=0.9, sigma=0.8, tau=1.0 + 1e-9), 0.1)
    assert near == pytest.approx(euler_rate(LIF(mu=0.9, sigma=0.8, tau=1.0), 0.1), rel=1e-7)


def test_sums_over_steps():
    steps, weights = plan(3000, 16)
    assert steps.size < 200
    n = np.arange(1, steps[-1] + 1)
    for law in (lambda n: np.exp(-n / 200.0) / n, lambda n: np.exp(-((n / 300.0 - 1.5) ** 2))):
        assert weights @ law(steps) == pytest.approx(law(n).sum(), rel=1e-4)


BAD = [
    ({"h": 0.0}, "h = 0"),
    ({"h": 0.5}, "h = 0.5; allowed: below tau = 0.5"),
    ({"h": 1e-6}, "too fine"),
    ({"tolerance": 0.5}, "tolerance"),
]


@pytest.mark.parametrize(("asked", "text"), BAD)
def test_bad_arguments(asked, text):
    with pytest.raises(ValueError, match=text):
        euler_rate(LIF(tau=0.5), **({"h": 0.1} | asked))
    with pytest.raises(ValueError, match="from reset to threshold in a step"):
        euler_rate(LIF(mu=1.2, sigma=0.8, tau=1.0, v_reset=0.8), 0.25)
    with pytest.raises(ValueError, match="sigma"):
        euler_rate(LIF(sigma=0.0), 0.1)
    with pytest.raises(ValueError, match="too fine for t_ref = 100000"):
        euler_rate(LIF(t_ref=1e5), 0.01)
    for model, work in ((LIF(), 1e3), (LIF(mu=1.5, sigma=1e-12), 2e9)):
        with pytest.raises(RuntimeError, match="raise h, work or tolerance"):
            euler_rate(model, 0.1, work=work)
