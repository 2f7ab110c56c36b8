r"""Paths of Euler at several steps on one noise, and the observables that are taken of them.

All step sizes, and if wanted the exact solution, see the same Brownian path: the noise is drawn
on the finest grid and summed for the coarser ones. Without the exact solution a pair (h, 2h)
costs little more than its finer half alone: drawing noise is most of the work.

An observable is any NumPy function of (V, I, N), arrays of one shape, that acts on each entry by
itself; N counts spikes so far. It is called on whole blocks and need not be compilable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from lifcore import checks
from lifcore.models.neuron import LIF
from lifcore.noise.sources import both_sources, source
from lifcore.noise.streams import BLOCK
from lifcore.runs.feasible import check_run
from lifcore.runs.starts import Start, initial_state
from lifcore.schemes import SCHEMES
from lifcore.schemes.exact import exact_advance, exact_step
from lifcore.schemes.free_step import deepest_of, work
from lifcore.schemes.lanes import advance, advance_holding, draw_lanes, memory, shape_lanes
from lifcore.schemes.portions import portions
from lifcore.schemes.scheme import entry, join, levels, of_neuron
from lifcore.schemes.state import State, Streams, nowhere

LOOKS = 4096
"""Looks at a block that are kept at a time, 25 MB a level: those of a long run would not fit."""


@dataclass(frozen=True)
class Ladder:
    """A validated request for coupled paths, from which any block can be computed anywhere.

    Step sizes go from the finest to the coarsest. With ``exact``, the exact solution is run
    as well, on the finest grid.

    Examples
    --------
    >>> ladder(LIF(), np.array([0.5, 0.25]), [1.0], np.random.SeedSequence(1), (0.0, 1.2)).stops
    (4,)
    """

    model: LIF
    h: np.ndarray
    ratios: np.ndarray
    stops: Sequence[int]
    seed: np.random.SeedSequence
    start: Start
    exact: bool
    scheme: str


def ladder(
    model: LIF,
    h: np.ndarray,
    times: Sequence[float],
    seed: np.random.SeedSequence,
    start: Start,
    exact: bool = True,
    scheme: str = "euler",
) -> Ladder:
    """Return the request for a scheme at nested step sizes `h`, observed at `times`.

    Examples
    --------
    >>> ladder(LIF(), np.array([0.5, 0.25]), [1.0], np.random.SeedSequence(1), (0.0, 1.2)).ratios
    array([2])
    """
    sizes = np.sort(h)
    checks.held_steps(model.t_ref, float(sizes[-1]))
    schemes = (scheme, "exact") if exact else (scheme,)
    check_run(model, schemes, float(sizes[0]), times[-1], start)
    multiples = np.array([checks.steps(float(sizes[0]), float(size))[2] for size in sizes])
    stops = tuple(checks.steps(float(sizes[0]), t)[2] for t in times)
    ratios = multiples[1:] // multiples[:-1]
    return Ladder(model, sizes, ratios, stops, seed, start, exact, scheme)


def ladder_states(run: Ladder, block: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulate a block; return (V, I, N) at each stop, as `ladder_parts` does, all at once.

    Examples
    --------
    >>> h = np.array([0.5, 0.25])
    >>> run = ladder(LIF(), h, [1.0], np.random.SeedSequence(1), (0.0, 1.2))
    >>> ladder_states(run, 0)[0].shape
    (3, 1, 256)
    """
    (states,) = ladder_parts(run, block, len(run.stops))
    return states


