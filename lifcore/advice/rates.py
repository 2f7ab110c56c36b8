"""Advice on the rate and the mean interval of one neuron: no random number is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property

from lifcore import checks
from lifcore.advice.grid_rates import (
    exact_rate,
    grid_rate,
    late_rate,
    left_out,
    missed,
    never_rests,
)
from lifcore.advice.one_step import step_map, steps_to_threshold
from lifcore.advice.renewal import timing_spread
from lifcore.models.neuron import LIF
from lifcore.stationary.threshold_rate import Grid
from lifcore.weak.rate_bias import charged, euler_law

SILENT = 1e-6
"""Spikes in a membrane time below which the relative error of a rate means nothing."""

FINEST = 1.0 / 64.0
"""Share of the largest step below which the error is taken to be proportional to the step."""


@dataclass(frozen=True)
class RateErrors:
    """The relative error of a stationary rate, or of the mean interval, as a function of the step.

    Parameters
    ----------
    model : LIF
        The neuron.
    scheme : str
        ``"euler"`` or ``"exponential"``.
    quantity : str
        ``"rate"`` or ``"interval"``.
    precision : float
        Relative precision of the rates.
    grid : Grid, optional
        Where solutions begin; each leaves it for the next as it was needed.
    settled : bool, optional
        Whether an equation on the grid settles what a search finds: only then is what a scheme
        misses in a step left to it.

    Examples
    --------
    >>> errors = RateErrors(LIF(mu=1.5, sigma=0.3), "euler", "rate", 1e-4)
    >>> 0.0 < errors.at(0.05) < 0.01
    True
    """

    model: LIF
    scheme: str
    quantity: str
    precision: float
    grid: Grid = field(default_factory=Grid, repr=False, compare=False)
    settled: bool = True

    @classmethod
    def of(
        cls,
        model: LIF,
        scheme: str,
        quantity: str,
        tolerance: float | None,
        grid: Grid | None = None,
    ) -> RateErrors:
        """Return the errors of a scheme, as precise as a tolerance needs.

        Examples
        --------
        >>> RateErrors.of(LIF(), "euler", "rate", 0.01).precision
        0.0002
        """
        precision = min(1e-3, max(2e-5, 0.02 * (tolerance or 0.0)))
        return cls(model, scheme, quantity, precision, grid or Grid())

    @cached_property
    def exact(self) -> float:
        """The exact rate.

        Raises
        ------
        ValueError
            If there is none, or next to no spikes.
        """
        model = self.model
        rate = exact_rate(model, self.precision, self.grid)
        if rate < SILENT * (model.g or 1.0):
            raise ValueError(
                f"model = {model!r} fires {rate:.1e} spikes a unit of time: it is silent, and the "
                f"relative error of its rate says nothing; allowed: at least {SILENT:g} spikes in "
                "a membrane time 1/g; raise mu or sigma, or ask for 'state'"
            )
        return rate

    @cached_property
    def top(self) -> float:
        """The largest step at which the errors are known."""
        model = self.model
        if model.sigma == 0.0:
            fastest = model.g if self.scheme == "euler" else 0.0
        else:
            fastest = max(model.g, model.a)
        own = 0.5 / fastest if fastest > 0.0 else math.inf
        return min(own, 0.5 / self.exact, model.t_ref or math.inf)

    @property
    def limit(self) -> str:
        """What the largest step is limited by."""
        if self.top == self.model.t_ref:
            return "h against t_ref"
        if self.top >= 0.5 / self.exact:
            return "half of the mean interval"
        return "h against tau" if self.model.a > self.model.g else "h against 1/g"

    @property
    def method(self) -> str:
        """How the rates are found."""
        if self.model.sigma == 0.0:
            return "closed form"
        if never_rests(self.model):
            return "renewal equation on the grid"
        return "equation on the threshold, all changes at once"

    def uncertainty(self, h: float) -> float:
        """Return a standard error of the prediction at a step, the numerical one included.

        Examples
        --------
        >>> errors = RateErrors(LIF(mu=1.5, sigma=0.3), "euler", "rate", 1e-4)
        >>> errors.uncertainty(0.05) < 1e-3
        True
        """
        return self._searched(h) + missed(self.model, h, self.scheme)

    def _searched(self, h: float) -> float:
        """Return it without what a scheme misses in a step."""
        h, share = self._computed(h)
        return share * (self.left_out(h) + (self.precision if self.model.sigma > 0.0 else 0.0))

    def left_out(self, h: float) -> float:
        """Return the standard error of what the expansion leaves out at a step.

        Nothing where the drive never rests; else its next terms.

        Examples
        --------
        >>> RateErrors(LIF(mu=1.5, sigma=0.15), "euler", "rate", 1e-4).left_out(0.05)
        0.0
        """
        return left_out(self.model, h)

    def at(self, h: float) -> float:
        """Return the error at a step, signed.

        Examples
        --------
        >>> RateErrors(LIF(mu=1.5, sigma=0.3), "euler", "interval", 1e-4).at(0.05) < 0.0
        True
        """
        h, share = self._computed(h)
        rate = grid_rate(self.model, h, self.scheme, self.precision, self.grid)
        return share * self.relative(rate)

    def _computed(self, h: float) -> tuple[float, float]:
        """Return the step at which an error is computed, and the share of it that `h` has.

        At finer steps than `FINEST` of the largest the precision of the rates would hide it.
        """
        least, t_ref = self.whole(FINEST * self.top), self.model.t_ref
        rounded = abs(h * float(checks.held_steps(t_ref, h)) - t_ref) > 1e-9 * t_ref
        if h >= least or self.model.sigma == 0.0 or rounded or self.locking(least) > 0.0:
            return h, 1.0  # what is rounded of t_ref does not fall with the step
        return least, h / least

    def size(self, h: float) -> float:
        """Return by how much the error may be off at a step and at those close to it.

        Where noise is weak, spikes lock to the grid and the error jumps with the step; it is the
        jumps' envelope that a tolerance is held against.

        Examples
        --------
        >>> errors = RateErrors(LIF(mu=1.5, sigma=0.0), "euler", "rate", 1e-4)
        >>> errors.size(0.1) >= abs(errors.at(0.1))
        True
        """
        h, least = self.whole(h), self.whole(FINEST * self.top)
        if h < least:
            return self.size(least) * h / least
        jump = self.locking(h)
        unsure = self._searched(h) if self.settled else self.uncertainty(h)
        return abs(self.smooth(h) if jump > 0.0 else self.at(h)) + jump + unsure

    def whole(self, h: float) -> float:
        """Return the largest step up to one of which the refractory time is a whole multiple.

        Examples
        --------
        >>> errors = RateErrors(LIF(mu=1.5, sigma=0.3, t_ref=0.2), "euler", "rate", 1e-4)
        >>> errors.whole(0.15)
        0.1
        """
        t_ref = self.model.t_ref
        return t_ref / math.ceil(t_ref / h * (1.0 - 1e-12)) if t_ref > 0.0 else h

    def locking(self, h: float) -> float:
        """Return half the height of the jumps of the relative error, where they matter.

        A delay of h/2 on average swings by the first harmonic of its sawtooth, damped by the
        spread s of the intervals: (h/pi) exp(-2 (pi s/h)^2) of an interval.

        Examples
        --------
        >>> RateErrors(LIF(mu=1.5, sigma=0.3), "euler", "rate", 1e-4).locking(0.05)
        0.0
        """
        model = self.model
        if model.sigma == 0.0:
            return 0.5 * h * self.exact
        if not never_rests(model):
            return 0.0
        share = math.exp(-2.0 * (math.pi * timing_spread(model) / h) ** 2)
        return 0.0 if share < 1e-3 else min(0.5, share / math.pi * 1.2) * h * self.exact

    def smooth(self, h: float) -> float:
        """Return the error with resets late by h/2, as if spikes did not lock to the grid.

        Examples
        --------
        >>> errors = RateErrors(LIF(mu=1.5, sigma=0.15), "euler", "rate", 1e-4)
        >>> abs(errors.smooth(0.05) - errors.at(0.05)) < 1e-3
        True
        """
        model = self.model
        if model.sigma == 0.0:
            steps = steps_to_threshold(model, step_map(model, h, self.scheme))
            held = float(checks.held_steps(model.t_ref, h))
            return self.relative(1.0 / (h * (steps + 0.5 + held)))
        return self.relative(self._changed(h, "current", "membrane", "late", "rounding"))

    def parts(self, h: float, whole: float) -> dict[str, float]:
        """Return what Euler's current, its membrane and late resets do each alone, and the rest.

        ``whole`` is the error that they add up to. With a refractory time there is also what its
        rounding to whole steps does.

        Examples
        --------
        >>> list(RateErrors(LIF(mu=1.5, sigma=0.3), "euler", "rate", 1e-4).parts(0.05, 0.01))
        ['current', 'membrane', 'reset', 'rest']
        """
        if self.model.sigma == 0.0:
            steps = steps_to_threshold(self.model, step_map(self.model, h, self.scheme))
            t_ref, held = self.model.t_ref, h * float(checks.held_steps(self.model.t_ref, h))
            charge = self.relative(1.0 / (h * steps + t_ref))
            rounded = self.relative(1.0 / (h * steps + held)) - charge
            own = {"rounding": rounded} if t_ref > 0.0 else {}
            return {"membrane": charge, "reset": whole - charge - rounded, **own}
        names = ["current", "membrane", "late"] if self.scheme == "euler" else ["late"]
        names += ["rounding"] if self.model.t_ref > 0.0 else []
        h, share = self._computed(h)
        parts = {name: share * self.relative(self._changed(h, name)) for name in names}
        parts["reset"] = parts.pop("late")
        parts["rest"] = whole - sum(parts.values())
        return parts

    def _changed(self, h: float, *changes: str) -> float:
        """Return the exact rate of the neuron with some of a grid's changes."""
        model = self.model
        if "rounding" in changes:
            model = replace(model, t_ref=h * float(checks.held_steps(model.t_ref, h)))
        if self.scheme == "euler":
            model = euler_law(model, h) if "current" in changes else model
            model = charged(model, h) if "membrane" in changes else model
        late = 0.5 * h if "late" in changes else 0.0
        return late_rate(model, late, self.precision, self.grid)

    def relative(self, rate: float) -> float:
        """Return the error that a rate is.

        Examples
        --------
        >>> errors = RateErrors(LIF(mu=1.5, sigma=0.0), "euler", "interval", 1e-4)
        >>> errors.relative(0.5 * errors.exact)
        1.0
        """
        if self.quantity == "rate":
            return rate / self.exact - 1.0
        return self.exact / rate - 1.0 if rate > 0.0 else math.inf
