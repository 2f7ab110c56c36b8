"""What the command line hands out: a table in plain text, and how its claims came about."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lifcore import __version__
from lifcore.checks.sizes import installed
from lifcore.noise.streams import STREAM_VERSION

SECONDS = {
    "which_dt": 60,
    "model": 20,
    "faq": 20,
    "simulators": 20,
    "better_schemes": 40,
    "spike_times": 100,
    "strong_bound": 90,
    "threshold_flux": 100,
    "weak_order": 170,
    "lyapunov": 60,
    "layers": 140,
    "recurrent": 220,
    "refractory_delays": 25,
    "column": 60,
}
"""About how long each chapter runs on two cores, to ten seconds."""


def chapter_list(names: Iterable[str]) -> str:
    """Return chapters with their usual times, one a line.

    Parameters
    ----------
    names : iterable of str
        Names of chapters.

    Examples
    --------
    >>> print(chapter_list(["model"]))
    chapters, and about how long each takes on two cores:
      model            20 s
    """
    times = {name: f"{SECONDS[name]:4d} s" if name in SECONDS else "" for name in names}
    lines = [f"  {name:15s}{time}".rstrip() for name, time in times.items()]
    return "\n".join(["chapters, and about how long each takes on two cores:", *lines])


def beside(path: Path) -> Path:
    """Return the file that tells how the claims in a JSON file came about.

    Examples
    --------
    >>> beside(Path("claims.json")).name
    'claims.json.meta.json'
    """
    return path.with_name(f"{path.name}.meta.json")


def circumstances(given: dict[str, int | None]) -> dict[str, Any]:
    """Return seed and scale (None: each chapter's own) and the versions of what computes.

    Examples
    --------
    >>> circumstances({"seed": 3, "scale": None})["seed"]
    3
    """
    packages = {name: version(name) for name in ("numpy", "numba", "scipy")}
    return {
        **given,
        "stream_version": STREAM_VERSION,
        "versions": {"lifcore": __version__, "python": platform.python_version(), **packages},
    }


def want_of_memory() -> str:
    """Return what is known of why a process of a chapter was killed, as the end of a message.

    Examples
    --------
    >>> "memory" in want_of_memory()
    True
    """
    said = ", as a rule for want of memory"
    total = installed()
    if sys.platform == "win32" or total is None:
        return said
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    return (
        f"{said}: the largest process of this call had {most / 2**30:.1f} of this machine's "
        f"{total / 2**30:.1f} GiB"
    )


def table(rows: list[dict[str, Any]]) -> str:
    """Return the claims as aligned plain text.

    Examples
    --------
    >>> table([]).split()[0]
    'claim'
    """
    lines = [("claim", "expected", "measured", "99.9 % interval", "verdict")]
    for row in rows:
        lines.append(
            (
                f"{row['chapter']}.{row['id']}",
                row["expectation"],
                *row["measurement"],
                row["verdict"],
            )
        )
    widths = [max(len(line[k]) for line in lines) for k in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
