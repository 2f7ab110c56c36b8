"""Runs of a benchmark in a file, so that more seeds can be added to those that are there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def earlier(file: Path | None, settings: dict) -> list[dict]:
    """Return the runs that `file` has, if it is there; they must have had these settings."""
    if file is None or not file.exists():
        return []
    kept = json.loads(file.read_text(encoding="utf-8"))
    for name, value in settings.items():
        if kept[name] != value:
            raise SystemExit(f"{file} has {name} {kept[name]}, not {value}: take another file")
    return kept["runs"]


def keep(file: Path, settings: dict, runs: list[dict]) -> None:
    """Write all runs, a line each, with the date and the versions of the last one."""
    kept = {
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {name: version(name) for name in ("numpy", "numba")},
        **settings,
        "runs": [],
    }
    lines = ",\n".join("  " + json.dumps(run) for run in runs)
    text = json.dumps(kept, indent=1).replace('"runs": []', f'"runs": [\n{lines}\n ]')
    file.write_text(text + "\n", encoding="utf-8")
