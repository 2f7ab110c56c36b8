"""Sphinx extension: pages may be read side by side.

Sphinx reads them in several processes if every extension says it may. Two that are safe do not say
so, or say it without the hook that Sphinx asks for. And labels that stand twice in the book are
noticed by Sphinx, sphinx-proof and sphinx-exercise in one process only: here they are in the whole
book.
"""

from __future__ import annotations

from collections import defaultdict

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx_proof.domain import ProofDomain

logger = logging.getLogger(__name__)


def labels(doctree: nodes.document) -> set[str]:
    """Return the labels that a page gives to its parts, boxes and formulas."""
    explicit = {name for name, given in doctree.nametypes.items() if given}
    labelled = {node["label"] for node in doctree.findall(nodes.Element) if node.get("label")}
    return {str(label) for label in explicit | labelled}


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Note a page's labels."""
    app.env.metadata[app.env.docname]["labels"] = labels(doctree)


def clashes(pages: dict[str, set[str]]) -> dict[str, list[str]]:
    """Return the labels that more than one page gives, and the pages.

    Examples
    --------
    >>> clashes({"a": {"thm-one", "eq-x"}, "b": {"eq-x"}})
    {'eq-x': ['a', 'b']}
    """
    given = defaultdict(list)
    for page, names in sorted(pages.items()):
        for name in sorted(names):
            given[name].append(page)
    return {name: found for name, found in given.items() if len(found) > 1}


def forget_unused(app: Sphinx, env: BuildEnvironment) -> None:
    """Drop the sources that no entry leads to; in one process, viewcode does so by itself."""
    sources = getattr(env, "_viewcode_modules", {})
    for name, entry in list(sources.items()):
        if entry and not entry[2]:
            del sources[name]


def complain(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of labels that stand on two pages."""
    noted = {page: set(env.metadata[page].get("labels", ())) for page in env.found_docs}
    for label, pages in clashes(noted).items():
        logger.warning("label %r is given by %s", label, " and ".join(pages), location=pages[1])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register all of it."""
    # It numbers the sections when all pages have been read.
    app.extensions["sphinx_multitoc_numbering"].parallel_read_safe = True
    # sphinx-proof merges its list of boxes by an event; its domain has no data of its own.
    ProofDomain.merge_domaindata = lambda self, docnames, otherdata: None
    app.connect("doctree-read", collect)
    app.connect("env-updated", complain)
    app.connect("env-updated", forget_unused)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
