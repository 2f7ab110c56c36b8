"""Kinds of noise: moments, reproducibility, and that NumPy's stream stays what it was."""

import math

import numpy as np
import pytest
from numba import njit

from lifcore.noise.sources import NOISES, PATHWISE, fill, source
from lifcore.noise.streams import step_generator


@njit
def rows_of(source, rows, lanes, width):
    out = np.empty((rows, lanes))
    fill(source, out, width, 1.0)
    return out


def drawn(noise, rows=4096, lanes=256, seed=1, block=0, neuron=0):
    seed = np.random.SeedSequence(seed)
    return rows_of(source(noise, seed, block, neuron, lanes), rows, lanes, 256)


def test_numpy_draws_lane_after_lane_and_passes_over_lanes_that_are_not_run():
    normals = step_generator(np.random.SeedSequence(1), 0, 2).standard_normal((20, 256))
    assert (drawn("numpy", 20, neuron=2) == normals).all()
    assert (drawn("numpy", 20, lanes=3, neuron=2) == normals[:, :3]).all()


@pytest.mark.parametrize("noise", NOISES)
def test_mean_variance_skewness_and_independence_of_steps(noise):
    x = drawn(noise)
    for k, moment in ((1, 0.0), (2, 1.0), (3, 0.0)):
        spread = (x**k).std() / math.sqrt(x.size)
        assert abs((x**k).mean() - moment) <= 4.5 * spread
    for lag in (1, 2, 7, 8, 63, 64, 65):
        assert abs((x[lag:] * x[:-lag]).mean()) < 4.5 / math.sqrt(x[lag:].size)
    lanes = np.corrcoef(x.T)[np.triu_indices(256, 1)]
    assert np.abs(lanes).max() < 6.0 / math.sqrt(x.shape[0])


def test_bits_take_two_values_and_three_points_three():
    assert np.unique(drawn("bits")).tolist() == [-1.0, 1.0]
    x = drawn("three")
    values, counts = np.unique(x, return_counts=True)
    np.testing.assert_allclose(values, [-math.sqrt(3.0), 0.0, math.sqrt(3.0)])
    share = counts / x.size
    error = 4.5 * np.sqrt(share * (1.0 - share) / x.size)
    assert (np.abs(share - [1 / 6, 2 / 3, 1 / 6]) < error).all()
    assert abs((x**4).mean() - 3.0) < 4.5 * (x**4).std() / math.sqrt(x.size)


@pytest.mark.parametrize("noise", [n for n in NOISES if n != "numpy"])
def test_fewer_lanes_are_the_first_and_blocks_and_neurons_differ(noise):
    whole = drawn(noise, 200)
    assert (drawn(noise, 200, lanes=5) == whole[:, :5]).all()
    for other in (
        drawn(noise, 200, block=1),
        drawn(noise, 200, neuron=1),
        drawn(noise, 200, seed=2),
    ):
        assert abs((other * whole).mean()) < 4.5 / math.sqrt(whole.size)


def test_pathwise_noise_is_normal():
    assert PATHWISE == ("numpy", "gauss")


def test_noise_is_drawn_in_jitted_code_only():
    with pytest.raises(TypeError, match="jitted code"):
        fill(source("bits", np.random.SeedSequence(1), 0, 0, 2), np.empty((1, 2)), 2, 1.0)
