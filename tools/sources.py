"""Say whether a chapter's stored outputs were made by the library as it stands.

A chapter's fingerprint is a hash of the modules of `lifcore` that its code can reach by imports,
each as its syntax tree without docstrings: comments, formatting and documentation do not change
it, and a change of one module touches those chapters only that can reach it. Names that a package
hands on are followed to the module that defines them, since otherwise every chapter would reach
everything. `make notebooks` records it; `python tools/notebooks.py stamp` does without running a
chapter, once `make test` has compared its outputs.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGE = "lifcore"


def find(module: str, root: Path = ROOT) -> Path | None:
    """Return a module's file, or nothing if there is none."""
    path = root.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return file
    return None


@cache
def tree(module: str, root: Path = ROOT) -> ast.Module:
    """Return the syntax tree of a module."""
    path = find(module, root)
    assert path is not None
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(code: ast.AST, package: str = "") -> Iterator[tuple[str, str | None]]:
    """Yield what code imports of the library: a module and a name in it, or a module alone."""
    for node in ast.walk(code):
        if isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            module = ".".join([*base, node.module or ""]) if node.level else node.module or ""
            yield from ((module.rstrip("."), alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)


def home(module: str, name: str | None, root: Path = ROOT) -> set[str]:
    """Return the modules that an import needs: those that define the name, or all of a package."""
    if name and find(f"{module}.{name}", root):
        module, name = f"{module}.{name}", None
    path = find(module, root)
    if path is None or module.split(".")[0] != PACKAGE:
        return set()
    if path.name != "__init__.py":
        return {module}
    if name == "*" or name is None:
        handed = {h for m, n in imports(tree(module, root), module) for h in home(m, n, root)}
        return {module} | handed
    for source, given in imports(tree(module, root), module):
        if given == name and source != module:
            return home(source, given, root)
    return {module}


def reach(code: ast.AST, root: Path = ROOT) -> list[str]:
    """Return the modules that code can reach by imports, in order of their names."""
    found: set[str] = set()
    wanted = {h for module, name in imports(code) for h in home(module, name, root)}
    while wanted:
        module = wanted.pop()
        found.add(module)
        path = find(module, root)
        if path is not None and path.name != "__init__.py":
            package = module.rpartition(".")[0]
            inner = imports(tree(module, root), package)
            wanted |= {h for m, n in inner for h in home(m, n, root)} - found
    return sorted(found)


def shape(node: Any) -> str:
    """Write a syntax tree without docstrings, places and empty fields, alike in every Python."""
    if isinstance(node, list):
        return "[" + ",".join(shape(item) for item in node if not is_text(item)) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [
        f"{name}={shape(value)}"
        for name, value in ast.iter_fields(node)
        if value not in (None, []) and name not in {"kind", "ctx", "type_comment"}
    ]
    return f"{type(node).__name__}({','.join(fields)})"


def is_text(node: Any) -> bool:
    """Whether a statement is a text and nothing else: a docstring."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def fingerprint(source: str, root: Path = ROOT) -> str:
    """Return a hash of what the code of a chapter can reach of the library.

    Examples
    --------
    >>> same = "from lifcore import LIF", "from lifcore.models import LIF  # the same class"
    >>> len({fingerprint(code) for code in same})
    1
    """
    digest = hashlib.sha256()
    for module in reach(ast.parse(source), root):
        digest.update(f"{module} {shape(tree(module, root))}\n".encode())
    return digest.hexdigest()[:16]
