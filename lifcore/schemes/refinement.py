r"""The reference: the exact flow on a grid, and spikes found by bridge refinement.

Between grid points V is known through its values and slopes at both ends (V' = I - gV is
known there too), up to a bridge of standard deviation sigma sqrt(h³/192). A step in which
the cubic through these data stays clear of the threshold by several such deviations has no
spike. Any other step is halved, its middle drawn conditionally on both ends, again and
again, until each piece is either clear or crosses steeply compared with the noise left
inside it; the root of the cubic is then the spike's time, its slope the crossing speed.

A presynaptic spike adds its weight w to I, and to V from then on w times the voltage kernel
of :mod:`lifcore.noise.covariance`. V stays continuous and bends: the cubic is laid anew through
what V and its slope are at that instant and at the piece's end.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from lifcore.noise.sources import halving_normals
from lifcore.schemes.crossings import (
    CLEARANCE,
    STEEPNESS,
    first_crossing,
    jump_response,
    on_cubic,
    top,
)
from lifcore.schemes.state import record


class Pieces(NamedTuple):
    """A stack of the pieces of a step that are still ahead, the nearest last.

    Depth, noise of the chain, and place in the tree of halves, whose root is 1 and where the
    halves of n are 2 n and 2 n + 1; and scratch for the noise of one piece, and for the normals
    of a halving.

    Examples
    --------
    >>> pieces(3).depths.size
    5
    """

    depths: np.ndarray
    places: np.ndarray
    noise: np.ndarray
    y: np.ndarray
    z: np.ndarray


class Begin(NamedTuple):
    """Where a neuron is at the start of a step.

    Examples
    --------
    >>> Begin(time=0.5, v=0.0, i=1.2).i
    1.2
    """

    time: float
    v: float
    i: float


class Jumps(NamedTuple):
    """Jumps of I within a step, in order; times are counted from the step's start.

    Examples
    --------
    >>> Jumps(np.array([0.1]), np.array([0.3])).sizes.tolist()
    [0.3]
    """

    times: np.ndarray
    sizes: np.ndarray


@njit(nogil=True, cache=True, inline="always")
def pieces(deepest):
    """Return an empty stack for pieces of down to `deepest` halvings."""
    size = deepest + 2
    return Pieces(
        np.empty(size, np.int64), np.empty(size, np.int64), np.empty((size, 3)), np.empty(3),
        np.empty(3),
    )  # fmt: skip


@njit(nogil=True, cache=True, inline="always")
def whole_step(step, normals, stack):
    """Put the whole step onto the empty stack."""
    for r in range(3):
        total = 0.0
        for c in range(r + 1):
            total += step.flow.chain[r, c] * normals[c]
        stack.noise[0, r] = total
    stack.depths[0] = 0
    stack.places[0] = 1


@njit(nogil=True, cache=True)
def halve(table, d, y, z, depths, noise, size):
    """Put the halves of a piece of depth d and noise y onto the stack, the first one on top.

    The middle of its noise is drawn conditionally on y, by the normals z.
    """
    first = table.mean[d]
    root = table.root[d]
    for r in range(3):
        middle = 0.0
        for c in range(3):
            middle += first[r, c] * y[c]
        for c in range(r + 1):
            middle += root[r, c] * z[c]
        noise[size + 1, r] = middle
    forward = table.transfer[d + 1]
    for r in range(3):
        carried = 0.0
        for c in range(r + 1):
            carried += forward[r, c] * noise[size + 1, c]
        noise[size, r] = y[r] - carried
    depths[size] = d + 1
    depths[size + 1] = d + 1


@njit(nogil=True, cache=True, inline="always")  # a step is too large to be handed on for a sum
def end_of_piece(step, d, v, i, y):
    """Return V and I at the end of a piece of depth d with noise y, without a threshold."""
    table = step.bridges
    i_end = step.mu + table.decay_i[d] * (i - step.mu) + step.sigma * (y[0] - step.a * y[1])
    v_end = (
        table.decay_v[d] * v
        + table.gain[d] * (i - step.mu)
        + table.drift[d]
        + step.sigma * (y[1] - step.g * y[2])
    )
    return v_end, i_end


@njit(nogil=True, cache=True)
def refine(step, begin, normals, source, key, jumps, label, recording):
    """Find the spikes of one neuron in one step, by halving it where that is needed.

    `normals` are the three of the step; those of its halvings come from `source`, which is asked
    for the noise of a neuron in a step, the `key`, if it draws by key (:mod:`lifcore.noise.keyed`).

    Returns V and I at the step's end and the number of spikes, each of which is recorded. What is
    found before a jump does not depend on that jump, nor on any later one.
    """
    table = step.bridges
    deepest = table.length.size - 1
    g, sigma, a = step.g, step.sigma, step.a
    gap = step.v_th - step.v_reset
    jump_times, jump_sizes = jumps.times, jumps.sizes
    time, v, i = begin.time, begin.v, begin.i
    stack = pieces(deepest)
    whole_step(step, normals, stack)
    depths, places, noise, y, z = stack
    size = 1
    spiked = 0
    elapsed = 0.0
    next_jump = 0
    while size > 0:
        size -= 1
        d, place = depths[size], places[size]
        y[:] = noise[size]
        length = table.length[d]
        # A jump at the very time of a spike, as by a synapse onto itself, comes after it.
        tie = 1e-14 * table.length[0] / length
        v_end, i_end = end_of_piece(step, d, v, i, y)
        slope, slope_end = i - g * v, i_end - g * v_end
        last_jump = next_jump
        while last_jump < jump_times.size and (
            size == 0 or jump_times[last_jump] < elapsed + length
        ):
            last_jump += 1
        # From above the threshold there is no way up through it: such a piece has no spike.
        below = v <= step.v_th
        split = below and d < step.first_depth
        left, v_left, jump = 0.0, v, next_jump
        found = 0
        while not split:
            # As if no jump came any more, is there a spike in the rest of the piece?
            rest = length * (1.0 - left)
            third = rest / 3.0
            highest = top(v_left, v_end, third * slope, third * slope_end)
            near = below and highest + CLEARANCE * table.spread[d] >= step.v_th
            u, rise = -1.0, 0.0
            if near or found > 0:
                u, rise = first_crossing(
                    v_left - step.v_th, v_end - step.v_th, rest * slope, rest * slope_end
                )
            if found == 0 and d < deepest:
                # A crossing must be steep; without one, it may still hide in the noise.
                steep = u >= 0.0 and sigma * math.sqrt(length) <= STEEPNESS * (rise / rest)
                split = (near and not steep) or (u >= 0.0 and d < step.root_depth)
                if split:
                    break
            at = 2.0
            if jump < last_jump:
                at = min(max((jump_times[jump] - elapsed) / length, left), 1.0)
            if u >= 0.0 and left + u * (1.0 - left) <= at + tie:
                speed = rise / rest
                left = left + u * (1.0 - left)
                found += 1
                record(recording, label, time + left * length, speed, 0.0)
                # The state is linear, so a reset shifts what follows by a decaying constant.
                v_end -= gap * math.exp(-g * (length * (1.0 - left)))
                v_left, slope = step.v_reset, speed + g * gap
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
            halve(table, d, y, z, depths, noise, size)
            places[size], places[size + 1] = 2 * place + 1, 2 * place
            size += 2
            continue
        spiked += found
        time += length
        elapsed += length
        next_jump = last_jump
        v, i = v_end, i_end
    return v, i, spiked
