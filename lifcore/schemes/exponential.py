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
    shape,
    spread,
    threshold,
)


class ExponentialStep(NamedTuple):
    """One step of neurons, shape (neurons,) each; of ``chain`` and ``transfer`` (neurons, 3, 3).

    ``hold`` are the steps for which V is held after that of a spike.
    ``chain`` times three normals is the noise of a step, ``transfer`` carries that of one before.

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
    chain: np.ndarray
    transfer: np.ndarray


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
    >>> exponential_step([LIF(), LIF(mu=2.0)], 0.25).chain.shape
    (2, 3, 3)
    """
    names = ("g", "a", "mu", "sigma", "v_th", "v_reset", "i_th")
    own = [column(neurons, name).astype(np.float64) for name in names]
    own[names.index("v_th")] = threshold(neurons)
    each = neurons.neurons if isinstance(neurons, Recurrent) else neurons
    flows = {lif: _flow(lif, h) for lif in set(each)}
    carries = {lif: chain_transfer(lif.g, lif.a, h) for lif in flows}
    table = [
        np.array([getattr(flows[n], x) for n in each])
        for x in ("decay_i", "decay_v", "gain", "drift", "chain")
    ]
    carry = np.array([carries[neuron] for neuron in each])
    hold = checks.held_steps(column(neurons, "t_ref"), h)
    return ExponentialStep(*[np.full(len(each), h), *own, hold, *table, carry])


def _flow(lif: LIF, h: float) -> Flow:
    with checks.computable(h, lif):
        flow = exact_flow(lif, h)
        checks.finite(*flow)
    return flow


@kernel(entry, ExponentialStep)
def _entry(step, k):
    return ExponentialStep(
        step.h[k], step.g[k], step.a[k], step.mu[k], step.sigma[k],
        step.v_th[k], step.v_reset[k], step.i_th[k], step.hold[k],
        step.decay_i[k], step.decay_v[k], step.gain[k], step.drift[k],
        step.chain[k], step.transfer[k],
    )  # fmt: skip


@kernel(spread, ExponentialStep)
def _spread(own, variance):
    return math.sqrt(variance)


@kernel(shape, ExponentialStep)
def _shape(own, noise, k):
    c = own.chain
    z0, z1, z2 = noise[0, k], noise[1, k], noise[2, k]
    noise[0, k] = c[0, 0] * z0
    noise[1, k] = c[1, 0] * z0 + c[1, 1] * z1
    noise[2, k] = c[2, 0] * z0 + c[2, 1] * z1 + c[2, 2] * z2


@kernel(join, ExponentialStep)
def _join(own, pending, noise, k):
    t = own.transfer
    y0, y1, y2 = pending[0, k], pending[1, k], pending[2, k]
    pending[0, k] = y0 + noise[0, k]
    pending[1, k] = t[1, 0] * y0 + t[1, 1] * y1 + noise[1, k]
    pending[2, k] = t[2, 0] * y0 + t[2, 1] * y1 + t[2, 2] * y2 + noise[2, k]


@kernel(move, ExponentialStep)
def _move(own, v, i, noise, k):
    x = i - own.mu
    i_new = own.mu + own.decay_i * x + own.sigma * (noise[0, k] - own.a * noise[1, k])
    v_new = own.decay_v * v + own.gain * x + own.drift
    return v_new + own.sigma * (noise[1, k] - own.g * noise[2, k]), i_new


@kernel(crossing, ExponentialStep)
def _crossing(own, v, i, v_new):
    return i - own.i_th, own.h * (v_new - own.v_th) / (v_new - v)


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
