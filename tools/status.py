"""Sphinx extension: when each chapter last ran, how long, and with which versions.

``make notebooks`` records it in a notebook's metadata; a dash stands where a chapter's outputs were
stored before it did.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from answers import claims, counted

HEAD = ("chapter", "last run", "seconds", "with", "verdicts")


def row(path: Path) -> tuple[str, ...]:
    """Return what the table says of one notebook."""
    metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    record: dict[str, Any] = metadata.get("lifcore", {})
    versions = ", ".join(f"{name} {found}" for name, found in record.get("versions", {}).items())
    found = [claim["verdict"] for claim in claims(path)]
    return (
        f"{{doc}}`{path.stem}`",
        record.get("ran", "—"),
        str(record.get("seconds", "—")),
        versions or "—",
        counted(found) if found else "—",
    )


class ChapterStatus(SphinxDirective):
    """A table with a row for each notebook, in the order of the contents."""

    def run(self) -> list[nodes.Node]:
        """Write the table in Markdown, and have it read."""
        book = Path(self.env.srcdir) / "book"
        rows = [row(path) for path in sorted(book.glob("*.ipynb"))]
        lines = [HEAD, (":--", ":--", "--:", ":--", ":--"), *rows]
        text = ["| " + " | ".join(line) + " |" for line in lines]
        box = nodes.container(classes=["chapter-status"])
        self.state.nested_parse(StringList(text, self.env.docname), self.content_offset, box)
        return list(box.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it."""
    app.add_directive("chapter-status", ChapterStatus)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
