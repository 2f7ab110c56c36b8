r"""Copies of a neuron on one noise: exact paths that share current and Brownian path.

Two potentials driven by the same current differ by d exp(-g t) between spikes, exactly; only
resets change that. So a flock is one reference V and the differences of its copies, which are
carried by themselves: a difference of 1e-7 keeps nine figures, where that of two potentials
near 1 would keep eight at the start and lose more with every step.

Bridge refinement is shared as well: a piece of a step is halved if any of the copies needs it,
and its middle is drawn once, so that all copies see the same refined path.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from lifcore.noise.bridges import DECAY_V, LENGTH, SPREAD
from lifcore.noise.dispatch import borrowing
from lifcore.noise.exponentials import exp, log, log1p
from lifcore.noise.sources import fill, halving_normals, of_lane, refining
from lifcore.schemes.crossings import CLEARANCE, STEEPNESS, first_crossing, top
from lifcore.schemes.refinement import (
    Begin,
    end_of_piece,
    guard_of,
    halve,
    pieces,
    whole_step,
)


@borrowing()
def _judge(step, d, ends, slope, slope_end, out):
    """Find the spikes of a potential in a piece, given at its ends; return -1 if it must be halved.

    Else the number of spikes; `out` then holds by how much their resets lower V at the piece's
    end, and the sum of their log(1 + g (v_th - v_reset)/speed).
    """
    v, v_end = ends
    out[0] = 0.0
    out[1] = 0.0
    length = step.bridges.rows[d, LENGTH]
    if v > step.v_th:
        return 0
    deepest = step.bridges.rows.shape[0] - 1
    if d < step.first_depth:
        return -1
    third = length / 3.0
    if top(v, v_end, third * slope, third * slope_end) + CLEARANCE * step.bridges.rows[
        d, SPREAD
    ] < (step.v_th):
        return 0
    gap = step.v_th - step.v_reset
    found = 0
    left = 0.0
    while True:
        rest = length * (1.0 - left)
        u, rise = first_crossing(v - step.v_th, v_end - step.v_th, rest * slope, rest * slope_end)
        if u < 0.0:
            # Nothing found: a crossing may still hide in the noise within the piece.
            return -1 if found == 0 and d < deepest else found
        speed = rise / rest
        if found == 0:
            steep = step.sigma * math.sqrt(length) <= STEEPNESS * speed
            if (not steep or d < step.root_depth) and d < deepest:
                return -1
        left = left + u * (1.0 - left)
        found += 1
        fall = gap * exp(-step.g * (length * (1.0 - left)))
        out[0] += fall
        out[1] += log1p(step.g * gap / speed)
        v_end -= fall
        slope_end += step.g * fall
        v, slope = step.v_reset, speed + step.g * gap


class Flock(NamedTuple):
    """A block of flocks: V and I of the references, shape (lanes,), and what copies are apart.

    ``apart`` has shape (lanes, copies). ``held`` tells for how long V of the reference and of its
    copies still stays at the reset, shape (lanes, copies + 1); it has no rows without a refractory
    time.

    Examples
    --------
    >>> Flock(np.zeros(4), np.ones(4), np.full((4, 1), 1e-7)).apart.shape
    (4, 1)
    """

    v: np.ndarray
    i: np.ndarray
    apart: np.ndarray
    held: np.ndarray = np.empty((0, 1))


class Rescaling(NamedTuple):
    """How copies are kept near: a distance, the largest that is drawn back, and what that gave.

    If `distance` > 0 an `apart` that has left [distance/10, 10 distance] is set to it, unless it is
    larger than `limit`, and the logarithm of its growth goes into `growth`, shape (lanes, copies).

    Examples
    --------
    >>> Rescaling(0.0, 0.0, np.zeros((4, 1))).distance
    0.0
    """

    distance: float
    limit: float
    growth: np.ndarray


class Looks(NamedTuple):
    """What is kept after every `every` steps, if `seen` (looks, lanes, copies + 2) has room.

    V of the reference, what the copies are apart, and the noise's sum.

    Examples
    --------
    >>> Looks(1, np.empty((0, 4, 3))).every
    1
    """

    every: int
    seen: np.ndarray


@borrowing()
def refine_flock(step, begin, apart, source, found_by, stack):
    """Carry a reference V and its copies V + apart[c] through one step with their spikes.

    Changes `apart` and returns V and I at the step's end, the reference's number of spikes and
    the sum of their logarithmic saltation factors. `stack` holds the whole step; `found_by`, shape
    (copies + 1, 2), is scratch.
    """
    rows = step.bridges.rows
    deepest = rows.shape[0] - 1
    copies = apart.size
    own = g, _, _, _ = step.g, step.mu, step.sigma, step.a
    v, i = begin.v, begin.i
    noise = stack.noise
    size = 1
    spiked, logs = 0, 0.0
    while size > 0:
        size -= 1
        d = stack.order[size, 0]
        y = noise[size, 0], noise[size, 1], noise[size, 2]
        v_end, i_end = end_of_piece(rows, d, own, (v, i), y)
        found = 0
        for c in range(-1, copies):
            more = apart[c] if c >= 0 else 0.0
            first, last = v + more, v_end + rows[d, DECAY_V] * more
            count = _judge(step, d, (first, last), i - g * first, i_end - g * last, found_by[c + 1])
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
        for c in range(copies):
            apart[c] = rows[d, DECAY_V] * apart[c] + (found_by[0, 0] - found_by[c + 1, 0])
        spiked += found
        logs += found_by[0, 1]
        v, i = v_end - found_by[0, 0], i_end
    return v, i, spiked, logs


@njit(nogil=True, cache=True)
def flock_block(step, span, streams, flock, rescaling, sums, looks):
    """Carry a block of flocks from step to step, in place."""
    v, i, apart = flock.v, flock.i, flock.apart
    lanes, copies = apart.shape
    flow = step.flow
    n = flow.noise
    n10, n11, n20, n21, n22 = n[1, 0], n[1, 1], n[2, 0], n[2, 1], n[2, 2]
    third = flow.h / 3.0
    guard = guard_of(step)
    normals = np.empty((3, lanes))
    found_by = np.empty((copies + 1, 2))
    stack = pieces(step.bridges.rows.shape[0] - 1)
    source = refining(streams.refinement)
    for k in range(span[0], span[1]):
        fill(streams.steps, normals, lanes, 1.0)
        for lane in range(lanes):
            z0, z1, z2 = normals[0, lane], normals[1, lane], normals[2, lane]
            sums.drive[lane] += n[0, 0] * z0
            v0, i0 = v[lane], i[lane]
            x = i0 - step.mu
            i1 = step.mu + flow.decay_i * x + (n10 * z0 + n11 * z1)
            v1 = flow.decay_v * v0 + flow.gain * x + flow.drift + (n20 * z0 + n21 * z1 + n22 * z2)
            # The highest copy is the one to look at: they never overtake one another in a
            # step without spikes.
            more = 0.0
            for c in range(copies):
                more = max(more, apart[lane, c])
            if top(v0, v1, third * (i0 - step.g * v0), third * (i1 - step.g * v1)) + more < guard:
                v[lane], i[lane] = v1, i1
                for c in range(copies):
                    apart[lane, c] *= flow.decay_v
            else:
                whole_step(step, normals, lane, stack)
                v[lane], i[lane], spiked, logs = refine_flock(
                    step,
                    Begin(0.0, v0, i0),
                    apart[lane],
                    of_lane(source, lane),
                    found_by,
                    stack,
                )
                sums.counts[lane] += spiked
                sums.logs[lane] += logs
            if rescaling.distance > 0.0:
                rescale(rescaling, apart[lane], rescaling.growth[lane])
        if looks.seen.size > 0 and (k + 1) % looks.every == 0:
            seen = looks.seen[(k + 1) // looks.every - 1]
            for lane in range(lanes):
                seen[lane, 0] = v[lane]
                for c in range(copies):
                    seen[lane, c + 1] = apart[lane, c]
                seen[lane, copies + 1] = sums.drive[lane]


@borrowing()
def rescale(rescaling, apart, growth):
    """Set copies that have left the range of distances back, and add up their growth."""
    distance = rescaling.distance
    for c in range(apart.size):
        size = abs(apart[c])
        if size < 0.1 * distance or 10.0 * distance < size <= rescaling.limit:
            growth[c] += log(size / distance)
            apart[c] = math.copysign(distance, apart[c])
