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

from lifcore import checks
from lifcore.models.neuron import LIF
from lifcore.stationary.cells import ABOVE, GRADING, LAYER, solve_cells
from lifcore.stationary.free_process import FreeProcess, Moments


@dataclass(frozen=True)
class CellSolution:
    """The stationary law on cells, as `solve_on_cells` returns it.

    Attributes
    ----------
    rate, rho_max, lyapunov_exponent, moments
        As in `lifcore.stationary.Stationary`, extrapolated from the grids n and n/2.
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
    solves = [solve_cells(free, cells // f, f, reach) for f in (1, 2, 4)]
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
    share = ABOVE * min(layer / free.drop, 1.0) ** (1 / GRADING)
    if share * number / 2 < LAYER:
        needed = 40 * math.ceil(2 * LAYER / share / 40)
        remedy = "raise cells," if needed <= 400 else "beyond the largest grid of 400, raise"
        raise ValueError(
            f"cells = {cells!r} is too coarse for the threshold layer, {layer:.2g} thick in V; "
            f"allowed: at least {needed}; {remedy} tau or sigma, or skip the cells: cells=None"
        )
    return number
