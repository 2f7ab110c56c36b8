"""Networks that several test modules run, and what they have in common."""

import dataclasses
import math

import numpy as np
import pytest

from lifcore import LIF, Feedforward, Recurrent
from oracles import driven_neuron

POPULATION = LIF(
    mu=np.array([1.5, 1.3, 1.9, 1.4, 1.6]),
    g=np.array([1.0, 1.0, 1.3, 0.8, 1.0]),
    tau=np.array([0.5, 0.5, 0.3, 1.0, 1.0]),
    v_th=np.array([1.0, 1.0, 0.9, 1.1, 1.0]),
    v_reset=np.array([0.0, 0.0, -0.2, 0.1, 0.0]),
    sigma=np.array([0.6, 0.6, 0.5, 0.4, 0.7]),
)
MATRICES = {
    "excitatory": np.array(
        [
            [0.0, 0.2, 0.3, 0.0, 0.1],
            [0.4, 0.3, 0.0, 0.2, 0.0],
            [0.2, 0.0, 0.1, 0.3, 0.2],
            [0.1, 0.3, 0.2, 0.0, 0.1],
            [0.0, 0.2, 0.1, 0.2, 0.2],
        ]
    ),
    "inhibitory": -np.array(
        [
            [0.5, 0.2, 0.3, 0.0, 0.1],
            [0.2, 0.0, 0.1, 0.2, 0.0],
            [0.2, 0.6, 0.4, 0.3, 0.2],
            [0.0, 0.1, 0.0, 0.0, 0.1],
            [0.3, 0.2, 0.2, 0.0, 0.2],
        ]
    ),
    "mixed": np.array(
        [
            [0.3, 0.5, -0.5, 0.0, 0.4],
            [0.7, 0.0, -0.3, 0.2, 0.0],
            [0.6, 0.3, -0.5, 0.3, 0.0],
            [0.4, 0.0, -0.2, 0.0, 0.5],
            [0.0, 0.6, -0.4, 0.3, -0.4],
        ]
    ),
}
LOOPS = Recurrent(POPULATION, MATRICES["mixed"])


def quiet(neuron):
    return dataclasses.replace(neuron, sigma=0.0)


SIZES = {"h": [0.25, 0.125, 0.5], "T": 4.0, "paths": 40, "seed": 5}
#: The coarsest step is above the shortest tau, of which Euler warns: here bits are compared.
LONG_STEP = pytest.mark.filterwarnings("ignore:h = 0.* is above tau:UserWarning")
SHARED = Recurrent(LIF(mu=POPULATION.mu, sigma=POPULATION.sigma), LOOPS.weights, common=0.4)


# --- coupled ------------------------------------------------------------------------------------


def coupled_increments(net, path, steps, h):
    """Increments of the finest grid, shape (steps, neurons), from the documented stream."""
    stream = np.random.Generator(np.random.SFC64(np.random.SeedSequence(5).spawn(path + 1)[path]))
    if net.common == 0.0:
        return math.sqrt(h) * stream.standard_normal((steps, 3, 5))[:, 0]
    z = stream.standard_normal((steps, 18))
    own, shared = math.sqrt(1.0 - net.common), math.sqrt(net.common)
    return math.sqrt(h) * (own * z[:, 3:8] + shared * z[:, :1])


LAYERED = np.zeros((6, 6))
LAYERED[2:4, :2] = [[0.9, -0.3], [0.4, 0.8]]
LAYERED[4:, :4] = [[0.0, -0.6, 0.7, 0.5], [0.3, 0.0, 0.9, -0.8]]

MIXED = Feedforward(
    [
        LIF(mu=np.array([1.5, 1.2, 2.0]), sigma=0.6, v_reset=-0.2),
        LIF(mu=0.9, sigma=np.array([0.5, 0.7]), g=np.array([1.0, 1.3]), tau=0.3),
        LIF(mu=0.6, sigma=0.4, v_th=0.8, tau=1.0),
    ],
    [np.array([[0.5, 0.0, -0.3], [0.2, 0.4, 0.1]]), np.array([[0.6, -0.2]])],
)


def spikes_as_replayed(run, net, without_noise, delays=0.0):
    """Compare the spikes of neurons without noise with the formula, given those of all neurons.

    Returns how many there are, so that a test can ask for some.
    """
    weights, total = net.weights, 0
    late = np.broadcast_to(delays, weights.shape)
    for path in range(run.spike_counts.shape[0]):
        spikes = [run.spikes(path, j) for j in range(len(weights))]
        for k in without_noise:
            own = net.neurons[k]
            arrivals = [
                (t + late[k, j], weights[k, j])
                for j in range(len(weights))
                for t in spikes[j]
                if t + late[k, j] < run.T
            ]
            expected = driven_neuron(own, arrivals, run.T, own.v_reset, own.mu)
            times, speeds = np.array(expected).reshape(-1, 2).T
            assert run.spikes(path, k) == pytest.approx(times, abs=1e-9)
            assert run.crossing_speeds(path, k) == pytest.approx(speeds, abs=1e-7)
            total += len(expected)
    return total
