"""Grid schemes in networks with delays, refractory times and Poisson input, part by part.

The part of a step that a thread does at a time: what the last step's spikes bring to these neurons
goes into their ring of steps, the row of the last step goes from the ring into their currents, they
move, and list who spiked. It needs the lists of all parts of the last step, and nothing else from
the others, since a spike enters currents at the end of its step or later.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from lifcore.networks.bundles import Bundles
from lifcore.networks.grid import TILE, shape_tile
from lifcore.networks.turns import (
    DONE,
    LINE,
    PATIENCE,
    SOON,
    claim,
    draw_next,
    look_at,
    prefetch,
)
from lifcore.noise.counts import CountTables, add_events, draw_counts
from lifcore.noise.dispatch import borrowing
from lifcore.noise.paths import begin_path, common_normal, end_path, fill_tile, steps_ahead
from lifcore.schemes.lanes import hold
from lifcore.schemes.scheme import crossing, entry, move, spread
from lifcore.schemes.state import Label, State

FEW = 64
"""Runs of neurons that are alike, in a tile, for which it pays to take them one after the other."""


class Net(NamedTuple):
    """What drives the neurons: synapses, the share of common noise, and Poisson inputs.

    ``counts`` are the tables of the events in a step, whose kinds and the ``weight`` of an event
    have shape (inputs, neurons); ``even`` tells of each tile whether its weights are all alike.

    Examples
    --------
    >>> Net._fields
    ('bundles', 'common', 'counts', 'weight', 'even')
    """

    bundles: Bundles
    common: float
    counts: CountTables
    weight: np.ndarray
    even: np.ndarray


class Drawing(NamedTuple):
    """Where noise comes from: normals, and words for Poisson counts, (paths, inputs, 4, neurons).

    Examples
    --------
    >>> Drawing._fields
    ('normals', 'words')
    """

    normals: Any
    words: np.ndarray


@borrowing()
def clear(room, state):
    """Forget all that was to arrive, and who spiked or is refractory."""
    room.ring[:] = 0.0
    room.fired[:, :, 0] = 0
    state.held[:] = 0


@borrowing()
def arrive(bundles, room, part, n, i):
    """Put what spikes of step n - 1 bring into a part's ring, and its row of that step into `i`."""
    last, side = n - 1, (n - 1) % 2
    ring, rows, first = room.ring[part], room.rows[part], bundles.first[part]
    synapse = bundles.synapse
    size = bundles.part
    slots = ring.size // size
    spans, found = room.spans[part], 0
    for q in range(room.fired.shape[1]):
        for k in range(room.fired[side, q, 0]):
            source = room.fired[side, q, 1 + k]
            spans[found, 0], spans[found, 1] = first[source], first[source + 1]
            found += 1
    now = last % slots
    for c in range(rows.size if found > 0 else 0):
        slot = now + bundles.steps[c]
        rows[c] = (slot if slot < slots else slot - slots) * size
    for k in range(found):
        if k + 1 < found:  # memory begins to bring the next bundle meanwhile
            for e in range(spans[k + 1, 0], spans[k + 1, 1], LINE):  # one of a line asks for all
                prefetch(synapse, e)
        for e in range(spans[k, 0], spans[k, 1]):
            one = synapse[e]
            ring[rows[one.delay] + one.target] += one.weight
    row = ring[now * size :]
    for k in range(i.size):
        i[k] += row[k]
        row[k] = 0.0


@borrowing()
def hold_tile(step, starts, noise, state, crossed):
    """Take one step of a tile, run by run of neurons that are alike; V is held after a spike.

    `state` are the tile's own. Returns the number of spikes.
    """
    first, spiked = starts[0], 0
    if starts.size - 1 <= FEW:
        for r in range(starts.size - 1):
            own, a, b = entry(step, starts[r]), starts[r] - first, starts[r + 1] - first
            # Views from 0 on, or the loop is not turned into vector instructions.
            v, i, held = state.v[a:b], state.i[a:b], state.held[a:b]
            found = crossed[a:b]
            for k in range(v.size):
                v_new, i_new = move(own, v[k], i[k], noise, a + k)
                v[k], held[k], above = hold(own, np.int32(own.hold), v[k], v_new, held[k])
                i[k], found[k] = i_new, above
                spiked += above
        return spiked
    v, i, held = state.v, state.i, state.held
    for k in range(v.size):
        own = entry(step, first + k)
        v_new, i_new = move(own, v[k], i[k], noise, k)
        v[k], held[k], above = hold(own, np.int32(own.hold), v[k], v_new, held[k])
        i[k], crossed[k] = i_new, above
        spiked += above
    return spiked


@borrowing()
def write_down(step, tile, noise, found, label, time, recording):
    """Record the spikes of a tile that `hold_tile` has just found, in any order."""
    before, crossed = found
    for k in range(min(TILE, step.h.size - tile * TILE)):
        if crossed[k]:
            j = tile * TILE + k
            own = entry(step, j)
            v_new, i_new = move(own, before[0, k], before[1, k], noise, k)
            speed, early, lag = crossing(own, before[0, k], before[1, k], v_new, i_new)
            place = draw_next(recording.recorded, 0, 1)
            if place < recording.spikes.size:
                spike = recording.spikes[place]
                spike.lane, spike.neuron, spike.series = label.lane, j, label.series
                spike.time, spike.speed, spike.lag = time - early, speed, lag


