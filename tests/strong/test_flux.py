"""Bounds on slow crossings, and the sampler of crossing speeds against the solver."""

import numpy as np
import pytest
from scipy import integrate, stats

from lifcore import LIF, simulate, simulate_spikes
from lifcore.evidence.statistics import mean
from lifcore.stationary.threshold_equation import solve_threshold
from lifcore.strong.flux import (
    CrossingSpeeds,
    crossing_speeds,
    inverse_square_bound,
    slow_spike_bound,
    step_for,
)

NEURON = LIF(mu=1.0, sigma=1.0, tau=1.0)
HAND = CrossingSpeeds(np.array([0.1, 0.5, 0.2, 0.3]), np.array([0, 0, 2, 2]), paths=4, T=2.0)


def test_sums_by_hand():
    np.testing.assert_array_equal(
        HAND.counts_below([0.25, 1.0]), [[1.0, 0.0, 1.0, 0.0], [2.0, 0.0, 2.0, 0.0]]
    )
    np.testing.assert_allclose(HAND.inverse_squares(0.2), [[4.0, 0.0, 25.0 + 1 / 0.09, 0.0]])
    assert HAND.probability_below(0.15).mean == 0.25
    assert HAND.probability_below(0.05).mean == 0.0
    assert HAND.probability_below(0.05).high == pytest.approx(1.0 - 0.025**0.25)


def test_a_speed_equal_to_alpha_is_not_below_it():
    assert HAND.counts_below(0.1).sum() == 0.0
    assert HAND.inverse_squares(0.5).sum() == 4.0


@pytest.mark.parametrize("paths", [1, 8])
def test_probability_below_covers(paths, one_thread):
    # The share of a large pool of other paths is the truth.
    whole = crossing_speeds(NEURON, T=2.0, paths=paths * 400, seed=9, executor=one_thread)
    pool = crossing_speeds(NEURON, T=2.0, paths=20_000, seed=10).probability_below(0.5)
    assert 0.05 < pool.low < pool.high < 0.5
    found = []
    for first in range(0, whole.paths, paths):
        own = (whole.path >= first) & (whole.path < first + paths)
        part = CrossingSpeeds(whole.speed[own], whole.path[own] - first, paths, whole.T)
        found.append(part.probability_below(0.5))
    for level in (0.95, 0.999):
        ends = [one.interval(level) for one in found]
        inside = sum(low <= pool.mean <= high for low, high in ends)
        assert inside >= stats.binom.ppf(0.0005, len(found), level)


def test_bounds_by_hand():
    np.testing.assert_allclose(slow_spike_bound(2.0, 3.0, [0.1, 0.2]), [0.03, 0.12])
    # alpha_0 = sqrt(2 rate / rho) = 2: rate/4 + rho log(2/alpha)
    assert inverse_square_bound(2.0, 1.0, 3.0, 0.5) == pytest.approx(3 * (0.5 + np.log(4.0)))


def test_the_free_speed_is_the_best_one():
    rate, rho, T, alpha = 0.7, 0.4, 5.0, 0.05
    others = [T * (rate / a**2 + rho * np.log(a / alpha)) for a in np.geomspace(alpha, 20, 4000)]
    assert inverse_square_bound(rate, rho, T, alpha) == pytest.approx(min(others), rel=1e-5)
    # Where the best one lies below alpha, alpha itself is the smallest allowed.
    assert inverse_square_bound(rate, rho, T, 10.0) == pytest.approx(T * rate / 100.0)


def test_speeds_agree_with_the_solver_down_to_slow_ones():
    law = solve_threshold(NEURON)
    T = 20.0
    sample = crossing_speeds(NEURON, T=T, paths=12_800, seed=5, settle=20.0)
    for alpha in (0.05, 0.2, 0.5, 10.0):
        expected = T * integrate.quad(law.flux_density, 0.0, alpha, epsrel=1e-8, limit=200)[0]
        found = mean(sample.counts_below(alpha)[0])
        assert abs(found.mean - expected) < 4 * found.standard_error, alpha
        assert found.standard_error < 0.15 * expected
    assert sample.probability_below(0.2).interval(0.999)[1] < slow_spike_bound(law.rho_max, T, 0.2)


def test_without_settling_the_paths_are_those_of_simulate():
    sample = crossing_speeds(NEURON, T=3.0, paths=300, seed=7)
    run = simulate(NEURON, h=step_for(NEURON, 3.0), T=3.0, paths=300, seed=7, scheme="exact")
    spikes = run.all_spikes()
    np.testing.assert_array_equal(sample.speed, spikes["speed"])
    np.testing.assert_array_equal(sample.path, spikes["path"])


@pytest.mark.parametrize("scheme", ["euler", "exact"])
def test_simulate_spikes_is_all_spikes(scheme):
    request = {"h": 0.125, "T": 4.0, "paths": 300, "seed": 3, "scheme": scheme}
    np.testing.assert_array_equal(
        simulate_spikes(NEURON, **request), simulate(NEURON, **request).all_spikes()
    )


def test_step_divides_the_horizon_and_resolves_the_fastest_scale():
    for neuron in (NEURON, LIF(tau=0.01), LIF(g=0.0, tau=np.inf)):
        for T in (0.3, 1.0, 7.7):
            steps = T / step_for(neuron, T)
            assert steps == pytest.approx(round(steps))
            assert step_for(neuron, T) * max(neuron.g, neuron.a) <= 0.125 + 1e-12


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: slow_spike_bound(0.0, 1.0, 0.1), ValueError, "rho = 0.0"),
        (lambda: slow_spike_bound(1.0, -1.0, 0.1), ValueError, "T = -1.0"),
        (lambda: slow_spike_bound(1.0, 1.0, 0.0), ValueError, "alpha holds 0.0"),
        (lambda: slow_spike_bound(1.0, 1.0, "a"), TypeError, "alpha = 'a'"),
        (lambda: inverse_square_bound(float("nan"), 1.0, 1.0, 0.1), ValueError, "rate = nan"),
        (lambda: HAND.counts_below(-1.0), ValueError, "alpha holds -1.0"),
        (lambda: HAND.inverse_squares([0.1, np.inf]), ValueError, "alpha holds inf"),
        (lambda: crossing_speeds(None, T=1.0, paths=1, seed=1), TypeError, "lif = None"),
        (lambda: crossing_speeds(NEURON, T=0, paths=1, seed=1), ValueError, "T = 0"),
        (
            lambda: crossing_speeds(NEURON, T=1.0, paths=1, seed=1, settle=-1.0),
            ValueError,
            "settle = -1.0",
        ),
        (
            lambda: simulate(LIF(tau=1e-9), h=1.0, T=1.0, paths=1, seed=1, scheme="exact"),
            ValueError,
            "h = 1.0 is 1e[+]09 times",
        ),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()
