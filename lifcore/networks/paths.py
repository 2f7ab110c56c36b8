"""Several solutions of a network with loops, side by side on the same noise, path by path.

Each **series** is one solution: exact, or Euler with a step of its own. Its input are the spikes
of one series: its own in the network itself, those of another one in a loop-truncated network,
none in the network without input.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numba import njit

from lifcore.models.networks import Recurrent
from lifcore.networks.euler import TILE, euler_paths, move_tile, uniform_tiles
from lifcore.networks.exact import Lists, desk, exact_network_step
from lifcore.networks.layers import NO_SPIKES, Recorder
from lifcore.networks.series import ANOTHER, ITSELF, Series, Setup, State, room, setup, start_state
from lifcore.networks.synapses import by_source, deliver_spike
from lifcore.noise.keyed import Noise, Source, noise_of_paths, stream
from lifcore.schemes.euler import EulerStep, euler_step


def run_paths(
    ready: Setup,
    noise: Noise,
    state: State,
    stops: Sequence[int],
    recorder: Recorder | None = None,
) -> Iterator[np.ndarray]:
    """Carry all series of some paths, in place, and pause at each of some steps.

    Parameters
    ----------
    ready : Setup
        The network and the series.
    noise : Noise
        That of the paths, at its beginning; changed in place.
    state : State
        Where they begin; changed in place.
    stops : sequence of int
        Increasing numbers of steps.
    recorder : Recorder, optional
        Whose buffer to use; by default spikes are not recorded.

    Yields
    ------
    ndarray of SPIKE
        At each stop, the spikes since the last one, path by path, and in order of time for each
        series of a path. Exact series count from 0, Euler's go on from there.

    Examples
    --------
    >>> from lifcore.noise.keyed import noise_of_paths
    >>> from lifcore.models.neuron import LIF
    >>> model, series = Recurrent(LIF(mu=2.0), np.zeros((3, 3))), Series((ITSELF,), (ITSELF,), (1,))
    >>> state = start_state(series, np.zeros((2, 3)), np.full((2, 3), 2.0))
    >>> noise = noise_of_paths(np.random.SeedSequence(1), 0, 2)
    >>> (spikes,) = run_paths(setup(model, series, 1 / 16), noise, state, [64], Recorder(256))
    >>> bool(spikes.size == state.counts.sum() > 0)
    True
    """
    steps, halves = stream(), stream()
    for begin, end in pairwise([0, *stops]):

        def kernel(
            spikes: np.ndarray,
            recorded: np.ndarray,
            _: np.ndarray,
            span: tuple[int, int] = (begin, end),
        ) -> None:
            _advance(ready, *span, steps, halves, noise, state, spikes, recorded)

        if recorder is None:
            kernel(NO_SPIKES, np.zeros(1, np.int64), NO_SPIKES)
            yield NO_SPIKES
        else:
            yield recorder.run(kernel, 0, [], [noise.seats, *state])[0]


def simulate_paths(
    model: Recurrent,
    scheme: str,
    h: float,
    steps: int,
    seed: np.random.SeedSequence,
    first: int,
    v: np.ndarray,
    i: np.ndarray,
    record: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Simulate paths from number `first` on by one scheme, V and I being changed in place.

    Parameters
    ----------
    model, scheme, h, steps, seed
        The validated request, as in `lifcore.runs.simulate`.
    first : int
        Index of the first path.
    v, i : ndarray, shape (paths, neurons)
        Where the paths begin, and end.
    record : bool
        Whether to record spikes.

    Returns
    -------
    counts : ndarray of int64, shape (paths, neurons)
    spikes : ndarray of SPIKE
        Path by path; empty if they were not to be recorded.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> v, i = np.zeros((2, 3)), np.full((2, 3), 2.0)
    >>> ring = Recurrent(LIF(mu=2.0), np.roll(0.1 * np.eye(3), 1, axis=0))
    >>> seed = np.random.SeedSequence(1)
    >>> counts, spikes = simulate_paths(ring, "euler", 1 / 64, 64, seed, 0, v, i, record=True)
    >>> bool(counts.sum() == spikes.size)
    True
    """
    noise = noise_of_paths(seed, first, first + v.shape[0])
    recorder = Recorder(v.shape[0] * room(model, steps * h)) if record else None
    if scheme == "exact":
        series = Series((ITSELF,), (), ())
        state = start_state(series, v, i)
        (spikes,) = run_paths(setup(model, series, h), noise, state, [steps], recorder)
        v[:], i[:] = state.v[:, 0], state.i[:, 0]
        return state.counts[:, 0], spikes
    step, synapses, own = euler_step(model, h), by_source(model.weights), stream()
    counts = np.zeros(v.shape, np.int64)

    def kernel(spikes: np.ndarray, recorded: np.ndarray, _: np.ndarray) -> None:
        euler_paths(
            step, synapses, model.common, steps, own, noise.seats, v, i, counts, spikes, recorded
        )

    if recorder is not None:
        return counts, recorder.run(kernel, 0, [], [noise.seats, v, i, counts])[0]
    kernel(NO_SPIKES, np.zeros(1, np.int64), NO_SPIKES)
    return counts, NO_SPIKES