@borrowing()
def move_part(step, net, room, at, drawing, state, recording):
    """Take one step of a part of a path: what arrives, the step itself, and Poisson events.

    `at` are the path, the part, the step, the first step of this call, and the normals that are
    common to all neurons in the steps from there on, shape (steps, components).
    """
    path, part, n, begin, commons = at
    base, side = part * net.bundles.part, n % 2
    last = min(base + net.bundles.part, state.v.size)
    if n > 0:
        arrive(net.bundles, room, part, n, state.i[base:last])
    any_one = entry(step, 0)
    components = commons.shape[1]
    scale, in_turn = spread(any_one, 1.0 - net.common), steps_ahead(drawing.normals) == 1
    shared = commons[n - begin]
    if part == 0 and net.common > 0.0 and in_turn:
        for r in range(components):
            shared[r] = spread(any_one, net.common) * common_normal(drawing.normals, path)
    steps = min(steps_ahead(drawing.normals), commons.shape[0])
    drawn = (n - begin) % steps
    rows = min(steps, begin + commons.shape[0] - n) * components
    crossed, before, count = room.crossed[part], room.before[part], 0
    for tile in range(base // TILE, (last - 1) // TILE + 1):
        first = tile * TILE
        width = min(TILE, last - first)
        noise = room.ahead[0, :components]  # zeros
        if room.ahead.shape[0] > 1 or not room.silent[0]:
            noise = room.ahead[tile, drawn * components : (drawn + 1) * components]
            if drawn == 0:
                fill_tile(drawing.normals, path, (first, width), room.ahead[tile, :rows], scale)
            shape_tile(step, first, width, shared, noise)
        own = State(
            state.v[first : first + width], state.i[first : first + width],
            state.counts[first : first + width], state.held[first : first + width],
        )  # fmt: skip
        recorded = recording.spikes.size > 0
        if recorded:
            for k in range(width):
                before[0, k], before[1, k] = own.v[k], own.i[k]
        starts = room.starts[room.run[tile] : room.run[tile + 1] + 1]
        if hold_tile(step, starts, noise, own, crossed) > 0:
            for k in range(width):
                if crossed[k]:
                    count += 1
                    room.fired[side, part, count] = first + k
                    own.counts[k] += 1
            if recorded:
                label, time = Label(path, 0, 0), (n + 1) * any_one.h
                write_down(step, tile, noise, (before, crossed), label, time, recording)
        for m in range(net.weight.shape[0]):
            events = room.events[m, tile]
            if drawn == 0:
                kinds = CountTables(
                    net.counts.kind[m], net.counts.first, net.counts.low,
                    net.counts.guide, net.counts.chance,
                )  # fmt: skip
                draw_counts(
                    kinds, drawing.words[path, m], first, events[: rows // components, :width]
                )
            add_events(net.weight[m], first, net.even[m, tile], events[drawn], own.i)
    room.fired[side, part, 0] = count


@njit(nogil=True, cache=True)
def draw_commons(step, common, source, path, commons):
    """Draw what is common to all neurons, of many steps, if it has a stream of its own."""
    commons[:] = 0.0
    if common > 0.0 and steps_ahead(source) > 1:
        scale = spread(entry(step, 0), common)
        for n in range(commons.shape[0]):
            for r in range(commons.shape[1]):
                commons[n, r] = scale * common_normal(source, path)


@borrowing()
def end_part(net, room, part, n, state):
    """Let arrive what is due at the end of a run of n steps."""
    base = part * net.bundles.part
    last = min(base + net.bundles.part, state.v.size)
    arrive(net.bundles, room, part, n, state.i[base:last])


@njit(nogil=True, cache=True)
def late_paths(step, net, room, span, drawing, state, recording):
    """Advance paths one after the other from step to step, in place, on one thread.

    Arrays of `state` have shape (paths, neurons); `span` are the first step, that after the last,
    the run's last, and the components of the noise. What is said of `lifcore.networks.grid` of the
    order of normals holds here.
    """
    begin, end, whole, components = span
    commons = np.empty((end - begin, components))
    for p in range(state.v.shape[0]):
        begin_path(drawing.normals, p)
        own = State(state.v[p], state.i[p], state.counts[p], state.held[p])
        if begin == 0:
            clear(room, own)
        draw_commons(step, net.common, drawing.normals, p, commons)
        for n in range(begin, end):
            for part in range(room.fired.shape[1]):
                move_part(step, net, room, (p, part, n, begin, commons), drawing, own, recording)
        end_path(drawing.normals, p)
        if end == whole:
            for part in range(room.fired.shape[1]):
                end_part(net, room, part, end, own)


@borrowing()
def claim_parts(step, net, room, turn, span, drawing, state, recording):
    """Take a step of those parts of a `span` that nobody else has claimed."""
    counters, n, begin, commons = turn
    done = 0
    for part in range(span[0], span[1]):
        if claim(counters, part, n):
            move_part(step, net, room, (0, part, n, begin, commons), drawing, state, recording)
            done += 1
    if done > 0:
        draw_next(counters, DONE, done)


@borrowing()
def help_path(step, net, room, turn, span, drawing, state, recording):
    """Do parts of one path's steps until none is left, as one of several threads.

    `turn` are the counters (`lifcore.networks.turns`), the step to go on from, the first step, that
    after the last, and the common normals; `span` are this thread's own parts. Returns the step
    after the last, or one for whose end it would have to wait long: then the caller gives its core
    away for a moment, and calls again.
    """
    counters, n, begin, end, commons = turn
    parts = room.fired.shape[1]
    while n < end:
        now = counters, n, begin, commons
        claim_parts(step, net, room, now, span, drawing, state, recording)
        looks = 0
        while look_at(counters, DONE) < (n + 1) * parts:
            looks += 1
            if looks % SOON == 0:
                claim_parts(step, net, room, now, (0, parts), drawing, state, recording)
            if looks > PATIENCE:
                return n
        n += 1
    return n
