"""Several solutions of a network with loops, side by side on the same noise, path by path.

Each **series** is one solution: exact, or Euler with a step of its own. Its input are the spikes
of one series: its own in the network itself, those of another one in a loop-truncated network,
none in the network without input.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from numba import njit

from lifcore.models.networks import Recurrent
from lifcore.networks.desk import Bench, Drawn, Feed, Lists, desk
from lifcore.networks.events import Events
from lifcore.networks.exact import exact_network_step
from lifcore.networks.flights import bound_for, launch, launch_own
from lifcore.networks.grid import Tiles, grid_paths, tiles
from lifcore.networks.landing import (
    Landing,
    depart,
    joined,
    no_flights,
    nothing_yet,
    of_lanes,
    still_flying,
)
from lifcore.networks.late_runs import is_late, simulate_late
from lifcore.networks.layers import Recorder
from lifcore.networks.levels import arrive, move_level
from lifcore.networks.series import (
    ANOTHER,
    ITSELF,
    Series,
    SeriesState,
    Setup,
    refractory,
    room,
    setup,
    start_state,
)
from lifcore.networks.synapses import by_source
from lifcore.noise.keyed import Noise, Source, noise_of_paths, stream
from lifcore.noise.paths import changing, of_paths, path_source
from lifcore.schemes.portions import path_portions
from lifcore.schemes.scheme import Scheme, entry, join, shape, spread
from lifcore.schemes.state import NO_SPIKES, Recording, State, nowhere


def run_paths(
    ready: Setup,
    noise: Noise,
    state: SeriesState,
    stops: Sequence[int],
    recorder: Recorder | None = None,
    events: Events | None = None,
) -> Iterator[np.ndarray]:
    """Carry all series of some paths, in place, and pause at each of some steps.

    Parameters
    ----------
    ready : Setup
        The network and the series.
    noise : Noise
        That of the paths, at its beginning; changed in place.
    state : SeriesState
        Where they begin; changed in place.
    stops : sequence of int
        Increasing numbers of steps.
    recorder : Recorder, optional
        Whose buffer to use; by default spikes are not recorded.
    events : Events, optional
        The Poisson input of these paths, at its beginning.

    Yields
    ------
    ndarray of SPIKE
        At each stop, the spikes since the last one, path by path, and in order of time for each
        series of a path. Exact series count from 0, the others go on from there.

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
    air = nothing_yet(ready.circuit.synapses.delay.size > 0)
    for begin, end in pairwise([0, *stops]):
        found = [NO_SPIKES]
        share = (end - begin) / stops[-1]
        for first, last, *span in path_portions(state.v.shape[0], begin, end, share=share):
            own = Noise(*(part[first:last] for part in noise))
            moved = SeriesState(*(part[first:last] for part in state))
            for part in [tuple(span)] if events is None else events.chunks(*span):
                begun, others = of_lanes(air, first, last)
                if events is not None:
                    begun = events.launched(begun, (first, last), part[0])
                run = partial(_advance, ready, part, (steps, halves), own, moved)
                landing = Landing(run, begun)
                found.append(_recorded(landing, recorder, first, [own.seats, *moved]))
                air = joined(others, landing.left, first)
        yield np.concatenate(found)


def _recorded(
    kernel: Callable[[Recording], None],
    recorder: Recorder | None,
    first: int,
    arrays: Sequence[np.ndarray],
) -> np.ndarray:
    """Run a kernel on paths from number `first` on and return what spikes it records."""
    if recorder is None:
        kernel(nowhere(0))
        return NO_SPIKES
    spikes, _ = recorder.run(kernel, 0, [], arrays)
    spikes["lane"] += first
    return spikes


