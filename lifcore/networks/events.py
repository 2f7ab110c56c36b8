"""Poisson input of exact solutions: events at random times, as spikes from sources of their own.

Behind the neurons stands a source for each input of each neuron, with one synapse and no delay. Its
events are drawn some steps ahead and put among the spikes on their way
(`lifcore.networks.flights`): with their times to exact series, with their steps to those on a grid,
at whose ends they arrive. How many a step has is drawn as in `lifcore.networks.late`, and is the
same there; the times are uniform in the step.

Source: J. F. C. Kingman (1993), Poisson Processes, section 2.4: given their number, the events of
an interval are independent and uniform.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numba import njit

from lifcore.models.networks import Recurrent
from lifcore.networks.flights import FLIGHT, AtOnce, Flights
from lifcore.networks.series import Setup
from lifcore.networks.synapses import rates_and_weights
from lifcore.noise.counts import CountTables, count_tables, draw_counts
from lifcore.noise.lanes import lane_states, next_word, unit

INPUTS = 2
"""The first of a path's streams that Poisson input takes; 0 and 1 are the noise's."""

TOGETHER = 256
"""Events that are put among the spikes at once, about; each of their steps looks at them all."""


class Events:
    """The events of some paths, drawn in chunks of steps.

    Parameters
    ----------
    model : Recurrent
        The network.
    ready : Setup
        The same for the kernel.
    seed : SeedSequence
        The request's.
    first, last : int
        Paths `first` to `last` - 1.

    Examples
    --------
    >>> from lifcore.models import LIF, PoissonInput
    >>> from lifcore.networks.series import ITSELF, Series, setup
    >>> model = Recurrent(LIF(), np.zeros((2, 2)), poisson=PoissonInput(4.0, 0.5))
    >>> ready = setup(model, Series((ITSELF,), (), ()), 0.25)
    >>> events = Events(model, ready, np.random.SeedSequence(1), 0, 3)
    >>> events.chunk
    128
    """

    def __init__(
        self, model: Recurrent, ready: Setup, seed: np.random.SeedSequence, first: int, last: int
    ) -> None:
        rates, _ = rates_and_weights(model)
        inputs, neurons = rates.shape
        self._h = ready.circuit.kinds.h
        self._synapse = int(ready.circuit.synapses.first[neurons])
        self._per_step = np.append(np.zeros(ready.exact_input.size, np.int64), ready.per_step)
        self._tables = count_tables(self._h * rates)
        self._words = np.empty((2, last - first, inputs, 4, neurons), np.uint64)
        for p in range(first, last):
            for m in range(2 * inputs):  # how many, and when
                part, own = divmod(m, inputs)
                self._words[part, p - first, own] = lane_states(seed, p, INPUTS + m, neurons)
        # Of the model alone, not of portions: in which order arrivals are added depends on it.
        expected = self._h * float(rates.sum())
        self.chunk = int(np.clip(TOGETHER / max(expected, 1e-9), 1, 1024))

    def chunks(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the parts of a span of steps that lie within one chunk each.

        Examples
        --------
        >>> from lifcore.models import LIF, PoissonInput
        >>> from lifcore.networks.series import ITSELF, Series, setup
        >>> model = Recurrent(LIF(), np.zeros((2, 2)), poisson=PoissonInput(4.0, 0.5))
        >>> ready = setup(model, Series((ITSELF,), (), ()), 0.25)
        >>> events = Events(model, ready, np.random.SeedSequence(1), 0, 3)
        >>> list(events.chunks(100, 300))
        [(100, 128), (128, 256), (256, 300)]
        """
        while begin < end:
            last = min(end, (begin // self.chunk + 1) * self.chunk)
            yield begin, last
            begin = last

    def launched(
        self, air: AtOnce | Flights, paths: tuple[int, int], begin: int
    ) -> AtOnce | Flights:
        """Return what flies in some paths, with the events of the chunk if one begins there.

        Examples
        --------
        >>> from lifcore.models import LIF, PoissonInput
        >>> from lifcore.networks.series import ITSELF, Series, setup
        >>> model = Recurrent(LIF(), np.zeros((2, 2)), poisson=PoissonInput(4.0, 0.5))
        >>> ready = setup(model, Series((ITSELF,), (), ()), 0.25)
        >>> events = Events(model, ready, np.random.SeedSequence(1), 0, 3)
        >>> 600 < events.launched(Flights(np.empty(0, FLIGHT)), (0, 3), 128).table.size < 900
        True
        """
        if begin % self.chunk != 0:
            return air
        assert isinstance(air, Flights)  # inputs have delays, of 0
        parts = [air.table]
        for p in range(*paths):
            counts = _counts(self._tables, self._words[0, p], self.chunk)
            fresh = np.empty(int(counts.sum()) * self._per_step.size, FLIGHT)
            fresh["lane"] = p - paths[0]
            at = (begin, self._h, self._synapse)
            _fill(fresh, counts, self._words[1, p], at, self._per_step)
            parts.append(fresh)
        return Flights(np.concatenate(parts))


@njit(nogil=True, cache=True)
def _counts(tables, words, steps):
    """Return how many events each step brings, shape (inputs, steps, neurons)."""
    counts = np.empty((words.shape[0], steps, words.shape[2]), np.int64)
    for m in range(counts.shape[0]):
        own = CountTables(
            tables.kind[m], tables.first, tables.low, tables.guide, tables.chance
        )  # fmt: skip
        draw_counts(own, words[m], 0, counts[m])
    return counts


@njit(nogil=True, cache=True)
def _fill(fresh, counts, words, at, per_step):
    """Write down all events, for each series; a series that is exact takes 0 steps of itself."""
    begin, h, synapse = at
    inputs, steps, neurons = counts.shape
    place = 0
    for m in range(inputs):
        for k in range(neurons):
            for n in range(steps):
                for _ in range(counts[m, n, k]):
                    time = h * unit(next_word(words[m], k))
                    for s in range(per_step.size):
                        one = fresh[place]
                        one.series, one.source = s, neurons + m * neurons + k
                        one.next = synapse + m * neurons + k
                        one.step, one.time = begin + n, time
                        if per_step[s] > 0:
                            one.step, one.time = (begin + n) // per_step[s], 0.0
                        place += 1
