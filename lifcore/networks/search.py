"""The search of one neuron's step for spikes, with all that arrives in it."""

from __future__ import annotations

import heapq

import numpy as np
from numba import njit

from lifcore.networks.kinds import step_of
from lifcore.schemes.held import Wait, refine_held
from lifcore.schemes.refinement import TOO_MANY, Begin, Jumps, pieces, refine, whole_step
from lifcore.schemes.state import SPIKE, Label, Recording

SEARCHED = 1_000_000
"""Spikes found in the searches of a step, over and above 10 000 a neuron, that end a run."""


@njit(nogil=True, cache=True)
def refined(t_ref, step, drawn, k, state, stack, jumps, found):
    """Find the spikes of neuron k in a step; return V, I, and for how long V is still held.

    Without a refractory time `t_ref` is None, and `refine_held` is not compiled.
    """
    key, label = (k, drawn.step), Label(0, k, 0)
    if t_ref is None:
        begin = Begin(0.0, state.v[k], state.i[k])
        v, i, _ = refine(step, begin, stack, drawn.source, key, jumps, label, found)
        return v, i, 0.0
    if t_ref == 0.0:  # beside neurons that have one
        begin = Begin(0.0, state.v[k], state.i[k])
        v, i, _ = refine(step, begin, stack, drawn.source, key, jumps, label, found)
        return v, i, 0.0
    wait = Wait(0.0, state.v[k], state.i[k], state.held[k])
    v, i, _, still = refine_held(step, wait, stack, drawn.source, key, jumps, label, found)
    return v, i, still


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
    stack = pieces(step.bridges.rows.shape[0] - 1)
    while True:
        found = Recording(room, recorded, recorded)
        whole_step(step, drawn.normals, k, stack)
        desk.end[0, k], desk.end[1, k], desk.held[k] = refined(
            step.t_ref, step, drawn, k, state, stack, jumps, found
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
