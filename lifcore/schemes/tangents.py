"""Saltation along the paths of a block: log s(A) of every spike, by the exact paths or Euler's."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from lifcore.noise.exponentials import log, log1p
from lifcore.noise.sources import fill
from lifcore.schemes.exact import exact_advance
from lifcore.schemes.free_step import deepest_of, work
from lifcore.schemes.lanes import advance_holding, advance_remembering, memory, shape_lanes


class Sums(NamedTuple):
    """What is added up along each path of a block, shape (lanes,).

    Logarithmic saltation factors, spikes, and the noise's increments; ``slowest[0]`` is the
    smallest crossing speed seen.

    Examples
    --------
    >>> sums(4).logs.tolist()
    [0.0, 0.0, 0.0, 0.0]
    """

    logs: np.ndarray
    counts: np.ndarray
    drive: np.ndarray
    slowest: np.ndarray


def sums(lanes: int) -> Sums:
    """Return sums that are zero yet.

    Examples
    --------
    >>> sums(2).slowest.tolist()
    [inf]
    """
    return Sums(np.zeros(lanes), np.zeros(lanes, np.int64), np.zeros(lanes), np.full(1, math.inf))


@njit(nogil=True, cache=True)
def exact_tangent(step, steps, streams, state, recording, sums):
    """Carry a block of exact paths over some steps and add up log s(A) of their spikes.

    `recording` is a buffer for the spikes of one step; returns how many it would have to hold. A
    speed that is not positive is left out.
    """
    lanes = state.v.size
    room = work(lanes, deepest_of(step))
    recorded = recording.recorded
    kick = step.g * (step.v_th - step.v_reset)
    needed = 0
    for _ in range(steps):
        recorded[0] = 0
        exact_advance(step, np.int64(0), streams, state, room, recording)
        needed = max(needed, recorded[0])
        for m in range(min(recorded[0], recording.spikes.size)):
            spike = recording.spikes[m]
            _add_saltation(kick, spike.speed, spike.lane, sums)
        for lane in range(lanes):
            sums.drive[lane] += step.flow.noise[0, 0] * room.normals[0, lane]
    return needed


@njit(nogil=True, cache=True)
def _add_saltation(kick, speed, lane, sums):
    sums.slowest[0] = min(sums.slowest[0], speed)
    if speed > 0.0:
        sums.logs[lane] += log1p(kick / speed)


@njit(nogil=True, cache=True)
def euler_tangent(own, steps, stream, state, sums):
    """Carry a block of Euler paths over some steps; add up log s at their own speeds."""
    lanes = state.v.size
    kick = own.g * (own.v_th - own.v_reset)
    noise = np.empty((1, lanes))
    before = memory(lanes)
    for _ in range(steps):
        fill(stream, noise, lanes, 1.0)
        shape_lanes(own, noise, noise)
        for lane in range(lanes):
            sums.drive[lane] += noise[0, lane]
        if advance_remembering(own, state.v, state.i, noise, before) > 0:
            for lane in range(lanes):
                if before.crossed[lane]:
                    _add_saltation(kick, before.i[lane] - own.i_th, lane, sums)
                    sums.counts[lane] += 1


@njit(nogil=True, cache=True)
def held_euler_tangent(own, steps, stream, state, sums):
    """Do the same with a refractory time: -log A of every spike and log|I - g v_reset| of releases.

    That is the current at which V would have moved in the last step that it is held: without such
    steps, that of the spike.
    """
    lanes = state.v.size
    noise, held = np.empty((1, lanes)), np.empty(lanes)
    before = memory(lanes)
    for _ in range(steps):
        fill(stream, noise, lanes, 1.0)
        shape_lanes(own, noise, noise)
        held[:] = state.held
        advance_holding(own, state, noise, before)
        for lane in range(lanes):
            sums.drive[lane] += noise[0, lane]
            if before.crossed[lane]:
                speed = before.i[lane] - own.i_th
                sums.slowest[0] = min(sums.slowest[0], speed)
                sums.logs[lane] -= log(speed)
            elif held[lane] > 0.0 and state.held[lane] == 0.0:
                sums.logs[lane] += log(abs(before.i[lane] - own.g * own.v_reset))
