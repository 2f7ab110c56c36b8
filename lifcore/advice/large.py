"""A pilot without the exact solution, for networks beyond its size: Euler at two steps."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from lifcore.advice.pilot import SEED, Pilot
from lifcore.advice.result import network_of
from lifcore.evidence.statistics import Estimate, batch_sums, estimate
from lifcore.runs.simulate import simulate

EXACT_NEURONS = 500
"""Neurons up to which a pilot runs the exact solution beside the scheme."""


class RichardsonPilot(Pilot):
    """The relative error of a population's rate by Richardson's rule, 2 (r(h) - r(h/2)).

    The two runs are independent; the interval is that of their scatter over paths. It rests on the
    order one of the error, which the exact solution need not be there to show.

    Examples
    --------
    >>> from lifcore.advice.measures import MEASURES
    >>> from lifcore.models.neuron import LIF
    >>> pilot = RichardsonPilot(LIF(), MEASURES["population"], 2.0, "euler", 0.95)
    >>> len(pilot.at(0.5, 256, 2))
    2
    """

    def at(self, h: float, paths: int, levels: int = 1) -> list[tuple[Estimate, int]]:
        """Return the errors at h, h/2, ... and as many paths.

        Examples
        --------
        >>> from lifcore.advice.measures import MEASURES
        >>> from lifcore.models.neuron import LIF
        >>> pilot = RichardsonPilot(LIF(), MEASURES["population"], 2.0, "euler", 0.95)
        >>> pilot.at(0.5, 256)[0][1]
        256
        """
        sizes = [h / 2**k for k in range(levels + 1)]
        means = []
        for size in sizes:
            run = simulate(
                self.model, h=size, T=self.T, paths=paths, scheme=self.scheme,
                seed=np.random.SeedSequence((SEED, round(self.T / size))),
            )  # fmt: skip
            self.spent += self.price(size) * paths
            sums, sizes_of = batch_sums(run.spike_counts.sum(axis=1).astype(float))
            batch = sums / sizes_of
            means.append((batch.mean(), batch.var(ddof=1) / batch.size, batch.size - 1))
        found = []
        for (coarse, var_c, freedom), (fine, var_f, _) in pairwise(means):
            truth = 2.0 * fine - coarse
            if truth <= 0.0:
                found.append((estimate(math.nan, math.inf, math.inf), 0))
                continue
            sd = 2.0 * math.sqrt(var_c + var_f) / truth
            found.append((estimate(coarse / truth - 1.0, sd, freedom), paths))
        self.seen.update(zip(sizes, found, strict=False))
        self.paths.update(dict.fromkeys(sizes[:levels], paths))
        return found

    def price(self, h: float) -> float:
        """Return the steps of a path at step h; there is no exact solution to pay for.

        Examples
        --------
        >>> from lifcore.advice.measures import MEASURES
        >>> from lifcore.models.neuron import LIF
        >>> pilot = RichardsonPilot(LIF(), MEASURES["population"], 2.0, "euler", 0.95)
        >>> pilot.price(0.25)
        1.0
        """
        return self.neurons * self.T / h / 8.0


def is_large(model: object) -> bool:
    """Return whether a network is beyond the size at which the exact solution runs in a pilot.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> is_large(LIF())
    False
    """
    return sum(network_of(model).sizes) > EXACT_NEURONS