@njit(nogil=True, cache=True)
def _advance(ready, begin, finish, steps, halves, noise, state, spikes, recorded):
    """Advance all series of all paths from step `begin` to step `finish`, in place.

    Draws three normals a neuron and step, in the order step, component, neuron; before them
    three common to all, if the noise has a common share.
    """
    kinds, synapses, euler, common = ready.kinds, ready.synapses, ready.euler, ready.common
    neurons, exact, levels = state.v.shape[2], ready.exact_input.size, ready.euler_input.size
    own, shared = math.sqrt(1.0 - common), math.sqrt(common)
    root = math.sqrt(kinds.h)
    of_all = np.zeros(3)
    normals = np.empty((3, neurons))
    place = desk(neurons)
    lists = Lists([0.0], [0.0], [0], [0.0], [0.0], [(0.0, 0)], [0], [0.0], [0])
    waiting = [0]
    put_out = np.zeros(exact + 1, np.int64)
    before = np.empty((2, TILE))
    crossed = np.empty(TILE, np.bool_)
    fired = np.empty((levels, neurons), np.int64)
    count = np.zeros(levels, np.int64)
    alike = uniform_tiles(euler)
    generator = steps.generator
    for p in range(state.v.shape[0]):
        v, i, counts, dw = state.v[p], state.i[p], state.counts[p], state.dw[p]
        steps.state[:] = noise.seats[p]
        source = Source(halves.generator, halves.state, noise.words[p], own, shared)
        for n in range(begin, finish):
            if common > 0.0:
                for r in range(3):
                    of_all[r] = shared * generator.standard_normal()
            for r in range(3):
                for j in range(neurons):
                    normals[r, j] = generator.standard_normal()
            if common > 0.0:
                for r in range(3):
                    for j in range(neurons):
                        normals[r, j] = own * normals[r, j] + of_all[r]
            lists.out_time.clear()
            lists.out_neuron.clear()
            for s in range(exact):
                put_out[s] = len(lists.out_time)
                given = ready.exact_input[s]
                feed, first, last = given, 0, 0
                if given >= 0:
                    feed, first, last = ANOTHER, put_out[given], put_out[given + 1]
                exact_network_step(
                    kinds, ready.runs, synapses, source, n, feed, first, last,
                    v[s], i[s], counts[s], normals, place, lists, waiting, p, s, spikes, recorded,
                )  # fmt: skip
                put_out[s + 1] = len(lists.out_time)
            for m in range(levels):
                for j in range(neurons):
                    dw[m, j] += root * normals[0, j]
                if (n + 1) % ready.per_step[m] != 0:
                    continue
                s = exact + m
                step = EulerStep(
                    kinds.h * ready.per_step[m], euler.g, ready.pull[m], euler.mu, euler.sigma,
                    euler.v_th, euler.v_reset, euler.i_th,
                )  # fmt: skip
                time = ((n + 1) // ready.per_step[m]) * step.h
                count[m] = 0
                for tile in range(alike.size):
                    first = tile * TILE
                    own_dw = dw[m, first : min(first + TILE, neurons)]
                    count[m] = move_tile(
                        step, first, alike[tile], own_dw, 1.0, 0.0, v[s], i[s], before, crossed,
                        time, p, s, fired[m], count[m], spikes, recorded,
                    )  # fmt: skip
                dw[m] = 0.0
                for k in range(count[m]):
                    counts[s, fired[m, k]] += 1
                given = m if ready.euler_input[m] == ITSELF else ready.euler_input[m]
                if given >= 0:
                    for k in range(count[given]):
                        deliver_spike(synapses, fired[given, k], i[s])
        noise.seats[p] = steps.state
