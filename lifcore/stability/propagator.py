"""The tangent flow of a network: decay between spikes, saltation at them, orthonormal bases."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from lifcore.schemes.crossings import jump_response


@njit(nogil=True, cache=True)
def carry(g, a, span, basis):
    """Carry tangent vectors, the rows of `basis`, over a time without spikes."""
    n = g.size
    for k in range(n):
        decay_i, response = jump_response(g[k], a[k], span)
        decay_v = math.exp(-g[k] * span)
        for r in range(basis.shape[0]):
            basis[r, k] = decay_v * basis[r, k] + response * basis[r, n + k]
            basis[r, n + k] *= decay_i


@njit(nogil=True, cache=True)
def saltate(a, kick, weights, j, speed, basis):
    """Apply the saltation matrix of a spike of neuron j to the rows of `basis`."""
    n = a.size
    for r in range(basis.shape[0]):
        earlier = basis[r, j] / speed
        basis[r, j] += kick[j] * earlier
        for k in range(n):
            basis[r, k] += weights[k, j] * earlier
            basis[r, n + k] -= weights[k, j] * a[k] * earlier


@njit(nogil=True, cache=True)
def path_exponents(constants, record, window, out):
    """Write what one path's tangent vectors grow by in all, in logarithms, into `out`.

    `constants` are g, 1/tau, the kick g (v_th - v_reset) of every neuron, and all weights; `record`
    the path's spikes in order: times, neurons, speeds; `window` when to begin and end measuring,
    and after which time to orthonormalise at the latest.
    """
    g, a, kick, weights = constants
    times, neurons, speeds = record
    begin, end, every = window
    n = g.size
    # A tangent vector a row: delta V of all neurons, then delta I. In a layered network unit
    # vectors lie in invariant subspaces, which only rounding leaves: begin with none of them.
    rows = out.size
    basis = np.eye(rows, 2 * n)
    for r in range(rows):
        for k in range(2 * n):
            basis[r, k] += math.cos((r + 1.0) * (k + 2.0))
    lost = np.zeros(rows)
    orthonormalise(basis, lost)
    now, event, next_turn = 0.0, 0, 0.0
    measuring = False
    out[:] = 0.0
    while now < end:
        # The next of: spike, time to orthonormalise, begin, end.
        stop = min(next_turn, end)
        if not measuring:
            stop = min(stop, begin)
        spike = event < times.size and times[event] <= stop
        if spike:
            stop = times[event]
        span = stop - now
        carry(g, a, span, basis)
        now = stop
        if spike:
            saltate(a, kick, weights, neurons[event], speeds[event], basis)
            event += 1
            continue
        orthonormalise(basis, lost)
        next_turn = now + every
        if measuring:
            for r in range(rows):
                out[r] += lost[r]
        elif now >= begin:
            measuring = True


@njit(nogil=True, cache=True)
def orthonormalise(basis, lost):
    """Make the rows orthonormal, one after the other, twice; write their logs of length."""
    rows, m = basis.shape
    for r in range(rows):
        lost[r] = 0.0
        for _ in range(2):
            for q in range(r):
                product = 0.0
                for k in range(m):
                    product += basis[q, k] * basis[r, k]
                for k in range(m):
                    basis[r, k] -= product * basis[q, k]
            length = 0.0
            for k in range(m):
                length += basis[r, k] * basis[r, k]
            length = math.sqrt(length)
            lost[r] += math.log(length)
            for k in range(m):
                basis[r, k] /= length
