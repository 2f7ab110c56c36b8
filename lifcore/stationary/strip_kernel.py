"""The kernels of the equations on the grid, summed over numbers of steps.

A law of n steps is a row: what V keeps, its response to I, what I keeps; the means of V and I from
(0, 0); the covariances of V with itself, of V and I, of I with itself.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_SMALL = 60.0  # the exponent from which on an exponential is dropped (1e-26)
_ANGLES, _PARTS = np.polynomial.legendre.leggauss(20)


@njit(nogil=True, cache=True)
def laws(step, count):
    """Return the laws of 0 to `count` steps, given what a row tells of one step."""
    fade, gain, forget, shift_v, shift_i, one_vv, one_vi, one_ii = step
    out = np.empty((count + 1, 8))
    out[0] = 0.0
    out[0, 0] = out[0, 2] = 1.0
    for n in range(count):
        v, b, i, mean_v, mean_i, vv, vi, ii = out[n]
        out[n + 1, 0], out[n + 1, 1], out[n + 1, 2] = fade * v, v * gain + b * forget, forget * i
        out[n + 1, 3] = fade * mean_v + gain * mean_i + shift_v
        out[n + 1, 4] = forget * mean_i + shift_i
        out[n + 1, 5] = fade * fade * vv + 2.0 * fade * gain * vi + gain * gain * ii + one_vv
        out[n + 1, 6] = forget * (fade * vi + gain * ii) + one_vi
        out[n + 1, 7] = forget * forget * ii + one_ii
    return out


@njit(nogil=True, cache=True)
def paused(table, count):
    """Return the laws of V that waits `count` steps, and of I that does not, for the steps after.

    What V keeps is of where it waits.
    """
    keep, mean, var = table[count, 2], table[count, 4], table[count, 7]
    out = table.copy()
    for n in range(table.shape[0]):
        b, i = table[n, 1], table[n, 2]
        out[n, 1], out[n, 2] = b * keep, i * keep
        out[n, 3] += b * mean
        out[n, 4] += i * mean
        out[n, 5] += b * b * var
        out[n, 6] += b * i * var
        out[n, 7] += i * i * var
    return out


@njit(nogil=True, cache=True)
def _normal(x):
    return 0.5 * math.erfc(-x * math.sqrt(0.5))


@njit(nogil=True, cache=True)
def both_above(x, y, correlation):
    """Return the chance that two normal numbers of that correlation are above -x and -y.

    By Plackett's derivative in the correlation, integrated by Gauss's rule in its angle.
    """
    angle, found = 0.5 * math.asin(correlation), 0.0
    for k in range(_ANGLES.size):
        sine = math.sin(angle * (1.0 + _ANGLES[k]))
        far = x * x + y * y - 2.0 * x * y * sine
        found += _PARTS[k] * math.exp(-0.5 * far / (1.0 - sine * sine))
    return _normal(x) * _normal(y) + found * angle / (2.0 * math.pi)


@njit(nogil=True, cache=True)
def add_up(tables, plan, speed, depth, late, drop, stayed, fallen, border):
    """Add up what returns to the strip n + 1 steps after a spike, without its reset and with it.

    Sources are `late[j, l]` above the threshold after their first step, or `drop` below it, targets
    `depth[i, k]` below it; `stayed` has the shape (j, l, i, k), and `fallen` (j, i, k).
    """
    free, wait = tables
    steps, weights = plan
    forget = free[1, 2]
    for t in range(steps.size):
        n, weight = steps[t], weights[t]
        fade, response, keep = free[n, 0], free[n, 1] * forget, free[n, 2] * forget
        up, down = _shape(free[n + 1], weight), _shape(wait[n], weight)
        sd, reset_sd = math.sqrt(free[n + 1, 5]), math.sqrt(wait[n, 5])
        for j in range(speed.size):
            low = wait[n, 1] * speed[j] + wait[n, 3] - wait[n, 0] * drop
            centre = wait[n, 2] * speed[j] + wait[n, 4]
            gone = _normal(low / reset_sd)
            _add(fallen[j], speed, depth, (centre, low), down)
            shift, centre = response * speed[j] + free[n + 1, 3], keep * speed[j] + free[n + 1, 4]
            for m in range(late.shape[1]):
                high = shift + fade * late[j, m]
                border[j, m] += weight * (_normal(high / sd) - gone)
                _add(stayed[j, m], speed, depth, (centre, high), up)


@njit(nogil=True, cache=True)
def _shape(law, weight):
    """Return a normal density's slope of V on I, half inverse variances, factor, reach of I."""
    slope = law[6] / law[7]
    var = law[5] - law[6] * slope
    scale = weight / (2.0 * math.pi * math.sqrt(var * law[7]))
    return slope, 0.5 / var, 0.5 / law[7], scale, math.sqrt(2.0 * _SMALL * law[7])


