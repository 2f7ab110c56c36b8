"""The exact solution of one path of a network with loops: spikes of a step in order of time.

In a step every neuron flows as if there were neither threshold nor input, and those that may
cross are searched. The earliest spike found is final, since what comes later cannot change it:
it is delivered, its targets are searched again from the start of the step with the longer list
of arrivals, and so on until no spike is left. A search repeats the same noise because refinement
draws by key (:mod:`lifcore.noise.keyed`), and it repeats every bit up to the new arrival.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np
from numba import njit

from lifcore.networks.kinds import flow_of, guard_of, step_of
from lifcore.networks.series import ANOTHER, ITSELF
from lifcore.noise.keyed import Source
from lifcore.schemes.crossings import jump_response, top
from lifcore.schemes.free_step import flow_lanes
from lifcore.schemes.refinement import TOO_MANY, Begin, Jumps, pieces, refine, whole_step
from lifcore.schemes.state import SPIKE, Label, Recording, record

MOST = 1000
"""Spikes of a neuron in a step above which a run is given up: each is searched for anew."""

SEARCHED = 1_000_000
"""Spikes found in the searches of a step, over and above 10 000 a neuron, that end a run."""


class Desk(NamedTuple):
    """What one step of a path is worked out on, an entry a neuron.

    ``end`` is V and I at the step's end; ``height`` bounds V in a step that need not be searched;
    ``searched`` tells the others. ``head`` and ``tail`` chain a neuron's arrivals. ``plan`` and
    ``planned`` say where its spikes found last stand, and ``done`` how many of them are final.

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

    Examples
    --------
    >>> Feed(ITSELF, 0, 0).begin
    0
    """

    kind: int
    begin: int
    end: int


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
    )  # fmt: skip


@njit(nogil=True, cache=True)
def search(circuit, drawn, k, state, bench):
    """Search the step of neuron k with all of its arrivals so far, and queue its next spike."""
    kinds, desk, lists = circuit.kinds, bench.desk, bench.lists
    if len(lists.spike_time) > SEARCHED + 10_000 * desk.head.size:
        raise ValueError(TOO_MANY)
    count, e = 0, desk.head[k]
    while e >= 0:
        count += 1
        e = lists.after[e]
    jumps = Jumps(np.empty(count), np.empty(count))
    e = desk.head[k]
    for m in range(count):
        jumps.times[m], jumps.sizes[m] = lists.when[e], lists.jump[e]
        e = lists.after[e]
    room = np.empty(8, SPIKE)
    recorded = np.zeros(1, np.int64)
    step = step_of(kinds, kinds.kind[k])
    begin = Begin(0.0, state.v[k], state.i[k])
    key, stack = (k, drawn.step), pieces(step.bridges.rows.shape[0] - 1)
    while True:
        found = Recording(room, recorded, recorded)
        whole_step(step, drawn.normals, k, stack)
        desk.end[0, k], desk.end[1, k], _ = refine(
            step, begin, stack, drawn.source, key, jumps, Label(0, k, 0), found
        )
        if recorded[0] <= room.size:
            break
        room = np.empty(recorded[0], SPIKE)
        recorded[0] = 0
    if desk.head[k] < 0 and not desk.searched[k]:
        lists.touched.append(k)
    desk.searched[k] = True
    desk.plan[k], desk.planned[k] = len(lists.spike_time), recorded[0]
    for m in range(recorded[0]):
        lists.spike_time.append(room[m].time)
        lists.spike_speed.append(room[m].speed)
    queue_next(k, desk, lists)


@njit(nogil=True, cache=True)
def queue_next(k, desk, lists):
    """Queue the first spike of neuron k that is not final yet."""
    if desk.done[k] < desk.planned[k]:
        heapq.heappush(lists.queue, (lists.spike_time[desk.plan[k] + desk.done[k]], k))


@njit(nogil=True, cache=True)
def deliver_within(circuit, drawn, j, time, wait, state, bench):
    """Deliver a spike of neuron j within the step; targets to be searched may wait.

    A target that stays clear of the threshold takes the jump's response on top of its state at
    the step's end; any other one is searched with all of its arrivals.
    """
    # Taken out of their tuples once: in the loop that would be most of the work.
    kinds, synapses, v, i = circuit.kinds, circuit.synapses, state.v, state.i
    desk, lists, waiting = bench.desk, bench.lists, bench.waiting
    end, searched, height, head, tail = (
        desk.end, desk.searched, desk.height, desk.head, desk.tail
    )  # fmt: skip
    when, jump, after, touched = lists.when, lists.jump, lists.after, lists.touched
    kind_of, target, weight = kinds.kind, synapses.target, synapses.weight
    left = kinds.h - time
    third = kinds.h / 3.0
    kind, i_more, v_more, g, guard = -1, 0.0, 0.0, 0.0, 0.0
    for e in range(synapses.first[j], synapses.first[j + 1]):
        k, size = np.int64(target[e]), weight[e]
        if kind_of[k] != kind:
            kind = kind_of[k]
            g, a = kinds.numbers[kind, 0], kinds.numbers[kind, 3]
            i_more, v_more = jump_response(g, a, left)
            guard = guard_of(kinds, kind)
        first_one = head[k] < 0
        if first_one and not searched[k]:
            touched.append(k)
        if first_one:
            head[k] = len(when)
            if not searched[k]:
                height[k] = top(
                    v[k], end[0, k], third * (i[k] - g * v[k]), third * (end[1, k] - g * end[0, k])
                )
        else:
            after[tail[k]] = len(when)
        tail[k] = len(when)
        when.append(time)
        jump.append(size)
        after.append(-1)
        if not searched[k]:
            height[k] += max(size, 0.0) * left
            if height[k] < guard:
                end[0, k] += size * v_more
                end[1, k] += size * i_more
                continue
            if wait:
                waiting.append(k)
                searched[k] = True
        if not wait:
            search(circuit, drawn, k, state, bench)


@njit(nogil=True, cache=True)
def exact_network_step(circuit, drawn, feed, state, bench, at, recording):
    """Take one exact step of all neurons of a path; `at` is its number, and that of the series."""
    kinds, runs, v, i, counts = circuit.kinds, circuit.runs, state.v, state.i, state.counts
    desk, lists, waiting = bench.desk, bench.lists, bench.waiting
    end, suspect, searched = desk.end, desk.suspect, desk.searched
    head, plan, planned, done = desk.head, desk.plan, desk.planned, desk.done
    found = 0
    for r in range(runs.shape[0]):
        first, last, kind = runs[r, 0], runs[r, 1], runs[r, 2]
        found += flow_lanes(
            flow_of(kinds, kind),
            (kinds.numbers[kind, 0], kinds.numbers[kind, 1], guard_of(kinds, kind)),
            v[first:last], i[first:last], drawn.normals[:, first:last],
            end[:, first:last], suspect[first:last],
        )  # fmt: skip
    if found == 0 and feed.begin == feed.end:
        for k in range(v.size):
            v[k] = end[0, k]
            i[k] = end[1, k]
        return
    lists.when.clear()
    lists.jump.clear()
    lists.after.clear()
    lists.spike_time.clear()
    lists.spike_speed.clear()
    lists.queue.clear()
    lists.touched.clear()
    waiting.clear()
    if feed.kind == ANOTHER:
        for k in range(v.size):
            if found > 0 and suspect[k]:
                searched[k] = True
                lists.touched.append(k)
                waiting.append(k)
        for m in range(feed.begin, feed.end):
            j, time = lists.out_neuron[m], lists.out_time[m]
            deliver_within(circuit, drawn, j, time, True, state, bench)
        for m in range(len(waiting)):
            search(circuit, drawn, waiting[m], state, bench)
    elif found > 0:
        for k in range(v.size):
            if suspect[k]:
                search(circuit, drawn, k, state, bench)
    while len(lists.queue) > 0:
        time, k = heapq.heappop(lists.queue)
        place = plan[k] + done[k]
        if done[k] >= planned[k] or lists.spike_time[place] != time:
            continue  # replaced by a later search
        done[k] += 1
        if done[k] > MOST:
            raise ValueError(TOO_MANY)
        counts[k] += 1
        label = Label(at[0], k, at[1])
        record(recording, label, drawn.step * kinds.h + time, lists.spike_speed[place], 0.0)
        lists.out_time.append(time)
        lists.out_neuron.append(k)
        if feed.kind == ITSELF:
            deliver_within(circuit, drawn, k, time, False, state, bench)
        queue_next(k, desk, lists)
    for k in range(v.size):
        v[k] = end[0, k]
        i[k] = end[1, k]
    for k in lists.touched:
        searched[k] = False
        head[k] = -1
        planned[k] = 0
        done[k] = 0
