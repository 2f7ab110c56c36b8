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
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lifcore import checks
from lifcore.model import LIF

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


def decay_integral(rate: float, u: np.ndarray) -> np.ndarray:
    r"""Return :math:`\int_0^u e^{-c s}\,ds` for a rate c of any sign, 0 included.

    Examples
    --------
    >>> float(decay_integral(0.0, np.array(0.5)))
    0.5
    """
    u = np.asarray(u, dtype=np.float64)
    return u.copy() if rate == 0.0 else -np.expm1(-rate * u) / rate


def voltage_kernel(g: float, a: float, u: np.ndarray) -> np.ndarray:
    r"""Return k(u), the voltage at time u after a unit jump of the current.

    .. math:: k(u) = e^{-a u} \int_0^u e^{-(g-a)s}\,ds

    Examples
    --------
    >>> float(voltage_kernel(1.0, 1.0, np.array(2.0))) == 2.0 * math.exp(-2.0)
    True
    """
    # The slower decay is taken out, so that the exponent of the rest cannot overflow.
    return np.exp(-min(g, a) * np.asarray(u)) * decay_integral(abs(g - a), u)


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


def _integrate(function: object, length: float, fastest: float) -> np.ndarray:
    """Integrate a smooth positive function over [0, length] by a composite Gauss rule."""
    panels = max(1, math.ceil(length * fastest / 4.0))
    edges = np.linspace(0.0, length, panels + 1)
    half = np.diff(edges)[:, None] / 2.0
    points = (edges[:-1, None] + half) + half * _NODES
    return (function(points) * (half * _WEIGHTS)).sum(axis=(-2, -1))  # type: ignore[operator]


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
                lif.sigma * np.exp(-lif.a * u),
                lif.sigma * voltage_kernel(lif.g, lif.a, u),
            ]
        )
        return kernels[:, None] * kernels[None, :]

    return _integrate(products, step, max(lif.g, lif.a))


class Flow(NamedTuple):
    """One exact step of a neuron: what a kernel needs, as plain numbers and arrays.

    The deterministic part is I -> mu + decay_i (I - mu), V -> decay_v V + gain (I - mu) +
    drift; the noise (Delta W, eta_I, eta_V) is ``noise`` times three standard normals, and
    the chain's noise (y_1, y_2, y_3) is ``chain`` times the same three.

    Examples
    --------
    >>> exact_flow(LIF(mu=0.0), 0.5).drift
    0.0
    """

    h: float
    decay_i: float
    decay_v: float
    gain: float
    drift: float
    noise: np.ndarray
    chain: np.ndarray


def exact_flow(lif: LIF, h: float) -> Flow:
    """Return the exact step of length `h` of a neuron without its threshold.

    Parameters
    ----------
    lif : LIF
        The neuron.
    h : float
        Length of the step.

    Returns
    -------
    Flow

    Examples
    --------
    >>> flow = exact_flow(LIF(), 0.5)
    >>> flow.decay_v == math.exp(-0.5)
    True
    """
    g, a, sigma = lif.g, lif.a, lif.sigma
    chain = np.linalg.cholesky(chain_covariance(g, a, h))
    physical = np.array([[1.0, 0.0, 0.0], [sigma, -sigma * a, 0.0], [0.0, sigma, -sigma * g]])
    return Flow(
        h=h,
        decay_i=math.exp(-a * h),
        decay_v=math.exp(-g * h),
        gain=float(voltage_kernel(g, a, np.array(h))),
        drift=lif.mu * float(decay_integral(g, np.array(h))),
        noise=physical @ chain,
        chain=chain,
    )


class Bridges(NamedTuple):
    """Tables for halving a step again and again; row d belongs to length h / 2**d.

    ``mean`` and ``root`` give the chain's noise over the first half of an interval of
    length h / 2**d, given its noise over the whole: mean @ y + root @ normals.
    ``transfer`` carries the noise of a first half of length h / 2**d through the second
    half. ``spread`` is the standard deviation of V at the middle of an interval, given
    (V, V') at both its ends.

    Examples
    --------
    >>> bridges(LIF(sigma=0.0), 1.0, 2).spread.tolist()
    [0.0, 0.0, 0.0]
    """

    length: np.ndarray
    decay_i: np.ndarray
    decay_v: np.ndarray
    gain: np.ndarray
    drift: np.ndarray
    spread: np.ndarray
    mean: np.ndarray
    root: np.ndarray
    transfer: np.ndarray


def bridges(lif: LIF, h: float, depth: int) -> Bridges:
    """Return the bridge tables for intervals of length h, h/2, ..., h / 2**depth.

    The chain is linear with transfer matrix F over a half, so that its noise over the whole
    is F y' + y'' with y', y'' independent of covariance C: y' given the whole y is Gaussian
    with mean C F' S y and covariance C - C F' S F C, where S is the inverse of the whole's
    covariance. All is computed with y_j scaled by length**(j - 1/2), where it is of order one.

    Parameters
    ----------
    lif : LIF
        The neuron.
    h : float
        Length of the whole step.
    depth : int
        Number of halvings.

    Returns
    -------
    Bridges

    Examples
    --------
    >>> bridges(LIF(), 0.5, 3).length.tolist()
    [0.5, 0.25, 0.125, 0.0625]
    """
    g, a = lif.g, lif.a
    length = h * 0.5 ** np.arange(depth + 1)
    mean, root, transfer = _bridge_matrices(g, a, h, depth)
    return Bridges(
        length=length,
        decay_i=np.exp(-a * length),
        decay_v=np.exp(-g * length),
        gain=voltage_kernel(g, a, length),
        drift=lif.mu * decay_integral(g, length),
        # Variance of an integrated Brownian bridge at its middle; the leak's and the decay's
        # corrections are of relative order length**2 and the caller's margin covers them.
        spread=lif.sigma * np.sqrt(length**3 / 192.0),
        mean=mean,
        root=root,
        transfer=transfer,
    )


@lru_cache(maxsize=256)  # neurons that differ in mu and sigma alone share them
def _bridge_matrices(
    g: float, a: float, h: float, depth: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows of `Bridges` that are matrices, shape (depth + 1, 3, 3) each."""
    mean, root = np.empty((depth + 1, 3, 3)), np.empty((depth + 1, 3, 3))
    transfer = np.empty((depth + 1, 3, 3))
    for d, whole in enumerate(h * 0.5 ** np.arange(depth + 1)):
        half = 0.5 * whole
        scale = half ** np.array([0.5, 1.5, 2.5])
        covariance = chain_covariance(g, a, half) / np.outer(scale, scale)
        total = chain_covariance(g, a, whole) / np.outer(scale, scale)
        forward = _chain_transfer(g, a, half) * np.outer(1.0 / scale, scale)
        pull = np.linalg.solve(total, forward @ covariance).T
        mean[d] = pull * np.outer(scale, 1.0 / scale)
        root[d] = scale[:, None] * np.linalg.cholesky(covariance - pull @ forward @ covariance)
        transfer[d] = _chain_transfer(g, a, whole)
    return mean, root, transfer


def _chain_transfer(g: float, a: float, u: float) -> np.ndarray:
    """Return the matrix that carries the chain's (W, Y, Z) over a time u without noise."""
    at = np.array(u)
    _, phi_2, phi_3 = chain_kernels(g, a, at)
    return np.array(
        [
            [1.0, 0.0, 0.0],
            [float(phi_2), math.exp(-a * u), 0.0],
            [float(phi_3), float(voltage_kernel(g, a, at)), math.exp(-g * u)],
        ]
    )
