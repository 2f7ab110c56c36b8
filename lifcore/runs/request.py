"""A request for an ensemble, once it is validated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifcore.models.networks import Feedforward, Network
from lifcore.noise.sources import PATHWISE
from lifcore.noise.streams import block_count
from lifcore.runs.progress import FEWEST, LEAST, LEAST_FAIR
from lifcore.runs.starts import Start


@dataclass(frozen=True)
class Request:
    """A validated request, from which any of its blocks can be computed anywhere.

    ``width`` is the number of paths in a block, ``threads`` how many may work on one path.

    Examples
    --------
    >>> from lifcore import LIF, simulate
    >>> simulate(LIF(), h=0.5, T=1.0, paths=3, seed=1)._run.steps
    2
    """

    model: Network
    scheme: str
    h: float
    steps: int
    seed: np.random.SeedSequence
    start: Start | None
    width: int
    T: float
    noise: str
    threads: int = 1

    def neuron_steps(self, paths: int) -> float:
        """Return how many steps of neurons are taken or drawn for.

        Examples
        --------
        >>> from lifcore import LIF, simulate
        >>> simulate(LIF(), h=0.5, T=1.0, paths=3, seed=1)._run.neuron_steps(3)
        6.0
        """
        alone = self.noise != "numpy" or not isinstance(self.model, Feedforward)
        moved = paths if alone else self.width * block_count(paths, self.width)
        return float(self.steps) * sum(self.model.sizes) * moved

    def least(self, paths: int) -> float:
        """Return the seconds that one of them takes at the least.

        Examples
        --------
        >>> from lifcore import LIF, simulate
        >>> run = simulate(LIF(), h=0.5, T=1.0, paths=3, seed=1)._run
        >>> run.least(1) / run.least(256)
        16.0
        """
        each = LEAST[self.scheme] if self.noise in PATHWISE else LEAST_FAIR
        lanes = isinstance(self.model, Feedforward) and self.noise != "numpy"
        return each * max(1.0, FEWEST / paths) if lanes else each
