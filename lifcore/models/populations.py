"""Networks by populations, whose synapses are drawn at random."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lifcore import checks
from lifcore.models.networks import _Network
from lifcore.models.neuron import LIF
from lifcore.models.poisson import PoissonInput
from lifcore.models.projections import Normal, Population, Projection

FAR = 10.0
"""Standard deviations beyond which no delay is drawn: a normal is there with probability 1e-23."""


@dataclass(frozen=True, eq=False)
class Populations(_Network):
    r"""A network by populations, as large as memory allows: about 8 bytes a synapse.

    The synapses are drawn when they are needed first, and kept. They depend on `seed` alone, and
    not on the number of threads that draw them.

    Parameters
    ----------
    populations : sequence of Population
        In the order that results have.
    projections : sequence of Projection
        Between two populations there may be several.
    seed : int or SeedSequence
        Of the synapses; that of `simulate` is the noise's.
    resolution : float, optional
        Delays are rounded to whole multiples of it; needed where they are drawn at random. A step
        of the grid rounds them once more, unless it divides this.
    common : float, optional
        As in `Recurrent`.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, a projection's population is unknown, or the synapses do not fit
        into this machine's memory.

    Examples
    --------
    >>> model = Populations(
    ...     [Population("E", 80, LIF(t_ref=0.2)), Population("I", 20, LIF(t_ref=0.2))],
    ...     [
    ...         Projection("E", "I", probability=0.1, weight=0.1, delay=0.15),
    ...         Projection("I", "E", synapses=300, weight=Normal(-0.4, 0.04), delay=0.08),
    ...     ],
    ...     seed=1,
    ... )
    >>> model.sizes, model.of("I"), model.expected_synapses
    ((80, 20), slice(80, 100, None), 460.0)
    """

    populations: Sequence[Population]
    projections: Sequence[Projection]
    seed: Any
    resolution: float | None = None
    common: float = 0.0

    def __post_init__(self) -> None:
        populations = checks.sequence("populations", self.populations)
        for number, one in enumerate(populations):
            checks.instance(f"populations[{number}]", one, Population)
        if not populations:
            raise ValueError("populations is empty; allowed: one Population or more")
        object.__setattr__(self, "populations", tuple(populations))
        twice = [name for k, name in enumerate(self.names) if name in self.names[:k]]
        if twice:
            raise ValueError(f"populations: two are called {twice[0]!r}; allowed: different names")
        projections = checks.sequence("projections", self.projections)
        for number, one in enumerate(projections):
            checks.instance(f"projections[{number}]", one, Projection)
            assert isinstance(one, Projection)
            for name in (one.source, one.target):
                self._known(name, f"projections[{number}] ({one.label})")
        object.__setattr__(self, "projections", tuple(projections))
        object.__setattr__(self, "seed", checks.seed(self.seed))
        if self.resolution is not None:
            resolution = checks.real("resolution", self.resolution, above=0.0)
            object.__setattr__(self, "resolution", resolution)
        common = checks.real("common", self.common, at_least=0.0, at_most=1.0)
        object.__setattr__(self, "common", common)
        for name in ("g", "tau") if common > 0.0 else ():
            if len(set(self.column(name).tolist())) > 1:
                raise ValueError(
                    f"common = {common!r}, but {name} differs between neurons; allowed: one value "
                    "for all neurons whose noise is shared in part"
                )
        self._delays_on_resolution()
        checks.memory(
            f"{self.expected_synapses:.3g} synapses of {sum(self.sizes)} neurons",
            8.0 * self.expected_synapses + 512.0 * sum(self.sizes),
            "ask for fewer synapses or smaller populations",
        )

    def _known(self, name: str, what: str) -> None:
        if name not in self.names:
            raise ValueError(
                f"{what}: there is no population {name!r}; allowed: {', '.join(self.names)}"
            )

    def _delays_on_resolution(self) -> None:
        for number, one in enumerate(self.projections):
            what = f"projections[{number}] ({one.label}): delay = {one.delay!r}"
            if isinstance(one.delay, Normal):
                if self.resolution is None:
                    raise ValueError(f"{what} is random, resolution = None; allowed: a number > 0")
            elif self.resolution is not None:
                steps = one.delay / self.resolution
                if abs(steps - round(steps)) > 1e-9 * max(1.0, steps):
                    raise ValueError(
                        f"{what} is no whole multiple of resolution = {self.resolution!r}; "
                        "allowed: multiples of it"
                    )
        values, longest = self._delay_values
        if values > 2**16:
            raise ValueError(
                f"resolution = {self.resolution!r}: delays up to {longest:g} have "
                f"{values:.12g} values; allowed: up to {2**16}"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the populations."""
        return tuple(one.name for one in self.populations)

    @property
    def layers(self) -> tuple[LIF, ...]:  # type: ignore[override]
        """The neurons of each population."""
        return tuple(one.neuron for one in self.populations)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons in each population."""
        return tuple(one.size for one in self.populations)

    def of(self, name: str) -> slice:
        """Return which neurons a population has, as a slice of the last axis of results.

        Parameters
        ----------
        name : str
            The population.

        Returns
        -------
        slice

        Raises
        ------
        ValueError
            If there is none of this name.

        Examples
        --------
        >>> Populations([Population("E", 80, LIF())], [], seed=1).of("E")
        slice(0, 80, None)
        """
        self._known(name, "name")
        return self.layer(self.names.index(name))

    @property
    def expected_synapses(self) -> float:
        """Number of synapses, the expected one where it is random."""
        size = dict(zip(self.names, self.sizes, strict=True))
        return math.fsum(
            one.synapses
            if one.synapses is not None
            else (one.probability or 0.0) * size[one.source] * size[one.target]
            for one in self.projections
        )

    @cached_property
    def delay_times(self) -> np.ndarray:
        """The values that delays may have, in order; 0 is one of them."""
        if self.resolution is None:
            delays = (one.delay for one in self.projections)
            return np.unique([0.0, *(d for d in delays if not isinstance(d, Normal))])
        return self.resolution * np.arange(self._delay_values[0])

    @property
    def _delay_values(self) -> tuple[float, float]:
        """How many values delays may have, counted alone, as they may be many; and the longest."""
        if self.resolution is None:
            return self.delay_times.size, float(self.delay_times[-1])
        delays = (one.delay for one in self.projections)
        ends = [min(d.most, d.mean + FAR * d.sd) if isinstance(d, Normal) else d for d in delays]
        longest = max([0.0, *ends])
        return round(min(longest / self.resolution, 1e300)) + 1, longest

    @cached_property
    def poisson(self) -> tuple[PoissonInput, ...]:
        """Poisson inputs of all neurons; those of a population that has fewer have a rate of 0."""
        inputs = []
        for k in range(max(len(one.poisson) for one in self.populations)):
            parts: dict[str, list[np.ndarray]] = {"rate": [], "weight": []}
            for one in self.populations:
                own = one.poisson[k] if k < len(one.poisson) else PoissonInput(0.0, 0.0)
                for name, column in parts.items():
                    column.append(np.broadcast_to(getattr(own, name), one.size))
            inputs.append(PoissonInput(*(np.concatenate(part) for part in parts.values())))
        return tuple(inputs)

    def __getstate__(self) -> dict[str, Any]:
        # What was drawn from the seed can be drawn again, and may be gigabytes.
        return {name: value for name, value in self.__dict__.items() if name != "_drawn"}
