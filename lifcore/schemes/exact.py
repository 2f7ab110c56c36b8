"""The exact scheme: the flow over a step on all lanes, and refinement where a spike may be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from lifcore import checks
from lifcore.models.networks import Recurrent
from lifcore.models.neuron import LIF
from lifcore.noise.bridges import SPREAD, Bridges, bridges
from lifcore.noise.flow import Flow, exact_flow
from lifcore.noise.sources import fill, of_lane, refining
from lifcore.schemes.crossings import CLEARANCE, jump_response, top
from lifcore.schemes.free_step import deepest_of, flow_block, take_over, work
from lifcore.schemes.held import held_finished
from lifcore.schemes.refinement import Begin, Jumps, refine, whole_step
from lifcore.schemes.scheme import Scheme
from lifcore.schemes.state import Label


class ExactStep(NamedTuple):
    """One exact step of a neuron, with the tables to refine it.

    Examples
    --------
    >>> step = exact_step(LIF(tau=0.5), 1.0)
    >>> step.a, step.flow.h
    (2.0, 1.0)
    """

    flow: Flow
    bridges: Bridges
    g: float
    mu: float
    sigma: float
    a: float
    v_th: float
    v_reset: float
    first_depth: int
    root_depth: int
    t_ref: float | None


@lru_cache(maxsize=4096)  # every block of a run asks for the same tables
def exact_step(lif: LIF, h: float) -> ExactStep:
    """Return the constants of one exact step.

    The cubic's own error for smooth motion is length⁴/384 times the fourth derivative:
    pieces are judged only below a quarter of the fastest time scale (`first_depth`) and
    roots taken only below 1/200 of it (`root_depth`, an error of about 2e-12 of the range
    of V). Halving ends at a length of about 1e-10 time scales, where V's bridge is
    below rounding.

    Parameters
    ----------
    lif : LIF
        The neuron.
    h : float
        Length of the step; any, since the flow is exact.

    Returns
    -------
    ExactStep

    Examples
    --------
    >>> exact_step(LIF(), 2.0 ** -10).root_depth
    0
    """
    with checks.computable(h, lif):
        step = _exact_step(lif, h)
        checks.finite(*step.flow, *step.bridges)
    return step


def _exact_step(lif: LIF, h: float) -> ExactStep:
    fastest = max(lif.g, lif.a)
    # A perfect integrator of Brownian motion has no time scale but that of its own noise,
    # the one in which V wanders over its range; without noise too, its motion is a line.
    ratio = Decimal(lif.sigma / (lif.v_th - lif.v_reset))
    own = float((ratio * ratio) ** (Decimal(1) / 3))  # by no library: halvings hang on it
    scale = 1.0 / max(fastest, own) if max(fastest, own) > 0.0 else h

    def halvings(length: float) -> int:
        n = 0
        while math.ldexp(h, -n) > length:
            n += 1
        return n

    return ExactStep(
        exact_flow(lif, h), bridges(lif, h, halvings(1e-10 * scale)),
        g=lif.g, mu=lif.mu, sigma=lif.sigma, a=lif.a, v_th=lif.v_th, v_reset=lif.v_reset,
        first_depth=halvings(scale / 4.0), root_depth=halvings(scale / 200.0),
        t_ref=lif.t_ref or None,
    )  # fmt: skip


@njit(nogil=True, cache=True)
def exact_neuron(step, span, streams, state, arrivals, recording):
    """Carry one neuron on all lanes over a span of steps, in place.

    Draws three normals a lane and step, in the order step, component, lane, and what refinement
    needs from its own stream.
    """
    room = work(state.v.size, deepest_of(step))
    first = arrivals.signals.first
    for n in range(span.begin, span.end):
        k = n - span.begin
        fill(streams.steps, room.normals, room.normals.shape[1], 1.0)
        found = flow_block(step, state, room)
        if found > 0 or first[0, k] < first[0, k + 1] or step.t_ref is not None:
            at = (span.neuron, n, k)
            exact_spikes(step, at, streams, state, room, found, arrivals, recording)
        else:
            take_over(state, room)
        recording.marks[k + 1] = recording.recorded[0]


@njit(nogil=True, cache=True)
def exact_advance(step, n, streams, state, room, recording):
    """Take exact step `n` of a single neuron over all lanes; ``room.normals`` holds its noise."""
    fill(streams.steps, room.normals, room.normals.shape[1], 1.0)
    found = flow_block(step, state, room)
    only = np.int64(0)  # a literal is a type of its own, for which all below is compiled once more
    if held_finished(step.t_ref, step, (only, n, only), streams, state, room, None, recording):
        return
    _finish(step, (only, n), streams, state, room, found, recording)


@njit(nogil=True, cache=True)
def exact_spikes(step, at, streams, state, room, found, arrivals, recording):
    """Finish a step of a neuron in which `found` lanes are suspect, or spikes of series 0 arrive.

    The numbers of `at` are the neuron's, the step's from time 0, and its own among the signals.
    """
    neuron, n, signal_step = at
    if held_finished(step.t_ref, step, at, streams, state, room, arrivals, recording):
        return
    first = arrivals.signals.first
    if first[0, signal_step] < first[0, signal_step + 1]:
        found -= _drive(step, at, streams, state, room, arrivals, recording)
    _finish(step, (neuron, n), streams, state, room, found, recording)


@njit(nogil=True, cache=True)
def _finish(step, at, streams, state, room, found, recording):
    """Refine the `found` lanes marked as suspect, and take over the step's end."""
    if found > 0:
        v, i, end, time = state.v, state.i, room.end, at[1] * step.flow.h
        suspect, counts, normals = room.suspect, state.counts, room.normals
        source, nothing = refining(streams.refinement), Jumps(np.empty(0), np.empty(0))
        lane, stack = 0, room.stack
        while found > 0:
            while not suspect[lane]:
                lane += 1
            begin, label = Begin(time, v[lane], i[lane]), Label(lane, at[0], 0)
            whole_step(step, normals, lane, stack)
            end[0, lane], _, spiked = refine(
                step, begin, stack, of_lane(source, lane), (0, 0), nothing, label, recording
            )
            counts[lane] += spiked
            found -= 1
            lane += 1
    take_over(state, room)


