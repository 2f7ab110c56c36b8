r"""Reset by subtraction, a step late: V shows the spike, and the next step's end is lowered.

V is V' >= v_th at the end of the step of a spike, and :math:`v_{th} - v_r` is taken from the V' of
the next: as in :mod:`lifcore.schemes.subtraction`, but for a leak of what is subtracted over one
step more. A start at v_th itself is taken for such a V'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from numba import njit

from lifcore.models.networks import Recurrent
from lifcore.models.neuron import LIF
from lifcore.noise.dispatch import borrowing, kernel
from lifcore.schemes import euler, subtraction
from lifcore.schemes.late_reset import LATE_RESET
from lifcore.schemes.scheme import crossing, entry, move, reset


class LateSubtractionStep(euler.EulerStep):
    """One step of neurons, shape (neurons,) each: that of Euler.

    Examples
    --------
    >>> late_subtraction_step([LIF(g=2.0)], 0.5).g.tolist()
    [2.0]
    """

    __slots__ = ()


def late_subtraction_step(neurons: Sequence[LIF] | Recurrent, h: float) -> LateSubtractionStep:
    """Return the constants of one step.

    Examples
    --------
    >>> late_subtraction_step([LIF(), LIF(mu=2.0)], 0.25).mu.tolist()
    [1.2, 2.0]
    """
    return LateSubtractionStep(*euler.euler_step(neurons, h))


_of_euler = njit(euler.euler_entry)
_euler_move = borrowing()(euler.euler_move)
_crossing_of_subtraction = borrowing()(subtraction.subtraction_crossing)


@kernel(entry, LateSubtractionStep)
def _entry(step, k):
    return LateSubtractionStep(*_of_euler(step, k))


@borrowing()
def _due(own, v):
    """Return what the last step's spike has still to take from V."""
    return own.v_th - own.v_reset if v >= own.v_th else 0.0


@kernel(move, LateSubtractionStep, borrows=True)
def _move(own, v, i, noise, k):
    v_new, i_new = _euler_move(own, v, i, noise, k)
    return v_new - _due(own, v), i_new


@kernel(crossing, LateSubtractionStep, borrows=True)
def _crossing(own, v, i, v_new, i_new):
    return _crossing_of_subtraction(own, v - _due(own, v), i, v_new, i_new)


@kernel(reset, LateSubtractionStep, borrows=True)
def _reset(own, v, i, v_new, i_new):
    return v_new


LATE_SUBTRACTION = replace(LATE_RESET, name="late_subtraction", constants=late_subtraction_step)
"""Euler with a reset that keeps the overshoot, a step late."""
