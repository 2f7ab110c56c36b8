"""Spikes on their way from one layer to the next: sorted once, read by every target."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lifcore.noise.dispatch import borrowing


class Signals(NamedTuple):
    """The spikes of a layer over some steps, in order of series, step, path and time.

    ``first[s, n]`` to ``first[s, n + 1]`` are those of series s in step n. Series tell the
    exact solution and Euler's levels apart, which all run side by side. Paths and sources are
    unsigned, which spares the innermost loop a test for negative indices.

    Examples
    --------
    >>> silence(series=1, steps=4).first.shape
    (1, 5)
    """

    first: np.ndarray
    lane: np.ndarray
    source: np.ndarray
    time: np.ndarray


def silence(series: int, steps: int) -> Signals:
    """Return the signals of a layer that did not spike.

    Examples
    --------
    >>> silence(1, 2).lane.size
    0
    """
    nothing = np.empty(0, np.uint32)
    return Signals(np.zeros((series, steps + 1), np.int64), nothing, nothing, np.empty(0))


def sort_signals(
    spikes: np.ndarray, step: np.ndarray, series: int, steps: int, lanes: int, first_neuron: int
) -> Signals:
    """Return a layer's recorded spikes as signals to the next one.

    Parameters
    ----------
    spikes : ndarray of SPIKE
        All spikes of the layer, those of one neuron after those of the other.
    step : ndarray of int64
        In which step of its series each was.
    series, steps, lanes : int
        How many of each there are.
    first_neuron : int
        Number of the layer's first neuron, which becomes source 0.

    Returns
    -------
    Signals

    Examples
    --------
    >>> from lifcore.schemes.state import SPIKE
    >>> spikes = np.array([(1, 3, 0, 0.2, 1.0, 0.0), (0, 4, 0, 0.1, 1.0, 0.0)], SPIKE)
    >>> sort_signals(spikes, np.array([1, 1]), 1, 2, 256, 3).source.tolist()
    [1, 0]
    """
    cell = spikes["series"] * np.int64(steps) + step
    order = np.lexsort((spikes["time"], cell * lanes + spikes["lane"]))
    upto = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=series * steps))])
    first = upto[np.arange(series)[:, None] * steps + np.arange(steps + 1)]
    sorted_spikes = spikes[order]
    return Signals(
        first,
        sorted_spikes["lane"].astype(np.uint32),
        (sorted_spikes["neuron"] - first_neuron).astype(np.uint32),
        np.ascontiguousarray(sorted_spikes["time"]),
    )


@borrowing()
def deliver(signals, series, step, weight, i):
    """Add to the current of one neuron, on every path, what arrives in a step."""
    lane, source = signals.lane, signals.source
    for e in range(signals.first[series, step], signals.first[series, step + 1]):
        i[lane[e]] += weight[source[e]]
