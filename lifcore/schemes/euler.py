r"""Euler–Maruyama, as kernels that move one neuron on all paths of a block.

One step of length h maps (V, I) to

.. math:: V' = V + h (I - gV), \qquad I \leftarrow I + h (\mu - I)/\tau + \sigma\,\Delta W,

and V' >= v_th means a spike at the right end of the step and V = v_reset.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from lifcore.models.networks import Recurrent
from lifcore.models.neuron import LIF
from lifcore.schemes.signals import deliver

SPIKE = np.dtype(
    [
        ("lane", np.int32),
        ("neuron", np.int32),
        ("series", np.int32),
        ("time", np.float64),
        ("speed", np.float64),
        ("lag", np.float64),
    ]
)
"""A recorded spike: path within the block, neuron, which solution of a coupled run it is
of, time, crossing speed I - i_th, and the time since V crossed the threshold (0 for the
exact solution; for Euler by its own straight line from V to V')."""


class EulerStep(NamedTuple):
    """One Euler step of neurons, shape (neurons,) each.

    Examples
    --------
    >>> step = euler_step(LIF(g=2.0, v_th=1.5), 0.25)
    >>> step.h, step.i_th.tolist()
    (0.25, [3.0])
    """

    h: float
    g: np.ndarray
    pull: np.ndarray
    mu: np.ndarray
    sigma: np.ndarray
    v_th: np.ndarray
    v_reset: np.ndarray
    i_th: np.ndarray


def euler_step(neurons: LIF | Sequence[LIF] | Recurrent, h: float) -> EulerStep:
    """Return the constants of one Euler step.

    Parameters
    ----------
    neurons : LIF or sequence of LIF or Recurrent
        The neurons, each with numbers for parameters; or the network they make up.
    h : float
        Step size.

    Returns
    -------
    EulerStep

    Examples
    --------
    >>> euler_step(LIF(tau=0.5), 0.25).pull.tolist()
    [0.5]
    """
    each = [neurons] if isinstance(neurons, LIF) else neurons

    def column(name: str) -> np.ndarray:
        if isinstance(each, Recurrent):
            return each.column(name)
        return np.array([getattr(neuron, name) for neuron in each])

    return EulerStep(
        h=h,
        g=column("g"),
        pull=h * column("a"),
        mu=column("mu"),
        sigma=column("sigma"),
        v_th=column("v_th"),
        v_reset=column("v_reset"),
        i_th=column("i_th"),
    )


@njit(nogil=True, cache=True)
def fill_normals(stream, out):
    """Fill a flat array with standard normals in the order of the stream."""
    for k in range(out.size):
        out[k] = stream.standard_normal()


@njit(nogil=True, cache=True)
def record(spikes, recorded, lane, neuron, series, time, speed, lag):
    """Append a spike; past the buffer's end only count, so that the caller can enlarge it."""
    n = recorded[0]
    if n < spikes.size:
        spike = spikes[n]
        spike.lane = lane
        spike.neuron = neuron
        spike.series = series
        spike.time = time
        spike.speed = speed
        spike.lag = lag
    recorded[0] = n + 1


@njit(nogil=True, cache=True)
def advance(step, j, v, i, dw, before, crossed):
    """Take one Euler step of neuron j over all lanes and return the number of spikes.

    `before` keeps V and I of the step's start and V' (shape (3, lanes)) for `record_crossed`.
    """
    h, g, pull, mu, sigma = step.h, step.g[j], step.pull[j], step.mu[j], step.sigma[j]
    v_th, v_reset = step.v_th[j], step.v_reset[j]
    spiked = 0
    for lane in range(v.size):
        v_new = v[lane] + h * (i[lane] - g * v[lane])
        above = v_new >= v_th
        before[0, lane] = v[lane]
        before[1, lane] = i[lane]
        before[2, lane] = v_new
        crossed[lane] = above
        spiked += above
        i[lane] = i[lane] + pull * (mu - i[lane]) + sigma * dw[lane]
        v[lane] = v_reset if above else v_new
    return spiked


@njit(nogil=True, cache=True)
def record_crossed(step, j, series, time, before, crossed, spikes, recorded):
    """Record the spikes that `advance` has just found."""
    for lane in range(crossed.size):
        if crossed[lane]:
            v, v_new = before[0, lane], before[2, lane]
            lag = step.h * (v_new - step.v_th[j]) / (v_new - v)
            record(spikes, recorded, lane, j, series, time, before[1, lane] - step.i_th[j], lag)


@njit(nogil=True, cache=True)
def euler_neuron(
    step, width, j, begin, end, stream, v, i, counts, signals, weight, spikes, recorded, marks
):
    """Advance one neuron on all lanes from step `begin` to step `end`, in place.

    Draws `width` normals a step, in the order step, lane, whether there are as many lanes or
    fewer. Records spikes if `spikes` has
    room for any, else only counts them; ``marks[n + 1]`` is the number recorded up to the n-th
    of these steps. A signal of step n enters the current at that step's end.
    """
    lanes = v.size
    root = math.sqrt(step.h)
    drawn = np.empty(width)
    dw = drawn[:lanes]
    before = np.empty((3, lanes))
    crossed = np.empty(lanes, np.bool_)
    for n in range(begin, end):
        fill_normals(stream, drawn)
        if spikes.size == 0:
            advance_counting(step, j, v, i, dw, root, counts)
        else:
            for lane in range(lanes):
                dw[lane] *= root
            if advance(step, j, v, i, dw, before, crossed) > 0:
                record_crossed(step, j, 0, (n + 1) * step.h, before, crossed, spikes, recorded)
                for lane in range(lanes):
                    counts[lane] += crossed[lane]
            marks[n - begin + 1] = recorded[0]
        deliver(signals, 0, n - begin, weight, i)


@njit(nogil=True, cache=True)
def advance_counting(step, j, v, i, normals, root, counts):
    """Take the same step as `advance` to the last bit, without what only a recording needs.

    The increments are `root` times the normals; spikes are added to `counts`.
    """
    h, g, pull, mu, sigma = step.h, step.g[j], step.pull[j], step.mu[j], step.sigma[j]
    v_th, v_reset = step.v_th[j], step.v_reset[j]
    for lane in range(v.size):
        v_new = v[lane] + h * (i[lane] - g * v[lane])
        above = v_new >= v_th
        counts[lane] += above
        i[lane] = i[lane] + pull * (mu - i[lane]) + sigma * (root * normals[lane])
        v[lane] = v_reset if above else v_new