def simulate_paths(
    model: Recurrent,
    scheme: Scheme,
    h: float,
    steps: int,
    seed: np.random.SeedSequence,
    first: int,
    v: np.ndarray,
    i: np.ndarray,
    record: bool,
    noise: str = "gauss",
    threads: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Simulate paths from number `first` on by one scheme, V and I being changed in place.

    Parameters
    ----------
    model, scheme, h, steps, seed
        The validated request, as in `lifcore.runs.simulate`; the scheme itself, not its name.
    first : int
        Index of the first path.
    v, i : ndarray, shape (paths, neurons)
        Where the paths begin, and end.
    record : bool
        Whether to record spikes.
    noise : str, optional
        "numpy", or "gauss" for schemes on the grid.
    threads : int, optional
        How many may work on one path, where it has delays, refractory times or Poisson input.

    Returns
    -------
    counts : ndarray of int64, shape (paths, neurons)
    spikes : ndarray of SPIKE
        Path by path; empty if they were not to be recorded.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> from lifcore.schemes import EULER
    >>> v, i = np.zeros((2, 3)), np.full((2, 3), 2.0)
    >>> ring = Recurrent(LIF(mu=2.0), np.roll(0.1 * np.eye(3), 1, axis=0))
    >>> seed = np.random.SeedSequence(1)
    >>> counts, spikes = simulate_paths(ring, EULER, 1 / 64, 64, seed, 0, v, i, record=True)
    >>> bool(counts.sum() == spikes.size)
    True
    """
    numbers = (first, first + v.shape[0])
    recorder = Recorder(v.shape[0] * room(model, steps * h)) if record else None
    if not scheme.on_grid:
        series = Series((ITSELF,), (), ())
        state = start_state(series, v, i, refractory=refractory(model))
        keyed = noise_of_paths(seed, *numbers)
        ready = setup(model, series, h)
        events = Events(model, ready, seed, *numbers) if model.poisson else None
        (spikes,) = run_paths(ready, keyed, state, [steps], recorder, events)
        v[:], i[:] = state.v[:, 0], state.i[:, 0]
        return state.counts[:, 0], spikes
    if is_late(model):
        return simulate_late(
            model, scheme, h, steps, seed, first, v, i, recorder, noise, threads
        )  # fmt: skip
    constants = scheme.constants(model, h)
    source = path_source(noise, seed, numbers, v.shape[1])
    wiring, place = (
        (by_source(model.weights), model.common),
        tiles(constants, scheme.components),
    )
    whole, found = State(v, i, np.zeros(v.shape, np.int64)), [NO_SPIKES]
    for one, last, *span in path_portions(v.shape[0], 0, steps):
        own, moved = of_paths(source, one, last), State(*(part[one:last] for part in whole[:3]))
        run = partial(grid_paths, constants, place, wiring, tuple(span), own, moved)
        found.append(_recorded(run, recorder, one, [*changing(own), *moved]))
    return whole.counts, np.concatenate(found)


@njit(nogil=True, cache=True)
def _advance(ready, span, streams, noise, state, begun, recording):
    """Advance all series of all paths over a span of steps, in place.

    Draws three normals a neuron and step, in the order step, component, neuron; before them
    three common to all, if the noise has a common share. `begun` are the spikes on their way
    (`lifcore.networks.flights`); returns those that are so at the end.
    """
    common, exact, levels = ready.common, ready.exact_input.size, ready.grid_input.size
    neurons = state.v.shape[2]
    own, shared = math.sqrt(1.0 - common), math.sqrt(common)
    steps, halves = streams
    normals, fresh = np.empty((3, neurons)), np.empty((state.pending.shape[2], neurons))
    lists = Lists([0.0], [0.0], [0], [0.0], [0.0], [(0.0, 0)], [0], [0.0], [0])
    bench = Bench(desk(neurons), lists, [0])
    put_out = np.zeros(exact + 1, np.int64)
    fired = np.empty((levels, neurons), np.int64)
    count = np.zeros(levels, np.int64)
    synapses = ready.circuit.synapses
    left, spikes = no_flights(begun), (lists.out_neuron, lists.out_time)
    for p in range(state.v.shape[0]):
        steps.state[:] = noise.seats[p]
        source = Source(halves.generator, halves.state, noise.words[p], own, shared)
        air = depart(begun, p, exact + levels)
        for n in range(span[0], span[1]):
            _draw(steps.generator, own, shared, normals)
            lists.out_time.clear()
            lists.out_neuron.clear()
            for s in range(exact):
                put_out[s] = len(lists.out_time)
                given = ready.exact_input[s]
                heard = (0, 0)
                if given >= 0:
                    heard = (put_out[given], put_out[given + 1])
                    air = launch(air, s, spikes, heard, n, synapses)
                bound = bound_for(air, s, synapses.delay)
                feed = Feed(given if given < 0 else ANOTHER, heard[0], heard[1], bound)
                moved = State(state.v[p, s], state.i[p, s], state.counts[p, s], state.held[p, s])
                drawn = Drawn(normals, source, n)
                exact_network_step(ready.circuit, drawn, feed, moved, bench, (p, s), recording)
                put_out[s + 1] = len(lists.out_time)
                if given == ITSELF:
                    own_spikes, step = (put_out[s], put_out[s + 1]), (n, ready.circuit.kinds.h)
                    air = launch_own(air, s, spikes, own_spikes, step, synapses)
            if levels > 0:
                for r in range(fresh.shape[0]):
                    scale = spread(entry(ready.finest, 0), 1.0)
                    for j in range(neurons):
                        fresh[r, j] = scale * normals[r, j]
                for j in range(neurons):
                    shape(entry(ready.finest, j), fresh, j)
            for m in range(levels):
                pending = state.pending[p, m]
                for j in range(neurons):
                    join(entry(ready.finest, j), pending, fresh, j)
                if (n + 1) % ready.per_step[m] != 0:
                    continue
                s, taken = exact + m, (n + 1) // ready.per_step[m]
                moved = State(state.v[p, s], state.i[p, s], state.counts[p, s], state.held[p, s])
                step = entry(ready.steps, m)
                at = (p, s, taken * step.h[0])
                room = Tiles(ready.tiles.alike, ready.tiles.noise, ready.tiles.before, fired[m])
                count[m] = move_level(step, moved, room, pending, at, recording)
                pending[:] = 0.0
                for k in range(count[m]):
                    moved.counts[fired[m, k]] += 1
                given = m if ready.grid_input[m] == ITSELF else ready.grid_input[m]
                if given >= 0:
                    spiked = fired[given, : count[given]]
                    air = arrive(air, s, spiked, taken - 1, ready.late[m], synapses, moved.i)
        left = still_flying(air, p, left)
        noise.seats[p] = steps.state
    return left


@njit(nogil=True, cache=True)
def _draw(generator, own, shared, normals):
    """Draw a step's normals: before a neuron's own those that are common to all, if any are."""
    of_all = np.zeros(normals.shape[0])
    if shared > 0.0:
        for r in range(of_all.size):
            of_all[r] = shared * generator.standard_normal()
    for r in range(of_all.size):
        for j in range(normals.shape[1]):
            normals[r, j] = generator.standard_normal()
    if shared > 0.0:
        for r in range(of_all.size):
            for j in range(normals.shape[1]):
                normals[r, j] = own * normals[r, j] + of_all[r]
