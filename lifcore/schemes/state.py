"""What kernels hand to each other: arrays that travel together, grouped by what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from lifcore.models.neuron import LIF
from lifcore.noise.dispatch import borrowing
from lifcore.schemes.signals import Signals, silence

SPIKE = np.dtype(
    [
        ("lane", np.int32),
        ("neuron", np.int32),
        ("series", np.int32),
        ("time", np.float64),
        ("speed", np.float64),
        ("lag", np.float64),
    ]
)
"""A recorded spike: path within the block, neuron, which solution of a coupled run it is
of, time, crossing speed I - i_th, and the time since V crossed the threshold (0 for the
exact solution; on a grid by the straight line from V to V')."""

NO_SPIKES = np.empty(0, SPIKE)
NOT_HELD = np.empty(0)


class State(NamedTuple):
    """V, I and spike counts: of one neuron on all lanes of a block, or of all neurons of a path.

    ``held`` tells how long V still stays at the reset: in steps on a grid, in time for the exact
    solution. It is empty if there is no refractory time.

    Examples
    --------
    >>> State(np.zeros(4), np.ones(4), np.zeros(4, np.int64)).v.size
    4
    """

    v: np.ndarray
    i: np.ndarray
    counts: np.ndarray
    held: np.ndarray = NOT_HELD


def holds(neurons: Sequence[LIF], lanes: int) -> list[np.ndarray]:
    """Return each neuron's ``held`` at a start, nowhere refractory: empty without a t_ref.

    Examples
    --------
    >>> [held.size for held in holds([LIF(), LIF(t_ref=0.5)], 4)]
    [0, 4]
    """
    return [np.zeros(lanes if neuron.t_ref > 0.0 else 0) for neuron in neurons]


class Recording(NamedTuple):
    """Where spikes are written: a buffer, how many there were, and how many up to each step.

    A buffer without room records nothing; one that is too small is counted on past its end, so
    that the caller can enlarge it. ``marks[n + 1]`` is the number recorded up to the n-th step.

    Examples
    --------
    >>> nowhere(3).marks.size
    4
    """

    spikes: np.ndarray
    recorded: np.ndarray
    marks: np.ndarray


class Span(NamedTuple):
    """What a call carries: one neuron, from step `begin` to step `end`.

    A step takes `components` times `width` normals from the stream, whether there are `width`
    lanes or fewer.

    Examples
    --------
    >>> Span(neuron=0, begin=0, end=16, components=1, width=256).end
    16
    """

    neuron: int
    begin: int
    end: int
    components: int
    width: int


class Streams(NamedTuple):
    """The two streams of a neuron in a block: for its steps, and for refinement.

    That for its steps is a generator or another of the kinds in `lifcore.noise.sources`; a scheme
    on the grid refines nothing and needs no other.

    Examples
    --------
    >>> from lifcore.noise.streams import generators
    >>> Streams(*generators(np.random.SeedSequence(1), 0)).steps.random() < 1.0
    True
    """

    steps: Any
    refinement: np.random.Generator | None


class Arrivals(NamedTuple):
    """What drives a neuron: the spikes of the layer before, and its weights for their sources.

    Examples
    --------
    >>> no_arrivals(2).weight.size
    0
    """

    signals: Signals
    weight: np.ndarray


class Label(NamedTuple):
    """Whose spikes are recorded: which lane (or path), neuron and series they are of.

    Examples
    --------
    >>> Label(lane=3, neuron=0, series=1).series
    1
    """

    lane: int
    neuron: int
    series: int


def nowhere(steps: int) -> Recording:
    """Return a recording that has no room, for kernels that shall only count.

    Examples
    --------
    >>> nowhere(1).spikes.size
    0
    """
    return Recording(NO_SPIKES, np.zeros(1, np.int64), np.zeros(steps + 1, np.int64))


def no_arrivals(steps: int) -> Arrivals:
    """Return what drives a neuron that has no input.

    Examples
    --------
    >>> no_arrivals(2).signals.first.shape
    (1, 3)
    """
    return Arrivals(silence(1, steps), np.empty(0))


@borrowing()
def record(recording, label, time, speed, lag):
    """Append a spike; past the buffer's end only count, so that the caller can enlarge it."""
    n = recording.recorded[0]
    if n < recording.spikes.size:
        spike = recording.spikes[n]
        spike.lane = label.lane
        spike.neuron = label.neuron
        spike.series = label.series
        spike.time = time
        spike.speed = speed
        spike.lag = lag
    recording.recorded[0] = n + 1
