"""Long runs in portions: kernels return every fifth of a second, to be stopped or to say how far.

A kernel cannot be interrupted. So whoever calls one for many steps calls it for a few at a time,
by `portions` or `path_portions`, whose size adapts to the time that they take. No result depends
on it, as the state of a run is all in the arrays and streams that a kernel is given.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

SECONDS = 0.2
"""What a portion aims at: well below what a reader waits for, far above what a call costs."""

GROWTH = 16
"""By what a portion grows at the most from one to the next."""


class StoppedError(RuntimeError):
    """Raised in a worker's thread whose run has been given up.

    Examples
    --------
    >>> isinstance(StoppedError(), RuntimeError)
    True
    """


def _nobody(share: float) -> None:
    pass


@dataclass
class Watch:
    """What a run's threads share: whether to stop, the size of portions, and how far tasks are.

    Attributes
    ----------
    stop : threading.Event
        Set to end all tasks of the run.
    size : int
        Steps of the next portion.
    done : callable
        Called with what share of a task each portion was.

    Examples
    --------
    >>> Watch().stop.is_set()
    False
    """

    stop: threading.Event = field(default_factory=threading.Event)
    size: int = 1
    done: Callable[[float], None] = field(default_factory=lambda: _nobody)

    def look(self) -> None:
        """Raise `StoppedError` if the run is to end.

        Raises
        ------
        StoppedError
            If so.

        Examples
        --------
        >>> Watch().look()
        """
        if self.stop.is_set():
            raise StoppedError("the run was stopped")

    def adapt(self, steps: int, spent: float) -> None:
        """Set the size by the time that some steps took.

        Examples
        --------
        >>> watch = Watch(size=8)
        >>> watch.adapt(8, 0.4)
        >>> watch.size
        4
        """
        able = int(steps * SECONDS / max(spent, 1e-9))
        # The last steps of a run may be few: they say little, and must not make the next one slow.
        most = max(self.size, GROWTH * steps)
        self.size = max(1, min(able, most))


_own = threading.local()


def watch() -> Watch:
    """Return the watch of the task that this thread works on; of none, one that never stops.

    Examples
    --------
    >>> watch() is watch()
    True
    """
    if not hasattr(_own, "watch"):
        _own.watch = Watch()
    own: Watch = _own.watch
    return own


class watching:  # noqa: N801, used like a function
    """A context in which `watch` returns the given one.

    Examples
    --------
    >>> mine = Watch()
    >>> with watching(mine):
    ...     watch() is mine
    True
    """

    def __init__(self, mine: Watch) -> None:
        self._mine = mine

    def __enter__(self) -> None:
        self._before = watch()
        _own.watch = self._mine

    def __exit__(self, *error: object) -> None:
        _own.watch = self._before


def portions(
    begin: int, end: int, *, most: int | None = None, calls: int = 1, share: float = 1.0
) -> Iterator[tuple[int, int]]:
    """Yield consecutive spans of steps, each to be done before the next is asked for.

    Parameters
    ----------
    begin, end : int
        From which step to which.
    most : int, optional
        The longest span allowed.
    calls : int, optional
        How many kernels are called one after the other in a span, with a look between them.
    share : float, optional
        What part of its task all of these steps are.

    Yields
    ------
    begin, end : int

    Raises
    ------
    StoppedError
        If the run is to end.

    Examples
    --------
    >>> spans = list(portions(3, 100))
    >>> spans[0][0], spans[-1][1], sum(b - a for a, b in spans)
    (3, 100, 97)
    """
    own, n = watch(), begin
    while n < end:
        own.look()
        size = own.size if most is None else min(own.size, most)
        last = min(end, n + size)
        begun = time.perf_counter()
        yield n, last
        own.adapt(last - n, (time.perf_counter() - begun) / calls)
        own.done(share * (last - n) / (end - begin))
        n = last


def path_portions(
    paths: int, begin: int, end: int, *, share: float = 1.0
) -> Iterator[tuple[int, int, int, int]]:
    """Yield paths and steps: several paths as a whole, or one of them a span at a time.

    Parameters
    ----------
    paths : int
        Their number.
    begin, end : int
        From which step to which.
    share : float, optional
        What part of its task all of these steps are.

    Yields
    ------
    first, last, begin, end : int
        Paths `first` to `last` - 1, from step to step. All of a path comes before the next.

    Raises
    ------
    StoppedError
        If the run is to end.

    Examples
    --------
    >>> with watching(Watch(size=8)):
    ...     next(path_portions(5, 0, 4)), next(path_portions(5, 0, 40))
    ((0, 2, 0, 4), (0, 1, 0, 8))
    """
    own, whole = watch(), end - begin
    path, n = 0, begin
    while path < paths:
        own.look()
        several = n == begin and own.size >= whole
        last = min(paths, path + own.size // whole) if several else path + 1
        stop = end if several else min(end, n + own.size)
        begun = time.perf_counter()
        yield path, last, n, stop
        steps = (last - path) * (stop - n)
        own.adapt(steps, time.perf_counter() - begun)
        own.done(share * steps / (paths * whole))
        path, n = (last, begin) if stop == end else (path, stop)
