"""Sphinx extension: the page *At scale*, from what `benchmarks/at_scale.py` stored.

``{at-scale}`` writes one part of it: the ``answer``, the ``machine``, ``blocks`` and ``tasks`` as
measured; the ``plan`` and its ``hours``; ``workers``, where the law of the wall is held against
the schedule; and the ``check`` against runs.
"""

from __future__ import annotations

import json
import math
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from statistics import fmean
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from false_alarms import table
from schedule import law, schedule

NEURON_STEPS = 10**14
"""Of the run that is planned."""

PRICE = 0.05
"""What a core costs in an hour, in any currency: an assumption, the one figure not measured."""

WORKERS = (2, 16, 256, 4096)
FEW = 16
POWERS = tuple(4**k for k in range(7))

NEAR = 0.1
"""How far a run may be off the schedule, fixed before any was timed."""


def machine(kept: dict[str, Any]) -> list[str]:
    """Say where and when."""
    with_ = ", ".join(f"{name} {version}" for name, version in kept["versions"].items())
    worst = max(row["spread"] for row in kept["walls"])
    return [
        f"Measured {kept['date']} on an {kept['processor']}, with {with_}; load before "
        f"{kept['load before']}; of runs by the clock the slowest took at most {worst} times the "
        "fastest."
    ]


def grouped(number: float) -> str:
    """Return a whole number in groups of three digits."""
    return f"{number:,.0f}".replace(",", "\u202f")


def size(number: float) -> str:
    """Return bytes in a fitting unit."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= scale:
            return f"{number / scale:.2g} {unit}" if number < 1e2 * scale else (
                f"{number / scale:.0f} {unit}"
            )  # fmt: skip
    return f"{number:.0f} B"


def serial(figures: dict[str, float]) -> float:
    """Return the seconds of a task where tasks go one by one: here, or in dask's scheduler."""
    return max(figures["sender"], figures.get("scheduler", 0.0))


def blocks(kept: dict[str, Any]) -> list[str]:
    """Return what a block is."""
    rows = [
        (
            case,
            str(one["paths"]),
            grouped(one["steps"]),
            grouped(one["neuron-steps"]),
            f"{min(one['block seconds']):.3g} to {max(one['block seconds']):.3g} s",
            size(one["task bytes"]),
            size(one["result bytes"]),
            size(one["model bytes"]) if one["model bytes"] else "—",
        )
        for case, one in kept["cases"].items()
    ]
    head = (
        "case", "paths", "steps", "neuron-steps", "processor time", "task", "result",
        "model, once a worker",
    )  # fmt: skip
    return table(head, (":--", *("--:" for _ in head[1:])), rows)


def fed(kept: dict[str, Any], kind: str, case: str) -> int:
    """Return how many workers are kept busy by one who hands out tasks."""
    task = kept["executors"][kind][case]
    each = fmean(kept["cases"][case]["block seconds"]) + task["overhead"]
    return math.floor(each / serial(task))


def tasks(kept: dict[str, Any]) -> list[str]:
    """Return what a task takes beside its block, and how many workers that feeds."""
    rows = []
    for kind, cases in kept["executors"].items():
        for case, one in cases.items():
            rows.append(
                (
                    f"{kind}, {case}",
                    *(
                        f"{one[part] * 1e3:.2g} ms" if part in one else "—"
                        for part in ("sender", "scheduler", "overhead", "wall")
                    ),
                    grouped(fed(kept, kind, case)),
                )
            )
    head = (
        "by", "who hands out", "scheduler", "worker", "one worker, by the clock",
        "workers that can be fed",
    )  # fmt: skip
    return table(head, (":--", *("--:" for _ in head[1:])), rows)


