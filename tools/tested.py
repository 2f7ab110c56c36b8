"""Sphinx extension: claims, the boxes they test, experiments and functions lead to each other.

All of it is made of ``book/data/tests.yml``, which says what each claim tests and under which
heading it is measured, and of the names that sphinx-codeautolink finds in the cells there.

- A row of a table of claims, in its chapter and in the ledger, has an id and its number in the
  chapter, and leads to the box that it tests and to its experiment.
- A box leads to the rows that test it, with their verdicts, to their experiments, and to the
  functions used in these.
- An entry of the API leads to the boxes that are tested with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from answers import claims, counted, row_id
from pages import CLAIMS

logger = logging.getLogger(__name__)

#: In place of a box: the claim tests what the text under its heading says.
OWN = "own"
LEDGER = "book/ledger"


class Tested(NamedTuple):
    """One claim: chapter, number and name, what its row says, its experiment's heading, its box."""

    chapter: str
    number: int
    name: str
    mean: str
    verdict: str
    heading: str
    box: str

    @property
    def row(self) -> str:
        """The id of the claim's row."""
        return row_id(self.name)


def assign(
    chapter: str, found: Iterable[dict[str, Any]], headings: dict[str, dict[str, list[str]]]
) -> list[Tested]:
    """Return what each claim of a chapter tests.

    Raises
    ------
    ValueError
        If a claim is named by no beginning, two say the same, or one names no claim.

    Examples
    --------
    >>> said = {"A": {"thm": ["order"]}, "B": {"own": ["order, late"]}}
    >>> told = {"measurement": ["1", "[0, 2]"], "verdict": "holds"}
    >>> rows = [told | {"id": "order"}, told | {"id": "order, late"}]
    >>> [(one.heading, one.box) for one in assign("x", rows, said)]
    [('A', 'thm'), ('B', 'own')]
    """
    said = [(b, h, box) for h, boxes in headings.items() for box, bs in boxes.items() for b in bs]
    if len({beginning for beginning, _, _ in said}) < len(said):
        raise ValueError(f"{chapter}: a beginning stands twice")
    result, used = [], set()
    for number, claim in enumerate(found, 1):
        fitting = [entry for entry in said if claim["id"].startswith(entry[0])]
        if not fitting:
            raise ValueError(f"{chapter}: {claim['id']!r} is not said to test anything")
        beginning, heading, box = max(fitting, key=lambda entry: len(entry[0]))
        used.add(beginning)
        mean, verdict = claim["measurement"][0], claim["verdict"]
        result.append(Tested(chapter, number, claim["id"], mean, verdict, heading, box))
    if idle := {beginning for beginning, _, _ in said} - used:
        raise ValueError(f"{chapter}: no claim begins with {sorted(idle)}")
    return result


@cache
def everything(book: Path) -> tuple[Tested, ...]:
    """Return what each claim of each chapter tests, chapter by chapter."""
    stored = book / "data" / "tests.yml"
    if not stored.is_file():
        return ()
    said = yaml.safe_load(stored.read_text(encoding="utf-8"))
    return tuple(
        one
        for chapter, headings in said.items()
        if (book / f"{chapter}.ipynb").is_file()
        for one in assign(chapter, claims(book / f"{chapter}.ipynb"), headings)
    )


def rows(doctree: nodes.Node) -> Iterator[nodes.row]:
    """Yield the rows of tables of claims."""
    for table in doctree.findall(nodes.table):
        head = next(iter(table.findall(nodes.thead)), nodes.thead())
        if tuple(entry.astext() for entry in head.findall(nodes.entry)) == CLAIMS:
            for body in table.findall(nodes.tbody):
                yield from body.findall(nodes.row)


class Links:
    """What leads from one page to boxes, headings, rows and functions."""

    def __init__(self, app: Sphinx, page: str) -> None:
        self.app, self.env, self.page = app, app.env, page

    def to(self, page: str, anchor: str, text: str) -> nodes.reference:
        """Return a link."""
        if page == self.page:
            return nodes.reference("", text, refid=anchor, internal=True)
        uri = f"{self.app.builder.get_relative_uri(self.page, page)}#{anchor}"
        return nodes.reference("", text, refuri=uri, internal=True)

    def box(self, label: str) -> nodes.reference:
        """Return a link to a box, by its kind and number."""
        known = self.env.proof_list[label]  # type: ignore[attr-defined]
        numbers = self.env.toc_fignumbers[known["docname"]][known["countertype"]][label]
        number = ".".join(map(str, numbers))
        return self.to(known["docname"], label, f"{known['realtype'].title()} {number}")

    def heading(self, one: Tested) -> nodes.reference:
        """Return a link to the experiment of a claim."""
        page = f"book/{one.chapter}"
        anchor = self.env.metadata[page]["headings"].get(one.heading, "")
        return self.to(page, anchor, one.heading.replace("\\", ""))


def joined(before: str, links: Iterable[nodes.Node]) -> nodes.paragraph:
    """Return a line of links after some words."""
    line = nodes.paragraph("", before, classes=["tests"])
    for number, link in enumerate(links):
        line += nodes.Text(" · " if number else "")
        line += link
    return line


