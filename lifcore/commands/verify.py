"""Re-run the book's chapters elsewhere: other seeds, more paths, another executor.

``python -m lifcore verify`` executes chapters by papermill with their ``parameters`` cell
replaced, collects the claims that each displays, and prints one table.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from lifcore import __version__
from lifcore.commands.advise import add_advise
from lifcore.commands.arguments import executor_name, whole
from lifcore.commands.report import beside, chapter_list, circumstances, table
from lifcore.evidence.claims import FAILS, MIME, SAID
from lifcore.noise.streams import STREAM_VERSION

EXECUTOR = "LIFCORE_EXECUTOR"
"""Environment variable that names the executor of all simulations; see `map_blocks`."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""

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

    logging.getLogger("papermill").setLevel(logging.ERROR)
    error = ""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / path.name
        try:
            papermill.execute_notebook(
                path, out, parameters, kernel_name="python3", cwd=path.parent,
                progress_bar=sys.stderr.isatty(),
                extra_arguments=["--IPKernelApp.log_level=ERROR"],  # no talk between the lines
            )  # fmt: skip
        except papermill.PapermillExecutionError as failure:
            error = f"{failure.ename}: {failure.evalue}"
        except RuntimeError as failure:  # the kernel died
            error = f"{type(failure).__name__}: {failure}"
        claims = stored_claims(out) if out.exists() else []
    # What a chapter publishes as failing may hold at another seed: that is no fault of its run.
    if error and SAID not in error and not any(claim["verdict"] == FAILS for claim in claims):
        claims.append(
            {
                "chapter": path.stem,
                "id": "run",
                "statement": f"the chapter runs ({error})",
                "expected": None,
                "estimate": None,
                "low": None,
                "high": None,
                "verdict": FAILS,
                "expectation": "no error",
                "measurement": ["stopped", ""],
            }
        )
    return claims


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        0 when no verdict is ``fails``, 1 otherwise, 2 for a bad call, 130 after Ctrl-C.

    Examples
    --------
    >>> main(["verify", "--seed", "3", "--json", "claims.json"])  # doctest: +SKIP
    0
    """
    parser = _parser()
    try:
        options = parser.parse_args(arguments)
        if options.command == "advise":
            return options.run(options)
        selected = _select(parser, options.chapter)
        _check_writable(parser, options.json)
    except SystemExit as stop:
        return int(stop.code or 0)
    given = {"seed": options.seed, "scale": options.scale}
    parameters = {name: value for name, value in given.items() if value is not None}
    rows: list[dict[str, Any]] = []
    done = 0
    try:
        for path in selected:
            print(f"[{done + 1}/{len(selected)}] {path.stem} ...", end=" ", flush=True)
            begun = time.perf_counter()
            with _chosen_executor(options.executor):
                rows += run_chapter(path, parameters)
            done += 1
            print(f"{time.perf_counter() - begun:.0f} s", flush=True)
            if options.json:  # after each chapter, so that an interrupted run loses nothing
                options.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
                beside(options.json).write_text(json.dumps(circumstances(given), indent=1) + "\n")
    except KeyboardInterrupt:
        print("interrupted")
    print(table(rows))
    failed = sum(row["verdict"] == FAILS for row in rows)
    print(f"stream version {STREAM_VERSION}; {len(rows)} claims, {failed} failed")
    if done < len(selected):
        print(f"{len(selected) - done} of {len(selected)} chapters were not run to their end")
        return INTERRUPTED
    return 1 if failed or not rows else 0


@contextmanager
def _chosen_executor(text: str | None) -> Iterator[None]:
    """Hand the executor's name to the notebooks' kernels, which inherit the environment."""
    before = os.environ.get(EXECUTOR)
    if text is not None:
        os.environ[EXECUTOR] = text
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(EXECUTOR, None)
        else:
            os.environ[EXECUTOR] = before


class _Parser(argparse.ArgumentParser):
    lists_chapters = False

    def format_help(self) -> str:
        if self.lists_chapters and BOOK.is_dir():  # read only now: other calls need not wait
            self.epilog = chapter_list(path.stem for path in chapters(BOOK))
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        # One line, as scripts want it; --help has the rest.
        stray = "unrecognized arguments: "  # other messages may well speak of a "model"
        word = message.removeprefix(stray).partition(" ")[0] if message.startswith(stray) else ""
        if word and BOOK.is_dir() and word in {path.stem for path in chapters(BOOK)}:
            message += f"; did you mean --chapter {word}?"
        self.exit(2, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m lifcore", description="lifcore's command line")
    parser.add_argument("--version", action="version", version=f"lifcore {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    verify = commands.add_parser(
        "verify",
        help="re-run the book's chapters and print every claim with its verdict",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verify.lists_chapters = True
    verify.add_argument(
        "--chapter", action="append", nargs="+", metavar="NAME", help="only these chapters"
    )
    verify.add_argument("--seed", type=whole(0), metavar="N", help="seed (each chapter's own)")
    verify.add_argument("--scale", type=whole(1), metavar="K", help="K times the paths (1)")
    verify.add_argument(
        "--json", type=Path, metavar="FILE", help="write the claims here, seed and versions beside"
    )
    verify.add_argument(
        "--executor",
        type=executor_name,
        metavar="KIND",
        help="threads, processes, threads:N or processes:N (default: threads on all cores)",
    )
    add_advise(commands)
    return parser


def _select(parser: argparse.ArgumentParser, wanted: list[list[str]] | None) -> list[Path]:
    if not BOOK.is_dir():
        parser.error("no book/ folder beside the package; run this in a checkout of the book")
    known = {path.stem: path for path in chapters(BOOK)}
    names = [name for group in wanted or [list(known)] for name in group]
    for name in names:
        if name not in known:
            parser.error(f"argument --chapter: {name!r} is unknown; allowed: {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)]


def _check_writable(parser: argparse.ArgumentParser, path: Path | None) -> None:
    if path is None:
        return
    new = not path.exists()
    try:
        path.open("a").close()
    except OSError as error:
        parser.error(f"argument --json: {str(path)!r} cannot be written ({error.strerror})")
    if new:
        path.unlink()
