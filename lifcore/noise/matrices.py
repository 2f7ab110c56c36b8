"""Products and roots of small matrices by plain operations: the same bits on every machine.

A library of linear algebra sums in an order of its own on each processor. What decides bits of a
path is computed here, in the order that is written.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.linalg import LinAlgError


@njit(nogil=True, cache=True)
def product(a, b):
    """Return the product of two matrices.

    Examples
    --------
    >>> product(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])).tolist()
    [[11.0]]
    """
    out = np.zeros((a.shape[0], b.shape[1]))
    for r in range(a.shape[0]):
        for c in range(b.shape[1]):
            total = 0.0
            for k in range(a.shape[1]):
                total += a[r, k] * b[k, c]
            out[r, c] = total
    return out


@njit(nogil=True, cache=True)
def root(a):
    """Return the lower triangle whose product with its transpose is `a`.

    Raises
    ------
    LinAlgError
        If `a` is not positive definite; a ValueError, which `lifcore.checks.computable` knows.

    Examples
    --------
    >>> root(np.array([[4.0, 2.0], [2.0, 5.0]])).tolist()
    [[2.0, 0.0], [1.0, 2.0]]
    """
    out = np.zeros(a.shape)
    for r in range(a.shape[0]):
        for c in range(r + 1):
            left = a[r, c]
            for k in range(c):
                left -= out[r, k] * out[c, k]
            if r > c:
                out[r, c] = left / out[c, c]
            elif left > 0.0:
                out[r, r] = math.sqrt(left)
            else:
                raise LinAlgError("a matrix of covariances is not positive definite")
    return out


@njit(nogil=True, cache=True)
def solve(a, b):
    """Return x of a x = b, for a matrix `a` that is positive definite.

    Examples
    --------
    >>> solve(np.array([[4.0, 2.0], [2.0, 5.0]]), np.array([[8.0], [8.0]])).tolist()
    [[1.5], [1.0]]
    """
    lower, x = root(a), b.copy()
    n = a.shape[0]
    for c in range(b.shape[1]):
        for r in range(n):
            for k in range(r):
                x[r, c] -= lower[r, k] * x[k, c]
            x[r, c] /= lower[r, r]
        for r in range(n - 1, -1, -1):
            for k in range(r + 1, n):
                x[r, c] -= lower[k, r] * x[k, c]
            x[r, c] /= lower[r, r]
    return x


@njit(nogil=True, cache=True)
def total(values, weights):
    """Return the sum of a product over the last axis, entry by entry, shape (..., n) and (n,).

    Examples
    --------
    >>> total(np.array([[[1.0, 2.0]]]), np.array([3.0, 4.0])).tolist()
    [[11.0]]
    """
    out = np.zeros(values.shape[:2])
    for r in range(values.shape[0]):
        for c in range(values.shape[1]):
            for k in range(weights.size):
                out[r, c] += values[r, c, k] * weights[k]
    return out
