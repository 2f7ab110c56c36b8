"""Which dt? The two questions: the step for an error, and the error of a step."""

from __future__ import annotations

import math

from lifcore import checks
from lifcore.advice.answers import (
    FIRING,
    QUANTITIES,
    Model,
    Question,
    exact_advice,
    pilot_advice,
    rate_advice,
)
from lifcore.advice.result import ADVISED, Advice, network_of
from lifcore.models.neuron import LIF
from lifcore.runs.evaluation import Observable, check_observable
from lifcore.schemes import SCHEMES


def step_size(
    model: Model,
    *,
    tolerance: float,
    quantity: str,
    T: float | None = None,
    confidence: float = 0.95,
    scheme: str = "euler",
    observable: Observable | None = None,
) -> Advice:
    """Return the largest step that meets a tolerance, with its error and its cost.

    Parameters
    ----------
    model : LIF, Feedforward or Recurrent
        The neuron or the network.
    tolerance : float
        Largest error allowed: relative for ``"rate"`` and ``"interval"``, a time for
        ``"spike_time"``, a voltage for ``"state"``, a chance for ``"count"``, in the unit of the
        observable for ``"weak"``.
    quantity : str
        ``"rate"``: of spikes; ``"interval"``: mean time between them; ``"spike_time"``: root mean
        square shift of matched spikes; ``"state"``: root mean square error of V at T;
        ``"count"``: chance that a neuron's spike history on [0, T] does not match; ``"weak"``:
        E f(V, I, N) at T. Spikes match if they, and all earlier ones, are at most a quarter of the
        mean interval apart.
    T : float, optional
        Horizon, from a start at V = v_reset, I = mu. The step then divides it. Needed by all but
        the stationary ``"rate"`` and ``"interval"`` of one neuron, whose steps on the grid do not
        depend on it.
    confidence : float, optional
        Of the interval of the error; a pilot's lies within the tolerance with it.
    scheme : str, optional
        ``"euler"``, ``"exponential"`` or ``"exact"``.
    observable : callable, optional
        f of arrays (V, I, N), for ``"weak"``.

    Returns
    -------
    Advice

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, the model is silent or has no stationary rate, or the tolerance
        is out of a pilot's reach.

    Notes
    -----
    Rates and intervals of one neuron come from its stationary law and that of the scheme: no
    random number is drawn; the step divides a refractory time then. For all else a pilot of
    coupled runs grows until the interval of the error lies within the tolerance; its seed is
    fixed, so that the same question gets the same answer. Its steps are no longer than any delay
    and refractory time; what rounding these adds is part of the error that it measures.

    Examples
    --------
    >>> advice = step_size(LIF(mu=1.5, sigma=0.3), tolerance=0.005, quantity="rate")
    >>> advice.h < 0.25, abs(advice.error.mean) <= 0.005
    (True, True)
    """
    question = _question(model, quantity, T, confidence, scheme, observable)
    tolerance = checks.real("tolerance", tolerance, above=0.0)
    return _answer(question, tolerance, None)


def error_at(
    model: Model,
    h: float,
    *,
    quantity: str,
    T: float | None = None,
    scheme: str = "euler",
    confidence: float = 0.95,
    observable: Observable | None = None,
) -> Advice:
    """Return how wrong a run at step `h` is.

    Parameters
    ----------
    model, quantity, T, scheme, confidence, observable
        As in `step_size`.
    h : float
        The step; a horizon that it does not divide is moved to the next multiple.

    Returns
    -------
    Advice
        Its tolerance is None.

    Raises
    ------
    TypeError, ValueError
        As in `step_size`; or if the scheme cannot take the step.

    Examples
    --------
    >>> advice = error_at(LIF(mu=1.5, sigma=0.3), 0.05, quantity="rate")
    >>> 0.0 < advice.error.mean < 0.01
    True
    """
    question = _question(model, quantity, T, confidence, scheme, observable)
    h = checks.real("h", h, above=0.0)
    for layer in network_of(model).layers:
        SCHEMES[scheme].check(h, layer.decay_rates)
    if question.T is not None:
        question = Question(
            model, quantity, h * max(1, math.ceil(question.T / h * (1.0 - 1e-9))), confidence,
            scheme, observable,
        )  # fmt: skip
    return _answer(question, None, h)


def _answer(question: Question, tolerance: float | None, h: float | None) -> Advice:
    if question.scheme == "exact":
        return exact_advice(question, tolerance, h)
    if question.stationary:
        return rate_advice(question, tolerance, h)
    return pilot_advice(question, tolerance, h)


def _question(
    model: Model,
    quantity: str,
    T: float | None,
    confidence: float,
    scheme: str,
    observable: Observable | None,
) -> Question:
    """Return the question, with every argument checked."""
    checks.one_of("quantity", quantity, QUANTITIES)
    network_of(model)
    checks.one_of("scheme", scheme, ADVISED)
    confidence = checks.real("confidence", confidence, above=0.0)
    if confidence >= 1.0:
        raise ValueError(f"confidence = {confidence!r}; allowed: a number between 0 and 1")
    if quantity == "weak":
        if observable is None:
            raise ValueError("observable is missing; allowed: a function of (V, I, N) for 'weak'")
        lif = model if isinstance(model, LIF) else network_of(model).neurons[0]
        check_observable("observable", observable, lif)
    elif observable is not None:
        raise ValueError(
            f"observable = {observable!r} has no part in {quantity!r}; allowed: None, or 'weak' as "
            "the quantity"
        )
    if T is not None:
        T = checks.real("T", T, above=0.0)
    question = Question(model, quantity, T, confidence, scheme, observable)
    if T is None and not question.stationary:
        raise ValueError(
            f"T is missing; allowed: a horizon > 0, in units of time, for {quantity!r}"
            + ("" if quantity not in FIRING else " of a network")
        )
    return question
