"""The middle of a step given both of its ends: the Gaussian bridges that refine a path."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lifcore.models.neuron import LIF
from lifcore.noise.covariance import chain_covariance, chain_kernels, decay_integral, voltage_kernel
from lifcore.noise.exponentials import each, exp
from lifcore.noise.matrices import product, solve
from lifcore.noise.matrices import root as lower_root

LENGTH, DECAY_I, DECAY_V, GAIN, DRIFT, SPREAD, MEAN, ROOT, TRANSFER = 0, 1, 2, 3, 4, 5, 6, 15, 24
"""Columns of `Bridges.rows`; the last three are the first of nine, a matrix by rows."""

COLUMNS = 33


class Bridges(NamedTuple):
    """Tables for halving a step again and again; row d belongs to length h / 2**d.

    ``mean`` and ``root`` give the chain's noise over the first half of an interval of
    length h / 2**d, given its noise over the whole: mean @ y + root @ normals.
    ``transfer`` carries the noise of a first half of length h / 2**d through the second
    half. ``spread`` is the standard deviation of V at the middle of an interval, given
    (V, V') at both its ends. Kernels read the one array that holds them all by its columns: a
    reference to each array that is handed to a function is counted, at the price of a sum.

    Examples
    --------
    >>> bridges(LIF(sigma=0.0), 1.0, 2).spread.tolist()
    [0.0, 0.0, 0.0]
    """

    rows: np.ndarray

    @property
    def length(self) -> np.ndarray:
        """Lengths of the intervals, shape (depth + 1,)."""
        return self.rows[:, LENGTH]

    @property
    def spread(self) -> np.ndarray:
        """Standard deviations of V at the middle, shape (depth + 1,)."""
        return self.rows[:, SPREAD]

    @property
    def mean(self) -> np.ndarray:
        """Matrices, shape (depth + 1, 3, 3)."""
        return self.rows[:, MEAN:ROOT].reshape(-1, 3, 3)

    @property
    def root(self) -> np.ndarray:
        """Matrices, shape (depth + 1, 3, 3)."""
        return self.rows[:, ROOT:TRANSFER].reshape(-1, 3, 3)

    @property
    def transfer(self) -> np.ndarray:
        """Matrices, shape (depth + 1, 3, 3)."""
        return self.rows[:, TRANSFER:COLUMNS].reshape(-1, 3, 3)


def bridges(lif: LIF, h: float, depth: int) -> Bridges:
    """Return the bridge tables for intervals of length h, h/2, ..., h / 2**depth.

    The chain is linear with transfer matrix F over a half, so that its noise over the whole
    is F y' + y'' with y', y'' independent of covariance C: y' given the whole y is Gaussian
    with mean C F' S y and covariance C - C F' S F C, where S is the inverse of the whole's
    covariance. All is computed with y_j scaled by length**(j - 1/2), where it is of order one.

    Parameters
    ----------
    lif : LIF
        The neuron.
    h : float
        Length of the whole step.
    depth : int
        Number of halvings.

    Returns
    -------
    Bridges

    Examples
    --------
    >>> bridges(LIF(), 0.5, 3).length.tolist()
    [0.5, 0.25, 0.125, 0.0625]
    """
    g, a = lif.g, lif.a
    length = np.ldexp(h, -np.arange(depth + 1))
    mean, root, transfer = _bridge_matrices(g, a, h, depth)
    rows = np.empty((depth + 1, COLUMNS))
    rows[:, LENGTH] = length
    rows[:, DECAY_I] = each(exp, -a * length)
    rows[:, DECAY_V] = each(exp, -g * length)
    rows[:, GAIN] = voltage_kernel(g, a, length)
    rows[:, DRIFT] = lif.mu * decay_integral(g, length)
    # Variance of an integrated Brownian bridge at its middle; the leak's and the decay's
    # corrections are of relative order length**2 and the caller's margin covers them.
    rows[:, SPREAD] = lif.sigma * np.sqrt(length * length * length / 192.0)
    rows[:, MEAN:ROOT] = mean.reshape(-1, 9)
    rows[:, ROOT:TRANSFER] = root.reshape(-1, 9)
    rows[:, TRANSFER:] = transfer.reshape(-1, 9)
    return Bridges(rows)


@lru_cache(maxsize=256)  # neurons that differ in mu and sigma alone share them
def _bridge_matrices(
    g: float, a: float, h: float, depth: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the matrices of `Bridges`, shape (depth + 1, 3, 3) each."""
    mean, root = np.empty((depth + 1, 3, 3)), np.empty((depth + 1, 3, 3))
    transfer = np.empty((depth + 1, 3, 3))
    for d, whole in enumerate(np.ldexp(h, -np.arange(depth + 1))):
        half = 0.5 * whole
        scale = np.sqrt(half) * np.array([1.0, half, half * half])
        covariance = chain_covariance(g, a, half) / np.outer(scale, scale)
        total = chain_covariance(g, a, whole) / np.outer(scale, scale)
        forward = chain_transfer(g, a, half) * np.outer(1.0 / scale, scale)
        carried = product(forward, covariance)
        pull = solve(total, carried).T
        mean[d] = pull * np.outer(scale, 1.0 / scale)
        root[d] = scale[:, None] * lower_root(covariance - product(pull, carried))
        transfer[d] = chain_transfer(g, a, whole)
    return mean, root, transfer


def chain_transfer(g: float, a: float, u: float) -> np.ndarray:
    """Return the matrix that carries the chain's (W, Y, Z) over a time u without noise.

    Examples
    --------
    >>> chain_transfer(0.0, 0.0, 0.5).tolist()
    [[1.0, 0.0, 0.0], [0.5, 1.0, 0.0], [0.125, 0.5, 1.0]]
    """
    at = np.array(u)
    _, phi_2, phi_3 = chain_kernels(g, a, at)
    return np.array(
        [
            [1.0, 0.0, 0.0],
            [float(phi_2), exp(-a * u), 0.0],
            [float(phi_3), float(voltage_kernel(g, a, at)), exp(-g * u)],
        ]
    )
