r"""The stationary rate of exponential Euler on its grid, exact for any step, without sampling.

The scheme moves the free neuron exactly and looks at it at the ends of steps only: what is above
the threshold in between, and below it again at the end, it misses. V moves by chance within a step,
so none is sure to spike in its next; from z = (x, y), x = V - V_th < 0 and y = I - I_th, it does
with probability S(z), normal in where V goes on average. Let p be the stationary density below
threshold. As for Euler (`lifcore.stationary.strip_equation`), with G_n the law of n free steps and
R a reset after the first of them, both given that this first step ends above the threshold (+),

.. math:: p(z') = p_{free}(z')
    + \int p(z) S(z) \sum_{n \ge 1} [G^+_{n+1}(z'|z, R) - G^+_{n+1}(z'|z)] dz,

bordered as there by the condition that nothing stays above,
:math:`\int p\,S\,l = P_{free}(V \ge V_{th})` with
:math:`l(z) = \sum_{n \ge 0} [P^+(V_{n+1} \ge V_{th} | z) - P^+(V_{n+1} \ge V_{th} | z, R)]`; the
rate is the integral of p S, over h. Given a later state the first step is normal, so that its
condition costs one more error function. S, sharp at where V just gets to the threshold on average,
goes into the weights of the nodes across; p itself is smooth. Along, nodes are uniform in
u = y/L + arsinh(y/k), k being what the noise of a step moves the current.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from lifcore.models.neuron import LIF
from lifcore.noise.flow import exact_flow
from lifcore.stationary.free_process import FreeProcess
from lifcore.stationary.grid_sums import (
    SURELY,
    plan,
    refuse_leap,
    refuse_work,
    solved,
    spikes_in_a_step,
)
from lifcore.stationary.strip_kernel import add_joint, laws, paused

_REACH = 8.0
_STEP, _ACROSS, _TERMS = 0.7, 5, 8  # of the first grid: in u, across, terms before a stride of 2
_FINE = 60  # nodes of the rule by which weights across are found


def exponential_rate(lif: LIF, h: float, *, tolerance: float = 1e-4, work: float = 3e8) -> float:
    """Return the stationary rate of exponential Euler at a step.

    Parameters
    ----------
    lif : LIF
        The neuron; g and sigma must be positive, tau finite. A refractory time is rounded to whole
        steps.
    h : float
        The step, in which V must not get from reset to threshold.
    tolerance : float, optional
        Largest accepted change, relative, between a grid and one that is finer in all directions.
    work : float, optional
        Entries of the kernels of one grid, at most; 3e8 take a few seconds.

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
    >>> neuron = LIF(mu=0.8, sigma=0.8)
    >>> exponential_rate(neuron, 0.2) < exponential_rate(neuron, 0.1)
    True
    """
    return solved(lif, h, (tolerance, work), _rate)


def _rate(free: FreeProcess, step: tuple[float, int], finer: float, work: float) -> float:
    """Return the rate on a grid so much finer than the first."""
    h, held = step
    flow = exact_flow(LIF(g=free.g, tau=1.0 / free.a, sigma=free.sigma), h)
    rows = flow.noise[[2, 1]]  # of V and of I
    noise = rows @ rows.T
    width, kick = math.sqrt(noise[0, 0]), math.sqrt(noise[1, 1])
    fade, gain, forget = flow.decay_v, flow.gain, flow.decay_i
    shift_v, shift_i = free.mean_v * (1.0 - fade) - gain * free.mean_i, free.mean_i * (1.0 - forget)
    low = -(SURELY * width + shift_v) / gain
    speed, along = _nodes(low, free, kick, _STEP / finer)
    deep = (gain * speed + shift_v + SURELY * width)[:, None] / fade
    refuse_leap(h, float(deep[-1, 0]), free.drop)
    theta, across = _across(deep, (gain * speed + shift_v)[:, None], fade, width, finer)
    weight = along[:, None] * across
    steps, sums = plan(math.ceil(40.0 / (free.g * h)), round(_TERMS * finer))
    refuse_work(h, steps.size * weight.size**2, work)
    one = (fade, gain, forget, shift_v, shift_i, noise[0, 0], noise[0, 1], noise[1, 1])
    table = laws(one, max(int(steps[-1]), held) + 1)
    kernel = np.zeros(weight.shape + weight.shape)
    border = np.ones(weight.shape)  # its term n = 0: all are above after their first step
    add_joint(
        (table, paused(table, held + 1)), (steps, sums), speed, deep * theta, free.drop, held,
        kernel, border,
    )  # fmt: skip
    y, slope = speed[:, None] - free.mean_i, free.cov / free.var_i
    x, left = -deep * theta - free.mean_v - slope * y, free.var_v - slope * free.cov
    density = np.exp(-0.5 * (y * y / free.var_i + x * x / left))
    source = (density / (2.0 * math.pi * math.sqrt(free.var_i * left))).ravel()
    bend = np.broadcast_to(np.exp(-0.5 * y * y / free.var_i), weight.shape).ravel()
    above = float(ndtr(free.mean_v / math.sqrt(free.var_v)))
    square = kernel.reshape(weight.size, weight.size)
    return (
        spikes_in_a_step(square, weight.ravel(), (source, bend), (border.ravel(), above), held) / h
    )


def _nodes(
    low: float, free: FreeProcess, kick: float, step: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return speeds with their weights, from the lowest that may cross to the largest ones."""
    high = max(free.mean_i, 0.0) + _REACH * math.sqrt(free.var_i)
    first, last = (y / free.scale + math.asinh(y / kick) for y in (low, high))
    u = first + step * np.arange(math.ceil((last - first) / step) + 1)
    y = kick * np.sinh(np.clip(u, -math.inf, math.asinh(high / kick)))
    for _ in range(50):
        slope = 1.0 / free.scale + 1.0 / np.hypot(kick, y)
        y = y - (y / free.scale + np.arcsinh(y / kick) - u) / slope
    return y, step / slope


def _across(
    deep: np.ndarray, climb: np.ndarray, fade: float, width: float, finer: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return Gauss's nodes in (0, 1) and the weights that integrate what is smooth times S."""
    count = round(_ACROSS * finer)
    nodes, gauss = np.polynomial.legendre.leggauss(count)
    fine, parts = np.polynomial.legendre.leggauss(_FINE)
    chance = ndtr((climb - fade * deep * 0.5 * (1.0 + fine)) / width)
    degree = np.arange(count) + 0.5
    at_nodes = np.polynomial.legendre.legvander(nodes, count - 1)
    at_fine = np.polynomial.legendre.legvander(fine, count - 1)
    moments = (0.5 * deep * parts * chance) @ at_fine
    return 0.5 * (1.0 + nodes), (moments * degree) @ at_nodes.T * gauss
