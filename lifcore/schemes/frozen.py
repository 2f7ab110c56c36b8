r"""Frozen current: both decay exactly over a step, in which V sees the current of its start.

One step of length h maps V to

.. math:: V' = e^{-gh} V + \frac{1 - e^{-gh}}{g} I ,

and I exactly, with its noise; spikes and resets are on the grid. A simulator of equations that
solves each of them exactly with the others held does this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numba import njit

from lifcore.models.networks import Recurrent
from lifcore.models.neuron import LIF
from lifcore.noise.covariance import decay_integral
from lifcore.noise.dispatch import borrowing, kernel
from lifcore.schemes import exponential
from lifcore.schemes.scheme import entry, move


class FrozenStep(exponential.ExponentialStep):
    """One step of neurons, shape (neurons,) each; ``gain`` is what a current held at 1 adds to V.

    Examples
    --------
    >>> frozen_step([LIF(g=0.0)], 0.5).gain.tolist()
    [0.5]
    """

    __slots__ = ()


def frozen_step(neurons: Sequence[LIF] | Recurrent, h: float) -> FrozenStep:
    """Return the constants of one step.

    Examples
    --------
    >>> frozen_step([LIF(), LIF(mu=2.0)], 0.25).gain.round(3).tolist()
    [0.221, 0.221]
    """
    step = FrozenStep(*exponential.exponential_step(neurons, h))
    gains = {g: float(decay_integral(g, np.array(h))) for g in set(step.g.tolist())}
    return step._replace(gain=np.array([gains[g] for g in step.g.tolist()]))


_of_exponential = njit(exponential.exponential_entry)
_move_freely = borrowing()(exponential.move_freely)


@kernel(entry, FrozenStep)
def _entry(step, k):
    return FrozenStep(*_of_exponential(step, k))


@kernel(move, FrozenStep, borrows=True)
def _move(own, v, i, noise, k):
    _, i_new = _move_freely(own, v, i, noise, k)
    return own.decay_v * v + own.gain * i, i_new


FROZEN = replace(exponential.EXPONENTIAL, name="frozen", constants=frozen_step)
"""Exact current and exact decay of V, which sees the current of the step's start."""
