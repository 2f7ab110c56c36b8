r"""Euler–Maruyama: the scheme under test.

One step of length h maps (V, I) to

.. math:: V' = V + h (I - gV), \qquad I \leftarrow I + h (\mu - I)/\tau + \sigma\,\Delta W,

and V' >= v_th means a spike at the right end of the step and V = v_reset, where it is held for the
t_ref/h steps that follow (:func:`lifcore.checks.held_steps` says how that is rounded).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lifcore import checks
from lifcore.models.networks import Recurrent
from lifcore.models.neuron import LIF
from lifcore.noise.dispatch import kernel
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


class EulerStep(NamedTuple):
    """One Euler step of neurons, shape (neurons,) each.

    ``hold`` are the steps for which V is held after that of a spike.

    Examples
    --------
    >>> step = euler_step([LIF(g=2.0, v_th=1.5)], 0.25)
    >>> step.h.tolist(), step.i_th.tolist()
    ([0.25], [3.0])
    """

    h: np.ndarray
    g: np.ndarray
    pull: np.ndarray
    mu: np.ndarray
    sigma: np.ndarray
    v_th: np.ndarray
    v_reset: np.ndarray
    i_th: np.ndarray
    hold: np.ndarray


def euler_step(neurons: Sequence[LIF] | Recurrent, h: float) -> EulerStep:
    """Return the constants of one Euler step.

    Parameters
    ----------
    neurons : sequence of LIF or Recurrent
        The neurons, each with numbers for parameters; or the network they make up.
    h : float
        Step size.

    Returns
    -------
    EulerStep

    Examples
    --------
    >>> euler_step([LIF(tau=0.5)], 0.25).pull.tolist()
    [0.5]
    """
    g, a, mu, sigma, v_reset, i_th = (
        column(neurons, name).astype(np.float64)
        for name in ("g", "a", "mu", "sigma", "v_reset", "i_th")
    )
    v_th = threshold(neurons)
    hold = checks.held_steps(column(neurons, "t_ref"), h)
    return EulerStep(np.full(g.size, h), g, h * a, mu, sigma, v_th, v_reset, i_th, hold)


@kernel(entry, EulerStep)
def euler_entry(step, k):
    """Return the k-th entry.

    Examples
    --------
    >>> float(euler_entry(euler_step([LIF(), LIF(mu=2.0)], 0.5), 1).mu)
    2.0
    """
    return EulerStep(
        step.h[k], step.g[k], step.pull[k], step.mu[k], step.sigma[k],
        step.v_th[k], step.v_reset[k], step.i_th[k], step.hold[k],
    )  # fmt: skip


@kernel(spread, EulerStep, borrows=True)
def _spread(own, variance):
    return math.sqrt(own.h * variance)


@kernel(shape, EulerStep, borrows=True)
def _shape(own, noise, k):
    pass  # drawn with its own spread, a normal is the increment of W


@kernel(join, EulerStep, borrows=True)
def _join(own, pending, noise, k):
    pending[0, k] += noise[0, k]


@kernel(move, EulerStep, borrows=True)
def euler_move(own, v, i, noise, k):
    """Move V by the old current, and I.

    Examples
    --------
    >>> own = EulerStep(*(x[0] for x in euler_step([LIF(mu=1.0, tau=1.0)], 0.25)))
    >>> v, i = euler_move(own, 0.5, 1.5, np.zeros((1, 1)), 0)
    >>> float(v), float(i)
    (0.75, 1.375)
    """
    v_new = v + own.h * (i - own.g * v)
    return v_new, i + own.pull * (own.mu - i) + own.sigma * noise[0, k]


@kernel(crossing, EulerStep, borrows=True)
def euler_crossing(own, v, i, v_new, i_new):
    """Return the speed, 0, and the lag by the straight line.

    Examples
    --------
    >>> own = EulerStep(*(x[0] for x in euler_step([LIF()], 0.25)))
    >>> [float(x) for x in euler_crossing(own, 0.5, 4.0, 1.5, 4.0)]
    [3.0, 0.0, 0.125]
    """
    return i - own.i_th, 0.0, own.h * (v_new - own.v_th) / (v_new - v)


@kernel(reset, EulerStep, borrows=True)
def _reset(own, v, i, v_new, i_new):
    return own.v_reset


EULER = Scheme(
    name="euler",
    constants=euler_step,
    carry=grid_neuron,
    components=1,
    check=checks.euler_stable,
    strong_order=0.5,
    weak_order=1.0,
    spike_time_order=1.0,
)
"""Plain Euler–Maruyama."""
