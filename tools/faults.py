"""Deliberately wrong programs: what each breaks, and a copy of the library with it.

A fault is a few lines in ``faults/*.toml``: what it breaks, and a text of `lifcore` that is
replaced by another. It is applied to a copy of the library below ``_build/faults``, never to the
working tree. `tools/fault_runs.py` runs chapters on it.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shutil
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from notebooks import code_cells, read, text, write_whole
from sources import PACKAGE, ROOT, find, home, imports, shape, tree

FAULTS = ROOT / "faults"
BUILD = ROOT / "_build" / "faults"
STORED = ROOT / "book" / "data" / "faults.json"

KINDS = ("physical", "streams", "statistics", "verdicts")
"""What a fault can change: what a theorem speaks of, the noise, estimates, or judgements."""

NONE = "none"
"""The library as it is: it should leave everything untouched; its kernels serve the others."""

TESTS = "tests"
"""Stands for a chapter: the unit tests that a fault names."""


class Fault(NamedTuple):
    """A wrong program: what it is, where a theorem or a heading speaks of it, and its patch."""

    name: str
    breaks: str
    kind: str
    chapter: str
    touches: str
    file: str
    old: str
    new: str
    tests: str = ""

    @property
    def module(self) -> str:
        """Name of the module that is patched."""
        return self.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def digest(self) -> str:
        """A hash of the patch: a cell counts as long as it is the same."""
        return hashlib.sha256("\0".join((self.file, self.old, self.new)).encode()).hexdigest()[:12]


CONTROL = Fault(NONE, "nothing: the library as it is", "physical", "", "", "", "", "")


def faults(folder: Path = FAULTS) -> list[Fault]:
    """Return all faults, in order of their files.

    Raises
    ------
    ValueError
        If one lacks an entry, has one that is unknown, or a name is given twice.
    """
    found: list[Fault] = []
    for path in sorted(folder.glob("*.toml")):
        for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            try:
                fault = Fault(name, **entry)
            except TypeError as error:
                raise ValueError(f"{path.name}: [{name}]: {error}") from None
            if fault.kind not in KINDS:
                raise ValueError(f"{path.name}: [{name}]: kind = {fault.kind!r}; allowed: {KINDS}")
            found.append(fault)
    names = [fault.name for fault in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"faults: {sorted(twice)} given twice; allowed: each name once")
    return found


def source(fault: Fault, root: Path = ROOT) -> str:
    """Return the text of the file that a fault patches, as it is."""
    return (root / fault.file).read_text(encoding="utf-8")


def patched(fault: Fault, root: Path = ROOT) -> str:
    """Return the text of the patched file.

    Raises
    ------
    ValueError
        If the patch does not apply exactly once, or changes nothing that runs.
    """
    right = source(fault, root)
    if (times := right.count(fault.old)) != 1:
        raise ValueError(f"{fault.name}: `old` is found {times} times in {fault.file}; allowed: 1")
    wrong = right.replace(fault.old, fault.new)
    if shape(ast.parse(wrong)) == shape(ast.parse(right)):
        raise ValueError(f"{fault.name}: the patch of {fault.file} changes nothing")
    return wrong


def lay_out(fault: Fault, folder: Path = BUILD / "tree") -> Path:
    """Make the copy with the fault, for chapters always in the same place, and return its folder.

    Compiled kernels are found again by the place, the size and the time of a file.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    no_bytecode = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / PACKAGE, folder / PACKAGE, ignore=no_bytecode)
    for name in ("book", "tests", "tools", "faults", "simulators", "pyproject.toml", "conftest.py"):
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)
    if fault.file:
        (folder / fault.file).write_text(patched(fault), encoding="utf-8")
    for path in folder.glob(f"{PACKAGE}/**/*.py"):
        stamp = 1.6e9 + int(hashlib.sha256(path.read_bytes()).hexdigest()[:6], 16)
        os.utime(path, (stamp, stamp))
    return folder


def kernels(fault: Fault) -> Path:
    """Return the folder for compiled kernels of a fault, with what it may share to begin with.

    Numba does not notice an edited callee in another file: what the fault can have reached is left
    out of what is taken over from the library as it is.
    """
    folder, base = BUILD / "numba" / fault.digest, BUILD / "numba" / CONTROL.digest
    if folder.exists() or fault is CONTROL or not base.exists():
        return folder
    new = folder.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(base, new)
    stale = outdated(fault.module) if reaches_kernels(fault) else frozenset()
    for path in new.glob("*/*.nb[ic]"):  # package_hash/module.function-line.python.nbi
        package, module = path.parent.name.rpartition("_")[0], path.name.partition(".")[0]
        if f"{PACKAGE}.{package}.{module}" in stale:
            path.unlink()
    new.rename(folder)
    return folder