def ladder_parts(
    run: Ladder, block: int, most: int = LOOKS
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Simulate a block; yield (V, I, N) at the next stops, `most` or fewer, again and again.

    The shape of what is yielded is (levels, stops, BLOCK), from the finest to the coarsest, with
    ``run.exact`` the exact first.

    Examples
    --------
    >>> h = np.array([0.5, 0.25])
    >>> run = ladder(LIF(), h, [1.0], np.random.SeedSequence(1), (0.0, 1.2))
    >>> [v.shape for v, _, _ in ladder_parts(run, 0, 2)]
    [(3, 1, 256)]
    """
    # Without the exact solution nothing is refined, and making a stream is not free.
    streams = Streams(
        *(
            both_sources("gauss", run.seed, block)
            if run.exact
            else 2 * (source("gauss", run.seed, block, 0, BLOCK),)
        )
    )
    scheme = SCHEMES[run.scheme]
    begin = initial_state(run.start, block, (run.model.v_reset, run.model.mu))
    v, i = (np.repeat(part, run.h.size + 1, axis=0) for part in begin)
    exact = exact_step(run.model, float(run.h[0])) if run.exact else None
    steps = of_neuron(levels(scheme, [run.model], run.h), 0)
    pending = np.zeros((run.h.size, scheme.components, BLOCK))  # noise of steps not full yet
    held = np.zeros((v.shape[0], BLOCK if run.model.t_ref > 0.0 else 0))
    state, at, last = State(v, i, np.zeros(v.shape, np.int64), held), 0, run.stops[-1]
    for first in range(0, len(run.stops), most):
        stops = np.array(run.stops[first : first + most])
        shape = (run.h.size + 1, stops.size, BLOCK)
        seen = State(np.empty(shape), np.empty(shape), np.empty(shape, np.int64))
        end = int(stops[-1])
        for span in portions(at, end, share=(end - at) / last):
            grid = (run.ratios, stops, *span)
            _ladder_block(exact, steps, pending, grid, streams, state, seen, nowhere(0))
        at = end
        v_seen, i_seen, n_seen = (part if run.exact else part[1:] for part in seen[:3])
        yield v_seen, i_seen, n_seen


@njit(nogil=True, cache=True)
def _ladder_block(exact, steps, pending, grid, streams, state, seen, unrecorded):
    """Advance a block on the finest grid, row 0 exactly (or not at all), row k + 1 by level k.

    Levels go from the finest to the coarsest. `grid` tells how many steps of each make one of the
    next coarser, after which finest steps the states are written to `seen`, which has an entry a
    look behind that of the row, and from which finest step to which to go. `pending` is the noise
    of steps that are not full yet.
    """
    ratios, stops, begin, end = grid
    lanes, count = state.v.shape[1], steps.h.size
    room, before = work(lanes, 0 if exact is None else deepest_of(exact)), memory(lanes)
    reference = State(state.v[0], state.i[0], state.counts[0], state.held[0])
    taken = np.empty(count, np.int64)  # steps of each level up to now
    whole = 1
    for k in range(count):
        taken[k] = begin // whole
        if k + 1 < count:
            whole *= ratios[k]
    look = 0
    while look < stops.size and stops[look] <= begin:
        look += 1
    for n in range(begin, end):
        if exact is not None:
            exact_advance(exact, n, streams, reference, room, unrecorded)
            shape_lanes(entry(steps, 0), room.normals, pending[0])
        else:
            draw_lanes(entry(steps, 0), streams.steps, lanes, pending[0])
        # Level k moves when its step is full, and hands its noise to the next coarser.
        k = 0
        while True:
            own, noise, row = entry(steps, k), pending[k], k + 1
            moved = State(state.v[row], state.i[row], state.counts[row], state.held[row])
            if own.hold > 0.0:
                advance_holding(own, moved, noise, before)
            else:
                advance(own, moved, noise)
            taken[k] += 1
            if k + 1 < count:
                for lane in range(lanes):
                    join(own, pending[k + 1], noise, lane)
            noise[:] = 0.0
            if k + 1 == count or taken[k] % ratios[k] != 0:
                break
            k += 1
        if n + 1 == stops[look]:
            for row in range(state.v.shape[0]):  # slices would take 3 s to compile, for an error
                for lane in range(lanes):
                    seen.v[row, look, lane] = state.v[row, lane]
                    seen.i[row, look, lane] = state.i[row, lane]
                    seen.counts[row, look, lane] = state.counts[row, lane]
            look += 1
