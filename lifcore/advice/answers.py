"""How each kind of question is answered: from the stationary law, or by a pilot."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from lifcore.advice.large import RichardsonPilot, is_large
from lifcore.advice.measures import MEASURES, weak_measure
from lifcore.advice.pilot import BUDGET, Pilot
from lifcore.advice.pilot_search import Found, UnreachableError, pilot_error, pilot_step
from lifcore.advice.rate_steps import EQUATIONS, largest_rate_step, settled
from lifcore.advice.rates import RateErrors
from lifcore.advice.result import Advice, cost, network_of
from lifcore.evidence.statistics import estimate
from lifcore.models.networks import Feedforward, Recurrent
from lifcore.models.neuron import LIF, constant_drive_period
from lifcore.runs.evaluation import Observable

QUANTITIES = ("rate", "interval", "spike_time", "state", "count", "weak")
"""What an error may be of."""

FIRING = ("rate", "interval")
"""What one neuron's stationary law tells, and of a network the spikes of all neurons."""

FAR = 10.0
"""Standard deviations of V that no pilot has the paths to see: a chance of 1e-23."""

LUCK = 1.0 / 3.0
"""Share of its largest part below which an error is called lucky."""

ROUNDING = 2.0**-53
"""Relative error of one rounded addition."""

Model = LIF | Feedforward | Recurrent


@dataclass(frozen=True)
class Question:
    """A validated question, but for its tolerance or step.

    Examples
    --------
    >>> Question(LIF(), "rate", None, 0.95, "euler", None).stationary
    True
    """

    model: Model
    quantity: str
    T: float | None
    confidence: float
    scheme: str
    observable: Observable | None

    @property
    def stationary(self) -> bool:
        """Whether the answer comes from the stationary law of one neuron."""
        one = isinstance(self.model, LIF) and self.model.size is None
        return one and self.quantity in FIRING


def exact_advice(question: Question, tolerance: float | None, h: float | None) -> Advice:
    """Return that the exact scheme makes no error; its step is a matter of cost.

    Examples
    --------
    >>> exact_advice(Question(LIF(), "rate", None, 0.95, "exact", None), 0.01, None).error.mean
    0.0
    """
    net = network_of(question.model)
    h = _exact_step(question) if h is None else h
    return Advice(
        question.quantity, "exact", h, estimate(0.0, 0.0, math.inf), tolerance, {},
        cost("exact", h, net, _spikes(question)), "exact", 1.0, {"exact": h},
        limit="none: any step is exact", method="exact",
    )  # fmt: skip


def rate_advice(question: Question, tolerance: float | None, h: float | None) -> Advice:
    """Return advice on one neuron's stationary rate or interval, without sampling.

    Examples
    --------
    >>> question = Question(LIF(mu=1.5, sigma=0.3), "rate", None, 0.95, "euler", None)
    >>> rate_advice(question, None, 0.05).tolerance is None
    True
    """
    model = question.model
    assert isinstance(model, LIF)
    errors = RateErrors.of(model, question.scheme, question.quantity, tolerance)
    limit, warnings = "given", []
    if h is None:
        assert tolerance is not None
        h, limit = largest_rate_step(errors, tolerance)
        _check_rounding(h, tolerance)
    fastest = max(model.g, model.a if model.sigma > 0.0 else 0.0)
    if h * fastest >= 1.0:
        raise ValueError(
            f"h = {h!r} is no less than a time scale of the neuron, where no error of its rate is "
            f"computed; allowed: h < {1.0 / fastest:g}"
        )
    h, value, unsure, method = settled(errors, h, tolerance)
    parts = errors.parts(h, value)
    biggest = max(abs(part) for part in parts.values())
    if abs(value) < LUCK * biggest:
        name = max(parts, key=lambda part: abs(parts[part]))
        warnings.append(
            f"cancels by luck: the {name} alone makes {parts[name]:+.2%}; no safe choice for "
            "another quantity, or for another neuron"
        )
    if errors.locking(h) > 0.02 * abs(value):
        warnings.append(
            f"spikes lock to the grid: the error jumps by up to {2 * errors.locking(h):.2%} with "
            "small changes of the step"
        )
    if h > errors.top * (1.0 + 1e-9) and method != EQUATIONS[question.scheme][1]:
        warnings.append(f"beyond h = {errors.top:.3g} ({errors.limit}) the error is a rough guess")
    size = abs(value) if tolerance is None else tolerance
    steps = {question.scheme: h}
    other = "exponential" if question.scheme == "euler" else "euler"
    rival = RateErrors.of(model, other, question.quantity, size, errors.grid)
    rival = replace(rival, settled=False)
    steps[other] = largest_rate_step(rival, size)[0] if size > 0.0 else 0.0
    error = estimate(value, unsure, math.inf)
    low, high = error.interval(question.confidence)
    return _with_rivals(
        question,
        Advice(
            question.quantity, question.scheme, h, replace(error, low=low, high=high), tolerance,
            parts, cost(question.scheme, h, network_of(model), errors.exact),
            question.scheme, 1.0, steps, limit=limit, method=method,
            warnings=tuple(warnings), exact=errors.exact,
        ),
        errors.exact,
    )  # fmt: skip


