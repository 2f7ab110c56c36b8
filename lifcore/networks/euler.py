"""Euler–Maruyama on one path of a network with loops, all neurons side by side.

Nothing is known of a neuron's input before its sources have moved, so the network goes step by
step. Neurons go in tiles, small enough for a tile's noise and flags to stay in the processor's
first cache; only tiles in which something spiked are looked through.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from lifcore.networks.synapses import deliver_spike
from lifcore.schemes.euler import fill_normals, record

TILE = 1024
"""Neurons in a tile."""


@njit(nogil=True, cache=True)
def uniform_tiles(step):
    """Return of each tile whether all of its neurons are alike."""
    tiles = (step.g.size + TILE - 1) // TILE
    alike = np.ones(tiles, np.bool_)
    for j in range(step.g.size):
        first = j - j % TILE
        for column in (step.g, step.pull, step.mu, step.sigma, step.v_th, step.v_reset):
            if column[j] != column[first]:
                alike[j // TILE] = False
    return alike


@njit(nogil=True, cache=True)
def advance_tile(step, first, alike, noise, scale, shift, v, i, crossed):
    """Take one Euler step of the neurons from `first` on, as many as there is noise for.

    The increments are `scale` times the noise plus `shift`. Neurons that are `alike` go faster,
    their parameters being numbers then. Returns the number of spikes.
    """
    h, last = step.h, first + noise.size
    v, i = v[first:last], i[first:last]
    spiked = 0
    if alike:
        g_0, pull_0, mu_0 = step.g[first], step.pull[first], step.mu[first]
        sigma_0, v_th_0, v_reset_0 = step.sigma[first], step.v_th[first], step.v_reset[first]
        for k in range(noise.size):
            dw = scale * noise[k] + shift
            v[k], i[k], crossed[k] = _moved(
                v[k], i[k], dw, h, g_0, pull_0, mu_0, sigma_0, v_th_0, v_reset_0
            )
            spiked += crossed[k]
    else:
        g, pull, mu = step.g[first:last], step.pull[first:last], step.mu[first:last]
        sigma, v_th = step.sigma[first:last], step.v_th[first:last]
        v_reset = step.v_reset[first:last]
        for k in range(noise.size):
            dw = scale * noise[k] + shift
            v[k], i[k], crossed[k] = _moved(
                v[k], i[k], dw, h, g[k], pull[k], mu[k], sigma[k], v_th[k], v_reset[k]
            )
            spiked += crossed[k]
    return spiked


@njit(nogil=True, cache=True)
def _moved(v, i, dw, h, g, pull, mu, sigma, v_th, v_reset):
    """Return V, I and whether it spiked after one Euler step of one neuron."""
    v_new = v + h * (i - g * v)
    above = v_new >= v_th
    return v_reset if above else v_new, i + pull * (mu - i) + sigma * dw, above


@njit(nogil=True, cache=True)
def move_tile(
    step, first, alike, noise, scale, shift, v, i, before, crossed, time, lane, series,
    fired, count, spikes, recorded,
):  # fmt: skip
    """Advance a tile, and write the neurons that spiked behind the `count` ones in `fired`.

    Records their spikes if `spikes` has room for any; `before`, shape (2, TILE), then keeps V and
    I of the step's start. Returns how many neurons `fired` holds then.
    """
    if spikes.size > 0:
        for k in range(noise.size):
            before[0, k] = v[first + k]
            before[1, k] = i[first + k]
    if advance_tile(step, first, alike, noise, scale, shift, v, i, crossed) == 0:
        return count
    for k in range(noise.size):
        if crossed[k]:
            j = first + k
            fired[count] = j
            count += 1
            if spikes.size > 0:
                v_old, i_old = before[0, k], before[1, k]
                v_new = v_old + step.h * (i_old - step.g[j] * v_old)
                lag = step.h * (v_new - step.v_th[j]) / (v_new - v_old)
                record(spikes, recorded, lane, j, series, time, i_old - step.i_th[j], lag)
    return count


@njit(nogil=True, cache=True)
def euler_paths(step, synapses, common, steps, stream, seats, v, i, counts, spikes, recorded):
    """Advance paths by `steps` steps from time 0, in place; arrays have shape (paths, neurons).

    Draws one normal a neuron and step, in the order step, neuron; before those of a step one
    more, common to all, if `common`, its share of the variance, is positive. Records spikes if
    `spikes` has room for any, else only counts them. A spike enters the currents of its targets
    at its step's end.
    """
    paths, neurons = v.shape
    root, shared = math.sqrt(step.h * (1.0 - common)), math.sqrt(step.h * common)
    normals = np.empty(TILE)
    before = np.empty((2, TILE))
    crossed = np.empty(TILE, np.bool_)
    fired = np.empty(neurons, np.int64)
    alike = uniform_tiles(step)
    generator = stream.generator
    for p in range(paths):
        stream.state[:] = seats[p]
        for n in range(steps):
            count = 0
            of_all = shared * generator.standard_normal() if common > 0.0 else 0.0
            for tile in range(alike.size):
                first = tile * TILE
                own = normals[: min(TILE, neurons - first)]
                fill_normals(generator, own)
                count = move_tile(
                    step, first, alike[tile], own, root, of_all, v[p], i[p], before, crossed,
                    (n + 1) * step.h, p, 0, fired, count, spikes, recorded,
                )  # fmt: skip
            for k in range(count):
                counts[p, fired[k]] += 1
                deliver_spike(synapses, fired[k], i[p])
        seats[p] = stream.state
