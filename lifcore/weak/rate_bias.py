"""The leading constant of Euler's rate bias, computed: which step a rate of given accuracy takes.

To first order in h Euler's stationary rate is that of an exact neuron with another current, another
membrane and late resets; each change is a derivative of the rate of the Fokker-Planck equation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from lifcore import checks
from lifcore.models.neuron import LIF, one_neuron
from lifcore.stationary.late_reset import late_reset_rate
from lifcore.stationary.threshold_equation import solve_threshold


def euler_law(model: LIF, h: float) -> LIF:
    r"""Return the neuron whose exact current has, on the grid of `h`, the law of Euler's.

    Euler's current is the autoregression :math:`I_{n+1} - \mu = (1 - h/\tau)(I_n - \mu) +
    \sigma\,\Delta W_n`. So is an exact current on a grid, with another tau and sigma:
    :math:`e^{-h/\tau'} = 1 - h/\tau` and
    :math:`\sigma'^2 \tau'/2 = (\sigma^2\tau/2)/(1 - h/2\tau)`.

    Parameters
    ----------
    model : LIF
        The neuron.
    h : float
        Euler's step, below tau.

    Returns
    -------
    LIF
        The same neuron with tau' and sigma'.

    Raises
    ------
    TypeError, ValueError
        If `h` is not a positive number below tau.

    Examples
    --------
    >>> one = euler_law(LIF(tau=0.5, sigma=0.6), 0.05)
    >>> round(one.tau, 4), round(one.sigma, 4)
    (0.4746, 0.6319)
    """
    one_neuron("model", model, refractory=True)
    h = checks.real("h", h, above=0.0)
    if math.isinf(model.tau):  # a Brownian motion: Euler's steps are exact
        return model
    if h >= model.tau:
        raise ValueError(f"h = {h!r} is not below tau = {model.tau!r}; allowed: h < tau")
    tau = -h / math.log1p(-h * model.a)
    variance = 0.5 * model.sigma**2 * model.tau / (1.0 - 0.5 * h * model.a)
    return replace(model, tau=tau, sigma=math.sqrt(2.0 * variance / tau))


def charged(model: LIF, h: float) -> LIF:
    """Return the exact neuron whose membrane, fed by a constant current, moves as Euler's does.

    Euler's leak is g' = -log(1 - gh)/h; its input counts g'/g times, which is a threshold that much
    smaller.

    Examples
    --------
    >>> round(charged(LIF(g=1.0), 0.1).g, 4)
    1.0536
    """
    leak = -math.log1p(-model.g * h) / h
    scale = leak / model.g
    return replace(model, g=leak, v_th=model.v_th / scale, v_reset=model.v_reset / scale)


class RateParts(NamedTuple):
    """What the constant c of Euler's rate bias c h is made of, per unit time squared.

    ``current``: the law of Euler's current (`euler_law`). ``membrane``: Euler's membrane is an
    exact one with leak g' = -log(1 - gh)/h and an input g'/g times as large, so it charges
    faster. ``reset``: at the end of its step V is put to V_r, late by h/2 on average; what V
    would have gained since the crossing, h/2 (A + g (V_th - V_r)), is lost: more
    after a fast crossing, whose large current brings the next spike sooner as well.

    Examples
    --------
    >>> parts = rate_parts(LIF(mu=1.5, sigma=0.3))
    >>> [round(part, 3) for part in parts], round(sum(parts), 3)
    ([-0.003, 0.453, -0.425], 0.025)
    """

    current: float
    membrane: float
    reset: float


def rate_parts(model: LIF) -> RateParts:
    """Return the leading constant of Euler's rate bias in three parts, without sampling.

    Parameters
    ----------
    model : LIF
        The neuron, with g > 0, sigma > 0 and finite tau. A refractory time is taken for a whole
        multiple of h; late resets then make it h/2 longer.

    Returns
    -------
    RateParts

    Raises
    ------
    TypeError, ValueError
        If the Fokker-Planck equation of the neuron has no stationary solution.

    Examples
    --------
    >>> round(sum(rate_parts(LIF(g=1.0, mu=1.0, sigma=1.0, tau=1.0))), 2)
    0.04
    """
    one_neuron("model", model, refractory=True)
    step = 0.01 * min(model.tau, 1.0 / model.g) if model.g > 0.0 else 0.01 * model.tau
    exact = solve_threshold(model, tolerance=1e-5).rate

    def slope(rate: Callable[[float], float]) -> float:
        return (4.0 * rate(step) - rate(2.0 * step) - 3.0 * exact) / (2.0 * step)

    return RateParts(
        slope(lambda h: solve_threshold(euler_law(model, h), tolerance=1e-5).rate),
        slope(lambda h: solve_threshold(charged(model, h), tolerance=1e-5).rate),
        slope(lambda h: late_reset_rate(model, 0.5 * h, tolerance=1e-5)),
    )
