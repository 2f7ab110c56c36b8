"""The cortical column of Potjans and Diesmann (2014): 77 169 neurons, 0.3 billion synapses."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from lifcore import checks
from lifcore.models.physical import Physical
from lifcore.models.poisson import PoissonInput
from lifcore.models.populations import Populations
from lifcore.models.projections import Normal, Population, Projection, synapse_number

NAMES = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
"""The column's populations, by layer, excitatory and inhibitory."""

CELL = Physical(C_m=250, tau_m=10, tau_syn=0.5, V_th=-50, V_reset=-65, E_L=-65, t_ref=2)
"""Its neuron, without input."""

PUBLISHED_RATES = (0.86, 2.80, 4.45, 5.93, 7.59, 8.64, 1.09, 7.88)
"""Rates of the populations in Hz, from table 6 of the paper."""

_SIZES = (20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948)
_EXTERNAL = (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100)  # inputs from outside
_CHANCE = (  # of a synapse, from the population of the column to that of the row
    (0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0),
    (0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0),
    (0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0),
    (0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0),
    (0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0),
    (0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0),
    (0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252),
    (0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443),
)
_PSP, _INHIBITION, _SPREAD = 0.15, -4.0, 0.1  # mV, relative to excitation, relative sd
_DELAY = (1.5, 0.75)  # ms, excitatory and inhibitory; sd is half of it
_BACKGROUND = 8.0  # Hz


def microcircuit(
    neurons: float = 1.0,
    inputs: float = 1.0,
    *,
    seed: int | np.random.SeedSequence,
    resolution: float = 0.1,
) -> Populations:
    r"""Return the cortical column, or a smaller one of the same mean and variance of input.

    In units of tau_m = 10 ms and V_th - E_L = 15 mV; `CELL` converts. Numbers of synapses are those
    of the paper, drawn with repetition; the background is Poisson input. With a share k of the
    inputs weights are multiplied by :math:`1/\sqrt k`, and a constant current replaces what the
    mean loses by it, worked out with the published rates.

    Parameters
    ----------
    neurons : float, optional
        What share of the neurons of each population there is, up to 1.
    inputs : float, optional
        What share of its synapses a neuron has, up to 1. The paper has 1 for both.
    seed : int or SeedSequence
        Of the synapses.
    resolution : float, optional
        Of the delays, ms: they are multiples of it, and at least one. Larger steps cannot represent
        the shortest delays.

    Returns
    -------
    Populations

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, or the network does not fit into memory.

    References
    ----------
    Potjans and Diesmann (2014), The cell-type specific cortical microcircuit. Cerebral Cortex 24,
    785-806, tables 4 and 5. Reduction: van Albada, Helias and Diesmann (2015), PLoS Computational
    Biology 11, e1004490.

    Examples
    --------
    >>> small = microcircuit(0.1, 0.1, seed=1)
    >>> sum(small.sizes), round(small.expected_synapses / 1e6, 2)
    (7717, 2.99)
    """
    share = checks.real("neurons", neurons, above=0.0, at_most=1.0)
    kept = checks.real("inputs", inputs, above=0.0, at_most=1.0)
    least = 0.5 / min(_SIZES)
    if round(share * min(_SIZES)) < 1:
        raise ValueError(
            f"neurons = {neurons!r} leaves none of {NAMES[_SIZES.index(min(_SIZES))]}; allowed: "
            f"above {least:.2g}"
        )
    # Of longer ones the shortest delay would be far in the tail of the inhibitory ones.
    most = 5.0 * min(_DELAY)
    unit = checks.real("resolution", resolution, above=0.0, at_most=most, hint="ms")
    unit /= CELL.time_unit
    weight = _PSP / _psp_of_one(CELL) / CELL.current_unit
    lif, per_unit = CELL.lif, CELL.time_unit / 1000.0  # Hz to events in a unit of time
    relative = np.where(np.arange(8) % 2 == 0, 1.0, _INHIBITION) * np.ones((8, 8))
    relative[0, 2] = 2.0
    numbers = np.array(
        [[synapse_number(_CHANCE[t][s], _SIZES[s], _SIZES[t]) for s in range(8)] for t in range(8)]
    )
    degrees = numbers / np.array(_SIZES)[:, None]
    mean_input = (
        per_unit
        * weight
        * lif.tau
        * ((relative * degrees) @ np.array(PUBLISHED_RATES) + _BACKGROUND * np.array(_EXTERNAL))
    )  # of the current, on average over time
    root = math.sqrt(kept)
    populations = [
        Population(
            name,
            round(share * size),
            replace(lif, mu=float((1.0 - root) * mean)),
            PoissonInput(per_unit * _BACKGROUND * kept * external, weight / root),
        )
        for name, size, external, mean in zip(NAMES, _SIZES, _EXTERNAL, mean_input, strict=True)
    ]
    projections = []
    for t, target in enumerate(NAMES):
        for s, source in enumerate(NAMES):
            number = round(share * kept * numbers[t, s])
            if number == 0:
                continue
            w, late = relative[t, s] * weight / root, _DELAY[s % 2] / CELL.time_unit
            ends = (0.0, math.inf) if w > 0.0 else (-math.inf, 0.0)
            # Half a unit below the shortest delay, so that rounding leaves that its share.
            delay = Normal(late, 0.5 * late, least=0.5001 * unit)
            law = Normal(w, _SPREAD * abs(w), *ends)
            projections.append(Projection(source, target, synapses=number, weight=law, delay=delay))
    return Populations(populations, projections, seed, unit)


def _psp_of_one(cell: Physical) -> float:
    """Return the peak in mV of the potential that a current of 1 pA at its beginning makes."""
    ratio = cell.tau_m / cell.tau_syn
    late, early = (ratio ** (-x / (ratio - 1.0)) for x in (1.0, ratio))
    return cell.tau_syn / cell.C_m / (1.0 - 1.0 / ratio) * (late - early)
