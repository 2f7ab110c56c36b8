"""Where blocks are computed: the executor that maps a function over them, with progress."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

from lifcore.noise.streams import BLOCK
from lifcore.runs.progress import LEAST, Count, follow, foresee
from lifcore.schemes.portions import Watch, watching

PORTION = 2**22
"""Neuron-steps that are worth a task of their own, about a tenth of a second."""

Result = TypeVar("Result")


def portion(neurons: int, steps: int) -> int:
    """Return how many paths of a network with loops make one task, at most BLOCK.

    Its paths have streams of their own, so that no result depends on it.

    Examples
    --------
    >>> portion(10_000, 10_000), portion(10, 100)
    (1, 256)
    """
    return min(BLOCK, max(1, PORTION // (neurons * steps)))


def usable_cores() -> int:
    """Return the number of cores this process may use.

    Examples
    --------
    >>> usable_cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def named_executor(text: str) -> Executor:
    """Return the executor that a word like ``threads:2`` or ``processes`` stands for.

    Parameters
    ----------
    text : str
        ``threads`` or ``processes``, optionally followed by a colon and a number of workers.

    Raises
    ------
    ValueError
        If the word or the number is unknown.

    Examples
    --------
    >>> named_executor("threads:1").shutdown()
    """
    kind, _, workers = text.partition(":")
    if kind not in {"threads", "processes"} or not (
        workers == "" or (workers.isdecimal() and int(workers) > 0)
    ):
        raise ValueError(
            f"executor = {text!r} is unknown; allowed: threads, processes, threads:N or processes:N"
        )
    number = int(workers) if workers else usable_cores()
    if kind == "threads":
        return ThreadPoolExecutor(number)
    return Processes(number)


class Processes(ProcessPoolExecutor):
    """Processes that say how far they are, and that Ctrl-C ends without a word of their own.

    Parameters
    ----------
    workers : int
        Their number.

    Examples
    --------
    >>> Processes(1).shutdown()
    """

    def __init__(self, workers: int) -> None:
        # Forking a process that has threads may deadlock; a spawned one starts clean.
        context = get_context("spawn")
        self.progress = context.Value("d", 0.0)
        super().__init__(
            workers, mp_context=context, initializer=_begin_worker, initargs=(self.progress,)
        )

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """Submit a task; workers that start for it inherit that Ctrl-C is not for them.

        Examples
        --------
        >>> with Processes(1) as pool:
        ...     pool.submit(pow, 2, 3).result()
        8
        """
        if not hasattr(signal, "pthread_sigmask"):  # on Windows
            return super().submit(fn, *args, **kwargs)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def end(self) -> None:
        """End the workers, whatever they are at.

        Examples
        --------
        >>> pool = Processes(1)
        >>> pool.end()
        >>> pool.shutdown()
        """
        for worker in list((self._processes or {}).values()):
            worker.terminate()


_worker_progress: Any = None  # in a worker of Processes


def _begin_worker(progress: Any) -> None:
    global _worker_progress
    _worker_progress = progress
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers itself
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when its parent is gone: one that was killed could not tell its workers."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _in_worker(function: Callable[..., Result], *task: Any) -> Result:
    """Run a task in another process, and count it, if anybody looks."""
    progress = _worker_progress
    if progress is None:
        return function(*task)

    def add(share: float) -> None:
        with progress.get_lock():
            progress.value += share

    return _counted(Watch(done=add), function, *task)


def _counted(run: Watch, function: Callable[..., Result], *task: Any) -> Result:
    """Run a task, which is one in the count of what is done, however its loops see their share."""
    seen = 0.0

    def add(share: float) -> None:
        nonlocal seen
        share = min(share, 1.0 - seen)
        seen += share
        run.done(share)

    own = Watch(run.stop, run.size, add)
    with watching(own):
        own.look()
        found = function(*task)
    run.size = own.size
    run.done(1.0 - seen)
    return found


def map_blocks(
    function: Callable[..., Result],
    tasks: Iterable[tuple[Any, ...]],
    executor: Executor | str | None,
    label: str,
    steps: float = 0.0,
    each: float = LEAST["euler"],
) -> list[Result]:
    """Return ``[function(*task) for task in tasks]``, computed by an executor.

    Parameters
    ----------
    function : callable
        A module-level function, so that a process can find it.
    tasks : iterable of tuple
        Arguments, one tuple a block.
    executor : concurrent.futures.Executor, str or None
        Where to compute. A word as in `named_executor` stands for an executor made for this call;
        None for the one named by the environment variable ``LIFCORE_EXECUTOR`` (``threads`` by
        default). Ctrl-C ends threads, and processes that a word stands for, at the next portion of
        their steps; other executors only do not begin what has not begun.
    label : str
        Shown before the progress bar, which `lifcore.runs.progress` describes.
    steps : float, optional
        Steps of all neurons on all paths; if they are very many, their time is said beforehand.
    each : float, optional
        Seconds that a step takes at the least, as in `lifcore.runs.progress`.

    Returns
    -------
    list
        Results in the order of the tasks, whatever order they were computed in.

    Raises
    ------
    TypeError, ValueError
        If `executor` is neither an Executor nor one of the words.
    RuntimeError
        If processes cannot start, since a script calls them without a ``__main__`` guard.

    Examples
    --------
    >>> map_blocks(pow, [(2, 3), (2, 4)], None, "powers")
    [8, 16]
    """
    if executor is None or isinstance(executor, str):
        name = os.environ.get("LIFCORE_EXECUTOR", "threads") if executor is None else executor
        with named_executor(name) as own:
            return map_blocks(function, tasks, own, label, steps, each)
    if not isinstance(executor, Executor):
        raise TypeError(
            f"executor = {executor!r} is a {type(executor).__name__}; allowed: None, a "
            "concurrent.futures.Executor, or 'threads', 'processes', 'threads:N', 'processes:N'"
        )
    count, run = Count(), Watch()
    run.done = count.add
    # Only threads of this process can look at its watch.
    wrapped = partial(_counted, run) if isinstance(executor, ThreadPoolExecutor) else _in_worker
    if isinstance(executor, Processes):
        count.elsewhere(executor.progress)
    futures: list[Future[Result]] = []
    tasks = list(tasks)
    # Those of other kinds, on other machines, do not tell.
    workers = getattr(executor, "_max_workers", len(tasks))
    foresee(label, steps, max(1, min(workers, len(tasks))), each)
    try:
        futures += [executor.submit(wrapped, function, *task) for task in tasks]
        follow(futures, count, label)
        return [future.result() for future in futures]
    except BrokenProcessPool as error:
        raise RuntimeError(
            f"{label}: a process ended before its work was done, for want of memory, or because a "
            f"script starts processes where it is imported ({error}).\n"
            "Put what a script does under  if __name__ == '__main__':  or use executor='threads'"
        ) from error
    except BaseException as error:
        # One failed block or Ctrl-C: what has not begun need not begin, and threads stop.
        run.stop.set()
        for future in futures:
            future.cancel()
        if isinstance(executor, Processes) and not isinstance(error, Exception):
            executor.end()
        raise
