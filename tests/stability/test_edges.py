"""Exponents where an interval is hard: hardly any noise, any spikes, any paths, any leak."""

import math

import numpy as np
import pytest

from lifcore import LIF
from lifcore.stability import (
    exponent_by_flux,
    exponent_by_growth,
    exponent_by_tangent,
    network_spectrum,
    synchronise,
)
from lifcore.stability.exponents import time_average
from lifcore.strong import CrossingSpeeds, crossing_speeds

PERIODIC, ITS_EXPONENT, ITS_RATE = LIF(mu=1.5, sigma=0.02), -2.70e-5, 0.910227
BALANCED, OF_BALANCED = LIF(mu=1.0, sigma=1.0, tau=1.0), -0.6034280
ROUTES = [exponent_by_tangent, exponent_by_growth]


def test_the_solver_says_so():
    found = exponent_by_flux(PERIODIC)
    assert found.estimate.mean == pytest.approx(ITS_EXPONENT, rel=2e-3)
    assert found.rate == pytest.approx(ITS_RATE, rel=1e-5)


@pytest.mark.parametrize("route", ROUTES)
def test_a_nearly_periodic_neuron_is_not_chaotic(route):
    # From one phase these 45.5 periods give +0.0062 [0.0056, 0.0068].
    found = route(PERIODIC, T=50.0, paths=512, seed=1).estimate
    assert abs(found.mean - ITS_EXPONENT) < 4.5 * found.standard_error
    assert found.standard_error < 6e-5
    spectrum = network_spectrum(PERIODIC, T=50.0, paths=32, seed=1).exponents[0]
    assert abs(spectrum.mean - ITS_EXPONENT) < 4.5 * spectrum.standard_error
    assert spectrum.standard_error < 5e-4


@pytest.mark.parametrize("T", [50.0, 0.7])
@pytest.mark.parametrize("route", ROUTES)
def test_without_noise_the_exponent_is_zero_at_any_time_and_number_of_paths(route, T):
    found = route(LIF(mu=1.5, sigma=0.0), T=T, paths=16, seed=1).estimate
    assert found.low <= 0.0 <= found.high
    assert max(-found.low, found.high) < 1e-6
    first = network_spectrum(LIF(mu=1.5, sigma=0.0), T=50.0, paths=16, seed=1).exponents[0]
    assert abs(first.mean) < 1e-11


def test_euler_without_noise_is_off_by_its_own_error_only():
    h = 1 / 64
    found = exponent_by_tangent(
        LIF(mu=2.5, sigma=0.0), T=50.0, paths=16, seed=1, scheme="euler", h=h
    )
    with_leak = found.estimate.mean - math.log1p(-h) / h - 1.0
    period = math.log(2.5 / 1.5)
    assert abs(with_leak) < h / period


def test_the_rate_of_a_nearly_periodic_neuron():
    speeds = crossing_speeds(PERIODIC, T=50.3, paths=2048, seed=1, settle=30.0)
    counts = np.bincount(speeds.path, minlength=speeds.paths)
    error = counts.std() / math.sqrt(speeds.paths)
    assert error > 0.0
    assert abs(counts.mean() - 50.3 * ITS_RATE) < 4.5 * error


@pytest.mark.parametrize(
    ("lif", "truth"),
    [
        (LIF(mu=1.5, sigma=0.3), -0.0089245),
        (BALANCED, OF_BALANCED),
        # So slow a current is a constant one: -1 below the threshold, 0 above it.
        (LIF(tau=1e6, sigma=6e-4), -0.318673),
        # Hardly any leak, hardly any exponent.
        (LIF(g=1e-6), 0.0),
    ],
)
def test_paths_begin_stationary(lif, truth):
    found = exponent_by_tangent(lif, T=3.0, paths=4096, seed=2).estimate
    assert abs(found.mean - truth) < 4.5 * found.standard_error + 2e-8
    assert found.standard_error < 0.01


@pytest.mark.parametrize("lif", [LIF(g=1e-6, mu=0.0), LIF(g=0.0, mu=0.0, tau=1e7)])
def test_endless_settling_is_refused_with_the_work_it_would_be(lif):
    for route in (*ROUTES, network_spectrum):
        with pytest.raises(ValueError, match="hours of one core; allowed: a number"):
            route(lif, T=1.0, paths=2, seed=1)


