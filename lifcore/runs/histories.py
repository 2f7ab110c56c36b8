r"""When two spike histories match, and which part of the error that is.

Two histories on [0, T] **match** with tolerance D if they have as many spikes as each other
and the k-th spikes are at most D apart for every k. The **terminal** set is where they would
match but for one last spike, within D of T, that lacks its partner. All else is **history**
mismatch. To sort a path for every D it suffices to know three numbers of it: the difference
of the counts, the largest distance of k-th spikes, and how long before T the spike without
a partner came.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

MATCHED, TERMINAL, HISTORY = 0, 1, 2
"""The three classes of a pair of histories."""

_ROUNDING = 1e-12


class Comparison(NamedTuple):
    """How the spike histories of Euler compare with the exact ones, shape (levels, paths).

    ``extra`` is Euler's spike count minus the exact one; ``distance`` the largest distance
    of k-th spikes over the k that both have; ``unpaired`` the time from the first spike
    without a partner to T (infinite unless there is exactly one such spike).

    Examples
    --------
    >>> Comparison(np.array([[0]]), np.array([[0.5]]), np.array([[np.inf]])).distance.shape
    (1, 1)
    """

    extra: np.ndarray
    distance: np.ndarray
    unpaired: np.ndarray

    def __repr__(self) -> str:
        return f"Comparison(of histories, shape {np.shape(self.extra)})"

    def classify(self, tolerance: np.ndarray | float) -> np.ndarray:
        """Return MATCHED, TERMINAL or HISTORY for each level and path.

        Parameters
        ----------
        tolerance : float or ndarray, shape (levels, 1)
            Tolerance D, in units of time.

        Returns
        -------
        ndarray of int8, shape (levels, paths)

        Examples
        --------
        >>> one = np.array([[0, 1, 1]]), np.array([[0.1, 0.1, 0.1]]), np.array([[np.inf, 0.1, 2.0]])
        >>> Comparison(*one).classify(0.2).tolist()
        [[0, 1, 2]]
        """
        kind = np.full(self.extra.shape, HISTORY, np.int8)
        close = self.distance <= tolerance
        kind[close & (self.extra == 0)] = MATCHED
        kind[close & (np.abs(self.extra) == 1) & (self.unpaired <= tolerance)] = TERMINAL
        return kind


def compare(
    spikes: np.ndarray, levels: int, lanes: int, times: Sequence[float]
) -> list[tuple[Comparison, np.ndarray]]:
    """Compare the recorded spikes of a coupled block up to each of some times.

    Parameters
    ----------
    spikes : ndarray of SPIKE
        All spikes of the block in order of time within each lane and series; series 0 is
        the exact solution, series k + 1 Euler at level k.
    levels, lanes : int
        Numbers of levels and of paths in the block.
    times : sequence of float
        Horizons.

    Returns
    -------
    list of (Comparison, ndarray)
        For each time the comparison, of shape (levels, lanes), and the smallest crossing
        speed of each series' spikes, shape (levels + 1, lanes), inf where there is none.

    Examples
    --------
    >>> from lifcore.schemes.state import SPIKE
    >>> two = np.array([(0, 0, 0, 0.5, 1.0, 0.0), (0, 0, 1, 0.75, 1.0, 0.0)], SPIKE)
    >>> early, late = compare(two, levels=1, lanes=1, times=[0.6, 1.0])
    >>> early[0].extra.tolist(), late[0].distance.tolist(), late[1].tolist()
    ([[-1]], [[0.25]], [[1.0], [1.0]])
    """
    first, ordered = _by_series_and_lane(spikes, spikes["time"], levels, lanes)
    _, speeds = _by_series_and_lane(spikes, spikes["speed"], levels, lanes)
    comparisons = []
    for T in times:
        extra = np.zeros((levels, lanes), np.int32)
        distance = np.zeros((levels, lanes))
        unpaired = np.full((levels, lanes), np.inf)
        slowest = np.full((levels + 1, lanes), np.inf)
        _compare(first, ordered, speeds, T, extra, distance, unpaired, slowest)
        comparisons.append((Comparison(extra, distance, unpaired), slowest))
    return comparisons


def pair_up(
    spikes: np.ndarray, level: int, levels: int, lanes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of k-th exact and k-th Euler spikes, for all lanes and k both have.

    Parameters
    ----------
    spikes : ndarray of SPIKE
        As in `compare`.
    level, levels, lanes : int
        The level wanted, and the numbers of levels and lanes.

    Returns
    -------
    exact, euler : ndarray of int64
        Indices into `spikes`.

    Examples
    --------
    >>> from lifcore.schemes.state import SPIKE
    >>> two = np.array([(0, 0, 0, 0.5, 1.0, 0.0), (0, 0, 1, 0.75, 1.0, 0.0)], SPIKE)
    >>> [int(i[0]) for i in pair_up(two, 0, levels=1, lanes=1)]
    [0, 1]
    """
    order = np.arange(spikes.size, dtype=np.float64)
    first, position = _by_series_and_lane(spikes, order, levels, lanes)
    a, b = first[0], first[level + 1]
    both = np.minimum(a[1:] - a[:-1], b[1:] - b[:-1])
    k = np.arange(both.sum()) - np.repeat(np.cumsum(both) - both, both)
    exact = position[np.repeat(a[:-1], both) + k].astype(np.int64)
    euler = position[np.repeat(b[:-1], both) + k].astype(np.int64)
    return exact, euler


