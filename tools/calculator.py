"""Sphinx extension: the calculator of *Which dt?*, its scripts, and the tables they interpolate.

``{calculator}`` is a box that the scripts in ``book/calculator`` fill. They are plain scripts,
not modules, so that the page answers when it is opened as a file, too; the tables are one of them.
The plotting library is uPlot, from the package uplot-python.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from lifcore.advice import answers, grid_rates, rate_steps, rates, renewal, search

SCRIPTS = tuple(f"calculator/{name}.js" for name in ("uPlot.iife", "tables", "neuron", "page"))
#: What the scripts share with the library, by the modules that own it.
CONSTANTS = {
    answers: ("LUCK",),
    grid_rates: ("STRIP", "CURRENT", "LEAK", "MISSED"),
    rate_steps: ("KNOWN",),
    rates: ("SILENT", "FINEST"),
    renewal: ("NEVER_RESTS",),
    search: ("CLOSE", "SMALLEST"),
}
STYLES = ("calculator/uPlot.min.css", "calculator/calculator.css")


class Calculator(SphinxDirective):
    """The box; what it says stands there until the scripts have run."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Make the box."""
        box = nodes.container(classes=["calculator"])
        self.state.nested_parse(self.content, self.content_offset, box)
        self.env.metadata[self.env.docname]["calculator"] = "yes"
        return [box]


def load(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Have the page with the calculator load what it needs, and no other page."""
    if doctree is None or "calculator" not in app.env.metadata.get(page, {}):
        return
    for script in SCRIPTS:
        app.add_js_file(script, loading_method="defer")
    for style in STYLES:
        app.add_css_file(style)


def write(app: Sphinx) -> None:
    """Write the tables as a script, and beside it the others and the plotting library.

    None of them lies in ``_static``: what does is loaded by every page.
    """
    if app.builder.format != "html":
        return
    folder = Path(app.outdir) / "_static" / "calculator"
    folder.mkdir(parents=True, exist_ok=True)
    stored = Path(app.srcdir) / "book" / "data" / "calculator.json"
    tables = json.loads(stored.read_text(encoding="utf-8")) | {
        "constants": {name: getattr(m, name) for m, names in CONSTANTS.items() for name in names}
    }
    packed = json.dumps(tables, separators=(",", ":"))
    (folder / "tables.js").write_text(
        f"window.whichDt = window.whichDt || {{}};\nwindow.whichDt.tables = {packed};\n",
        encoding="utf-8",
    )
    own = sorted((Path(app.srcdir) / "book" / "calculator").iterdir())
    library = [files("uplot.static").joinpath(name) for name in ("uPlot.iife.js", "uPlot.min.css")]
    for source in [*own, *library]:
        (folder / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register all three."""
    app.add_directive("calculator", Calculator)
    app.connect("html-page-context", load)
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
