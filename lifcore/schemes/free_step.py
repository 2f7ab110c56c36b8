"""An exact step of many lanes as if there were no threshold, and in which a spike is possible.

Nearly all steps end here: what follows (:mod:`lifcore.schemes.exact`) is for the suspects.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from lifcore.noise.dispatch import borrowing
from lifcore.schemes.crossings import top
from lifcore.schemes.refinement import Pieces, guard_of, pieces


class Work(NamedTuple):
    """What one step of all lanes is worked out on.

    Its normals, shape (3, lanes), (V, I) at the step's end without a threshold, shape (2, lanes),
    the lanes in which a spike cannot be ruled out, and a stack to halve them on.

    Examples
    --------
    >>> work(4, 3).normals.shape
    (3, 4)
    """

    normals: np.ndarray
    end: np.ndarray
    suspect: np.ndarray
    stack: Pieces


@njit(nogil=True, cache=True)
def work(lanes, deepest):
    """Return room to work on a step of so many lanes that is halved at most so many times."""
    normals, end, suspect = np.empty((3, lanes)), np.empty((2, lanes)), np.empty(lanes, np.bool_)
    return Work(normals, end, suspect, pieces(deepest))


@borrowing()
def deepest_of(step):
    """Return how many times a step may be halved."""
    return step.bridges.rows.shape[0] - 1


@borrowing()
def flow_block(step, state, room):
    """Move all lanes of a neuron by one exact step as if there were no threshold.

    Works in `room`, and returns the number of lanes in which a spike cannot be ruled out.
    """
    bound = step.g, step.mu, guard_of(step)
    return flow_lanes(step.flow, bound, state.v, state.i, room.normals, room.end, room.suspect)


@borrowing()
def flow_lanes(flow, bound, v, i, normals, end, suspect):
    """Move lanes by one exact step as if there were no threshold.

    `bound` is leak, mean current, and the height of V from which on a lane is suspect. Writes
    (V, I) at the step's end into `end`, shape (2, lanes), marks the lanes in which a spike cannot
    be ruled out, and returns their number. `normals` has shape (3, lanes).
    """
    c = flow.noise
    c10, c11, c20, c21, c22 = c[1, 0], c[1, 1], c[2, 0], c[2, 1], c[2, 2]
    decay_i, decay_v, gain, drift = flow.decay_i, flow.decay_v, flow.gain, flow.drift
    g, mu, guard = bound
    third = flow.h / 3.0
    found = 0
    for lane in range(v.size):
        z0, z1, z2 = normals[0, lane], normals[1, lane], normals[2, lane]
        v0, x = v[lane], i[lane] - mu
        i1 = mu + decay_i * x + (c10 * z0 + c11 * z1)
        v1 = decay_v * v0 + gain * x + drift + (c20 * z0 + c21 * z1 + c22 * z2)
        v_top = top(v0, v1, third * (i[lane] - g * v0), third * (i1 - g * v1))
        end[0, lane] = v1
        end[1, lane] = i1
        suspect[lane] = v_top >= guard
        found += suspect[lane]
    return found


@borrowing()
def take_over(state, room):
    """Make the end of a step what the next one begins with."""
    v, i, end = state.v, state.i, room.end
    for lane in range(v.size):
        v[lane] = end[0, lane]
        i[lane] = end[1, lane]
