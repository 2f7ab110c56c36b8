"""The stationary rate of one neuron without sampling: exactly, and of a scheme at step h.

Three regimes, each with its own method: no noise (closed forms), a drive that never rests
(`lifcore.advice.renewal`), and all others by the equation on the threshold: exactly, and on the
grid as the exact rate of a neuron with all three changes of `lifcore.weak.rate_parts` at once.
"""

from __future__ import annotations

import math
from dataclasses import replace

from lifcore import checks
from lifcore.advice.one_step import step_map, steps_to_threshold
from lifcore.advice.renewal import NEVER_RESTS, renewal_rate
from lifcore.advice.renewal_grid import renewal_grid_rate
from lifcore.models.neuron import LIF, constant_drive_period
from lifcore.stationary.free_process import FreeProcess
from lifcore.stationary.release import longer
from lifcore.stationary.threshold_rate import Grid, threshold_rate
from lifcore.weak.rate_bias import charged, euler_law

PRECISION = 2e-5
"""Relative precision of solved rates, unless another is asked for."""

STRIP, CURRENT, LEAK = 0.03, 0.12, 0.12
"""Standard errors of what the expansion leaves out, after a comparison with simulations.

Over sigma h^{3/2} / (V_th - V_r): crossings that start and end within a step; over (h/tau)^2 times
the noise of V over V_th - V_r: a current that changes within one; over (gh)^2: all else.
"""

MISSED = 0.09
"""Standard error, over sigma h^{3/2}, of what exponential Euler misses within a step, in V.

Excursions over the threshold and back: all of one sign, and many times what Euler's leave out. As a
threshold raised by about as much, which costs a neuron that seldom fires a share of its rate of
that over sd(V), times how many sd(V) below the threshold it rests. Solved on the grid, it was 0.02
to 0.09, counting one sd(V) where it rests closer.
"""


def never_rests(model: LIF) -> bool:
    """Return whether the current practically never falls below the threshold's.

    Examples
    --------
    >>> never_rests(LIF(mu=1.5, sigma=0.15)), never_rests(LIF(mu=1.2))
    (True, False)
    """
    return model.mu - model.i_th >= NEVER_RESTS * model.sigma * math.sqrt(0.5 * model.tau)


def exact_rate(model: LIF, precision: float = PRECISION, grid: Grid | None = None) -> float:
    """Return the exact stationary rate.

    Parameters
    ----------
    model : LIF
        The neuron, with g > 0 and finite tau, or without noise.
    precision : float, optional
        Relative precision.
    grid : Grid, optional
        Where a solution begins, from one of a like neuron; it is left as it was needed.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError, RuntimeError
        If there is no stationary law, or no way to resolve it.

    Examples
    --------
    >>> round(exact_rate(LIF(mu=1.5, sigma=0.3)), 3)
    0.907
    """
    if model.sigma == 0.0:
        return 1.0 / constant_drive_period(model)
    FreeProcess(model, refractory=True)  # refuses what has no stationary law
    return late_rate(model, 0.0, precision, grid)


def grid_rate(
    model: LIF, h: float, scheme: str, precision: float = PRECISION, grid: Grid | None = None
) -> float:
    """Return the stationary rate of a scheme on the grid.

    Parameters
    ----------
    model : LIF
        As in `exact_rate`.
    h : float
        Step; for Euler below tau and 1/g. A refractory time is rounded to whole steps.
    scheme : str
        ``"euler"`` or ``"exponential"``.
    precision, grid : optional
        As in `exact_rate`.

    Returns
    -------
    float

    Examples
    --------
    >>> neuron = LIF(mu=1.5, sigma=0.3)
    >>> 0.0 < grid_rate(neuron, 0.05, "euler") / exact_rate(neuron) - 1.0 < 0.01
    True
    """
    held = float(checks.held_steps(model.t_ref, h))
    if model.sigma == 0.0:
        steps = steps_to_threshold(model, step_map(model, h, scheme))
        if math.isinf(steps):
            return 0.0
        return 1.0 / (h * (max(1, math.ceil(steps * (1.0 - 1e-12))) + held))
    if never_rests(model):
        rate = renewal_grid_rate(model, step_map(model, h, scheme), int(held))
        if rate is not None:
            return rate
    model = replace(model, t_ref=held * h)
    changed = model if scheme == "exponential" else charged(euler_law(model, h), h)
    return late_rate(changed, 0.5 * h, precision, grid)


def late_rate(
    model: LIF, late: float, precision: float = PRECISION, grid: Grid | None = None
) -> float:
    """Return the exact rate of a neuron whose resets are late, in either regime of its drive.

    Examples
    --------
    >>> late_rate(LIF(mu=1.5, sigma=0.3), 0.01) < late_rate(LIF(mu=1.5, sigma=0.3), 0.0)
    True
    """
    model, late = longer(model, late)
    if never_rests(model):
        return renewal_rate(model, late)
    return threshold_rate(model, late, tolerance=precision, grid=grid)


def left_out(model: LIF, h: float) -> float:
    """Return the standard error of what the exact rate of a changed neuron leaves out at a step.

    Nothing where the drive never rests; else the next terms of the expansion.

    Examples
    --------
    >>> left_out(LIF(mu=1.5, sigma=0.15), 0.05)
    0.0
    """
    if model.sigma == 0.0 or never_rests(model):
        return 0.0
    drop = model.v_th - model.v_reset
    strip = STRIP * model.sigma * h**1.5
    change = CURRENT * (h * model.a) ** 2 * _spread(model)
    return (strip + change) / drop * _rare(model) + LEAK * (h * model.g) ** 2


def missed(model: LIF, h: float, scheme: str) -> float:
    """Return the standard error of what a scheme misses of excursions over the threshold.

    Nothing for Euler, whose potential does not turn within a step.

    Examples
    --------
    >>> missed(LIF(), 0.05, "euler"), missed(LIF(), 0.05, "exponential") > 0.0
    (0.0, True)
    """
    if scheme == "euler" or model.sigma == 0.0 or never_rests(model):
        return 0.0
    spread = _spread(model)
    below = max(1.0, (model.v_th - model.mu / model.g) / spread)
    return MISSED * _rare(model) * model.sigma * h**1.5 * below / spread


def _spread(model: LIF) -> float:
    """Return the standard deviation of V without threshold."""
    return math.sqrt(FreeProcess(model, refractory=True).var_v)


def _rare(model: LIF) -> float:
    """Return how much rarer slow crossings are where the drive seldom rests."""
    noise = model.sigma * math.sqrt(0.5 * model.tau)
    return math.exp(-0.5 * max(0.0, (model.mu - model.i_th) / noise) ** 2)
