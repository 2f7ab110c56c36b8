"""What one exact step of a network with loops is worked out on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from lifcore.noise.keyed import Source


class Desk(NamedTuple):
    """What one step of a path is worked out on, an entry a neuron.

    ``end`` is V and I at the step's end; ``height`` bounds V in a step that need not be searched;
    ``searched`` tells the others. ``head`` and ``tail`` chain a neuron's arrivals. ``plan`` and
    ``planned`` say where its spikes found last stand, and ``done`` how many of them are final.
    ``held`` is for how long V stays at the reset after the step.

    Examples
    --------
    >>> desk(3).head.tolist()
    [-1, -1, -1]
    """

    end: np.ndarray
    suspect: np.ndarray
    searched: np.ndarray
    height: np.ndarray
    head: np.ndarray
    tail: np.ndarray
    plan: np.ndarray
    planned: np.ndarray
    done: np.ndarray
    held: np.ndarray


class Lists(NamedTuple):
    """Lists that grow within a step: arrivals, spikes found, and the queue of spikes to come.

    Examples
    --------
    >>> len(Lists._fields)
    9
    """

    when: list[float]
    jump: list[float]
    after: list[int]
    spike_time: list[float]
    spike_speed: list[float]
    queue: list[tuple[float, int]]
    touched: list[int]
    out_time: list[float]
    out_neuron: list[int]


class Drawn(NamedTuple):
    """The noise of one step: normals, shape (3, neurons), and the source of its halvings.

    Examples
    --------
    >>> Drawn(np.zeros((3, 2)), None, 0).step
    0
    """

    normals: np.ndarray
    source: Source
    step: int


class Feed(NamedTuple):
    """Whose spikes a solution gets: NO_INPUT, ITSELF, or ANOTHER.

    Then the input are the spikes `begin` to `end` of those put out in this step by earlier series.
    With delays these are part of what is `bound` for it (`lifcore.networks.flights`).

    Examples
    --------
    >>> Feed(-2, 0, 0, None).begin
    0
    """

    kind: int
    begin: int
    end: int
    bound: Any


class Bench(NamedTuple):
    """Where a step is worked out: a desk, lists that grow, and the targets that wait.

    Examples
    --------
    >>> Bench._fields
    ('desk', 'lists', 'waiting')
    """

    desk: Desk
    lists: Lists
    waiting: list[int]


@njit(nogil=True, cache=True)
def desk(neurons):
    """Return an empty desk."""
    return Desk(
        np.empty((2, neurons)), np.zeros(neurons, np.bool_), np.zeros(neurons, np.bool_),
        np.empty(neurons), np.full(neurons, -1), np.full(neurons, -1),
        np.zeros(neurons, np.int64), np.zeros(neurons, np.int64), np.zeros(neurons, np.int64),
        np.zeros(neurons),
    )  # fmt: skip
