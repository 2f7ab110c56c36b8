"""Delivery of spikes within an exact step of a network with loops."""

from __future__ import annotations

import numpy as np
from numba import njit

from lifcore.networks.flights import AtOnce, Bound, reaching
from lifcore.networks.kinds import guard_of
from lifcore.networks.search import search
from lifcore.noise.dispatch import kernel, only_jitted
from lifcore.schemes.crossings import jump_response, top


def deliver_heard(bound, feed, circuit, drawn, state, bench):
    """Deliver what arrives in this step of spikes that are known; all targets to search wait.

    Without delays they are those that are heard of another series, else those on their way.

    Examples
    --------
    >>> deliver_heard(AtOnce(0), None, None, None, None, None)
    Traceback (most recent call last):
        ...
    TypeError: AtOnce: noise is drawn in jitted code only
    """
    raise only_jitted(bound)


def own_reach(bound, synapses, j, time, h):
    """Return which synapses of neuron j deliver within the step of its spike, as first and last.

    Examples
    --------
    >>> from lifcore.networks.synapses import by_source
    >>> one = by_source([[0.0, 2.0], [1.0, 3.0]])
    >>> njit(lambda bound: own_reach(bound, one, 1, 0.25, 0.5))(AtOnce(0))
    (1, 3)
    """
    raise only_jitted(bound)


def own_delay(bound):
    """Return the delays of synapses, or None.

    Examples
    --------
    >>> njit(lambda bound: own_delay(bound))(AtOnce(0))
    """
    raise only_jitted(bound)


@kernel(deliver_heard, AtOnce)
def _heard_at_once(bound, feed, circuit, drawn, state, bench):
    wait = np.bool_(True)  # a literal is a type of its own, compiled once more
    for m in range(feed.begin, feed.end):
        j, time = bench.lists.out_neuron[m], bench.lists.out_time[m]
        spike = (circuit.synapses.first[j], circuit.synapses.first[j + 1], time)
        deliver_within(None, circuit, drawn, spike, wait, state, bench)


@kernel(own_reach, AtOnce)
def _whole(bound, synapses, j, time, h):
    return synapses.first[j], synapses.first[j + 1]


@kernel(own_delay, AtOnce)
def _none(bound):
    return None


@kernel(deliver_heard, Bound)
def _flying(bound, feed, circuit, drawn, state, bench):
    synapses, h, kept = circuit.synapses, circuit.kinds.h, 0
    for m in range(bound.total[0]):
        one = bound.row[m]
        since = one.time - (drawn.step - one.step) * h
        first, last = one.next, synapses.first[one.source + 1]
        until = reaching(bound.delay, first, last, since, h)
        if until > first:
            spike = (first, until, since)
            deliver_within(bound.delay, circuit, drawn, spike, np.bool_(True), state, bench)
        one.next = until
        if until < last:
            bound.row[kept] = one
            kept += 1
    bound.total[0] = kept


@kernel(own_reach, Bound)
def _within(bound, synapses, j, time, h):
    first, last = synapses.first[j], synapses.first[j + 1]
    return first, reaching(bound.delay, first, last, time, h)


@kernel(own_delay, Bound)
def _each(bound):
    return bound.delay


@njit(nogil=True, cache=True)
def deliver_within(delay, circuit, drawn, spike, wait, state, bench):
    """Deliver a spike within the step; targets to be searched may wait.

    `spike` are the first of the synapses that deliver, the one after the last, and its time from
    the step's beginning; `delay` is None if they all deliver at once. A target that stays clear of
    the threshold takes the jump's response on top of its state at the step's end; any other one is
    searched with all of its arrivals.
    """
    # Taken out of their tuples once: in the loop that would be most of the work.
    kinds, synapses, v, i = circuit.kinds, circuit.synapses, state.v, state.i
    desk, lists, waiting = bench.desk, bench.lists, bench.waiting
    end, searched, height, head, tail = (
        desk.end, desk.searched, desk.height, desk.head, desk.tail
    )  # fmt: skip
    when, jump, after, touched = lists.when, lists.jump, lists.after, lists.touched
    kind_of, target, weight = kinds.kind, synapses.target, synapses.weight
    time = spike[2]
    left = kinds.h - time
    third = kinds.h / 3.0
    kind, i_more, v_more, g, guard = -1, 0.0, 0.0, 0.0, 0.0
    for e in range(spike[0], spike[1]):
        k, size = np.int64(target[e]), weight[e]
        if delay is not None:
            arrives = min(max(spike[2] + delay[e], 0.0), kinds.h)
            if arrives != time or kind < 0:
                time, left, kind = arrives, kinds.h - arrives, -1
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
        if delay is not None and not first_one:
            in_order(k, desk, lists)
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
def in_order(k, desk, lists):
    """Move the last arrival of neuron k behind those that are not later than it."""
    when, after, last = lists.when, lists.after, desk.tail[k]
    before, e = -1, desk.head[k]
    while e != last and when[e] <= when[last]:
        before, e = e, after[e]
    if e == last:
        return
    end = e
    while after[end] != last:
        end = after[end]
    after[end], desk.tail[k] = -1, end
    after[last] = e
    if before < 0:
        desk.head[k] = last
    else:
        after[before] = last
