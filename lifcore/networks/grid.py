"""A scheme on the grid on one path of a network with loops, all neurons side by side.

Nothing is known of a neuron's input before its sources have moved, so the network goes step by
step. Neurons go in tiles, small enough for a tile's noise and flags to stay in the processor's
first cache; only tiles in which something spiked are looked through.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from lifcore.networks.synapses import deliver_spike
from lifcore.noise.dispatch import borrowing
from lifcore.noise.paths import begin_path, common_normal, end_path, fill_tile, steps_ahead
from lifcore.schemes.lanes import Memory, memory
from lifcore.schemes.scheme import crossing, entry, move, shape, spread
from lifcore.schemes.state import Label, State, record

TILE = 1024
"""Neurons in a tile."""


class Tiles(NamedTuple):
    """What a network's tiles are moved with.

    ``alike`` tells of each whether its neurons are all alike; ``fired`` lists the neurons that
    spiked in a step, behind ``noise`` (components, TILE) and ``before`` of one tile.

    Examples
    --------
    >>> from lifcore.models import LIF
    >>> from lifcore.schemes import EULER
    >>> tiles(EULER.constants([LIF()] * 2000, 0.5), 1).alike.tolist()
    [True, True]
    """

    alike: np.ndarray
    noise: np.ndarray
    before: Memory
    fired: np.ndarray


def tiles(step: Any, components: int) -> Tiles:
    """Return room to move the tiles of a network whose neurons have the constants `step`.

    Examples
    --------
    >>> from lifcore.models import LIF
    >>> from lifcore.schemes import EULER
    >>> tiles(EULER.constants([LIF(), LIF(mu=0.5)], 0.5), 1).alike.tolist()
    [False]
    """
    neurons = step.h.size
    alike = [
        all((part[first : first + TILE] == part[first]).all() for part in step)
        for first in range(0, neurons, TILE)
    ]
    noise, fired = np.empty((components, TILE)), np.empty(neurons, np.int64)
    return Tiles(np.array(alike), noise, memory(TILE), fired)


@borrowing()
def advance_tile(step, first, alike, noise, v, i, crossed):
    """Take one step of the neurons from `first` on, a tile of them or as many as there are.

    Neurons that are `alike` go faster, their constants being numbers then. Returns the number of
    spikes.
    """
    v, i = v[first : first + TILE], i[first : first + TILE]
    spiked = 0
    if alike:
        own = entry(step, first)
        for k in range(v.size):
            v_new, i_new = move(own, v[k], i[k], noise, k)
            above = v_new >= own.v_th
            v[k], i[k], crossed[k] = own.v_reset if above else v_new, i_new, above
            spiked += above
    else:
        for k in range(v.size):
            own = entry(step, first + k)
            v_new, i_new = move(own, v[k], i[k], noise, k)
            above = v_new >= own.v_th
            v[k], i[k], crossed[k] = own.v_reset if above else v_new, i_new, above
            spiked += above
    return spiked


@borrowing()
def move_tile(step, tile, state, room, noise, count, at, recording):
    """Advance a tile, and write the neurons that spiked behind the `count` ones in `room.fired`.

    Records their spikes if there is room for any; `at` is what they are recorded as: path, series
    and time. Returns how many neurons `room.fired` holds then.
    """
    v, i, before = state.v, state.i, room.before
    first = tile * TILE
    width = min(TILE, v.size - first)
    if recording.spikes.size > 0:
        for k in range(width):
            before.v[k] = v[first + k]
            before.i[k] = i[first + k]
    if advance_tile(step, first, room.alike[tile], noise, v, i, before.crossed) == 0:
        return count
    path, series, time = at
    eights = before.crossed.view(np.uint64)  # few neurons spike: look at eight of them at once
    for place in range(0, width, 8):
        if eights[place // 8] == 0:
            continue
        for k in range(place, min(place + 8, width)):
            if before.crossed[k]:
                j = first + k
                room.fired[count] = j
                count += 1
                if recording.spikes.size > 0:
                    own = entry(step, j)
                    v, i = before.v[k], before.i[k]
                    v_new, i_new = move(own, v, i, noise, k)
                    speed, early, lag = crossing(own, v, i, v_new, i_new)
                    record(recording, Label(path, j, series), time - early, speed, lag)
    return count


@borrowing()
def shape_tile(step, first, width, shared, noise):
    """Turn normals of a tile into the noise of a step, after adding what is `shared` by all."""
    for r in range(noise.shape[0]):
        of_all = shared[r]
        if of_all != 0.0:
            for k in range(width):
                noise[r, k] += of_all
    for k in range(width):
        shape(entry(step, first + k), noise, k)


@njit(nogil=True, cache=True)
def grid_paths(step, room, wiring, span, source, state, recording):
    """Advance paths from step to step, in place; arrays have shape (paths, neurons).

    Draws its normals in the order step, tile, component, neuron; before those of a step one a
    component, common to all neurons, if `common`, its share of the variance, is positive. Lanes
    draw for several steps at once, each its own. Records spikes if there is room for any, else
    only counts them. A spike enters the currents of its targets at its step's end.
    """
    synapses, common = wiring
    components, neurons = room.noise.shape[0], state.v.shape[1]
    any_one = entry(step, 0)
    scale, scale_shared = spread(any_one, 1.0 - common), spread(any_one, common)
    shared = np.zeros(components)
    steps = min(steps_ahead(source), span[1] - span[0])
    ahead = np.empty((room.alike.size, steps * components, TILE))
    for p in range(state.v.shape[0]):
        begin_path(source, p)
        own = State(state.v[p], state.i[p], state.counts[p], state.v[p][:0])
        for n in range(span[0], span[1]):
            count = np.int64(0)  # a literal is a type of its own, compiled once more
            if common > 0.0:
                for r in range(components):
                    shared[r] = scale_shared * common_normal(source, p)
            drawn = (n - span[0]) % steps
            last = min(steps, span[1] - n) * components
            for tile in range(room.alike.size):
                first = tile * TILE
                width = min(TILE, neurons - first)
                if drawn == 0:
                    fill_tile(source, p, (first, width), ahead[tile, :last], scale)
                noise = ahead[tile, drawn * components : (drawn + 1) * components]
                shape_tile(step, first, width, shared, noise)
                at = (p, np.int64(0), (n + 1) * any_one.h)
                count = move_tile(step, tile, own, room, noise, count, at, recording)
            for k in range(count):
                own.counts[room.fired[k]] += 1
                deliver_spike(synapses, room.fired[k], own.i)
        end_path(source, p)
