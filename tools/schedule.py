"""How long a run takes whose tasks one process hands out, as `lifcore.runs.executors` does."""

from __future__ import annotations

import math
from collections.abc import Iterable
from heapq import heapreplace


def _checked(workers: int, ahead: int, **seconds: float) -> None:
    for name, value in (("workers", workers), ("ahead", ahead)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} = {value!r}; allowed: whole numbers from 1 on")
    for name, time in seconds.items():
        if not (time >= 0.0 and math.isfinite(time)):
            raise ValueError(f"{name} = {time!r}; allowed: seconds, not negative")


def schedule(
    blocks: Iterable[float], workers: int, sender: float, overhead: float, ahead: int = 4
) -> float:
    """Return the wall-clock seconds of a run, task by task.

    One process makes the tasks and takes what comes back, one task after the other. It has at most
    ``ahead * workers`` tasks under way. A worker that is free takes the next task that is there.

    Parameters
    ----------
    blocks : iterable of float
        Seconds of each block, in the order in which they are handed out.
    workers : int
        Workers.
    sender, overhead : float
        Seconds that a task takes the process that hands it out, and its worker beside its block.
    ahead : int, optional
        Tasks that are handed out for each worker.

    Examples
    --------
    >>> schedule([2.0, 2.0, 2.0], 2, sender=0.0, overhead=1.0)
    6.0
    """
    _checked(workers, ahead, sender=sender, overhead=overhead)
    free = [0.0] * workers
    # Workers become free in order of time, so the (W + j)-th time of them is that of the j-th task
    # that is done.
    began_free: list[float] = []
    sent = end = 0.0
    window = ahead * workers
    for number, block in enumerate(blocks):
        if not (block >= 0.0 and math.isfinite(block)):
            raise ValueError(f"blocks[{number}] = {block!r}; allowed: seconds, not negative")
        first = free[0]
        began_free.append(first)
        if number >= window:
            sent = max(sent, began_free[number - window + workers])
        sent += sender
        done = max(sent, first) + block + overhead
        heapreplace(free, done)
        end = max(end, done)
    return end


def law(number: int, workers: int, block: float, sender: float, overhead: float) -> float:
    """Return the seconds of so many equal blocks: those of the sender or of the workers.

    Examples
    --------
    >>> law(3, 2, 2.0, sender=0.0, overhead=1.0), law(3, 2, 2.0, sender=4.0, overhead=1.0)
    (6.0, 12.0)
    """
    _checked(workers, 1, block=block, sender=sender, overhead=overhead)
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError(f"number = {number!r}; allowed: whole numbers from 0 on")
    return max(number * sender, math.ceil(number / workers) * (block + overhead))
