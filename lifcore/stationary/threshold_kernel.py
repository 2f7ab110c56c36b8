"""The kernels of the equation on the threshold, summed over times: the only work that counts."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from lifcore.stationary.free_process import FreeProcess

# K(A, A') of (1), shape (n - below, n), and l(A') of (2).
Kernel = tuple[np.ndarray, np.ndarray]

_SMALL = 80.0  # the exponent from which on an exponential is dropped (1e-35)


def kernels(
    free: FreeProcess, speed: np.ndarray, below: int, t: np.ndarray, late: float = 0.0
) -> tuple[Kernel, Kernel]:
    """Return K(A, A') of (1) and l(A') of (2): on all times, and on every other time.

    Equations as in `lifcore.stationary.threshold_equation`.

    Parameters
    ----------
    free : FreeProcess
        The neuron without spikes.
    speed : ndarray, shape (n,)
        Increasing crossing speeds.
    below : int
        How many of them, the slowest, are sources only.
    t : ndarray
        Times, an odd number of them, uniform in log t.
    late : float, optional
        By how much resets are late.

    Returns
    -------
    (kernel, border), (kernel, border)
        Arrays of shape (n - below, n) and (n,).

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> free, t = FreeProcess(LIF()), np.geomspace(0.01, 40.0, 81)
    >>> fine, coarse = kernels(free, np.array([0.5, 1.0]), 0, t)
    >>> fine[0].shape, fine[1].shape
    ((2, 2), (2,))
    """
    weight = t * math.log(t[1] / t[0])
    weight[[0, -1]] /= 2
    k, shift, var_v, cov, var_i = free.flow(t)
    # the law of V, and that of I given V: the threshold is a line V = V_th
    slope = cov / var_v
    law = np.stack([
        weight, k, shift, var_v, slope, var_i - cov * slope,
        np.exp(-free.a * t), -free.mean_i * np.expm1(-free.a * t), np.exp(-free.g * t),
    ])  # fmt: skip
    fall = free.drop + late * (speed + free.g * free.drop)
    kernel, border = np.zeros((2, speed.size, speed.size - below)), np.zeros((2, speed.size))
    _add_up(law, speed, below, fall, kernel, border)
    kernel = kernel.swapaxes(1, 2)
    return (kernel.sum(0), border.sum(0)), (2 * kernel[0], 2 * border[0])


@njit(nogil=True, cache=True)
def _normal(x):
    return 0.5 * math.erfc(-x * math.sqrt(0.5))


@njit(nogil=True, cache=True)
def _add_up(law, speed, below, fall, kernel, border):
    """Add the times up, even and odd ones apart; only what is near its mean is looked at."""
    for q in range(law.shape[1]):
        weight, k, shift, var_v, slope, var, forget, pull, fades = law[:, q]
        half, sd = 0.5 / var, math.sqrt(var_v)
        scale = weight / (2.0 * math.pi * math.sqrt(var * var_v))
        for j in range(speed.size):
            stayed, row = k * speed[j] + shift, kernel[q % 2, j]
            fallen, mean_i = stayed - fades * fall[j], forget * speed[j] + pull
            border[q % 2, j] += weight * (_normal(stayed / sd) - _normal(fallen / sd))
            for x, factor in ((fallen, scale), (stayed, -scale)):
                room = _SMALL - 0.5 * x * x / var_v
                if room > 0.0:
                    peak, reach = mean_i - slope * x, math.sqrt(2.0 * var * room)
                    first = max(below, np.searchsorted(speed, peak - reach))
                    for i in range(first, np.searchsorted(speed, peak + reach)):
                        y = speed[i] - peak
                        row[i - below] += factor * math.exp(room - _SMALL - half * y * y)
