"""The neuron that never spikes: a Gaussian process, its laws, and when a stationary law exists.

In x = V - V_th and y = I - I_th it reads dx = (y - g x) dt, dy = a (m - y) dt + sigma dW, with
a = 1/tau and m = mu - I_th; a reset moves x by -D, D = V_th - V_r, and leaves y.
`lifcore.stationary.threshold_equation` integrates its transition law;
`lifcore.stationary.finite_volumes` takes only the size of its domain from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lifcore import checks
from lifcore.models.neuron import LIF, one_neuron
from lifcore.noise.covariance import decay_integral, voltage_kernel
from lifcore.stationary.release import waiting

_FARTHEST = 30.0  # standard deviations of V from its mean up to the threshold


@dataclass(frozen=True)
class Moments:
    """Stationary moments; `cov` is the covariance of V and I.

    Examples
    --------
    >>> FreeProcess(LIF(mu=1.2)).moments(rate=0.0, mean_speed=0.0).mean_v
    1.2
    """

    mean_v: float
    mean_i: float
    var_v: float
    var_i: float
    cov: float


class FreeProcess:
    """Laws of the free process in (x, y); neurons without a stationary law are refused.

    Parameters
    ----------
    lif : LIF
        The neuron; g and sigma must be positive, tau finite.
    refractory : bool, optional
        Whether the caller knows what a refractory time changes; else one is refused.

    Attributes
    ----------
    g, a, sigma, t_ref : float
        Leak, 1/tau, noise strength, refractory time.
    v_th, drop : float
        Threshold, and V_th - V_r.
    mean_v, mean_i : float
        Stationary means of x and y.
    var_v, var_i, cov : float
        Their stationary covariance.
    scale : float
        Width of the flux in the speed: the blur that the current collects in a membrane or current
        time, whichever is shorter.

    Raises
    ------
    TypeError, ValueError
        If `lif` is no LIF, has no stationary law, or one beyond double precision.

    Examples
    --------
    >>> free = FreeProcess(LIF(g=2.0, mu=1.0, sigma=2.0, tau=0.5))
    >>> free.mean_v, free.var_i
    (-0.5, 1.0)
    """

    def __init__(self, lif: LIF, *, refractory: bool = False) -> None:
        one_neuron("lif", lif, refractory=refractory)
        checks.real("lif.g", lif.g, above=0.0, hint="without leak nothing is stationary, raise g")
        checks.real(
            "lif.tau", lif.tau, hint="a current that never forgets is not stationary, lower tau"
        )
        checks.real(
            "lif.sigma",
            lif.sigma,
            above=0.0,
            hint="without noise there is no density, raise sigma or use constant_drive_period",
        )
        self.g, self.a, self.sigma, self.t_ref = lif.g, lif.a, lif.sigma, lif.t_ref
        self.v_th, self.drop = lif.v_th, lif.v_th - lif.v_reset
        self.mean_i = lif.mu - lif.i_th
        self.mean_v = self.mean_i / self.g
        self.var_i = self.sigma * self.sigma / (2 * self.a)  # inf, not an error, where it overflows
        self.cov = self.var_i / (self.g + self.a)
        self.var_v = self.cov / self.g
        self.scale = self.sigma * math.sqrt(0.5 / max(self.g, self.a))
        if not 1e-200 < self.var_v < 1e200:
            raise ValueError(
                f"lif.sigma = {lif.sigma!r} gives V a variance of {self.var_v:g}; allowed: 1e-200 "
                "to 1e200; choose units in which sigma is near 1"
            )
        distance = -self.mean_v / math.sqrt(self.var_v)
        if distance > _FARTHEST:
            raise ValueError(
                f"lif.mu = {lif.mu!r} holds V {distance:.0f} standard deviations below the "
                f"threshold, where it never fires; allowed: at most {_FARTHEST:g}; raise mu or "
                f"sigma (lif.sigma = {lif.sigma!r})"
            )

    def moments(self, rate: float, mean_speed: float, mean_square: float = 0.0) -> Moments:
        """Return the moments of the neuron itself, which follow from its flux by a few numbers.

        The threshold equation, integrated against 1, x, y, x^2 and xy, needs no more than these.
        With a refractory time the neurons that wait at V_r are counted in.

        Parameters
        ----------
        rate : float
            Spikes per unit time.
        mean_speed : float
            Sum of the crossing speeds of all spikes in a unit of time.
        mean_square : float, optional
            Sum of their squares; needed with a refractory time only.

        Returns
        -------
        Moments

        Examples
        --------
        >>> FreeProcess(LIF(g=1.0, mu=1.5)).moments(rate=1.0, mean_speed=0.5).mean_v
        0.5
        """
        g, a, d, m = self.g, self.a, self.drop, self.mean_i
        if self.t_ref > 0.0:
            return self._moments_with_pause((rate, mean_speed, mean_square))
        mean_x = self.mean_v - d * rate / g
        square = self.var_v + self.mean_v**2 + rate * d * d / (2 * g)
        square -= d * (mean_speed + rate * m * a / g) / (g * (g + a))
        cross = self.cov + self.mean_v * m
        cross -= d * ((mean_speed - rate * m) / (g + a) + rate * m / g)
        return Moments(
            mean_v=mean_x + self.v_th,
            mean_i=m + g * self.v_th,
            var_v=square - mean_x**2,
            var_i=self.var_i,
            cov=cross - mean_x * m,
        )

    def _moments_with_pause(self, flux: tuple[float, float, float]) -> Moments:
        """Balance x, xy and x^2: those that wait have x = -D, and only y moves."""
        g, a, d, m = self.g, self.a, self.drop, self.mean_i
        rate, speed, _ = flux
        held = waiting(a, m, self.var_i, self.t_ref, flux)
        mean_x = (m - held.y - d * rate) / g - d * held.share
        cross = self.var_i + m * m - held.y_squared + a * (m * mean_x + d * held.y) - d * speed
        cross /= g + a  # of those that move, like the next
        square = (cross + 0.5 * d * d * rate) / g + d * d * held.share
        return Moments(
            mean_v=mean_x + self.v_th,
            mean_i=m + g * self.v_th,
            var_v=square - mean_x**2,
            var_i=self.var_i,
            cov=cross - d * held.y - mean_x * m,
        )

    def flow(
        self, t: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return the transition law at increasing times, to rounding error, however short.

        All are integrals of positive terms from 0 on, by Gauss's rule between given times.

        Parameters
        ----------
        t : ndarray, shape (n,)
            Increasing times, spaced like a geometric sequence or finer.

        Returns
        -------
        response, shift, var_v, cov, var_i : ndarray, shape (n,)
            Response of V to a unit of I at time 0, mean of x after a start at (0, 0), variance of
            V, covariance of V and I, variance of I.

        Examples
        --------
        >>> free = FreeProcess(LIF(g=1.0, tau=1.0, sigma=2.0))
        >>> response, shift, var_v, cov, var_i = free.flow(np.geomspace(1e-3, 40.0, 200))
        >>> round(float(var_v[-1]), 9), round(float(var_i[-1]), 9)
        (1.0, 2.0)
        """
        x, w = np.polynomial.legendre.leggauss(8)
        left = np.concatenate(([0.0], t[:-1]))
        half = (t - left)[:, None] / 2
        s, w = left[:, None] + half * (1 + x), half * w
        k = voltage_kernel(self.g, self.a, s)
        shift = self.a * self.mean_i * np.cumsum((k * w).sum(1))
        var_v = self.sigma**2 * np.cumsum((k**2 * w).sum(1))
        cov = self.sigma**2 * np.cumsum((k * np.exp(-self.a * s) * w).sum(1))
        var_i = self.sigma**2 * decay_integral(2 * self.a, t)
        return voltage_kernel(self.g, self.a, t), shift, var_v, cov, var_i
