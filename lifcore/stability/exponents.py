"""A Lyapunov exponent with its interval, and what the routes to it share."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from lifcore import checks
from lifcore.evidence.statistics import Estimate, estimate, mean
from lifcore.models.neuron import LIF, one_neuron
from lifcore.noise.streams import BLOCK

RESTING = "no spike: lambda_V = -g, the leak alone"


@dataclass(frozen=True)
class Exponent:
    """A Lyapunov exponent of V, by one route.

    Attributes
    ----------
    estimate : Estimate
        The exponent, 1/time.
    rate : float
        Spikes per unit time.
    note : str
        Empty, or what is special.
    values : ndarray, shape (paths,)
        One value a path, of which `estimate` is the mean; empty for the solver.
    same_paths : ndarray, shape (paths,)
        For `lifcore.stability.exponent_by_growth` the tangent average along the very same paths.

    Examples
    --------
    >>> from lifcore.stability import exponent_by_flux
    >>> exponent_by_flux(LIF(mu=1.5, sigma=0.0)).estimate.mean
    0.0
    """

    estimate: Estimate
    rate: float
    note: str = ""
    values: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False)
    same_paths: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False)


def saltation_factor(lif: LIF, speed: ArrayLike) -> np.ndarray | float:
    """Return s(A) = 1 + g (V_th - V_r)/A, by which a reset stretches a perturbation of V.

    Parameters
    ----------
    lif : LIF
        The neuron.
    speed : float or array_like
        Crossing speeds A > 0.

    Returns
    -------
    float or ndarray
        Shaped like `speed`.

    Raises
    ------
    TypeError, ValueError
        If a speed is not a positive finite number: at A = 0 there is no crossing.

    Examples
    --------
    >>> saltation_factor(LIF(), 0.5)
    3.0
    """
    one_neuron("lif", lif)
    factor = 1.0 + lif.g * (lif.v_th - lif.v_reset) / checks.positive("speed", speed)
    return factor if factor.ndim else float(factor)


def never_spikes(lif: LIF) -> bool:
    """Return whether V stays 30 standard deviations below the threshold: rates below 1e-190.

    Examples
    --------
    >>> never_spikes(LIF(mu=0.5, sigma=0.01)), never_spikes(LIF())
    (True, False)
    """
    if lif.g == 0.0 or lif.a == 0.0:
        return False
    spread = lif.sigma * math.sqrt(0.5 / (lif.a * lif.g * (lif.g + lif.a)))
    return lif.v_th - lif.mu / lif.g > 30.0 * spread


def stationary_times(
    lif: LIF, T: object, settle: object, paths: object
) -> tuple[float, float, int]:
    """Validate the time to average over, the time to settle (with its default) and the paths.

    Examples
    --------
    >>> stationary_times(LIF(), 5.0, None, 8)
    (5.0, 16.0, 8)
    """
    if settle is None:
        slow = [1.0 / rate for rate in (lif.g, lif.a) if rate > 0.0]
        settle = 16.0 * max(slow, default=0.0)
        settle = max(1.0, math.ceil(settle)) if settle > 0.0 else 0.0
    return (
        checks.real("T", T, above=0.0),
        checks.real("settle", settle, at_least=0.0),
        checks.count("paths", paths, at_least=2),
    )


def path_mean(values: np.ndarray) -> Estimate:
    """Return the mean over paths; of a single one the interval is unknown.

    Examples
    --------
    >>> path_mean(np.array([1.0, 3.0])).mean
    2.0
    """
    return mean(values) if values.size > 1 else estimate(float(values[0]), math.nan, math.inf)


def resting(lif: LIF, values: np.ndarray, note: str, decay: float | None = None) -> Exponent:
    """Return the exponent of a neuron that does not spike.

    Examples
    --------
    >>> resting(LIF(g=2.0), np.empty(0), RESTING).estimate.mean
    -2.0
    """
    value = -(lif.g if decay is None else decay)
    return Exponent(estimate(value, 0.0, math.inf), 0.0, note, values=values)


def controlled(values: np.ndarray, drive: np.ndarray) -> np.ndarray:
    """Subtract from one value a path its regression on the path's noise, whose mean is zero.

    Examples
    --------
    >>> drive = np.linspace(-1.0, 1.0, 64)
    >>> bool(np.allclose(controlled(3.0 + drive, drive), 3.0))
    True
    """
    centred = drive - drive.mean()
    if values.size < 64 or not centred.any():
        return values
    return values - (values @ centred) / (centred @ centred) * drive


def at_rest(lif: LIF) -> tuple[np.ndarray, np.ndarray]:
    """Return V and I of a block at V_r and mu.

    Examples
    --------
    >>> float(at_rest(LIF())[1][0])
    1.2
    """
    return np.full(BLOCK, lif.v_reset), np.full(BLOCK, lif.mu)
