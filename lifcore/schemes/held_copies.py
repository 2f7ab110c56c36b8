r"""Copies of a neuron on one noise as in :mod:`lifcore.schemes.copies`, with a refractory time.

A copy that spikes a little later is released a little later. While both are held they do not
differ in V at all, and what is left of their distance is that of their releases. A pause is that of
:mod:`lifcore.schemes.held`: a free process starts at the reset together with it, and its height at
the release is what V owes to the pause. Two copies have the same one but for an instant, and so
what they are apart comes from the piece in which both are released.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from lifcore.noise.bridges import DECAY_V, LENGTH, SPREAD
from lifcore.noise.dispatch import borrowing
from lifcore.noise.exponentials import exp, log
from lifcore.noise.sources import fill, halving_normals, of_lane, refining
from lifcore.schemes.copies import rescale
from lifcore.schemes.crossings import CLEARANCE, STEEPNESS, first_crossing, on_cubic, top
from lifcore.schemes.free_step import deepest_of, flow_block, work
from lifcore.schemes.held import RELEASED
from lifcore.schemes.refinement import Begin, end_of_piece, guard_of, halve, whole_step

FALL, LOGS, STILL = 0, 1, 2
"""What is found of a copy in a piece: V's fall below the free end, its logs, and time held yet."""


@borrowing()
def _judge(step, d, ends, slopes, held, out):
    """Find spikes and releases of a potential in a piece; return -1 if it must be halved.

    Else the number of spikes. The logs are -log A of each spike and log|I - g v_reset| of each
    release.
    """
    v, v_end = ends
    slope, slope_end = slopes
    rows = step.bridges.rows
    length, deepest = rows[d, LENGTH], rows.shape[0] - 1
    gap = step.v_th - step.v_reset
    out[FALL], out[LOGS], out[STILL] = 0.0, 0.0, 0.0
    if held >= length:
        out[FALL], out[STILL] = v_end - step.v_reset, held - length
        return 0
    fine = d >= deepest or (d >= step.root_depth and rows[d, SPREAD] <= RELEASED * gap)
    waiting, until = held > 0.0, held / length  # until: where in the piece V is released
    if (waiting and not fine) or (v <= step.v_th and d < step.first_depth):
        return -1
    left, found = 0.0, 0
    while True:
        rest = length * (1.0 - left)
        if waiting:
            u = (until - left) / (1.0 - left) if left < 1.0 else 0.0
            more, slope_free = on_cubic(
                v - step.v_reset, v_end - step.v_reset, rest * slope, rest * slope_end, u
            )
            slope = (slope_free / rest if rest > 0.0 else slope) + step.g * more
            out[LOGS] += log(abs(slope))
            fall = more * exp(-step.g * (length * (1.0 - until)))
            left, waiting = until, False
        else:
            third = rest / 3.0
            highest = top(v, v_end, third * slope, third * slope_end)
            near = v <= step.v_th and highest + CLEARANCE * rows[d, SPREAD] >= step.v_th
            if not near and found == 0:
                break
            u, rise = first_crossing(
                v - step.v_th, v_end - step.v_th, rest * slope, rest * slope_end
            )
            if found == 0 and d < deepest:
                steep = u >= 0.0 and step.sigma * math.sqrt(length) <= STEEPNESS * (rise / rest)
                if not steep or d < step.root_depth:
                    return -1
            if u < 0.0:
                break
            speed = rise / rest
            left += u * (1.0 - left)
            until = (left * length + step.t_ref) / length
            if until < 1.0 and not fine:
                return -1
            found += 1
            out[LOGS] -= log(speed)
            if until >= 1.0:
                out[FALL] += v_end - step.v_reset
                out[STILL] = (until - 1.0) * length
                break
            fall = gap * exp(-step.g * (length * (1.0 - left)))
            slope, waiting = speed + step.g * gap, True
        v = step.v_reset
        v_end -= fall
        slope_end += step.g * fall
        out[FALL] += fall
    return found


