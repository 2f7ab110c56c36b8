"""The rate alone from the equation on the threshold: for those who ask for many, of like neurons.

Figures that take splines and a search are left out, and the grid that one rate needed is the first
that the next one is tried on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifcore.models.neuron import LIF, one_neuron
from lifcore.stationary.free_process import FreeProcess
from lifcore.stationary.release import longer
from lifcore.stationary.threshold_grid import System, check_work, nodes_of, systems, times_of

_REACH = 8.0


@dataclass
class Grid:
    """Steps in u and in log t; a rate that is not converged on them halves them.

    Examples
    --------
    >>> grid = Grid()
    >>> _ = threshold_rate(LIF(mu=1.5, sigma=0.2), tolerance=1e-5, grid=grid)
    >>> grid.t < 0.2
    True
    """

    u: float = 0.5
    t: float = 0.2


def threshold_rate(
    lif: LIF, late: float = 0.0, *, tolerance: float = 1e-4, grid: Grid | None = None
) -> float:
    """Return the exact rate of a neuron whose resets are late.

    Parameters
    ----------
    lif : LIF
        As in `solve_threshold`.
    late : float, optional
        By how much, as in `late_reset_rate`.
    tolerance : float, optional
        Largest accepted change of the rate, relative, when half the speeds, or half the times, are
        left out.
    grid : Grid, optional
        Where to begin; it is left as it was needed.

    Returns
    -------
    float
        Spikes per unit time.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        As `solve_threshold`.

    Examples
    --------
    >>> round(threshold_rate(LIF(mu=1.5, sigma=0.3, tau=0.5)), 4)
    0.9072
    """
    lif, late = longer(one_neuron("lif", lif, refractory=True), late)
    free, grid, worst = FreeProcess(lif, refractory=True), grid or Grid(), np.inf
    while True:
        nodes, t = nodes_of(free, grid.u, _REACH), times_of(free, grid.t)
        check_work(lif, nodes, t, worst, tolerance)
        rate, in_u, in_t = (_rate(free, system) for system in systems(free, nodes, t, late))
        gap_u, gap_t = abs(in_u - rate), abs(in_t - rate)
        worst = max(gap_u, gap_t) / max(abs(rate), 1e-300)
        if worst <= tolerance:
            return rate
        if gap_t > tolerance * abs(rate):  # an error in times also blurs the verdict on speeds
            grid.t /= 2
        else:
            grid.u /= 2


def _rate(free: FreeProcess, system: System) -> float:
    return float(system.flux(free) @ system.nodes.fold(system.nodes.weight))
