"""The largest step below which an error stays within its tolerance."""

from __future__ import annotations

import math
from collections.abc import Callable

CLOSE = 0.03
"""Relative distance from the tolerance at which the search ends."""

SMALLEST = 2.0**-60
"""Smallest share of the largest step that is looked at."""


def largest_step(size: Callable[[float], float], top: float, tolerance: float) -> float:
    """Return the largest step, up to `top`, below which the size of the error is within tolerance.

    Steps are tried upwards from a small one, by factors of two at most: an error that passes its
    tolerance, and comes back to it at a larger step by cancellation, stops the search.

    Parameters
    ----------
    size : callable
        The error's size at a step.
    top : float
        Largest step allowed.
    tolerance : float
        Largest error allowed.

    Returns
    -------
    float
        0 if no step is small enough.

    Examples
    --------
    >>> round(largest_step(lambda h: 2.0 * h, 1.0, 0.1), 3), largest_step(lambda h: 0.0, 1.0, 0.1)
    (0.05, 1.0)
    """
    h, found = top / 16.0, size(top / 16.0)
    while found > tolerance:
        h *= min(0.5, 0.9 * tolerance / found)
        if h < SMALLEST * top:
            return 0.0
        found = size(h)
    while h < top:
        low, at_low = h, found
        h = min(top, h * min(2.0, max(1.05, 0.99 * tolerance / max(found, 0.25 * tolerance))))
        found = size(h)
        if found > tolerance:
            return _between(size, (low, at_low), (h, found), tolerance)
        if h < top and found > (1.0 - CLOSE) * tolerance:
            return h
    return top


def _between(
    size: Callable[[float], float],
    low: tuple[float, float],
    high: tuple[float, float],
    tolerance: float,
) -> float:
    """Return a step within tolerance, between one that is and one that is not."""
    for _ in range(12):
        if low[1] > (1.0 - CLOSE) * tolerance or high[0] < low[0] * (1.0 + 0.5 * CLOSE):
            break
        share = ((1.0 - 0.5 * CLOSE) * tolerance - low[1]) / (high[1] - low[1])
        log = math.log(high[0] / low[0])
        h = low[0] * math.exp(min(0.9, max(0.1, share)) * log)
        found = size(h)
        low, high = (low, (h, found)) if found > tolerance else ((h, found), high)
    return low[0]