def _by_series_and_lane(
    spikes: np.ndarray, value: np.ndarray, levels: int, lanes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return where the values of each series and lane begin, and the values in that order."""
    columns = (np.ascontiguousarray(part) for part in (spikes["series"], spikes["lane"], value))
    first, ordered = _sorted(*columns, levels, lanes)  # type: ignore[call-arg]
    return first, ordered


@njit(nogil=True, cache=True)
def _sorted(series, lane, value, levels, lanes):
    # A counting sort: it keeps the order of time within each series and lane.
    first = np.zeros((levels + 1, lanes + 1), np.int64)
    for n in range(series.size):
        first[series[n], lane[n] + 1] += 1
    total = 0
    for s in range(levels + 1):
        first[s, 0] = total
        for k in range(lanes):
            first[s, k + 1] += first[s, k]
        total = first[s, lanes]
    place = first.copy()
    out = np.empty(series.size, np.float64)
    for n in range(series.size):
        out[place[series[n], lane[n]]] = value[n]
        place[series[n], lane[n]] += 1
    return first, out


@njit(nogil=True, cache=True)
def _up_to(times, begin, end, T):
    # Spikes in (0, T]; Euler's sit on the grid, where rounding must not push them past T.
    while end > begin and times[end - 1] > T * (1.0 + _ROUNDING):
        end -= 1
    return end - begin


@njit(nogil=True, cache=True)
def _compare(first, times, speeds, T, extra, distance, unpaired, slowest):
    levels, lanes = extra.shape
    for s in range(levels + 1):
        for k in range(lanes):
            begin = first[s, k]
            for m in range(begin, begin + _up_to(times, begin, first[s, k + 1], T)):
                slowest[s, k] = min(slowest[s, k], speeds[m])
    for s in range(levels):
        for k in range(lanes):
            a, b = first[0, k], first[s + 1, k]
            n_a = _up_to(times, a, first[0, k + 1], T)
            n_b = _up_to(times, b, first[s + 1, k + 1], T)
            extra[s, k] = n_b - n_a
            for m in range(min(n_a, n_b)):
                distance[s, k] = max(distance[s, k], abs(times[b + m] - times[a + m]))
            if n_b == n_a + 1:
                unpaired[s, k] = T - times[b + n_a]
            elif n_a == n_b + 1:
                unpaired[s, k] = T - times[a + n_b]
