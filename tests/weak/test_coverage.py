"""Intervals of this package, at the smallest size that their functions allow."""

import math
from dataclasses import replace

import numpy as np
import pytest

from intervals import assert_covers
from lifcore import LIF, mean
from lifcore.runs.observables import spike_count
from lifcore.weak import longrun
from lifcore.weak.errors import weak_errors
from lifcore.weak.grid_rate import grid_rate
from lifcore.weak.longrun import long_runs
from lifcore.weak.multilevel import multilevel
from lifcore.weak.plain import plain_monte_carlo
from lifcore.weak.strip import boundary_strip
from lifcore.weak.white import white_rates

NOISY = LIF(mu=1.0, sigma=1.0, tau=1.0)
RARE = LIF(mu=0.6, sigma=0.5, tau=0.5)


BLOCKS = 600


def groups(size):
    """Blocks are independent, so that one large run holds many of the smallest size."""
    return [slice(k, k + size) for k in range(0, BLOCKS, size)]


@pytest.mark.parametrize("size", [2, 3, 6])
def test_long_runs(size, monkeypatch):
    blocks = {}
    regress = longrun._less_regression

    def keep(means, products):
        blocks["means"], blocks["products"] = means, products
        return regress(means, products)

    monkeypatch.setattr(longrun, "_less_regression", keep)
    voltage = {"V": lambda v, i, n: v}
    request = {"h": [0.25], "T": 2.0, "burn_in": 1.0, "seed": 5}
    many = long_runs(NOISY, voltage, paths=256 * BLOCKS, **request)
    for k, name in enumerate(("rate", "V")):
        found = []
        for part in groups(size):
            rows = regress(blocks["means"][part], blocks["products"][part])
            found.append(mean(rows[:, k]))
        assert_covers(found, many.averages(name)[0].mean)


@pytest.mark.parametrize("size", [2, 4])
def test_white_rates_weak_errors_and_strip(size):
    request = {"h": [0.25], "T": 2.0, "paths": 256 * BLOCKS, "seed": 6}
    white = white_rates(NOISY, 0.7, **request)
    parts = [replace(white, rates=white.rates[:, part]) for part in groups(size)]
    assert_covers([one.errors[0] for one in parts], white.errors[0].mean)
    weak = weak_errors(NOISY, {"N": spike_count}, **request)
    parts = [replace(weak, sums=weak.sums[..., g], sizes=weak.sizes[g]) for g in groups(size)]
    assert_covers([one.errors("N")[0] for one in parts], weak.errors("N")[0].mean)
    strip = boundary_strip(NOISY, **request)
    parts = [
        replace(strip, missed=strip.missed[:, g], extra=strip.extra[:, g]) for g in groups(size)
    ]
    assert_covers([one.disagreement[0] for one in parts], strip.disagreement[0].mean)
    assert_covers([one.imbalance[0] for one in parts], strip.imbalance[0].mean)


def test_grid_rate(one_thread):
    def run(seed, paths=1025):
        request = {"T": 2.0, "burn_in": 3.0, "executor": one_thread}
        return grid_rate(NOISY, 0.25, paths=paths, seed=seed, **request)

    assert_covers([run(seed) for seed in range(120)], run(10**6, 256 * BLOCKS).mean)


def test_multilevel(one_thread):
    # So wide an interval that levels have the fewest paths they may; its half for the bias is not
    # used up, so that it covers more often than it says, never less.
    def run(seed, half_width=0.2):
        return multilevel(
            NOISY, spike_count, T=2.0, coarsest=0.25, half_width=half_width, seed=seed,
            executor=one_thread,
        )  # fmt: skip

    truth = weak_errors(NOISY, {"N": spike_count}, h=[0.25], T=2.0, paths=40_000, seed=3)
    exact = truth.exact("N").mean
    found = [run(seed) for seed in range(40)]
    assert sum(one.low <= exact <= one.high for one in found) >= 35
    assert all(one.high - one.low <= 0.4 * (1.0 + 1e-9) for one in found)


def test_plain_monte_carlo(one_thread):
    def run(seed, paths=1):
        request = {"h": 0.25, "T": 2.0, "executor": one_thread}
        return plain_monte_carlo(NOISY, spike_count, paths=paths, seed=seed, **request)

    assert_covers([run(seed) for seed in range(200)], run(10**6, 256 * BLOCKS).mean)


def test_plain_monte_carlo_of_what_it_did_not_see():
    with pytest.raises(ValueError, match=r"paths = 256: f takes another value on \d of 256 paths"):
        plain_monte_carlo(RARE, spike_count, h=0.125, T=2.0, paths=256, seed=1)
    # without noise one path is all: the interval has no width, and is right
    found = plain_monte_carlo(LIF(mu=1.5, sigma=0.0), spike_count, h=0.125, T=16.0, paths=1, seed=1)
    assert (found.mean, found.low, found.high) == (14.0, 14.0, 14.0)


def test_multilevel_of_rare_events(one_thread):
    # 0.00026 by 4e6 exact paths; of 1024 paths few spike, and no pair of the fine steps differs
    request = {"T": 2.0, "coarsest": 0.25, "half_width": 4e-4, "executor": one_thread}
    found = [multilevel(RARE, spike_count, seed=seed, **request) for seed in (7, 8, 9)]
    for one in found:
        assert one.low <= 0.00026 <= one.high
        assert one.high - one.low <= 8e-4 * (1 + 1e-9)
    with pytest.raises(ValueError, match=r"budget = 1\.0e\+05: in a pilot of .* pairs"):
        multilevel(RARE, spike_count, seed=7, budget=1e5, **request)


def test_multilevel_needs_noise():
    with pytest.raises(ValueError, match=r"model\.sigma = 0\.0"):
        multilevel(
            LIF(mu=1.5, sigma=0.0), spike_count, T=2.0, coarsest=0.25, half_width=0.1, seed=1
        )


def test_long_runs_without_noise():
    runs = long_runs(LIF(mu=1.5, sigma=0.0), {}, h=[1 / 8], T=16.0, paths=512, seed=1)
    e = runs.averages("rate")[0]
    assert (e.mean, e.low, e.high) == (0.875, 0.875, 0.875)
    assert not np.isnan(runs.batches).any()
    assert math.isfinite(e.standard_error)
