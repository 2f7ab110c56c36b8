"""Run all chapters at other seeds and keep how far each claim was from its limit.

    python tools/seeds.py [--seeds N] [--chapter NAME ...] [--minutes M] [--workers N]

Seeds are 1, 2, 3, ... in this order, each with all chapters; none is left out. What is finished is
in ``book/data/seeds.json``, whole at any time, and is not run again unless the chapter's code or
one of the numbers that its claims have at its own seed has changed: Ctrl-C and a kill lose the
chapters that run at most. A library that is written anew, and leaves all of these numbers, as the
tests ask on every build, leaves those at other seeds too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from tqdm import tqdm

from lifcore.commands import stored_claims
from lifcore.commands.arguments import whole
from notebooks import code_cells, read, text, write_whole

BOOK = Path(__file__).resolve().parent.parent / "book"
STORE = BOOK / "data" / "seeds.json"


def margin(claim: dict[str, Any]) -> float | None:
    """Return how far an estimate is inside its limit, in half-widths of its interval.

    A claim holds where this is one or more. None for a number without an interval that holds.

    Examples
    --------
    >>> claim = {"kind": "equality", "expected": 1.0, "tolerance": 0.1, "verdict": "holds"}
    >>> margin(claim | {"estimate": 1.02, "low": 0.98, "high": 1.06})
    2.0
    >>> margin(claim | {"estimate": 1.02, "low": 1.02, "high": 1.02}) is None
    True
    """
    if claim["estimate"] is None:  # the row of a chapter that stopped
        return -math.inf
    mean, low, high = (float(claim[key]) for key in ("estimate", "low", "high"))
    holds = claim["verdict"] != "fails"
    if not low < high:
        return None if holds else -math.inf
    if claim["kind"] == "equality":
        inside = claim["tolerance"] - abs(mean - claim["expected"])
    elif claim["kind"] == "bound":
        inside = claim["expected"] - mean
    else:
        inside = mean - (claim["expected"] - claim["tolerance"])
    found = inside / (0.5 * (high - low))
    found = found if math.isfinite(found) else -math.inf
    # Stored numbers are rounded; the verdict was given before.
    return round(max(found, 1.0) if holds else min(found, 0.999), 3)


def digest(path: Path) -> str:
    """Return a hash of a chapter's code and of what its claims found at its own seed."""
    code = "\n\n".join(text(cell["source"]) for cell in code_cells(read(path)))
    shown = ("id", "estimate", "low", "high", "verdict")
    found = json.dumps([[row[name] for name in shown] for row in stored_claims(path)])
    return hashlib.sha256((found + code).encode()).hexdigest()[:16]


def load(store: Path = STORE) -> dict[str, Any]:
    """Return what is stored; nothing at first."""
    if not store.exists():
        return {}
    found: dict[str, Any] = json.loads(store.read_text(encoding="utf-8"))
    return found


def save(kept: dict[str, Any], store: Path = STORE) -> None:
    """Write it whole or not at all."""
    write_whole(store, json.dumps(kept, ensure_ascii=False, indent=0, sort_keys=True) + "\n")


def add(kept: dict[str, Any], chapter: str, code: str, seed: int, rows: list[dict]) -> None:
    """Add the claims of one run; those of another code of the same chapter are given up."""
    entry = kept.get(chapter)
    if entry is None or entry["code"] != code:
        entry = kept[chapter] = {"code": code, "ran": "", "runs": {}}
    entry["ran"] = time.strftime("%Y-%m-%d")
    entry["runs"][str(seed)] = {row["id"]: shown(margin(row)) for row in rows}


def shown(found: float | None) -> float | str | None:
    """Return a margin as JSON can store it."""
    return found if found is None or math.isfinite(found) else "fails"


def left(kept: dict[str, Any], seeds: Sequence[int], codes: dict[str, str]) -> Iterator[tuple]:
    """Yield chapter and seed of each run that is not stored."""
    for seed in seeds:
        for chapter, code in codes.items():
            entry = kept.get(chapter, {"code": "", "runs": {}})
            if entry["code"] != code or str(seed) not in entry["runs"]:
                yield chapter, seed


def run(chapter: str, seed: int) -> list[dict[str, Any]]:
    """Return the claims of a chapter at a seed, by the command line that readers have."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "claims.json"
        call = [sys.executable, "-m", "lifcore", "verify", "--chapter", chapter]
        done = subprocess.run(
            [*call, "--seed", str(seed), "--json", str(file)], capture_output=True, text=True
        )
        if done.returncode not in (0, 1) or not file.exists():
            raise SystemExit(f"{chapter} at seed {seed}: {(done.stderr or done.stdout).strip()}")
        rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
        return rows


def main(arguments: list[str] | None = None) -> int:
    """Run what is left, as long as is allowed."""
    known = [path.stem for path in sorted(BOOK.glob("*.ipynb")) if stored_claims(path)]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=50, metavar="N", help="how many (50)")
    parser.add_argument("--chapter", nargs="+", choices=known, default=known, metavar="NAME")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no run after")
    parser.add_argument(
        "--workers", type=whole(1), default=2, metavar="N", help="runs at a time (2)"
    )
    options = parser.parse_args(arguments)
    until = time.monotonic() + 60.0 * options.minutes
    codes = {chapter: digest(BOOK / f"{chapter}.ipynb") for chapter in options.chapter}
    kept = load()
    runs = list(left(kept, range(1, options.seeds + 1), codes))

    def in_time(chapter: str, seed: int) -> list[dict[str, Any]] | None:
        return run(chapter, seed) if time.monotonic() < until else None

    pool = ThreadPoolExecutor(options.workers)
    try:
        begun = {pool.submit(in_time, *one): one for one in runs}
        for done in tqdm(as_completed(begun), total=len(runs), unit="run", disable=None):
            rows, (chapter, seed) = done.result(), begun[done]
            if rows is not None:
                add(kept, chapter, codes[chapter], seed, rows)
                save(kept)
    except KeyboardInterrupt:
        print("interrupted; the same call goes on", file=sys.stderr)
        return 130
    finally:
        pool.shutdown(cancel_futures=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
