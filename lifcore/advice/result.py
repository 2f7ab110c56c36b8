"""What an advice holds: a step, its error with interval and parts, its cost, what limits it."""

from __future__ import annotations

from dataclasses import dataclass, field

from lifcore.evidence.statistics import Estimate
from lifcore.models.networks import Network, network

SECONDS_PER_STEP = {"euler": 6e-9, "exponential": 16e-9}
"""Seconds of one core for a neuron-step, as `benchmarks/advice.py` times them on one core."""

ADVISED = (*SECONDS_PER_STEP, "exact")
"""Schemes that steps are advised for."""

EXACT_SPIKE, EXACT_RELAXATION = 3.7e-6, 0.18e-6
"""Seconds that the exact scheme takes for a spike, and for a time 1/g or tau, the shorter one."""


def network_of(model: object) -> Network:
    """Return a model as a network; advice knows refractory times and delays, no Poisson input.

    Raises
    ------
    TypeError, ValueError
        If it is none, or has such input.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> network_of(LIF(t_ref=0.25)).sizes
    (1,)
    """
    return network("model", model, refractory=True, delays=True)


@dataclass(frozen=True)
class Cost:
    """What a scheme costs for a unit of time of all neurons together.

    Attributes
    ----------
    steps : float
        Neuron-steps a unit of time.
    seconds : float
        Seconds of one core a unit of time, by stored costs of a step.

    Examples
    --------
    >>> Cost(10.0, 5e-8).steps
    10.0
    """

    steps: float
    seconds: float


def cost(scheme: str, h: float, model: Network, spikes: float) -> Cost:
    """Return the cost of a scheme at step `h`.

    Parameters
    ----------
    scheme : str
        Its name.
    h : float
        Step.
    model : network
        The neurons.
    spikes : float
        Spikes of all of them in a unit of time.

    Returns
    -------
    Cost

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> cost("euler", 0.1, network_of(LIF()), 0.6).steps
    10.0
    """
    neurons = len(model.neurons)
    if scheme != "exact":
        return Cost(neurons / h, neurons * SECONDS_PER_STEP[scheme] / h)
    # Where nothing relaxes a step takes as long.
    relaxations = sum(max(neuron.g, neuron.a) for neuron in model.neurons) or neurons / h
    return Cost(neurons / h, EXACT_SPIKE * spikes + EXACT_RELAXATION * relaxations)


@dataclass(frozen=True)
class Advice:
    """The largest step that meets a tolerance, or the error of a given step.

    Attributes
    ----------
    quantity, scheme : str
        What the error is of, and which scheme makes it.
    h : float
        The step.
    error : Estimate
        Predicted error at `h`, with its interval: signed and relative for rates and intervals,
        a size for all else.
    tolerance : float or None
        What was asked for; None where a step was given.
    parts : dict of str to float
        What the error is made of; of a rate the contributions of the current, the membrane and the
        reset, and what they leave.
    cost : Cost
        Of one unit of time at `h`.
    cheapest : str
        The scheme that meets the tolerance (or the error) at the least cost.
    saving : float
        How many times cheaper it is than `scheme`.
    steps : dict of str to float
        The step that each scheme would take.
    limit : str
        What limits the step.
    method : str
        How the error was found.
    warnings : tuple of str
        What to be aware of.
    exact : float or None
        The exact rate, for rates and intervals of one neuron.

    Examples
    --------
    >>> from lifcore import LIF, step_size
    >>> advice = step_size(LIF(mu=1.5, sigma=0.3), tolerance=0.01, quantity="rate")
    >>> abs(advice.error.mean) <= 0.01
    True
    """

    quantity: str
    scheme: str
    h: float
    error: Estimate
    tolerance: float | None
    parts: dict[str, float]
    cost: Cost
    cheapest: str
    saving: float
    steps: dict[str, float] = field(repr=False)
    limit: str = ""
    method: str = ""
    warnings: tuple[str, ...] = ()
    exact: float | None = None

    def __repr__(self) -> str:
        asked = "" if self.tolerance is None else f", tolerance {self.tolerance:.3g}"
        low, high = self.error.low, self.error.high
        interval = "" if high == low else f" in [{low:.3g}, {high:.3g}]"
        return (
            f"Advice({self.quantity}{asked}: {self.scheme} h = {self.h:.4g}, "
            f"error {self.error.mean:.3g}{interval}; limit: {self.limit or 'none'}; "
            f"cheapest: {self.cheapest}"
            + (f", {self.saving:.3g} times cheaper" if self.saving > 1.0 else "")
            + ")"
        )
