"""The stationary law on the threshold: the figures that the threshold equation gives, and the flux.

`lifcore.stationary.solve_threshold` computes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy
from numpy.typing import ArrayLike

from lifcore import checks
from lifcore.stationary.free_process import Moments
from lifcore.stationary.release import Release, log_stretch


@dataclass(frozen=True)
class ThresholdLaw:
    """The stationary law on the threshold, as `solve_threshold` returns it.

    Attributes
    ----------
    rate : float
        Spikes per unit time.
    rho_max : float
        Largest joint density on the outgoing threshold line, max over A of p(V_th, I_th + A), per
        unit of V and of I. This is the constant of P(A < a) <= T rho_max a^2 / 2: that bound
        integrates A p(V_th, I_th + A) over A < a, so no other point of the plane enters.
    lyapunov_exponent : float
        lambda_V = -g + int flux(A) log(1 + g (V_th - V_r)/A) dA, per unit time. With a refractory
        time -g (1 - rate t_ref) + int flux(A) E log|s| dA, s = (I(s + t_ref) - g V_r)/A.
    grazing_constant : float
        c in flux(A) -> c A^{3/2} for A -> 0, that is P(A < a) -> (2/5) c T a^{5/2}.
    mean_inverse_square : float
        int flux(A)/A^2 dA. It is finite: the logarithm in the truncated-moment bound is not sharp.
    moments : Moments
        Exact given the flux: polynomials need only the rate and the mean crossing speed in (1).
    speeds, fluxes : ndarray, shape (n,)
        The nodes and the flux density on them; log(speeds) is about uniform at the grazing end.
    misfit : float
        Relative misfit of (2): mass that the discrete solution leaves above the threshold.
    errors : dict
        Estimated absolute error of every figure, of every moment and, as the largest over all
        speeds, of ``"flux_density"``: the change when half the speeds, and half the times, are left
        out. The rules converge faster than any power, so the true error is far smaller.

    Examples
    --------
    >>> from lifcore import LIF
    >>> from lifcore.stationary.threshold_equation import solve_threshold
    >>> law = solve_threshold(LIF(mu=1.0, sigma=1.0, tau=1.0))
    >>> round(law.rate, 6), round(law.rho_max, 5), law.errors["rate"] < 1e-4 * law.rate
    (0.447183, 0.81151, True)
    """

    rate: float
    rho_max: float
    lyapunov_exponent: float
    grazing_constant: float
    mean_inverse_square: float
    moments: Moments
    misfit: float
    errors: dict[str, float]
    speeds: np.ndarray = field(repr=False)
    fluxes: np.ndarray = field(repr=False)
    _kick: float = field(repr=False)
    _release: Release | None = field(repr=False)
    _scale: float = field(repr=False)
    _shape: scipy.interpolate.BSpline = field(repr=False)

    def flux_density(self, speed: ArrayLike) -> np.ndarray | float:
        """Return the spikes per unit time and unit of crossing speed.

        Parameters
        ----------
        speed : float or array_like
            Crossing speeds A = I - I_th > 0, in any order and of any shape.

        Returns
        -------
        float or ndarray
            Shaped like `speed`.

        Raises
        ------
        TypeError, ValueError
            If a speed is not a positive finite number.

        Examples
        --------
        >>> from lifcore import LIF
        >>> from lifcore.stationary.threshold_equation import solve_threshold
        >>> law = solve_threshold(LIF(mu=1.0, sigma=1.0, tau=1.0))
        >>> round(law.flux_density(0.5), 6), law.flux_density([0.1, 0.2]).shape
        (0.389109, (2,))
        """
        a = checks.positive("speed", speed)
        low, high = self._shape.t[0], self._shape.t[-1]
        ratio = a / self._scale
        u = np.where(ratio > 30.0, ratio, np.log(np.expm1(np.clip(ratio, 1e-300, 30.0))))
        a = np.where(u > high, 0.0, a)
        flux = a**1.5 * np.exp(self._shape(np.clip(u, low, high)))
        return flux if flux.ndim else float(flux)

    def boundary_density(self, speed: ArrayLike) -> np.ndarray | float:
        """Return the joint density p(V_th, I_th + speed) on the outgoing threshold line.

        Parameters
        ----------
        speed : float or array_like
            Crossing speeds, > 0.

        Returns
        -------
        float or ndarray
            Per unit of V and of I.

        Examples
        --------
        >>> from lifcore import LIF
        >>> from lifcore.stationary.threshold_equation import solve_threshold
        >>> law = solve_threshold(LIF(mu=1.0, sigma=1.0, tau=1.0))
        >>> law.boundary_density(0.5) == law.flux_density(0.5) / 0.5
        True
        """
        density = self.flux_density(speed) / checks.positive("speed", speed)
        return density if density.ndim else float(density)

    def lyapunov_integrand(self, speed: ArrayLike) -> np.ndarray | float:
        """Return flux(A) log(1 + g (V_th - V_r)/A), the rate of expansion per unit of speed.

        Its integral over all speeds, less g, is the Lyapunov exponent of V. With a refractory time
        the logarithm is the mean one of `lifcore.stationary.release.log_stretch`, and g counts
        for the share of the time that V is not held.

        Parameters
        ----------
        speed : float or array_like
            Crossing speeds A > 0.

        Returns
        -------
        float or ndarray
            Per unit of time and of speed.

        Examples
        --------
        >>> from lifcore import LIF
        >>> from lifcore.stationary.threshold_equation import solve_threshold
        >>> law = solve_threshold(LIF(mu=1.0, sigma=1.0, tau=1.0))
        >>> bool(np.isclose(law.lyapunov_integrand(0.5), law.flux_density(0.5) * np.log(3.0)))
        True
        """
        a = checks.positive("speed", speed)
        stretch = np.log1p(self._kick / a)
        if self._release is not None:
            stretch = log_stretch(self._release, self._kick, a)
        integrand = self.flux_density(speed) * stretch
        return integrand if integrand.ndim else float(integrand)
