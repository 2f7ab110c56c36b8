r"""What a refractory time changes in the stationary law: the current at the release, and V at rest.

A spike of speed A is at y = I - I_th = A; when V is released, a time t_ref later, y is normal, by
the transition law of the Ornstein–Uhlenbeck process. So the flux re-enters at V_r spread over the
currents, and while it waits a share r t_ref of the time is spent at V_r, r being the rate.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.special import dawsn

from lifcore import checks
from lifcore.models.neuron import LIF

_EULER = 0.5772156649015329
_FAR = 8.0  # standard deviations times sqrt 2 from which on a series takes over (error below 1e-11)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)


class Release(NamedTuple):
    """The law of y at the release after a spike of speed A: mean forget A + shift, and variance.

    Examples
    --------
    >>> release(a=1.0, mean_i=0.0, var_i=1.0, pause=0.0)
    Release(forget=1.0, shift=0.0, variance=0.0)
    """

    forget: float
    shift: float
    variance: float


def release(a: float, mean_i: float, var_i: float, pause: float) -> Release:
    """Return the law of y after a pause.

    Parameters
    ----------
    a, mean_i, var_i : float
        As in `lifcore.stationary.FreeProcess`.
    pause : float
        The refractory time.

    Returns
    -------
    Release

    Examples
    --------
    >>> release(a=1.0, mean_i=2.0, var_i=1.0, pause=100.0).shift
    2.0
    """
    gone = -math.expm1(-a * pause)
    return Release(1.0 - gone, mean_i * gone, -var_i * math.expm1(-2.0 * a * pause))


def longer(lif: LIF, late: float) -> tuple[LIF, float]:
    """Return a neuron and by how much its resets are late: one that waits at V_r waits longer.

    Raises
    ------
    ValueError
        If early resets leave nothing of a refractory time.

    Examples
    --------
    >>> held, late = longer(LIF(t_ref=0.5), 0.25)
    >>> held.t_ref, late, longer(LIF(), 0.25)[1]
    (0.75, 0.0, 0.25)
    """
    if lif.t_ref == 0.0:
        return lif, late
    return replace(lif, t_ref=checks.real("lif.t_ref + late", lif.t_ref + late, above=0.0)), 0.0


def mean_log(mean: np.ndarray, sd: float) -> np.ndarray:
    r"""Return E log|Z| of normal variables Z of some means and one standard deviation.

    Its derivative by the mean is that of E 1/Z, sqrt(2)/sd times Dawson's function D, so that

    .. math:: E \log|Z| = \log sd - \tfrac12(\gamma + \log 2) + \int_0^{mean/\sqrt2 sd} 2 D(u)\,du.

    Parameters
    ----------
    mean : ndarray
        The means.
    sd : float
        The standard deviation, >= 0.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> mean_log(np.array([1.0, 0.0]), 1.0).round(6).tolist()
    [-0.208496, -0.635181]
    >>> mean_log(np.array([2.0]), 0.0).tolist() == [np.log(2.0)]
    True
    """
    z = np.abs(mean) / (math.sqrt(2.0) * sd) if sd > 0.0 else np.full(np.shape(mean), math.inf)
    near = z < _FAR
    out = np.empty(z.shape)
    half = 0.5 * z[near][:, None]
    inner = (dawsn(half * (1.0 + _NODES)) * _WEIGHTS * half).sum(axis=1)
    if near.any():
        out[near] = math.log(sd) - 0.5 * (_EULER + math.log(2.0)) + 2.0 * inner
    far = np.abs(mean[~near])
    q = (sd / far) ** 2  # log|1 + sd N/mean|, term by term
    out[~near] = np.log(far) - q * (1 / 2 + q * (3 / 4 + q * (5 / 2 + q * (105 / 8 + q * 189 / 2))))
    return out


def log_stretch(then: Release, kick: float, speed: np.ndarray) -> np.ndarray:
    """Return E log|s| of spikes: s = (y + kick)/A, y at the release after a spike of speed A.

    At the release V moves on with I - g V_r = y + g (V_th - V_r), and a perturbation that came a
    time dt late at the threshold, by A dt in V, is as late now.

    Parameters
    ----------
    then : Release
        The law of y.
    kick : float
        g (V_th - V_r).
    speed : ndarray
        Crossing speeds A > 0.

    Returns
    -------
    ndarray
        Shaped like `speed`.

    Examples
    --------
    >>> log_stretch(Release(1.0, 0.0, 0.0), 1.0, np.array([0.5])).round(6).tolist()
    [1.098612]
    """
    mean = then.forget * speed + then.shift + kick
    return mean_log(mean, math.sqrt(then.variance)) - np.log(speed)


class Waiting(NamedTuple):
    """Integrals of 1, y and y^2 over the neurons that wait at V_r, per neuron.

    Examples
    --------
    >>> waiting(a=1.0, mean_i=0.0, var_i=1.0, pause=0.5, flux=(0.4, 0.0, 0.0)).share
    0.2
    """

    share: float
    y: float
    y_squared: float


def waiting(
    a: float, mean_i: float, var_i: float, pause: float, flux: tuple[float, float, float]
) -> Waiting:
    """Return what the waiting neurons contribute to the moments of the current.

    Parameters
    ----------
    a, mean_i, var_i, pause : float
        As in `release`.
    flux : tuple of float
        Sums over the spikes in a unit of time of 1, of their speeds and of the speeds' squares.

    Returns
    -------
    Waiting

    Examples
    --------
    >>> waiting(a=1.0, mean_i=2.0, var_i=1.0, pause=0.5, flux=(0.4, 0.8, 2.0)).y
    0.4
    """
    rate, speed, square = flux
    e1, e2 = -math.expm1(-a * pause) / a, -math.expm1(-2.0 * a * pause) / (2.0 * a)
    return Waiting(
        rate * pause,
        speed * e1 + rate * mean_i * (pause - e1),
        square * e2
        + 2.0 * mean_i * speed * (e1 - e2)
        + rate * mean_i**2 * (pause - 2.0 * e1 + e2)
        + rate * var_i * (pause - e2),
    )
