"""The exact solution of one path of a network with loops: spikes of a step in order of time.

In a step every neuron flows as if there were neither threshold nor input, and those that may
cross are searched. The earliest spike found is final, since what comes later cannot change it:
it is delivered, its targets are searched again from the start of the step with the longer list
of arrivals, and so on until no spike is left. A search repeats the same noise because refinement
draws by key (:mod:`lifcore.noise.keyed`), and it repeats every bit up to the new arrival.

With delays a step begins with all that arrives in it from spikes of earlier steps
(:mod:`lifcore.networks.flights`); if no delay is shorter than the step, nothing else arrives, and
each neuron is one by itself.
"""

from __future__ import annotations

import heapq

import numpy as np
from numba import njit

from lifcore.networks.deliver import deliver_heard, deliver_within, own_delay, own_reach
from lifcore.networks.flights import any_due
from lifcore.networks.kinds import V_RESET, flow_of, guard_of
from lifcore.networks.search import queue_next, search
from lifcore.networks.series import ANOTHER, ITSELF
from lifcore.schemes.free_step import flow_lanes
from lifcore.schemes.refinement import TOO_MANY
from lifcore.schemes.state import Label, record

MOST = 1000
"""Spikes of a neuron in a step above which a run is given up: each is searched for anew."""


@njit(nogil=True, cache=True)
def begin_held(kinds, state, desk):
    """Let neurons rest that are held for the whole step; return how many more are to be searched.

    Those released within it are searched; of the others V stays, and I goes on without them.
    """
    more = 0
    for k in range(state.held.size):
        held = state.held[k]
        desk.held[k] = max(held - kinds.h, 0.0)
        if held >= kinds.h:
            desk.end[0, k] = kinds.numbers[kinds.kind[k], V_RESET]
            more -= desk.suspect[k]
            desk.suspect[k] = False
        elif held > 0.0:
            more += not desk.suspect[k]
            desk.suspect[k] = True
    return more


@njit(nogil=True, cache=True)
def end_held(kinds, state, desk):
    """Take over the step's end; V of whom rested is the reset whatever has arrived."""
    for k in range(state.held.size):
        if state.held[k] >= kinds.h:
            desk.end[0, k] = kinds.numbers[kinds.kind[k], V_RESET]
        state.held[k] = desk.held[k]


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
    holding = state.held.size > 0
    if holding:
        found += begin_held(kinds, state, desk)
    arriving = any_due(feed.bound, drawn.step, kinds.h)
    if found == 0 and feed.begin == feed.end and not arriving:
        if holding:
            end_held(kinds, state, desk)
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
    if feed.kind == ANOTHER or arriving:
        for k in range(v.size):
            if found > 0 and suspect[k]:
                searched[k] = True
                lists.touched.append(k)
                waiting.append(k)
        deliver_heard(feed.bound, feed, circuit, drawn, state, bench)
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
            reach = own_reach(feed.bound, circuit.synapses, k, time, kinds.h)
            spike, delay = (reach[0], reach[1], time), own_delay(feed.bound)
            deliver_within(delay, circuit, drawn, spike, np.bool_(False), state, bench)
        queue_next(k, desk, lists)
    if holding:
        end_held(kinds, state, desk)
    for k in range(v.size):
        v[k] = end[0, k]
        i[k] = end[1, k]
    for k in lists.touched:
        searched[k] = False
        head[k] = -1
        planned[k] = 0
        done[k] = 0
