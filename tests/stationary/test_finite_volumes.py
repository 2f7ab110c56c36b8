"""The solve on cells: conservation, the empty corner, the observed order, and what it refuses."""

import numpy as np
import pytest

from lifcore.models.neuron import LIF
from lifcore.stationary import cells, finite_volumes
from lifcore.stationary.finite_volumes import solve_on_cells
from lifcore.stationary.free_process import FreeProcess
from lifcore.stationary.threshold_equation import solve_threshold
from regimes import REGIMES


def test_cells_conserve_and_keep_the_exact_marginal():
    lif = REGIMES["default"]
    free = FreeProcess(lif)
    x, y, reset = cells._faces(free, 80, 1, 7.0)
    assert x[reset] == pytest.approx(lif.v_reset - lif.v_th, abs=1e-14)
    assert x[-1] == 0.0
    assert np.all(np.diff(x) > 0)
    assert np.any(np.abs(y) < 1e-14)
    coarse = cells._faces(free, 40, 2, 7.0)
    np.testing.assert_allclose(coarse[1], y[::2], atol=1e-14)
    matrix, _, _ = cells._matrix(free, x, y, reset)
    assert np.abs(matrix.sum(axis=0)).max() < 1e-13 * abs(matrix).max()
    law = solve_on_cells(lif, cells=80)
    dv, di = np.diff(law.v_faces), np.diff(law.i_faces)
    assert dv @ law.density @ di == pytest.approx(1.0, rel=1e-13)
    centre = (law.i_faces[1:] + law.i_faces[:-1]) / 2
    gauss = np.exp(-((centre - lif.mu) ** 2) / (lif.sigma**2 * lif.tau))
    np.testing.assert_allclose(dv @ law.density, gauss / (gauss @ di), rtol=1e-7, atol=1e-12)
    assert law.density.min() > -1e-3 * law.density.max()
    assert np.abs(law.density[-1][centre < lif.i_th - 0.05]).max() < 0.02 * law.rho_max  # empty
    assert law.rho_max_domain >= law.rho_max - law.errors["rho_max"]


def test_observed_order_of_the_cells():
    exact = solve_threshold(REGIMES["fast current"]).rate
    law = solve_on_cells(REGIMES["fast current"])
    assert 1.6 < law.order["rate"] < 2.2
    assert law.rate == pytest.approx(exact, rel=1e-4)


def test_grazing_corner_without_any_formula_for_it():
    law = solve_on_cells(REGIMES["balanced"])
    pick = (law.speeds > 0.03) & (law.speeds < 0.1)
    slope = np.polyfit(np.log(law.speeds[pick]), np.log(law.fluxes[pick]), 1)[0]
    assert slope == pytest.approx(1.5, abs=0.03)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"cells": 60}, ValueError, r"cells = 60 .*allowed: an integer >= 80"),
        ({"cells": 100}, ValueError, r"cells = 100; allowed: a multiple of 40 from 80 to 400"),
        ({"cells": 440}, ValueError, r"cells = 440; allowed: a multiple of 40 from 80 to 400"),
        ({"cells": 160.5}, TypeError, r"cells = 160\.5 is a float; allowed: an integer"),
        ({"reach": 3}, ValueError, r"reach = 3 .*allowed: .*>= 4 and <= 12; .*domain loses mass"),
        ({"tolerance": 0.0}, ValueError, r"tolerance = 0\.0 .*allowed: a number >= 1e-05"),
    ],
)
def test_bad_options(options, error, text):
    with pytest.raises(error, match=text):
        solve_on_cells(LIF(), **options)


def test_layers_too_thin_for_the_cells():
    with pytest.raises(ValueError, match=r"cells = 80 is too coarse.*at least 120; raise cells"):
        solve_on_cells(LIF(tau=1e-3, sigma=100.0), cells=80)
    with pytest.raises(ValueError, match=r"beyond the largest grid of 400, raise tau.*cells=None"):
        solve_on_cells(LIF(tau=1e-5, sigma=1e3), cells=400)


def test_no_number_without_convergence(monkeypatch):
    with pytest.raises(RuntimeError, match=r"cells = 80: not converged.*1e-05; raise cells"):
        solve_on_cells(LIF(), cells=80, tolerance=1e-5)
    monkeypatch.setattr(finite_volumes, "solve_cells", losing(finite_volumes.solve_cells))
    with pytest.raises(ValueError, match=r"reach = 7\.0 is too small a domain.*raise reach"):
        solve_on_cells(LIF(), cells=80)


def losing(solve):
    """`solve`, reporting that some mass has left the domain."""

    def lossy(*arguments):
        figures, grid = solve(*arguments)
        return figures, {**grid, "lost_mass": 1e-3}

    return lossy
