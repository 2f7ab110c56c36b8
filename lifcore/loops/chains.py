"""Causal chains of spikes: how many links the longest one into each path has."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable

import numpy as np
from numba import njit

from lifcore import checks
from lifcore.models.networks import Recurrent
from lifcore.networks.synapses import Synapses, by_source


def chain_lengths(
    model: Recurrent, spikes: np.ndarray, paths: int, T: float = math.inf
) -> np.ndarray:
    """Return the number of synaptic events in the longest causal chain of each path.

    Parameters
    ----------
    model : Recurrent
        The network.
    spikes : ndarray
        All spikes, as `lifcore.simulate_spikes` returns them. Of Euler's, which spike together
        at the ends of steps, those of one step do not cause each other.
    paths : int
        Number of paths.
    T : float, optional
        Up to when synaptic events count, which delays let happen after the last spike.

    Returns
    -------
    ndarray of int64, shape (paths,)

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> ring = Recurrent(LIF(mu=1.5, sigma=0.0), np.roll(0.3 * np.eye(4), 1, axis=0))
    >>> from lifcore import simulate_spikes
    >>> spikes = simulate_spikes(ring, h=0.5, T=2.5, paths=1, seed=1, scheme="exact")
    >>> chain_lengths(ring, spikes, 1).tolist()
    [2]
    """
    checks.instance("model", model, Recurrent)
    checks.no_poisson("model", model)
    T = checks.real("T", T, above=0.0, infinite=True)
    paths = checks.count("paths", paths)
    spikes = checks.spikes(spikes, paths, model.sizes[0])
    ordered = spikes[np.lexsort((spikes["neuron"], spikes["time"], spikes["path"]))]
    columns = ordered["path"], ordered["neuron"], np.zeros(ordered.size, np.int64), ordered["time"]
    return block_chains(columns, by_source(model.weights, model.delays), paths, 1, T)[0]


def block_chains(
    columns: Iterable[np.ndarray], synapses: Synapses, lanes: int, series: int, T: float = math.inf
) -> np.ndarray:
    """Return the longest chains, shape (series, lanes), of spikes in order of lane and time.

    `columns` are lane, neuron, series and time. The last series is the network itself; row
    k < series - 1 has the chains of its spikes and those of series 0 to k - 1, the last row those
    of its own spikes alone. Events after T do not count.

    Examples
    --------
    >>> from lifcore.networks.synapses import by_source
    >>> columns = [np.array(c) for c in ([0, 0], [0, 1], [0, 0], [0.5, 1.0])]
    >>> block_chains(columns, by_source([[0.0, 0.0], [1.0, 0.0]]), 1, 1).tolist()
    [[1]]
    """
    out = np.zeros((series, lanes), np.int64)
    types = np.int64, np.int64, np.int64, np.float64
    own = [np.ascontiguousarray(c, of) for c, of in zip(columns, types, strict=True)]
    if synapses.delay.size > 0:
        _longest_late(*own, synapses, T, out)  # type: ignore[call-arg]
    else:
        _longest(*own, synapses, out)  # type: ignore[call-arg]
    return out


@njit(nogil=True, cache=True)
def _longest(lane, neuron, series, time, synapses, out):
    last = out.shape[0] - 1
    length = np.empty(lane.size, np.int64)
    for row in range(last + 1):
        reached = np.zeros(synapses.first.size - 1, np.int64)  # the longest chain to end at each
        now = 0
        while now < lane.size:
            if now > 0 and lane[now] != lane[now - 1]:
                reached[:] = 0
            # Spikes of one instant do not cause each other.
            end = now
            while end < lane.size and lane[end] == lane[now] and time[end] == time[now]:
                length[end] = reached[neuron[end]] + 1
                end += 1
            for m in range(now, end):
                if series[m] == last or (series[m] < row and row < last):
                    for e in range(synapses.first[neuron[m]], synapses.first[neuron[m] + 1]):
                        k = synapses.target[e]
                        reached[k] = max(reached[k], length[m])
                        out[row, lane[m]] = max(out[row, lane[m]], length[m])
            now = end


@njit(nogil=True, cache=True)
def _longest_late(lane, neuron, series, time, synapses, T, out):
    last = out.shape[0] - 1
    coming = [(0.0, 0, 0)]  # events on their way: when, at which neuron, how many links
    for row in range(last + 1):
        reached = np.zeros(synapses.first.size - 1, np.int64)
        coming.clear()
        for m in range(lane.size):
            if m > 0 and lane[m] != lane[m - 1]:
                reached[:] = 0
                coming.clear()
            # An event at the very time of a spike does not cause it.
            while len(coming) > 0 and coming[0][0] < time[m]:
                _, k, links = heapq.heappop(coming)
                reached[k] = max(reached[k], links)
            if not (series[m] == last or (series[m] < row and row < last)):
                continue
            links = reached[neuron[m]] + 1
            for e in range(synapses.first[neuron[m]], synapses.first[neuron[m] + 1]):
                at = time[m] + synapses.delay[e]
                if at <= T:
                    heapq.heappush(coming, (at, np.int64(synapses.target[e]), links))
                    out[row, lane[m]] = max(out[row, lane[m]], links)
