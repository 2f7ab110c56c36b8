r"""Reset by subtraction: Euler's step, whose spike takes the way from reset to threshold off V'.

V becomes :math:`V' - (v_{th} - v_r)`, so that the overshoot is kept, without the leak of what is
subtracted since the crossing. One spike a step: what V' still has above v_th is for the next.
Libraries of machine learning do so, some with V' > v_th for a spike: with noise in the current V'
is never at v_th, and both are one scheme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from numba import njit

from lifcore.models.networks import Recurrent
from lifcore.models.neuron import LIF
from lifcore.noise.dispatch import borrowing, kernel
from lifcore.schemes import euler
from lifcore.schemes.scheme import crossing, entry, reset


class SubtractionStep(euler.EulerStep):
    """One step of neurons, shape (neurons,) each: that of Euler.

    Examples
    --------
    >>> subtraction_step([LIF(g=2.0)], 0.5).g.tolist()
    [2.0]
    """

    __slots__ = ()


def subtraction_step(neurons: Sequence[LIF] | Recurrent, h: float) -> SubtractionStep:
    """Return the constants of one step.

    Examples
    --------
    >>> subtraction_step([LIF(), LIF(mu=2.0)], 0.25).mu.tolist()
    [1.2, 2.0]
    """
    return SubtractionStep(*euler.euler_step(neurons, h))


_of_euler = njit(euler.euler_entry)
_euler_crossing = borrowing()(euler.euler_crossing)


@kernel(entry, SubtractionStep)
def _entry(step, k):
    return SubtractionStep(*_of_euler(step, k))


@kernel(crossing, SubtractionStep, borrows=True)
def subtraction_crossing(own, v, i, v_new, i_new):
    """Return the speed, 0, and the lag by the straight line, or h after more than one crossing.

    Examples
    --------
    >>> own = SubtractionStep(*(x[0] for x in subtraction_step([LIF()], 0.25)))
    >>> [[float(x) for x in subtraction_crossing(own, v, 4.0, 1.5, 4.0)] for v in (0.5, 1.25)]
    [[3.0, 0.0, 0.125], [3.0, 0.0, 0.25]]
    """
    if v >= own.v_th:  # a second crossing, of a step before
        return i - own.i_th, 0.0, own.h
    return _euler_crossing(own, v, i, v_new, i_new)


@kernel(reset, SubtractionStep, borrows=True)
def _reset(own, v, i, v_new, i_new):
    return v_new - (own.v_th - own.v_reset)


SUBTRACTION = replace(
    euler.EULER,
    name="subtraction",
    constants=subtraction_step,
    alone="what moves networks and holds V puts it to v_reset",
)
"""Euler with a reset that keeps the overshoot."""
