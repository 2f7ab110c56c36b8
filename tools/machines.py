"""Compare the stored outputs of all chapters with new ones, by other Pythons and instructions.

    python tools/machines.py PYTHON ... [--chapter NAME ...] [--minutes M]

Each Python gets an environment of its own under ``_build/machines``, and each chapter is run there
by the test that compares every output character by character, once with all
instructions that the processor has, and once with the oldest that BLAS, NumPy, the
mathematics library and numba can do with. What came of it is in ``book/data/machines.json``,
whole at any time; a chapter is not run again unless its stored outputs have changed. It is a Sphinx
extension too: ``{other-machines}`` is the table on the page *Status*.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from notebooks import code_cells, read, text, write_whole
from sources import ROOT

STORE = ROOT / "book" / "data" / "machines.json"
AS_IT_IS, PLAIN = "all", "the oldest"
NAMES = ("python", "numpy", "processor")
WHAT = "import numpy, platform; print(platform.python_version(), numpy.__version__)"


def disabled() -> str:
    """Return the instructions that NumPy would choose from here, to be named to it."""
    from numpy._core._multiarray_umath import (  # type: ignore[import-not-found]
        __cpu_dispatch__,
        __cpu_features__,
    )

    return " ".join(name for name in __cpu_dispatch__ if __cpu_features__[name])


#: What makes each library do without the newer instructions.
SETTINGS = {
    "blas": {"OPENBLAS_CORETYPE": "Prescott"},
    "numpy": {"NPY_DISABLE_CPU_FEATURES": disabled()},
    "libm": {
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F,-AVX2_Usable,-FMA_Usable"
    },
    "numba": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
}
PROCESSORS: dict[str, dict[str, str]] = {
    AS_IT_IS: {},
    PLAIN: {name: value for one in SETTINGS.values() for name, value in one.items()},
}


def digest(path: Path) -> str:
    """Return a hash of a chapter's code and of the outputs that are stored with it."""
    kept = [[text(cell["source"]), cell["outputs"]] for cell in code_cells(read(path))]
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def environment(python: str) -> Path:
    """Return the interpreter of an environment with all that the book needs."""
    asked = subprocess.run([python, "-V"], capture_output=True, text=True, check=True)
    folder = ROOT / "_build" / "machines" / asked.stdout.split()[1]
    own = folder / "bin" / "python"
    if not (folder / "complete").exists():
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
        asks = ["-r", "requirements.txt", "-e", "."]
        pip: list[Any] = [own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *asks], cwd=ROOT, check=True)
        (folder / "complete").touch()
    return own


def run(own: Path, processor: str, chapter: str) -> dict[str, Any]:
    """Return how many cells of a chapter were compared, and which gave something else."""
    cache = own.parent.parent / "kernels" / processor.replace(" ", "-")
    report = own.parent.parent / f"{chapter}.xml"
    nbval = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=900", "-o", "addopts="]
    done = subprocess.run(
        [own, "-m", "pytest", "-q", *nbval, f"--junitxml={report}", f"book/{chapter}.ipynb"],
        cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, **PROCESSORS[processor], "NUMBA_CACHE_DIR": str(cache)},
    )  # fmt: skip
    if done.returncode not in (0, 1):
        raise SystemExit(f"{chapter}: pytest ended with {done.returncode}: {done.stdout[-500:]}")
    return outcome(report.read_text(encoding="utf-8"))


def outcome(report: str) -> dict[str, Any]:
    """Return the number of cells of a report in JUnit's XML, and the names of those that failed."""
    from xml.etree import ElementTree

    cells = list(ElementTree.fromstring(report).iter("testcase"))
    bad = [cell.get("name") for cell in cells if any(part.tag != "skipped" for part in cell)]
    return {"cells": len(cells), "different": bad}


def load() -> list[dict[str, Any]]:
    """Return what is stored; nothing at first."""
    found: list[dict[str, Any]] = json.loads(STORE.read_text("utf-8")) if STORE.exists() else []
    return found


def add(kept: list[dict[str, Any]], row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows with a new one in place of that of the same chapter and machine."""
    names = (*NAMES, "chapter")
    rest = [one for one in kept if any(one[name] != row[name] for name in names)]
    return sorted([*rest, row], key=lambda one: [one[name] for name in names])


def table(kept: list[dict[str, Any]], digests: dict[str, str]) -> Iterator[str]:
    """Yield a Markdown table: a row for each Python and processor."""
    yield "| Python | NumPy | instructions | chapters | cells | different | outputs changed since |"
    yield "| :-- | :-- | :-- | --: | --: | :-- | :-- |"
    machines = {tuple(row[name] for name in NAMES) for row in kept}
    for machine in sorted(machines):
        own = [row for row in kept if tuple(row[name] for name in NAMES) == machine]
        bad = [f"{r['chapter']}: {', '.join(r['different'])}" for r in own if r["different"]]
        old = [r["chapter"] for r in own if r["code"] != digests.get(r["chapter"])]
        cells = sum(r["cells"] for r in own)
        yield (
            f"| {' | '.join(machine)} | {len(own)} of {len(digests)} | {cells} "
            f"| {'; '.join(bad) or 'none'} | {', '.join(old) or 'none'} |"
        )


def chapters() -> dict[str, str]:
    """Return the digest of each chapter that has outputs."""
    return {path.stem: digest(path) for path in sorted((ROOT / "book").glob("*.ipynb"))}


def main(arguments: list[str] | None = None) -> int:
    """Run what is left, as long as is allowed; exit status 1 if an output differs."""
    known = chapters()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pythons", nargs="+", metavar="PYTHON", help="as python3.12")
    parser.add_argument("--chapter", nargs="+", choices=known, default=list(known), metavar="NAME")
    parser.add_argument("--processor", nargs="+", choices=PROCESSORS, default=list(PROCESSORS))
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no run after")
    options = parser.parse_args(arguments)
    for python in options.pythons:
        if shutil.which(python) is None:
            parser.error(f"PYTHON: {python!r} is not found; allowed: interpreters, as python3.12")
    until, failed = time.monotonic() + 60.0 * options.minutes, 0
    for python in options.pythons:
        own = environment(python)
        said = subprocess.run([own, "-c", WHAT], capture_output=True, text=True, check=True)
        versions = dict(zip(("python", "numpy"), said.stdout.split(), strict=True))
        for processor in options.processor:
            for chapter in options.chapter:
                row = {**versions, "processor": processor, "chapter": chapter}
                row["code"] = known[chapter]
                if any(row.items() <= one.items() for one in load()):
                    continue
                if time.monotonic() > until:
                    return 1 if failed else 0
                row |= {**run(own, processor, chapter), "ran": time.strftime("%Y-%m-%d")}
                rows = json.dumps(add(load(), row), indent=0, sort_keys=True)
                write_whole(STORE, rows + "\n")
                found = row["different"] or "equal"
                print(versions["python"], processor, chapter, found, flush=True)
                failed += bool(row["different"])
    return 1 if failed else 0


class OtherMachines(SphinxDirective):
    """The table of `table`, from what is stored."""

    def run(self) -> list[nodes.Node]:
        """Write the table in Markdown, and have it read."""
        self.env.note_dependency(str(STORE))
        box = nodes.container(classes=["other-machines"])
        lines = StringList(list(table(load(), chapters())), self.env.docname)
        self.state.nested_parse(lines, self.content_offset, box)
        return list(box.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it."""
    app.add_directive("other-machines", OtherMachines)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    sys.exit(main())