@borrowing()
def _refine(step, begin, apart, held, source, found_by, stack):
    """Carry a reference and its copies through one step, as `refine_flock` does, with pauses.

    Changes `apart` and `held`; returns V and I of the reference, its spikes, and the logs.
    """
    rows = step.bridges.rows
    deepest = rows.shape[0] - 1
    copies = apart.size
    own = g, _, _, _ = step.g, step.mu, step.sigma, step.a
    v, i = begin.v, begin.i
    noise = stack.noise
    size, spiked, logs = 1, 0, 0.0
    while size > 0:
        size -= 1
        d = stack.order[size, 0]
        y = noise[size, 0], noise[size, 1], noise[size, 2]
        v_end, i_end = end_of_piece(rows, d, own, (v, i), y)
        found = 0
        for c in range(-1, copies):
            more = apart[c] if c >= 0 else 0.0
            first, last = v + more, v_end + rows[d, DECAY_V] * more
            slopes = i - g * first, i_end - g * last
            count = _judge(step, d, (first, last), slopes, held[c + 1], found_by[c + 1])
            if count < 0:
                found = -1
                break
            if c < 0:
                found = count
        if found < 0 and d < deepest:
            halving_normals(source, (0, 0), 0, stack.z)
            halve(rows, d, y, stack, size)
            size += 2
            continue
        held[0] = found_by[0, STILL]
        for c in range(copies):
            held[c + 1] = found_by[c + 1, STILL]
            apart[c] = rows[d, DECAY_V] * apart[c] + (found_by[0, FALL] - found_by[c + 1, FALL])
            if held[0] > 0.0 and held[c + 1] > 0.0:
                apart[c] = 0.0
        spiked += found
        logs += found_by[0, LOGS]
        v, i = (step.v_reset if held[0] > 0.0 else v_end - found_by[0, FALL]), i_end
    return v, i, spiked, logs


@njit(nogil=True, cache=True)
def held_flock_block(step, steps, streams, flock, rescaling, sums):
    """Carry a block of flocks with a refractory time over some steps, in place.

    Distances are drawn back where no copy is held, and only there.
    """
    v, i, apart, held = flock.v, flock.i, flock.apart, flock.held
    lanes, copies = apart.shape
    h, third = step.flow.h, step.flow.h / 3.0
    guard = guard_of(step)
    room = work(lanes, deepest_of(step))
    end, stack = room.end, room.stack
    found_by = np.empty((copies + 1, 3))
    source = refining(streams.refinement)
    for _ in range(steps):
        fill(streams.steps, room.normals, lanes, 1.0)
        flow_block(step, flock, room)
        for lane in range(lanes):
            sums.drive[lane] += step.flow.noise[0, 0] * room.normals[0, lane]
            least, most, more = held[lane, 0], held[lane, 0], 0.0
            for c in range(copies):
                least, most = min(least, held[lane, c + 1]), max(most, held[lane, c + 1])
                more = max(more, apart[lane, c])
            if least >= h:
                for c in range(copies + 1):
                    held[lane, c] -= h
                i[lane] = end[1, lane]
                continue
            highest = more + top(
                v[lane], end[0, lane], third * (i[lane] - step.g * v[lane]),
                third * (end[1, lane] - step.g * end[0, lane]),
            )  # fmt: skip
            if most == 0.0 and highest < guard:
                v[lane] = end[0, lane]
                for c in range(copies):
                    apart[lane, c] *= step.flow.decay_v
            else:
                whole_step(step, room.normals, lane, stack)
                v[lane], _, spiked, logs = _refine(
                    step, Begin(0.0, v[lane], i[lane]), apart[lane], held[lane],
                    of_lane(source, lane), found_by, stack,
                )  # fmt: skip
                sums.counts[lane] += spiked
                sums.logs[lane] += logs
            i[lane] = end[1, lane]
            still = False
            for c in range(copies + 1):
                still |= held[lane, c] > 0.0
            if rescaling.distance > 0.0 and not still:
                rescale(rescaling, apart[lane], rescaling.growth[lane])
