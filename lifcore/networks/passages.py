"""What passes from a layer to the next: at once, or late by the delays of its synapses."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from lifcore import checks
from lifcore.noise.streams import BLOCK
from lifcore.schemes.signals import Signals, silence, sort_signals
from lifcore.schemes.state import NO_SPIKES, Arrivals


class Grids(NamedTuple):
    """The steps of the series that run side by side: their sizes, and how many smallest each takes.

    Series 0 may be the exact solution, in which a spike arrives at its own time.

    Examples
    --------
    >>> Grids(np.array([0.5]), np.array([1]), exact=True).exact
    True
    """

    size: np.ndarray
    per_step: np.ndarray
    exact: bool


class Passage:
    """The synapses from one layer to the next, and the spikes that are on their way to it.

    With one delay for all, a spike is sorted in once for all targets; with one a synapse, for each
    target by itself.

    Examples
    --------
    >>> one = Passage(np.eye(2), 0.25, 0, Grids(np.array([0.5]), np.array([1]), exact=True))
    >>> spikes = np.zeros(1, NO_SPIKES.dtype)
    >>> spikes["time"] = 0.4
    >>> one.take(spikes, np.array([0]), 0, 4)
    >>> one.to(0).signals.first.tolist()
    [[0, 0, 1, 1, 1]]
    """

    def __init__(self, weights: Any, delays: Any, first: int, grids: Grids) -> None:
        self._weights, self._first, self._grids = weights, first, grids
        self._delays, self._own = delays, sparse.issparse(delays)
        longest = float(delays.data.max(initial=0.0)) if self._own else float(delays)
        self._longest = np.full((1, weights.shape[1]), longest)
        self._late = longest > 0.0
        self._waiting, self._step = NO_SPIKES, np.empty(0, np.int64)
        self._span, self._signals = (0, 0), silence(grids.size.size, 0)

    def take(self, spikes: np.ndarray, step: np.ndarray, begin: int, end: int) -> None:
        """Take the spikes of the smallest steps `begin` to `end`, in `step` counted from there.

        Examples
        --------
        >>> one = Passage(np.eye(2), 0.0, 0, Grids(np.ones(1), np.ones(1, int), exact=True))
        >>> one.take(NO_SPIKES, np.empty(0, np.int64), 0, 4)
        """
        # A series' step ends with the last of the steps it takes.
        own = (begin + step + 1) // self._grids.per_step[spikes["series"]] - 1
        self._span = (begin, end)
        if not self._late:
            self._signals = self._sorted(spikes, own)
            return
        self._waiting = np.concatenate([self._waiting, spikes])
        self._step = np.concatenate([self._step, own])
        if not self._own:
            self._signals = self._arriving(self._longest)

    def to(self, k: int) -> Arrivals:
        """Return what arrives at neuron k of the next layer in these steps.

        Examples
        --------
        >>> one = Passage(np.eye(2), 0.0, 0, Grids(np.ones(1), np.ones(1, int), exact=True))
        >>> one.take(NO_SPIKES, np.empty(0, np.int64), 0, 4)
        >>> one.to(1).weight.tolist()
        [0.0, 1.0]
        """
        matrix = self._weights
        # A copy of its own: kernels would be compiled once more for arrays that none may write to.
        row = matrix[[k]].toarray()[0] if sparse.issparse(matrix) else matrix[k].copy()
        if self._own:
            late = self._delays[[k]].toarray()
            return Arrivals(self._arriving(late, row != 0.0), row)
        return Arrivals(self._signals, row)

    def forget(self) -> None:
        """Drop the spikes that have arrived everywhere.

        Examples
        --------
        >>> one = Passage(np.eye(2), 0.0, 0, Grids(np.ones(1), np.ones(1, int), exact=True))
        >>> one.forget()
        """
        if self._late:
            step, _ = self._arrival(self._longest)
            still = self._last(step) >= self._span[1]
            self._waiting, self._step = self._waiting[still], self._step[still]

    def _arrival(self, delays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return in which step of its series each waiting spike arrives, and when; by source."""
        spikes, grids = self._waiting, self._grids
        delay = delays[0, spikes["neuron"] - self._first]
        time, step = spikes["time"] + delay, self._step.copy()
        for series, size in enumerate(grids.size):
            own = spikes["series"] == series
            if series == 0 and grids.exact:
                step[own] = np.maximum(step[own], np.floor(time[own] / size).astype(np.int64))
            else:
                step[own] += checks.delay_steps(delays[0], size)[
                    spikes["neuron"][own] - self._first
                ]
        return step, time

    def _last(self, step: np.ndarray) -> np.ndarray:
        """Return with which smallest step a series' step ends."""
        last: np.ndarray = (step + 1) * self._grids.per_step[self._waiting["series"]] - 1
        return last

    def _arriving(self, delays: np.ndarray, wanted: np.ndarray | None = None) -> Signals:
        step, time = self._arrival(delays)
        last = self._last(step)
        now = (self._span[0] <= last) & (last < self._span[1])
        if wanted is not None:
            now &= wanted[self._waiting["neuron"] - self._first]
        spikes = self._waiting[now]
        spikes["time"] = time[now]
        return self._sorted(spikes, step[now])

    def _sorted(self, spikes: np.ndarray, step: np.ndarray) -> Signals:
        begin, end = self._span
        from_begin = step - begin // self._grids.per_step[spikes["series"]]
        series = self._grids.size.size
        return sort_signals(spikes, from_begin, series, end - begin, BLOCK, self._first)
