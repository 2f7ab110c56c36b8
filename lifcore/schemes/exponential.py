r"""Exponential Euler: the exact current and membrane on the grid, with Euler's spikes.

Over a step without a spike (V, I) is a linear Gaussian system, so both can be moved exactly
(:mod:`lifcore.noise.covariance`): the law on the grid is free of error for any step. What is
left is what the grid cannot see: V' >= v_th at the end of a step means a spike there and
V = v_reset, the overshoot is lost, and an excursion above the threshold within a step is missed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lifcore import checks
from lifcore.models.networks import Recurrent
from lifcore.models.neuron import LIF
from lifcore.noise.bridges import chain_transfer
from lifcore.noise.dispatch import kernel
from lifcore.noise.flow import Flow, exact_flow
from lifcore.schemes.lanes import grid_neuron
from lifcore.schemes.scheme import (
    Scheme,
    column,
    crossing,
    entry,
    join,
    move,
    reset,
    shape,
    spread,
    threshold,
)


class ExponentialStep(NamedTuple):
    """One step of neurons, shape (neurons,) each.

    ``hold`` are the steps for which V is held after that of a spike. The lower triangle ``c`` times
    three normals is the noise of a step; ``t``, whose corner is 1, carries that of one before.

    Examples
    --------
    >>> exponential_step([LIF(g=2.0)], 0.5).decay_v.tolist() == [math.exp(-1.0)]
    True
    """

    h: np.ndarray
    g: np.ndarray
    a: np.ndarray
    mu: np.ndarray
    sigma: np.ndarray
    v_th: np.ndarray
    v_reset: np.ndarray
    i_th: np.ndarray
    hold: np.ndarray
    decay_i: np.ndarray
    decay_v: np.ndarray
    gain: np.ndarray
    drift: np.ndarray
    c00: np.ndarray
    c10: np.ndarray
    c11: np.ndarray
    c20: np.ndarray
    c21: np.ndarray
    c22: np.ndarray
    t10: np.ndarray
    t11: np.ndarray
    t20: np.ndarray
    t21: np.ndarray
    t22: np.ndarray


def exponential_step(neurons: Sequence[LIF] | Recurrent, h: float) -> ExponentialStep:
    """Return the constants of one step.

    Parameters
    ----------
    neurons : sequence of LIF or Recurrent
        The neurons, each with numbers for parameters; or the network they make up.
    h : float
        Step size; any, since the flow is exact.

    Returns
    -------
    ExponentialStep

    Examples
    --------
    >>> exponential_step([LIF(), LIF(mu=2.0)], 0.25).c21.shape
    (2,)
    """
    names = ("g", "a", "mu", "sigma", "v_th", "v_reset", "i_th")
    own = [column(neurons, name).astype(np.float64) for name in names]
    own[names.index("v_th")] = threshold(neurons)
    each = neurons.neurons if isinstance(neurons, Recurrent) else neurons
    flows = {lif: _flow(lif, h) for lif in set(each)}
    carries = {lif: chain_transfer(lif.g, lif.a, h) for lif in flows}
    table = [
        np.array([getattr(flows[n], x) for n in each])
        for x in ("decay_i", "decay_v", "gain", "drift")
    ]
    lower = np.tril_indices(3)
    chain = np.array([flows[neuron].chain for neuron in each])[:, *lower]
    carry = np.array([carries[neuron] for neuron in each])[:, *lower][:, 1:]
    hold = checks.held_steps(column(neurons, "t_ref"), h)
    noise = np.ascontiguousarray(np.concatenate([chain, carry], axis=1).T)
    return ExponentialStep(*[np.full(len(each), h), *own, hold, *table, *noise])


def _flow(lif: LIF, h: float) -> Flow:
    with checks.computable(h, lif):
        flow = exact_flow(lif, h)
        checks.finite(*flow)
    return flow


@kernel(entry, ExponentialStep)
def exponential_entry(step, k):
    """Return the k-th entry.

    Examples
    --------
    >>> float(exponential_entry(exponential_step([LIF(), LIF(mu=2.0)], 0.5), 1).mu)
    2.0
    """
    return ExponentialStep(
        step.h[k], step.g[k], step.a[k], step.mu[k], step.sigma[k],
        step.v_th[k], step.v_reset[k], step.i_th[k], step.hold[k],
        step.decay_i[k], step.decay_v[k], step.gain[k], step.drift[k],
        step.c00[k], step.c10[k], step.c11[k], step.c20[k], step.c21[k], step.c22[k],
        step.t10[k], step.t11[k], step.t20[k], step.t21[k], step.t22[k],
    )  # fmt: skip


@kernel(spread, ExponentialStep, borrows=True)
def _spread(own, variance):
    return math.sqrt(variance)


@kernel(shape, ExponentialStep, borrows=True)
def _shape(own, noise, k):
    z0, z1, z2 = noise[0, k], noise[1, k], noise[2, k]
    noise[0, k] = own.c00 * z0
    noise[1, k] = own.c10 * z0 + own.c11 * z1
    noise[2, k] = own.c20 * z0 + own.c21 * z1 + own.c22 * z2


@kernel(join, ExponentialStep, borrows=True)
def _join(own, pending, noise, k):
    y0, y1, y2 = pending[0, k], pending[1, k], pending[2, k]
    pending[0, k] = y0 + noise[0, k]
    pending[1, k] = own.t10 * y0 + own.t11 * y1 + noise[1, k]
    pending[2, k] = own.t20 * y0 + own.t21 * y1 + own.t22 * y2 + noise[2, k]


@kernel(move, ExponentialStep, borrows=True)
def move_freely(own, v, i, noise, k):
    """Move V and I exactly.

    Examples
    --------
    >>> own = ExponentialStep(*(x[0] for x in exponential_step([LIF(mu=1.0)], 0.5)))
    >>> v, i = move_freely(own, 1.0, 1.0, np.zeros((3, 1)), 0)  # where both stay
    >>> round(float(v), 12), round(float(i), 12)
    (1.0, 1.0)
    """
    x = i - own.mu
    i_new = own.mu + own.decay_i * x + own.sigma * (noise[0, k] - own.a * noise[1, k])
    v_new = own.decay_v * v + own.gain * x + own.drift
    return v_new + own.sigma * (noise[1, k] - own.g * noise[2, k]), i_new


@kernel(crossing, ExponentialStep, borrows=True)
def _crossing(own, v, i, v_new, i_new):
    return i - own.i_th, 0.0, own.h * (v_new - own.v_th) / (v_new - v)


@kernel(reset, ExponentialStep, borrows=True)
def _reset(own, v, i, v_new, i_new):
    return own.v_reset


def _any_step(h: float, rates: dict[str, float]) -> None:
    """Refuse nothing: the flow is exact for any step."""


EXPONENTIAL = Scheme(
    name="exponential",
    constants=exponential_step,
    carry=grid_neuron,
    components=3,
    check=_any_step,
    strong_order=0.5,
    weak_order=1.0,
    spike_time_order=1.0,
)
"""Exact current and membrane, spike and reset on the grid."""
