"""One neuron of a block, exactly and by a scheme at several step sizes, on the same noise."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from lifcore.noise.dispatch import borrowing
from lifcore.noise.sources import fill
from lifcore.schemes.exact import exact_spikes
from lifcore.schemes.free_step import deepest_of, flow_block, take_over, work
from lifcore.schemes.lanes import (
    advance_holding,
    advance_remembering,
    memory,
    record_crossed,
    shape_lanes,
)
from lifcore.schemes.scheme import entry, join
from lifcore.schemes.signals import deliver
from lifcore.schemes.state import State


class Levels(NamedTuple):
    """The step sizes of a scheme, from the finest to the coarsest.

    ``step`` are its constants, an entry a level; a level takes ``per_level`` finest steps, and
    ``order`` says which row of the results is its own.

    Examples
    --------
    >>> Levels._fields
    ('step', 'per_level', 'order')
    """

    step: Any
    per_level: np.ndarray
    order: np.ndarray


class CoupledState(NamedTuple):
    """One neuron of a block: exactly, and by a scheme at every level, shape (levels, lanes).

    ``pending``, shape (levels, components, lanes), is the noise of steps that are not full yet;
    ``held``, shape (levels, lanes or 0), how many steps V is still held.

    Examples
    --------
    >>> CoupledState._fields
    ('exact', 'v', 'i', 'pending', 'held')
    """

    exact: State
    v: np.ndarray
    i: np.ndarray
    pending: np.ndarray
    held: np.ndarray


@njit(nogil=True, cache=True)
def couple_neuron(exact, levels, span, streams, state, arrivals, recording):
    """Carry one neuron of a block on the finest grid, and a scheme at every level with it.

    Series 0 of the signals is the exact solution, series row + 1 the scheme's.
    """
    lanes, own = state.v.shape[1], state.exact
    room, before, counts = work(lanes, deepest_of(exact)), memory(lanes), np.zeros(lanes, np.int64)
    first = arrivals.signals.first
    for n in range(span.begin, span.end):
        k = n - span.begin
        fill(streams.steps, room.normals, lanes, 1.0)
        found = flow_block(exact, own, room)
        if found > 0 or first[0, k] < first[0, k + 1] or exact.t_ref is not None:
            at = (span.neuron, n, k)
            exact_spikes(exact, at, streams, own, room, found, arrivals, recording)
        else:
            take_over(own, room)
        at = (span.neuron, n, span.begin)
        move_levels(levels, at, state, room.normals, (before, counts), arrivals, recording)
        recording.marks[k + 1] = recording.recorded[0]


@borrowing()
def move_levels(levels, at, state, normals, room, arrivals, recording):
    """Hand the noise of a finest step to the levels, and move those whose step is full then.

    `at` are the neuron, the step from time 0, and the one that signals are counted from.
    """
    neuron, n, begin = at
    before, counts = room
    pending, lanes, count = state.pending, state.v.shape[1], levels.order.size
    shape_lanes(entry(levels.step, 0), normals, pending[0])
    # Level k moves when its step is full, and hands its noise to the next coarser.
    for k in range(count):
        row, own = levels.order[k], entry(levels.step, k)
        v, i, noise = state.v[row], state.i[row], pending[k]
        taken = (n + 1) // levels.per_level[k]
        if own.hold > 0.0:
            moved = State(v, i, counts, state.held[row])
            spiked = advance_holding(own, moved, noise, before)
        else:
            spiked = advance_remembering(own, v, i, noise, before)
        if spiked > 0:
            record_crossed(own, neuron, row + 1, taken * own.h, noise, before, recording)
        signal_step = taken - 1 - begin // levels.per_level[k]
        deliver(arrivals.signals, row + 1, signal_step, arrivals.weight, i)
        full = k + 1 < count and (n + 1) % levels.per_level[k + 1] == 0
        if k + 1 < count:
            for lane in range(lanes):
                join(own, pending[k + 1], noise, lane)
        noise[:] = 0.0
        if not full:
            break
