r"""The exact solution with a refractory time: V is held at the reset, and released inside a step.

While V is held, the free process that starts at the reset together with it goes on: it is linear,
so that all V owes to the pause is known once that process is known at the release. There the step
is halved until the cubic through the ends of a piece is V up to `RELEASED`; the release is in the
last one, and V starts at the reset once more.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from lifcore.noise.bridges import LENGTH, SPREAD
from lifcore.noise.dispatch import borrowing
from lifcore.noise.exponentials import exp
from lifcore.noise.sources import halving_normals, of_lane, refining
from lifcore.schemes.crossings import (
    CLEARANCE,
    STEEPNESS,
    first_crossing,
    jump_response,
    on_cubic,
    top,
)
from lifcore.schemes.refinement import (
    Jumps,
    end_of_piece,
    guard_of,
    halve,
    whole_step,
)
from lifcore.schemes.signals import Signals
from lifcore.schemes.state import Arrivals, Label, record

RELEASED = 1e-9
"""Spread of a bridge, over V_th - V_r, in which a release may lie."""


class Wait(NamedTuple):
    """Where a neuron is at the start of a step, and for how long it is still held.

    Examples
    --------
    >>> Wait(time=0.5, v=0.0, i=1.2, held=0.25).held
    0.25
    """

    time: float
    v: float
    i: float
    held: float


@njit(nogil=True, cache=True)
def no_input():
    """Return arrivals in which nothing arrives in step 0."""
    none = np.empty(0, np.uint32)
    return Arrivals(Signals(np.zeros((1, 2), np.int64), none, none, np.empty(0)), np.empty(0))


@borrowing()
def _jumps_while_held(step, jumps, span, elapsed, length):
    """Return what jumps add to I at the end of a piece that is held, or to its end."""
    more = 0.0
    for j in range(span[0], span[1]):
        after = length - min(max(jumps.times[j] - elapsed, 0.0), length)
        more += jumps.sizes[j] * exp(-step.a * after)
    return more


@borrowing()
def refine_held(step, begin, stack, source, key, jumps, label, recording):
    """Find the spikes and releases of one neuron in one step, as `refine` finds spikes.

    Returns V and I at the step's end, the number of spikes, and for how long V is held still.
    """
    rows = step.bridges.rows
    deepest = rows.shape[0] - 1
    own = step.g, step.mu, step.sigma, step.a
    g, _, sigma, a = own
    gap = step.v_th - step.v_reset
    jump_times, jump_sizes = jumps.times, jumps.sizes
    time, v, i, held = begin.time, begin.v, begin.i, begin.held
    order, noise, z = stack
    size, spiked, elapsed, next_jump = 1, 0, 0.0, 0
    while size > 0:
        size -= 1
        d, place = order[size, 0], order[size, 1]
        y = noise[size, 0], noise[size, 1], noise[size, 2]
        length = rows[d, LENGTH]
        tie = 1e-14 * rows[0, LENGTH] / length
        v_end, i_end = end_of_piece(rows, d, own, (v, i), y)
        slope, slope_end = i - g * v, i_end - g * v_end
        last_jump = next_jump
        while last_jump < jump_times.size and (
            size == 0 or jump_times[last_jump] < elapsed + length
        ):
            last_jump += 1
        fine = d >= deepest or (d >= step.root_depth and rows[d, SPREAD] <= RELEASED * gap)
        waiting, out = held > 0.0, held / length  # out: where in the piece V is released
        below = v <= step.v_th
        whole = held >= length
        split = not whole and ((waiting and not fine) or (below and d < step.first_depth))
        left, v_left, jump, found, still = 0.0, v, next_jump, 0, 0.0
        if whole:
            v_end, still = step.v_reset, held - length
            i_end += _jumps_while_held(step, jumps, (jump, last_jump), elapsed, length)
        while not (split or whole):
            rest = length * (1.0 - left)
            third = rest / 3.0
            u, rise = -1.0, 0.0
            if not waiting:
                highest = top(v_left, v_end, third * slope, third * slope_end)
                near = below and highest + CLEARANCE * rows[d, SPREAD] >= step.v_th
                undecided = found == 0 and d < deepest
                if near and undecided and rest > 0.0:
                    middle = 3.0 * (v_end - v_left) - rest * (slope + slope_end)
                    largest = max(max(rest * slope, rest * slope_end), middle)
                    split = d < step.root_depth or (
                        sigma * math.sqrt(length) > STEEPNESS * (1.0 + 1e-9) * (largest / rest)
                    )
                    if split:
                        break
                if near or found > 0:
                    u, rise = first_crossing(
                        v_left - step.v_th, v_end - step.v_th, rest * slope, rest * slope_end
                    )
                if undecided:
                    steep = u >= 0.0 and sigma * math.sqrt(length) <= STEEPNESS * (rise / rest)
                    split = (near and not steep) or (u >= 0.0 and d < step.root_depth)
                    if split:
                        break
            at = 2.0
            if jump < last_jump:
                at = min(max((jump_times[jump] - elapsed) / length, left), 1.0)
            if waiting and out <= at:
                u = (out - left) / (1.0 - left) if left < 1.0 else 0.0
                free, slope_free = on_cubic(v_left, v_end, rest * slope, rest * slope_end, u)
                more = free - step.v_reset
                slope = (slope_free / rest if rest > 0.0 else slope) + g * more
                v_end -= more * exp(-g * (length * (1.0 - out)))
                v_left, left, waiting, below = step.v_reset, out, False, True
            elif u >= 0.0 and left + u * (1.0 - left) <= at + tie:
                speed = rise / rest
                until = (left + u * (1.0 - left)) * length + step.t_ref
                split = until < length and not fine
                if split:
                    break
                left = left + u * (1.0 - left)
                found += 1
                record(recording, label, time + left * length, speed, 0.0)
                if until >= length:
                    v_end, still = step.v_reset, until - length
                    i_end += _jumps_while_held(step, jumps, (jump, last_jump), elapsed, length)
                    break
                v_end -= gap * exp(-g * (length * (1.0 - left)))
                v_left, slope = step.v_reset, speed + g * gap
                waiting, out = True, until / length
            elif at <= 1.0:
                u_jump = (at - left) / (1.0 - left) if left < 1.0 else 0.0
                v_left, slope = on_cubic(v_left, v_end, rest * slope, rest * slope_end, u_jump)
                slope = slope / rest if rest > 0.0 else i_end - g * v_left
                i_more, v_more = jump_response(g, a, length * (1.0 - at))
                i_end += jump_sizes[jump] * i_more
                v_end += jump_sizes[jump] * v_more
                slope += jump_sizes[jump]
                left = at
                jump += 1
            else:
                break
            slope_end = i_end - g * v_end
        if split:
            halving_normals(source, key, place, z)
            halve(rows, d, y, stack, size)
            size += 2
            continue
        spiked += found
        time += length
        elapsed += length
        next_jump = last_jump
        v, i, held = v_end, i_end, still
    return v, i, spiked, held


@njit(nogil=True, cache=True)
def finish_held(step, at, streams, state, room, arrivals, recording):
    """Finish a step of all lanes whose free end and suspects are in `room`.

    `at` are the neuron's number, that of the step from time 0, and that among the signals.
    """
    neuron, n, signal_step = at
    signals, weight, h = arrivals.signals, arrivals.weight, step.flow.h
    e, last = signals.first[0, signal_step], signals.first[0, signal_step + 1]
    v, i, end, held, time = state.v, state.i, room.end, state.held, n * h
    guard = guard_of(step)
    times, sizes = np.empty(last - e), np.empty(last - e)
    source, stack = refining(streams.refinement), room.stack
    for lane in range(v.size):
        count, push = 0, 0.0
        while e < last and signals.lane[e] == lane:
            size = weight[signals.source[e]]
            if size != 0.0:
                times[count] = min(max(signals.time[e] - time, 0.0), h)
                sizes[count] = size
                push += max(size, 0.0) * (h - times[count])
                count += 1
            e += 1
        jumps = Jumps(times[:count], sizes[:count])
        if held[lane] >= h:
            held[lane] -= h
            v[lane] = step.v_reset
            i[lane] = end[1, lane] + _jumps_while_held(step, jumps, (0, count), 0.0, h)
            continue
        third = h / 3.0
        highest = push + top(
            v[lane], end[0, lane], third * (i[lane] - step.g * v[lane]),
            third * (end[1, lane] - step.g * end[0, lane]),
        )  # fmt: skip
        if held[lane] > 0.0 or highest >= guard:
            whole_step(step, room.normals, lane, stack)
            v[lane], i_end, spiked, held[lane] = refine_held(
                step, Wait(time, v[lane], i[lane], held[lane]), stack,
                of_lane(source, lane), (0, 0), jumps, Label(np.int64(lane), neuron, 0), recording,
            )  # fmt: skip
            i[lane] = i_end if count > 0 else end[1, lane]  # which V and pieces do not touch
            state.counts[lane] += spiked
            continue
        v[lane], i[lane] = end[0, lane], end[1, lane]
        for k in range(count):
            i_more, v_more = jump_response(step.g, step.a, h - times[k])
            v[lane] += sizes[k] * v_more
            i[lane] += sizes[k] * i_more


@njit(nogil=True, cache=True)
def held_finished(t_ref, step, at, streams, state, room, arrivals, recording):
    """Finish a step if the neuron has a refractory time; return whether it has.

    Without one `t_ref` is None, and nothing of this module is compiled: an argument's type decides
    which branch there is. So it is with `arrivals`, which are None without input.
    """
    if t_ref is None:
        return False
    if arrivals is None:
        finish_held(step, at, streams, state, room, no_input(), recording)
    else:
        finish_held(step, at, streams, state, room, arrivals, recording)
    return True
