"""The kernels of the equation on the threshold, summed over times: the only work that counts."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from lifcore.stationary.free_process import FreeProcess

# K(A, A') of (1), shape (n - below, n), and l(A') of (2).
Kernel = tuple[np.ndarray, np.ndarray]

_FAR = 20.0  # standard deviations beyond which a transition density is dropped (1e-87)
_SMALL = 200.0  # and from which exponent on an exponential is, as far out


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
    slope = cov / var_i
    law = np.stack([
        weight, k, shift, np.sqrt(var_v), slope, var_v - cov * slope, var_i,
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
    n = speed.size
    for q in range(law.shape[1]):
        weight, k, shift, sd, slope, var, var_i, forget, pull, fades = law[:, q]
        parity, half, half_i = q % 2, 0.5 / var, 0.5 / var_i
        scale, reach = weight / (2.0 * math.pi * math.sqrt(var_i * var)), _FAR * math.sqrt(var_i)
        low = below
        for j in range(n):
            mean, drop = k * speed[j] + shift, fades * fall[j]
            border[parity, j] += weight * (_normal(mean / sd) - _normal((mean - drop) / sd))
            if min(abs(mean), abs(mean - drop)) >= _FAR * sd:
                continue
            mean_y = forget * speed[j] + pull
            while low < n and speed[low] < mean_y - reach:
                low += 1
            for i in range(low, n):
                y = speed[i] - mean_y
                if y > reach:
                    break
                x, square = slope * y + mean, half_i * y * y
                fallen, stayed = square + half * (x - drop) ** 2, square + half * x * x
                value = math.exp(-fallen) if fallen < _SMALL else 0.0
                if stayed < _SMALL:
                    value -= math.exp(-stayed)
                kernel[parity, j, i - below] += scale * value
