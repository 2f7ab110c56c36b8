r"""The stationary Fokker-Planck equation on cells: a conservative finite-volume solve.

    0 = -d_V((I - gV) p) - d_I((mu - I)/tau p) + (sigma^2/2) d_II p + reinjection,
    p(V_th, I) = 0 for I < g V_th,   (I - g V_th)^+ p(V_th, I) re-enters on the line V = V_r.

* Fluxes in I are Scharfetter-Gummel with the drift taken midway between cell centres, which makes
  the marginal of I the exact Gaussian at the centres, on any grid.
* Fluxes in V are second-order upwind: linear from the two cells upstream. Central or blended fluxes
  ring next to the threshold, where the density of outgoing speeds jumps to zero.
* V_r and V_th are faces, and no slope is taken across V_r, where re-entry makes p jump.
* The density vanishes like A^{1/2} along the threshold and like (V_th - V)^{1/6} towards the
  grazing corner, whose natural scaling is V_th - V ~ A^3. So faces are V_th - V = D xi^{5/2} for
  uniform xi and I is graded by a sinh about I_th. The observed order of the rate is then 1.5 to 2
  between the grids n and n/2, and these are extrapolated as if it were 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.interpolate import PchipInterpolator
from scipy.sparse.linalg import splu
from scipy.special import ndtr

from lifcore import checks
from lifcore.free_process import FreeProcess, Moments
from lifcore.model import LIF

_GRADING = 2.5
_ABOVE = 0.7  # share of the V cells that lie above the reset
_LAYER = 3.0  # cells across the threshold layer that the coarser of the extrapolated grids needs


@dataclass(frozen=True)
class CellSolution:
    """The stationary law on cells, as `solve_on_cells` returns it.

    Attributes
    ----------
    rate, rho_max, lyapunov_exponent, moments
        As in `lifcore.fokker_planck.Stationary`, extrapolated from the grids n and n/2.
    rho_max_domain : float
        Largest joint density anywhere below threshold. The bounds on slow crossings do not need it.
    errors : dict
        Estimated absolute error per figure: the whole difference between the grids n and n/2, or a
        third of that between n/2 and n/4 if larger, plus the gap in the balance of V.
    order : dict
        Observed order of each figure, from the grids n, n/2, n/4 (nan if not monotone).
    v_faces, i_faces : ndarray, shape (n + 1,)
        Cell faces.
    density : ndarray, shape (n, n)
        Joint density per cell, ``density[k, j]`` in V cell k and I cell j, on the finest grid.
    speeds, fluxes : ndarray
        Crossing speeds at cell centres and flux density there, on the finest grid.
    lost_mass : float
        Mass beyond the I range plus mass in the bottom cells, where the closed wall is felt.

    Examples
    --------
    >>> law = solve_on_cells(LIF(mu=1.0, sigma=1.0, tau=1.0), cells=80)
    >>> law.lost_mass < 1e-8, law.density.shape, law.v_faces.shape
    (True, (80, 80), (81,))
    """

    rate: float
    rho_max: float
    rho_max_domain: float
    lyapunov_exponent: float
    moments: Moments
    errors: dict[str, float]
    order: dict[str, float]
    v_faces: np.ndarray = field(repr=False)
    i_faces: np.ndarray = field(repr=False)
    density: np.ndarray = field(repr=False)
    speeds: np.ndarray = field(repr=False)
    fluxes: np.ndarray = field(repr=False)
    lost_mass: float


def solve_on_cells(
    lif: LIF, *, cells: int = 160, reach: float = 7.0, tolerance: float = 0.05
) -> CellSolution:
    """Solve the stationary Fokker-Planck equation on cells x cells finite volumes.

    Parameters
    ----------
    lif : LIF
        The neuron.
    cells : int
        Cells per direction on the finest grid, a multiple of 40 from 80 to 400.
    reach : float
        The domain ends this many standard deviations of the free process below the reset and the
        mean of V, below the mean of I, and above I_th and the mean of I; from 4 to 12.
    tolerance : float
        Largest accepted estimated error of the rate, relative.

    Returns
    -------
    CellSolution

    Raises
    ------
    TypeError, ValueError
        Wrong type, no stationary law, cells too coarse for the threshold layer, domain too small.
    RuntimeError
        The estimated error of the rate exceeds `tolerance`; no number is returned.

    Examples
    --------
    >>> law = solve_on_cells(LIF(mu=1.5, sigma=0.3, tau=0.5), cells=80)
    >>> round(law.rate, 3), law.density.shape
    (0.907, (80, 80))
    """
    free, cells = FreeProcess(lif), check_cells(lif, cells)
    reach = checks.real(
        "reach", reach, at_least=4.0, at_most=12.0, hint="a smaller domain loses mass"
    )
    tolerance = checks.real("tolerance", tolerance, at_least=1e-5, at_most=0.2)
    solves = [_solve(free, cells // f, f, reach) for f in (1, 2, 4)]
    fine, grid = solves[0]
    if grid["lost_mass"] > 1e-4:
        raise ValueError(
            f"reach = {reach!r} is too small a domain, a mass of {grid['lost_mass']:.1e} is lost; "
            "allowed: at most 1e-4; raise reach"
        )
    value: dict[str, Any] = {}
    error: dict[str, float] = {}
    order: dict[str, float] = {}
    for name, f in fine.items():
        c, cc = solves[1][0][name], solves[2][0][name]
        ratio = (c - cc) / (f - c) if f != c else math.nan
        order[name] = math.log2(ratio) if ratio > 0 else math.nan
        value[name] = f + (f - c) / 3
        error[name] = max(abs(f - c), abs(c - cc) / 3) + grid["lost_mass"] * reach**2 * abs(f)
    # (V_th - V_r) rate = E I - g E V holds exactly; what is missing is the error of E V, mostly.
    gap = free.drop * value["rate"] - value["mean_i"] + free.g * value["mean_v"]
    error["mean_v"] += abs(gap) / free.g
    error["var_v"] += abs(gap) / free.g * math.sqrt(free.var_v)
    if not error["rate"] <= tolerance * value["rate"]:
        raise RuntimeError(
            f"cells = {cells}: not converged, the estimated relative error of the rate is "
            f"{error['rate'] / abs(value['rate']):.1e}; allowed: tolerance = {tolerance:g}; raise "
            "cells (at most 400) or skip them: the threshold equation has no such limit"
        )
    moments = Moments(*(value.pop(n) for n in ("mean_v", "mean_i", "var_v", "var_i", "cov")))
    return CellSolution(**value, moments=moments, errors=error, order=order, **grid)


def check_cells(lif: LIF, cells: object) -> int:
    """Return `cells` as an int if that many per direction resolve the neuron's threshold layer.

    The layer is as thick as what V gains within the memory of the noise.

    Parameters
    ----------
    lif : LIF
        The neuron.
    cells : int
        A multiple of 40 from 80 to 400, so that the nested grids exist.

    Returns
    -------
    int

    Raises
    ------
    TypeError, ValueError
        Wrong type, no stationary law, or cells too coarse for the layer.

    Examples
    --------
    >>> check_cells(LIF(), 160)
    160
    """
    free, number = FreeProcess(lif), checks.count("cells", cells, at_least=80)
    if number > 400 or number % 40:
        raise ValueError(f"cells = {cells!r}; allowed: a multiple of 40 from 80 to 400")
    layer = math.sqrt(free.var_i) / (free.g + free.a)
    share = _ABOVE * min(layer / free.drop, 1.0) ** (1 / _GRADING)
    if share * number / 2 < _LAYER:
        needed = 40 * math.ceil(2 * _LAYER / share / 40)
        remedy = "raise cells," if needed <= 400 else "beyond the largest grid of 400, raise"
        raise ValueError(
            f"cells = {cells!r} is too coarse for the threshold layer, {layer:.2g} thick in V; "
            f"allowed: at least {needed}; {remedy} tau or sigma, or skip the cells: cells=None"
        )
    return number


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
    above = round(_ABOVE * n)
    x = -free.drop * np.linspace(1, 0, above + 1) ** _GRADING
    bottom = min(-free.drop, free.mean_v) - reach * sd_v
    depth, below = -free.drop - bottom, n - above
    first = min(_GRADING * free.drop / above * below, depth)  # same spacing on both sides of V_r
    eta = np.linspace(1, 0, below + 1)[:-1]
    return np.concatenate((-free.drop - first * eta - (depth - first) * eta**3, x)), y, below


def _matrix(
    free: FreeProcess, x: np.ndarray, y: np.ndarray, reset: int
) -> tuple[sp.csc_matrix, np.ndarray, np.ndarray]:
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
    return sp.coo_matrix(triplets, shape=(n * m, n * m)).tocsc(), xc, yc


def _bernoulli(z: np.ndarray) -> np.ndarray:
    """Return z / (e^z - 1)."""
    small = np.abs(z) < 1e-4
    safe = np.where(small, 1.0, z)
    with np.errstate(over="ignore"):
        return np.where(small, 1 - z / 2 + z * z / 12, safe / np.expm1(safe))


def _solve(
    free: FreeProcess, n: int, refine: int, reach: float
) -> tuple[dict[str, float], dict[str, Any]]:
    """One grid: the figures, and the grid's own arrays."""
    x, y, reset = _faces(free, n, refine, reach)
    matrix, xc, yc = _matrix(free, x, y, reset)
    mass = np.outer(np.diff(x), np.diff(y)).ravel()
    # Balances sum to zero, so one is dropped: that of a cell that surely holds mass, set to 1.
    inside = np.argmin(np.abs(xc + free.drop / 2)) * yc.size
    pivot = int(inside + np.argmin(np.abs(yc - free.mean_i)))
    keep = np.delete(np.arange(mass.size), pivot)
    p = np.ones(mass.size)
    p[keep] = splu(matrix[keep][:, keep]).solve(-matrix[keep][:, [pivot]].toarray().ravel())
    p = (p / (p @ mass)).reshape(n, n)
    mass = p * mass.reshape(n, n)

    r = (x[-1] - xc[-1]) / (xc[-1] - xc[-2])
    out = yc > 0
    speed, line = yc[out], ((1 + r) * p[-1] - r * p[-2])[out]
    flux, dy = speed * line, np.diff(y)[out]
    # p ~ A^{1/2} times something smooth: interpolate that for the maximum between centres.
    root = PchipInterpolator(speed, line / np.sqrt(speed))
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