def reaches_kernels(fault: Fault) -> bool:
    """Whether compiled code may hold what a fault changes.

    It does not if only plain functions are changed, which kernels cannot call.
    """
    before, after = (ast.parse(text) for text in (source(fault), patched(fault)))
    for whole in (before, after):
        for node in ast.walk(whole):
            if isinstance(node, ast.FunctionDef) and not {"njit", "borrowing", "kernel"} & {
                name.id for mark in node.decorator_list for name in ast.walk(mark)
                if isinstance(name, ast.Name)
            }:  # fmt: skip
                node.body = [ast.Pass()]
    return shape(before) != shape(after)


@cache
def outdated(module: str) -> frozenset[str]:
    """Return the modules whose kernels may hold code of one: those that can reach it by imports.

    Where one of them registers a kernel for a generic function (`lifcore.noise.dispatch`), whoever
    can reach that function may hold it too.
    """
    found, wanted = set[str](), {module}
    while wanted:
        new = {m for m in modules() if wanted & reach_of(m)} - found
        found |= new
        wanted = {h for m in new for h in generics(m)} - found
    return frozenset(found)


@cache
def generics(module: str) -> frozenset[str]:
    """Return where the generic functions are defined for which a module registers kernels."""
    names = {
        mark.args[0].id
        for node in ast.walk(tree(module))
        if isinstance(node, ast.FunctionDef)
        for mark in node.decorator_list
        if isinstance(mark, ast.Call) and getattr(mark.func, "id", "") == "kernel"
        if isinstance(mark.args[0], ast.Name)
    }
    given = {n: h for m, n in imports(tree(module), module.rpartition(".")[0]) for h in home(m, n)}
    return frozenset(given.get(name, module) for name in names)


@cache
def modules() -> tuple[str, ...]:
    """Return the names of all modules of the library."""
    return tuple(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((ROOT / "lifcore").glob("**/*.py"))
    )


@cache
def needs(module: str) -> frozenset[str]:
    """Return the modules that one imports from; a package hands on, and is not followed."""
    path = find(module)
    if path is None or path.name == "__init__.py":
        return frozenset()
    package = module.rpartition(".")[0]
    return frozenset(h for m, n in imports(tree(module), package) for h in home(m, n))


@cache
def reach_of(*begin: str) -> frozenset[str]:
    """Return the modules that some can reach by imports, themselves included."""
    found, wanted = set[str](), set(begin)
    while wanted:
        module = wanted.pop()
        found.add(module)
        wanted |= needs(module) - found
    return frozenset(found)


@cache
def library() -> str:
    """Return a hash of the whole library, without docstrings and comments."""
    digest = hashlib.sha256()
    for module in modules():
        digest.update(f"{module} {shape(tree(module))}\n".encode())
    return digest.hexdigest()[:16]


def chapters() -> list[Path]:
    """Return the chapters in order of the contents."""
    from lifcore.commands import chapters as found

    return found(ROOT / "book")


def reaches(fault: Fault, chapter: str) -> bool:
    """Whether a chapter can reach the patched module by imports; without, it is left alone."""
    return fault is CONTROL or chapter == TESTS or fault.module in reach_of_chapter(chapter)


@cache
def reach_of_chapter(chapter: str) -> frozenset[str]:
    """Return the modules that the code of a chapter can reach."""
    notebook = read(ROOT / "book" / f"{chapter}.ipynb")
    code = ast.parse("\n".join(text(cell["source"]) for cell in code_cells(notebook)))
    return reach_of(*sorted(h for m, n in imports(code) for h in home(m, n)))


def load(path: Path = STORED) -> dict[str, Any]:
    """Return what is stored, or an empty record."""
    if not path.exists():
        return {"cells": []}
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def store(record: dict[str, Any], path: Path = STORED) -> None:
    """Write the record whole or not at all: under another name first, then renamed."""
    lines = ",\n".join(json.dumps(cell, ensure_ascii=False) for cell in record["cells"])
    about = json.dumps({k: v for k, v in record.items() if k != "cells"}, ensure_ascii=False)
    write_whole(path, f'{about[:-1]}{", " * (len(about) > 2)}"cells": [\n{lines}\n]}}\n')


def known(record: dict[str, Any], every: list[Fault]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the cells whose patch is still the same, by fault and chapter."""
    digests = {fault.name: fault.digest for fault in [CONTROL, *every]}
    return {
        (cell["fault"], cell["chapter"]): cell
        for cell in record["cells"]
        if digests.get(cell["fault"]) == cell["patch"]
    }
