"""Sphinx extension: the page *Speed*, from what benchmarks stored.

``{speed}`` writes one part of it: ``machine``, ``steps`` of everybody, ``threads``, the whole
``column``, half of it ``beside_nest``, ``others`` of our own, ``growth``, or the evidence for the
noise, ``normals`` and ``battery``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from false_alarms import table

NOISY = 1.2
"""A slowest run that took so many times the fastest tells of a busy machine."""


def machine(kept: dict[str, Any]) -> list[str]:
    """Say where and when."""
    with_ = ", ".join(f"{name} {version}" for name, version in kept["versions"].items())
    worst = max(row["spread"] for row in kept["rows"])
    quiet = "a quiet" if worst < NOISY else "a busy"
    return [
        f"Measured {kept['date']} on one core of an {kept['processor']}, with {with_}; load before "
        f"{kept['load before']}. The slowest of several runs took at most {worst} times the "
        f"fastest, as on {quiet} machine."
    ]


def steps(kept: dict[str, Any]) -> list[str]:
    """Return the costs of a neuron-step, and how many times ours."""
    cost = {(row["case"], row["who"]): row["ns"] for row in kept["rows"]}
    names = list(dict.fromkeys(row["who"] for row in kept["rows"]))

    def cell(case: str, who: str) -> str:
        ns = cost.get((case, who))
        return "—" if ns is None else f"{ns:.2g} ns, {ns / cost[case, 'lifcore, gauss']:.2g} ×"

    cases = kept["cases"]
    rows = [(who, *(cell(case, who) for case in cases)) for who in names]
    missing = [who for who in ("Brian2, C++ standalone", "NEST, iaf_psc_exp") if who not in names]
    text = [f"{who} was not installed." for who in missing]
    return [*table(("program", *cases.values()), (":--", *("--:" for _ in cases)), rows), *text]


def threads(kept: dict[str, Any]) -> list[str]:
    """Return what a second thread brings."""
    words = kept["cases"] | {"one column": "one network, a tenth of the cortical column"}
    rows = [(words[case], f"{value:.2f}") for case, value in kept["threads"].items()]
    return table(("case", "two threads over one"), (":--", "--:"), rows)


def column(kept: dict[str, Any]) -> list[str]:
    """Return what a second of the cortical column costs."""
    best = {
        who: {part: min(run[part] for run in runs) for part in runs[0]}
        for who, runs in kept["times"].items()
    }
    rows = [
        (who, *(f"{seconds[part]:.3g} s" for part in ("build", "wall", "processor")))
        for who, seconds in best.items()
    ]
    lines = table(
        ("program", "building", "a second, by the clock", "a second, processor"),
        (":--", "--:", "--:", "--:"),
        rows,
    )
    synapses = f"{kept['synapses']:,}".replace(",", "\u2009")
    told = (
        f"{kept['neurons']:.0%} of the neurons with {kept['inputs']:.0%} of their inputs, "
        f"{synapses} synapses, at 0.1 ms on {kept['threads']} "
        f"threads of an {kept['processor']}, {kept['date']}, load before {kept['load before']}; "
        f"our process took {kept['peak GiB']} GiB at its peak."
    )
    if "NEST" in best:
        times = best["NEST"]["wall"] / best["lifcore"]["wall"]
        told += f" NEST {kept['versions']['nest']} takes {times:.2g} times as long for the second."
    return [*lines, "", told]


def others(kept: dict[str, Any]) -> list[str]:
    """Return what else of ours was timed."""
    rows = [(name, f"{value:g}") for name, value in kept["others"].items()]
    return table(("what", "figure"), (":--", "--:"), rows)


def growth(kept: dict[str, Any]) -> list[str]:
    """Return how costs grow."""
    rows = [
        (
            one["what"],
            ", ".join(f"{size}" for size in one["sizes"]),
            ", ".join(f"{seconds:.2g}" for seconds in one["seconds"]),
            f"{one['slope']:.2f}",
        )
        for one in kept["growth"]
    ]
    return table(("number of", "sizes", "seconds", "slope"), (":--", ":--", ":--", "--:"), rows)


def normals(kept: dict[str, Any]) -> list[str]:
    """Return what a thousand million normals look like."""
    rows = [
        (f"mean of $Z^{p}$", f"{z:+.2f} standard errors")
        for p, z in kept["moments, in standard errors"].items()
    ]
    rows += [
        (f"correlation of neighbouring {name}", f"{z:+.2f} standard errors")
        for name, z in kept["correlations, in standard errors"].items()
    ]
    rows += [(name, f"$p$ = {kept[name]:.2g}") for name in kept if name.endswith(", p")]
    rows += [
        (
            f"beyond $\\pm${edge}",
            f"{one['below']} and {one['above']} for {one['expected']:.0f}, $p$ = {one['p']:.2g}",
        )
        for edge, one in kept["tails"].items()
    ]
    head = f"{kept['normals']:,} normals".replace(",", " ")
    return table((head, f"off by, {kept['date']}"), (":--", "--:"), rows)


def battery(kept: dict[str, Any]) -> list[str]:
    """Return what the battery says of the raw words."""
    found = kept["battery"]
    said = ", ".join(f"{count} {verdict}" for verdict, count in found["verdicts"].items())
    worse = "".join(f" Not passed: `{row}`." for row in found["not passed"])
    return [f"dieharder, {found['tests']} tests: {said}.{worse}"]


PARTS = {
    "machine": (machine, "speed.json"),
    "steps": (steps, "speed.json"),
    "threads": (threads, "speed.json"),
    "column": (column, "column_full.json"),
    "beside_nest": (column, "column_half.json"),
    "others": (others, "speed.json"),
    "growth": (growth, "speed.json"),
    "normals": (normals, "normals.json"),
    "battery": (battery, "normals.json"),
}
"""What writes each part, and the file in ``book/data`` that it writes from."""


class Speed(SphinxDirective):
    """One part of the page."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write it in Markdown, and have it read."""
        write, name = PARTS[self.arguments[0]]
        file = Path(self.env.srcdir) / "book" / "data" / name
        self.env.note_dependency(str(file))
        text = write(json.loads(file.read_text(encoding="utf-8")))
        box = nodes.container()
        self.state.nested_parse(StringList(text, self.env.docname), self.content_offset, box)
        return list(box.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it."""
    app.add_directive("speed", Speed)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
