r"""The stationary Fokker-Planck law of one neuron, reduced to an equation on the threshold.

Write x = V - V_th, y = I - I_th, and let p(x, y) be the stationary density, set to zero for x > 0.
The flux j(y) = y p(0, y), y > 0, leaves at the threshold and re-enters at the reset. So on the
*whole* plane p solves the Fokker-Planck equation of the free process (the neuron that never spikes)
with a sink -j on x = 0 and a source +j on x = -D, D = V_th - V_r. The free process is Gaussian with
transition density G_t and stationary density p_free, both in closed form. Hence

    p(x, y) = p_free(x, y) + int_0^oo dA j(A) int_0^oo dt [G_t(x, y|-D, A) - G_t(x, y|0, A)],   (1)

and p(0-, A) = j(A)/A turns (1), taken on the threshold, into a linear integral equation for the
flux. Nothing is cut off in V and no cell is needed: the grazing singularity j ~ A^{3/2} is a pure
exponential in u, A = L log(1 + e^u), where the trapezoidal rule converges faster than any power of
its step. There is no mass above the threshold, so with m, s the mean and standard deviation of x at
time t for the free process started at (0, A)

    int j l dA = P_free(V > V_th),   l(A) = int_0^oo [Phi(m/s) - Phi((m - D e^{-gt})/s)] dt.    (2)

(2) follows from (1) and is well conditioned always; (1) alone is not where p_free is minute at the
threshold (mean-driven neurons). So (1) is solved bordered by (2), and what is left of (2) tests the
discrete solution. With a refractory time the source is spread over the currents at the release
(:mod:`lifcore.stationary.release`), and p holds the share 1 - r t_ref of the neurons that do not
wait: both p_free are multiplied by it.

The corner exponent is in (1) too: at the corner the kernel is that of integrated Brownian motion,
(sqrt 3/2 pi)/(A^2 + A A' + A'^2), whose Mellin transform admits p ~ A^s only if
sin((s + 1) pi/3) = sin(s pi); the smallest positive root is s = 1/2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy

from lifcore import checks
from lifcore.models.neuron import LIF
from lifcore.stationary.free_process import FreeProcess
from lifcore.stationary.release import log_stretch, release
from lifcore.stationary.threshold_grid import System, check_work, nodes_of, systems, times_of
from lifcore.stationary.threshold_law import ThresholdLaw

GATED = ("rate", "rho_max", "lyapunov_exponent", "flux_density")
"""Figures whose errors decide when a solution is good enough."""


class _Solution(NamedTuple):
    """The flux on the nodes, the logarithm of flux / A^{3/2} over u, and the figures."""

    speeds: np.ndarray
    fluxes: np.ndarray
    shape: scipy.interpolate.BSpline
    figures: dict[str, float]


def solve_threshold(
    lif: LIF, *, step: float = 0.25, reach: float = 8.0, tolerance: float = 1e-4
) -> ThresholdLaw:
    r"""Solve the stationary Fokker-Planck equation with reset for its flux through the threshold.

    Parameters
    ----------
    lif : LIF
        The neuron: g (1/time), v_th and v_reset (voltage), tau (time), mu (current, here
        voltage/time), sigma (current/time^{1/2}).
    step : float
        Step of the trapezoidal rule in u, at most 0.5; halved as often as `tolerance` demands.
    reach : float
        Speeds go this many standard deviations of I beyond max(mu, I_th); at least 6.
    tolerance : float
        Largest accepted estimated error, relative (for the Lyapunov exponent relative to g).

    Returns
    -------
    ThresholdLaw
        Rate, flux density, largest density on the threshold, Lyapunov exponent, moments, errors.

    Raises
    ------
    TypeError, ValueError
        An argument has the wrong type, or there is no stationary law, or no way to resolve it.
    RuntimeError
        The estimated error stays above `tolerance`; no number is returned.

    Notes
    -----
    Cost: (speeds)^2 x (times) exponentials: 0.05 to 0.2 s where noise and drive are comparable and
    in the limit tau -> 0 of white noise, seconds for weak noise or very slow current.

    Examples
    --------
    >>> law = solve_threshold(LIF(mu=1.5, sigma=0.3, tau=0.5))
    >>> round(law.rate, 6), round(law.lyapunov_exponent, 6)
    (0.907206, -0.008924)
    """
    step = checks.real("step", step, above=0.0, at_most=0.5, hint="coarser misses grazing")
    reach = checks.real(
        "reach", reach, at_least=6.0, at_most=20.0, hint="less cuts off fast crossings"
    )
    tolerance = checks.real("tolerance", tolerance, at_least=1e-11, at_most=1e-2)
    free = FreeProcess(lif, refractory=True)
    return _wrap(free, *converged(lif, free, step, reach, tolerance))


def converged(
    lif: LIF,
    free: FreeProcess,
    step: float,
    reach: float,
    tolerance: float,
    late: float = 0.0,
) -> tuple[_Solution, dict[str, float]]:
    """Return the discrete solution and its errors, steps halved until they meet `tolerance`.

    `late` moves the source of a spike of speed A down by late (A + g (V_th - V_r)); the figures
    are then those of that source, and moments do not follow from them.

    Examples
    --------
    >>> solution, _ = converged(LIF(), FreeProcess(LIF()), 0.25, 8.0, 1e-3)
    >>> round(solution.figures["rate"], 2) == round(solve_threshold(LIF()).rate, 2)
    True
    """
    step_t, worst = 0.4 * step, (np.inf, np.inf)
    while True:
        nodes, t = nodes_of(free, step, reach), times_of(free, step_t)
        check_work(lif, nodes, t, max(worst), tolerance)
        fine, errors, worst = _nested(free, systems(free, nodes, t, late))
        if max(worst) <= tolerance:
            return fine, errors
        if worst[1] > tolerance:  # times first: an error in them also blurs the verdict on speeds
            step_t /= 2
        else:
            step /= 2


def _solve(free: FreeProcess, system: System) -> _Solution:
    """Flux on the nodes, and every figure made from it."""
    u, speed, weight, below = system.nodes
    fold, a, flux = system.nodes.fold, speed[below:], system.flux(free)
    stretch, kick = np.log1p(free.g * free.drop / speed), free.g * free.drop
    if free.t_ref > 0.0:
        stretch = log_stretch(release(free.a, free.mean_i, free.var_i, free.t_ref), kick, speed)
    saltation = fold(weight * stretch)
    inverse = weight / speed**2
    inverse[0] /= -np.expm1(-(u[1] - u[0]) / 2)  # ~ A^{-1/2} dA: the slow sum below, in closed form
    top = np.nonzero(flux <= 1e-13 * flux.max())[0]
    top = top[top > np.argmax(flux)]
    n = int(top[0]) if top.size else a.size
    u, positive = u[below:][:n], np.maximum(flux[:n], 1e-300)
    spline, search = scipy.interpolate.make_interp_spline, scipy.optimize.minimize_scalar
    shape, line = spline(u, np.log(positive / a[:n] ** 1.5), k=7), spline(u, flux[:n] / a[:n], k=7)
    peak = np.clip(np.argmax(flux[:n] / a[:n]), 1, n - 2)
    best = search(lambda v: -line(v), bounds=u[[peak - 1, peak + 1]], method="bounded")
    ell, above = system.condition(free)
    figures = {
        "rate": float(flux @ fold(weight)),
        "rho_max": float(-best.fun),
        "lyapunov_exponent": float(flux @ saltation - free.g),
        "grazing_constant": float(flux[0] / a[0] ** 1.5),
        "mean_inverse_square": float(flux @ fold(inverse)),
        "mean_speed": float(flux @ fold(weight * speed)),  # per unit time
        "mean_square": float(flux @ fold(weight * speed**2)),
        "misfit": float(abs(flux @ ell / above - 1.0)),
    }
    figures["lyapunov_exponent"] += free.g * free.t_ref * figures["rate"]  # no leak at V_r
    return _Solution(speeds=a, fluxes=flux, shape=shape, figures=figures)


def _nested(
    free: FreeProcess, nested: tuple[System, System, System]
) -> tuple[_Solution, dict[str, float], tuple[float, float]]:
    """Return a solution with its errors, from the two nested ones beside it."""
    fine, in_u, in_t = (_solve(free, system) for system in nested)
    s, odd = slice(None, None, 2), nested[0].nodes.u[nested[0].nodes.below :][1::2]
    errors, worst = dict.fromkeys([*fine.figures, "flux_density"], 0.0), []
    size = {name: abs(value) for name, value in fine.figures.items()}
    size.update(lyapunov_exponent=free.g, flux_density=np.abs(fine.fluxes).max(), misfit=1.0)
    for other, pick in ((in_u, s), (in_t, slice(None))):
        gap = {name: abs(value - fine.figures[name]) for name, value in other.figures.items()}
        gap["flux_density"] = np.abs(other.fluxes - fine.fluxes[pick]).max()
        if pick is s:  # and its interpolation, at the nodes that the coarser grid has not seen
            at = np.minimum(odd, other.shape.t[-1])
            with np.errstate(over="ignore"):  # a grid so coarse that it explodes is refined
                power = fine.speeds[1::2] ** 1.5 * np.exp(other.shape(at))
            unseen = power - fine.fluxes[1::2]
            unseen = np.abs(unseen[odd == at]).max()
            gap["flux_density"] = max(gap["flux_density"], unseen)
        worst.append(max(gap[name] / size[name] for name in GATED))
        for name in errors:
            errors[name] += float(gap[name] + 1e-13 * size[name])  # and rounding
    return fine, errors, (worst[0], worst[1])


def _wrap(free: FreeProcess, fine: _Solution, errors: dict[str, float]) -> ThresholdLaw:
    """Return the figures, the moments that follow from them, and the errors of both."""
    figures = dict(fine.figures)
    speed, of_speed = figures.pop("mean_speed"), errors.pop("mean_speed")
    square, of_square = figures.pop("mean_square"), errors.pop("mean_square")
    moments = free.moments(figures["rate"], speed, square)
    shaken = vars(free.moments(figures["rate"] + errors["rate"], speed, square))
    shifted = vars(free.moments(figures["rate"], speed + of_speed, square))
    bent = vars(free.moments(figures["rate"], speed, square + of_square))
    for name, value in vars(moments).items():
        errors[name] = sum(abs(other[name] - value) for other in (shaken, shifted, bent))
        errors[name] += 1e-13 * abs(value)
    return ThresholdLaw(
        **figures,
        moments=moments,
        errors=errors,
        speeds=fine.speeds,
        fluxes=fine.fluxes,
        _kick=free.g * free.drop,
        _release=release(free.a, free.mean_i, free.var_i, free.t_ref) if free.t_ref > 0.0 else None,
        _scale=free.scale,
        _shape=fine.shape,
    )
