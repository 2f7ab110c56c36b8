"""Re-run the book's chapters elsewhere: other seeds, more paths, another executor.

``python -m lifcore verify`` executes chapters by papermill with their ``parameters`` cell
replaced, collects the claims that each displays, and prints one table.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NoReturn

from lifcore import __version__
from lifcore.commands.advise import add_advise
from lifcore.commands.arguments import executor_name, whole
from lifcore.commands.claims_file import STOPPED, ClaimsFile, UnusableError
from lifcore.commands.notebooks import BOOK, chapters, run_chapter
from lifcore.commands.report import chapter_list, circumstances, table
from lifcore.commands.time_left import Forecast
from lifcore.evidence.claims import FAILS
from lifcore.noise.streams import STREAM_VERSION
from lifcore.runs.executors import WORDS

EXECUTOR = "LIFCORE_EXECUTOR"
"""Environment variable that names the executor of all simulations; see `map_blocks`."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        0 when no verdict is ``fails``, 1 otherwise, 2 for a bad call or a disk that is full, 130
        after Ctrl-C.

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
        if options.resume and options.json is None:
            parser.error("argument --resume: needs --json FILE, the file to go on with")
        try:
            with _kept(options, selected) as kept, _terminated_as_interrupted():
                return _verify(options, selected, kept)
        except UnusableError as error:
            parser.error(f"argument --json: {error}")
    except SystemExit as stop:
        return int(stop.code or 0)


def _kept(options: argparse.Namespace, selected: list[Path]) -> Any:
    """Return the file of the claims, whose run is told by all that its numbers depend on."""
    if options.json is None:
        return nullcontext()
    about = circumstances({"seed": options.seed, "scale": options.scale})
    about["chapters_asked_for"] = [path.stem for path in selected]
    about["notebooks"] = {
        path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in selected
    }
    return ClaimsFile(options.json, about)


def _verify(options: argparse.Namespace, selected: list[Path], kept: ClaimsFile | None) -> int:
    """Run the chapters that are not finished, print the table, return the exit status."""
    given = {"seed": options.seed, "scale": options.scale}
    parameters = {name: value for name, value in given.items() if value is not None}
    names = [path.stem for path in selected]
    done = kept.resume(names) if kept and options.resume else []
    rows: list[dict[str, Any]] = list(kept.rows) if kept else []
    if options.resume:
        print(f"resumed: {len(done)} of {len(selected)} chapters are finished", flush=True)
    forecast = Forecast([name for name in names if name not in done], options.scale or 1)
    status = 0
    try:
        forecast.announce()
        for path in selected:
            if path.stem in done:
                continue
            print(
                f"[{names.index(path.stem) + 1}/{len(names)}] {path.stem} ...", end=" ", flush=True
            )
            begun = time.perf_counter()
            with _chosen_executor(options.executor), forecast.running(path.stem):
                found = run_chapter(path, parameters)
            seconds = time.perf_counter() - begun
            rows += found
            if kept:  # after each chapter, so that an interrupted run loses nothing
                kept.add(path.stem, seconds, found)
                rows = list(kept.rows)
            done.append(path.stem)
            print(f"{seconds:.0f} s{forecast.after(path.stem, seconds)}", flush=True)
    except KeyboardInterrupt:
        _deaf()  # an impatient second Ctrl-C shall not end the table in a traceback
        print("interrupted")
        status = INTERRUPTED
    except OSError as error:  # a full disk, under the claims or under the chapter that runs
        print("stopped")
        file = f"; {options.json} holds the chapters before it: --resume goes on" if kept else ""
        print(f"python -m lifcore: {error.strerror or error}{file}", file=sys.stderr)
        status = 2
    print(table(rows))
    for row in rows:
        if row["id"] == STOPPED:
            print(f"{row['chapter']}: {row['statement']}, but it stopped")
    failed = sum(row["verdict"] == FAILS for row in rows)
    print(f"stream version {STREAM_VERSION}; {len(rows)} claims, {failed} failed")
    if status:
        left = len(selected) - len(done)
        again = "; --resume goes on with them" if kept else ""
        print(f"{left} of {len(selected)} chapters were not run to their end{again}")
        return status
    return 1 if failed or not rows else 0


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM, as of a batch system whose time is up, end a run as Ctrl-C does."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt), signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])


def _deaf() -> None:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


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
        "--resume", action="store_true", help="go on with FILE where a run of the same call ended"
    )
    verify.add_argument(
        "--executor",
        type=executor_name,
        metavar="KIND",
        help=f"{WORDS} (default: threads on all cores)",
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