@njit(nogil=True, cache=True)
def _add(row, speed, depth, mean, shape):
    """Add a normal density on the strip, for speeds that it reaches."""
    centre, middle = mean
    slope, half, half_i, scale, reach = shape
    first, end = np.searchsorted(speed, centre - reach), np.searchsorted(speed, centre + reach)
    for i in range(first, end):
        far = speed[i] - centre
        level, at = half_i * far * far, middle + slope * far
        for k in range(depth.shape[1]):
            x = depth[i, k] + at
            e = level + half * x * x
            if e < _SMALL:
                row[i, k] += scale * math.exp(-e)


@njit(nogil=True, cache=True)
def add_joint(tables, plan, speed, depth, drop, held, kernel, border):
    """Add up what gets below the threshold after a spike with its reset, less what does without it.

    Sources are `depth[j, l]` below the threshold and end their next step above it; all is given
    that they do. Targets are `depth[i, k]` below it; `kernel` has the shape (j, l, i, k).
    """
    free, wait = tables
    steps, weights = plan
    one = free[1]
    width = math.sqrt(one[5])
    for t in range(steps.size):
        n, weight = steps[t], weights[t]
        up, down = free[n + 1], wait[n]
        shared = free[n, 0] * one[5] + free[n, 1] * one[6], free[n, 2] * one[6]
        kept = free[held, 2] * one[6]
        after = free[n, 1] * kept, free[n, 2] * kept
        high_shape, high_given = _shape(up, weight), _given(up, shared, one[5])
        low_shape, low_given = _shape(down, -weight), _given(down, after, one[5])
        for j in range(speed.size):
            for m in range(depth.shape[1]):
                start = one[1] * speed[j] + one[3] - one[0] * depth[j, m]
                chance = _normal(start / width)
                high = up[1] * speed[j] + up[3] - up[0] * depth[j, m]
                low = down[1] * speed[j] + down[3] - down[0] * drop
                high_i, low_i = up[2] * speed[j] + up[4], down[2] * speed[j] + down[4]
                own, first = kernel[j, m], (start, 1.0 / chance)
                _take(own, speed, depth, (high_i, high), high_shape, first, high_given)
                _take(own, speed, depth, (low_i, low), low_shape, first, low_given)
                sd, low_sd = math.sqrt(up[5]), math.sqrt(down[5])
                stays = both_above(start / width, high / sd, shared[0] / (width * sd))
                falls = both_above(start / width, low / low_sd, after[0] / (width * low_sd))
                border[j, m] += weight * (stays - falls) / chance


@njit(nogil=True, cache=True)
def _given(law, shared, variance):
    """Return how V after a first step depends on V and I later, and what scatter is left."""
    det = law[5] * law[7] - law[6] * law[6]
    on_v = (law[7] * shared[0] - law[6] * shared[1]) / det
    on_i = (law[5] * shared[1] - law[6] * shared[0]) / det
    left = variance - on_v * shared[0] - on_i * shared[1]
    return on_v, on_i, math.sqrt(0.5 / left)


@njit(nogil=True, cache=True)
def _take(row, speed, depth, mean, shape, first, given):
    """Take away a normal density, times the chance that its first step ended above."""
    centre, middle = mean
    slope, half, half_i, scale, reach = shape
    start, per_chance = first
    on_v, on_i, steep = given
    begin, end = np.searchsorted(speed, centre - reach), np.searchsorted(speed, centre + reach)
    for i in range(begin, end):
        far = speed[i] - centre
        level, at = half_i * far * far, middle + slope * far
        for k in range(depth.shape[1]):
            x = depth[i, k] + at
            e = level + half * x * x
            if e < _SMALL:
                late = start + on_i * far - on_v * (depth[i, k] + middle)
                seen = 0.5 * math.erfc(-steep * late) * per_chance
                row[i, k] -= scale * math.exp(-e) * seen
