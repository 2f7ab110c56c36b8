"""Intervals of coupled paths at the fewest paths that have one, and where too few have none."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from intervals import assert_covers
from lifcore import LIF, couple
from lifcore.runs.histories import MATCHED

NOISY = LIF(mu=1.0, sigma=1.0, tau=1.0)
TOLERANCE = 0.5
GROUPS = 300


def part_of(whole, own):
    """The ensemble of some of the paths."""
    comparison = type(whole.histories)(*(part[:, own] for part in whole.histories))
    return replace(
        whole, histories=comparison,
        **{n: getattr(whole, n)[own] for n in ("v", "i", "spike_counts")},
        **{n: getattr(whole, n)[:, own] for n in ("v_euler", "i_euler", "spike_counts_euler")},
    )  # fmt: skip


def covered(found, truth, level):
    return sum(low <= truth <= high for low, high in (e.interval(level) for e in found))


def groups(whole, size):
    return [part_of(whole, slice(k, k + size)) for k in range(0, size * GROUPS, size)]


@pytest.fixture(scope="module")
def early():
    # Before the first spike the error of V is Gaussian but for a few paths.
    return couple(NOISY, h=[0.25], T=0.5, paths=257 * GROUPS, seed=2)


@pytest.fixture(scope="module")
def late():
    return couple(NOISY, h=[0.25], T=2.0, paths=100 * GROUPS, seed=3)


def test_mean_square_errors_cover(early):
    found = [one.mean_square_error()[0] for one in groups(early, 257)]
    found = [one for one in found if math.isfinite(one.high)]
    assert len(found) > 0.97 * GROUPS  # in the others one path has most of the sum
    assert_covers(found, float(early.square_errors.mean()), levels=[0.5, 0.95, 0.999])


def test_too_few_squares_have_no_interval(early, late):
    # Of two squares of Gaussians the interval of 95 % would cover in 85 % of cases.
    for size in (2, 256):
        found = part_of(early, slice(size)).mean_square_error()[0]
        assert found.mean == pytest.approx(early.square_errors[0, :size].mean())
        assert (found.low, found.high) == (-math.inf, math.inf)
    # No part of the error is known to be zero because no path showed it.
    matched = np.flatnonzero(late.histories.classify(TOLERANCE)[0, :, 0] == MATCHED)
    parts = part_of(late, matched[:1000]).parts(TOLERANCE)
    assert parts.history[0].mean == 0.0
    assert parts.history[0].high == math.inf


@pytest.mark.parametrize("size", [2, 40])
def test_shares_cover(late, size):
    kinds = late.histories.classify(TOLERANCE)[0, :, 0]
    found = [one.probabilities(TOLERANCE) for one in groups(late, size)]
    for kind, name in enumerate(("matched", "terminal", "history")):
        truth = float((kinds == kind).mean())
        assert 0.005 < truth < 0.995  # so that groups of two hardly ever show the rarer kind
        for level in (0.95, 0.999):
            inside = covered([getattr(one, name)[0] for one in found], truth, level)
            assert inside >= stats.binom.ppf(0.0005, GROUPS, level), (name, level, inside)


def test_parts_cover(late):
    # Enough paths for each part, in groups that are drawn from the pool of all.
    rng = np.random.default_rng(4)
    kinds, squares = late.histories.classify(TOLERANCE)[0, :, 0], late.square_errors[0]
    found = []
    for _ in range(GROUPS):
        own = rng.integers(0, kinds.size, 4000)
        found.append(part_of(late, own).parts(TOLERANCE))
    for kind, name in enumerate(("matched", "terminal", "history")):
        truth = float(np.where(kinds == kind, squares, 0.0).mean())
        for level in (0.95, 0.999):
            inside = covered([getattr(one, name)[0] for one in found], truth, level)
            assert inside >= stats.binom.ppf(0.0005, GROUPS, level), (name, level, inside)
