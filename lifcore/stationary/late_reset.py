"""The rate of a neuron whose resets come late, as Euler's do: by half a step on average."""

from __future__ import annotations

from lifcore import checks
from lifcore.models.neuron import LIF, one_neuron
from lifcore.stationary.free_process import FreeProcess
from lifcore.stationary.release import longer
from lifcore.stationary.threshold_equation import converged


def late_reset_rate(lif: LIF, late: float, *, tolerance: float = 1e-4) -> float:
    r"""Return the rate of the neuron whose resets come late.

    A reset that is late by a time d puts V to V_r when V would have gained d V' since, with
    V' = A + g (V_th - V_r) just after a spike of speed A: V starts d (A + g (V_th - V_r)) lower,
    which shifts the source in (1) and (2) speed by speed. A neuron that waits at V_r for t_ref is
    late by waiting d longer.

    Parameters
    ----------
    lif : LIF
        The neuron, as in `solve_threshold`.
    late : float
        The delay d, in units of time; negative for an early reset.
    tolerance : float
        As in `solve_threshold`.

    Returns
    -------
    float
        Spikes per unit time, right to first order in `late`.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        As `solve_threshold`.

    Examples
    --------
    >>> neuron = LIF(mu=1.5, sigma=0.3, tau=0.5)
    >>> late_reset_rate(neuron, 0.01) < late_reset_rate(neuron, 0.0)
    True
    """
    late = checks.real("late", late)
    tolerance = checks.real("tolerance", tolerance, at_least=1e-11, at_most=1e-2)
    lif, late = longer(one_neuron("lif", lif, refractory=True), late)
    free = FreeProcess(lif, refractory=True)
    fine, _ = converged(lif, free, 0.25, 8.0, tolerance, late)
    return fine.figures["rate"]
