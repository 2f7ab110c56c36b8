"""How a pilot answers: the largest step within a tolerance, or the error of a given step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import takewhile

from lifcore.advice.measures import FEW
from lifcore.advice.pilot import FIRST, LEVELS, LOOKS, Pilot
from lifcore.evidence.statistics import Estimate

FARTHEST = 256.0
"""How much finer than a measured step one may be to which its error is carried over."""


class UnreachableError(ValueError):
    """A tolerance that no step within the budget is known to meet.

    Examples
    --------
    >>> issubclass(UnreachableError, ValueError)
    True
    """


@dataclass(frozen=True)
class Found:
    """A step, its error, and from which step the error was carried over (the same if measured).

    Examples
    --------
    >>> from lifcore.evidence.statistics import estimate
    >>> Found(0.1, estimate(0.5, 0.1, 31), 0.1).measured
    True
    """

    h: float
    error: Estimate
    source: float

    @property
    def measured(self) -> bool:
        """Whether the error was measured at the step itself."""
        return self.source == self.h


def pilot_step(pilot: Pilot, tolerance: float) -> Found:
    """Return the largest step whose error is at most the tolerance.

    The upper end of the error's interval meets the tolerance. Where paths of the step itself are
    too many for the budget, a coarser step is measured and carried over by the proved order.

    Parameters
    ----------
    pilot : Pilot
        A pilot that has not run yet.
    tolerance : float
        Largest size of the error.

    Returns
    -------
    Found

    Raises
    ------
    UnreachableError
        If the step is more than `FARTHEST` times finer than what the budget can measure.

    Examples
    --------
    >>> from lifcore.advice.measures import MEASURES
    >>> from lifcore.models.neuron import LIF
    >>> found = pilot_step(Pilot(LIF(), MEASURES["spike_time"], 2.0, "euler", 0.95), 0.05)
    >>> found.error.high <= 0.05
    True
    """
    paths = _first_round(pilot)
    h = pilot.divisor(pilot.guess(0.93 * tolerance))
    for _ in range(LOOKS):
        room = pilot.budget - pilot.spent
        beyond = h < min(pilot.seen) and pilot.needed(h) > room
        if beyond or paths * pilot.price(h) > room:
            break
        error, odd = pilot.grown(h, paths, tolerance)
        paths = pilot.paths[h]  # as many as decided here will decide at the next
        bound = pilot.bound(error)
        if _meets(pilot, h, tolerance):
            return Found(h, error, h)
        if odd >= FEW:
            share = min(0.97, 0.98 * (tolerance / bound) ** (1.0 / pilot.measure.order))
            h = pilot.divisor(h * share)
        else:
            break
    return _carried(pilot, tolerance)


def pilot_error(pilot: Pilot, h: float) -> Found:
    """Return the error of a step, measured, or carried over from a coarser one.

    Examples
    --------
    >>> from lifcore.advice.measures import MEASURES
    >>> from lifcore.models.neuron import LIF
    >>> pilot_error(Pilot(LIF(), MEASURES["state"], 2.0, "euler", 0.95), 0.1).measured
    True
    """
    levels = 1
    while h * 2**levels <= pilot.top * (1.0 + 1e-9) and pilot.divides(h * 2**levels):
        levels += 1
    if FIRST * pilot.price(h) <= 0.25 * pilot.budget:
        pilot.at(h * 2 ** (levels - 1), FIRST, levels)
        if pilot.needed(h) <= pilot.budget - pilot.spent or levels == 1:
            return Found(h, pilot.grown(h, FIRST)[0], h)
    else:
        _first_round(pilot)
    source = pilot.finest()
    return Found(h, pilot.carry(source, h), source)


def _first_round(pilot: Pilot) -> int:
    """Look at some steps from the largest down; return the number of paths."""
    top, levels = pilot.top, LEVELS
    while levels > 1 and FIRST * pilot.price(top / 2 ** (levels - 1)) > 0.25 * pilot.budget:
        levels -= 1
    paths = int(max(64, min(FIRST, 0.25 * pilot.budget / pilot.price(top / 2 ** (levels - 1)))))
    pilot.at(top, paths, levels)
    return paths


def _meets(pilot: Pilot, h: float, tolerance: float) -> bool:
    """Whether the error seen at a step is surely within the tolerance."""
    error, odd = pilot.seen[h]
    bound = pilot.bound(error)
    return bound <= tolerance and (odd >= FEW or bound == 0.0 or error.freedom == math.inf)


def _carried(pilot: Pilot, tolerance: float) -> Found:
    met = list(takewhile(lambda h: _meets(pilot, h, tolerance), sorted(pilot.seen)))
    if met:  # as at all finer steps seen
        return Found(met[-1], pilot.seen[met[-1]][0], met[-1])
    source = pilot.finest()
    error, odd = pilot.seen[source]
    if odd == 0:
        return Found(source, error, source)
    h = source
    for _ in range(4):
        bound = pilot.bound(pilot.carry(source, h))
        h = pilot.divisor(h * (tolerance / bound) ** (1.0 / pilot.slope(source)))
        if pilot.bound(pilot.carry(source, h)) <= tolerance:
            break
        h = pilot.divisor(0.99 * h)
    if h < source / FARTHEST:
        best = source / FARTHEST
        raise UnreachableError(
            f"tolerance = {tolerance!r} cannot be told within the budget of a pilot: the best is "
            f"{pilot.bound(pilot.carry(source, best)):.3g} at h = {best:.3g}, "
            f"{pilot.neurons / best:.3g} neuron-steps a unit of time; allowed: at least that, or a "
            "shorter T"
        )
    return Found(h, pilot.carry(source, h), source)
