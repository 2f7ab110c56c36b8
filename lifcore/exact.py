r"""The reference: the exact flow on a grid, and spikes found by bridge refinement.

Between grid points V is known through its values and slopes at both ends (V' = I - gV is
known there too), up to a bridge of standard deviation sigma sqrt(h³/192). A step in which
the cubic through these data stays clear of the threshold by several such deviations has no
spike. Any other step is halved, its middle drawn conditionally on both ends, again and
again, until each piece is either clear or crosses steeply compared with the noise left
inside it; the root of the cubic is then the spike's time, its slope the crossing speed.

A presynaptic spike adds its weight w to I, and to V from then on w times the voltage kernel
of :mod:`lifcore.brownian`. V stays continuous and bends: the cubic is laid anew through what
V and its slope are at that instant and at the piece's end.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from lifcore.brownian import Bridges, Flow, bridges, exact_flow
from lifcore.euler import fill_normals, record
from lifcore.keyed import draw, in_turn
from lifcore.model import LIF

CLEARANCE = 6.0
"""A piece is clear of spikes if its cubic stays this many bridge deviations off."""

STEEPNESS = 0.01
"""A crossing is accepted if the slope's noise inside its piece is below this share of it."""


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
def first_crossing(f0, f1, m0, m1):
    """Return where on [0, 1] the cubic first rises through zero, and its slope there.

    f0, f1 are its values at the ends and m0, m1 its slopes. Returns (-1, 0) if it does not.
    """
    c3 = 2.0 * (f0 - f1) + m0 + m1
    c2 = 3.0 * (f1 - f0) - 2.0 * m0 - m1
    # Between the turning points the cubic is monotone: search piece by piece.
    u1, u2 = 1.0, 1.0
    disc = c2 * c2 - 3.0 * c3 * m0
    if disc > 0.0:
        # The stable pair of roots of 3 c3 u² + 2 c2 u + m0, none lost when c3 is tiny.
        q = -(c2 + math.copysign(math.sqrt(disc), c2))
        r1 = q / (3.0 * c3) if c3 != 0.0 else 1.0
        r2 = m0 / q if q != 0.0 else 1.0
        u1 = min(max(min(r1, r2), 0.0), 1.0)
        u2 = min(max(max(r1, r2), 0.0), 1.0)
    left, f_left = 0.0, f0
    for piece in range(3):
        right = u1 if piece == 0 else (u2 if piece == 1 else 1.0)
        f_right = f1 if right == 1.0 else ((c3 * right + c2) * right + m0) * right + f0
        if f_left < 0.0 and f_right >= 0.0:
            u = _monotone_root(c3, c2, m0, f0, left, right, f_left, f_right)
            return u, (3.0 * c3 * u + 2.0 * c2) * u + m0
        left, f_left = right, f_right
    return -1.0, 0.0


@njit(nogil=True, cache=True)
def _monotone_root(c3, c2, c1, c0, left, right, f_left, f_right):
    # Newton from the secant, kept inside a shrinking bracket.
    u = left + (right - left) * (-f_left) / (f_right - f_left)
    for _ in range(100):
        f = ((c3 * u + c2) * u + c1) * u + c0
        if f < 0.0:
            left = u
        else:
            right = u
        slope = (3.0 * c3 * u + 2.0 * c2) * u + c1
        new = u - f / slope if slope > 0.0 else left
        if not left < new < right:
            new = 0.5 * (left + right)
        if abs(new - u) <= 1e-15 or not left < new < right:
            return new
        u = new
    return u


@njit(nogil=True, cache=True)
def top(v0, v1, d0, d1):
    """Bound a cubic from above by its Bézier points; d0, d1 are a third of its end slopes."""
    return max(max(v0, v1), max(v0 + d0, v1 - d1))


@njit(nogil=True, cache=True)
def jump_response(g, a, u):
    """Return what is left of a unit jump of I after a time u: in I, and in V.

    The second is :func:`lifcore.brownian.voltage_kernel`.
    """
    slow, gap = min(g, a), abs(g - a)
    spread = u if gap == 0.0 else -math.expm1(-gap * u) / gap
    return math.exp(-a * u), math.exp(-slow * u) * spread


@njit(nogil=True, cache=True)
def halve(table, d, y, z, stream, depths, noise, size):
    """Put the halves of a piece of depth d and noise y onto the stack, the first one on top.

    The middle of its noise is drawn conditionally on y; `z` is scratch.
    """
    for r in range(3):
        z[r] = stream.standard_normal()
    halve_by(table, d, y, z, depths, noise, size)


@njit(nogil=True, cache=True)
def halve_by(table, d, y, z, depths, noise, size):
    """Do the same with three normals `z` that are drawn already."""
    first = table.mean[d]
    root = table.root[d]
    for r in range(3):
        middle = 0.0
        for c in range(3):
            middle += first[r, c] * y[c]
        for c in range(r + 1):
            middle += root[r, c] * z[c]
        noise[size + 1, r] = middle
    forward = table.transfer[d + 1]
    for r in range(3):
        carried = 0.0
        for c in range(r + 1):
            carried += forward[r, c] * noise[size + 1, c]
        noise[size, r] = y[r] - carried
    depths[size] = d + 1
    depths[size + 1] = d + 1


