"""What is on its way between two calls of a kernel, which carries some paths for some steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lifcore.networks.flights import FLIGHT, AtOnce, Flights, Flying
from lifcore.noise.dispatch import kernel, only_jitted
from lifcore.schemes.state import Recording


def nothing_yet(delayed: bool) -> AtOnce | Flights:
    """Return what flies at the beginning of a run.

    Examples
    --------
    >>> nothing_yet(True).table.size
    0
    """
    return Flights(np.empty(0, FLIGHT)) if delayed else AtOnce(0)


def of_lanes(air: AtOnce | Flights, first: int, last: int) -> tuple[AtOnce | Flights, Any]:
    """Return what flies in the paths `first` to `last` - 1, counted from `first`, and the rest.

    Examples
    --------
    >>> of_lanes(Flights(np.zeros(3, FLIGHT)), 1, 2)[1].size
    3
    """
    if isinstance(air, AtOnce):
        return air, None
    inside = (first <= air.table["lane"]) & (air.table["lane"] < last)
    own = air.table[inside]
    own["lane"] -= first
    return Flights(own), air.table[~inside]


def joined(others: Any, own: AtOnce | Flights, first: int) -> AtOnce | Flights:
    """Return both again, as one.

    Examples
    --------
    >>> joined(np.zeros(2, FLIGHT), Flights(np.zeros(1, FLIGHT)), 5).table["lane"].tolist()
    [0, 0, 5]
    """
    if isinstance(own, AtOnce):
        return own
    own.table["lane"] += first
    return Flights(np.concatenate([others, own.table]))


class Landing:
    """A kernel that returns what is still flying, as one that is called with a recording.

    Examples
    --------
    >>> one = Landing(lambda begun, recording: begun, AtOnce(0))
    >>> one(None); one.left
    AtOnce(nothing=0)
    """

    def __init__(self, kernel: Callable[..., Any], begun: AtOnce | Flights) -> None:
        self._kernel, self._begun = kernel, begun
        self.left = begun

    def __call__(self, recording: Recording | None) -> None:
        """Run the kernel, from the same beginning each time."""
        self.left = self._kernel(self._begun, recording)


def depart(begun, lane, series):
    """Return what flies to each series of a path at the beginning.

    Examples
    --------
    >>> from numba import njit
    >>> njit(lambda begun: depart(begun, 0, 3))(Flights(np.empty(0, FLIGHT))).rows.shape
    (3, 64)
    """
    raise only_jitted(begun)


def still_flying(air, lane, kept):
    """Return flights and those of a path that are still on their way.

    Examples
    --------
    >>> from numba import njit
    >>> none = Flights(np.empty(0, FLIGHT))
    >>> air = Flying(np.empty((2, 64), FLIGHT), np.array([0, 5]))
    >>> njit(lambda air, kept: still_flying(air, 0, kept))(air, none).table.size
    5
    """
    raise only_jitted(air)


def no_flights(begun):
    """Return an empty list of flights.

    Examples
    --------
    >>> from numba import njit
    >>> njit(lambda begun: no_flights(begun))(AtOnce(0))
    AtOnce(nothing=0)
    """
    raise only_jitted(begun)


@kernel(depart, AtOnce)
def _depart_at_once(begun, lane, series):
    return begun


@kernel(still_flying, AtOnce)
def _still_at_once(air, lane, kept):
    return kept


@kernel(no_flights, AtOnce)
def _none_at_once(begun):
    return begun


@kernel(depart, Flights)
def _depart(begun, lane, series):
    table, count, most = begun.table, np.zeros(series, np.int64), 0
    for m in range(table.size):
        if table[m].lane == lane:
            count[table[m].series] += 1
            most = max(most, count[table[m].series])
    rows = np.empty((series, max(64, 2 * most)), FLIGHT)
    count[:] = 0
    for m in range(table.size):
        if table[m].lane == lane:
            s = table[m].series
            rows[s, count[s]] = table[m]
            count[s] += 1
    return Flying(rows, count)


@kernel(still_flying, Flying)
def _still(air, lane, kept):
    size = m = kept.table.size
    for s in range(air.total.size):
        size += air.total[s]
    table = np.empty(size, FLIGHT)
    for k in range(m):
        table[k] = kept.table[k]
    for s in range(air.total.size):
        for k in range(air.total[s]):
            table[m] = air.rows[s, k]
            table[m].lane = lane
            m += 1
    return Flights(table)


@kernel(no_flights, Flights)
def _none(begun):
    return Flights(np.empty(0, FLIGHT))
