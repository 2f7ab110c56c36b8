"""The equation on the threshold made discrete: nodes, times, the linear system for the flux.

Equations as in `lifcore.stationary.threshold_equation`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from lifcore.models.neuron import LIF
from lifcore.stationary.free_process import FreeProcess
from lifcore.stationary.threshold_kernel import Kernel, kernels

# The slowest node is A = L e^{-10}. Below it the flux is the pure power A^{3/2}, which is still
# integrated ten units of u further down, so that the equation sees all of it.
_LOWEST, _BELOW = -10.0, 10.0
_MAX_WORK = 1e9  # nominal kernel entries: at most about 10 s and 100 MB


class Nodes(NamedTuple):
    """Speeds A = L log(1 + e^u) for uniform u, their weights, and how many are sources only.

    Examples
    --------
    >>> nodes_of(FreeProcess(LIF()), 0.5, 8.0).below
    20
    """

    u: np.ndarray
    speed: np.ndarray
    weight: np.ndarray
    below: int

    def fold(self, row: np.ndarray) -> np.ndarray:
        """Return weights of the nodes above: the flux further down is that of the first, falling.

        Examples
        --------
        >>> nodes = nodes_of(FreeProcess(LIF()), 0.5, 8.0)
        >>> nodes.fold(nodes.weight).size == nodes.u.size - nodes.below
        True
        """
        below = self.below
        out = row[..., below:].copy()
        out[..., 0] += row[..., :below] @ (self.speed[:below] / self.speed[below]) ** 1.5
        return out

    def halved(self) -> Nodes:
        """Return every other node.

        Examples
        --------
        >>> nodes_of(FreeProcess(LIF()), 0.5, 8.0).halved().below
        10
        """
        s = slice(None, None, 2)
        return Nodes(self.u[s], self.speed[s], 2 * self.weight[s], self.below // 2)


class System(NamedTuple):
    """Nodes with the kernel of (1) and the border of (2).

    Examples
    --------
    >>> free = FreeProcess(LIF(mu=1.5, sigma=0.3))
    >>> flux = systems(free, nodes_of(free, 0.5, 8.0), times_of(free, 0.2))[0].flux(free)
    >>> bool(flux.min() > 0.0)
    True
    """

    nodes: Nodes
    kernel: np.ndarray
    border: np.ndarray

    def flux(self, free: FreeProcess) -> np.ndarray:
        """Return the flux on the nodes, by collocation of (1) bordered with (2).

        Examples
        --------
        >>> free = FreeProcess(LIF(mu=1.5, sigma=0.3))
        >>> whole = systems(free, nodes_of(free, 0.5, 8.0), times_of(free, 0.2))[0]
        >>> round(float(whole.flux(free) @ whole.nodes.fold(whole.nodes.weight)), 2)
        0.91
        """
        nodes, a = self.nodes, self.nodes.speed[self.nodes.below :]
        ell, above = self.condition(free)
        y, slope = a - free.mean_i, free.cov / free.var_i
        var = free.var_v - free.cov * slope
        gauss = np.exp(-0.5 * (y**2 / free.var_i + (free.mean_v + slope * y) ** 2 / var))
        source = a * gauss / (2 * np.pi * math.sqrt(free.var_i * var))
        bend = a * np.exp(-0.5 * y**2 / free.var_i)
        bend /= bend @ ell
        matrix = np.eye(a.size) - a[:, None] * nodes.fold(self.kernel * nodes.weight)
        if free.t_ref > 0.0:
            matrix += free.t_ref * np.outer(source, nodes.fold(nodes.weight))
        return np.linalg.solve(matrix + np.outer(bend, ell), source + above * bend)

    def condition(self, free: FreeProcess) -> tuple[np.ndarray, float]:
        """Return (2), whose left side is linear in the flux: its row, and its right side.

        Examples
        --------
        >>> free = FreeProcess(LIF(mu=1.5, sigma=0.3))
        >>> whole = systems(free, nodes_of(free, 0.25, 8.0), times_of(free, 0.1))[0]
        >>> row, right = whole.condition(free)
        >>> bool(np.isclose(whole.flux(free) @ row, right))
        True
        """
        nodes, above = self.nodes, float(ndtr(free.mean_v / math.sqrt(free.var_v)))
        row = nodes.fold(nodes.weight * self.border)
        if free.t_ref > 0.0:
            row += free.t_ref * above * nodes.fold(nodes.weight)
        return row, above


def nodes_of(free: FreeProcess, step: float, reach: float) -> Nodes:
    """Return nodes up to `reach` standard deviations of I beyond max(mu, I_th).

    Their number above the power-law part is odd, so that every other one is a grid too.

    Examples
    --------
    >>> nodes = nodes_of(FreeProcess(LIF()), 0.5, 8.0)
    >>> float(nodes.u[1] - nodes.u[0]), (nodes.u.size - nodes.below) % 2
    (0.5, 1)
    """
    top = (max(free.mean_i, 0.0) + reach * math.sqrt(free.var_i)) / free.scale
    below = 2 * math.ceil(_BELOW / step / 2)
    u = _LOWEST + step * np.arange(-below, 2 * math.ceil((top - _LOWEST) / step / 2) + 1)
    speed = free.scale * np.logaddexp(0.0, u)
    return Nodes(u, speed, step * free.scale / (1.0 + np.exp(-u)), below)


def times_of(free: FreeProcess, step: float) -> np.ndarray:
    """Uniform in log t, from below all returns to the threshold until the reset is forgotten.

    Examples
    --------
    >>> times_of(FreeProcess(LIF()), 0.2).size % 2
    1
    """
    low, high = (free.scale / free.sigma) ** 2 * math.exp(2 * _LOWEST) / 25.0, 40.0 / free.g
    return np.geomspace(low, high, 2 * math.ceil(math.log(high / low) / step / 2) + 1)


def systems(
    free: FreeProcess, nodes: Nodes, t: np.ndarray, late: float = 0.0
) -> tuple[System, System, System]:
    """Return the linear system, and two nested ones: on half the speeds, and on half the times.

    Examples
    --------
    >>> free = FreeProcess(LIF(mu=1.5, sigma=0.3))
    >>> fine, in_u, in_t = systems(free, nodes_of(free, 0.5, 8.0), times_of(free, 0.2))
    >>> fine.kernel.shape == in_t.kernel.shape, in_u.nodes.below
    (True, 10)
    """
    fine: Kernel
    fine, coarse = kernels(free, nodes.speed, nodes.below, t, late)
    s = slice(None, None, 2)
    return (
        System(nodes, *fine),
        System(nodes.halved(), fine[0][s, s], fine[1][s]),
        System(nodes, *coarse),
    )


def check_work(lif: LIF, nodes: Nodes, t: np.ndarray, seen: float, tolerance: float) -> None:
    """Refuse a grid that would cost too much; `seen` is the best error so far, or infinite.

    Raises
    ------
    ValueError, RuntimeError
        If the first grid is too large, or a later one.

    Examples
    --------
    >>> free = FreeProcess(LIF())
    >>> check_work(LIF(), nodes_of(free, 0.5, 8.0), times_of(free, 0.2), 1.0, 1e-4)
    """
    if (nodes.u.size - nodes.below) ** 2 * t.size <= _MAX_WORK:
        return
    remedy = (
        f"weak noise (lif.sigma = {lif.sigma!r}) makes the flux too narrow, or the current is too "
        f"slow (lif.tau = {lif.tau!r}): raise sigma or lower tau; or lif.v_reset = "
        f"{lif.v_reset!r} is too close to v_th = {lif.v_th!r} for strong noise: lower it"
    )
    if math.isinf(seen):
        allowed = f"allowed: at most {_MAX_WORK:g} kernel entries"
        raise ValueError(f"lif = {lif!r} needs too large a grid; {allowed}; {remedy}")
    raise RuntimeError(
        f"lif = {lif!r}: not converged before the grid grew too large, estimated error {seen:.1e}; "
        f"allowed: tolerance = {tolerance:g}; {remedy}; or raise tolerance"
    )
