r"""The joint Gaussian of one step, and its bridges.

Over a step of length d the linear flow of (V, I) sees the Brownian path through

.. math::

    \Delta W = \int dW, \quad \eta_I = \sigma\int e^{-a u}\,dW, \quad
    \eta_V = \sigma\int k(u)\,dW, \qquad
    k(u) = \frac{e^{-a u} - e^{-g u}}{g - a},

where a = 1/tau and u is the time left in the step. Written with these three functions the
covariance is nearly singular for small d, and k needs care at g = a. Both difficulties
vanish in the **chain** W -> Y -> Z, dY = (W - aY) dt, dZ = (Y - gZ) dt, whose kernels

.. math::

    \varphi_1 = 1, \quad \varphi_2(u) = \frac{1 - e^{-a u}}{a}, \quad
    \varphi_3 = \varphi_2 * e^{-g\,\cdot}

are positive and behave like 1, u, u²/2 whatever g and a are (0 and equality included):

.. math:: \eta_I = \sigma (y_1 - a y_2), \qquad \eta_V = \sigma (y_2 - g y_3).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, localcontext

import numpy as np

from lifcore import checks
from lifcore.models.neuron import LIF
from lifcore.noise.exponentials import each, exp, expm1
from lifcore.noise.matrices import total


def gauss_rule(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of Gauss's rule on [-1, 1], each the double next to the true one.

    Computed by Newton's method with forty digits: eigenvalues of a library differ in the last one.

    Examples
    --------
    >>> gauss_rule(2)[1].tolist()
    [1.0, 1.0]
    """
    nodes, weights = np.empty(n), np.empty(n)
    with localcontext() as context:
        context.prec = 40
        for k in range(n):
            x = Decimal(math.cos(math.pi * (k + 0.75) / (n + 0.5)))
            for _ in range(6):
                before, value = Decimal(1), x
                for m in range(2, n + 1):
                    before, value = value, ((2 * m - 1) * x * value - (m - 1) * before) / m
                slope = n * (x * value - before) / (x * x - 1)
                x -= value / slope
            nodes[n - 1 - k], weights[n - 1 - k] = x, 2 / ((1 - x * x) * slope * slope)
    return nodes, weights


_NODES, _WEIGHTS = gauss_rule(24)


def decay_integral(rate: float, u: np.ndarray) -> np.ndarray:
    r"""Return :math:`\int_0^u e^{-c s}\,ds` for a rate c of any sign, 0 included.

    Examples
    --------
    >>> float(decay_integral(0.0, np.array(0.5)))
    0.5
    """
    u = np.asarray(u, dtype=np.float64)
    return u.copy() if rate == 0.0 else -each(expm1, -rate * u) / rate


def voltage_kernel(g: float, a: float, u: np.ndarray) -> np.ndarray:
    r"""Return k(u), the voltage at time u after a unit jump of the current.

    .. math:: k(u) = e^{-a u} \int_0^u e^{-(g-a)s}\,ds

    Examples
    --------
    >>> float(voltage_kernel(1.0, 1.0, np.array(2.0))) == 2.0 * math.exp(-2.0)
    True
    """
    # The slower decay is taken out, so that the exponent of the rest cannot overflow.
    return each(exp, -min(g, a) * np.asarray(u)) * decay_integral(abs(g - a), u)


def chain_kernels(g: float, a: float, u: np.ndarray) -> np.ndarray:
    r"""Return the chain's kernels phi_1, phi_2, phi_3 at u, shape (3, ...).

    phi_3 is the divided difference of exp at the nodes 0, -a, -g. For small u it is summed
    as a power series, whose terms are complete homogeneous polynomials of a and g; else it
    follows from phi_2 and k, dividing by the larger rate.

    Examples
    --------
    >>> chain_kernels(0.0, 0.0, np.array(2.0)).tolist()
    [1.0, 2.0, 2.0]
    """
    u = np.asarray(u, dtype=np.float64)
    largest = max(g, a)
    series, homogeneous, power_a, term = np.zeros_like(u), 1.0, 1.0, u * u / 2.0
    for n in range(24):
        series = series + term * homogeneous
        power_a *= a
        homogeneous = g * homogeneous + power_a
        term = -term * u / (n + 3.0)
    if largest > 0.0:
        smallest = min(g, a)
        recursion = (decay_integral(smallest, u) - voltage_kernel(g, a, u)) / largest
        third = np.where(largest * u < 1.0, series, recursion)
    else:
        third = series
    return np.stack([np.ones_like(u), decay_integral(a, u), third])


def _integrate(
    function: Callable[[np.ndarray], np.ndarray], length: float, fastest: float
) -> np.ndarray:
    """Integrate smooth positive functions, a matrix of them, over [0, length].

    By a composite Gauss rule.
    """
    panels = max(1, math.ceil(length * fastest / 4.0))
    edges = length / panels * np.arange(panels + 1)
    half = np.diff(edges)[:, None] / 2.0
    points = (edges[:-1, None] + half) + half * _NODES
    return total(function(points.reshape(-1)), (half * _WEIGHTS).reshape(-1))


def chain_covariance(g: float, a: float, step: float) -> np.ndarray:
    """Return the 3 x 3 covariance of (y_1, y_2, y_3) over one step.

    Every entry is the integral of a product of positive entire functions, so Gauss's rule
    gives it to rounding error for all g, a and steps, without cancellation.

    Examples
    --------
    >>> chain_covariance(0.0, 0.0, 1.0)[0].round(6).tolist()
    [1.0, 0.5, 0.166667]
    """

    def products(u: np.ndarray) -> np.ndarray:
        kernels = chain_kernels(g, a, u)
        return kernels[:, None] * kernels[None, :]

    return _integrate(products, step, max(g, a))


def step_covariance(lif: LIF, step: float) -> np.ndarray:
    r"""Return the covariance of (Delta W, eta_I, eta_V) over one step.

    Parameters
    ----------
    lif : LIF
        The neuron.
    step : float
        Length of the step, > 0.

    Returns
    -------
    ndarray, shape (3, 3)
        Units: time, (unit of I) sqrt(time)..., as the products of the three variables.

    Raises
    ------
    TypeError, ValueError
        If `step` is not a positive finite number.

    Examples
    --------
    >>> float(step_covariance(LIF(sigma=2.0), 0.25)[0, 0])
    0.25
    """
    step = checks.real("step", step, above=0.0)

    def products(u: np.ndarray) -> np.ndarray:
        kernels = np.stack(
            [
                np.ones_like(u),
                lif.sigma * each(exp, -lif.a * u),
                lif.sigma * voltage_kernel(lif.g, lif.a, u),
            ]
        )
        return kernels[:, None] * kernels[None, :]

    return _integrate(products, step, max(lif.g, lif.a))
