"""Keep the stored notebooks small, comparable and complete.

    python tools/notebooks.py tidy  book/model.ipynb ...   remove what changes from run to run
    python tools/notebooks.py check book/*.ipynb           say what is wrong with stored notebooks
    python tools/notebooks.py stale book/*.ipynb           say which were run with another library
    python tools/notebooks.py stamp book/*.ipynb           take them as run with this one
    python tools/notebooks.py picture strong_bound.ipynb > strong_error.png   its first figure

nbval compares the outputs of a cell only if the cell was stored with an execution count and is
not marked to be left alone. ``check`` finds the notebooks that would pass without being compared.

``tidy`` records, of a chapter that has just been run, when and how long it ran, with which
versions, and the fingerprint of the library (`tools/sources.py`). ``stamp`` renews the fingerprint
alone, for chapters that have not been run: only after nbval has compared their outputs.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

from sources import fingerprint

Notebook = dict[str, Any]

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
METADATA = {"kernelspec": KERNEL, "language_info": {"name": "python"}}

#: Packages whose versions are recorded when a notebook has been run.
VERSIONS = ("numpy", "scipy", "numba", "matplotlib")

#: Marks, as cell tags or as comments, that make nbval skip a cell or not look at its outputs.
FORBIDDEN = {
    "nbval-ignore-output",
    "nbval-skip",
    "nbval-raises-exception",
    "pytest-validate-ignore-output",
    "raises-exception",
}
#: Folders that exist on one machine only.
FOREIGN_PATH = re.compile(r"(?<![\w.:/~-])/(?:work|home|root|tmp|Users|private|var/folders)/")
#: NumPy 2 writes np.float64(0.5) where NumPy 1 wrote 0.5.
NUMPY_REPR = re.compile(r"\bnp\.(?:float|int|uint|bool|complex)\w*\(")
#: Notebooks that simulate nothing and therefore have no parameters.
WITHOUT_PARAMETERS = {"ledger"}


def text(source: str | list[str]) -> str:
    """Join a multi-line string of the notebook format."""
    return source if isinstance(source, str) else "".join(source)


def code_cells(notebook: Notebook) -> list[dict[str, Any]]:
    """Return the code cells that have something to run."""
    cells = notebook["cells"]
    return [c for c in cells if c["cell_type"] == "code" and text(c["source"]).strip()]


def library(notebook: Notebook) -> str:
    """Return the fingerprint of what the notebook's code can reach of the library now."""
    return fingerprint("\n".join(text(cell["source"]) for cell in code_cells(notebook)))


def run_record(notebook: Notebook) -> dict[str, Any]:
    """Return when a notebook was run, how long, with what; nothing if it holds no times."""
    times = [
        datetime.fromisoformat(stamp.replace("Z", "+00:00"))
        for cell in code_cells(notebook)
        for stamp in cell["metadata"].get("execution", {}).values()
    ]
    if not times:
        return {}
    return {
        "ran": min(times).date().isoformat(),
        "seconds": round((max(times) - min(times)).total_seconds()),
        "versions": {"python": python_version()} | {name: version(name) for name in VERSIONS},
        "sources": library(notebook),
    }


def stale(notebook: Notebook, path: Path) -> list[str]:
    """Say how to refresh a chapter whose outputs were not made by the library as it stands."""
    stored = notebook["metadata"].get("lifcore", {}).get("sources")
    if stored == library(notebook):
        return []
    return [
        f"{path.stem}: its outputs were stored with another lifcore ({stored}); "
        f"refresh them: make notebooks NOTEBOOKS=book/{path.name}"
    ]


def tidy(notebook: Notebook) -> Notebook:
    """Remove time stamps, editor state and version numbers, in place; outputs stay as they are.

    Of a notebook that has just been run, what its cells' time stamps say is recorded first.
    """
    record = run_record(notebook) or notebook["metadata"].get("lifcore")
    notebook["metadata"] = json.loads(json.dumps(METADATA))
    if record:
        notebook["metadata"]["lifcore"] = record
    for cell in notebook["cells"]:
        # Tags, and what MyST-NB reads: a figure's caption and its alternative text.
        kept = {key: cell["metadata"].get(key) for key in ("tags", "mystnb")}
        cell["metadata"] = {key: value for key, value in kept.items() if value}
        if "outputs" in cell:
            cell["outputs"] = merge_streams(cell["outputs"])
        for output in cell.get("outputs", []):
            if "metadata" in output:
                output["metadata"] = {}
    return notebook


