"""Poisson counts in lanes: against the law, and what must change no bit."""

import numpy as np
import pytest
from scipy import stats

from lifcore.noise.counts import CountTables, count_of, count_tables, draw_counts
from lifcore.noise.lanes import lane_states

SEED = np.random.SeedSequence(3)


def drawn(mean, rows, lanes=1000):
    tables = count_tables(np.full(lanes, mean))
    out = np.empty((rows, lanes), np.int32)
    draw_counts(tables, lane_states(SEED, 0, 2, lanes), 0, out)
    return out


@pytest.mark.parametrize("mean", [0.01, 0.5, 2.32, 37.0, 5000.0])
def test_follow_the_law(mean):
    counts = drawn(mean, 400).ravel()
    edges = stats.poisson.ppf([0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999], mean)
    edges = np.unique([-1.0, *edges, np.inf])
    chance = np.diff(stats.poisson.cdf(edges, mean))
    found = np.histogram(counts, edges + 0.5)[0]
    keep = chance * counts.size > 10.0
    off = (found - chance * counts.size)[keep] / np.sqrt(
        counts.size * (chance * (1 - chance))[keep]
    )
    assert np.abs(off).max() < 4.5
    assert counts.mean() == pytest.approx(mean, abs=4.5 * np.sqrt(mean / counts.size))


@pytest.mark.parametrize("mean", [0.3, 2.0, 900.0])
def test_are_the_inverse_of_the_distribution_function(mean):
    tables = count_tables(np.array([mean]))
    rng = np.random.default_rng(1)
    words = rng.integers(0, 2**64, 20_000, np.uint64)
    words = np.concatenate([words, np.array([0, 2**64 - 1, 2**54, 2**54 - 1], np.uint64)])
    for word in words:
        u = float(word >> np.uint64(12)) / 2.0**52
        k = count_of(tables, 0, word)
        assert stats.poisson.cdf(k, mean) > u * (1.0 - 1e-12)
        assert (
            k == 0
            or stats.poisson.cdf(k - 1, mean) <= u * (1.0 + 1e-12) + 1e-18
            or k == tables.low[0]
        )


def test_rows_and_lanes_at_once_change_no_bit():
    tables = count_tables(np.linspace(0.0, 4.0, 100))
    whole, states = np.empty((8, 100), np.int32), lane_states(SEED, 0, 2, 100)
    draw_counts(tables, states, 0, whole)
    again, begun = np.empty((8, 100), np.int32), lane_states(SEED, 0, 2, 100)
    for first, last in ((60, 100), (0, 60)):
        for rows in (slice(0, 3), slice(3, 8)):
            draw_counts(tables, begun, first, again[rows, first:last])
    assert np.array_equal(whole, again)
    assert np.array_equal(states, begun)
    assert (whole[:, 0] == 0).all()


def test_without_inputs_there_are_no_tables():
    tables = count_tables(np.empty((0, 5)))
    assert isinstance(tables, CountTables)
    assert tables.kind.shape == (0, 5)
