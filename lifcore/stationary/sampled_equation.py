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
condition costs one more error function. Nodes across are Gauss's for the weight S, which is sharp
where V just gets to the threshold on average; p itself is smooth. Along, nodes are uniform in
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
    free_law,
    plan,
    refuse_leap,
    refuse_work,
    solved,
    spikes_in_a_step,
)
from lifcore.stationary.strip_kernel import add_joint, laws, paused

_REACH = 8.0
_LONGEST = 4.0  # steps, over tau or 1/g
_STEP, _ACROSS, _TERMS = 0.7, 8, 16  # of the first grid: in u, across, terms before a stride of 2
_FINE = 40  # nodes of each of the two rules by which weights across are found


def exponential_rate(lif: LIF, h: float, *, tolerance: float = 1e-4, work: float = 3e8) -> float:
    """Return the stationary rate of exponential Euler at a step.

    Parameters
    ----------
    lif : LIF
        The neuron; g and sigma must be positive, tau finite. A refractory time is rounded to whole
        steps.
    h : float
        The step, below 4 tau and 4/g, in which V must not get from reset to threshold.
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
    if not h * max(free.g, free.a) < _LONGEST:
        raise ValueError(
            f"h = {h!r}; allowed: below {_LONGEST:g} tau = {_LONGEST / free.a!r} and "
            f"{_LONGEST:g}/g = {_LONGEST / free.g!r}"
        )
    flow = exact_flow(LIF(g=free.g, tau=1.0 / free.a, sigma=free.sigma), h)
    rows = flow.noise[[2, 1]]  # of V and of I
    noise = rows @ rows.T
    width, kick = math.sqrt(noise[0, 0]), math.sqrt(noise[1, 1])
    fade, gain, forget = flow.decay_v, flow.gain, flow.decay_i
    shift_v, shift_i = free.mean_v * (1.0 - fade) - gain * free.mean_i, free.mean_i * (1.0 - forget)
    low = -(SURELY * width + shift_v) / gain
    high = max(free.mean_i, 0.0) + _REACH * math.sqrt(free.var_i)
    if low >= high:
        return 0.0
    refuse_work(h, (high / (free.scale * _STEP)) ** 2, work)  # before there are nodes
    speed, along = _nodes((low, high), free.scale, kick, _STEP / finer)
    climb = (gain * speed + shift_v)[:, None]
    deep = (climb + SURELY * width) / fade
    refuse_leap(h, float(deep[-1, 0]), free.drop)
    depth, across = _across(deep, climb, fade, width, round(_ACROSS * finer))
    weight = along[:, None] * across
    steps, sums = plan(math.ceil(40.0 / (free.g * h)), round(_TERMS * finer))
    refuse_work(h, steps.size * weight.size**2, work)
    one = (fade, gain, forget, shift_v, shift_i, noise[0, 0], noise[0, 1], noise[1, 1])
    table = laws(one, max(int(steps[-1]), held) + 1)
    kernel = np.zeros(weight.shape + weight.shape)
    border = np.ones(weight.shape)  # its term n = 0: all are above after their first step
    add_joint(
        (table, paused(table, held + 1)), (steps, sums), speed, depth, free.drop, held,
        kernel, border,
    )  # fmt: skip
    law = free_law(free, speed, depth, (free.var_v, free.cov, free.var_i))
    square = kernel.reshape(weight.size, weight.size)
    return spikes_in_a_step(square, weight.ravel(), border.ravel(), law, held) / h


def _nodes(
    ends: tuple[float, float], scale: float, kick: float, step: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return speeds with their weights, from the lowest that may cross to the largest ones."""
    first, last = (y / scale + math.asinh(y / kick) for y in ends)
    u = first + step * (0.5 + np.arange(math.ceil((last - first) / step)))
    y = kick * np.sinh(np.clip(u, math.asinh(ends[0] / kick), math.asinh(ends[1] / kick)))
    for _ in range(50):
        slope = 1.0 / scale + 1.0 / np.hypot(kick, y)
        y = y - (y / scale + np.arcsinh(y / kick) - u) / slope
    return y, step / slope


def _across(
    deep: np.ndarray, climb: np.ndarray, fade: float, width: float, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes and weights of Gauss's rules for the weight S, one in each row of (0, deep).

    Their recurrences are found by sums over a finer rule (Stieltjes), in two parts: where S is 1,
    and where it falls, however narrow that is.
    """
    half, own = np.polynomial.legendre.leggauss(_FINE)
    bend = np.maximum(0.0, deep - 2.0 * SURELY * width / fade)  # S falls from here on
    fine = 0.5 * np.hstack([bend * (1.0 + half), deep + bend + (deep - bend) * half])
    parts = 0.5 * np.hstack([bend * own, (deep - bend) * own])
    parts *= ndtr((climb - fade * fine) / width)
    t = fine / deep  # in (0, 1), where no sum overflows
    jacobi = np.zeros((len(deep), count, count))
    before, now, norm = np.zeros_like(t), np.ones_like(t), np.ones(len(deep))
    whole = parts.sum(axis=1)
    for k in range(count):
        size = (parts * now * now).sum(axis=1)
        jacobi[:, k, k] = centre = (parts * t * now * now).sum(axis=1) / size
        share = size / norm if k else np.zeros(len(deep))
        if k:
            jacobi[:, k, k - 1] = jacobi[:, k - 1, k] = np.sqrt(share)
        before, now = now, (t - centre[:, None]) * now - share[:, None] * before
        norm = size
    nodes, vectors = np.linalg.eigh(jacobi)
    return deep * nodes, whole[:, None] * vectors[:, 0, :] ** 2