def test_what_was_not_seen_is_not_known():
    # Both paths see nothing, and agree.
    rare = LIF(mu=0.3, sigma=0.4, tau=1.0)
    nothing = CrossingSpeeds(np.empty(0), np.empty(0, int), paths=2, T=1.0)
    for found in (
        exponent_by_tangent(rare, T=1.0, paths=2, seed=1),
        exponent_by_growth(rare, T=1.0, paths=2, seed=1),
        exponent_by_flux(rare, nothing),
    ):
        assert found.estimate.mean == -1.0
        assert found.estimate.interval(0.95) == (-math.inf, math.inf)
        assert "fewer than 10 spikes" in found.note
    # A current that outlasts the paths: eight of them are eight values, whatever T.
    slow = exponent_by_tangent(LIF(tau=200.0, sigma=0.04), T=16.0, paths=8, seed=1)
    assert slow.estimate.high == math.inf
    assert "independent stretches" in slow.note
    pair = network_spectrum(LIF(mu=np.array([1.0, 1.1])), T=8.0, paths=2, seed=1)
    assert pair.exponents[0].high == math.inf
    assert "unknown" in pair.note


def test_time_average_by_hand():
    values = np.array([-0.5, -0.7])
    found, note = time_average(values, 10, 15.0)
    assert note == ""
    assert found.mean == pytest.approx(-0.6)
    assert found.standard_error == pytest.approx(0.1)
    for spikes, stretch in ((9, 15.0), (10, 14.0)):
        assert time_average(values, spikes, stretch)[0].high == math.inf
    assert time_average(values, 10, 15.0, 0.5)[0].standard_error == pytest.approx(0.6)


def coverage(estimates, truth):
    found = [e.low <= truth <= e.high for e in estimates]
    assert all(math.isfinite(e.high) for e in estimates)
    return np.mean(found)


@pytest.mark.parametrize(("lif", "truth"), [(PERIODIC, ITS_EXPONENT), (BALANCED, OF_BALANCED)])
def test_intervals_cover_at_their_smallest_size(lif, truth, one_thread):
    # Two paths of 32: 95 of 100, give or take; 0.83 of sixty is one in a thousand.
    request = {"T": 32.0, "paths": 2, "executor": one_thread}
    for route in ROUTES:
        assert coverage([route(lif, seed=k, **request).estimate for k in range(60)], truth) > 0.83
    sampled = []
    for k in range(60):
        speeds = crossing_speeds(lif, T=32.0, paths=2, seed=k, settle=16.0, executor=one_thread)
        sampled.append(exponent_by_flux(lif, speeds).estimate)
    assert coverage(sampled, truth) > 0.83
    spectra = [network_spectrum(lif, seed=k, **request).exponents[0] for k in range(60)]
    assert coverage(spectra, truth) > 0.83


def test_intervals_of_slopes_cover_at_two_paths(one_thread):
    request = {"T": 30.0, "paths": 2, "h": 1.0, "executor": one_thread}
    slopes = [
        synchronise(BALANCED, [0.0, 0.5], seed=k, **request).slope(14.0, 30.0) for k in range(60)
    ]
    assert coverage(slopes, OF_BALANCED) > 0.83


def test_intervals_of_equal_exponents_know_of_the_finite_time(one_thread):
    # Of two like neurons the larger of two exponents of finite time is the larger by chance.
    twins, truth = LIF(mu=np.array([1.2, 1.2])), -0.3073462
    for paths in (2, 16):
        found = [
            network_spectrum(twins, T=50.0, paths=paths, seed=k, executor=one_thread).exponents
            for k in range(40)
        ]
        for rank in (0, 1):
            assert coverage([exponents[rank] for exponents in found], truth) > 0.83


def test_half_the_time_is_the_mean_of_two_halves():
    found = network_spectrum(BALANCED, T=40.0, paths=4, seed=1)
    assert found.halves.shape == found.values.shape
    np.testing.assert_allclose(found.halves.sum(1), found.values.sum(1), atol=1e-11)
