r"""The stationary rate of Euler's scheme on its grid, exact for any step, without sampling.

Euler's potential moves without noise within a step, :math:`x_{n+1} = (1 - gh) x_n + h y_n` with
x = V - V_th and y = I - I_th. So a neuron spikes in its next step if it is in the strip

.. math:: D = \{x < 0 \le (1 - gh) x + h y\}.

Let q be the stationary density there. A step later all of q is above the threshold, and is put to
V_r. As for the exact neuron (`lifcore.stationary.threshold_equation`), the stationary law is
that of the free process with a sink and a source, now of a chain: with G_n the normal density of n
free steps, and R a reset after the first of them,

.. math:: q(z') = p_{free}(z') + \int_D q(z) \sum_{n \ge 1} [G_{n+1}(z'|z, R) - G_{n+1}(z'|z)] dz

for z' in D, which must not reach down to V_r: no expansion in h. That nothing stays above the
threshold gives, as there, a condition that is well posed always,
:math:`\int_D q\,l = P_{free}(V \ge V_{th})` with
:math:`l(z) = \sum_{n \ge 0} [P(V_{n+1} \ge V_{th} | z) - P(V_{n+1} \ge V_{th} | z, R)]`; the
equation is solved bordered by it. Nodes are Gauss's across the strip, and along it uniform in u,
y = L log(1 + e^u), from far below what the noise of a step moves the current. Sums over n are taken
term by term at first, then with growing strides and the Euler-Maclaurin correction
(`lifcore.stationary.grid_sums`, also for neurons that wait at V_r).
"""

from __future__ import annotations

import math

import numpy as np

from lifcore.models.neuron import LIF
from lifcore.stationary.free_process import FreeProcess
from lifcore.stationary.grid_sums import (
    SURELY,
    free_law,
    plan,
    refuse_leap,
    refuse_work,
    solved,
    spikes_in_a_step,
)
from lifcore.stationary.strip_kernel import add_up, laws, paused

_LOWEST, _REACH = math.exp(-4.0), 8.0
_STEP, _ACROSS, _TERMS = 0.5, 4, 16  # of the first grid: in u, across, terms before a stride of 2


def euler_rate(lif: LIF, h: float, *, tolerance: float = 1e-5, work: float = 2e9) -> float:
    """Return the stationary rate of Euler's scheme at a step.

    Parameters
    ----------
    lif : LIF
        The neuron; g and sigma must be positive, tau finite. A refractory time is rounded to whole
        steps.
    h : float
        The step, below tau and 1/g, in which V must not get from reset to threshold.
    tolerance : float, optional
        Largest accepted change, relative, between a grid and one that is finer in all directions.
    work : float, optional
        Entries of the kernels of one grid, at most; 2e9 take a few seconds.

    Returns
    -------
    float
        Spikes per unit time.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        If an argument is wrong, the step is too fine, or the rate does not converge before the
        grid is too large.

    Examples
    --------
    >>> neuron = LIF(mu=1.5, sigma=0.3, tau=0.5)
    >>> round(euler_rate(neuron, 0.05), 4), round(euler_rate(neuron, 0.0125), 4)
    (0.9086, 0.9075)
    """
    return solved(lif, h, (tolerance, work), _rate)


def _rate(free: FreeProcess, step: tuple[float, int], finer: float, work: float) -> float:
    """Return the rate on a grid so much finer than the first."""
    h, held = step
    if not h < min(1.0 / free.g, 1.0 / free.a):
        raise ValueError(
            f"h = {h!r}; allowed: below tau = {1.0 / free.a!r} and 1/g = {1.0 / free.g!r}"
        )
    fastest = max(free.mean_i, 0.0) + SURELY * math.sqrt(free.var_i / (1.0 - 0.5 * h * free.a))
    refuse_leap(h, h * fastest, (1.0 - free.g * h) * free.drop)
    fade, forget = 1.0 - free.g * h, 1.0 - free.a * h
    variance, drift = free.sigma**2 * h, free.a * h * free.mean_i
    ii = variance / (1.0 - forget**2)  # the free chain's stationary covariance
    vi = forget * h * ii / (1.0 - fade * forget)
    vv = (2.0 * fade * h * vi + h * h * ii) / (1.0 - fade**2)
    low, high = _LOWEST * math.sqrt(variance), max(free.mean_i, 0.0) + _REACH * math.sqrt(ii)
    refuse_work(h, (high / (free.scale * _STEP)) ** 2, work)  # before there are nodes
    speed, along = _nodes(free.scale, low, high, _STEP / finer)
    theta, across = np.polynomial.legendre.leggauss(round(_ACROSS * finer))
    theta, height = 0.5 * (1.0 + theta), h * speed[:, None] / fade
    weight = 0.5 * across * along[:, None] * height
    steps, sums = plan(math.ceil(40.0 / (free.g * h)), round(_TERMS * finer))
    shape = speed.size, theta.size
    refuse_work(h, steps.size * weight.size**2, work)
    stayed, fallen = np.zeros(shape + shape), np.zeros((speed.size, *shape))
    border = np.ones(shape)  # its term n = 0: all are above after their first step
    table = laws((fade, h, forget, 0.0, drift, 0.0, 0.0, variance), max(int(steps[-1]), held) + 1)
    add_up(
        (table, paused(table, held + 1)), (steps, sums), speed, height * theta,
        h * speed[:, None] * (1.0 - theta), free.drop, stayed, fallen, border,
    )  # fmt: skip
    kernel = (fallen[:, None] - stayed).reshape(weight.size, weight.size)
    law = free_law(free, speed, height * theta, (vv, vi, ii))
    return spikes_in_a_step(kernel, weight.ravel(), border.ravel(), law, held) / h


def _nodes(scale: float, low: float, high: float, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Return speeds with their weights, from far below the noise of a step to the largest ones."""
    ends = np.array([low, high]) / scale
    first, last = ends + np.log(-np.expm1(-ends))
    u = first + step * np.arange(math.ceil((last - first) / step) + 1)
    return scale * np.logaddexp(0.0, u), step * scale / (1.0 + np.exp(-u))
