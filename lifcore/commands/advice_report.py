"""An advice in the reader's own units: a table ending in a sentence, a dict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from lifcore.advice.result import Advice
from lifcore.models.neuron import LIF
from lifcore.models.physical import Physical

NAMES = {"euler": "Euler", "exponential": "exponential Euler", "exact": "the exact scheme"}
"""Schemes in a sentence."""

WORDS = {
    "rate": "the rate", "interval": "the mean interval", "spike_time": "spike times (rms)",
    "state": "V at T (rms)", "count": "the spike history",
}  # fmt: skip
"""Quantities in a sentence."""

FIELDS = ("g", "v_th", "v_reset", "tau", "mu", "sigma", "t_ref")
"""Parameters of a LIF."""


@dataclass(frozen=True)
class Units:
    """What a dimensionless unit is worth: of time in ms, of voltage in mV; 1 without units.

    Examples
    --------
    >>> Units.of(LIF()).time
    1.0
    """

    neuron: Physical | LIF
    lif: LIF
    time: float
    voltage: float
    ms: str
    mv: str

    @classmethod
    def of(cls, neuron: Physical | LIF) -> Units:
        """Return the units of a neuron.

        Examples
        --------
        >>> Units.of(LIF()).ms
        'time units'
        """
        if isinstance(neuron, LIF):
            return cls(neuron, neuron, 1.0, 1.0, "time units", "voltage units")
        return cls(neuron, neuron.lif, neuron.time_unit, neuron.voltage_unit, "ms", "mV")

    def scale(self, quantity: str) -> float:
        """Return by what an error is multiplied to have the reader's unit.

        Examples
        --------
        >>> Units.of(LIF()).scale("state")
        1.0
        """
        return {"spike_time": self.time, "state": self.voltage}.get(quantity, 1.0)

    def legend(self) -> str:
        """Return what the units of a message without units are, in brackets; nothing if the same.

        Examples
        --------
        >>> Units.of(LIF()).legend()
        ''
        """
        if isinstance(self.neuron, LIF):
            return ""
        return f" (h, T and tau in units of {self.time:g} ms, V in {self.voltage:g} mV above E_L)"

    def error(self, value: float, quantity: str) -> str:
        """Return an error as text with its unit.

        Examples
        --------
        >>> Units.of(LIF()).error(0.0123, "rate")
        '+1.23 %'
        """
        if quantity in ("rate", "interval"):
            return f"{100.0 * value:+.3g} %"
        if quantity == "count":
            return f"{100.0 * value:.3g} %"
        unit = {"spike_time": f" {self.ms}", "state": f" {self.mv}"}.get(quantity, "")
        return f"{value * self.scale(quantity):.3g}{unit}"

    def rate(self, value: float) -> str:
        """Return a rate as text: Hz, or spikes a unit of time.

        Examples
        --------
        >>> Units.of(LIF()).rate(0.5)
        '0.5 per unit of time'
        """
        if isinstance(self.neuron, Physical):
            return f"{1000.0 * value / self.time:.4g} Hz"
        return f"{value:.4g} per unit of time"


def table(advice: Advice, units: Units, notes: tuple[str, ...]) -> str:
    """Return the advice as a short table that ends in a sentence.

    Examples
    --------
    >>> from lifcore.advice.advise import step_size
    >>> advice = step_size(LIF(mu=1.5, sigma=0.15), tolerance=0.01, quantity="rate")
    >>> "dt" in table(advice, Units.of(LIF()), ())
    True
    """
    quantity, lif = advice.quantity, units.lif
    lines = [("neuron", ", ".join(f"{name} = {getattr(lif, name):.4g}" for name in FIELDS))]
    if advice.exact is not None:
        lines.append(("exact rate", units.rate(advice.exact)))
    lines.append(("dt", f"{_step(advice, units)} {units.ms}, {NAMES[advice.scheme]}"))
    interval = ""
    if advice.error.high > advice.error.low:
        ends = (units.error(end, quantity) for end in (advice.error.low, advice.error.high))
        interval = f" in [{', '.join(ends)}]"
    lines.append(("error", units.error(advice.error.mean, quantity) + interval))
    if advice.parts:
        parts = (f"{name} {units.error(part, quantity)}" for name, part in advice.parts.items())
        lines.append(("  of which", ", ".join(parts)))
    lines.append(("found by", advice.method))
    lines.append(("limited by", advice.limit))
    per = "s" if isinstance(units.neuron, Physical) else "unit of time"
    factor = 1000.0 / units.time if per == "s" else 1.0
    lines.append(
        ("cost", f"{advice.cost.steps * factor:.3g} steps, "
                 f"{advice.cost.seconds * factor:.2g} s of one core, for one {per} of one neuron")
    )  # fmt: skip
    lines.append(("cheapest", _cheapest(advice, units)))
    lines += [("note", text) for text in (*advice.warnings, *notes)]
    width = max(len(name) for name, _ in lines) + 2
    rows = [f"{name.ljust(width)}{text}" for name, text in lines]
    return "\n".join([*rows, "", sentence(advice, units)])


def sentence(advice: Advice, units: Units) -> str:
    """Return the advice in a sentence.

    Examples
    --------
    >>> from lifcore.advice.advise import error_at
    >>> sentence(error_at(LIF(sigma=0.0), 0.1, quantity="rate"), Units.of(LIF())).startswith("At ")
    True
    """
    step = f"{_step(advice, units)} {units.ms}"
    off = units.error(advice.error.mean, advice.quantity)
    what = WORDS[advice.quantity]
    rate = ""
    if advice.exact is not None and advice.quantity == "rate":
        rate = (
            f" ({units.rate(advice.exact * (1.0 + advice.error.mean))} instead of "
            f"{units.rate(advice.exact)})"
        )
    kind = f"an error in {what} of {off}{rate}"
    if advice.quantity == "count":
        kind = f"a chance of {off} that a spike history does not match"
    if advice.tolerance is None:
        return f"At dt = {step} {NAMES[advice.scheme]} makes {kind}."
    better = ""
    if advice.cheapest != advice.scheme and advice.saving >= 1.2:
        better = f"; {NAMES[advice.cheapest]} costs {advice.saving:.2g} times less"
    return f"Use dt = {step}{_others(advice, units)} with {NAMES[advice.scheme]}: {kind}{better}."


def as_dict(advice: Advice, units: Units, notes: tuple[str, ...]) -> dict[str, Any]:
    """Return the advice as what JSON holds, in the reader's units.

    Examples
    --------
    >>> from lifcore.advice.advise import error_at
    >>> as_dict(error_at(LIF(sigma=0.0), 0.1, quantity="rate"), Units.of(LIF()), ())["dt"]
    0.1
    """
    scale, physical = units.scale(advice.quantity), isinstance(units.neuron, Physical)
    per_time = 1000.0 / units.time if physical else 1.0
    lif = units.lif
    return {
        "quantity": advice.quantity,
        "scheme": advice.scheme,
        "dt": advice.h * units.time,
        "dt_unit": "ms" if physical else None,
        "h": advice.h,
        "tolerance": None if advice.tolerance is None else advice.tolerance * scale,
        "error": advice.error.mean * scale,
        "low": advice.error.low * scale,
        "high": advice.error.high * scale,
        "parts": {name: part * scale for name, part in advice.parts.items()},
        "exact_rate": None if advice.exact is None else advice.exact * per_time,
        "steps_per_time": advice.cost.steps * per_time,
        "seconds_per_time": advice.cost.seconds * per_time,
        "cheapest": advice.cheapest,
        "saving": advice.saving,
        "dt_by_scheme": {name: h * units.time for name, h in advice.steps.items()},
        "limit": advice.limit,
        "method": advice.method,
        "warnings": [*advice.warnings, *notes],
        "neuron": {name: getattr(lif, name) for name in FIELDS},
    }  # fmt: skip


def _cheapest(advice: Advice, units: Units) -> str:
    steps = ", ".join(
        f"{name} dt {_found(h, units)}" for name, h in advice.steps.items() if name != "exact"
    )
    more = f", {advice.saving:.2g} times cheaper" if advice.saving > 1.0 else ""
    return f"{NAMES[advice.cheapest]}{more}" + (f" ({steps} {units.ms})" if steps else "")


def _step(advice: Advice, units: Units) -> str:
    """Return a step that was given as it was given, and one that was found as `_found` does."""
    return f"{advice.h * units.time:.12g}" if advice.tolerance is None else _found(advice.h, units)


def _found(h: float, units: Units) -> str:
    """Return a step that was found rounded down, but in full if the refractory time depends on it.

    A grid rounds that to its steps, and a step a little shorter to another time.
    """
    dt = h * units.time
    return f"{dt:.12g}" if units.lif.t_ref > 0.0 else _down(dt)


def _others(advice: Advice, units: Units) -> str:
    """Return which other steps meet the tolerance too: shorter ones that keep the refractory time.

    At others the error grows by how the grid rounds that time. The exact scheme does not round it.
    """
    t_ref = units.lif.t_ref
    if t_ref == 0.0 or advice.scheme == "exact":
        return " or less"
    steps = t_ref / advice.h
    n = round(steps)
    if abs(steps - n) > 1e-9 * steps:
        return f", or t_ref/n with a whole n > {steps:.4g},"
    return f" = t_ref/{n}, or t_ref/n with a larger whole n,"


def _down(value: float) -> str:
    """Return a step with three digits, rounded down: what is printed meets the tolerance."""
    if value <= 0.0:
        return "0"
    scale = 10.0 ** (2 - math.floor(math.log10(value)))
    return f"{math.floor(value * scale * (1.0 + 1e-12)) / scale:.3g}"
