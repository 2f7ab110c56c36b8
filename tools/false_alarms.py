"""Sphinx extension: what other seeds make of the claims, from what ``make seeds`` has stored.

``{false-alarms}`` writes one part of the page: ``chapters``, the runs of each; ``alarms``, rows
that hold on their page and failed at another seed; ``distances`` of claims from their limits;
``spare``, rows whose tolerance could be narrower.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from answers import claims
from lifcore.commands.claims_file import STOPPED
from seeds import load

#: A 99.9 % interval reaches so many standard errors to either side, with many degrees of freedom.
REACH = 3.29
#: Classes of the distance from the limit, in standard errors; below the second a claim fails.
EDGES = (0.0, REACH, 4.0, 5.0, 7.0, 10.0, 20.0)
SPARE = 5.0


def table(
    head: tuple[str, ...], align: tuple[str, ...], rows: Sequence[tuple[str, ...]]
) -> list[str]:
    """Return a table in Markdown."""
    return ["", *("| " + " | ".join(line) + " |" for line in (head, align, *rows)), ""]


def distance(found: float | str | None) -> float | None:
    """Return a stored margin in standard errors; what failed without an interval is at -inf."""
    if found is None:
        return None
    return float("-inf") if found == "fails" else REACH * float(found)


def runs(kept: dict[str, Any], held: dict[str, dict[str, bool]]) -> Iterator[tuple]:
    """Yield chapter, claim, seed and distance of each verdict of a claim that is in the book."""
    for chapter, entry in sorted(kept.items()):
        for seed, found in entry["runs"].items():
            for claim, far in found.items():
                # A chapter that stopped is no row of the book, and an alarm all the same.
                if claim in held.get(chapter, {}) or claim == STOPPED:
                    yield chapter, claim, int(seed), distance(far)


def alarm(one: tuple, held: dict[str, dict[str, bool]]) -> bool:
    """Whether a verdict is ``fails`` on a row that holds on its page."""
    return failed(one[3]) and held[one[0]].get(one[1], True)


def failed(far: float | None) -> bool:
    """Whether a claim at this distance from its limit fails."""
    return far is not None and far < REACH


def chapters(every: list[tuple], kept: dict[str, Any], held: dict) -> list[str]:
    """Return how many alarms there are, and of which chapters."""
    count = sum(alarm(one, held) for one in every)
    return [
        f"**{len(every)} verdicts, {count} false {'alarm' if count == 1 else 'alarms'}:** "
        "verdicts `fails` at another seed on a row that holds on its page.",
        *table(
            ("chapter", "run on", "seeds", "verdicts", "false alarms", "published as `fails`"),
            (":--", ":--", ":--", "--:", "--:", ":--"),
            [_chapter(name, kept[name], every, held) for name in sorted(kept) if name in held],
        ),
    ]


def alarms(every: list[tuple], kept: dict[str, Any], held: dict) -> list[str]:
    """Return which rows raised them."""
    rows = [(_link(one[0], one[1]), str(one[2])) for one in every if alarm(one, held)]
    return table(("row", "seed"), (":--", "--:"), rows) if rows else ["None so far."]


def _link(chapter: str, name: str) -> str:
    return (
        f"{{doc}}`{chapter}` stopped" if name == STOPPED else f"{{claim-name}}`{chapter}: {name}`"
    )


def _chapter(name: str, entry: dict, every: list[tuple], held: dict) -> tuple[str, ...]:
    own = [one for one in every if one[0] == name]
    alarms = sum(alarm(one, held) for one in own)
    known = [one for one in own if not held[name].get(one[1], True)]
    again = sum(failed(one[3]) for one in known)
    published = f"{again} of {len(known)} fail again" if known else "—"
    ran = _ranges(sorted(map(int, entry["runs"])))
    return f"{{doc}}`{name}`", entry["ran"], ran, str(len(own)), str(alarms), published


def _ranges(numbers: list[int]) -> str:
    """Write numbers that follow each other as their first and last: ``1–3, 7``."""
    starts = [n for n in numbers if n - 1 not in numbers]
    ends = [n for n in numbers if n + 1 not in numbers]
    return ", ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in zip(starts, ends, strict=True))


def distances(every: list[tuple], kept: dict[str, Any], held: dict) -> list[str]:
    """Return how far claims are from their limits."""
    far = [one[3] for one in every if one[3] is not None]
    counts = Counter(sum(value >= edge for edge in EDGES) for value in far)
    words = [f"{low:g} to {high:g}" for low, high in pairwise(EDGES)]
    words = ["outside", *words, f"{EDGES[-1]:g} and more"]
    most = max(counts.values(), default=1)
    rows = [
        (word, str(counts[k]), "█" * round(30 * counts[k] / most) or ("▏" if counts[k] else ""))
        for k, word in enumerate(words)
    ]
    exact = len(every) - len(far)
    return [
        "How far inside its limit each estimate lies, in standard errors (the half-width of its "
        f"interval over {REACH}). Below {REACH} the row fails. {exact} verdicts are on numbers "
        "without an interval.",
        *table(("standard errors", "verdicts", ""), ("--:", "--:", ":--"), rows),
    ]


def spare(every: list[tuple], kept: dict[str, Any], held: dict) -> list[str]:
    """Return the rows that would hold with a narrower limit."""
    own: dict[tuple[str, str], list[float]] = {}
    for chapter, name, _, far in every:
        if far is not None:
            own.setdefault((chapter, name), []).append(far)
    rows = [
        (
            _link(chapter, name),
            f"{min(far):.0f}",
            f"{statistics.median(far):.0f}",
        )
        for (chapter, name), far in sorted(own.items())
        if min(far) > REACH + SPARE
    ]
    return [
        f"{len(rows)} of {len(own)} rows with an interval were more than {SPARE:g} standard errors "
        "beyond what their verdict needs at every seed. Many are bounds, and orders better than "
        "claimed, which are as far as the truth puts them; an equality among them could have a "
        "narrower tolerance.",
        "",
        "::::{dropdown} All of them",
        *table(("row", "least distance", "median"), (":--", "--:", "--:"), rows),
        "::::",
        "",
    ]


PARTS = {one.__name__: one for one in (chapters, alarms, distances, spare)}


class FalseAlarms(SphinxDirective):
    """One part of the page, or that nothing is stored."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write it in Markdown, and have it read."""
        book = Path(self.env.srcdir) / "book"
        held = {
            path.stem: {one["id"]: one["verdict"] != "fails" for one in claims(path)}
            for path in sorted(book.glob("*.ipynb"))
        }
        store = book / "data" / "seeds.json"
        self.env.note_dependency(str(store))
        kept = load(store)
        write = PARTS[self.arguments[0]]
        text = write(list(runs(kept, held)), kept, held) if kept else ["Nothing is stored yet."]
        box = nodes.container(classes=["false-alarms"])
        self.state.nested_parse(StringList(text, self.env.docname), self.content_offset, box)
        return list(box.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it."""
    app.add_directive("false-alarms", FalseAlarms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
