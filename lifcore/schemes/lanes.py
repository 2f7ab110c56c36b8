"""Loops over all lanes of a block, for any scheme on the grid."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from lifcore.noise.dispatch import borrowing
from lifcore.noise.sources import fill
from lifcore.schemes.scheme import crossing, move, reset, shape, spread
from lifcore.schemes.signals import deliver
from lifcore.schemes.state import Label, record

AHEAD = 8
"""Steps whose noise is drawn at once: a call for each would cost more than a row of bits."""


class Memory(NamedTuple):
    """V and I of a step's start, and in which lanes it ended in a spike.

    Examples
    --------
    >>> memory(4).crossed.size
    4
    """

    v: np.ndarray
    i: np.ndarray
    crossed: np.ndarray


@njit(nogil=True, cache=True)
def memory(lanes):
    """Return an empty memory."""
    return Memory(np.empty(lanes), np.empty(lanes), np.empty(lanes, np.bool_))


@borrowing()
def draw_lanes(own, source, width, noise):
    """Draw the noise of one step, shape (components, lanes), from `width` numbers a component."""
    fill(source, noise, width, spread(own, 1.0))
    for k in range(noise.shape[1]):
        shape(own, noise, k)


@borrowing()
def shape_lanes(own, normals, noise):
    """Turn standard normals, shape (components, lanes or more), into the noise of one step."""
    scale = spread(own, 1.0)
    for r in range(noise.shape[0]):
        for k in range(noise.shape[1]):
            noise[r, k] = scale * normals[r, k]
    for k in range(noise.shape[1]):
        shape(own, noise, k)


@borrowing()
def advance(own, state, noise):
    """Take one step of a neuron on all lanes and count its spikes; changes `state`."""
    v, i, counts = state.v, state.i, state.counts
    for k in range(v.size):
        v_new, i_new = move(own, v[k], i[k], noise, k)
        above = v_new >= own.v_th
        counts[k] += above
        v[k] = reset(own, v[k], i[k], v_new, i_new) if above else v_new
        i[k] = i_new


@borrowing()
def advance_ahead(own, state, ahead, components):
    """Take several steps on all lanes, from noise that is drawn but not yet shaped."""
    v, i, counts = state.v, state.i, state.counts
    for row in range(0, ahead.shape[0], components):
        noise = ahead[row : row + components]
        for k in range(v.size):
            shape(own, noise, k)
            v_new, i_new = move(own, v[k], i[k], noise, k)
            above = v_new >= own.v_th
            counts[k] += above
            v[k] = reset(own, v[k], i[k], v_new, i_new) if above else v_new
            i[k] = i_new


@borrowing()
def advance_remembering(own, v, i, noise, before):
    """Take the same step to the last bit, keep what `record_crossed` needs; return the spikes."""
    spiked = 0
    for k in range(v.size):
        before.v[k] = v[k]
        before.i[k] = i[k]
        v_new, i_new = move(own, v[k], i[k], noise, k)
        above = v_new >= own.v_th
        before.crossed[k] = above
        spiked += above
        v[k] = reset(own, v[k], i[k], v_new, i_new) if above else v_new
        i[k] = i_new
    return spiked


@borrowing()
def hold(own, steps, v, v_new, held):
    """Return V at the end of a step to `v_new`, how many steps it is held yet, and if it spiked.

    After the step of a spike V is held for `steps` steps, ``own.hold`` in the type of `held`.
    """
    waits = held > 0
    above = (v_new >= own.v_th) & (not waits)
    v_end = own.v_reset if above else (v if waits else v_new)
    return v_end, steps if above else held - waits, above


@borrowing()
def advance_holding(own, state, noise, before):
    """Take one step of a neuron with a refractory time; count its spikes and return how many.

    I goes on while V is held (`hold`). Keeps what `record_crossed` needs.
    """
    v, i, held = state.v, state.i, state.held
    spiked = 0
    for k in range(v.size):
        before.v[k] = v[k]
        before.i[k] = i[k]
        v_new, i[k] = move(own, v[k], i[k], noise, k)
        v[k], held[k], above = hold(own, own.hold, v[k], v_new, held[k])
        before.crossed[k] = above
        spiked += above
        state.counts[k] += above
    return spiked


@borrowing()
def record_crossed(own, neuron, series, time, noise, before, recording):
    """Record the spikes that `advance_remembering` has just found."""
    for k in range(before.crossed.size):
        if before.crossed[k]:
            v, i = before.v[k], before.i[k]
            v_new, i_new = move(own, v, i, noise, k)
            speed, early, lag = crossing(own, v, i, v_new, i_new)
            record(recording, Label(k, neuron, series), time - early, speed, lag)


@njit(nogil=True, cache=True)
def grid_neuron(own, span, streams, state, arrivals, recording):
    """Carry one neuron on all lanes over a span of steps, in place.

    Draws its normals in the order step, component, lane. Records
    spikes if there is room for any, else only counts them. A signal of step n enters the current
    at that step's end.
    """
    lanes, components, series = state.v.size, span.components, np.int64(0)
    ahead = np.empty((AHEAD * components, lanes))
    before = memory(lanes)
    silent, driven = recording.spikes.size == 0, arrivals.weight.size > 0
    holding = own.hold > 0.0
    for first in range(span.begin, span.end, AHEAD):
        last = min(first + AHEAD, span.end)
        rows = (last - first) * components
        fill(streams.steps, ahead[:rows], span.width, spread(own, 1.0))
        if silent and not driven and not holding:
            advance_ahead(own, state, ahead[:rows], components)
            continue
        for n in range(first, last):
            row = (n - first) * components
            noise = ahead[row : row + components]
            for k in range(lanes):
                shape(own, noise, k)
            if holding:
                spiked = advance_holding(own, state, noise, before)
                if spiked > 0 and not silent:
                    record_crossed(
                        own, span.neuron, series, (n + 1) * own.h, noise, before, recording
                    )
            elif silent:
                advance(own, state, noise)
            elif advance_remembering(own, state.v, state.i, noise, before) > 0:
                record_crossed(own, span.neuron, series, (n + 1) * own.h, noise, before, recording)
                for k in range(lanes):
                    state.counts[k] += before.crossed[k]
            recording.marks[n - span.begin + 1] = recording.recorded[0]
            if driven:
                deliver(arrivals.signals, 0, n - span.begin, arrivals.weight, state.i)
