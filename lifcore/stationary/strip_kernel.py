"""The kernels of the equation on the strip, summed over numbers of steps."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_SMALL = 60.0  # the exponent from which on an exponential is dropped (1e-26)


@njit(nogil=True, cache=True)
def laws(fade, forget, h, variance, drift, count):
    """Return the law of 0 to `count` steps, a row each.

    What V keeps, its response to I, what I keeps; the means of V and I from (0, 0); the
    covariances of V with itself, of V and I, of I with itself.
    """
    out = np.empty((count + 1, 8))
    v, b, i = 1.0, 0.0, 1.0
    mean_v, mean_i, vv, vi, ii = 0.0, 0.0, 0.0, 0.0, 0.0
    for n in range(count + 1):
        out[n, 0], out[n, 1], out[n, 2] = v, b, i
        out[n, 3], out[n, 4] = mean_v, mean_i
        out[n, 5], out[n, 6], out[n, 7] = vv, vi, ii
        vv, vi, ii = vv + variance * b * b, vi + variance * b * i, ii + variance * i * i
        mean_v, mean_i = mean_v + drift * b, mean_i + drift * i
        v, b, i = v * fade, v * h + b * forget, i * forget
    return out


@njit(nogil=True, cache=True)
def _normal(x):
    return 0.5 * math.erfc(-x * math.sqrt(0.5))


@njit(nogil=True, cache=True)
def add_up(table, plan, speed, depth, late, past, stayed, fallen, border):
    """Add up what returns to the strip n + 1 steps after a spike, without its reset and with it.

    Sources are `late[j, l]` above the threshold after their first step, or `drop` below it, targets
    `depth[i, k]` below it; `stayed` has the shape (j, l, i, k), and `fallen` (j, i, k).
    """
    steps, weights = plan
    forget, drop = past
    for t in range(steps.size):
        n, weight = steps[t], weights[t]
        fade, response, keep = table[n, 0], table[n, 1] * forget, table[n, 2] * forget
        mean_v, mean_i, vv, vi, ii = table[n + 1, 3:]
        slope, sd, reach = vi / ii, math.sqrt(vv), math.sqrt(2.0 * _SMALL * ii)
        var = vv - vi * slope
        half, half_i = 0.5 / var, 0.5 / ii
        scale = weight / (2.0 * math.pi * math.sqrt(var * ii))
        for j in range(speed.size):
            shift, centre = response * speed[j] + mean_v, keep * speed[j] + mean_i
            first = np.searchsorted(speed, centre - reach)
            end = np.searchsorted(speed, centre + reach)
            low = shift - fade * drop
            gone = _normal(low / sd)
            _add(fallen[j], speed, depth, (first, end), (centre, low, slope), (half, half_i, scale))
            for m in range(late.shape[1]):
                high = shift + fade * late[j, m]
                border[j, m] += weight * (_normal(high / sd) - gone)
                law, shape = (centre, high, slope), (half, half_i, scale)
                _add(stayed[j, m], speed, depth, (first, end), law, shape)


@njit(nogil=True, cache=True)
def _add(row, speed, depth, window, law, shape):
    """Add a normal density on the strip, for speeds in a window."""
    centre, middle, slope = law
    half, half_i, scale = shape
    for i in range(window[0], window[1]):
        far = speed[i] - centre
        level, at = half_i * far * far, middle + slope * far
        for k in range(depth.shape[1]):
            x = depth[i, k] + at
            e = level + half * x * x
            if e < _SMALL:
                row[i, k] += scale * math.exp(-e)
