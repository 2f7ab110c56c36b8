"""Distances, shares and squares of few values: how often their intervals cover."""

import math

import numpy as np
import pytest
from scipy import stats

from lifcore import ks_distance
from lifcore.evidence import mean_share, mean_square

SEEDS = 800


def not_too_seldom(found, truth):
    for level in (0.95, 0.999):
        inside = sum(low <= truth <= high for low, high in (e.interval(level) for e in found))
        assert inside >= stats.binom.ppf(0.0005, len(found), level), (inside, len(found), level)


@pytest.mark.parametrize("n", [1, 2, 5, 50])
@pytest.mark.parametrize("power", [1.0, 1.5])
def test_ks_distance_covers(n, power):
    # Uniform values against the law u^p: its distance is the largest of u - u^p.
    u = (1.0 / power) ** (1.0 / (power - 1.0)) if power > 1.0 else 0.0
    samples = np.random.default_rng(n).random((SEEDS, n))
    not_too_seldom([ks_distance(x, x**power) for x in samples], u - u**power)


@pytest.mark.parametrize("n", [2, 5, 63, 64, 200])
@pytest.mark.parametrize("chance", [0.01, 0.2, 0.5, 0.97])
def test_shares_cover(n, chance):
    rng = np.random.default_rng(n)
    one = rng.random((SEEDS // 2, n)) < chance
    not_too_seldom([mean_share(row) for row in one], chance)
    # Three neurons whose fates hang together.
    other = np.where(rng.random((SEEDS // 2, n)) < 0.5, one, rng.random(one.shape) < chance)
    share = (2.0 * one + other) / 3.0
    not_too_seldom([mean_share(row) for row in share], chance)


@pytest.mark.parametrize("chance", [1.0, 0.05])
def test_squares_cover(chance):
    # Gaussian misses of all paths, and of few; fewer still are refused.
    rng = np.random.default_rng(5)
    n = 257 if chance == 1.0 else round(10.0 * 32 / chance)
    found = []
    for _ in range(SEEDS // 2):
        missed = rng.random(n) < chance
        squares = np.zeros(n)
        squares[missed] = rng.standard_normal(missed.sum()) ** 2
        found.append(mean_square(squares))
    assert np.isfinite([one.high for one in found]).all()
    not_too_seldom(found, chance)


def test_squares_that_are_too_few():
    rng = np.random.default_rng(6)
    for squares in (np.zeros(1000), rng.standard_normal(256) ** 2, np.eye(1, 1000)[0]):
        found = mean_square(squares)
        assert found.mean == pytest.approx(squares.mean())
        assert found.interval(0.95) == (-math.inf, math.inf)
    equal = mean_square(np.full(2, 0.25))
    assert (equal.low, equal.mean, equal.high) == (0.25, 0.25, 0.25)
