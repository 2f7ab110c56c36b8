"""Where blocks are computed: the executor that maps a function over them, with progress."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

from tqdm import tqdm

from lifcore.noise.streams import BLOCK

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
    # Forking a process that has threads may deadlock; a spawned one starts clean.
    return ProcessPoolExecutor(number, mp_context=get_context("spawn"))


def map_blocks(
    function: Callable[..., Result],
    tasks: Iterable[tuple[Any, ...]],
    executor: Executor | None,
    label: str,
) -> list[Result]:
    """Return ``[function(*task) for task in tasks]``, computed by an executor.

    Parameters
    ----------
    function : callable
        A module-level function, so that a process can find it.
    tasks : iterable of tuple
        Arguments, one tuple a block.
    executor : concurrent.futures.Executor or None
        Where to compute; None means the executor named by the environment variable
        ``LIFCORE_EXECUTOR`` (``threads`` by default), made for this call.
    label : str
        Shown before the progress bar, which appears on a terminal after five seconds.

    Returns
    -------
    list
        Results in the order of the tasks, whatever order they were computed in.

    Raises
    ------
    TypeError
        If `executor` is not an Executor.

    Examples
    --------
    >>> map_blocks(pow, [(2, 3), (2, 4)], None, "powers")
    [8, 16]
    """
    if executor is None:
        with named_executor(os.environ.get("LIFCORE_EXECUTOR", "threads")) as own:
            return map_blocks(function, tasks, own, label)
    if not isinstance(executor, Executor):
        raise TypeError(
            f"executor = {executor!r} is a {type(executor).__name__}; allowed: None or a "
            "concurrent.futures.Executor"
        )
    futures: list[Future[Result]] = [executor.submit(function, *task) for task in tasks]
    try:
        return list(_with_progress(futures, label))
    except BaseException:
        # One failed block or Ctrl-C: what has not begun need not begin.
        for future in futures:
            future.cancel()
        raise


def _with_progress(futures: list[Future[Result]], label: str) -> Iterator[Result]:
    for future in tqdm(futures, desc=label, unit="block", delay=5.0, disable=None, leave=False):
        yield future.result()
