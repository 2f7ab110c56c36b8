"""One step of a scheme on the grid for all neurons of a path, and what arrives at its end."""

from __future__ import annotations

import numpy as np
from numba import njit

from lifcore.networks.flights import AtOnce, Flying, launch
from lifcore.networks.grid import TILE, move_tile
from lifcore.networks.synapses import deliver_spike
from lifcore.noise.dispatch import kernel, only_jitted
from lifcore.schemes.lanes import hold
from lifcore.schemes.scheme import crossing, entry, move
from lifcore.schemes.state import Label, record


@njit(nogil=True, cache=True)
def move_level(step, state, room, noise, at, recording):
    """Move all neurons by one step with its noise, shape (components, neurons).

    `at` is what spikes are recorded as: path, series and time. Writes the neurons that spiked into
    `room.fired` and returns their number.
    """
    if state.held.size > 0:
        return move_holding(step, state, room.fired, noise, at, recording)
    count, neurons = np.int64(0), state.v.size
    for tile in range(room.alike.size):
        for r in range(noise.shape[0]):
            for j in range(tile * TILE, min((tile + 1) * TILE, neurons)):
                room.noise[r, j - tile * TILE] = noise[r, j]
        count = move_tile(step, tile, state, room, room.noise, count, at, recording)
    return count


@njit(nogil=True, cache=True)
def move_holding(step, state, fired, noise, at, recording):
    """Move neurons with refractory times, as `move_level` does others."""
    v, i, held = state.v, state.i, state.held
    path, series, time = at
    count = 0
    for j in range(v.size):
        own = entry(step, j)
        v_new, i_new = move(own, v[j], i[j], noise, j)
        v_old = v[j]
        v[j], held[j], above = hold(own, own.hold, v_old, v_new, held[j])
        if above:
            speed, early, lag = crossing(own, v_old, i[j], v_new, i_new)
            record(recording, Label(path, j, series), time - early, speed, lag)
            fired[count] = j
            count += 1
        i[j] = i_new
    return count


def arrive(air, series, spiked, n, late, synapses, i):
    """Add to the currents of a series on a grid what arrives at the end of its step n.

    `spiked` are the neurons whose spikes of this step it gets; `late` are the delays in its steps.

    Examples
    --------
    >>> from lifcore.networks.synapses import by_source
    >>> i, one = np.zeros(2), by_source([[0.0, 1.0], [0.0, 0.0]])
    >>> fired, late = np.array([1]), np.empty(0, np.uint16)
    >>> _ = njit(lambda air, i: arrive(air, 0, fired, 7, late, one, i))(AtOnce(0), i)
    >>> i.tolist()
    [1.0, 0.0]
    """
    raise only_jitted(air)


@kernel(arrive, AtOnce)
def _arrive_at_once(air, series, spiked, n, late, synapses, i):
    for k in range(spiked.size):
        deliver_spike(synapses, spiked[k], i)
    return air


@kernel(arrive, Flying)
def _arrive(air, series, spiked, n, late, synapses, i):
    spikes = (spiked, np.zeros(spiked.size))
    more = launch(air, series, spikes, (0, spiked.size), n, synapses)
    target, weight, row, kept = synapses.target, synapses.weight, more.rows[series], 0
    for m in range(more.total[series]):
        one = row[m]
        e, last = one.next, synapses.first[one.source + 1]
        while e < last and one.step + late[e] <= n:
            i[target[e]] += weight[e]
            e += 1
        one.next = e
        if e < last:
            row[kept] = one
            kept += 1
    more.total[series] = kept
    return more
