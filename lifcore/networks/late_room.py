"""What the parts of a late network work with: rings of steps, lists of spikes, scratch."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lifcore.networks.bundles import Bundles
from lifcore.networks.grid import TILE


class Room(NamedTuple):
    """What a path's parts have to themselves, and the lists that they hand to each other.

    ``ring[part]`` is what is to arrive, step after step. ``fired[n % 2, part]`` says
    how many neurons spiked in step n, and lists them. Neurons
    ``starts[r]`` to ``starts[r + 1]`` are all alike, and those of a tile are the runs from
    ``run[tile]`` on; ``silent`` tells whether a tile has no noise. The others are scratch.

    Examples
    --------
    >>> Room._fields[:3]
    ('ring', 'fired', 'starts')
    """

    ring: np.ndarray
    fired: np.ndarray
    starts: np.ndarray
    run: np.ndarray
    silent: np.ndarray
    ahead: np.ndarray
    rows: np.ndarray
    before: np.ndarray
    crossed: np.ndarray
    spans: np.ndarray
    events: np.ndarray


def room(step: Any, components: int, bundles: Bundles, ahead: int, inputs: int) -> Room:
    """Return room for one path of a network whose neurons have the constants `step`.

    Parameters
    ----------
    step : NamedTuple
        A scheme's constants, an entry a neuron.
    components : int
        Normals of a step.
    bundles : Bundles
        The synapses.
    ahead : int
        Steps whose noise is drawn at once.
    inputs : int
        Poisson inputs.

    Returns
    -------
    Room

    Examples
    --------
    >>> from lifcore.models import LIF
    >>> from lifcore.schemes import EULER
    >>> from lifcore.networks.synapses import by_source
    >>> from lifcore.networks.bundles import bundled
    >>> bundles = bundled(by_source([[0.5]]), 1)
    >>> room(EULER.constants([LIF()], 0.5), 1, bundles, 8, 0).ring.shape
    (1, 2048)
    """
    neurons = step.h.size
    parts, tiles = bundles.first.shape[0], -(-neurons // TILE)
    firsts = range(0, neurons, TILE)
    new = np.arange(neurons) % TILE == 0
    for part in step:
        flat = part.reshape(neurons, -1)
        new[1:] |= (flat[1:] != flat[:-1]).any(axis=1)
    starts = np.append(np.flatnonzero(new), neurons)
    silent = [not step.sigma[first : first + TILE].any() for first in firsts]
    noisy = not all(silent)
    return Room(
        ring=np.zeros((parts, bundles.slots * bundles.part)),
        fired=np.zeros((2, parts, 16 + bundles.part), np.uint32),  # a part's begins a line
        starts=starts,
        run=np.searchsorted(starts, [*firsts, neurons]),
        silent=np.array(silent),
        ahead=np.zeros((tiles if noisy else 1, (ahead if noisy else 1) * components, TILE)),
        rows=np.empty((parts, bundles.steps.size), np.uint64),
        before=np.empty((parts, 2, TILE)),
        crossed=np.zeros((parts, TILE), np.bool_),
        spans=np.empty((parts, neurons, 2), np.int64),
        events=np.empty((inputs, tiles, ahead, TILE), np.int32),
    )
