"""Spikes on their way: those whose last synapse has not delivered yet, one list a receiver.

A spike of source j in step n, a time s after the step's beginning, arrives in step m by the
synapses whose s + delay - (m - n) h is below h and has not been so before; on a grid, at the end of
step n + delay in steps. Synapses of a source stand in order of delay, so that one number says which
have delivered. A receiver takes its arrivals in order of spikes, and those of a spike by delay and
target: the same order, whether it hears itself or a solution with the same spikes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from lifcore.networks.synapses import Synapses
from lifcore.noise.dispatch import kernel, only_jitted

FLIGHT = np.dtype(
    [
        ("lane", np.int32),
        ("series", np.int32),
        ("source", np.int32),
        ("next", np.int64),
        ("step", np.int64),
        ("time", np.float64),
    ]
)
"""A spike on its way: path, the series it flies to, its source, the next synapse to deliver, its
step and the time since that began (0 on a grid)."""


class AtOnce(NamedTuple):
    """Stands for what flies in a network without delays: nothing ever does.

    Examples
    --------
    >>> AtOnce(0).nothing
    0
    """

    nothing: int


class Flights(NamedTuple):
    """What flies in some paths, as one array of FLIGHT.

    Examples
    --------
    >>> Flights(np.empty(3, FLIGHT)).table.size
    3
    """

    table: np.ndarray


class Flying(NamedTuple):
    """What flies to each series of a path: rows of FLIGHT, in order of spikes, and their number.

    Examples
    --------
    >>> Flying._fields
    ('rows', 'total')
    """

    rows: np.ndarray
    total: np.ndarray


class Bound(NamedTuple):
    """What flies to one series: its row, how many as an array of one, and the synapses' delays.

    Examples
    --------
    >>> Bound._fields
    ('row', 'total', 'delay')
    """

    row: np.ndarray
    total: np.ndarray
    delay: np.ndarray


def by_delay(synapses: Synapses) -> Synapses:
    """Return the synapses with those of each source in order of delay, then of target.

    Examples
    --------
    >>> given = Synapses(*(np.array(x) for x in ([0, 2], [4, 7], [1.0, 2.0], [0.5, 0.25])))
    >>> by_delay(given).target.tolist()
    [7, 4]
    """
    source = np.repeat(np.arange(synapses.first.size - 1), np.diff(synapses.first))
    order = np.lexsort((synapses.delay, source))  # stable: of equal delays the targets stay put
    rest = (part[order] for part in (synapses.target, synapses.weight, synapses.delay))
    return Synapses(synapses.first, *rest)


@njit(nogil=True, cache=True)
def reaching(delay, e, last, since, h):
    """Return up to which of the synapses `e` to `last` a spike arrives within a step.

    `since` is the time from the step's beginning to the spike, negative for one of earlier steps.
    """
    while e < last and since + delay[e] < h:
        e += 1
    return e


def launch(air, series, spikes, span, n, synapses):
    """Add spikes of step n to what flies to a series; return the room, which may be a larger one.

    `spikes` are two lists, of sources and of times from the step's beginning, of which those from
    number ``span[0]`` to ``span[1]`` are meant.

    Examples
    --------
    >>> from lifcore.networks.synapses import by_source
    >>> air = Flying(np.empty((1, 64), FLIGHT), np.zeros(1, np.int64))
    >>> one = by_source([[0.0, 1.0], [0.0, 0.0]], 0.5)
    >>> spikes = np.array([0, 1]), np.array([0.1, 0.2])
    >>> njit(lambda air: launch(air, 0, spikes, (0, 2), 7, one))(air).total.tolist()
    [1]
    """
    raise only_jitted(air)


def launch_own(air, series, spikes, span, at, synapses):
    """Add a series' own spikes of a step, in which it has delivered what arrives within it.

    `at` are the number of the step and its length.

    Examples
    --------
    >>> njit(lambda air: launch_own(air, 0, None, (0, 0), (7, 0.5), None))(AtOnce(0))
    AtOnce(nothing=0)
    """
    raise only_jitted(air)


def bound_for(air, series, delay):
    """Return what flies to a series.

    Examples
    --------
    >>> air = Flying(np.empty((2, 64), FLIGHT), np.array([0, 5]))
    >>> njit(lambda air: bound_for(air, 1, np.zeros(3)))(air).total.tolist()
    [5]
    """
    raise only_jitted(air)


def any_due(bound, n, h):
    """Return whether anything arrives in step n.

    Examples
    --------
    >>> njit(lambda bound: any_due(bound, 7, 0.5))(AtOnce(0))
    False
    """
    raise only_jitted(bound)


@kernel(launch, AtOnce)
def _launch_at_once(air, series, spikes, span, n, synapses):
    return air


@kernel(launch_own, AtOnce)
def _launch_own_at_once(air, series, spikes, span, at, synapses):
    return air


@kernel(bound_for, AtOnce)
def _bound_at_once(air, series, delay):
    return air


@kernel(any_due, AtOnce)
def _due_at_once(bound, n, h):
    return False


@kernel(launch, Flying)
def _launch(air, series, spikes, span, n, synapses):
    rows, count = air
    sources, times = spikes
    needed = count[series] + span[1] - span[0]
    if needed > rows.shape[1]:
        larger = np.empty((rows.shape[0], 2 * needed), FLIGHT)
        for s in range(rows.shape[0]):
            for m in range(count[s]):
                larger[s, m] = rows[s, m]
        rows = larger
    for m in range(span[0], span[1]):
        j = sources[m]
        if synapses.first[j] == synapses.first[j + 1]:
            continue
        one = rows[series, count[series]]
        one.lane, one.series, one.source, one.step = 0, series, j, n
        one.next, one.time = synapses.first[j], times[m]
        count[series] += 1
    return Flying(rows, count)


@kernel(launch_own, Flying)
def _launch_own(air, series, spikes, span, at, synapses):
    begin = air.total[series]
    more = launch(air, series, spikes, span, at[0], synapses)
    kept = begin
    for m in range(begin, more.total[series]):
        one = more.rows[series, m]
        last = synapses.first[one.source + 1]
        one.next = reaching(synapses.delay, one.next, last, one.time, at[1])
        if one.next < last:
            more.rows[series, kept] = one
            kept += 1
    more.total[series] = kept
    return more


@kernel(bound_for, Flying)
def _bound(air, series, delay):
    return Bound(air.rows[series], air.total[series : series + 1], delay)


@kernel(any_due, Bound)
def _due(bound, n, h):
    for m in range(bound.total[0]):
        one = bound.row[m]
        if one.time - (n - one.step) * h + bound.delay[one.next] < h:
            return True
    return False
