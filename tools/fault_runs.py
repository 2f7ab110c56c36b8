"""What would have been caught: the claims of every chapter, judged on wrong programs.

A chapter is executed at its stored seed on a copy of the library with a fault (`tools/faults.py`),
and its claims and printed numbers are compared with the stored ones. `make faults` fills
``book/data/faults.json`` with what was found: a cell for each pair of fault and chapter, kept as
soon as it is finished, so that a run that was stopped goes on where it ended.
`tools/faults_page.py` makes a page of it.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

from faults import (
    BUILD,
    CONTROL,
    KINDS,
    STORED,
    TESTS,
    Fault,
    chapters,
    faults,
    kernels,
    known,
    lay_out,
    library,
    load,
    patched,
    reaches,
    store,
)
from notebooks import code_cells, merge_streams, read, text
from sources import ROOT

PATIENCE = 900
"""Seconds that one cell of a notebook may take, many times what any takes without a fault."""


def printed(notebook: dict[str, Any]) -> list[str]:
    """Return what each code cell prints and shows, as text: no pictures."""
    found = []
    for cell in code_cells(notebook):
        parts = []
        for output in merge_streams(cell["outputs"]):
            if output["output_type"] == "stream":
                parts.append(text(output["text"]))
            for kind, stored in sorted(output.get("data", {}).items()):
                if kind.startswith("text/"):
                    parts.append(text(stored))
                elif kind.endswith("+json"):
                    parts.append(json.dumps(stored, sort_keys=True))
        found.append("\n".join(parts))
    return found


def claims(notebook: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the claims that a notebook shows, by their names."""
    from lifcore.evidence.claims import MIME

    return {
        claim["id"]: claim
        for cell in code_cells(notebook)
        for output in cell["outputs"]
        for claim in output.get("data", {}).get(MIME, [])
    }


def run_chapter(fault: Fault, chapter: str) -> dict[str, Any]:
    """Execute a chapter on the copy with the fault; return what changed of claims and numbers."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    path = ROOT / "book" / f"{chapter}.ipynb"
    stored = read(path)
    notebook = nbformat.read(path, as_version=4)
    where = "import lifcore, os; print(os.path.dirname(os.path.dirname(lifcore.__file__)), end='')"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(where))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    tree = lay_out(fault)
    environment = os.environ | {
        "PYTHONPATH": str(tree),
        "NUMBA_CACHE_DIR": str(kernels(fault)),
        "LIFCORE_PROGRESS": "off",
    }
    client = NotebookClient(
        notebook, timeout=PATIENCE, kernel_name="python3",
        resources={"metadata": {"path": path.parent}},
        extra_arguments=["--IPKernelApp.log_level=50"],
    )  # fmt: skip
    stopped = ""
    try:
        _execute(client, environment)
    except CellExecutionError as error:
        # The assertion of the claims comes after their table; another one stops the chapter.
        if error.ename != "AssertionError" or not claims(notebook):
            stopped = f"{error.ename}: {error.evalue}"[:300]
    except CellTimeoutError:
        stopped = f"a cell took longer than {PATIENCE} s"
    except DeadKernelError:
        stopped = "the kernel died"
    first = notebook.cells.pop(0)
    ran = text(first.outputs[0]["text"]) if first.outputs else ""
    if Path(ran) != tree:
        raise RuntimeError(f"{chapter} ran with the library in {ran!r}, not with the copy {tree}")
    return compare(stored, notebook, stopped)


def _execute(client: Any, environment: dict[str, str]) -> None:
    """Execute a notebook, in a thread: in the main one nbclient would take signals for its own."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(client.execute, env=environment)
        try:
            done.result()
        except KeyboardInterrupt:
            if client.km is not None and client.km.provisioner is not None:
                os.kill(client.km.provisioner.pid, signal.SIGKILL)
            raise


def compare(stored: dict[str, Any], notebook: dict[str, Any], stopped: str) -> dict[str, Any]:
    """Return which claims have another verdict, how many another number, and if any text moved.

    A claim that the chapter publishes as failing and that holds now is caught as well: the check
    at the chapter's end says so.
    """
    from lifcore.evidence.claims import FAILS

    before, after = claims(stored), claims(notebook)
    caught = [
        name
        for name, claim in after.items()
        if name not in before or (claim["verdict"] == FAILS) != (before[name]["verdict"] == FAILS)
    ]
    numbers = ("estimate", "low", "high", "expected", "tolerance", "verdict")
    moved = [
        name
        for name, claim in after.items()
        if name in before and any(claim[n] != before[name][n] for n in numbers)
    ]
    texts = sum(old != new for old, new in zip(printed(stored), printed(notebook), strict=True))
    return {
        "caught": caught,
        "moved": len(moved),
        "of": len(before),
        "texts": 0 if stopped else texts,
        "stopped": stopped,
    }


def run_tests(fault: Fault) -> dict[str, Any]:
    """Run the unit tests that a fault names on the copy, up to the first that fails."""
    tree = lay_out(fault)
    environment = os.environ | {"PYTHONPATH": str(tree), "NUMBA_CACHE_DIR": str(kernels(fault))}
    call = [str(Path(sys.executable).with_name("pytest")), "-x", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*call, *fault.tests.split()], cwd=tree, env=environment, capture_output=True, text=True
    )
    if done.returncode not in (0, 1, 2):
        raise RuntimeError(
            f"{fault.name}: pytest ended with {done.returncode}: {done.stdout[-500:]}"
        )
    failed = [
        line.split(" - ")[0].removeprefix("FAILED ").removeprefix("ERROR ")
        for line in done.stdout.splitlines()
        if line.startswith(("FAILED ", "ERROR "))
    ]
    return {"caught": failed[:1], "moved": 0, "of": 1, "texts": 0, "stopped": ""}


