r"""Synchrony: how often two neurons spike in one step, and what that is in the limit.

With the density nu(u) of pairs of spikes at the lag u (the cross-correlogram, spikes squared per
time squared), two neurons spike in the same step of length h, per unit of time,

.. math:: h\,C_h, \qquad C_h = \int_{-h}^{h} (1 - |u|/h)\,\nu(u)\,du/h \longrightarrow
    \tfrac12 (\nu(0^+) + \nu(0^-)) \quad (h \to 0)

times: the same for each of the two, if nothing correlates them, as the product of their rates.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from lifcore import checks

ROUNDING = 1e-9
"""What a time on a grid may be off by, in units of the grid; continuous times do not notice."""


def coincidences(
    spikes: np.ndarray, h: Sequence[float] | np.ndarray, *, paths: int, neurons: int
) -> np.ndarray:
    """Return in how many steps two given neurons both spike, the mean over all pairs.

    Parameters
    ----------
    spikes : ndarray
        All spikes of a network, as `lifcore.simulate_spikes` returns them.
    h : sequence of float
        Lengths of a step; step n holds the times in ((n - 1) h, n h].
    paths, neurons : int
        Their numbers.

    Returns
    -------
    ndarray, shape (len(h), paths)

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or a time is negative or not finite.

    Examples
    --------
    >>> spikes = np.array(
    ...     [(0, 0, 0.30), (0, 1, 0.45), (0, 1, 0.95)],
    ...     [("path", "i8"), ("neuron", "i4"), ("time", "f8")],
    ... )
    >>> coincidences(spikes, [0.25, 0.1], paths=1, neurons=2).tolist()
    [[1.0], [0.0]]
    """
    sizes = checks.positive("h", h)
    paths, neurons = checks.count("paths", paths), checks.count("neurons", neurons, at_least=2)
    spikes = checks.spikes(spikes, paths, neurons)
    last = float(spikes["time"].max(initial=0.0))
    if spikes["time"].min(initial=0.0) < 0.0:
        raise ValueError(f"spikes: time is {spikes['time'].min()}; allowed: times >= 0")
    if paths * (last / sizes.min() + 2.0) * neurons >= 2.0**63:
        raise ValueError(
            f"h = {sizes.min().item()!r} makes too many steps up to the last spike at {last!r}; "
            f"allowed: fewer than 2**63 of all {paths} paths and {neurons} neurons"
        )
    out = np.empty((sizes.size, paths))
    for row, size in zip(out, sizes, strict=True):
        # A neuron counts once a step. Euler's times are multiples of h up to rounding.
        steps = spikes["time"] / size
        step = np.ceil(np.maximum(steps - ROUNDING * (1.0 + 1e-3 * steps), 0.0)).astype(np.int64)
        cell = spikes["path"] * (step.max(initial=0) + 1) + step
        # Without counts np.unique hashes, which for such integers took 80 times as long.
        once = np.unique(cell * neurons + spikes["neuron"], return_counts=True)[0]
        cells, together = np.unique(once // neurons, return_counts=True)
        path = cells // (step.max(initial=0) + 1)
        row[:] = np.bincount(path, together * (together - 1) / 2, paths)
    return out / (neurons * (neurons - 1) / 2)


def correlogram(
    spikes: np.ndarray, *, width: float, bins: int, T: float, paths: int, neurons: int
) -> np.ndarray:
    """Return the density of pairs of spikes of two different neurons by their distance.

    Bin k holds the distances from k `width` on and below (k + 1) `width`, for lags of both signs.
    Two spikes at one instant, which a grid makes frequent, have the lag 0 of either sign and count
    twice: so bins that are m steps of a grid wide hold 2 m lags each, the first one too.

    Parameters
    ----------
    spikes : ndarray
        As in `coincidences`.
    width : float
        Width of a bin; of spikes on a grid, a whole multiple of its step.
    bins : int
        Number of bins, from distance 0 on.
    T : float
        Length of the window that holds all spikes.
    paths, neurons : int
        Their numbers.

    Returns
    -------
    ndarray, shape (bins, paths)
        Mean over all pairs, per time squared.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or the spikes do not fit into the window.

    Examples
    --------
    >>> spikes = np.array(
    ...     [(0, 0, 0.30), (0, 1, 0.45), (0, 1, 0.95)],
    ...     [("path", "i8"), ("neuron", "i4"), ("time", "f8")],
    ... )
    >>> correlogram(spikes, width=0.1, bins=2, T=1.0, paths=1, neurons=2).round(2).tolist()
    [[0.0], [5.88]]
    """
    width, T = checks.real("width", width, above=0.0), checks.real("T", T, above=0.0)
    bins, paths = checks.count("bins", bins), checks.count("paths", paths)
    neurons = checks.count("neurons", neurons, at_least=2)
    if bins * width >= T:
        raise ValueError(f"bins * width = {bins * width!r}; allowed: below T = {T!r}")
    spikes = checks.spikes(spikes, paths, neurons)
    span = float(np.ptp(spikes["time"])) if spikes.size else 0.0
    if span > T * (1.0 + ROUNDING):
        raise ValueError(f"the spikes span {span!r}; allowed: up to the window's T = {T!r}")
    order = np.lexsort((spikes["time"], spikes["path"]))
    columns = [np.ascontiguousarray(spikes[name][order]) for name in ("path", "neuron", "time")]
    out = np.zeros((bins, paths))
    _count_distances(*columns, width, out)  # type: ignore[call-arg]
    # Of lags around u a window of length T holds the share (T - |u|)/T.
    middle = width * (np.arange(bins) + 0.5)
    seen = 2.0 * width * (T - middle) * (neurons * (neurons - 1) / 2)
    return out / seen[:, None]


@njit(nogil=True, cache=True)
def _count_distances(path, neuron, time, width, out):
    for a in range(path.size):
        for b in range(a + 1, path.size):
            # Compared as a float: an integer made of a large or infinite one is anything.
            bins = (time[b] - time[a]) / width + ROUNDING
            if path[b] != path[a] or not bins < out.shape[0]:
                break
            if neuron[b] != neuron[a]:
                out[int(bins), path[a]] += 2.0 if time[b] == time[a] else 1.0