def _check_rounding(h: float, tolerance: float) -> None:
    """Refuse a step so fine that V, rounded in each, is off by more than the tolerance."""
    if ROUNDING / h > tolerance:
        best = math.sqrt(ROUNDING * h / tolerance)
        raise UnreachableError(
            f"tolerance = {tolerance!r} wants h = {h:.2g}, where rounding may cost more than it: "
            f"the best is about {best * tolerance / h:.1e} at h = {best:.1e}, {1.0 / best:.1e} "
            "steps a unit of time; allowed: at least that, or scheme='exact', which makes no error"
        )


def pilot_advice(question: Question, tolerance: float | None, h: float | None) -> Advice:
    """Return advice from a pilot of coupled runs.

    Examples
    --------
    >>> question = Question(LIF(), "state", 2.0, 0.95, "euler", None)
    >>> pilot_advice(question, None, 0.1).error.mean > 0.0
    True
    """
    _check_fires(question)
    pilot = _pilot(question, question.scheme, BUDGET)
    limit, warnings = "given", []
    if h is None:
        assert tolerance is not None
        found = pilot_step(pilot, tolerance)
        at_top = found.h >= pilot.top * (1.0 - 1e-9)
        limit = "h against tau and 1/g" if at_top else f"the error of {question.quantity!r}"
    else:
        found = pilot_error(pilot, h)
    if math.isnan(found.error.mean):
        raise ValueError(
            f"the pilot saw no matched spike up to T = {question.T:.3g}, so that nothing is known "
            f"of {question.quantity!r}; allowed: a longer T, or a neuron that fires"
        )
    if not found.measured:
        warnings.append(
            "not measured at this step: carried over from a step "
            f"{found.source / found.h:.3g} times as long by the order "
            f"{pilot.slope(found.source):.2g}"
        )
    steps, size = {question.scheme: found.h}, tolerance or abs(found.error.mean)
    other = "exponential" if question.scheme == "euler" else "euler"
    if size > 0.0:
        try:
            steps[other] = pilot_step(_pilot(question, other, 0.3 * BUDGET), size).h
        except UnreachableError:
            warnings.append(f"{other} is not compared: its pilot ran out of budget")
    spikes = _spikes(question)
    low, high = found.error.interval(question.confidence)
    return _with_rivals(
        question,
        Advice(
            question.quantity, question.scheme, found.h, replace(found.error, low=low, high=high),
            tolerance, {}, cost(question.scheme, found.h, network_of(question.model), spikes),
            question.scheme, 1.0, steps, limit=limit, method=_method(pilot, found),
            warnings=tuple(warnings),
        ),
        spikes,
    )  # fmt: skip


