"""Synapses by parts of the targets, so that parts can be moved side by side.

The targets are cut into parts of equal size. What a spike brings to a part is one run of
memory, its **bundle**; what arrives there later waits in a ring of steps that the part has to
itself. So threads that work on different parts never write to the same place, and the order in
which a target's arrivals are added up, by step, source and place in the bundle, is the same on any
number of threads and for any size of parts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lifcore.networks.grid import TILE
from lifcore.networks.synapses import Synapses

FEW = 64
"""Parts of a large network."""


class Bundles(NamedTuple):
    """The synapses of targets in parts of ``part`` neurons.

    ``first[part, j]`` to ``first[part, j + 1]`` are those of source j in a part.

    Of a synapse (`synapse_type`) ``target`` counts from the part's first neuron, and ``delay`` is a
    code; ``steps`` says how many steps each code stands for.

    Examples
    --------
    >>> from lifcore.networks.synapses import by_source, on_grid
    >>> synapses = on_grid(by_source([[0.0, 2.0], [1.0, 3.0]], 1.5), 0.5)
    >>> bundles = bundled(synapses, 2)
    >>> bundles.first.tolist(), bundles.synapse["target"].tolist(), bundles.steps.tolist()
    ([[0, 1, 3]], [1, 0, 1], [0, 1, 2, 3])
    """

    part: int
    first: np.ndarray
    synapse: np.ndarray
    steps: np.ndarray

    @property
    def slots(self) -> int:
        """Steps of the ring: one more than the longest delay has."""
        return int(self.steps.max(initial=0)) + 1


def synapse_type(weight: type) -> np.dtype:
    """Return what a synapse is in memory: 8 bytes with a weight in single precision.

    Examples
    --------
    >>> synapse_type(np.float32).itemsize, synapse_type(np.float64).itemsize
    (8, 16)
    """
    fields = [("weight", weight), ("target", np.uint16), ("delay", np.uint16)]
    return np.dtype(fields, align=True)


def part_size(neurons: int) -> int:
    """Return how many targets a part has: whole tiles, and in all not many more than FEW parts.

    Each part has a number for each source, so that their number must not grow with the network.

    Examples
    --------
    >>> part_size(1000), part_size(200_000)
    (2048, 4096)
    """
    tiles = max(2, -(-neurons // (FEW * TILE)))
    return min(tiles * TILE, 2**16)


def bundled(synapses: Synapses, neurons: int, size: int = 0) -> Bundles:
    """Return synapses on the grid (`on_grid`) by part and source.

    Parameters
    ----------
    synapses : Synapses
        Those of a network, delays in steps; without any they are 0.
    neurons : int
        Of the network.
    size : int, optional
        Of a part; by default `part_size`.

    Returns
    -------
    Bundles
        Whose delays are their own code.

    Examples
    --------
    >>> from lifcore.networks.synapses import by_source
    >>> bundled(by_source([[0.0, 2.0], [1.0, 3.0]]), 2).synapse["delay"].tolist()
    [0, 0, 0]
    """
    size = size or part_size(neurons)
    part = (synapses.target // size).astype(np.int64)
    order = np.argsort(part, kind="stable")  # by source within a part, as they were
    source = np.repeat(np.arange(neurons), np.diff(synapses.first))
    place = part * neurons + source
    first = np.zeros((-(-neurons // size), neurons + 1), np.int64)
    counts = np.bincount(place, minlength=first.shape[0] * neurons).reshape(-1, neurons)
    ends = np.cumsum(counts).reshape(counts.shape)
    first[:, 1:] = ends
    first[1:, 0] = ends[:-1, -1]
    delay = synapses.delay if synapses.delay.size > 0 else np.zeros(part.size, np.uint16)
    synapse = np.empty(part.size, synapse_type(np.float64))
    synapse["weight"] = synapses.weight[order]
    synapse["target"] = synapses.target[order] % size
    synapse["delay"] = delay[order]
    return Bundles(size, first, synapse, np.arange(int(delay.max(initial=0)) + 1))