@njit(nogil=True, cache=True)
def refine(
    step, time, v, i, normals, stream, lane, j, series, spikes, recorded, jump_times, jump_sizes
):
    """Find the spikes of one neuron in one step, by halving it where that is needed.

    Parameters: the state at the step's start, the three normals of its noise, and the jumps
    of I within the step, in order, their times counted from its start. Returns V and I at
    the step's end and the number of spikes, each of which is recorded.
    """
    return refine_with(
        step, time, v, i, normals, in_turn(stream), 0, 0, lane, j, series, spikes, recorded,
        jump_times, jump_sizes,
    )  # fmt: skip


@njit(nogil=True, cache=True)
def refine_with(
    step, time, v, i, normals, source, noise_of, count, lane, j, series, spikes, recorded,
    jump_times, jump_sizes,
):  # fmt: skip
    """Refine with normals from any `source` of :mod:`lifcore.keyed`.

    A keyed source is asked for the noise of neuron `noise_of` in step number `count`. What is
    found before a jump does not depend on that jump, nor on any later one.
    """
    table = step.bridges
    deepest = table.length.size - 1
    g, mu, sigma, a = step.g, step.mu, step.sigma, step.a
    gap = step.v_th - step.v_reset
    # Stack of the pieces still ahead, the nearest last: depth, noise of the chain, and place in
    # the tree of halves, whose root is 1 and where the halves of n are 2 n and 2 n + 1.
    depths = np.empty(deepest + 2, np.int64)
    places = np.empty(deepest + 2, np.int64)
    noise = np.empty((deepest + 2, 3))
    y = np.empty(3)
    z = np.empty(3)
    for r in range(3):
        total = 0.0
        for c in range(r + 1):
            total += step.flow.chain[r, c] * normals[c]
        noise[0, r] = total
    depths[0] = 0
    places[0] = 1
    size = 1
    spiked = 0
    elapsed = 0.0
    next_jump = 0
    while size > 0:
        size -= 1
        d, place = depths[size], places[size]
        y[:] = noise[size]
        length = table.length[d]
        # A jump at the very time of a spike, as by a synapse onto itself, comes after it.
        tie = 1e-14 * table.length[0] / length
        i_end = mu + table.decay_i[d] * (i - mu) + sigma * (y[0] - a * y[1])
        v_end = (
            table.decay_v[d] * v
            + table.gain[d] * (i - mu)
            + table.drift[d]
            + sigma * (y[1] - g * y[2])
        )
        slope, slope_end = i - g * v, i_end - g * v_end
        last_jump = next_jump
        while last_jump < jump_times.size and (
            size == 0 or jump_times[last_jump] < elapsed + length
        ):
            last_jump += 1
        # From above the threshold there is no way up through it: such a piece has no spike.
        below = v <= step.v_th
        split = below and d < step.first_depth
        left, v_left, jump = 0.0, v, next_jump
        found = 0
        while not split:
            # As if no jump came any more, is there a spike in the rest of the piece?
            rest = length * (1.0 - left)
            third = rest / 3.0
            highest = top(v_left, v_end, third * slope, third * slope_end)
            near = below and highest + CLEARANCE * table.spread[d] >= step.v_th
            u, rise = -1.0, 0.0
            if near or found > 0:
                u, rise = first_crossing(
                    v_left - step.v_th, v_end - step.v_th, rest * slope, rest * slope_end
                )
            if found == 0 and d < deepest:
                # A crossing must be steep; without one, it may still hide in the noise.
                steep = u >= 0.0 and sigma * math.sqrt(length) <= STEEPNESS * (rise / rest)
                split = (near and not steep) or (u >= 0.0 and d < step.root_depth)
                if split:
                    break
            at = 2.0
            if jump < last_jump:
                at = min(max((jump_times[jump] - elapsed) / length, left), 1.0)
            if u >= 0.0 and left + u * (1.0 - left) <= at + tie:
                speed = rise / rest
                left = left + u * (1.0 - left)
                found += 1
                record(spikes, recorded, lane, j, series, time + left * length, speed, 0.0)
                # The state is linear, so a reset shifts what follows by a decaying constant.
                v_end -= gap * math.exp(-g * (length * (1.0 - left)))
                v_left, slope = step.v_reset, speed + g * gap
            elif at <= 1.0:
                u_jump = (at - left) / (1.0 - left) if left < 1.0 else 0.0
                v_left, slope = _on_cubic(v_left, v_end, rest * slope, rest * slope_end, u_jump)
                slope = slope / rest if rest > 0.0 else i_end - g * v_left
                i_more, v_more = jump_response(g, a, length * (1.0 - at))
                i_end += jump_sizes[jump] * i_more
                v_end += jump_sizes[jump] * v_more
                slope += jump_sizes[jump]
                left = at
                jump += 1
            else:
                break
            slope_end = i_end - g * v_end
        if split:
            draw(source, noise_of, count, place, z)
            halve_by(table, d, y, z, depths, noise, size)
            places[size], places[size + 1] = 2 * place + 1, 2 * place
            size += 2
            continue
        spiked += found
        time += length
        elapsed += length
        next_jump = last_jump
        v, i = v_end, i_end
    return v, i, spiked


@njit(nogil=True, cache=True)
def _on_cubic(f0, f1, m0, m1, u):
    """Return value and slope at u of the cubic on [0, 1] with these values and slopes."""
    c3 = 2.0 * (f0 - f1) + m0 + m1
    c2 = 3.0 * (f1 - f0) - 2.0 * m0 - m1
    return ((c3 * u + c2) * u + m0) * u + f0, (3.0 * c3 * u + 2.0 * c2) * u + m0


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
