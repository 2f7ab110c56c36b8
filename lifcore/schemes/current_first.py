r"""Current first: Euler's step with V moved by the new current, as semi-implicit Euler does.

One step of length h maps (V, I) to

.. math:: I' = I + h (\mu - I)/\tau + \sigma\,\Delta W, \qquad V' = V + h (I' - gV),

with Euler's spikes and resets. A rate does not depend on which current V sees, and neither do
orders: it is the same current, a step earlier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from numba import njit

from lifcore.models.networks import Recurrent
from lifcore.models.neuron import LIF
from lifcore.noise.dispatch import borrowing, kernel
from lifcore.schemes import euler
from lifcore.schemes.scheme import entry, move


class CurrentFirstStep(euler.EulerStep):
    """One step of neurons, shape (neurons,) each: that of Euler.

    Examples
    --------
    >>> current_first_step([LIF(g=2.0)], 0.5).g.tolist()
    [2.0]
    """

    __slots__ = ()


def current_first_step(neurons: Sequence[LIF] | Recurrent, h: float) -> CurrentFirstStep:
    """Return the constants of one step.

    Examples
    --------
    >>> current_first_step([LIF(), LIF(mu=2.0)], 0.25).mu.tolist()
    [1.2, 2.0]
    """
    return CurrentFirstStep(*euler.euler_step(neurons, h))


_of_euler = njit(euler.euler_entry)
_euler_move = borrowing()(euler.euler_move)


@kernel(entry, CurrentFirstStep)
def _entry(step, k):
    return CurrentFirstStep(*_of_euler(step, k))


@kernel(move, CurrentFirstStep, borrows=True)
def _move(own, v, i, noise, k):
    _, i_new = _euler_move(own, v, i, noise, k)
    return v + own.h * (i_new - own.g * v), i_new


CURRENT_FIRST = replace(euler.EULER, name="current_first", constants=current_first_step)
"""Euler with the current first, whose new value moves V in the same step."""
