r"""Reset a step late: Euler's step, of which V shows the spike, and the next begins at v_reset.

V is V' >= v_th at the end of the step of a spike. Spikes are Euler's to the last bit, and so are V
and I but there; the share of such steps is of order h, so that V has Euler's orders with another
constant. A start at v_th itself is taken for such a V'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from numba import njit

from lifcore.models.networks import Recurrent
from lifcore.models.neuron import LIF
from lifcore.noise.dispatch import borrowing, kernel
from lifcore.schemes import euler
from lifcore.schemes.scheme import crossing, entry, move, reset


class LateResetStep(euler.EulerStep):
    """One step of neurons, shape (neurons,) each: that of Euler.

    Examples
    --------
    >>> late_reset_step([LIF(g=2.0)], 0.5).g.tolist()
    [2.0]
    """

    __slots__ = ()


def late_reset_step(neurons: Sequence[LIF] | Recurrent, h: float) -> LateResetStep:
    """Return the constants of one step.

    Examples
    --------
    >>> late_reset_step([LIF(), LIF(mu=2.0)], 0.25).mu.tolist()
    [1.2, 2.0]
    """
    return LateResetStep(*euler.euler_step(neurons, h))


_of_euler = njit(euler.euler_entry)
_euler_move = borrowing()(euler.euler_move)
_euler_crossing = borrowing()(euler.euler_crossing)


@kernel(entry, LateResetStep)
def _entry(step, k):
    return LateResetStep(*_of_euler(step, k))


@kernel(move, LateResetStep, borrows=True)
def _move(own, v, i, noise, k):
    return _euler_move(own, own.v_reset if v >= own.v_th else v, i, noise, k)


@kernel(crossing, LateResetStep, borrows=True)
def _crossing(own, v, i, v_new, i_new):
    return _euler_crossing(own, own.v_reset if v >= own.v_th else v, i, v_new, i_new)


@kernel(reset, LateResetStep, borrows=True)
def _reset(own, v, i, v_new, i_new):
    return v_new


LATE_RESET = replace(
    euler.EULER,
    name="late_reset",
    constants=late_reset_step,
    alone="what moves networks and holds V puts it to v_reset in the step of the spike",
)
"""Euler with a reset that V shows a step late."""
