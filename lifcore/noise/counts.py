"""Poisson counts in lanes: how many events a step brings, by the inverse of their distribution.

A count takes one word of a neuron's stream: its upper 52 bits are a number u in [0, 1), and the
count is the first k whose distribution function exceeds u. A guide of 1024 entries says it for all
words that begin with the same ten bits, or where the search begins if it is not the same for all;
with a mean of 2 that is one word in a hundred.

Source: L. Devroye (1986), Non-Uniform Random Variate Generation, section III.2.4 (guide tables).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from lifcore.noise.dispatch import borrowing
from lifcore.noise.lanes import unit

GUIDE = 1024
"""Entries of the guide."""

LARGEST = 1e6
"""The largest mean of a count for which a table is made."""

_17, _19, _23, _41, _45 = (np.uint64(n) for n in (17, 19, 23, 41, 45))
_TOP = np.uint64(54)  # the upper ten bits of a word choose the guide's entry


class CountTables(NamedTuple):
    """Distribution functions of counts, one after the other, a kind for each different mean.

    ``kind`` has the shape of the means. Kind k has its table at ``first[k]``, for counts from
    ``low[k]`` on, and its guide in ``guide[k]``: a count, or -1 minus the place where to search.

    Examples
    --------
    >>> count_tables(np.array([2.0, 0.5, 2.0])).kind.tolist()
    [1, 0, 1]
    """

    kind: np.ndarray
    first: np.ndarray
    low: np.ndarray
    guide: np.ndarray
    chance: np.ndarray


def count_tables(means: np.ndarray) -> CountTables:
    """Return the tables for counts of some means.

    What they leave out, on either side, has a probability below 1e-20.

    Parameters
    ----------
    means : ndarray
        Of any shape; each from 0 to LARGEST.

    Returns
    -------
    CountTables

    Examples
    --------
    >>> tables = count_tables(np.array([0.0]))
    >>> float(tables.chance[0])
    1.0
    """
    different, kind = np.unique(means, return_inverse=True)
    low = np.maximum(0, np.floor(different - 9.5 * np.sqrt(different) - 20.0)).astype(np.int64)
    high = np.ceil(different + 9.5 * np.sqrt(different) + 40.0).astype(np.int64)
    tables, guides, first = [], [], [0]
    for mean, begin, end in zip(different, low, high, strict=True):
        table = special.pdtr(np.arange(begin, end), mean)
        table[-1] = 2.0  # no number in [0, 1) is beyond
        tables.append(table)
        edges = np.arange(GUIDE + 1) / GUIDE
        least = np.searchsorted(table, edges[:-1], side="right")
        most = np.searchsorted(table, edges[1:], side="left")
        guides.append(np.where(least == most, begin + least, -1 - (first[-1] + least)))
        first.append(first[-1] + table.size)
    return CountTables(
        kind.reshape(np.shape(means)).astype(np.int32),
        np.array(first[:-1], np.int64),
        low,
        np.array(guides, np.int64).reshape(-1, GUIDE),
        np.concatenate([*tables, np.empty(0)]),
    )


@borrowing()
def count_of(tables, kind, word):
    """Return the count of a kind that a word stands for."""
    count = tables.guide[kind, word >> _TOP]
    if count >= 0:
        return count
    u, j = unit(word), -1 - count
    while u >= tables.chance[j]:
        j += 1
    return tables.low[kind] + j - tables.first[kind]


@borrowing()
def draw_counts(tables, states, first, out):
    """Fill the rows of `out` with counts of lanes from `first` on, one column a lane.

    `tables.kind` and `states`, shape (4, lanes), are of all lanes. A lane draws its rows one after
    the other, so that no count depends on how many a call draws.
    """
    for k in range(out.shape[1]):
        lane = first + k
        kind = tables.kind[lane]
        a, b, c, d = states[0, lane], states[1, lane], states[2, lane], states[3, lane]
        for r in range(out.shape[0]):  # as `next_word`, the state in registers
            x = a + d
            out[r, k] = count_of(tables, kind, ((x << _23) | (x >> _41)) + a)
            shifted = b << _17
            c ^= a
            d ^= b
            b ^= c
            a ^= d
            c ^= shifted
            d = (d << _45) | (d >> _19)
        states[0, lane], states[1, lane], states[2, lane], states[3, lane] = a, b, c, d


@borrowing()
def add_events(weight, first, even, counts, i):
    """Add to `i` the weight of each event; if they are `even`, all weights from `first` on."""
    if even:
        one = weight[first]
        for k in range(i.size):
            i[k] += one * counts[k]
    else:
        for k in range(i.size):
            i[k] += weight[first + k] * counts[k]
