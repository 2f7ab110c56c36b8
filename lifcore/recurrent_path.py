"""Several solutions of a network with loops, side by side on the same noise, path by path.

Each **series** is one solution: exact, or Euler with a step of its own. Its input are the spikes
of one series: its own in the network itself, those of another one in a loop-truncated network,
none in the network without input.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit

from lifcore.euler import EulerStep, euler_step
from lifcore.keyed import Noise, Source, noise_of_paths, stream
from lifcore.layers import NO_SPIKES, Recorder
from lifcore.model import Recurrent
from lifcore.recurrent_euler import TILE, euler_paths, move_tile, uniform_tiles
from lifcore.recurrent_exact import (
    ANOTHER,
    ITSELF,
    Kinds,
    Lists,
    desk,
    exact_kinds,
    exact_network_step,
)
from lifcore.synapses import Synapses, by_source, deliver_spike


@dataclass(frozen=True)
class Series:
    """Which solutions run side by side, the exact ones first.

    Attributes
    ----------
    exact : tuple of int
        Whose spikes each exact series gets: ITSELF, NO_INPUT, or the number of an earlier one.
    euler : tuple of int
        The same for Euler's series, which are numbered from 0 again.
    per_step : tuple of int
        How many steps of the exact solution one of each of Euler's takes; a series has the step
        of the one that it gets its spikes from.

    Examples
    --------
    >>> Series((ITSELF,), (ITSELF, ITSELF), (1, 2)).count
    3
    """

    exact: tuple[int, ...]
    euler: tuple[int, ...]
    per_step: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of series."""
        return len(self.exact) + len(self.euler)


class State(NamedTuple):
    """V, I and spike counts, shape (paths, series, neurons), and increments of unfinished steps.

    Examples
    --------
    >>> state = start_state(Series((ITSELF,), (ITSELF,), (1,)), np.zeros((5, 3)), np.ones((5, 3)))
    >>> state.v.shape, state.dw.shape
    ((5, 2, 3), (5, 1, 3))
    """

    v: np.ndarray
    i: np.ndarray
    counts: np.ndarray
    dw: np.ndarray


def start_state(series: Series, v: np.ndarray, i: np.ndarray) -> State:
    """Return the state in which every series begins at `v` and `i`, shape (paths, neurons).

    Examples
    --------
    >>> start_state(Series((ITSELF,), (), ()), np.zeros((1, 3)), np.ones((1, 3))).counts.tolist()
    [[[0, 0, 0]]]
    """
    v, i = (np.repeat(part[:, None], series.count, axis=1) for part in (v, i))
    dw = np.zeros((v.shape[0], len(series.euler), v.shape[2]))
    return State(v, i, np.zeros(v.shape, np.int64), dw)


class Setup(NamedTuple):
    """A network and a list of series, ready for the kernel.

    ``runs`` lists neighbours of one kind: first, last, kind.

    Examples
    --------
    >>> from lifcore.model import LIF
    >>> model, series = Recurrent(LIF(), np.zeros((3, 3))), Series((ITSELF,), (ITSELF,), (1,))
    >>> setup(model, series, 0.5).runs.tolist()
    [[0, 3, 0]]
    """

    synapses: Synapses
    common: float
    kinds: Kinds
    runs: np.ndarray
    euler: EulerStep
    pull: np.ndarray
    exact_input: np.ndarray
    euler_input: np.ndarray
    per_step: np.ndarray


def setup(model: Recurrent, series: Series, h: float) -> Setup:
    """Prepare a network for the kernel; `h` is the step of the exact series.

    Examples
    --------
    >>> from lifcore.model import LIF
    >>> setup(Recurrent(LIF(), np.zeros((3, 3))), Series((ITSELF,), (ITSELF,), (1,)), 0.5).kinds.h
    0.5
    """
    kinds = exact_kinds(model.neurons, h)
    edges = np.flatnonzero(np.diff(kinds.kind)) + 1
    first = np.concatenate([[0], edges])
    euler, per_step = euler_step(model, h), np.array(series.per_step, np.int64)
    return Setup(
        synapses=by_source(model.weights),
        common=model.common,
        kinds=kinds,
        runs=np.stack([first, np.append(edges, kinds.kind.size), kinds.kind[first]], axis=1),
        euler=euler,
        pull=per_step[:, None] * euler.pull,
        exact_input=np.array(series.exact, np.int64),
        euler_input=np.array(series.euler, np.int64),
        per_step=per_step,
    )


def room(model: Recurrent, T: float) -> int:
    """Return how many spikes of a solution to expect at the most, to make room for them.

    That of an upper bound of the rates without input, as in `lifcore.recurrent.rate_bound`.

    Examples
    --------
    >>> from lifcore.model import LIF
    >>> room(Recurrent(LIF(mu=1.5, sigma=0.0), np.zeros((2, 2))), 10.0)
    1054
    """
    way = model.column("v_th") - model.column("v_reset")
    variance = model.column("sigma") ** 2 * np.minimum(model.column("tau"), T)
    rates = (np.abs(model.column("mu")) + np.sqrt(variance)) / way
    return 1024 + math.ceil(T * float(rates.sum()))


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
    >>> from lifcore.keyed import noise_of_paths
    >>> from lifcore.model import LIF
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
        The validated request, as in `lifcore.simulate.simulate`.
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
    >>> from lifcore.model import LIF
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
