"""How long a run of chapters still takes: from their usual times, and from those of this run."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from lifcore.commands.report import SECONDS
from lifcore.runs.progress import LONG, duration

UNKNOWN = 60
"""Seconds for a chapter without a usual time."""

SHORT = 120.0
"""Seconds below which nobody needs to be told."""


class Forecast:
    """What is left of a run, on the pace of its finished chapters.

    Parameters
    ----------
    names : sequence of str
        The chapters that are to run.
    scale : int
        Factor on their paths, to which their times are about proportional.

    Examples
    --------
    >>> forecast = Forecast(["model", "faq"], 60)
    >>> forecast.left()
    2400.0
    >>> forecast.after("model", 600.0)
    '; about 10 minutes left'
    """

    def __init__(self, names: Sequence[str], scale: int) -> None:
        self._usual = {name: float(scale * SECONDS.get(name, UNKNOWN)) for name in names}
        self._spent: dict[str, float] = {}

    def left(self, name: str | None = None, elapsed: float = 0.0) -> float:
        """Return the seconds left, when chapter `name` has run for `elapsed`.

        Examples
        --------
        >>> Forecast(["model"], 30).left("model", 200.0)
        400.0
        """
        before = sum(self._usual[done] for done in self._spent)
        pace = sum(self._spent.values()) / before if before else 1.0
        rest = sum(time for one, time in self._usual.items() if one not in self._spent)
        if name is not None:  # a chapter that takes longer than foreseen tells of a slower pace
            pace = max(pace, elapsed / self._usual[name])
        return max(0.0, pace * rest - elapsed)

    def announce(self) -> None:
        """Say how long the whole will take, if that is long.

        Examples
        --------
        >>> Forecast(["recurrent"], 10).announce()
        1 chapter, usually about 37 minutes on two cores
        """
        if self.left() > LONG:
            number = f"{len(self._usual)} chapter{'s' if len(self._usual) != 1 else ''}"
            print(f"{number}, usually about {duration(self.left())} on two cores", flush=True)

    def after(self, name: str, seconds: float) -> str:
        """Note a chapter's time; return what is left as the end of its line, empty if short.

        Examples
        --------
        >>> Forecast(["model"], 1).after("model", 20.0)
        ''
        """
        self._spent[name] = seconds
        left = self.left()
        return f"; about {duration(left)} left" if left > SHORT else ""

    @contextmanager
    def running(self, name: str, every: float = LONG) -> Iterator[None]:
        """Say on stderr every ten minutes what is left, as long as a chapter runs.

        Examples
        --------
        >>> with Forecast(["model"], 1).running("model"):
        ...     pass
        """
        begun, over = time.perf_counter(), threading.Event()

        def tell() -> None:
            while not over.wait(every):
                spent = time.perf_counter() - begun
                words = f"{duration(spent)} so far, about {duration(self.left(name, spent))} left"
                print(f"lifcore: {name}: {words}", file=sys.stderr, flush=True)

        if os.environ.get("LIFCORE_PROGRESS") == "off":
            yield
            return
        teller = threading.Thread(target=tell, daemon=True)
        teller.start()
        try:
            yield
        finally:
            over.set()
            teller.join()


class Lines:
    r"""Where a chapter's stderr goes: lines that lifcore says of its time pass, others do not.

    Examples
    --------
    >>> import sys
    >>> lines = Lines(sys.stdout)
    >>> lines.write("a warning\nlifcore: euler: about 15 minutes more at the present speed\n")
    lifcore: euler: about 15 minutes more at the present speed
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        r"""Pass on lines of the library's own, which begin with its name and a colon.

        Examples
        --------
        >>> Lines(sys.stdout).write("lifcore: euler: 2.0 hours\n 3%|  |\r")
        lifcore: euler: 2.0 hours
        """
        for line in text.replace("\r", "\n").splitlines():
            if line.startswith("lifcore: "):
                self._stream.write(f"{line}\n")

    def flush(self) -> None:
        """Flush what was passed on.

        Examples
        --------
        >>> Lines(sys.stdout).flush()
        """
        self._stream.flush()