def number_of_blocks(one: dict[str, Any]) -> int:
    """Return how many blocks the planned run has."""
    return -(-NEURON_STEPS // one["neuron-steps"])


def core_hours(kept: dict[str, Any], case: str) -> float:
    """Return the processor time of its workers."""
    one = kept["cases"][case]
    each = fmean(one["block seconds"]) + kept["executors"]["dask"][case]["overhead"]
    return number_of_blocks(one) * each / 3600.0


def plan(kept: dict[str, Any]) -> list[str]:
    """Return what the planned run is, whoever does it."""
    of = {case: (one, number_of_blocks(one)) for case, one in kept["cases"].items()}
    rows = [
        ("blocks", *(grouped(n) for _, n in of.values())),
        ("bytes sent", *(size(n * one["task bytes"]) for one, n in of.values())),
        ("bytes sent to each worker, once", *(size(one["model bytes"]) for one, _ in of.values())),
        ("bytes returned", *(size(n * one["result bytes"]) for one, n in of.values())),
        ("core-hours $C$", *(f"{core_hours(kept, case):.3g}" for case in of)),
        (
            f"cost $p\\,C$ at $p$ = {PRICE:g} a core-hour",
            *(f"{PRICE * core_hours(kept, case):.3g}" for case in of),
        ),
    ]
    return table((f"$10^{{{round(math.log10(NEURON_STEPS))}}}$ neuron-steps", *of),
                 (":--", *("--:" for _ in of)), rows)  # fmt: skip


def walls(kept: dict[str, Any], case: str, workers: int) -> tuple[float, float]:
    """Return seconds of the planned run on so many workers of dask: the schedule's, the law's."""
    one, task = kept["cases"][case], kept["executors"]["dask"][case]
    number, seconds = number_of_blocks(one), one["block seconds"]
    simulated = _simulated(
        number, tuple(seconds), workers, serial(task), task["overhead"], kept["ahead"]
    )
    return simulated, law(number, workers, fmean(seconds), serial(task), task["overhead"])


@cache
def _simulated(
    number: int,
    measured: tuple[float, ...],
    workers: int,
    sender: float,
    overhead: float,
    ahead: int,
) -> float:
    return schedule(islice(cycle(measured), number), workers, sender, overhead, ahead)


def answer(kept: dict[str, Any]) -> list[str]:
    """Return the plan in a sentence for each case."""
    return [
        f"- {case}: {core_hours(kept, case):.2g} core-hours in {grouped(number_of_blocks(one))} "
        f"blocks; {walls(kept, case, FEW)[0] / 60.0:.0f} minutes on {FEW} workers; more "
        f"than {grouped(fed(kept, 'dask', case))} would not help, unless blocks are made longer."
        for case, one in kept["cases"].items()
    ]


def hours(kept: dict[str, Any]) -> list[str]:
    """Return hours and the cost of the planned run on some numbers of workers."""
    rows = []
    for workers in WORKERS:
        took = [walls(kept, case, workers)[0] / 3600.0 for case in kept["cases"]]
        cells = [(f"{each:.3g}", f"{PRICE * workers * each:.3g}") for each in took]
        rows.append((grouped(workers), *(cell for pair in cells for cell in pair)))
    head = [f"{case}, {what}" for case in kept["cases"] for what in ("hours $t$", "cost $p\\,W t$")]
    return table(("workers $W$", *head), ("--:", *("--:" for _ in head)), rows)


def workers(kept: dict[str, Any]) -> list[str]:
    """Return the law against the schedule, and how busy the workers are."""
    rows, furthest = [], 0.0
    for number in POWERS:
        cells: list[str] = []
        for case in kept["cases"]:
            simulated, expected = walls(kept, case, number)
            furthest = max(furthest, abs(simulated / expected - 1.0))
            busy = core_hours(kept, case) * 3600.0 / (number * simulated)
            cells += [f"{simulated / 3600.0:.3g}", f"{expected / 3600.0:.3g}", f"{busy:.0%}"]
        rows.append((grouped(number), *cells))
    parts = ("schedule, h", "law, h", "busy")
    head = [f"{case}, {part}" for case in kept["cases"] for part in parts]
    return [
        *table(("workers", *head), ("--:", *("--:" for _ in head)), rows),
        f"Law and schedule differ by at most {furthest:.1%}.",
    ]


def check(kept: dict[str, Any]) -> list[str]:
    """Return what runs on one worker and on two took, and should have taken."""
    rows, near = [], 0
    for row in kept["walls"]:
        case, task = row["case"], kept["executors"]["processes"][row["case"]]
        seconds = kept["cases"][case]["block seconds"] if row["steps"] else [0.0]
        expected = schedule(
            islice(cycle(seconds), row["tasks"]), row["workers"], serial(task), task["overhead"],
            kept["ahead"],
        )  # fmt: skip
        off = row["seconds"] / expected - 1.0
        near += abs(off) <= NEAR
        rows.append(
            (
                case if row["steps"] else f"{case}, without blocks", grouped(row["tasks"]),
                str(row["workers"]), f"{expected:.3g} s", f"{row['seconds']:.3g} s", f"{off:+.0%}",
            )
        )  # fmt: skip
    head = ("case", "tasks", "workers", "schedule", "run", "off by")
    told = f"Within {NEAR:.0%} of the schedule: {near} of {len(rows)}."
    return [*table(head, (":--", *("--:" for _ in head[1:])), rows), told]


PARTS = {
    "answer": answer, "machine": machine, "blocks": blocks, "tasks": tasks, "plan": plan,
    "hours": hours, "workers": workers, "check": check,
}  # fmt: skip


class AtScale(SphinxDirective):
    """One part of the page."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write it in Markdown, and have it read."""
        file = Path(self.env.srcdir) / "book" / "data" / "at_scale.json"
        self.env.note_dependency(str(file))
        text = PARTS[self.arguments[0]](json.loads(file.read_text(encoding="utf-8")))
        box = nodes.container()
        self.state.nested_parse(StringList(text, self.env.docname), self.content_offset, box)
        return list(box.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it."""
    app.add_directive("at-scale", AtScale)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
