"""Sphinx extension: the page *What would have been caught*, from ``book/data/faults.json``.

``{fault-report}`` writes one part of it: ``summary``, ``chapters``, a kind of fault (its faults
with what each chapter said), ``uncaught`` or ``unbroken``. Nothing is counted that has not been
run: a cell that is not stored, or whose patch has changed since, is *not run*.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from answers import claims
from faults import (
    KINDS,
    NONE,
    TESTS,
    Fault,
    chapters,
    faults,
    known,
    library,
    load,
    reaches,
)

Cells = dict[tuple[str, str], dict[str, Any]]

NOT_RUN = "not run"


class Matrix(NamedTuple):
    """All faults, the chapters in order, the cells that have been run, and how they came about."""

    every: list[Fault]
    names: list[str]
    cells: Cells
    record: dict[str, Any]

    def reached(self, fault: Fault) -> list[str]:
        """Return the chapters that can reach what a fault changes."""
        return [name for name in self.names if reaches(fault, name)]

    def run(self, fault: Fault) -> dict[str, dict[str, Any]]:
        """Return the cells of a fault that have been run, by chapter."""
        found = {name: self.cells.get((fault.name, name)) for name in self.reached(fault)}
        return {name: cell for name, cell in found.items() if cell is not None}

    def caught(self, fault: Fault) -> dict[str, list[str]]:
        """Return the claims that caught a fault, by chapter."""
        return {name: cell["caught"] for name, cell in self.run(fault).items() if cell["caught"]}

    def tests(self, fault: Fault) -> str:
        """Return what the unit tests that a fault names have said of it."""
        cell = self.cells.get((fault.name, TESTS))
        if cell is None:
            return NOT_RUN
        return (
            f"caught, `{cell['caught'][0].rpartition('::')[2]}`" if cell["caught"] else "not caught"
        )


def matrix(record: dict[str, Any] | None = None) -> Matrix:
    """Return what is stored."""
    every, record = faults(), load() if record is None else record
    return Matrix(every, [path.stem for path in chapters()], known(record, every), record)


def table(*rows: tuple[Any, ...]) -> Iterator[str]:
    """Yield a Markdown table; the first row is its head."""
    for number, row in enumerate(rows):
        yield "| " + " | ".join(str(cell).replace("|", r"\|") for cell in row) + " |"
        if number == 0:
            yield "|:--" * len(row) + "|"


def listed(names: list[str]) -> str:
    """Return chapters as links, or a dash."""
    return ", ".join(f"{{doc}}`{name}`" for name in names) or "—"


def summary(m: Matrix) -> Iterator[str]:
    """Yield how many faults there are, how many cells have run, and what was caught."""
    possible = [(f, name) for f in m.every for name in m.reached(f)]
    ran = [(f, name) for f, name in possible if (f.name, name) in m.cells]
    own = [f for f in m.every if (f.name, f.chapter) in m.cells]
    by_own = [f for f in own if f.chapter in m.caught(f)]
    tried = [f for f in m.every if m.run(f)]
    by_any = [f for f in tried if m.caught(f)]
    control = [c for (name, chapter), c in m.cells.items() if name == NONE and chapter != TESTS]
    quiet = [c for c in control if not (c["caught"] or c["moved"] or c["texts"] or c["stopped"])]
    yield (
        f"There are **{len(m.every)} faults** and {len(m.names)} chapters; {len(possible)} pairs "
        f"of them can touch each other, and **{len(ran)} have been run**. All others are *not "
        "run*: nothing is known of them."
    )
    yield ""
    yield (
        f"- Of {len(own)} faults that were run against the chapter whose theorem they touch, "
        f"**{len(by_own)} were caught by a claim of that chapter**."
    )
    yield (
        f"- Of {len(tried)} that were run against any chapter, **{len(by_any)} were caught by some "
        "claim** so far."
    )
    only = [f for f in tried if not m.caught(f)]
    stopped = [f for f in only if any(cell["stopped"] for cell in m.run(f).values())]
    tested = [f for f in only if m.tests(f).startswith("caught")]
    yield (
        f"- Of the other {len(only)}, {len(stopped)} stopped a chapter with an error, and "
        f"{len(tested)} were caught by unit tests; they are listed below."
    )
    yield (
        f"- Without any fault, {len(control)} chapters were run in the same way: {len(quiet)} of "
        "them gave every stored number again."
    )
    yield ""
    if ran:
        when = sorted({m.cells[f.name, name]["ran"] for f, name in ran})
        versions = ", ".join(f"{k} {v}" for k, v in m.record.get("versions", {}).items())
        hashes = sorted({m.cells[f.name, name]["library"] for f, name in ran})
        same = "the library as it is now" if hashes == [library()] else f"now `{library()}`"
        yield (
            f"Run {when[0] if len(when) == 1 else f'from {when[0]} to {when[-1]}'}"
            f"{f' with {versions}' if versions else ''}; hash of the library "
            f"{', '.join(f'`{h}`' for h in hashes)} ({same})."
        )


def by_chapter(m: Matrix) -> Iterator[str]:
    """Yield a table of the chapters: what they caught of what was run."""
    rows: list[tuple[Any, ...]] = [
        ("chapter", "faults that can touch it", "run", "caught", "not caught")
    ]
    for name in m.names:
        can = [f for f in m.every if reaches(f, name)]
        ran = [f for f in can if (f.name, name) in m.cells]
        caught = [f for f in ran if name in m.caught(f)]
        rows.append((f"{{doc}}`{name}`", len(can), len(ran), len(caught), len(ran) - len(caught)))
    yield from table(*rows)


def of_kind(m: Matrix, kind: str) -> Iterator[str]:
    """Yield a table of the faults of a kind, with what each chapter said."""
    rows: list[tuple[Any, ...]] = [
        ("wrong program", "caught by claims of", "not caught by", f"chapters {NOT_RUN}")
    ]
    for fault in m.every:
        if fault.kind != kind:
            continue
        ran, caught = m.run(fault), m.caught(fault)

        def place(name: str, fault: Fault = fault) -> str:
            return f"**{{doc}}`{name}`**" if name == fault.chapter else f"{{doc}}`{name}`"

        hit = ", ".join(f"{place(n)} {len(c)} of {ran[n]['of']}" for n, c in caught.items())
        kept = ", ".join(f"{place(n)} ({said(c)})" for n, c in ran.items() if n not in caught)
        left = len(m.reached(fault)) - len(ran)
        rows.append((f"{fault.breaks} (`{fault.name}`)", hit or "—", kept or "—", left))
    yield from table(*rows)


def said(cell: dict[str, Any]) -> str:
    """Return what a cell says of a chapter whose claims did not catch its fault."""
    if cell["stopped"]:
        return "stopped with an error"
    if cell["moved"] or cell["texts"]:
        return f"{cell['moved']} of {cell['of']} numbers moved"
    return "untouched"


def uncaught(m: Matrix) -> Iterator[str]:
    """Yield the faults that no claim has caught in what was run, with what unit tests say."""
    rows: list[tuple[Any, ...]] = [("wrong program", "run against", "unit tests", NOT_RUN)]
    for fault in m.every:
        ran = m.run(fault)
        if ran and not m.caught(fault):
            left = len(m.reached(fault)) - len(ran)
            rows.append(
                (f"{fault.breaks} (`{fault.name}`)", listed(list(ran)), m.tests(fault), left)
            )
    if len(rows) == 1:
        yield "None of those that were run."
    else:
        yield from table(*rows)


def unbroken(m: Matrix) -> Iterator[str]:
    """Yield for each chapter the claims that no fault has broken so far."""
    for name in m.names:
        ran = [f for f in m.every if (f.name, name) in m.cells]
        broken = {claim for f in ran for claim in m.caught(f).get(name, [])}
        stored = claims(Path(__file__).parents[1] / "book" / f"{name}.ipynb")
        left = [claim["id"] for claim in stored if claim["id"] not in broken]
        if not ran:
            yield f"- {{doc}}`{name}`: {NOT_RUN}."
            continue
        text = "; ".join(left) if left else "none"
        yield f"- {{doc}}`{name}`, {len(left)} of {len(stored)} after {len(ran)} faults: {text}."


class FaultReport(SphinxDirective):
    """A part of the page, written in Markdown and read."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write it, and have it read."""
        part, m = self.arguments[0], matrix()
        parts = {
            "summary": summary,
            "chapters": by_chapter,
            "uncaught": uncaught,
            "unbroken": unbroken,
        }
        lines = of_kind(m, part) if part in KINDS else parts[part](m)
        box = nodes.container(classes=["fault-report"])
        self.state.nested_parse(StringList([*lines], self.env.docname), self.content_offset, box)
        return list(box.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it."""
    app.add_directive("fault-report", FaultReport)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
