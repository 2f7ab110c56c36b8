"""Sphinx extension: numbers and verdicts in the text, from the claims that the chapters store.

- ``{measured}`weak_order: white, order` `` is what was measured of a claim, with its interval;
  ``{expected}`...` `` what it was compared with. Both lead to the claim's row in its chapter.
- ``{claim-name}`weak_order: white, order` `` leads to the row and shows the claim's name.
- ``{verdicts}`weak_order: weak error ...` `` counts the verdicts of all claims of a chapter that
  test one wording of the paper, and leads to the ledger.
- A box that the map of the paper refers to leads back to its line there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx import addnodes
from sphinx.application import Sphinx

from lifcore.commands import stored_claims

#: The page on which each statement of the paper's abstract stands beside its verdict.
MAP = "book/map"


@cache
def claims(chapter: Path) -> list[dict[str, Any]]:
    """Return a chapter's stored claims; none if there is no such chapter."""
    return stored_claims(chapter) if chapter.is_file() else []


def row_id(name: str) -> str:
    """Return the id of the row of a claim.

    Examples
    --------
    >>> row_id("order, $h^2$"), row_id("γ = 2")
    ('claim-order-x24h-x5e2-x24', 'claim-x3b3-x3d-2')
    """
    letters = (c if c.isascii() and (c.isalnum() or c in " ,.-") else f"x{ord(c):x}" for c in name)
    words = "".join(" " + c if len(c) > 1 else c for c in letters).lower().replace(",", " ")
    return "claim-" + "-".join(words.replace(".", " ").split())


def named(text: str, book: Path) -> tuple[str, str, list[dict[str, Any]]]:
    """Split a role's text into chapter and name, and return the chapter's claims with them.

    Raises
    ------
    ValueError
        If the text has no colon, or the chapter stores no claims.
    """
    chapter, colon, name = (part.strip() for part in text.partition(":"))
    found = claims(book / f"{chapter}.ipynb")
    if not colon or not found:
        raise ValueError(f"{text!r}; allowed: a chapter with claims, a colon, a name")
    return chapter, name, found


def one(text: str, book: Path) -> tuple[str, dict[str, Any]]:
    """Return the place and the one claim that a role's text names."""
    chapter, name, found = named(text, book)
    chosen = [claim for claim in found if claim["id"] == name]
    if len(chosen) != 1:
        raise ValueError(f"{text!r}: {chapter} has no claim {name!r}")
    return f"book/{chapter}#{row_id(name)}", chosen[0]


def measured(text: str, book: Path) -> tuple[str, str]:
    """Return where a claim stands, and what was measured of it."""
    target, claim = one(text, book)
    mean, interval = claim["measurement"]
    return target, mean if claim["low"] == claim["high"] else f"{mean} {interval}"


def expected(text: str, book: Path) -> tuple[str, str]:
    """Return where a claim stands, and what it expects."""
    target, claim = one(text, book)
    return target, claim["expectation"]


def claim_name(text: str, book: Path) -> tuple[str, str]:
    """Return where a claim stands, and its name."""
    target, claim = one(text, book)
    return target, claim["id"]


def verdicts(text: str, book: Path) -> tuple[str, str]:
    """Return where the claims after one wording of the paper stand, and how many hold or fail."""
    chapter, wording, found = named(text, book)
    chosen = [claim["verdict"] for claim in found if claim["paper"] == wording]
    if not chosen:
        raise ValueError(f"{text!r}: no claim of {chapter} is about that")
    target = f"book/ledger#ledger-{chapter.replace('_', '-')}"
    return target, counted(chosen)


def counted(found: Sequence[str]) -> str:
    """Say how many claims hold, hold but are not sharp, and fail.

    Examples
    --------
    >>> counted(["holds", "fails", "holds, not sharp", "holds"])
    '3 of 4 hold (1 not sharp), 1 fails'
    >>> counted(["holds", "holds"])
    'all 2 hold'
    """
    number = Counter(found)
    sharp, loose, failed = (number[kind] for kind in ("holds", "holds, not sharp", "fails"))
    held, total = sharp + loose, len(found)
    if total == 1:
        return found[0]
    text = f"all {total} hold" if held == total else f"{held} of {total} hold"
    text += f" ({'all' if loose == total else loose} not sharp)" if loose else ""
    return text + (f", {failed} {'fails' if failed == 1 else 'fail'}" if failed else "")


def role(find: Any) -> Any:
    """Make a role of a function from a text to a target and what is shown."""

    def run(
        name: str,
        rawtext: str,
        text: str,
        lineno: int,
        inliner: Inliner,
        options: Mapping[str, Any] | None = None,
        content: Sequence[str] = (),
    ) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        environment = inliner.document.settings.env
        try:
            target, shown = find(text, Path(environment.srcdir) / "book")
        except ValueError as error:
            message = inliner.reporter.error(f"{name}: {error}", line=lineno)
            return [inliner.problematic(rawtext, rawtext, message)], [message]
        page, _, anchor = target.partition("#")
        uri = environment.app.builder.get_relative_uri(environment.docname, page)
        link = nodes.reference("", shown, refuri=f"{uri}#{anchor}", internal=True, classes=[name])
        return [link], []

    return run


def mark_map(app: Sphinx, doctree: nodes.document) -> None:
    """Give the references to boxes on the map ids to come back to."""
    if app.env.docname != MAP:
        return
    for link in doctree.findall(addnodes.pending_xref):
        if link["refdomain"] == "prf":
            link.parent["ids"].append(f"map-{link['reftarget']}")


def lead_back(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Add to each box that the map refers to a line that leads there."""
    if MAP not in app.env.found_docs or page == MAP:
        return
    wanted = {
        link["reftarget"]
        for link in app.env.get_doctree(MAP).findall(addnodes.pending_xref)
        if link["refdomain"] == "prf"
    }
    for box in doctree.findall(nodes.Element):
        label = box.get("label")
        if label in wanted and isinstance(box, nodes.Admonition):
            uri = app.builder.get_relative_uri(page, MAP)
            line = nodes.paragraph("", "", classes=["on-the-map"])
            line += nodes.reference(
                "", "On the map of the paper", refuri=f"{uri}#map-{label}", internal=True
            )
            box += line


def setup(app: Sphinx) -> dict[str, bool]:
    """Register all of it."""
    for name, find in (
        ("measured", measured),
        ("expected", expected),
        ("claim-name", claim_name),
        ("verdicts", verdicts),
    ):
        app.add_role(name, role(find))
    app.connect("doctree-read", mark_map)
    app.connect("doctree-resolved", lead_back)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
