r"""Copies of a neuron on one noise: exact paths that share current and Brownian path.

Two potentials driven by the same current differ by d exp(-g t) between spikes, exactly; only
resets change that. So a flock is one reference V and the differences of its copies, which are
carried by themselves: a difference of 1e-7 keeps nine figures, where that of two potentials
near 1 would keep eight at the start and lose more with every step.

Bridge refinement is shared as well: a piece of a step is halved if any of the copies needs it,
and its middle is drawn once, so that all copies see the same refined path.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from lifcore.schemes.crossings import CLEARANCE, STEEPNESS, first_crossing, top
from lifcore.schemes.euler import advance, fill_normals
from lifcore.schemes.exact import exact_advance
from lifcore.schemes.refinement import halve


@njit(nogil=True, cache=True)
def _judge(step, d, v, v_end, slope, slope_end, out):
    """Find the spikes of one potential in one piece; return -1 if the piece must be halved.

    Else the number of spikes; `out` then holds by how much their resets lower V at the piece's
    end, and the sum of their log(1 + g (v_th - v_reset)/speed).
    """
    out[0] = 0.0
    out[1] = 0.0
    length = step.bridges.length[d]
    if v > step.v_th:
        return 0
    deepest = step.bridges.length.size - 1
    if d < step.first_depth:
        return -1
    third = length / 3.0
    if top(v, v_end, third * slope, third * slope_end) + CLEARANCE * step.bridges.spread[d] < (
        step.v_th
    ):
        return 0
    gap = step.v_th - step.v_reset
    found = 0
    left = 0.0
    while True:
        rest = length * (1.0 - left)
        u, rise = first_crossing(v - step.v_th, v_end - step.v_th, rest * slope, rest * slope_end)
        if u < 0.0:
            # Nothing found: a crossing may still hide in the noise within the piece.
            return -1 if found == 0 and d < deepest else found
        speed = rise / rest
        if found == 0:
            steep = step.sigma * math.sqrt(length) <= STEEPNESS * speed
            if (not steep or d < step.root_depth) and d < deepest:
                return -1
        left = left + u * (1.0 - left)
        found += 1
        fall = gap * math.exp(-step.g * (length * (1.0 - left)))
        out[0] += fall
        out[1] += math.log1p(step.g * gap / speed)
        v_end -= fall
        slope_end += step.g * fall
        v, slope = step.v_reset, speed + step.g * gap


@njit(nogil=True, cache=True)
def refine_flock(step, v, i, apart, normals, stream, work, depths, noise):
    """Carry a reference V and its copies V + apart[c] through one step with their spikes.

    Changes `apart` and returns V and I at the step's end, the reference's number of spikes and
    the sum of their logarithmic saltation factors. `work` (copies + 1, 2), `depths` and `noise`
    (two more rows than there are bridges) are scratch.
    """
    table = step.bridges
    deepest = table.length.size - 1
    copies = apart.size
    g, mu, sigma, a = step.g, step.mu, step.sigma, step.a
    y = np.empty(3)
    z = np.empty(3)
    for r in range(3):
        total = 0.0
        for c in range(r + 1):
            total += step.flow.chain[r, c] * normals[c]
        noise[0, r] = total
    depths[0] = 0
    size = 1
    spiked, logs = 0, 0.0
    while size > 0:
        size -= 1
        d = depths[size]
        y[:] = noise[size]
        i_end = mu + table.decay_i[d] * (i - mu) + sigma * (y[0] - a * y[1])
        v_end = (
            table.decay_v[d] * v
            + table.gain[d] * (i - mu)
            + table.drift[d]
            + sigma * (y[1] - g * y[2])
        )
        found = 0
        for c in range(-1, copies):
            more = apart[c] if c >= 0 else 0.0
            begin, end = v + more, v_end + table.decay_v[d] * more
            count = _judge(step, d, begin, end, i - g * begin, i_end - g * end, work[c + 1])
            if count < 0:
                found = -1
                break
            if c < 0:
                found = count
        if found < 0 and d < deepest:
            halve(table, d, y, z, stream, depths, noise, size)
            size += 2
            continue
        for c in range(copies):
            apart[c] = table.decay_v[d] * apart[c] + (work[0, 0] - work[c + 1, 0])
        spiked += found
        logs += work[0, 1]
        v, i = v_end - work[0, 0], i_end
    return v, i, spiked, logs


@njit(nogil=True, cache=True)
def flock_block(
    step, steps, stream, refinement, v, i, apart, distance, limit, growth, logs, counts, drive,
    every, seen,
):  # fmt: skip
    """Carry a block of flocks over some steps, in place.

    Parameters: `v`, `i` of shape (lanes,) and `apart` (lanes, copies). If `distance` > 0 an
    `apart` that has left [distance/10, 10 distance] is renormalised to it, unless it is
    larger than `limit`, and the logarithm goes into `growth` (lanes, copies). `logs`, `counts`
    and `drive` (lanes,) add up the reference's logarithmic saltation factors, its spikes and
    the noise's increments. If `seen` (looks, lanes, copies + 2) has room, V of the reference,
    what the copies are apart, and `drive` are kept after every `every` steps.
    """
    lanes, copies = apart.shape
    flow = step.flow
    n = flow.noise
    n10, n11, n20, n21, n22 = n[1, 0], n[1, 1], n[2, 0], n[2, 1], n[2, 2]
    third = flow.h / 3.0
    guard = step.v_th - CLEARANCE * step.bridges.spread[0]
    if step.first_depth > 0:
        guard = -math.inf
    normals = np.empty((3, lanes))
    own = np.empty(3)
    work = np.empty((copies + 1, 2))
    depths = np.empty(step.bridges.length.size + 1, np.int64)
    noise = np.empty((step.bridges.length.size + 1, 3))
    for k in range(steps):
        fill_normals(stream, normals.reshape(normals.size))
        for lane in range(lanes):
            z0, z1, z2 = normals[0, lane], normals[1, lane], normals[2, lane]
            drive[lane] += n[0, 0] * z0
            v0, i0 = v[lane], i[lane]
            x = i0 - step.mu
            i1 = step.mu + flow.decay_i * x + (n10 * z0 + n11 * z1)
            v1 = flow.decay_v * v0 + flow.gain * x + flow.drift + (n20 * z0 + n21 * z1 + n22 * z2)
            # The highest copy is the one to look at: they never overtake one another in a
            # step without spikes.
            more = 0.0
            for c in range(copies):
                more = max(more, apart[lane, c])
            if top(v0, v1, third * (i0 - step.g * v0), third * (i1 - step.g * v1)) + more < guard:
                v[lane], i[lane] = v1, i1
                for c in range(copies):
                    apart[lane, c] *= flow.decay_v
            else:
                own[0], own[1], own[2] = z0, z1, z2
                v[lane], i[lane], spiked, sums = refine_flock(
                    step, v0, i0, apart[lane], own, refinement, work, depths, noise
                )
                counts[lane] += spiked
                logs[lane] += sums
            if distance > 0.0:
                for c in range(copies):
                    size = abs(apart[lane, c])
                    if size < 0.1 * distance or 10.0 * distance < size <= limit:
                        growth[lane, c] += math.log(size / distance)
                        apart[lane, c] = math.copysign(distance, apart[lane, c])
        if seen.size > 0 and (k + 1) % every == 0:
            for lane in range(lanes):
                seen[(k + 1) // every - 1, lane, 0] = v[lane]
                for c in range(copies):
                    seen[(k + 1) // every - 1, lane, c + 1] = apart[lane, c]
                seen[(k + 1) // every - 1, lane, copies + 1] = drive[lane]


@njit(nogil=True, cache=True)
def exact_tangent(step, steps, stream, refinement, v, i, spikes, logs, counts, drive, slowest):
    """Carry a block of exact paths over some steps and add up log s(A) of their spikes.

    `spikes` is a buffer for the spikes of one step; returns how many it would have to hold.
    ``slowest[0]`` becomes the smallest speed seen; one that is not positive is left out.
    """
    lanes = v.size
    normals = np.empty((3, lanes))
    end = np.empty((2, lanes))
    suspect = np.empty(lanes, np.bool_)
    recorded = np.zeros(1, np.int64)
    kick = step.g * (step.v_th - step.v_reset)
    needed = 0
    for _ in range(steps):
        recorded[0] = 0
        exact_advance(
            step, 0, 0.0, stream, refinement, v, i, normals, end, suspect, counts, 0,
            spikes, recorded,
        )  # fmt: skip
        needed = max(needed, recorded[0])
        for m in range(min(recorded[0], spikes.size)):
            speed = spikes[m].speed
            slowest[0] = min(slowest[0], speed)
            if speed > 0.0:
                logs[spikes[m].lane] += math.log1p(kick / speed)
        for lane in range(lanes):
            drive[lane] += step.flow.noise[0, 0] * normals[0, lane]
    return needed


@njit(nogil=True, cache=True)
def euler_tangent(step, steps, stream, v, i, logs, counts, drive, slowest):
    """Carry a block of Euler paths over some steps; add up log s at their own speeds."""
    lanes = v.size
    root = math.sqrt(step.h)
    kick = step.g[0] * (step.v_th[0] - step.v_reset[0])
    dw = np.empty(lanes)
    before = np.empty((3, lanes))
    crossed = np.empty(lanes, np.bool_)
    for _ in range(steps):
        fill_normals(stream, dw)
        for lane in range(lanes):
            dw[lane] *= root
            drive[lane] += dw[lane]
        if advance(step, 0, v, i, dw, before, crossed) > 0:
            for lane in range(lanes):
                if crossed[lane]:
                    speed = before[1, lane] - step.i_th[0]
                    slowest[0] = min(slowest[0], speed)
                    if speed > 0.0:
                        logs[lane] += math.log1p(kick / speed)
                    counts[lane] += 1