def _check_fires(question: Question) -> None:
    """Refuse what needs spikes if all neurons are too far below threshold for any pilot to see one.

    What drives a neuron but its own noise are others' spikes, so each is looked at alone.
    """
    T, neurons = question.T, frozenset(network_of(question.model).neurons)
    assert T is not None
    if question.quantity not in (*FIRING, "spike_time") or not all(_far(one, T) for one in neurons):
        return
    raise ValueError(
        f"model is silent: up to T = {T:.3g} each neuron's noise leaves V {FAR:g} standard "
        f"deviations or more below the threshold, so that nothing is known of "
        f"{question.quantity!r}; allowed: a longer T, or more mu or sigma, or ask for 'state'"
    )


def _far(neuron: LIF, T: float) -> bool:
    """Return whether V without threshold stays `FAR` standard deviations below it up to T."""
    g, a = neuron.g, neuron.a
    held = -math.expm1(-g * T) / g if g > 0.0 else T  # for how long the drive is kept in V
    highest = neuron.v_reset + max(0.0, (neuron.mu - g * neuron.v_reset) * held)
    # No more than the largest deviation of I, integrated; nor than V's own in the end.
    spread = math.sqrt(min(T, 0.5 * neuron.tau)) * held
    if g > 0.0 and a > 0.0:
        spread = min(spread, 1.0 / math.sqrt(2.0 * g * a * (g + a)))
    return neuron.v_th - highest > FAR * neuron.sigma * spread


def _pilot(question: Question, scheme: str, budget: float) -> Pilot:
    model, quantity = question.model, question.quantity
    assert question.T is not None
    if quantity == "weak":
        assert question.observable is not None
        measure = weak_measure(question.observable)
    else:
        measure = MEASURES["population" if quantity in FIRING else quantity]
    kind = Pilot
    if is_large(model):
        neurons = len(network_of(model).neurons)
        if quantity not in FIRING:
            raise ValueError(
                f"quantity = {quantity!r} of a network of {neurons} neurons needs the exact "
                "solution, which pilots run for 500 at most; allowed: 'rate' or 'interval'"
            )
        kind = RichardsonPilot
    return kind(model, measure, question.T, scheme, question.confidence, budget)


def _method(pilot: Pilot, found: Found) -> str:
    against = "Richardson, at h and h/2" if isinstance(pilot, RichardsonPilot) else "exact solution"
    paths = pilot.paths.get(found.source, 0)
    return f"pilot of {paths} paths against the {against}"


def _with_rivals(question: Question, advice: Advice, spikes: float) -> Advice:
    """Return the advice with the cheapest scheme, and by what factor."""
    net = network_of(question.model)
    prices = {
        name: cost(name, h, net, spikes).seconds for name, h in advice.steps.items() if h > 0.0
    }
    quickest = _exact_step(question)
    prices["exact"] = cost("exact", quickest, net, spikes).seconds
    best = min(prices, key=lambda name: prices[name])
    return replace(
        advice,
        cheapest=best,
        saving=prices[advice.scheme] / prices[best],
        steps={**advice.steps, "exact": quickest},
    )


def _exact_step(question: Question) -> float:
    """Return a step that costs the exact scheme little and divides T, if there is one.

    A fifth of the shortest time scale; where nothing relaxes T itself, or 1.
    """
    fastest = max(max(neuron.g, neuron.a) for neuron in network_of(question.model).neurons)
    T = question.T
    h = 0.2 / fastest if fastest > 0.0 else T or 1.0
    return h if T is None else T / math.ceil(T / h * (1.0 - 1e-12))


def _spikes(question: Question) -> float:
    """Return about how many spikes all neurons make in a unit of time, for what the exact costs."""
    total = 0.0
    for neuron in network_of(question.model).neurons:
        drive = neuron.mu + 0.5 * neuron.sigma * math.sqrt(
            0.5 * min(neuron.tau, 1.0 / (neuron.g or 1.0))
        )
        period = constant_drive_period(neuron, drive)
        total += 0.0 if math.isinf(period) else 1.0 / period
    return total
