"""One neuron of a block, exactly and by a scheme at several step sizes, on the same noise."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from lifcore.schemes.exact import exact_advance_driven, work
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
    lanes, count = state.v.shape[1], levels.order.size
    room = work(lanes)
    before = memory(lanes)
    pending, counts = state.pending, np.zeros(lanes, np.int64)
    finest = entry(levels.step, 0)
    for n in range(span.begin, span.end):
        at = (span.neuron, n, n - span.begin)
        exact_advance_driven(exact, at, streams, state.exact, room, arrivals, recording)
        shape_lanes(finest, room.normals, pending[0])
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
                time = taken * own.h
                record_crossed(own, span.neuron, row + 1, time, noise, before, recording)
            signal_step = taken - 1 - span.begin // levels.per_level[k]
            deliver(arrivals.signals, row + 1, signal_step, arrivals.weight, i)
            if k + 1 == count:
                noise[:] = 0.0
                break
            for lane in range(lanes):
                join(own, pending[k + 1], noise, lane)
            noise[:] = 0.0
            if (n + 1) % levels.per_level[k + 1] != 0:
                break
        recording.marks[n - span.begin + 1] = recording.recorded[0]
