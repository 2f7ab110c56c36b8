"""The kernels of the equation on the threshold, summed over times: the only work that counts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from lifcore.stationary.free_process import FreeProcess
from lifcore.stationary.release import release

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
        By how much resets are late; not with a refractory time, which delays them by itself.

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
    if free.t_ref > 0.0:
        return _kernels_with_pause(free, speed, below, t, weight)
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


def _kernels_with_pause(
    free: FreeProcess, speed: np.ndarray, below: int, t: np.ndarray, weight: np.ndarray
) -> tuple[Kernel, Kernel]:
    """Return the same with a source that is spread over the currents at the release."""
    k, shift, var_v, cov, var_i = free.flow(t)
    forget, pull = np.exp(-free.a * t), -free.mean_i * np.expm1(-free.a * t)
    then = release(free.a, free.mean_i, free.var_i, free.t_ref)
    stayed = _law(k, shift, forget, pull, (var_v, cov, var_i))
    fallen = _law(
        k * then.forget,
        shift + k * then.shift - np.exp(-free.g * t) * free.drop,
        forget * then.forget,
        pull + forget * then.shift,
        tuple(
            part + then.variance * more
            for part, more in ((var_v, k * k), (cov, k * forget), (var_i, forget * forget))
        ),
    )
    kernel, border = np.zeros((2, speed.size, speed.size - below)), np.zeros((2, speed.size))
    _lay(fallen, weight, speed, below, kernel, border)
    _lay(stayed, -weight, speed, below, kernel, border)
    kernel = kernel.swapaxes(1, 2)
    return (kernel.sum(0), border.sum(0)), (2 * kernel[0], 2 * border[0])


def _law(
    k: np.ndarray, shift: np.ndarray, forget: np.ndarray, pull: np.ndarray, spread: tuple[Any, ...]
) -> np.ndarray:
    """Return a Gaussian law as rows: x of mean k A + shift, y of mean forget A + pull."""
    var_v, cov, var_i = spread
    slope = cov / var_v
    return np.stack([k, shift, var_v, slope, var_i - cov * slope, forget, pull])


@njit(nogil=True, cache=True)
def _lay(law, weights, speed, below, kernel, border):
    """Add a law's density on the threshold to the kernel, and its mass below it to the border."""
    for q in range(law.shape[1]):
        k, shift, var_v, slope, var, forget, pull = law[:, q]
        sd, scale = math.sqrt(var_v), weights[q] / (2.0 * math.pi * math.sqrt(var * var_v))
        for j in range(speed.size):
            x, mean_i = k * speed[j] + shift, forget * speed[j] + pull
            border[q % 2, j] -= weights[q] * _normal(x / sd)
            _add(kernel[q % 2, j], speed, below, (x, mean_i), (var_v, slope, var), scale)


@njit(nogil=True, cache=True)
def _normal(x):
    return 0.5 * math.erfc(-x * math.sqrt(0.5))


@njit(nogil=True, cache=True)
def _add_up(law, speed, below, fall, kernel, border):
    """Add the times up, even and odd ones apart; only what is near its mean is looked at."""
    for q in range(law.shape[1]):
        weight, k, shift, var_v, slope, var, forget, pull, fades = law[:, q]
        sd, scale = math.sqrt(var_v), weight / (2.0 * math.pi * math.sqrt(var * var_v))
        for j in range(speed.size):
            stayed, row = k * speed[j] + shift, kernel[q % 2, j]
            fallen, mean_i = stayed - fades * fall[j], forget * speed[j] + pull
            border[q % 2, j] += weight * (_normal(stayed / sd) - _normal(fallen / sd))
            _add(row, speed, below, (fallen, mean_i), (var_v, slope, var), scale)
            _add(row, speed, below, (stayed, mean_i), (var_v, slope, var), -scale)


@njit(nogil=True, cache=True)
def _add(row, speed, below, mean, law, factor):
    """Add a normal density on the threshold, from where to where it is not minute."""
    x, mean_i = mean
    var_v, slope, var = law
    room = _SMALL - 0.5 * x * x / var_v
    if room > 0.0:
        half = 0.5 / var
        peak, reach = mean_i - slope * x, math.sqrt(2.0 * var * room)
        first = max(below, np.searchsorted(speed, peak - reach))
        for i in range(first, np.searchsorted(speed, peak + reach)):
            y = speed[i] - peak
            row[i - below] += factor * math.exp(room - _SMALL - half * y * y)
