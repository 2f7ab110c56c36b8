r"""The stationary Fokker-Planck law of one neuron, by two independent deterministic routes.

    0 = -d_V((I - gV) p) - d_I((mu - I)/tau p) + (sigma^2/2) d_II p,   V < V_th,
    p(V_th, I) = 0 for I < I_th = g V_th,   flux (I - I_th)^+ p(V_th, I) re-enters at V = V_r.

* `lifcore.stationary.threshold_equation` turns it into one integral equation for the flux on the
  threshold and solves that to ten digits or so, the grazing corner included. Every figure comes
  from it.
* `lifcore.stationary.finite_volumes` solves it on cells, conservatively. The density off the
  threshold comes from there; its own rate, Lyapunov exponent and largest density must agree with
  the first route within its error, or no number is returned.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lifcore.models.neuron import LIF, one_neuron
from lifcore.stationary.finite_volumes import CellSolution, check_cells, solve_on_cells
from lifcore.stationary.threshold_equation import ThresholdLaw, solve_threshold


@dataclass(frozen=True)
class Stationary(ThresholdLaw):
    """The stationary law: all of `lifcore.stationary.ThresholdLaw`, and the density.

    Attributes
    ----------
    cells : CellSolution or None
        Density on its grid, lost mass, largest density in the domain, observed orders, and every
        figure a second time.

    Examples
    --------
    >>> law = stationary(LIF(mu=1.0, sigma=1.0, tau=1.0), cells=80)
    >>> abs(law.rate - law.cells.rate) <= law.cells.errors["rate"]
    True
    """

    cells: CellSolution | None = field(default=None, repr=False)


def stationary(lif: LIF, *, cells: int | None = 160, **options: float) -> Stationary:
    """Solve the stationary Fokker-Planck equation with reset, twice, and compare.

    Parameters
    ----------
    lif : LIF
        The neuron: g (1/time), v_th and v_reset (voltage), tau (time), mu (current, here
        voltage/time), sigma (current/time^{1/2}).
    cells : int or None
        Cells per direction of the finite volumes; None skips them and the comparison, for maps over
        parameters (0.05 s a neuron), for rates or layers too small for cells, and for a refractory
        time, which cells do not support.
    **options
        ``step``, ``reach``, ``tolerance`` of `lifcore.stationary.solve_threshold`.

    Returns
    -------
    Stationary

    Raises
    ------
    TypeError, ValueError
        An argument has the wrong type, there is no stationary law, or the grid cannot resolve it.
    RuntimeError
        A route has not converged, or the two disagree; no number is returned.

    Examples
    --------
    >>> law = stationary(LIF(mu=1.0, sigma=1.0, tau=1.0))
    >>> round(law.rate, 6), round(law.rho_max, 5), law.cells.density.shape
    (0.447183, 0.81151, (160, 160))
    """
    if cells is not None:
        one_neuron("lif", lif)
        cells = check_cells(lif, cells)
    law = solve_threshold(lif, **options)
    if cells is None:
        return Stationary(**vars(law))
    grid = solve_on_cells(lif, cells=cells)
    for name in ("rate", "rho_max", "lyapunov_exponent"):
        one, two = getattr(law, name), getattr(grid, name)
        error = law.errors[name] + grid.errors[name]
        if not abs(one - two) <= 2 * error:
            raise RuntimeError(
                f"{name} = {one:.9g} by the threshold equation and {two:.9g} on cells, not "
                f"converged; allowed: a gap of twice the estimated error, {error:.1e}; raise cells "
                f"(cells = {cells}) or lower step"
            )
    return Stationary(**vars(law), cells=grid)
