"""Whole spike trains of coupled runs, and two distances between them that vanish with h.

The largest distance of two potentials, the supremum of V minus V^h, does not: whenever a spike of
one comes before that of the other, the two are a whole reset apart. Distances that allow a spike to
be moved at a cost in proportion to the shift do.
"""

from __future__ import annotations

from concurrent.futures import Executor

import numpy as np
from numba import njit

from lifcore import checks
from lifcore.noise.streams import block_count
from lifcore.runs.coupled_block import Coupling, _simulate_block
from lifcore.runs.coupled_ensemble import CoupledEnsemble
from lifcore.runs.executors import Blocks, map_blocks
from lifcore.runs.starts import own_start

TRAIN = np.dtype([("path", "i8"), ("neuron", "i4"), ("time", "f8"), ("speed", "f8")])
"""A spike of a train: its path and neuron, its time, and the speed of its crossing."""


def coupled_trains(
    pairs: CoupledEnsemble, executor: Executor | str | None = None
) -> tuple[np.ndarray, ...]:
    """Return every spike of a coupled run: the exact ones, then Euler's for each h.

    Parameters
    ----------
    pairs : CoupledEnsemble
        As `lifcore.couple` returns it. Its blocks are simulated once more, with the same result.
    executor : concurrent.futures.Executor or str, optional
        Where to compute, as in `lifcore.couple`.

    Returns
    -------
    tuple of ndarray
        Structured arrays of `TRAIN`, ordered by path, neuron and time; times are in (0, T].

    Raises
    ------
    TypeError
        If `pairs` is no CoupledEnsemble.

    Examples
    --------
    >>> from lifcore import LIF, couple
    >>> pairs = couple(LIF(), h=[0.1, 0.05], T=2.0, paths=300, seed=1)
    >>> exact, coarse, fine = coupled_trains(pairs)
    >>> bool(exact.size == pairs.spike_counts.sum())
    True
    """
    checks.instance("pairs", pairs, CoupledEnsemble)
    run, paths = pairs._run, pairs.v.shape[0]
    tasks = Blocks(lambda b: (own_start(run, b), b, paths), block_count(paths, run.width))
    found = map_blocks(_trains_of_block, tasks, executor, "spike trains", *run.work)
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def _trains_of_block(run: Coupling, block: int, paths: int) -> list[np.ndarray]:
    *_, (spikes,) = _simulate_block(run, block)
    spikes = spikes[spikes["lane"] < paths - block * run.width]
    spikes = spikes[np.lexsort((spikes["time"], spikes["neuron"], spikes["lane"]))]
    trains = []
    for series in range(run.h.size + 1):
        own = spikes[spikes["series"] == series]
        train = np.empty(own.size, TRAIN)
        train["path"] = own["lane"] + run.width * block
        for name in ("neuron", "time", "speed"):
            train[name] = own[name]
        trains.append(train)
    return trains


def van_rossum(
    one: np.ndarray, other: np.ndarray, *, time_constant: float, paths: int
) -> np.ndarray:
    r"""Return the squared van Rossum distance of two spike trains, path by path.

    Each spike becomes a jump by 1 that decays exponentially; the distance is
    :math:`D^2 = t_c^{-1} \int (f - g)^2\,dt` over all times of the two sums f and g (van Rossum
    2001). A spike without a partner gives 1/2, a pair at distance d gives
    :math:`1 - e^{-d/t_c}`.

    Parameters
    ----------
    one, other : ndarray
        Spikes with the fields ``path`` and ``time``, of one neuron, in order of path and time,
        as from `coupled_trains` or `Ensemble.all_spikes`.
    time_constant : float
        The decay :math:`t_c`, in units of time.
    paths : int
        Number of paths.

    Returns
    -------
    ndarray, shape (paths,)

    Raises
    ------
    TypeError, ValueError
        If a table lacks a field, is not in order or knows other paths, or a number is not allowed.

    Examples
    --------
    >>> one = np.array([(0, 1.0)], [("path", "i8"), ("time", "f8")])
    >>> van_rossum(one, one[:0], time_constant=0.5, paths=2).tolist()
    [0.5, 0.0]
    """
    width = checks.real("time_constant", time_constant, above=0.0)
    first, last = _table("one", one, paths), _table("other", other, paths)
    return np.asarray(_van_rossum(*first, *last, width))


