"""What a run says while it is under way: how far it is, how long it will take, what it waits for.

A request of so many steps that it takes more than ten minutes on any machine says so on stderr
before it starts. Otherwise nothing within the first five seconds. Then a bar, in terminals and
notebooks, that counts steps, not blocks only; and a line if the run is to take more than ten
minutes, or if kernels are being compiled, which each machine does once. The environment variable
``LIFCORE_PROGRESS=off`` silences all of it, as it does where a notebook's outputs are stored.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from numba.core import event

from lifcore.schemes import SCHEMES

PATIENCE = 5.0
"""Seconds after which a run shows how far it is, and compilation is announced."""

LONG = 600.0
"""Seconds from which on a run states in words what it will take."""

LEAST = {name: 8e-10 if one.components == 1 else 2.2e-9 for name, one in SCHEMES.items()}
"""Seconds that a step of a neuron on a path takes a core at the least, by scheme.

Half of the least that was measured (processor time of one thread of a Xeon at 2.1 GHz, best of
three; 256 paths of single neurons with and without noise and spikes, h from 1e-5 to 1/4): 1.7 ns
by Euler with normals, 4.5 ns by exponential Euler, 4.5 ns exactly. Spikes and long steps take an
exact neuron up to 300 ns, and in networks with loops a step takes from 20 ns on.
"""

LEAST_FAIR = 4.5e-10
"""The same for Euler with two- and three-point numbers; measured were 1.0 ns."""

FEWEST = 16
"""Paths of a neuron that take as long as fewer: a step of one takes Euler 47 ns, of 16 it is 52."""

_POLL = 0.25


class Count:
    """How many tasks are done, as a float: threads add the shares of a task that they have done.

    Examples
    --------
    >>> count = Count()
    >>> count.add(0.5)
    >>> count.done
    0.5
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done = 0.0
        self._shared: Any = None
        self._before = 0.0

    def add(self, share: float) -> None:
        """Add a share of a task.

        Examples
        --------
        >>> Count().add(1.0)
        """
        with self._lock:
            self._done += share

    def elsewhere(self, shared: Any) -> None:
        """Read the count from a value that other processes add to.

        Examples
        --------
        >>> from multiprocessing import Value
        >>> count, value = Count(), Value("d", 3.0)
        >>> count.elsewhere(value); value.value += 0.5; count.done
        0.5
        """
        self._shared, self._before = shared, shared.value

    @property
    def done(self) -> float:
        """Tasks done up to now."""
        elsewhere = 0.0 if self._shared is None else self._shared.value - self._before
        return self._done + elsewhere


class _Compiling(event.Listener):
    """Since when kernels are compiled without a break; garbage is not looked for meanwhile.

    A compiler makes many objects that live until it has finished: to look through them again and
    again was a tenth of its time.
    """

    def __init__(self) -> None:
        self.depth = 0
        self.collected = True
        self.since = 0.0
        self.announced = False

    def on_start(self, event: Any) -> None:
        if self.depth == 0:
            self.since = time.perf_counter()
            self.collected = gc.isenabled()
            gc.disable()
        self.depth += 1

    def on_end(self, event: Any) -> None:
        self.depth -= 1
        if self.depth == 0 and self.collected:
            gc.enable()

    def announce(self) -> None:
        """Say it once a process, when it has taken long."""
        if self.depth > 0 and not self.announced and time.perf_counter() - self.since > PATIENCE:
            self.announced = True
            _say("compiling kernels, once on each machine; later runs load them")


_compiling = _Compiling()
event.register("numba:compile", _compiling)


