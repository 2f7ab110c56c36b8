"""Observables for weak errors: functions of (V, I, N) that any executor can be sent.

They fit a neuron with V_r = 0 and V_th = 1. A function of your own will do as well, for
threads; for an executor of processes it must be importable there, as these are.
"""

from __future__ import annotations

import numpy as np


def smooth_step(v: np.ndarray, i: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return tanh(3 (V - 1/2)), smooth and bounded.

    Examples
    --------
    >>> float(smooth_step(np.array(0.5), np.array(1.0), np.array(0)))
    0.0
    """
    return np.tanh(3.0 * (v - 0.5))


def sine_of_current(v: np.ndarray, i: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return sin I.

    Examples
    --------
    >>> float(sine_of_current(np.array(0.5), np.array(0.0), np.array(0)))
    0.0
    """
    return np.sin(i)


def hill(v: np.ndarray, i: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return exp(-(V - 1/2)² - (I - 1)²), a function of both.

    Examples
    --------
    >>> float(hill(np.array(0.5), np.array(1.0), np.array(0)))
    1.0
    """
    return np.exp(-((v - 0.5) ** 2) - (i - 1.0) ** 2)


def threshold_bump(v: np.ndarray, i: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return a Gaussian bump of width 0.15 at V = 1.

    Examples
    --------
    >>> float(threshold_bump(np.array(1.0), np.array(1.0), np.array(0)))
    1.0
    """
    return np.exp(-0.5 * ((v - 1.0) / 0.15) ** 2)


def near_threshold(v: np.ndarray, i: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return the indicator of V > 0.9.

    Examples
    --------
    >>> near_threshold(np.array([0.8, 0.95]), np.ones(2), np.zeros(2)).tolist()
    [False, True]
    """
    return v > 0.9


def spike_count(v: np.ndarray, i: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return N, the number of spikes so far.

    Examples
    --------
    >>> spike_count(np.zeros(2), np.zeros(2), np.array([3, 0])).tolist()
    [3, 0]
    """
    return n


def voltage_square(v: np.ndarray, i: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return V².

    Examples
    --------
    >>> float(voltage_square(np.array(0.5), np.array(1.0), np.array(0)))
    0.25
    """
    return v * v
