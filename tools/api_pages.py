"""Sphinx extension: the API pages, and the links between them and the chapters.

- A module's entries begin with what its package hands on; private fields of records are left out.
- sphinx-codeautolink links the names in code cells; here it learns where each of them is defined.
- Below an entry stands which chapters use it.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.ext.autodoc import Documenter, ModuleDocumenter
from sphinx.pycode import ModuleAnalyzer
from sphinx.util import inspect


@cache
def own_names(module: str) -> frozenset[str]:
    """Return the public names that a module defines: functions, classes, documented values.

    Examples
    --------
    >>> sorted(own_names("lifcore.runs.simulate"))
    ['simulate', 'simulate_spikes']
    """
    values = {
        name for owner, name in ModuleAnalyzer.for_module(module).find_attr_docs() if not owner
    }
    for name, value in vars(import_module(module)).items():
        if getattr(value, "__module__", None) == module and hasattr(value, "__qualname__"):
            values.add(name)
    return frozenset(name for name in values if not name.startswith("_"))


def homes(package: str) -> dict[str, str]:
    """Return where the names that a package hands on are defined, and so documented.

    Examples
    --------
    >>> homes("lifcore.runs")["lifcore.runs.couple"]
    'lifcore.runs.coupling.couple'
    """
    root = import_module(package)
    inside = [f"{package}.{m.name}" for m in iter_modules(root.__path__) if m.name != "__main__"]
    modules = [name for name in inside if not hasattr(import_module(name), "__path__")]
    found = {name: module for module in modules for name in own_names(module)}
    for name in inside:
        if name not in modules:
            found |= {n.rpartition(".")[2]: h.rpartition(".")[0] for n, h in homes(name).items()}
    return {f"{package}.{name}": f"{found[name]}.{name}" for name in root.__all__}


def map_names(app: Sphinx, config: Config) -> None:
    """Tell sphinx-codeautolink where names stand that the chapters import from packages."""
    top = import_module("lifcore")
    packages = [f"lifcore.{m.name}" for m in iter_modules(top.__path__) if m.ispkg]
    for package in ["lifcore", *packages]:
        config.codeautolink_inventory_map.update(homes(package))


def read_all(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Read every page at every build: of others sphinx-codeautolink has lost the links."""
    return sorted(env.found_docs)


def add_chapters(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Say below a function, class or value on an API page which notebooks use it."""
    if not page.startswith("book/api/"):
        return
    uses: dict[str, set[str]] = {}
    for document, blocks in app.env.sphinx_codeautolink_transforms.items():  # type: ignore[attr-defined]
        for name in (name for block in blocks for name in block.names):
            uses.setdefault(name.resolved_location, set()).add(document)
    notebooks = [
        document
        for document in app.env.toctree_includes[app.config.root_doc]
        if app.env.doc2path(document).endswith(".ipynb")
    ]
    for entry in doctree.findall(addnodes.desc):
        name = next(iter(entry[0].get("ids", [])), "")
        found = [document for document in notebooks if document in uses.get(name, ())]
        if not found or entry["objtype"] not in {"function", "class", "data"}:
            continue
        line = nodes.paragraph("", "Used in ", classes=["used-in"])
        for number, document in enumerate(found):
            line += nodes.Text(", " if number else "")
            uri = app.builder.get_relative_uri(page, document)
            line += nodes.reference(
                "", app.env.titles[document].astext(), refuri=uri, internal=True
            )
        content = entry[-1]
        inner = [n for n, child in enumerate(content) if isinstance(child, addnodes.desc)]
        content.insert(inner[0] if inner else len(content), line)


def shorten_signature(
    app: Sphinx, what: str, name: str, item: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """Leave a record's private fields out of its signature, and write one that Sphinx can read."""
    if what != "class" or not signature or not re.search(r"<factory>|[(, ]_\w+:", signature):
        return None
    full = inspect.signature(item)
    shown = [p for p in full.parameters.values() if not p.name.startswith("_")]
    text = inspect.stringify_signature(
        full.replace(parameters=shown), show_return_annotation=False, unqualified_typehints=True
    )
    return text.replace("<factory>", "..."), returns


class PublicFirst(ModuleDocumenter):
    """A module's names on an API page: what the package hands on, then the rest."""

    def sort_members(
        self, documenters: list[tuple[Documenter, bool]], order: str
    ) -> list[tuple[Documenter, bool]]:
        """Sort as Sphinx does, but names in the package's ``__all__`` first."""
        public = import_module(self.modname.rpartition(".")[0]).__all__
        members = super().sort_members(documenters, order)
        return sorted(members, key=lambda member: member[0].name.split("::")[-1] not in public)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register all of it."""
    app.add_autodocumenter(PublicFirst, override=True)
    app.connect("config-inited", map_names)
    app.connect("env-get-outdated", read_all)
    app.connect("autodoc-process-signature", shorten_signature)
    app.connect("doctree-resolved", add_chapters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