def due(every: list[Fault], names: list[str], seconds: dict[str, int]) -> list[tuple[Fault, str]]:
    """Return all cells in order of importance: own chapters first, quick ones, physical faults.

    What is wrong with nothing goes before: the kernels that it compiles serve the others.
    """
    order = sorted(names, key=lambda name: seconds.get(name, 100))
    every = sorted(every, key=lambda fault: KINDS.index(fault.kind))
    own = [(f, name) for name in order for f in every if f is CONTROL or f.chapter == name]
    rest = [(f, name) for name in order for f in every if f.chapter != name and reaches(f, name)]
    return list(dict.fromkeys([*own, *rest]))


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def work(
    cells: list[tuple[Fault, str]], minutes: float, record: dict[str, Any], every: list[Fault]
) -> Iterator[str]:
    """Run cells, storing each as it is finished; yield a line for each."""
    from lifcore.commands.report import SECONDS, circumstances

    begun, spent, expected = time.monotonic(), 0.0, 1e-9
    for number, (fault, chapter) in enumerate(cells, start=1):
        if time.monotonic() - begun > 60.0 * minutes:
            yield f"{minutes:g} minutes are over; {len(cells) - number + 1} cells are left"
            return
        start = time.monotonic()
        found = run_tests(fault) if chapter == TESTS else run_chapter(fault, chapter)
        took = time.monotonic() - start
        cell = {"fault": fault.name, "chapter": chapter, "patch": fault.digest, **found}
        cell |= {"seconds": round(took), "ran": str(date.today()), "library": library()}
        record |= load()  # of another call with other cells
        record["versions"] = circumstances({})["versions"]
        kept = known(record, every) | {(fault.name, chapter): cell}
        record["cells"] = [kept[key] for key in sorted(kept)]
        store(record)
        spent, expected = spent + took, expected + SECONDS.get(chapter, 60)
        left = sum(SECONDS.get(name, 60) for _, name in cells[number:]) * spent / expected / 60.0
        yield (
            f"[{number}/{len(cells)}] {fault.name}, {chapter}: {outcome(cell)}; "
            f"{took:.0f} s, about {left:.0f} min left"
        )


def outcome(cell: dict[str, Any]) -> str:
    """Return what a cell says, in words."""
    if cell["caught"]:
        return f"caught by {len(cell['caught'])} of {cell['of']}: {', '.join(cell['caught'][:3])}"
    if cell["stopped"]:
        return f"stopped ({cell['stopped']})"
    if cell["moved"] or cell["texts"]:
        return f"not caught; {cell['moved']} claims and {cell['texts']} outputs moved"
    return "untouched"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; exit status 130 after Ctrl-C, with all finished cells kept."""
    from lifcore.commands.report import SECONDS

    parser = argparse.ArgumentParser(
        prog="make faults", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--fault", nargs="+", metavar="NAME", help="only these (all)")
    parser.add_argument("--chapter", nargs="+", metavar="NAME", help="only these (all)")
    parser.add_argument("--own", action="store_true", help="only the chapter of a fault's theorem")
    parser.add_argument("--tests", action="store_true", help="the unit tests that faults name")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no cell after so many")
    parser.add_argument("--again", action="store_true", help="also cells that are stored")
    parser.add_argument("--list", action="store_true", help="list faults, run nothing")
    options = parser.parse_args(arguments)
    every, names = faults(), [path.stem for path in chapters()]
    wanted = [fault.name for fault in [CONTROL, *every]]
    asked = ("fault", options.fault, wanted), ("chapter", options.chapter, names)
    for flag, given, allowed in asked:
        for name in set(given or []) - set(allowed):
            parser.error(f"--{flag}: {name!r} is unknown; allowed: {', '.join(allowed)}")
    for fault in every:
        patched(fault)
    chosen = [f for f in [CONTROL, *every] if f.name in (options.fault or [f.name])]
    if options.list:
        for fault in chosen:
            print(f"{fault.name} ({fault.kind}; {fault.chapter}): {fault.breaks}")
        return 0
    if options.tests:
        cells = [(fault, TESTS) for fault in chosen if fault.tests]
    else:
        cells = [
            (fault, chapter)
            for fault, chapter in due(chosen, options.chapter or names, SECONDS)
            if chapter in (options.chapter or names)
            and (not options.own or chapter == fault.chapter or fault is CONTROL)
        ]
    record = load()
    if not options.again:
        stored = known(record, every)
        cells = [(f, chapter) for f, chapter in cells if (f.name, chapter) not in stored]
    BUILD.mkdir(parents=True, exist_ok=True)
    lock = (BUILD / "lock").open("w")  # ends with its process, however that ends
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        parser.error("another run is at work on the copy; allowed: one at a time")
    signal.signal(signal.SIGTERM, _interrupted)
    where = STORED.relative_to(ROOT)
    print(f"{len(cells)} cells to run; each is kept in {where} when finished", flush=True)
    try:
        for line in work(cells, options.minutes, record, every):
            print(line, flush=True)
    except KeyboardInterrupt:
        print("interrupted; the same call goes on with the cells that are left")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
