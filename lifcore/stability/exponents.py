"""A Lyapunov exponent with its interval, and what the routes to it share."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from lifcore import checks
from lifcore.evidence.statistics import Estimate, estimate, mean
from lifcore.models.networks import Network, network
from lifcore.models.neuron import LIF, one_neuron
from lifcore.noise.streams import BLOCK, block_count
from lifcore.runs.starts import current_spread, leak_time, settling_time

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
        Empty, or what is special: no spike, or why the interval is infinite.
    values : ndarray, shape (paths,)
        One value a path, of which `estimate` is the mean; empty for the solver. Distances are
        measured as `phase_norm` says.
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


FEWEST_SPIKES = 10
"""Spikes, over all paths, below which an interval is unknown."""

FEWEST_STRETCHES = 30
"""Independent stretches of time, over all paths, below which an interval is unknown."""

_MOST_STEPS = 2e10  # steps of paths that a default may cost: minutes


def stationary_times(
    lif: LIF, T: object, settle: object, paths: object, h: float | None = None
) -> tuple[float, float, int]:
    """Validate the time to average over, the time to settle (with its default) and the paths.

    Parameters
    ----------
    lif : LIF
        The neuron.
    T, settle, paths : object
        As the user gave them; `settle` is by default that of `lifcore.runs.starts`.
    h : float, optional
        Euler's step, of which a default is a whole multiple.

    Raises
    ------
    TypeError, ValueError
        If one of them is wrong, or settling would by default take hours.

    Examples
    --------
    >>> stationary_times(LIF(), 5.0, None, 8)
    (5.0, 16.0, 8)
    """
    T, paths = checks.real("T", T, above=0.0), checks.count("paths", paths, at_least=2)
    if settle is None:
        time = affordable_settling(lif, paths)
        return T, h * math.ceil(time / h) if h is not None else float(math.ceil(time)), paths
    return T, checks.real("settle", settle, at_least=0.0), paths


def affordable_settling(model: LIF | Network, paths: int) -> float:
    """Return the time to settle, unless it would take hours.

    Raises
    ------
    ValueError
        With the work that it would be.

    Examples
    --------
    >>> affordable_settling(LIF(), 100)
    16.0
    """
    neurons = network("model", model, refractory=True).neurons
    time = settling_time(model)
    step = 8.0 * max(max(lif.g, lif.a) for lif in neurons)
    # A spike costs about as much as ten steps; the current may be far above its mean.
    spikes = [max(0.0, lif.mu + current_spread(lif)) / (lif.v_th - lif.v_reset) for lif in neurons]
    lanes = BLOCK * block_count(paths)
    work = time * lanes * (step * len(neurons) + 10.0 * sum(spikes))
    if work > _MOST_STEPS:
        raise ValueError(
            f"settle = None would be a time of {time:.3g} on {lanes} paths, about "
            f"{work * 3e-8 / 3600:.2g} hours of one core; allowed: a number, for example 0 to "
            "begin with stationary currents and random phases"
        )
    return time


def time_average(
    values: np.ndarray, spikes: int, stretch: float, rounding: float = 0.0
) -> tuple[Estimate, str]:
    """Return the mean of one value a path, with an infinite interval where it is unknown.

    Few spikes, or few stretches of time that are independent of one another, say nothing about
    their own spread: two paths that have both seen nothing agree.

    Parameters
    ----------
    values : ndarray, shape (paths,)
        One time average a path.
    spikes : int
        Spikes on all paths.
    stretch : float
        Independent stretches of time in a path, at least 1; inf if nothing is random.
    rounding : float, optional
        Error that all values share, added to the standard error.

    Returns
    -------
    estimate : Estimate
    note : str
        Empty, or why the interval is infinite.

    Examples
    --------
    >>> time_average(np.array([-1.0, -1.0]), 0, 5.0)[1]
    'interval unknown: fewer than 10 spikes'
    """
    if spikes < FEWEST_SPIKES and math.isfinite(stretch):
        why = f"fewer than {FEWEST_SPIKES} spikes"
    elif values.size < 2 or values.size * stretch < FEWEST_STRETCHES:
        why = f"fewer than {FEWEST_STRETCHES} independent stretches of time"
    else:
        found = mean(values)
        return estimate(found.mean, found.standard_error + rounding, found.freedom), ""
    return estimate(float(values.mean()), math.inf, math.inf), f"interval unknown: {why}"


def stretches(lif: LIF, T: float) -> float:
    """Return how many independent stretches of time a path of length T has, at least one.

    Each is twice the slower of 1/g, of V while it is free, and tau; without noise there is no
    chance at all.

    Examples
    --------
    >>> stretches(LIF(), 50.0), stretches(LIF(tau=100.0), 50.0), stretches(LIF(sigma=0.0), 50.0)
    (25.0, 1.0, inf)
    """
    if lif.sigma == 0.0:
        return math.inf
    slow = 2.0 * max(leak_time(lif), lif.tau)
    return max(1.0, T / slow)


def phase_norm(lif: LIF, v: np.ndarray) -> np.ndarray:
    r"""Return the logarithm of the speed by which a distance in V becomes one in time.

    An exponent does not depend on how distances are measured. A neuron whose mean drive makes it
    spike is best measured by the time by which one copy is ahead of the other,

    .. math:: \delta V / (\mu - g V).

    Without noise it does not change, at any time; :math:`\delta V` itself falls and jumps in every
    period, so that its growth depends on the phases at which the average begins and ends.

    Examples
    --------
    >>> phase_norm(LIF(mu=2.0), np.array([0.0, 1.0])).round(3).tolist()
    [0.693, 0.0]
    """
    if lif.mu <= lif.i_th:
        return np.zeros_like(v)
    return np.log(lif.mu - lif.g * v)


def resting(
    lif: LIF, values: np.ndarray, note: str, stretch: float = math.inf, decay: float | None = None
) -> Exponent:
    """Return the exponent of a neuron that has not spiked.

    Its interval is infinite if the neuron might have: `stretch` is as in `time_average`.

    Examples
    --------
    >>> resting(LIF(g=2.0), np.empty(0), RESTING).estimate.mean
    -2.0
    """
    value = -(lif.g if decay is None else decay)
    sure = math.isinf(stretch) or never_spikes(lif)
    error = 0.0 if sure else math.inf
    note += "" if sure else f"; interval unknown: fewer than {FEWEST_SPIKES} spikes"
    return Exponent(estimate(value, error, math.inf), 0.0, note, values=values)


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
    return values - (values * centred).sum() / (centred * centred).sum() * drive
