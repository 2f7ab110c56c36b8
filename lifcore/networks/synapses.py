"""The synapses of a network with loops, by source: what a spike delivers is one run of memory."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from scipy import sparse


class Synapses(NamedTuple):
    """The synapses ``first[j]`` to ``first[j + 1]`` are those of source j, in order of target.

    Examples
    --------
    >>> by_source([[0.0, 2.0], [1.0, 3.0]]).target.tolist()
    [1, 0, 1]
    """

    first: np.ndarray
    target: np.ndarray
    weight: np.ndarray


def by_source(weights: Any) -> Synapses:
    """Return the synapses of a matrix of weights; those of weight zero are none.

    Parameters
    ----------
    weights : array_like or scipy.sparse array, shape (targets, sources)
        The matrix.

    Returns
    -------
    Synapses
        12 bytes a synapse.

    Examples
    --------
    >>> by_source([[0.0, 2.0], [1.0, 3.0]]).weight.tolist()
    [1.0, 2.0, 3.0]
    """
    columns = sparse.csc_array(weights, dtype=np.float64, copy=True)
    columns.eliminate_zeros()
    columns.sort_indices()
    target = columns.indices.astype(np.uint32, copy=False)
    return Synapses(columns.indptr.astype(np.int64), target, columns.data)


@njit(nogil=True, cache=True)
def deliver_spike(synapses, source, i):
    """Add to the currents of all targets what a spike of `source` brings them."""
    target, weight = synapses.target, synapses.weight
    for e in range(synapses.first[source], synapses.first[source + 1]):
        i[target[e]] += weight[e]