@njit(nogil=True, cache=True)
def _drive(step, at, streams, state, room, arrivals, recording):
    """Finish the lanes that signals reach in this step; return how many were suspect.

    A synapse of weight 0 is no synapse: it leaves every bit as it is.
    """
    neuron, n, signal_step = at
    signals, weight, v, i, end = arrivals.signals, arrivals.weight, state.v, state.i, room.end
    e, last = signals.first[0, signal_step], signals.first[0, signal_step + 1]
    h, a, third, time = step.flow.h, step.a, step.flow.h / 3.0, n * step.flow.h
    guard = step.v_th - CLEARANCE * step.bridges.rows[0, SPREAD]
    times, sizes = np.empty(last - e), np.empty(last - e)
    source = refining(streams.refinement)
    stack, finished = room.stack, 0
    while e < last:
        lane, count, push = np.int64(signals.lane[e]), 0, 0.0
        while e < last and signals.lane[e] == lane:
            size = weight[signals.source[e]]
            if size != 0.0:
                times[count] = min(max(signals.time[e] - time, 0.0), h)
                sizes[count] = size
                push += max(size, 0.0) * (h - times[count])
                count += 1
            e += 1
        if count == 0:
            continue
        finished += room.suspect[lane]
        highest = push + top(
            v[lane], end[0, lane], third * (i[lane] - step.g * v[lane]),
            third * (end[1, lane] - step.g * end[0, lane]),
        )  # fmt: skip
        if step.first_depth > 0 or highest >= guard:
            jumps = Jumps(times[:count], sizes[:count])
            label = Label(lane, neuron, 0)
            whole_step(step, room.normals, lane, stack)
            end[0, lane], end[1, lane], spiked = refine(
                step, Begin(time, v[lane], i[lane]), stack, of_lane(source, lane),
                (0, 0), jumps, label, recording,
            )  # fmt: skip
            state.counts[lane] += spiked
        else:
            for k in range(count):
                i_more, v_more = jump_response(step.g, a, h - times[k])
                end[0, lane] += sizes[k] * v_more
                end[1, lane] += sizes[k] * i_more
        room.suspect[lane] = False
    return finished


def _exact_steps(neurons: Sequence[LIF] | Recurrent, h: float) -> list[ExactStep]:
    each = neurons.neurons if isinstance(neurons, Recurrent) else neurons
    return [exact_step(neuron, h) for neuron in each]


EXACT = Scheme(
    name="exact",
    constants=_exact_steps,
    carry=exact_neuron,
    components=3,
    check=checks.exact_affordable,
    strong_order=math.inf,
    weak_order=math.inf,
    spike_time_order=math.inf,
    on_grid=False,
)
"""The exact flow, with spike times as roots: the reference."""
