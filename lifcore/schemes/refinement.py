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

from lifcore.noise.bridges import (
    DECAY_I,
    DECAY_V,
    DRIFT,
    GAIN,
    LENGTH,
    MEAN,
    ROOT,
    SPREAD,
    TRANSFER,
)
from lifcore.noise.dispatch import borrowing
from lifcore.noise.exponentials import exp
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

MOST = 1_000_000
"""Spikes of a neuron in a step above which its run is given up."""

TOO_MANY = (
    "weights, mu or start make a neuron spike more than a million times (in networks with loops, "
    "more than a thousand times) in a step of the exact scheme, as where a network excites itself "
    "so strongly that its currents grow without bound; allowed: smaller ones"
)


class Pieces(NamedTuple):
    """A stack of the pieces of a step that are still ahead, the nearest last.

    Depth, and place in the tree of halves, whose root is 1 and where the halves of n are 2 n and
    2 n + 1, shape (pieces, 2); noise of the chain, (pieces, 3); and scratch for the normals of a
    halving.

    Examples
    --------
    >>> pieces(3).order.shape
    (5, 2)
    """

    order: np.ndarray
    noise: np.ndarray
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


@borrowing()
def guard_of(step):
    """Return the height from which on a neuron may cross within the step."""
    if step.first_depth > 0:
        return -math.inf
    return step.v_th - CLEARANCE * step.bridges.rows[0, SPREAD]


@njit(nogil=True, cache=True, inline="always")
def pieces(deepest):
    """Return an empty stack for pieces of down to `deepest` halvings."""
    size = deepest + 2
    return Pieces(np.empty((size, 2), np.int64), np.empty((size, 3)), np.empty(3))


@njit(nogil=True, cache=True, inline="always")
def whole_step(step, normals, lane, stack):
    """Put the whole step of a lane onto the empty stack; `normals` has shape (3, lanes)."""
    for r in range(3):
        total = 0.0
        for c in range(r + 1):
            total += step.flow.chain[r, c] * normals[c, lane]
        stack.noise[0, r] = total
    stack.order[0, 0] = 0
    stack.order[0, 1] = 1


@borrowing()
def halve(rows, d, y, stack, size):
    """Put the halves of a piece of depth d and noise y onto the stack, the first one on top.

    The middle of its noise is drawn conditionally on y, by the normals z.
    """
    noise, z, order = stack.noise, stack.z, stack.order
    # Entry by entry: references to views of rows would be counted, at the price of these sums.
    for r in range(3):
        middle = 0.0
        for c in range(3):
            middle += rows[d, MEAN + 3 * r + c] * y[c]
        for c in range(r + 1):
            middle += rows[d, ROOT + 3 * r + c] * z[c]
        noise[size + 1, r] = middle
    for r in range(3):
        carried = 0.0
        for c in range(r + 1):
            carried += rows[d + 1, TRANSFER + 3 * r + c] * noise[size + 1, c]
        noise[size, r] = y[r] - carried
    place = order[size, 1]
    order[size, 0], order[size + 1, 0] = d + 1, d + 1
    order[size, 1], order[size + 1, 1] = 2 * place + 1, 2 * place


@borrowing()
def end_of_piece(rows, d, own, state, y):
    """Return V and I at the end of a piece of depth d with noise y, without a threshold.

    `own` are g, mu, sigma and a; the whole step would be too much to hand on for a sum.
    """
    g, mu, sigma, a = own
    v, i = state
    i_end = mu + rows[d, DECAY_I] * (i - mu) + sigma * (y[0] - a * y[1])
    v_end = (
        rows[d, DECAY_V] * v + rows[d, GAIN] * (i - mu) + rows[d, DRIFT] + sigma * (y[1] - g * y[2])
    )
    return v_end, i_end


@borrowing()
def refine(step, begin, stack, source, key, jumps, label, recording):
    """Find the spikes of one neuron in one step, by halving it where that is needed.

    `stack` holds the whole step (`whole_step`); the normals of its halvings come from `source`,
    which is asked for the noise of a neuron in a step, the `key`, if it draws by key
    (:mod:`lifcore.noise.keyed`).

    Returns V and I at the step's end and the number of spikes, each of which is recorded. What is
    found before a jump does not depend on that jump, nor on any later one.
    """
    rows = step.bridges.rows
    deepest = rows.shape[0] - 1
    own = step.g, step.mu, step.sigma, step.a
    g, _, sigma, a = own
    gap = step.v_th - step.v_reset
    jump_times, jump_sizes = jumps.times, jumps.sizes
    time, v, i = begin.time, begin.v, begin.i
    order, noise, z = stack
    size = 1
    spiked = 0
    elapsed = 0.0
    next_jump = 0
    while size > 0:
        size -= 1
        d, place = order[size, 0], order[size, 1]
        y = noise[size, 0], noise[size, 1], noise[size, 2]
        length = rows[d, LENGTH]
        # A jump at the very time of a spike, as by a synapse onto itself, comes after it.
        tie = 1e-14 * rows[0, LENGTH] / length
        v_end, i_end = end_of_piece(rows, d, own, (v, i), y)
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
            near = below and highest + CLEARANCE * rows[d, SPREAD] >= step.v_th
            undecided = found == 0 and d < deepest
            if near and undecided and rest > 0.0:
                # No root is needed where any that is found would be too early, or not steep: the
                # cubic's slope is nowhere above the largest of its derivative's Bézier points.
                middle = 3.0 * (v_end - v_left) - rest * (slope + slope_end)
                largest = max(max(rest * slope, rest * slope_end), middle)
                split = d < step.root_depth or (
                    sigma * math.sqrt(length) > STEEPNESS * (1.0 + 1e-9) * (largest / rest)
                )
                if split:
                    break
            u, rise = -1.0, 0.0
            if near or found > 0:
                u, rise = first_crossing(
                    v_left - step.v_th, v_end - step.v_th, rest * slope, rest * slope_end
                )
            if undecided:
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
                if spiked + found > MOST:
                    raise ValueError(TOO_MANY)
                record(recording, label, time + left * length, speed, 0.0)
                # The state is linear, so a reset shifts what follows by a decaying constant.
                v_end -= gap * exp(-g * (length * (1.0 - left)))
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
            halve(rows, d, y, stack, size)
            size += 2
            continue
        spiked += found
        time += length
        elapsed += length
        next_jump = last_jump
        v, i = v_end, i_end
    return v, i, spiked
