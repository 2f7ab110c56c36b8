"""What the equations of the two schemes on the grid share: numbers of steps, and the bordered end.

Both write the stationary law of a chain as that of the free one with a sink where it spikes and a
source at the reset. A neuron that waits m steps after each spike is away for a share m Q of all
steps, Q being spikes in a step: of the free law 1 - m Q is left, the equations stay as they are,
and the Q_0 that they give without that factor leads to Q = Q_0 / (1 + m Q_0).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import ndtr

from lifcore import checks
from lifcore.models.neuron import LIF
from lifcore.stationary.free_process import FreeProcess

SURELY = 6.0
"""Standard deviations of the current that may not take V from reset to threshold in a step."""

_FINER = 2.0**0.5
_MOST = 2_000_000  # steps in the memory of a membrane


def solved(
    lif: LIF,
    h: float,
    asked: tuple[float, float],
    rate_of: Callable[[FreeProcess, tuple[float, int], float, float], float],
) -> float:
    """Return a rate that no longer changes, after its arguments have been checked.

    Parameters
    ----------
    lif, h : LIF, float
        The neuron and the step.
    asked : tuple of float
        Tolerance and work.
    rate_of : callable
        The rate, given the free process, step and steps of waiting, how much finer than the first
        its grid is, and the work.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or the step is too fine.

    Examples
    --------
    >>> solved(LIF(t_ref=0.2), 0.1, (1e-5, 1e9), lambda free, step, finer, work: float(step[1]))
    2.0
    """
    free = FreeProcess(lif, refractory=True)
    tolerance = checks.real("tolerance", asked[0], at_least=1e-10, at_most=1e-2)
    work = checks.real("work", asked[1], above=0.0)
    h = checks.real("h", h, above=0.0)
    if 40.0 / (free.g * h) > _MOST:
        raise ValueError(f"h = {h!r} is too fine; allowed: at least {40.0 / free.g / _MOST:g}")
    held = int(checks.held_steps(free.t_ref, h))
    if held > _MOST:
        raise ValueError(
            f"h = {h!r} is too fine for t_ref = {free.t_ref!r}; allowed: at least "
            f"{free.t_ref / _MOST:g}"
        )
    finer, before = 1.0, math.inf
    while True:
        rate = rate_of(free, (h, held), finer, work)
        if abs(rate - before) <= tolerance * abs(rate):
            return rate
        before, finer = rate, finer * _FINER


def refuse_leap(h: float, climbed: float, drop: float) -> None:
    """Refuse a step in which V may get from reset to threshold: the equations leave that out.

    Examples
    --------
    >>> refuse_leap(0.1, 0.3, 1.0)
    """
    if climbed >= drop:
        raise ValueError(
            f"h = {h!r} takes a fast current from reset to threshold in a step, for which the "
            "equation does not hold; allowed: a smaller step"
        )


def refuse_work(h: float, entries: float, work: float) -> None:
    """Refuse a grid that is too large.

    Examples
    --------
    >>> refuse_work(0.1, 1e6, 1e9)
    """
    if entries > work:
        raise RuntimeError(
            f"h = {h!r}: not converged before the grid grew too large; raise h, work or tolerance"
        )


def free_law(
    free: FreeProcess, speed: np.ndarray, depth: np.ndarray, cov: tuple[float, float, float]
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the law of the free chain, whose covariances of V, V and I, and I are given.

    Its density at the nodes, a function along which the condition is added to the equation, and
    the chance to be above the threshold.

    Examples
    --------
    >>> free = FreeProcess(LIF(mu=0.8))
    >>> cov = free.var_v, free.cov, free.var_i
    >>> density, _, above = free_law(free, np.zeros(2), np.ones((2, 3)), cov)
    >>> density.shape, above < 0.5
    ((6,), True)
    """
    vv, vi, ii = cov
    slope = vi / ii
    y, left = speed[:, None] - free.mean_i, vv - slope * vi
    x = -depth - free.mean_v - slope * y
    density = np.exp(-0.5 * (y * y / ii + x * x / left)) / (2.0 * math.pi * math.sqrt(ii * left))
    bend = np.broadcast_to(np.exp(-0.5 * y * y / ii), depth.shape)
    return density.ravel(), bend.ravel(), float(ndtr(free.mean_v / math.sqrt(vv)))


def spikes_in_a_step(
    kernel: np.ndarray,
    weight: np.ndarray,
    border: np.ndarray,
    law: tuple[np.ndarray, np.ndarray, float],
    held: int,
) -> float:
    """Return the chance of a spike in a step, of the equation bordered by its condition.

    Parameters
    ----------
    kernel : ndarray, shape (n, n)
        From a source, the first axis, to a target.
    weight : ndarray, shape (n,)
        Of the nodes.
    border : ndarray, shape (n,)
        The condition's function l.
    law : tuple
        What `free_law` returns.
    held : int
        Steps of waiting.

    Returns
    -------
    float

    Examples
    --------
    >>> one = np.ones(1)
    >>> spikes_in_a_step(np.zeros((1, 1)), one, one, (0.1 * one, one, 0.1), 5)
    0.06666666666666667
    """
    source, bend, above = law
    ell = weight * border
    bend = bend / (bend @ ell)
    matrix = np.eye(weight.size) - kernel.T * weight + np.outer(bend, ell)
    without = float(np.linalg.solve(matrix, source + above * bend) @ weight)
    return without / (1.0 + held * without)


def plan(most: int, terms: int) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of steps with weights, for a sum over all from 1 to `most` and a little more.

    Up to 2 `terms` each; then n is as much as `terms` times the stride, or twice that.

    Examples
    --------
    >>> steps, weights = plan(1000, 16)
    >>> steps.size, round(float(weights.sum()), 6)
    (113, 1023.5)
    """
    weights: dict[int, float] = dict.fromkeys(range(1, 2 * terms), 1.0)
    begin, weights[2 * terms] = 2 * terms, 0.5

    def add(n: int, weight: float) -> None:
        weights[n] = weights.get(n, 0.0) + weight

    while begin < most:
        stride = begin // terms
        end = begin + stride * math.ceil(begin / stride)
        for n in range(begin, end + 1, stride):
            add(n, stride * (0.5 if n in (begin, end) else 1.0))
        correction = (stride**2 - 1) / 12.0  # times the derivative at the ends, by a difference
        for at, sign, far in ((end, -1.0, 2 * stride), (begin, 1.0, stride)):
            add(at + far, 0.5 * sign * correction / far)
            add(at - far, -0.5 * sign * correction / far)
        begin = end
    steps = np.array(sorted(weights))
    return steps, np.array([weights[n] for n in steps])
