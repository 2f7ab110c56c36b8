"""Finite volumes for (V, I): the faces of the cells, the rates between them, and the solution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy
from scipy.special import ndtr

from lifcore.stationary.free_process import FreeProcess

GRADING = 2.5
ABOVE = 0.7  # share of the V cells that lie above the reset
LAYER = 3.0  # cells across the threshold layer that the coarser of the extrapolated grids needs


def _faces(
    free: FreeProcess, n: int, refine: int, reach: float
) -> tuple[np.ndarray, np.ndarray, int]:
    """Graded faces in x = V - V_th and y = I - I_th; grids n, n/2, n/4 are nested."""
    sd_i, sd_v = math.sqrt(free.var_i), math.sqrt(free.var_v)
    low, high = free.mean_i - reach * sd_i, max(free.mean_i, 0.0) + reach * sd_i
    ends = np.arcsinh(np.array([low, high]) / (0.5 * sd_i))
    if low < 0:
        part = max(round(n * refine / 4 * -ends[0] / (ends[1] - ends[0])), 1) * 4 // refine
        parts = np.linspace(ends[0], 0, part + 1)[:-1], np.linspace(0, ends[1], n - part + 1)
        eta = np.concatenate(parts)
    else:
        eta = np.linspace(ends[0], ends[1], n + 1)
    y = 0.5 * sd_i * np.sinh(eta)
    above = round(ABOVE * n)
    x = -free.drop * np.linspace(1, 0, above + 1) ** GRADING
    bottom = min(-free.drop, free.mean_v) - reach * sd_v
    depth, below = -free.drop - bottom, n - above
    first = min(GRADING * free.drop / above * below, depth)  # same spacing on both sides of V_r
    eta = np.linspace(1, 0, below + 1)[:-1]
    return np.concatenate((-free.drop - first * eta - (depth - first) * eta**3, x)), y, below


def _matrix(
    free: FreeProcess, x: np.ndarray, y: np.ndarray, reset: int
) -> tuple[scipy.sparse.csc_matrix, np.ndarray, np.ndarray]:
    """Balance of every cell as a sparse matrix on the cell densities; columns sum to zero."""
    dx, dy = np.diff(x), np.diff(y)
    xc, yc = (x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2
    n, m = dx.size, dy.size
    index = np.arange(n * m).reshape(n, m)
    rows: list[np.ndarray] = []
    cols: list[np.ndarray] = []
    vals: list[np.ndarray] = []

    def move(source: np.ndarray, target: np.ndarray, origin: np.ndarray, flux: np.ndarray) -> None:
        # flux * p[origin] leaves source, enters target
        for cell, value in ((source, flux), (target, -flux)):
            rows.append(cell.ravel())
            cols.append(origin.ravel())
            vals.append(value.ravel())

    half, gap = free.sigma**2 / 2, np.diff(yc)
    peclet = (free.mean_i - (yc[1:] + yc[:-1]) / 2) * free.a * gap / half
    left, right = index[:, :-1], index[:, 1:]
    move(left, right, left, dx[:, None] * (half / gap * _bernoulli(-peclet)))
    move(left, right, right, -dx[:, None] * (half / gap * _bernoulli(peclet)))

    for f in range(1, n + 1):  # face f lies between cells f - 1 and f
        speed = (yc - free.g * x[f]) * dy
        target = index[f] if f < n else index[reset]  # what leaves at V_th re-enters at V_r
        k, j = f - 1, speed > 0
        if f == 1:
            stencil = [(k, 1.0)]
        else:
            other = k + 1 if k == reset and f < n else k - 1
            r = (x[f] - xc[k]) / (xc[k] - xc[other])
            stencil = [(k, 1.0 + r), (other, -r)]
        for cell, c in stencil:
            move(index[k][j], target[j], index[cell][j], c * speed[j])
        if f < n:  # downward; through the threshold itself nothing comes in
            j = ~j
            r = (x[f] - xc[f]) / (xc[f] - xc[f + 1]) if f < n - 1 else 0.0
            move(index[f - 1][j], index[f][j], index[f][j], (1.0 + r) * speed[j])
            if r:
                move(index[f - 1][j], index[f][j], index[f + 1][j], -r * speed[j])
    triplets = (np.concatenate(vals), (np.concatenate(rows), np.concatenate(cols)))
    return scipy.sparse.coo_matrix(triplets, shape=(n * m, n * m)).tocsc(), xc, yc


def _bernoulli(z: np.ndarray) -> np.ndarray:
    """Return z / (e^z - 1)."""
    small = np.abs(z) < 1e-4
    safe = np.where(small, 1.0, z)
    with np.errstate(over="ignore"):
        return np.where(small, 1 - z / 2 + z * z / 12, safe / np.expm1(safe))


def solve_cells(
    free: FreeProcess, n: int, refine: int, reach: float
) -> tuple[dict[str, float], dict[str, Any]]:
    """Solve on one grid of `n` cells a side; return the figures, and the grid's own arrays.

    Examples
    --------
    >>> from lifcore.models import LIF
    >>> figures, _ = solve_cells(FreeProcess(LIF()), 40, 1, 7.0)
    >>> 0.3 < figures["rate"] < 0.8
    True
    """
    x, y, reset = _faces(free, n, refine, reach)
    matrix, xc, yc = _matrix(free, x, y, reset)
    mass = np.outer(np.diff(x), np.diff(y)).ravel()
    # Balances sum to zero, so one is dropped: that of a cell that surely holds mass, set to 1.
    inside = np.argmin(np.abs(xc + free.drop / 2)) * yc.size
    pivot = int(inside + np.argmin(np.abs(yc - free.mean_i)))
    keep = np.delete(np.arange(mass.size), pivot)
    p = np.ones(mass.size)
    factors = scipy.sparse.linalg.splu(matrix[keep][:, keep])
    p[keep] = factors.solve(-matrix[keep][:, [pivot]].toarray().ravel())
    p = (p / (p @ mass)).reshape(n, n)
    mass = p * mass.reshape(n, n)

    r = (x[-1] - xc[-1]) / (xc[-1] - xc[-2])
    out = yc > 0
    speed, line = yc[out], ((1 + r) * p[-1] - r * p[-2])[out]
    flux, dy = speed * line, np.diff(y)[out]
    # p ~ A^{1/2} times something smooth: interpolate that for the maximum between centres.
    root = scipy.interpolate.PchipInterpolator(speed, line / np.sqrt(speed))
    s = np.linspace(speed[0], speed[-1], 20 * speed.size)
    mean_x, mean_y = (mass.sum(1) @ xc), (mass.sum(0) @ yc)
    figures = {
        "rate": flux @ dy,
        "rho_max": np.max(root(s) * np.sqrt(s)),
        "rho_max_domain": p.max(),
        "lyapunov_exponent": flux @ (dy * np.log1p(free.g * free.drop / speed)) - free.g,
        "mean_v": mean_x + free.v_th,
        "mean_i": mean_y + free.g * free.v_th,
        "var_v": mass.sum(1) @ (xc - mean_x) ** 2,
        "var_i": mass.sum(0) @ (yc - mean_y) ** 2,
        "cov": (xc - mean_x) @ mass @ (yc - mean_y),
    }
    return {k: float(v) for k, v in figures.items()}, {
        "v_faces": x + free.v_th,
        "i_faces": y + free.g * free.v_th,
        "density": p,
        "speeds": speed,
        "fluxes": flux,
        "lost_mass": float(2 * ndtr(-reach) + np.abs(mass[0]).sum()),
    }
