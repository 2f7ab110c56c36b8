"""Populations, and how many synapses of which weights and delays are between two of them."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import Any

from scipy import special

from lifcore import checks
from lifcore.models.neuron import LIF
from lifcore.models.poisson import poisson_inputs

RARE = 1e-3
"""What share of a normal distribution must lie within its bounds, so that drawing comes to an end.
"""


@dataclass(frozen=True)
class Normal:
    """A normal distribution within bounds: what falls outside is drawn again.

    Parameters
    ----------
    mean, sd : float
        Those of the distribution without bounds.
    least, most : float, optional
        The bounds.

    Raises
    ------
    TypeError, ValueError
        If they are no numbers, sd < 0, or less than a thousandth of the distribution is within.

    Examples
    --------
    >>> Normal(1.5, 0.75, least=0.1)
    Normal(mean=1.5, sd=0.75, least=0.1, most=inf)
    """

    mean: float
    sd: float
    least: float = -math.inf
    most: float = math.inf

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", checks.real("mean", self.mean))
        object.__setattr__(self, "sd", checks.real("sd", self.sd, at_least=0.0))
        for name in ("least", "most"):
            value = getattr(self, name)
            if not (isinstance(value, numbers.Real) and math.isinf(float(value))):
                checks.real(name, value)
        spread = self.sd or 1e-300
        low, high = ((end - self.mean) / spread for end in (self.least, self.most))
        inside = special.ndtr(-low) - special.ndtr(-high)  # exact in the upper tail as well
        if not max(inside, special.ndtr(high) - special.ndtr(low)) >= RARE:
            raise ValueError(
                f"least = {self.least!r}, most = {self.most!r} leave less than {RARE:g} of a "
                f"normal distribution of mean {self.mean!r} and sd {self.sd!r}; allowed: bounds "
                "with a larger share between them"
            )


@dataclass(frozen=True)
class Population:
    """Neurons that are alike.

    Parameters
    ----------
    name : str
        What projections call it.
    size : int
        Number of neurons.
    neuron : LIF
        One neuron.
    poisson : PoissonInput, or sequence of them, optional
        Independent for each neuron.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; the message names the population.

    Examples
    --------
    >>> Population("E", 800, LIF(t_ref=0.2)).size
    800
    """

    name: str
    size: int
    neuron: LIF
    poisson: Any = ()

    def __post_init__(self) -> None:
        checks.instance("name", self.name, str)
        object.__setattr__(self, "size", checks.count(f"{self.name}: size", self.size))
        checks.instance(f"{self.name}: neuron", self.neuron, LIF)
        if self.neuron.size not in (None, self.size):
            raise ValueError(
                f"{self.name}: neuron has arrays of {self.neuron.size} values, size = {self.size}; "
                "allowed: numbers, or one value a neuron"
            )
        inputs = poisson_inputs(f"{self.name}: poisson", self.poisson, self.size)
        object.__setattr__(self, "poisson", inputs)


@dataclass(frozen=True)
class Projection:
    """The synapses from one population to another, drawn at random.

    Parameters
    ----------
    source, target : str
        Names of populations; they may be the same, and a neuron may then have a synapse onto
        itself.
    synapses : int, optional
        Their number: the two ends of each are drawn independently and uniformly, so that two
        neurons may have several.
    probability : float, optional
        Instead of `synapses`: each pair of neurons has a synapse with this probability, and at most
        one.
    weight : float or Normal
        By how much the target's current jumps; kept in single precision.
    delay : float or Normal, optional
        How much later than the spike.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; the message names the projection.

    Examples
    --------
    >>> Projection("E", "I", probability=0.1, weight=Normal(0.1, 0.01, least=0.0), delay=1.5).target
    'I'
    """

    source: str
    target: str
    synapses: int | None = None
    probability: float | None = None
    weight: Any = None
    delay: Any = 0.0

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            checks.instance(name, getattr(self, name), str)
        label = self.label
        if (self.synapses is None) == (self.probability is None):
            raise TypeError(
                f"{label}: synapses = {self.synapses!r}, probability = {self.probability!r}; "
                "allowed: one of the two"
            )
        if self.synapses is not None:
            number = checks.count(f"{label}: synapses", self.synapses, at_least=0)
            object.__setattr__(self, "synapses", number)
        else:
            chance = checks.real(
                f"{label}: probability", self.probability, at_least=0.0, at_most=1.0
            )
            object.__setattr__(self, "probability", chance)
        if self.weight is None:
            raise TypeError(f"{label}: weight missing; allowed: a number or a Normal")
        for name in ("weight", "delay"):
            value = getattr(self, name)
            if isinstance(value, Normal):
                if name == "delay" and value.least < 0.0:
                    raise ValueError(
                        f"{label}: delay = {value!r} may be negative; allowed: least >= 0"
                    )
                continue
            low: dict[str, Any] = {"at_least": 0.0} if name == "delay" else {}
            value = checks.real(f"{label}: {name}", value, **low, hint="or a Normal")
            object.__setattr__(self, name, value)

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"{self.source} -> {self.target}"


def synapse_number(probability: float, sources: int, targets: int) -> int:
    r"""Return how many synapses, drawn with repetition, connect pairs with a probability.

    .. math:: K = \frac{\log(1 - p)}{\log(1 - 1/(N_s N_t))}

    to the nearest whole number: then a pair has at least one with probability p.

    Parameters
    ----------
    probability : float
        That of a pair, from 0 to below 1.
    sources, targets : int
        Neurons of the two populations.

    Returns
    -------
    int

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    References
    ----------
    Potjans and Diesmann (2014), The cell-type specific cortical microcircuit. Cerebral Cortex 24,
    equation 1.

    Examples
    --------
    >>> synapse_number(0.1009, 20683, 20683)
    45499806
    """
    p = checks.real("probability", probability, at_least=0.0)
    if p >= 1.0:
        raise ValueError(f"probability = {probability!r} is out of range; allowed: >= 0, below 1")
    pairs = checks.count("sources", sources) * checks.count("targets", targets)
    return round(math.log1p(-p) / math.log1p(-1.0 / pairs)) if pairs > 1 else round(p)
