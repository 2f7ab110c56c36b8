"""Averages of nearly periodic neurons, whose phase no burn-in makes random."""

from dataclasses import replace

import numpy as np
import pytest

from lifcore import LIF
from lifcore.advice.one_step import step_map
from lifcore.advice.renewal_grid import renewal_grid_rate
from lifcore.weak import boundary_strip, long_runs, white_rates

REGULAR = LIF(mu=1.5, sigma=0.02)
H, BURN_IN = 0.125, 8.0


@pytest.mark.parametrize("held", [0, 6])
@pytest.mark.parametrize("T", [1.5, 2.0, 5.5])
def test_rate_of_long_runs(T, held, one_thread):
    neuron = replace(REGULAR, t_ref=held * H)
    exact = renewal_grid_rate(neuron, step_map(neuron, H, "euler"), held)
    runs = long_runs(
        neuron, {}, h=[H], T=T, paths=4096, seed=1, burn_in=BURN_IN, executor=one_thread
    )
    (found,) = runs.averages("rate")
    low, high = found.interval(0.999)
    assert low <= exact <= high, (low, exact, high)
    assert high - low < 0.1 * exact  # from one phase it is off by up to half a spike in T


def test_rate_with_white_noise(one_thread):
    neuron, s = LIF(mu=1.5), 0.01
    request = {"h": [H], "burn_in": BURN_IN, "executor": one_thread}
    long = white_rates(neuron, s, T=2000.0, paths=1024, seed=2, **request)
    short = white_rates(neuron, s, T=1.5, paths=8192, seed=3, **request)
    (exact,), (found,) = long.errors, short.errors
    low, high = found.interval(0.999)
    assert low <= exact.mean <= high, (low, exact, high)
    assert high - low < 0.1


def test_decisions_along_paths(one_thread):
    request = {"h": [H], "burn_in": BURN_IN, "executor": one_thread}
    long = boundary_strip(REGULAR, T=200.0, paths=1024, seed=4, **request)
    short = boundary_strip(REGULAR, T=0.5, paths=16384, seed=5, **request)
    (exact,), (found,) = long.disagreement, short.disagreement
    low, high = found.interval(0.999)
    assert low <= exact.mean <= high, (low, exact, high)
    assert high - low < 0.5 * exact.mean
    assert np.isfinite(found.standard_error)
