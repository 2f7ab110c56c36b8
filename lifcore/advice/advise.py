"""Which dt? The two questions: the step for an error, and the error of a step."""

from __future__ import annotations

import math

from lifcore import checks
from lifcore.advice.rates import RateErrors, largest_rate_step
from lifcore.advice.result import Advice, cost
from lifcore.evidence.statistics import estimate
from lifcore.models.networks import Feedforward, Recurrent
from lifcore.models.neuron import LIF, one_neuron

QUANTITIES = ("rate", "interval", "spike_time", "state", "count", "weak")
"""What an error may be of."""

Model = LIF | Feedforward | Recurrent


def step_size(
    model: Model,
    *,
    tolerance: float,
    quantity: str,
    T: float | None = None,
    confidence: float = 0.95,
    scheme: str = "euler",
) -> Advice:
    """Return the largest step that meets a tolerance."""
    tolerance = checks.real("tolerance", tolerance, above=0.0)
    quantity = checks.one_of("quantity", quantity, QUANTITIES)
    return _rate_advice(one_neuron("model", model), quantity, scheme, tolerance, None)


def error_at(
    model: Model,
    h: float,
    *,
    quantity: str,
    T: float | None = None,
    scheme: str = "euler",
    confidence: float = 0.95,
) -> Advice:
    """Return the error of a step."""
    h = checks.real("h", h, above=0.0)
    quantity = checks.one_of("quantity", quantity, QUANTITIES)
    return _rate_advice(one_neuron("model", model), quantity, scheme, None, h)


def _rate_advice(
    model: LIF, quantity: str, scheme: str, tolerance: float | None, h: float | None
) -> Advice:
    precision = min(1e-3, max(2e-5, 0.01 * (tolerance or 0.0)))
    errors = RateErrors(model, scheme, quantity, precision)
    if h is None:
        h = largest_rate_step(errors, tolerance)
    value = errors.at(h)
    parts = errors.parts(h)
    error = estimate(value, precision, math.inf)
    return Advice(quantity, scheme, h, error, tolerance, parts, cost(scheme, h), scheme, 1.0, {})
