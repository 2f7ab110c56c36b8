"""White noise in V: Siegert, and the raised threshold."""

import dataclasses
import math

import numpy as np
import pytest

from lifcore import LIF
from lifcore.weak.white import SHIFT, siegert_rate, white_rates

DRIVEN = LIF(g=1.0, mu=1.5, sigma=0.3, tau=0.5)


MILLIVOLTS = LIF(g=1 / 20, v_th=20.0, v_reset=10.0, mu=18 / 20)  # mV and ms


@pytest.mark.parametrize("by", [-5.0, -0.4, 3.0])
def test_siegert_depends_on_differences_of_potentials_alone(by):
    for mu, noise in ((0.3, 0.2), (0.9, 0.05), (0.9, 0.6)):
        here = LIF(g=0.7, v_th=1.0, v_reset=-0.3, mu=mu)
        there = LIF(g=0.7, v_th=1.0 + by, v_reset=-0.3 + by, mu=mu + 0.7 * by)
        for shift in (-0.5, 0.0, 0.25):
            rate = siegert_rate(here, noise, shift)
            assert siegert_rate(there, noise, shift) == pytest.approx(rate, rel=1e-10)
            raised = dataclasses.replace(there, v_th=1.0 + by + shift)
            assert siegert_rate(raised, noise) == pytest.approx(rate, rel=1e-10)


@pytest.mark.parametrize("shift", [-1.0, -2.0])
def test_siegert_refuses_a_threshold_at_the_reset_or_below(shift):
    wanted = rf"^shift = {shift} puts the threshold at .*, not above v_reset = 0; allowed: > -1"
    with pytest.raises(ValueError, match=wanted):
        siegert_rate(LIF(), 0.5, shift)


def test_siegert():
    assert 1000 * siegert_rate(MILLIVOLTS, 5 / math.sqrt(20)) == pytest.approx(20.4216, abs=5e-5)
    # NEST's test of siegert_neuron: 27.1095934379 Hz with a refractory time of 2 ms
    nest = LIF(g=1 / 10, v_th=15.0, v_reset=0.0, mu=15 / 10)
    rate = siegert_rate(nest, math.sqrt(1.5) / math.sqrt(10.0))
    assert 1000 / (1 / rate + 2.0) == pytest.approx(27.1095934379, rel=1e-9)
    # little noise: the period of a constant drive
    assert siegert_rate(LIF(mu=1.5), 1e-3) == pytest.approx(1 / math.log(3.0), rel=1e-5)
    for bad in (0.0, -1.0, math.nan, "x"):
        with pytest.raises((TypeError, ValueError), match="noise"):
            siegert_rate(MILLIVOLTS, bad)


def test_eulers_rate_is_that_of_a_raised_threshold():
    s = 5 / math.sqrt(20)
    found = white_rates(MILLIVOLTS, s, h=[0.4, 0.1], T=1000.0, paths=4096, seed=1, burn_in=100.0)
    rates = [1000 * (found.exact + e.mean) for e in found.errors]
    assert rates[1] == pytest.approx(19.48, abs=0.08)
    for h, rate in zip(found.h, rates, strict=True):
        shifted = 1000 * siegert_rate(MILLIVOLTS, s, SHIFT * s * math.sqrt(h))
        assert rate == pytest.approx(shifted, abs=0.25 * (20.4216 - shifted))
    assert found.order().order.mean == pytest.approx(0.45, abs=0.07)


def test_white_noise_bits_and_bad_input(one_thread):
    request = {"h": [0.25, 0.125], "T": 4.0, "paths": 512, "seed": 9}
    found = white_rates(DRIVEN, 0.5, **request)
    again = white_rates(DRIVEN, 0.5, **request, executor=one_thread)
    assert np.array_equal(found.rates, again.rates)
    one = white_rates(DRIVEN, 0.5, **{**request, "h": 0.125})
    assert np.array_equal(one.rates[0], found.rates[1])
    with pytest.raises(ValueError, match="stability"):
        white_rates(DRIVEN, 0.5, **{**request, "h": 2.0})
    with pytest.raises(ValueError, match="paths"):
        white_rates(DRIVEN, 0.5, **{**request, "paths": 256})
    with pytest.raises(ValueError, match=r"model\.g"):
        siegert_rate(LIF(g=0.0), 0.5)


@pytest.mark.parametrize(
    ("neuron", "noise", "rate"),
    [
        # by mpmath with 40 digits, the integral of e^{u²} erfc(-u) cut at its peak
        (LIF(mu=0.9), 0.03, 2.668356374906239e-05),
        (LIF(mu=0.9), 0.01, 2.088226308169349e-43),
        (LIF(mu=0.5), 0.03, 2.163378202251327e-120),
        (LIF(mu=0.5), 1e-3, 0.0),  # e^{-250 000}, below any float
        (LIF(mu=-1.0, g=1e-3), 0.5, 2.4e-1742),
    ],
)
@pytest.mark.filterwarnings("error")
def test_siegert_with_hardly_any_noise(neuron, noise, rate):
    assert siegert_rate(neuron, noise) == pytest.approx(rate, rel=1e-10, abs=0.0)


@pytest.mark.parametrize("g", [1e-14, 1e-12, 1e-8, 1e-4])
def test_siegert_keeps_its_digits_without_leak(g):
    # g -> 0: a Brownian motion with drift mu covers the distance in the mean time D / mu; to first
    # order in g the drift is lost to the mean of V on the way, found by perturbation
    rate = siegert_rate(LIF(g=g, mu=1.0), 0.5)
    assert rate == pytest.approx(1.0, rel=max(g, 1e-12))


def test_siegert_where_nothing_fires():
    assert siegert_rate(LIF(mu=-60.0), 1.0) == 0.0  # e^{-3600}: below double precision
    assert 0.0 < siegert_rate(LIF(mu=-20.0), 1.0) < 1e-150
