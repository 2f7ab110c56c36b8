"""What a simulator answers to the probe experiments, checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lifcore.probes.experiments import EXPERIMENTS, Experiment


@dataclass(frozen=True)
class Trace:
    """What one experiment showed, in the simulator's own time stamps.

    Attributes
    ----------
    times : tuple of float
        Of the recorded values, ms.
    v, i : tuple of float
        V and I at these times; no `i` if the simulator shows none.
    spikes : tuple of float
        Times of the spikes, ms; several in one step have the same.

    Examples
    --------
    >>> Trace((0.0, 0.5), (0.0, 0.1), (), ()).v
    (0.0, 0.1)
    """

    times: tuple[float, ...]
    v: tuple[float, ...]
    i: tuple[float, ...]
    spikes: tuple[float, ...]


class Fingerprint(dict[str, Trace]):
    """The traces of a simulator by the experiment's name; those that it cannot run are left out.

    Examples
    --------
    >>> Fingerprint(decay=Trace((0.0, 0.5), (0.5, 0.475), (), ()))["decay"].v
    (0.5, 0.475)
    """


def probe(run: Callable[[Experiment], Mapping[str, Any] | None]) -> Fingerprint:
    """Run every probe experiment on a simulator.

    Parameters
    ----------
    run : callable
        Takes an `Experiment`; returns a mapping with ``times``, ``v`` and ``spikes``, and ``i`` if
        there is such a thing (see `Trace`); or None if the simulator cannot run this one.

    Returns
    -------
    Fingerprint

    Raises
    ------
    TypeError
        If `run` is not callable.
    ValueError
        If a run lacks one of these, has times that do not rise, a value that is not a finite
        number, not as many values as times, or fewer spikes than the experiment has by any rule;
        or if no experiment was run.

    Examples
    --------
    >>> from lifcore.probes import EXPERIMENTS, Rule, as_run
    >>> rule = Rule("plain Euler", "at its time", ">=", "to 0", "in the step", "rounded up")
    >>> sorted(probe(as_run(rule))) == sorted(EXPERIMENTS)
    True
    """
    if not callable(run):
        raise TypeError(f"run = {run!r} is not callable; allowed: a function of an Experiment")
    found = {name: run(experiment) for name, experiment in EXPERIMENTS.items()}
    traces = Fingerprint(
        {name: _checked(EXPERIMENTS[name], raw) for name, raw in found.items() if raw is not None}
    )
    if not traces:
        raise ValueError("run answered None to every experiment; allowed: None to some of them")
    return traces


def _checked(experiment: Experiment, raw: Mapping[str, Any]) -> Trace:
    name = experiment.name
    missing = [key for key in ("times", "v", "spikes") if key not in raw]
    if missing:
        raise ValueError(f"experiment {name!r}: the run returned no {', '.join(missing)}")
    parts = {key: _numbers(name, key, raw.get(key, ())) for key in ("times", "v", "i", "spikes")}
    times, spikes = parts["times"], parts["spikes"]
    if len(times) < 2:
        raise ValueError(f"experiment {name!r}: {len(times)} recorded values; allowed: 2 or more")
    for key in ("v", "i"):
        if len(parts[key]) != len(times) and (key == "v" or parts[key]):
            raise ValueError(
                f"experiment {name!r}: {len(parts[key])} values of {key} at {len(times)} times"
            )
    for key, strict in (("times", True), ("spikes", False)):
        for before, after in zip(parts[key], parts[key][1:], strict=False):
            if after < before or (strict and after == before):
                raise ValueError(
                    f"experiment {name!r}: {key} are not sorted: {after!r} after {before!r}"
                )
    if len(spikes) < experiment.spikes:
        raise ValueError(
            f"experiment {name!r}: {len(spikes)} spikes; at least {experiment.spikes} are needed, "
            "or the threshold, the reset and the refractory time cannot be told"
        )
    return Trace(**parts)


def _numbers(name: str, key: str, values: Sequence[Any]) -> tuple[float, ...]:
    numbers = tuple(float(value) for value in values)
    for k, value in enumerate(numbers):
        if not math.isfinite(value):
            raise ValueError(
                f"experiment {name!r}: {key}[{k}] = {value!r}; allowed: finite numbers"
            )
    return numbers
