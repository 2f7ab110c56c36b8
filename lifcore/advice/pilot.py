"""Advice from a short pilot of coupled runs, that grows until its interval decides."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from lifcore import checks
from lifcore.advice.measures import FEW, Measure, run_pilot
from lifcore.advice.result import network_of
from lifcore.evidence.statistics import Estimate, estimate
from lifcore.models.networks import Feedforward, Recurrent
from lifcore.models.neuron import LIF

BUDGET = 1e8
"""Steps of coupled paths that all rounds of a pilot may take, about three seconds of two cores."""

FIRST, MOST = 1024, 2**18
"""Paths of the first round, and the most of any."""

SEED = 20260311
"""The seed of every pilot: the same question gets the same answer."""

LEVELS = 5
"""Steps of the first round, each half of the one before."""

LOOKS = 6
"""Steps a pilot may try until one is seen to meet the tolerance."""

PRECISE = 0.1
"""Relative half-width of the interval at which a pilot stops to grow."""


@dataclass
class Pilot:
    """Coupled runs of one model, up to one time, for one measure.

    Parameters
    ----------
    model : LIF, Feedforward or Recurrent
        The model.
    measure : Measure
        What the error is of.
    T : float
        Horizon; all steps divide it.
    scheme : str
        A scheme on the grid.
    confidence : float
        Of the intervals.
    budget : float, optional
        Steps of coupled paths that all rounds together may take.

    Examples
    --------
    >>> from lifcore.advice.measures import MEASURES
    >>> pilot = Pilot(LIF(), MEASURES["state"], 2.0, "euler", 0.95)
    >>> 0.0 < pilot.at(0.1, 1024)[0][0].mean < 1.0
    True
    """

    model: LIF | Feedforward | Recurrent
    measure: Measure
    T: float
    scheme: str
    confidence: float
    budget: float = BUDGET
    spent: float = 0.0
    seen: dict[float, tuple[Estimate, int]] = field(default_factory=dict)
    paths: dict[float, int] = field(default_factory=dict)

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return sum(network_of(self.model).sizes)

    @property
    def top(self) -> float:
        """The largest step that divides T: half of the shortest time scale, a delay, or t_ref."""
        net = network_of(self.model)
        rates = [2.0 * max(lif.decay_rates.values()) for lif in net.layers]
        times = np.concatenate(list(checks.grid_times(net).values()))
        fastest = max(1.0 / self.T, *rates, *(1.0 / times[times > 0.0]))
        return self.T / math.ceil(self.T * fastest * (1.0 - 1e-12))

    def at(self, h: float, paths: int, levels: int = 1) -> list[tuple[Estimate, int]]:
        """Return the errors at h, h/2, ... and how many paths show them.

        Examples
        --------
        >>> from lifcore.advice.measures import MEASURES
        >>> pilot = Pilot(LIF(), MEASURES["state"], 2.0, "euler", 0.95)
        >>> len(pilot.at(0.5, 256, 3))
        3
        """
        sizes = [h / 2**k for k in range(levels)]
        self.spent += self.price(sizes[-1]) * paths
        run = run_pilot(self.model, sizes, self.T, paths, SEED, self.scheme)
        found = self.measure.read(run)
        self.seen.update(zip(sizes, found, strict=True))
        self.paths.update(dict.fromkeys(sizes, paths))
        return found

    def price(self, h: float) -> float:
        """Return the steps of a path at step h, what the exact solution adds counted as steps.

        Examples
        --------
        >>> from lifcore.advice.measures import MEASURES
        >>> Pilot(LIF(), MEASURES["state"], 2.0, "euler", 0.95).price(0.1)
        150.0
        """
        rates = [max(lif.decay_rates.values()) for lif in network_of(self.model).layers]
        return self.neurons * self.T * (1.0 / h + 25.0 + 20.0 * max(rates))

    def bound(self, error: Estimate) -> float:
        """Return the largest size of an error within its interval.

        The step is chosen by what was seen, so that its error looks small more often than one look
        would have it: the chance to be wrong is shared by all looks (Bonferroni).

        Examples
        --------
        >>> from lifcore.advice.measures import MEASURES
        >>> pilot = Pilot(LIF(), MEASURES["state"], 2.0, "euler", 0.95)
        >>> error = estimate(-0.5, 0.0, math.inf)
        >>> pilot.bound(error)
        0.5
        """
        level = 1.0 - (1.0 - self.confidence) / LOOKS
        return float(np.abs(error.interval(level)).max())

    def decided(self, found: tuple[Estimate, int]) -> bool:
        """Return whether an error is known to a tenth, from enough paths.

        Examples
        --------
        >>> from lifcore.advice.measures import MEASURES
        >>> pilot = Pilot(LIF(), MEASURES["state"], 2.0, "euler", 0.95)
        >>> pilot.decided((estimate(0.5, 0.4, 31), 10_000))
        False
        """
        error, odd = found
        return odd >= FEW and self.bound(error) <= (1.0 + PRECISE) * abs(error.mean)

    def grown(self, h: float, paths: int, enough: float = math.inf) -> tuple[Estimate, int]:
        """Return the error at `h` from as many paths as it takes, or as the budget has.

        Growth ends early when the interval lies on one side of `enough`: above, or, where it needs
        no scatter to be right, below.

        Examples
        --------
        >>> from lifcore.advice.measures import MEASURES
        >>> pilot = Pilot(LIF(), MEASURES["state"], 2.0, "euler", 0.95)
        >>> pilot.grown(0.5, 256)[0].mean > 0.0
        True
        """
        while True:
            (found,) = self.at(h, paths)
            error, odd = found
            low = max(0.0, 2.0 * abs(error.mean) - self.bound(error))
            clear = odd >= FEW and low > enough
            clear |= error.freedom == math.inf and self.bound(error) <= enough < math.inf
            if self.decided(found) or clear:
                return found
            room = (self.budget - self.spent) / self.price(h)
            if paths >= MOST or room < paths:
                return found
            paths = int(min(4 * paths, MOST, max(room, paths)))

    def guess(self, tolerance: float) -> float:
        """Return the step at which the errors seen, joined by powers of h, meet the tolerance.

        Below the finest step seen the proved order is taken, above the coarsest that is the answer.

        Examples
        --------
        >>> from lifcore.advice.measures import MEASURES
        >>> pilot = Pilot(LIF(), MEASURES["state"], 2.0, "euler", 0.95)
        >>> _ = pilot.at(0.5, 512, 3)
        >>> pilot.guess(1e-3) < 0.125
        True
        """
        points = sorted(
            (h, abs(error.mean)) for h, (error, _) in self.seen.items() if abs(error.mean) > 0.0
        )
        if not points:
            return max(self.seen)
        if tolerance < points[0][1]:
            return points[0][0] * (tolerance / points[0][1]) ** (1.0 / self.measure.order)
        for (h0, e0), (h1, e1) in pairwise(points):
            if e0 <= tolerance < e1:
                return h0 * (h1 / h0) ** (math.log(tolerance / e0) / math.log(e1 / e0))
        return points[-1][0]

    def needed(self, h: float) -> float:
        """Return the steps that an interval of a tenth takes at `h`, guessed from steps seen.

        Errors are rare events, with a chance proportional to the step.

        Examples
        --------
        >>> from lifcore.advice.measures import MEASURES
        >>> pilot = Pilot(LIF(), MEASURES["state"], 2.0, "euler", 0.95)
        >>> _ = pilot.at(0.5, 512, 3)
        >>> pilot.needed(0.01) > pilot.needed(0.1)
        True
        """
        near = min(self.seen, key=lambda other: abs(math.log(other / h)))
        error, odd = self.seen[near]
        if odd < FEW or error.mean == 0.0:
            return math.inf
        wide = (self.bound(error) / abs(error.mean) - 1.0) / PRECISE
        paths = self.paths[near] * wide**2 * max(1.0, near / h)
        return paths * self.price(h)

    def finest(self) -> float:
        """Return a step from which finer ones are inferred: the finest that showed enough errors.

        Coarser ones with better intervals would not do: there the error may be saturated. It is
        measured again with what is left of the budget, if that is enough.

        Examples
        --------
        >>> from lifcore.advice.measures import MEASURES
        >>> pilot = Pilot(LIF(), MEASURES["state"], 2.0, "euler", 0.95)
        >>> _ = pilot.at(0.5, 512, 3)
        >>> pilot.finest() == min(pilot.seen)
        True
        """
        told = [h for h, (_, odd) in self.seen.items() if odd >= FEW]
        h = min(told, default=max(self.seen, key=lambda other: self.seen[other][1]))
        affordable = self.needed(h) <= self.budget - self.spent
        if not self.decided(self.seen[h]) and (affordable or not told):
            self.grown(h, FIRST)
        return h

    def slope(self, source: float) -> float:
        """Return the order by which errors are carried to finer steps: the proved one at most.

        It is less if the error at `source` is still falling more slowly than that.

        Examples
        --------
        >>> from lifcore.advice.measures import MEASURES
        >>> pilot = Pilot(LIF(), MEASURES["state"], 2.0, "euler", 0.95)
        >>> _ = pilot.at(0.5, 512, 3)
        >>> 0.25 <= pilot.slope(0.125) <= 0.5
        True
        """
        double = [h for h in self.seen if abs(h / source - 2.0) < 0.5]
        here = abs(self.seen[source][0].mean)
        if not double or here == 0.0:
            return self.measure.order
        local = math.log(abs(self.seen[double[0]][0].mean) / here) / math.log(double[0] / source)
        return min(self.measure.order, max(0.5 * self.measure.order, local + 0.1))

    def carry(self, source: float, h: float) -> Estimate:
        """Return the error at `h`, carried over from `source` by the order.

        Examples
        --------
        >>> from lifcore.advice.measures import MEASURES
        >>> pilot = Pilot(LIF(), MEASURES["state"], 2.0, "euler", 0.95)
        >>> _ = pilot.at(0.5, 512, 3)
        >>> 0.0 < pilot.carry(0.125, 0.03125).mean < pilot.at(0.125, 512)[0][0].mean
        True
        """
        factor = (h / source) ** self.slope(source)
        error = self.seen[source][0]
        return estimate(factor * error.mean, factor * error.standard_error, error.freedom)

    def divides(self, h: float) -> bool:
        """Return whether a step divides T.

        Examples
        --------
        >>> from lifcore.advice.measures import MEASURES
        >>> pilot = Pilot(LIF(), MEASURES["state"], 2.0, "euler", 0.95)
        >>> pilot.divides(0.25), pilot.divides(0.3)
        (True, False)
        """
        return abs(self.T / h - round(self.T / h)) < 1e-9 * self.T / h

    def divisor(self, h: float) -> float:
        """Return the largest step up to `h`, and to `top`, that divides T.

        Examples
        --------
        >>> from lifcore.advice.measures import MEASURES
        >>> pilot = Pilot(LIF(), MEASURES["state"], 2.0, "euler", 0.95)
        >>> pilot.divisor(0.15)
        0.14285714285714285
        """
        return self.T / max(math.ceil(self.T / h * (1.0 - 1e-9)), round(self.T / self.top))
