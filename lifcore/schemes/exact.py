"""The exact scheme: the flow over a step on all lanes, and refinement where a spike may be."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from lifcore.models.neuron import LIF
from lifcore.noise.bridges import Bridges, bridges
from lifcore.noise.flow import Flow, exact_flow
from lifcore.schemes.crossings import CLEARANCE, jump_response, top
from lifcore.schemes.euler import fill_normals
from lifcore.schemes.refinement import refine


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
    fastest = max(lif.g, lif.a)
    # A perfect integrator of Brownian motion has no time scale but that of its own noise,
    # the one in which V wanders over its range; without noise too, its motion is a line.
    own = (lif.sigma / (lif.v_th - lif.v_reset)) ** (2.0 / 3.0)
    scale = 1.0 / max(fastest, own) if max(fastest, own) > 0.0 else h

    def halvings(length: float) -> int:
        return max(0, math.ceil(math.log2(h / length)))

    return ExactStep(
        flow=exact_flow(lif, h),
        bridges=bridges(lif, h, halvings(1e-10 * scale)),
        g=lif.g,
        mu=lif.mu,
        sigma=lif.sigma,
        a=lif.a,
        v_th=lif.v_th,
        v_reset=lif.v_reset,
        first_depth=halvings(scale / 4.0),
        root_depth=halvings(scale / 200.0),
    )


@njit(nogil=True, cache=True)
def flow_block(step, v, i, normals, end, suspect):
    """Move lanes of one neuron by one exact step as if there were no threshold.

    Writes (V, I) at the step's end into `end`, shape (2, lanes), marks the lanes in which a
    spike cannot be ruled out, and returns their number. `normals` has shape (3, lanes).
    """
    guard = step.v_th - CLEARANCE * step.bridges.spread[0]
    if step.first_depth > 0:
        guard = -math.inf
    return flow_lanes(step.flow, step.g, step.mu, guard, v, i, normals, end, suspect)


@njit(nogil=True, cache=True)
def flow_lanes(flow, g, mu, guard, v, i, normals, end, suspect):
    """Do the same for lanes whose flow, leak and mean current are given.

    A lane is suspect if V may exceed `guard`.
    """
    c = flow.noise
    c10, c11, c20, c21, c22 = c[1, 0], c[1, 1], c[2, 0], c[2, 1], c[2, 2]
    decay_i, decay_v, gain, drift = flow.decay_i, flow.decay_v, flow.gain, flow.drift
    third = flow.h / 3.0
    found = 0
    for lane in range(v.size):
        z0, z1, z2 = normals[0, lane], normals[1, lane], normals[2, lane]
        v0, x = v[lane], i[lane] - mu
        i1 = mu + decay_i * x + (c10 * z0 + c11 * z1)
        v1 = decay_v * v0 + gain * x + drift + (c20 * z0 + c21 * z1 + c22 * z2)
        v_top = top(v0, v1, third * (i[lane] - g * v0), third * (i1 - g * v1))
        end[0, lane] = v1
        end[1, lane] = i1
        suspect[lane] = v_top >= guard
        found += suspect[lane]
    return found


@njit(nogil=True, cache=True)
def exact_neuron(
    step, h, j, begin, finish, stream, refinement, v, i, counts, signals, weight,
    spikes, recorded, marks,
):  # fmt: skip
    """Advance one neuron on all lanes from step `begin` to step `finish`, in place.

    Draws three normals a lane and step from `stream`, in the order step, component, lane, and
    what refinement needs from `refinement`. ``marks[n + 1]`` is the number of spikes recorded
    up to the n-th of these steps.
    """
    lanes = v.size
    normals = np.empty((3, lanes))
    end = np.empty((2, lanes))
    suspect = np.empty(lanes, np.bool_)
    for n in range(begin, finish):
        exact_advance_driven(
            step, j, n * h, stream, refinement, v, i, normals, end, suspect, counts, 0,
            spikes, recorded, signals, n - begin, weight,
        )  # fmt: skip
        marks[n - begin + 1] = recorded[0]


@njit(nogil=True, cache=True)
def exact_advance(
    step, j, time, stream, refinement, v, i, normals, end, suspect, counts, series, spikes, recorded
):
    """Take one exact step of neuron j over all lanes; `normals` holds its noise afterwards."""
    fill_normals(stream, normals.reshape(normals.size))
    found = flow_block(step, v, i, normals, end, suspect)
    _finish(
        step, j, time, refinement, v, i, normals, end, suspect, found, counts, series, spikes,
        recorded,
    )  # fmt: skip


@njit(nogil=True, cache=True)
def exact_advance_driven(
    step, j, time, stream, refinement, v, i, normals, end, suspect, counts, series,
    spikes, recorded, signals, signal_step, weight,
):  # fmt: skip
    """Take the same step with the spikes that arrive within it, which are those of series 0."""
    fill_normals(stream, normals.reshape(normals.size))
    found = flow_block(step, v, i, normals, end, suspect)
    if signals.first[0, signal_step] < signals.first[0, signal_step + 1]:
        found -= _drive(
            step, j, time, refinement, v, i, normals, end, suspect, counts, series,
            spikes, recorded, signals, signal_step, weight,
        )  # fmt: skip
    _finish(
        step, j, time, refinement, v, i, normals, end, suspect, found, counts, series, spikes,
        recorded,
    )  # fmt: skip


@njit(nogil=True, cache=True)
def _finish(
    step, j, time, refinement, v, i, normals, end, suspect, found, counts, series, spikes, recorded
):
    """Refine the `found` lanes marked as suspect, and take over the step's end."""
    if found > 0:
        nothing = np.empty(0)
        for lane in range(v.size):
            if suspect[lane]:
                end[0, lane], _, spiked = refine(
                    step, time, v[lane], i[lane], normals[:, lane], refinement, lane, j,
                    series, spikes, recorded, nothing, nothing,
                )  # fmt: skip
                counts[lane] += spiked
    for lane in range(v.size):
        v[lane] = end[0, lane]
        i[lane] = end[1, lane]


@njit(nogil=True, cache=True)
def _drive(
    step, j, time, refinement, v, i, normals, end, suspect, counts, series,
    spikes, recorded, signals, signal_step, weight,
):  # fmt: skip
    """Finish the lanes that signals reach in this step; return how many were suspect.

    A synapse of weight 0 is no synapse: it leaves every bit as it is.
    """
    e, last = signals.first[0, signal_step], signals.first[0, signal_step + 1]
    h, a, third = step.flow.h, step.a, step.flow.h / 3.0
    guard = step.v_th - CLEARANCE * step.bridges.spread[0]
    times, sizes = np.empty(last - e), np.empty(last - e)
    finished = 0
    while e < last:
        lane, count, push = signals.lane[e], 0, 0.0
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
        finished += suspect[lane]
        highest = push + top(
            v[lane], end[0, lane], third * (i[lane] - step.g * v[lane]),
            third * (end[1, lane] - step.g * end[0, lane]),
        )  # fmt: skip
        if step.first_depth > 0 or highest >= guard:
            end[0, lane], end[1, lane], spiked = refine(
                step, time, v[lane], i[lane], normals[:, lane], refinement, lane, j,
                series, spikes, recorded, times[:count], sizes[:count],
            )  # fmt: skip
            counts[lane] += spiked
        else:
            for k in range(count):
                i_more, v_more = jump_response(step.g, a, h - times[k])
                end[0, lane] += sizes[k] * v_more
                end[1, lane] += sizes[k] * i_more
        suspect[lane] = False
    return finished
