"""Which update rule a simulator runs, told from its fingerprint alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lifcore import checks
from lifcore.probes.experiments import EXPERIMENTS, Experiment
from lifcore.probes.fingerprint import Fingerprint
from lifcore.probes.rules import EXACT, KINDS, Rule, all_rules

OFFSETS = (0, -1, 1)
"""Offsets of time stamps that are tried, in steps."""


@dataclass(frozen=True)
class Named:
    """What `name_scheme` found.

    Attributes
    ----------
    rules : tuple of Rule
        All rules that reproduce the fingerprint; several if the experiments that would tell them
        apart were not run, and none if none does.
    state_offset, spike_offset : int or None
        Time stamp less the time of the rule, in steps: of V and I after n steps (n dt), and of a
        spike in step n (its end, n dt). None if there is no such rule or no spike.
    worst : float
        Largest distance of a value, or of a spike's time, from the first rule's.
    difference : str
        If no rule does: where the closest one first differs.

    Examples
    --------
    >>> from lifcore.probes import Rule, as_run, probe
    >>> rule = Rule("plain Euler", "at its time", ">=", "to 0", "in the step", "rounded up")
    >>> name_scheme(probe(as_run(rule))).choice("update")
    'plain Euler'
    """

    rules: tuple[Rule, ...]
    state_offset: int | None
    spike_offset: int | None
    worst: float
    difference: str

    def choice(self, kind: str) -> str:
        """Return the choice of one kind, all that are left, or "not told" if that is every one.

        Every one that a rule has which shares its other choices with one of those left.

        Parameters
        ----------
        kind : {"update", "input", "threshold", "reset", "moment", "refractory", "drive"}

        Examples
        --------
        >>> Named((), None, None, 0.0, "").choice("update")
        'none of these'
        """
        checks.one_of("kind", kind, KINDS)
        choices = {getattr(rule, kind) for rule in self.rules}
        if not choices:
            return "none of these"
        others = {_others(rule, kind) for rule in self.rules}
        possible = {getattr(rule, kind) for rule in all_rules() if _others(rule, kind) in others}
        told = len(possible) == 1 or choices != possible
        return " or ".join(sorted(choices)) if told else "not told"

    def __str__(self) -> str:
        """Return it as a line of text."""
        if not self.rules:
            return f"none of these: {self.difference}"
        return "; ".join(f"{kind}: {self.choice(kind)}" for kind in KINDS)


def as_run(rule: Rule, *, state: int = 0, spike: int = 0) -> Callable[[Experiment], dict[str, Any]]:
    """Return a rule as a simulator to be probed, with time stamps off by some steps.

    Parameters
    ----------
    rule : Rule
        What it runs.
    state, spike : int, optional
        Offset of the stamps of V and I, and of spikes.

    Examples
    --------
    >>> from lifcore.probes import EXPERIMENTS, Rule
    >>> rule = Rule("plain Euler", "at its time", ">=", "to 0", "in the step", "rounded up")
    >>> as_run(rule, spike=-1)(EXPERIMENTS["drive"])["spikes"][0]
    6.5
    """

    def run(experiment: Experiment) -> dict[str, Any]:
        v, i, fired = rule.run(experiment)
        times = [(n + state) * experiment.dt for n in range(len(v))]
        return {
            "times": times,
            "v": v,
            "i": i,
            "spikes": [(n + spike) * experiment.dt for n in fired],
        }

    return run


def name_scheme(fingerprint: Fingerprint, tolerance: float = 1e-12) -> Named:
    """Say which update rule reproduces a fingerprint, and with which offset of time stamps.

    Spikes on the grid must be reproduced exactly; V, I and spikes off the grid to `tolerance`.

    Parameters
    ----------
    fingerprint : Fingerprint
        From `probe`.
    tolerance : float, optional
        Largest distance of a value from the rule's.

    Returns
    -------
    Named

    Raises
    ------
    TypeError, ValueError
        If the fingerprint is empty or has an unknown experiment, or the tolerance is negative.

    Examples
    --------
    >>> from lifcore.probes import Rule, as_run, probe
    >>> rule = Rule("plain Euler", "at its time", ">", "to 0", "in the step", "rounded down")
    >>> named = name_scheme(probe(as_run(rule, spike=-1)))
    >>> named.rules == (rule,), named.state_offset, named.spike_offset
    (True, 0, -1)
    """
    checks.real("tolerance", tolerance, at_least=0.0)
    if not isinstance(fingerprint, Mapping) or not fingerprint:
        raise ValueError(f"fingerprint = {fingerprint!r} has no trace; allowed: what probe returns")
    for name in fingerprint:
        checks.one_of("experiment", name, tuple(EXPERIMENTS))
    found: list[tuple[Rule, int, int | None, float]] = []
    closest, difference = -1.0, ""
    for rule in all_rules():
        for offset in OFFSETS:
            agreed, worst, spike, text = _compare(rule, offset, fingerprint, tolerance)
            if not text:
                found.append((rule, offset, spike, worst))
                break
            if agreed > closest:
                closest, difference = agreed, f"{text} ({', '.join(_choices(rule))})"
    if not found:
        return Named((), None, None, float("inf"), difference)
    _, offset, spike, worst = found[0]
    return Named(tuple(entry[0] for entry in found), offset, spike, worst, "")


def _others(rule: Rule, kind: str) -> tuple[str, ...]:
    return tuple(getattr(rule, other) for other in KINDS if other != kind)


def _choices(rule: Rule) -> list[str]:
    return [getattr(rule, kind) for kind in KINDS]


@cache
def _ran(rule: Rule, name: str) -> tuple[list[float], list[float], list[float]]:
    return rule.run(EXPERIMENTS[name])


def _compare(
    rule: Rule, offset: int, fingerprint: Fingerprint, tolerance: float
) -> tuple[float, float, int | None, str]:
    """Return how many values agree, the largest distance, the spikes' offset, and what differs."""
    agreed, worst = 0.0, 0.0
    shift: int | None = None
    for name, trace in fingerprint.items():
        e = EXPERIMENTS[name]
        steps = [round(t / e.dt) - offset for t in trace.times]
        if any((n + offset) * e.dt != t for n, t in zip(steps, trace.times, strict=True)):
            return agreed, worst, None, f"{name}: values are stamped off the grid"
        if steps[0] < 0 or steps[-1] > e.steps:
            return agreed, worst, None, f"{name}: values are stamped outside of the run"
        if steps != list(range(steps[0], steps[-1] + 1)):
            return agreed, worst, None, f"{name}: values are not stamped once a step"
        v, i, fired = _ran(rule, name)
        for key, mine, theirs in (("V", v, trace.v), ("I", i, trace.i)):
            for n, value in zip(steps, theirs, strict=False):  # some show no I
                distance = abs(mine[n] - value)
                if not distance <= tolerance:
                    text = f"{name}: {key} = {value!r} after {n} steps, the rule's {mine[n]!r}"
                    # of two that fail at the same value the nearer one is closer
                    return agreed + 1.0 / (1.0 + distance), worst, None, text
                agreed, worst = agreed + 1, max(worst, distance)
        fired = [n for n in fired if n <= steps[-1]]
        if len(fired) != len(trace.spikes):
            text = f"{name}: {len(trace.spikes)} spikes, the rule's {len(fired)}"
            return agreed, worst, None, text
        for step, time in zip(fired, trace.spikes, strict=True):
            shift = round(time / e.dt - step) if shift is None else shift
            distance = abs((step + shift) * e.dt - time)
            worst = max(worst, distance)
            if distance > (tolerance if rule.update == EXACT else 0.0):
                text = f"{name}: spike at {time!r}, the rule's at {(step + shift) * e.dt!r}"
                return agreed, worst, None, text
            agreed += 1
    return agreed, worst, shift, ""