def victor_purpura(one: np.ndarray, other: np.ndarray, *, cost: float, paths: int) -> np.ndarray:
    r"""Return the Victor–Purpura distance of two spike trains, path by path.

    The least cost of turning one train into the other by moving spikes, at `cost` a unit of time,
    and by removing or adding them, at 1 each (Victor and Purpura 1996).

    Parameters
    ----------
    one, other : ndarray
        As in `van_rossum`.
    cost : float
        Cost of moving a spike by one unit of time.
    paths : int
        Number of paths.

    Returns
    -------
    ndarray, shape (paths,)

    Raises
    ------
    TypeError, ValueError
        As in `van_rossum`.

    Examples
    --------
    >>> spike = np.dtype([("path", "i8"), ("time", "f8")])
    >>> one, other = np.array([(0, 1.0), (1, 1.0)], spike), np.array([(0, 1.25)], spike)
    >>> victor_purpura(one, other, cost=2.0, paths=2).tolist()
    [0.5, 1.0]
    """
    cost = checks.real("cost", cost, at_least=0.0)
    first, last = _table("one", one, paths), _table("other", other, paths)
    return np.asarray(_victor_purpura(*first, *last, cost))


def _table(name: str, spikes: object, paths: object) -> tuple[np.ndarray, np.ndarray]:
    """Return where each path's spikes begin, shape (paths + 1,), and the times."""
    paths = checks.count("paths", paths)
    checks.instance(name, spikes, np.ndarray)
    assert isinstance(spikes, np.ndarray)
    fields = spikes.dtype.names or ()
    if not {"path", "time"} <= set(fields) or spikes.ndim != 1:
        raise TypeError(
            f"{name} has the fields {fields}; allowed: a table with the fields path and time"
        )
    path = np.ascontiguousarray(spikes["path"], np.int64)
    time = np.ascontiguousarray(spikes["time"], np.float64)
    if path.size and not (path.min() >= 0 and path.max() < paths):
        raise ValueError(
            f"{name} has spikes of path {int(path.min())} to {int(path.max())}; "
            f"allowed: 0 to {paths - 1}, as paths = {paths}"
        )
    if (np.diff(path) < 0).any() or (np.diff(time)[np.diff(path) == 0] < 0.0).any():
        raise ValueError(f"{name} is not in order of path and time; allowed: one neuron's trains")
    return np.searchsorted(path, np.arange(paths + 1)), time


@njit(nogil=True, cache=True)
def _van_rossum(
    first: np.ndarray, times: np.ndarray, first_other: np.ndarray, times_other: np.ndarray,
    width: float,
) -> np.ndarray:  # fmt: skip
    out = np.zeros(first.size - 1)
    for p in range(out.size):
        i, j = first[p], first_other[p]
        level, now = 0.0, 0.0
        # Merge the trains with signs; `level` is f - g just before the next spike.
        while i < first[p + 1] or j < first_other[p + 1]:
            sign = 1.0
            if i == first[p + 1] or (j < first_other[p + 1] and times_other[j] < times[i]):
                sign = -1.0
                time = times_other[j]
                j += 1
            else:
                time = times[i]
                i += 1
            level *= np.exp(-(time - now) / width)
            # The integral of (f - g)² from here on grows by that of the new spike's own terms.
            out[p] += sign * level + 0.5
            level += sign
            now = time
    return out


@njit(nogil=True, cache=True)
def _victor_purpura(
    first: np.ndarray, times: np.ndarray, first_other: np.ndarray, times_other: np.ndarray,
    cost: float,
) -> np.ndarray:  # fmt: skip
    out = np.zeros(first.size - 1)
    for p in range(out.size):
        a, b = first[p], first_other[p]
        n, m = first[p + 1] - a, first_other[p + 1] - b
        row = np.arange(m + 1).astype(np.float64)  # from nothing to the other's first k spikes
        for i in range(n):
            diagonal, row[0] = row[0], i + 1.0
            for k in range(m):
                moved = diagonal + cost * abs(times[a + i] - times_other[b + k])
                diagonal = row[k + 1]
                row[k + 1] = min(min(row[k + 1], row[k]) + 1.0, moved)
        out[p] = row[m]
    return out
