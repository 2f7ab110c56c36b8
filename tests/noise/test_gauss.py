"""Normals in lanes: their law, their independence, and the same bits by any instructions."""

import hashlib
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from numba import njit
from scipy import stats
from scipy.special import ndtr, ndtri

from lifcore.noise.gauss import ENDS, PARTS, RECTANGLES, bell, fill_lanes
from lifcore.noise.lanes import lane_states

DIGEST = """
import hashlib
import numpy as np
from lifcore.noise.gauss import ENDS, fill_lanes
from lifcore.noise.lanes import lane_states

states = lane_states(np.random.SeedSequence(7), 3, 2)
out, digest = np.empty((1, 256)), hashlib.sha256(ENDS.tobytes())
for _ in range(2000):
    fill_lanes(states, 0, 256, out, 0.375)
    digest.update(out.tobytes())
print(digest.hexdigest())
"""


@njit
def rows_of(states, rows):
    out = np.empty((rows, states.shape[1]))
    fill_lanes(states, 0, states.shape[1], out, 1.0)
    return out


@pytest.fixture(scope="module")
def sample():
    return rows_of(lane_states(np.random.SeedSequence(1), 0), 16_384)


def test_the_bell_is_the_exponential_of_minus_half_the_square():
    x = np.linspace(0.0, 8.5, 500)
    found = np.array([bell(value) for value in x])
    np.testing.assert_allclose(found, np.exp(-0.5 * x**2), rtol=2e-12)
    assert bell(0.0) == 1.0


def test_rectangles_have_equal_areas_and_lie_under_the_bell():
    ends = ENDS[:RECTANGLES]
    tops = np.exp(-0.5 * ends**2)
    areas = ends * np.diff(tops, prepend=0.0)
    np.testing.assert_allclose(areas, math.sqrt(math.pi / 2) / PARTS, rtol=1e-9)
    assert (np.diff(ends) < 0.0).all()
    assert (ENDS[RECTANGLES:] == 0.0).all()
    assert PARTS - RECTANGLES == 3  # what is left above them has the area of three


def test_moments_up_to_the_eighth(sample):
    x = sample.ravel()
    for k in range(1, 9):
        even = math.prod(range(1, k, 2)) if k % 2 == 0 else 0
        variance = math.prod(range(1, 2 * k, 2)) - even**2
        assert abs((x**k).mean() - even) < 4.0 * math.sqrt(variance / x.size), k


def test_distribution_and_tails(sample):
    x = sample.ravel()
    assert stats.kstest(x, "norm").pvalue > 1e-4
    edges = ndtri(np.linspace(0.0, 1.0, 4097))  # finer than the rectangles are
    counts = np.histogram(x, edges)[0]
    assert stats.chisquare(counts).pvalue > 1e-4
    for bound in (2.0, 3.0, ENDS[0], 4.5):
        expected = x.size * 2.0 * ndtr(-bound)
        assert abs((np.abs(x) > bound).sum() - expected) < 4.0 * math.sqrt(expected) + 1.0, bound


def test_what_lies_above_the_rectangles_is_drawn_as_often_as_it_must(sample):
    x = np.sort(np.abs(sample.ravel()))
    # above the last rectangle's end the cap is in force, between two ends a box
    for low, high in ((0.0, ENDS[RECTANGLES - 1]), (ENDS[500], ENDS[400]), (ENDS[2], ENDS[1])):
        expected = x.size * 2.0 * (ndtr(high) - ndtr(low))
        found = np.searchsorted(x, high) - np.searchsorted(x, low)
        assert abs(found - expected) < 4.0 * math.sqrt(expected)


def test_lanes_blocks_neurons_and_steps_are_uncorrelated(sample):
    seed = np.random.SeedSequence(1)
    rows = sample.shape[0]
    lanes = np.corrcoef(sample.T)[np.triu_indices(256, 1)]
    assert np.abs(lanes).max() < 6.0 / math.sqrt(rows)
    assert abs((lanes**2).mean() * rows - 1.0) < 0.05
    for other in (lane_states(seed, 1), lane_states(seed, 0, 1)):
        assert abs((sample * rows_of(other, rows)).mean()) < 4.0 / math.sqrt(sample.size)
    for lag in (1, 2, 3, 64):
        for power in (1, 2):
            x = sample**power - (1.0 if power == 2 else 0.0)
            spread = (1.0 if power == 1 else 2.0) / math.sqrt(x[lag:].size)
            assert abs((x[lag:] * x[:-lag]).mean()) < 4.0 * spread


def test_a_lane_alone_draws_what_it_draws_among_others():
    seed = np.random.SeedSequence(5)
    whole = rows_of(lane_states(seed, 0), 3000)
    for lanes in (1, 7, 255):
        assert (rows_of(lane_states(seed, 0, 0, lanes), 3000) == whole[:, :lanes]).all()


@pytest.mark.parametrize(
    "settings",
    [
        {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
        {"NUMBA_LOOP_VECTORIZE": "0", "NUMBA_SLP_VECTORIZE": "0"},
        {"NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3", "OPENBLAS_CORETYPE": "Nehalem"},
    ],
)
def test_the_bits_do_not_depend_on_the_processor(settings, tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), **settings}
    run = [sys.executable, "-W", "ignore", "-c", DIGEST]
    found = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == expected_digest()


def expected_digest():
    states = lane_states(np.random.SeedSequence(7), 3, 2)
    out, digest = np.empty((1, 256)), hashlib.sha256(ENDS.tobytes())
    for _ in range(2000):
        fill_lanes(states, 0, 256, out, 0.375)
        digest.update(out.tobytes())
    return digest.hexdigest()
