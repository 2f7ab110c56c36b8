"""Where blocks are computed: the executor that maps a function over them, with progress."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from itertools import chain, islice
from typing import Any, TypeVar

from lifcore import checks
from lifcore.noise.streams import BLOCK
from lifcore.runs.progress import LEAST, Count, follow, foresee
from lifcore.runs.workers import (
    Common,
    Processes,
    client_of,
    cluster,
    counted,
    number_of_workers,
)
from lifcore.schemes.portions import Watch

AHEAD = 4
"""Tasks that are handed out for each worker: while one is worked on, the next ones are there."""

WORDS = "threads, processes, threads:N, processes:N or dask:ADDRESS"
"""What `named_executor` takes."""

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
        ``threads`` or ``processes``, optionally followed by a colon and a number of workers; or
        ``dask:`` and the address of a scheduler, as in ``dask:tcp://10.0.0.1:8786``.

    Raises
    ------
    ValueError
        If the word or the number is unknown, or no scheduler answers.

    Examples
    --------
    >>> named_executor("threads:1").shutdown()
    """
    checks.instance("text", text, str)
    kind, _, workers = text.partition(":")
    if kind == "dask":
        return cluster(workers)
    if kind not in {"threads", "processes"} or not (
        workers == "" or (workers.isdecimal() and int(workers) > 0)
    ):
        raise ValueError(f"executor = {text!r} is unknown; allowed: {WORDS}")
    number = int(workers) if workers else usable_cores()
    if kind == "threads":
        return ThreadPoolExecutor(number)
    return Processes(number)


def threads_of(executor: Executor | str | None) -> int:
    """Return how many threads of this process an executor has, or what a word like it stands for.

    Examples
    --------
    >>> threads_of("threads:3"), threads_of("processes:3"), threads_of(ThreadPoolExecutor(2))
    (3, 1, 2)
    """
    if executor is None or isinstance(executor, str):
        name = os.environ.get("LIFCORE_EXECUTOR", "threads") if executor is None else executor
        kind, _, workers = name.partition(":")
        number = int(workers) if workers.isdecimal() else usable_cores()
        return number if kind == "threads" else 1
    return number_of_workers(executor) if isinstance(executor, ThreadPoolExecutor) else 1


def map_blocks(
    function: Callable[..., Result],
    tasks: Blocks | Iterable[tuple[Any, ...]],
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
        Arguments, one tuple a block. They are handed out as they are worked off, a few ahead; from
        `Blocks` they are made only then.
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
        If processes cannot start, since a script calls them without a ``__main__`` guard, or they
        or a cluster's workers end again and again. What one that was killed was at is done again,
        with the same result.

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
            "concurrent.futures.Executor, or 'threads', 'processes', 'threads:N', 'processes:N' or "
            "'dask:ADDRESS'"
        )
    tasks = tasks if isinstance(tasks, Blocks) else list(tasks)
    workers = number_of_workers(executor)
    foresee(label, steps, max(1, min(workers, len(tasks))), each)
    flight, fruitless = _Flight(function, tasks), 0
    with ExitStack() as replacements:
        while True:
            before = flight.done
            try:
                flight.finish(executor, AHEAD * workers, label)
                return flight.results
            except (BrokenProcessPool, CancelledError) as error:
                # One was killed: what it was at is done again elsewhere, with the same result.
                # Dask does so itself, but for a model that all who had it took with them.
                client = client_of(executor)
                if isinstance(error, CancelledError) and client is None:
                    raise
                fruitless = 0 if flight.done > before else fruitless + 1
                imported = isinstance(executor, Processes) and not executor.begun.value
                if fruitless == 3 and client is not None:
                    raise RuntimeError(
                        f"{label}: the cluster lost its work three times with nothing finished in "
                        "between; see its workers' logs: they may lack memory"
                    ) from error
                if imported or fruitless == 3:
                    raise RuntimeError(
                        f"{label}: a process ended before its work was done, for want of memory, "
                        f"or because a script starts processes where it is imported ({error}).\n"
                        "Put what a script does under  if __name__ == '__main__':  or use "
                        "executor='threads'"
                    ) from error
                if client is None:
                    executor = replacements.enter_context(Processes(workers))


class Blocks:
    """Tasks that are made as they are handed out, so that many of them need no memory.

    Parameters
    ----------
    make : callable
        ``make(k)`` returns the arguments of task k.
    number : int
        How many there are.

    Examples
    --------
    >>> list(Blocks(lambda k: (2, k), 3))
    [(2, 0), (2, 1), (2, 2)]
    """

    def __init__(self, make: Callable[[int], tuple[Any, ...]], number: int) -> None:
        self._make, self._number = make, number

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return map(self._make, range(self._number))


class _Flight:
    """Tasks under way: a few ahead of those that are worked on, and what is known of the rest."""

    def __init__(self, function: Callable[..., Any], tasks: Blocks | list[Any]) -> None:
        self.results: list[Any] = [None] * len(tasks)
        self.done = 0
        self._function = function
        self._left: Iterator[tuple[int, tuple[Any, ...]]] = enumerate(tasks)
        self._under_way: dict[Future[Any], tuple[int, tuple[Any, ...]]] = {}

    def finish(self, executor: Executor, ahead: int, label: str) -> None:
        """Hand out what is left, `ahead` at a time, and wait until all is done."""
        count, run = Count(), Watch()
        count.add(self.done)
        run.done = count.add
        if isinstance(executor, Processes):
            count.elsewhere(executor.progress)
        # First what was under way when a worker was killed.
        self._left = chain(list(self._under_way.values()), self._left)
        self._under_way = {}
        for first in self._left:
            self._left = chain([first], self._left)
            break
        else:
            return
        with Common(executor, first[1][0] if first[1] else None) as common:

            def submit(task: tuple[Any, ...]) -> Future[Any]:
                # Only threads of this process can look at its watch.
                if isinstance(executor, ThreadPoolExecutor):
                    return executor.submit(counted, run, self._function, *task)
                return executor.submit(*common.call(self._function, task))

            def refill(finished: Iterable[Future[Any]]) -> list[Future[Any]]:
                for future in finished:
                    self.results[self._under_way[future][0]] = future.result()
                    del self._under_way[future]
                    self.done += 1
                fresh = []
                for one in islice(self._left, ahead - len(self._under_way)):
                    try:
                        future = submit(one[1])
                    except BrokenProcessPool:
                        self._left = chain([one], self._left)
                        raise
                    self._under_way[future] = one
                    fresh.append(future)
                return fresh

            try:
                follow(refill(()), count, label, refill, len(self.results))
            except BaseException as error:
                # One failed block or Ctrl-C: what has not begun need not begin, and threads stop.
                run.stop.set()
                for future in self._under_way:
                    future.cancel()
                if isinstance(executor, Processes) and not isinstance(error, Exception):
                    executor.end()
                raise