def note_headings(app: Sphinx, doctree: nodes.document) -> None:
    """Note the ids of a chapter's headings, and complain of those that are said to exist."""
    page = app.env.docname
    # As it is typed: Sphinx has made its apostrophes round.
    found = {
        section[0].astext().replace("’", "'"): section["ids"][0]
        for section in doctree.findall(nodes.section)
        if section["ids"]
    }
    app.env.metadata[page]["headings"] = found
    for one in everything(Path(app.srcdir) / "book"):
        if page == f"book/{one.chapter}" and one.heading not in found:
            logger.warning("no heading %r, as tests.yml says", one.heading, location=page)


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Complain of boxes that are said to exist."""
    for one in everything(Path(app.srcdir) / "book"):
        if one.box != OWN and one.box not in getattr(env, "proof_list", {}):
            logger.warning("%s: no box %r, as tests.yml says", one.chapter, one.box)


def mark_rows(links: Links, place: nodes.Element, own: list[Tested], before: str = "") -> None:
    """Lead from the rows of a chapter's tables, or of its part of the ledger, to what they test."""
    found = list(rows(place))
    said = [(row[2].astext(), row[4].astext()) for row in found]
    if said != [(one.mean, one.verdict) for one in own]:
        logger.warning("rows are not those of %d claims", len(own), location=links.page)
        return
    for row, one in zip(found, own, strict=True):
        row["ids"].append(before + one.row)
        targets = [] if one.box == OWN else [links.box(one.box)]
        words = "measured in " if one.box == OWN else "tests "
        row[0] += joined(f"claim {one.number} {words}", [*targets, links.heading(one)])


def mark_ledger(links: Links, doctree: nodes.document, every: tuple[Tested, ...]) -> None:
    """Lead from the rows of the ledger, where each chapter's go by the wordings of the paper."""
    book = Path(links.app.srcdir) / "book"
    sections = {name: s for s in doctree.findall(nodes.section) for name in s["ids"]}
    for chapter in dict.fromkeys(one.chapter for one in every):
        own = [one for one in every if one.chapter == chapter]
        said = [claim["paper"] for claim in claims(book / f"{chapter}.ipynb")]
        in_order = sorted(range(len(own)), key=lambda n: list(dict.fromkeys(said)).index(said[n]))
        name = chapter.replace("_", "-")
        place = sections.get(f"ledger-{name}", nodes.section())
        mark_rows(links, place, [own[n] for n in in_order], f"{name}-")


def used(env: BuildEnvironment, page: str, anchor: str) -> set[str]:
    """Return what of the library is named in the cells under a heading."""
    blocks = env.sphinx_codeautolink_transforms.get(page, ())  # type: ignore[attr-defined]
    entries = env.domains["py"].objects
    return {
        name.resolved_location
        for block in blocks
        if block.example.ref_id == anchor
        for name in block.names
        if name.resolved_location in entries
        and entries[name.resolved_location].objtype in {"function", "class"}
    }


def functions(env: BuildEnvironment, found: Iterable[Tested]) -> set[str]:
    """Return what is used in the experiments of claims."""
    places = {
        (page, env.metadata[page]["headings"].get(one.heading))
        for one in found
        for page in [f"book/{one.chapter}"]
    }
    return {name for place in places for name in used(env, *place)}


def mark_boxes(links: Links, doctree: nodes.document, every: tuple[Tested, ...]) -> None:
    """Lead from boxes to the rows that test them, the experiments, and the functions used."""
    for box in list(doctree.findall(nodes.Admonition)):
        found = [one for one in every if one.box == box.get("label")]
        if not found:
            continue
        verdicts = counted([one.verdict for one in found])
        number = "one claim" if len(found) == 1 else f"{len(found)} claims"
        head = f'<details class="tested"><summary>Tested by {number}: {verdicts}</summary>'
        box += nodes.raw("", head, format="html")
        box += joined(
            "claims: ",
            [links.to(f"book/{one.chapter}", one.row, f"{one.number} {one.name}") for one in found],
        )
        box += joined(
            "experiments: ",
            [links.heading(one) for one in {(o.chapter, o.heading): o for o in found}.values()],
        )
        entries = links.env.domains["py"].objects
        names = sorted(functions(links.env, found), key=lambda name: name.rpartition(".")[2])
        box += joined(
            "with: ",
            [links.to(entries[n].docname, entries[n].node_id, n.rpartition(".")[2]) for n in names],
        )
        box += nodes.raw("", "</details>", format="html")


def mark_entries(links: Links, doctree: nodes.document, every: tuple[Tested, ...]) -> None:
    """Lead from the entries on a page of the API to the boxes that are tested with them."""
    labels = dict.fromkeys(one.box for one in every if one.box != OWN)
    tested = {
        label: functions(links.env, [one for one in every if one.box == label]) for label in labels
    }
    for entry in doctree.findall(addnodes.desc):
        name = next(iter(entry[0].get("ids", [])), "")
        found = [label for label in labels if name in tested[label]]
        if found:
            content = entry[-1]
            inner = [n for n, child in enumerate(content) if isinstance(child, addnodes.desc)]
            line = joined("Tests ", map(links.box, found))
            content.insert(inner[0] if inner else len(content), line)


def mark(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Write a page's links."""
    book = Path(app.srcdir) / "book"
    every = everything(book)
    if not every:
        return
    links = Links(app, page)
    own = [one for one in every if f"book/{one.chapter}" == page]
    if own:
        mark_rows(links, doctree, own)
    if page == LEDGER:
        mark_ledger(links, doctree, every)
    mark_boxes(links, doctree, every)
    if page.startswith("book/api/"):
        mark_entries(links, doctree, every)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register all of it."""
    app.connect("doctree-read", note_headings)
    app.connect("env-updated", check)
    app.connect("doctree-resolved", mark, priority=600)  # after the line "Used in"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
