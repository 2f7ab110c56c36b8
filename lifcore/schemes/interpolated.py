r"""Interpolated spikes: the exact flow on the grid, spikes and resets inside its steps.

Over a step without a spike (V, I) is moved exactly, as in :mod:`lifcore.schemes.exponential`.
V' >= v_th at the end of a step means a spike inside it. Its time is that at which the cubic with
the values V, V' and the slopes I - gV at the two ends rises through v_th: the mean of V given both
ends, but for terms of higher order. A linear membrane that is reset at a time s is the one that is
not, less :math:`(v_{th} - v_r) e^{-g(t - s)}`; so that is subtracted from V' at the step's end, and
nothing has to be known of the current between. Only s is interpolated.

What is left are excursions above the threshold that begin and end within a step, and s. After
Hansel, Mato, Meunier and Neltner (1998) and Shelley and Tao (2001), who interpolate the current.

After a second crossing within the step of a first V waits at the threshold, for a spike at the
beginning of the next step, if V' is above v_th then; what is faster than that is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from numba import njit

from lifcore.models.networks import Recurrent
from lifcore.models.neuron import LIF
from lifcore.noise.dispatch import borrowing, kernel
from lifcore.noise.exponentials import exp
from lifcore.schemes import exponential
from lifcore.schemes.crossings import first_crossing
from lifcore.schemes.scheme import crossing, entry, reset


class InterpolatedStep(exponential.ExponentialStep):
    """One step of neurons, shape (neurons,) each: that of the exponential scheme.

    Examples
    --------
    >>> interpolated_step([LIF(g=2.0)], 0.5).g.tolist()
    [2.0]
    """

    __slots__ = ()


def interpolated_step(neurons: Sequence[LIF] | Recurrent, h: float) -> InterpolatedStep:
    """Return the constants of one step.

    Parameters
    ----------
    neurons : sequence of LIF
        The neurons, each with numbers for parameters.
    h : float
        Step size; any, since the flow is exact.

    Returns
    -------
    InterpolatedStep

    Examples
    --------
    >>> interpolated_step([LIF(), LIF(mu=2.0)], 0.25).c21.shape
    (2,)
    """
    return InterpolatedStep(*exponential.exponential_step(neurons, h))


_of_exponential = njit(exponential.exponential_entry)


@kernel(entry, InterpolatedStep)
def _entry(step, k):
    return InterpolatedStep(*_of_exponential(step, k))


@borrowing()
def since_crossing(own, v, i, v_new, i_new):
    """Return how long before the step's end the cubic rose through v_th, and its slope there."""
    below = v - own.v_th
    if below >= 0.0:  # a second crossing, of the step before
        return own.h, i - own.i_th
    slope, slope_end = own.h * (i - own.g * v), own.h * (i_new - own.g * v_new)
    u, rise = first_crossing(below, v_new - own.v_th, slope, slope_end)
    return own.h * (1.0 - u), rise / own.h


@kernel(crossing, InterpolatedStep, borrows=True)
def _crossing(own, v, i, v_new, i_new):
    since, speed = since_crossing(own, v, i, v_new, i_new)
    return speed, since, 0.0


@kernel(reset, InterpolatedStep, borrows=True)
def _reset(own, v, i, v_new, i_new):
    since, _ = since_crossing(own, v, i, v_new, i_new)
    return min(v_new - (own.v_th - own.v_reset) * exp(-own.g * since), own.v_th)


INTERPOLATED = replace(
    exponential.EXPONENTIAL,
    name="interpolated",
    constants=interpolated_step,
    strong_order=0.75,
    weak_order=1.5,
    spike_time_order=1.5,
    alone="a spike between two points of the grid would reach them late",
)
"""Exact current and membrane, spikes interpolated within the step."""