def foresee(label: str, steps: float, workers: int, each: float = LEAST["euler"]) -> None:
    """Say how long a request takes at the least, if that is long.

    Parameters
    ----------
    label : str
        Of the run.
    steps : float
        Steps of all neurons on all paths that are moved.
    workers : int
        Cores that work on them.
    each : float, optional
        Seconds that a step takes a core at the least: of `LEAST`, or `LEAST_FAIR`.

    Examples
    --------
    >>> foresee("short", 1e9, 2)
    """
    seconds = each * steps / workers
    if seconds > LONG and os.environ.get("LIFCORE_PROGRESS") != "off":
        _say(f"{label}: {steps:.1e} steps of a neuron, at least {duration(seconds)}")


def follow(
    futures: Sequence[Future[Any]],
    count: Count,
    label: str,
    refill: Callable[[Iterable[Future[Any]]], Sequence[Future[Any]]] | None = None,
    total: int = 0,
) -> None:
    """Wait until all tasks are done, or one has failed, and show how far they are.

    Parameters
    ----------
    futures : sequence of Future
        The tasks.
    count : Count
        What is done of them.
    label : str
        Shown before the bar.
    refill : callable, optional
        Called with the tasks that are finished; returns those that were handed out for them.
    total : int, optional
        Number of all tasks; by default that of `futures`.

    Examples
    --------
    >>> done = Future()
    >>> done.set_result(1)
    >>> follow([done], Count(), "one")
    """
    begun, bar, said = time.perf_counter(), None, False
    fresh, before = begun, 0.0  # from when on, and from how much, the speed is taken
    silent = os.environ.get("LIFCORE_PROGRESS") == "off"
    waiting, finished, total = set(futures), count.done, total or len(futures)
    try:
        while True:
            found, waiting = wait(waiting, timeout=_POLL, return_when=FIRST_COMPLETED)
            finished += len(found)
            if refill is not None:
                waiting |= set(refill(found))
            if not waiting or any(not f.cancelled() and f.exception() for f in found):
                return
            if silent:
                continue
            _compiling.announce()
            now = time.perf_counter()
            if _compiling.depth > 0:
                fresh, before = now, count.done
            if now - begun < PATIENCE:
                continue
            # Executors elsewhere count what is finished only.
            done = min(max(count.done, float(finished)), float(total))
            if done > before and now - fresh > PATIENCE and not said:
                said = True
                left = (now - fresh) * (total - done) / (done - before)
                if left > LONG:
                    _say(f"{label}: about {duration(left)} more at the present speed")
            bar = bar or _bar(label, total, begun)
            bar.update(done - bar.n)
    finally:
        if bar is not None:
            bar.close()


def _bar(label: str, total: int, begun: float) -> Any:
    from tqdm import TqdmWarning
    from tqdm.auto import tqdm

    class Bar(tqdm):
        monitor_interval = 0  # a thread that would outlive the run

    notebook = "ipykernel" in sys.modules
    with warnings.catch_warnings():
        # A notebook without widgets gets a line of text.
        warnings.simplefilter("ignore", TqdmWarning)
        bar = Bar(
            total=float(total), desc=label, disable=False if notebook else None, leave=False,
            smoothing=0.0, bar_format="{desc}: {percentage:.1f}%|{bar}| {elapsed}<{remaining}",
        )  # fmt: skip
    bar.start_t = time.time() - (time.perf_counter() - begun)
    return bar


def duration(seconds: float) -> str:
    """Return a duration in words, to two figures.

    Examples
    --------
    >>> duration(900.0), duration(7300.0), duration(3e5), duration(1e10)
    ('15 minutes', '2.0 hours', '3.5 days', '320 years')
    """
    number, unit = seconds / 60.0, "minutes"
    for size, larger in ((3600.0, "hours"), (86400.0, "days"), (3.156e7, "years")):
        if seconds >= 2.0 * size:
            number, unit = seconds / size, larger
    rounded = float(f"{number:.2g}")
    return f"{rounded:.1f} {unit}" if rounded < 10.0 else f"{rounded:.0f} {unit}"


def _say(line: str) -> None:
    print(f"lifcore: {line}", file=sys.stderr, flush=True)
