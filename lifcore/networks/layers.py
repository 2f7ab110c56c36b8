"""One block of a network, layer by layer: what passes between layers, and what is kept of it.

Nothing flows back in a `Feedforward` network, so a layer can be carried over many steps
before the next one begins, and a neuron over many steps before its neighbour: all that a
kernel touches then stays in the processor's first cache, and each neuron has its own noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from lifcore.models.networks import Feedforward
from lifcore.networks.passages import Grids, Passage
from lifcore.noise.streams import BLOCK
from lifcore.schemes.portions import portions, watch
from lifcore.schemes.signals import silence
from lifcore.schemes.state import SPIKE, Arrivals, Recording

CHUNK = 2048
"""Steps for which a layer's spikes are kept, at most, before the next layer takes them over."""

ALONE = 64
"""So many times as many steps are taken at once where nobody waits for a layer's spikes."""

ROOM = 1 << 20
"""Spikes that a buffer has room for at first, at most: 40 MB."""

Advance = Callable[[int, int, int, Arrivals, bool], tuple[np.ndarray, np.ndarray]]


class Recorder:
    """A buffer that grows, for kernels that record spikes.

    Examples
    --------
    >>> def kernel(recording):
    ...     recording.recorded[0] = 3
    >>> Recorder(1).run(kernel, 2, (), ())[0].size
    3
    """

    def __init__(self, size: int) -> None:
        # It grows if it has to: what a long run may need in all would not fit into memory.
        self._spikes = np.empty(min(size, ROOM), SPIKE)

    def run(
        self,
        kernel: Callable[[Recording], None],
        steps: int,
        streams: Sequence[Any],
        arrays: Sequence[np.ndarray],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run a kernel over some steps, again from where it began if the buffer was too small.

        Parameters
        ----------
        kernel : callable
            Called with a recording, in which it counts on when the buffer is full.
        steps : int
            Number of steps.
        streams : sequence
            Those that the kernel draws from: generators, or other `lifcore.noise.sources`.
        arrays : sequence of ndarray
            Those that it changes.

        Returns
        -------
        spikes : ndarray of SPIKE
        step : ndarray of int64
            In which of the steps each was recorded.

        Examples
        --------
        >>> def kernel(recording):
        ...     recording.recorded[0], recording.marks[1:] = 1, 1
        >>> Recorder(8).run(kernel, 2, (), ())[1].tolist()
        [0]
        """
        generators = [stream for stream in streams if isinstance(stream, np.random.Generator)]
        arrays = [*arrays, *(a for stream in streams if isinstance(stream, tuple) for a in stream)]
        states = [generator.bit_generator.state for generator in generators]
        begun = [array.copy() for array in arrays]
        recorded, marks = np.zeros(1, np.int64), np.zeros(steps + 1, np.int64)
        kernel(Recording(self._spikes, recorded, marks))
        needed = int(recorded[0])
        if needed > self._spikes.size:
            for generator, state in zip(generators, states, strict=True):
                generator.bit_generator.state = state
            for array, before in zip(arrays, begun, strict=True):
                array[...] = before
            self._spikes = np.empty(needed + needed // 4, SPIKE)
            recorded[0] = 0
            kernel(Recording(self._spikes, recorded, marks))
        return self._spikes[:needed].copy(), np.repeat(np.arange(steps), np.diff(marks))


def run_layers(
    model: Feedforward,
    advance: Advance,
    stops: Sequence[int],
    grids: Grids,
    record: bool,
    lanes: int = BLOCK,
) -> Iterator[list[np.ndarray]]:
    """Carry a block through a network, and pause at each of some steps.

    Parameters
    ----------
    model : Feedforward
        The network.
    advance : callable
        ``advance(neuron, begin, end, arrivals, record)`` carries a neuron from step `begin` to
        step `end` and returns its spikes and their steps, counted from `begin`.
    stops : sequence of int
        Increasing numbers of steps.
    grids : Grids
        The steps of each series.
    record : bool
        Whether to keep the spikes; those that drive a layer are recorded in any case.
    lanes : int, optional
        Of how many lanes they are kept.

    Yields
    ------
    list of ndarray of SPIKE
        At each stop, the spikes since the last one.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> from lifcore.schemes.state import NO_SPIKES
    >>> def quiet(*request):
    ...     return NO_SPIKES, np.empty(0, np.int64)
    >>> grids = Grids(np.ones(1), np.ones(1, int), exact=True)
    >>> list(run_layers(Feedforward([LIF()], []), quiet, [4], grids, record=False))
    [[]]
    """
    kept: list[np.ndarray] = []
    alone, passages = len(model.sizes) == 1 and not record, _passages(model, grids)
    for begin, end in _spans(stops, sum(model.sizes), CHUNK * (ALONE if alone else 1)):
        first = 0
        for number, size in enumerate(model.sizes):
            drives = number + 1 < len(model.sizes)
            if number == 0:
                # One object for all neurons: what is asked of it is that nothing arrives.
                nothing = Arrivals(silence(grids.size.size, end - begin), np.empty(0))
                rows = (nothing for _ in range(size))
            else:
                rows = (passages[number - 1].to(k) for k in range(size))
            found = [
                _advance(advance, first + k, begin, end, arrivals, record or drives)
                for k, arrivals in enumerate(rows)
            ]
            if number > 0:
                passages[number - 1].forget()
            spikes, step = (np.concatenate(part) for part in zip(*found, strict=True))
            if record:
                kept.append(spikes if lanes >= BLOCK else spikes[spikes["lane"] < lanes])
            if drives:
                passages[number].take(spikes, step, begin, end)
            first += size
        if end in stops:
            yield kept
            kept = []


def _spans(stops: Sequence[int], neurons: int, most: int) -> Iterator[tuple[int, int]]:
    """Yield spans of at most so many steps, up to every stop."""
    for begin, end in pairwise([0, *stops]):
        share = (end - begin) / stops[-1]
        yield from portions(begin, end, most=most, calls=neurons, share=share)


def _advance(
    advance: Advance, j: int, begin: int, end: int, arrivals: Arrivals, record: bool
) -> tuple[np.ndarray, np.ndarray]:
    watch().look()  # a span of many neurons takes long
    return advance(j, begin, end, arrivals, record)


def _passages(model: Feedforward, grids: Grids) -> list[Passage]:
    delays = model.delays or (0.0,) * len(model.weights)
    first = np.concatenate([[0], np.cumsum(model.sizes)])
    return [
        Passage(matrix, late, int(first[number]), grids)
        for number, (matrix, late) in enumerate(zip(model.weights, delays, strict=True))
    ]
