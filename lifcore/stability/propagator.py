"""The tangent flow of a network: decay between spikes, saltation at them, orthonormal bases."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from lifcore.noise.exponentials import exp, log
from lifcore.schemes.crossings import jump_response


@njit(nogil=True, cache=True)
def carry(g, a, span, basis):
    """Carry tangent vectors, the rows of `basis`, over a time without spikes."""
    n = g.size
    for k in range(n):
        decay_i, response = jump_response(g[k], a[k], span)
        decay_v = exp(-g[k] * span)
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


class Place(NamedTuple):
    """How far a path has come: its basis, now and the next turn, the next spike and mark.

    Examples
    --------
    >>> place(2, 2).at.tolist()
    [0, 0]
    """

    basis: np.ndarray
    clock: np.ndarray
    at: np.ndarray


def place(rows: int, neurons: int) -> Place:
    """Return the beginning of a path.

    A tangent vector a row: delta V of all neurons, then delta I. In a layered network unit
    vectors lie in invariant subspaces, which only rounding leaves: it begins with none of them.

    Examples
    --------
    >>> place(1, 2).basis.shape
    (1, 4)
    """
    basis = np.eye(rows, 2 * neurons)
    _tilt(basis)
    orthonormalise(basis, np.zeros(rows))
    return Place(basis, np.zeros(2), np.zeros(2, np.int64))


@njit(nogil=True, cache=True)
def _tilt(basis):
    for r in range(basis.shape[0]):
        for k in range(basis.shape[1]):
            basis[r, k] += math.cos((r + 1.0) * (k + 2.0))


@njit(nogil=True, cache=True)
def path_growth(constants, spikes, marks, norms, every, place, turns, out):
    """Write into `out` by how much each tangent direction grows from one mark to the next.

    `constants` are g, 1/tau, the kick g (v_th - v_reset) of every neuron, and all weights; `spikes`
    the path's times, neurons and speeds in order, `marks` (marks,) increasing times, `norms`
    (marks, neurons) what delta V of each neuron is multiplied by to measure lengths at a mark;
    `out`, zero at first, has the shape (marks - 1, rows). Goes on from `place` for as many `turns`
    at the most, each being a spike or a time to orthonormalise.
    """
    g, a, kick, weights = constants
    times, neurons, speeds = spikes
    n = g.size
    rows = out.shape[1]
    basis, lost = place.basis, np.zeros(rows)
    now, next_turn = place.clock
    event, mark = place.at
    for _ in range(turns):
        if mark == marks.size:
            break
        # The next of: spike, time to orthonormalise, mark.
        stop = min(next_turn, marks[mark])
        spike = event < times.size and times[event] <= stop
        if spike:
            stop = times[event]
        carry(g, a, stop - now, basis)
        now = stop
        if spike:
            saltate(a, kick, weights, neurons[event], speeds[event], basis)
            event += 1
            continue
        at_mark = now >= marks[mark]
        if at_mark:
            basis[:, :n] *= norms[mark]
        orthonormalise(basis, lost)
        next_turn = now + every
        if mark > 0:
            for r in range(rows):
                out[mark - 1, r] += lost[r]
        if at_mark:
            basis[:, :n] /= norms[mark]
            mark += 1
    place.clock[0], place.clock[1] = now, next_turn
    place.at[0], place.at[1] = event, mark


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
            lost[r] += log(length)
            for k in range(m):
                basis[r, k] /= length
