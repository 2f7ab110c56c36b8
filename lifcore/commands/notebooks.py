"""The book's chapters: which there are, what they claim, and how one is run again elsewhere."""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

from lifcore.commands.claims_file import STOPPED
from lifcore.commands.report import want_of_memory
from lifcore.commands.time_left import Lines
from lifcore.evidence.claims import FAILS, MIME, SAID

BOOK = Path(__file__).resolve().parents[2] / "book"
"""Where the chapters are in a checkout."""


def chapters(book: Path = BOOK) -> list[Path]:
    """Return the notebooks that have a ``parameters`` cell, in the order of the contents.

    Parameters
    ----------
    book : Path, optional
        The folder of the notebooks, beside which ``_toc.yml`` lies.

    Returns
    -------
    list of Path

    Examples
    --------
    >>> "strong_bound" in [path.stem for path in chapters()]
    True
    """
    toc = (book.parent / "_toc.yml").read_text() if (book.parent / "_toc.yml").exists() else ""
    found = [path for path in book.glob("*.ipynb") if _has_parameters(path)]
    return sorted(
        found, key=lambda path: (toc.find(f"{path.stem}\n") if path.stem in toc else 10**9, path)
    )


def _has_parameters(path: Path) -> bool:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return any("parameters" in cell["metadata"].get("tags", []) for cell in cells)


def stored_claims(path: Path) -> list[dict[str, Any]]:
    """Return the claims stored in a notebook's outputs, each with its chapter's name.

    Parameters
    ----------
    path : Path
        An executed notebook.

    Returns
    -------
    list of dict

    Examples
    --------
    >>> all(claim["chapter"] == "which_dt" for claim in stored_claims(chapters()[0]))
    True
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        {"chapter": path.stem, **claim}
        for cell in cells
        for output in cell.get("outputs", [])
        for claim in output.get("data", {}).get(MIME, [])
    ]


def run_chapter(path: Path, parameters: dict[str, int]) -> list[dict[str, Any]]:
    """Execute a chapter with other parameters and return its claims.

    Parameters
    ----------
    path : Path
        The notebook; it is not changed.
    parameters : dict
        New values for its ``parameters`` cell.

    Returns
    -------
    list of dict
        Claims with their verdicts. A chapter that stops with an error other than that of a
        failed claim adds a row of its own, with verdict ``fails``.

    Examples
    --------
    >>> run_chapter(chapters()[0], {"seed": 5})[0]["verdict"]  # doctest: +SKIP
    'holds'
    """
    import papermill  # a tool of the book, not of the library

    # What stops a chapter is in its row; an interrupted one leaves tasks that nobody asks after.
    for name in ("papermill", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    error = ""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / path.name
        try:
            papermill.execute_notebook(
                path, out, parameters, kernel_name="python3", cwd=path.parent,
                progress_bar=sys.stderr.isatty(),
                # No talk of the kernel's between the lines, nor when it is interrupted.
                extra_arguments=["--IPKernelApp.log_level=50", "--IPKernelApp.no_stderr=True"],
                stderr_file=Lines(sys.stderr),  # but what long runs say of their time
            )  # fmt: skip
        except papermill.PapermillExecutionError as failure:
            error = f"{failure.ename}: {failure.evalue}"
        except RuntimeError as failure:  # the kernel died
            error = f"{type(failure).__name__}: {failure}{want_of_memory()}"
        claims = stored_claims(out) if out.exists() else []
    # What a chapter publishes as failing may hold at another seed: that is no fault of its run.
    if error and SAID not in error and not any(claim["verdict"] == FAILS for claim in claims):
        claims.append(
            {
                "chapter": path.stem,
                "id": STOPPED,
                "statement": f"the chapter runs ({error})",
                "expected": None,
                "estimate": None,
                "low": None,
                "high": None,
                "verdict": FAILS,
                "expectation": "no error",
                "measurement": [
                    "stopped for want of memory" if "memory" in error.lower() else "stopped",
                    "",
                ],
            }
        )
    return claims