def merge_streams(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join what a cell printed in several pieces: where it is cut depends on time only."""
    merged: list[dict[str, Any]] = []
    for output in outputs:
        before = merged[-1] if merged else {}
        if output.get("name") and output.get("name") == before.get("name"):
            joined = text(before["text"]) + text(output["text"])
            before["text"] = joined.splitlines(keepends=True)
        else:
            merged.append(output)
    return merged


def output_texts(output: dict[str, Any]) -> Iterator[str]:
    """Yield every text that an output stores."""
    if "text" in output:
        yield text(output["text"])
    for mime, data in output.get("data", {}).items():
        if not mime.startswith("image/"):
            # JSON types hold values, all others a text or its lines
            yield json.dumps(data, ensure_ascii=False) if mime.endswith("json") else text(data)


def output_problems(output: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with one stored output."""
    if output["output_type"] == "error":
        yield f"stores an error, {output.get('ename', '')}"
    if output.get("name") == "stderr":
        yield "writes to stderr; warnings carry process ids and paths"
    if "image/svg+xml" in output.get("data", {}):
        yield "stores SVG, which nbval compares byte by byte; use PNG"
    for stored in output_texts(output):
        if match := FOREIGN_PATH.search(stored):
            yield f"prints a path of one machine ({match.group()}...)"
        if match := NUMPY_REPR.search(stored):
            yield f"prints the repr of a NumPy scalar, {match.group()}...); format the number"


def cell_problems(cell: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with one code cell, its count apart."""
    marks = {str(tag).lower().replace("_", "-") for tag in cell["metadata"].get("tags", [])}
    for line in text(cell["source"]).splitlines():
        if line.strip().startswith("#"):
            marks.add(line.strip().lstrip("#").strip().lower().replace("_", "-"))
    for mark in sorted(marks & FORBIDDEN):
        yield f"is marked {mark}, so its output would not be compared as it stands"
    if text(cell["source"]).rstrip().endswith(";"):
        yield "ends in ';', which hides an output; end figures with plt.show()"
    for output in cell.get("outputs", []):
        yield from output_problems(output)


def problems(notebook: Notebook, name: str) -> list[str]:
    """Return everything that keeps a stored notebook from being checked, or from repeating.

    Parameters
    ----------
    notebook : dict
        The notebook, as read from JSON.
    name : str
        Its file's stem, for the messages and for the exception made for the ledger.

    Returns
    -------
    list of str
        One line a finding, empty when all is well.
    """
    found = []
    cells = code_cells(notebook)
    for number, cell in enumerate(cells, start=1):
        count = cell.get("execution_count")
        if count is None:
            found.append(f"{name}: code cell {number} has no execution count: run make notebooks")
        elif count != number:
            found.append(f"{name}: code cell {number} has execution count {count}, not {number}")
        found += [f"{name}: code cell {number} {problem}" for problem in cell_problems(cell)]
    if name not in WITHOUT_PARAMETERS:
        tags = cells[0]["metadata"].get("tags", []) if cells else []
        if "parameters" not in tags:
            found.append(f"{name}: the first code cell is not tagged 'parameters'")
    kernel = notebook["metadata"].get("kernelspec", {}).get("name")
    if kernel != "python3":
        found.append(f"{name}: asks for the kernel {kernel!r}, not 'python3'")
    return found


def read(path: Path) -> Notebook:
    """Read a notebook as plain JSON."""
    notebook: Notebook = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def write(notebook: Notebook, path: Path) -> None:
    """Write a notebook the way nbformat does, so that diffs show changes only."""
    stored = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(stored + "\n", encoding="utf-8")


def write_whole(path: Path, stored: str) -> None:
    """Write a text file whole or not at all: under another name first, then renamed."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(stored, encoding="utf-8")
    new.replace(path)


def first_picture(notebook: Notebook) -> bytes:
    """Return the first stored PNG, the README's picture."""
    for cell in code_cells(notebook):
        for output in cell["outputs"]:
            if stored := output.get("data", {}).get("image/png"):
                return base64.b64decode(text(stored))
    raise ValueError("the notebook stores no PNG; run make notebooks first")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit status is 1 if ``check`` or ``stale`` found anything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=["tidy", "check", "stale", "stamp", "picture"])
    parser.add_argument("notebooks", nargs="*", type=Path)
    options = parser.parse_args(arguments)
    found: list[str] = []
    for path in options.notebooks:
        notebook = read(path)
        if options.command == "tidy":
            write(tidy(notebook), path)
        elif options.command == "stamp":
            notebook["metadata"].setdefault("lifcore", {})["sources"] = library(notebook)
            write(notebook, path)
        elif options.command == "stale":
            found += stale(notebook, path)
        elif options.command == "picture":
            sys.stdout.buffer.write(first_picture(notebook))
        else:
            found += problems(notebook, path.stem)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
