"""The stationary law: both routes against each other and against the exact sampler."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2

from lifcore import LIF, simulate, stationary
from lifcore.stationary import fokker_planck
from lifcore.stationary.finite_volumes import solve_on_cells
from regimes import REGIMES

FIGURES = ("rate", "rho_max", "lyapunov_exponent")
MOMENTS = ("mean_v", "mean_i", "var_v", "var_i", "cov")


@pytest.mark.parametrize("name", REGIMES)
def test_both_routes_agree_within_their_errors_and_obey_the_identities(name):
    lif = REGIMES[name]
    law = stationary(lif)
    cells = law.cells
    for figure in FIGURES:
        gap = abs(getattr(law, figure) - getattr(cells, figure))
        assert gap <= law.errors[figure] + cells.errors[figure], figure
    for moment in MOMENTS:
        gap = abs(getattr(law.moments, moment) - getattr(cells.moments, moment))
        assert gap <= law.errors[moment] + cells.errors[moment], moment
    assert cells.rate == pytest.approx(law.rate, rel=5e-4)
    assert cells.lyapunov_exponent == pytest.approx(law.lyapunov_exponent, abs=2e-4 * lif.g)
    assert cells.rho_max == pytest.approx(law.rho_max, rel=5e-3)
    np.testing.assert_allclose(
        cells.fluxes, law.flux_density(cells.speeds), atol=3e-3 * law.fluxes.max(), rtol=0
    )
    assert max(law.errors[f] / abs(getattr(law, f)) for f in ("rate", "rho_max")) < 1e-4
    # E V balance, on cells: (V_th - V_r) rate = E I - g E V; and E I, Var I of the free current.
    drift = cells.moments.mean_i - lif.g * cells.moments.mean_v
    assert (lif.v_th - lif.v_reset) * cells.rate == pytest.approx(
        drift, abs=2 * lif.g * cells.errors["mean_v"]
    )
    assert law.moments.mean_i == pytest.approx(lif.mu, rel=1e-12)
    assert law.moments.var_i == pytest.approx(lif.sigma**2 * lif.tau / 2, rel=1e-12)
    assert law.misfit < 1e-6
    assert cells.lost_mass < 1e-8


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("rate 0.02", 16000),
        ("below threshold", 4000),
        ("balanced", 4000),
        ("default", 1500),
        ("mean-driven", 500),
        ("fast spiking", 400),
    ],
)
def test_exact_simulation_agrees(name, paths):
    """Rate and Lyapunov exponent within four standard errors, the flux bin by bin, the moments."""
    lif, T, burn = REGIMES[name], 48.0, 16.0
    law = stationary(lif, cells=None)
    ensemble = simulate(lif, h=0.25, T=T, paths=paths, seed=7, scheme="exact")
    spikes = ensemble.all_spikes()
    spikes = spikes[spikes["time"] > burn]

    def per_path(weights=None):
        return np.bincount(spikes["path"], weights, minlength=paths) / (T - burn)

    edges = np.quantile(spikes["speed"], np.linspace(0.0, 1.0, 9))
    edges[[0, -1]] = 0.0, law.speeds[-1]
    flux = [quad(law.flux_density, *ends, epsabs=0, epsrel=1e-7)[0] for ends in pairwise(edges)]
    counts = np.array([per_path(spikes["speed"] > edge) for edge in edges])
    counts = counts[:-1] - counts[1:]
    gap = counts.mean(axis=1) - flux
    # Spikes of one path depend on each other: the covariance comes from the independent paths.
    statistic = gap @ np.linalg.solve(np.cov(counts) / paths, gap)
    assert statistic < chi2.isf(1e-3, gap.size)

    growth = per_path(np.log1p(lif.g * (lif.v_th - lif.v_reset) / spikes["speed"])) - lif.g
    for sample, expected, resolved in (
        (per_path(), law.rate, 0.015 * law.rate),
        (growth, law.lyapunov_exponent, 0.015 * lif.g),
    ):
        error = sample.std() / np.sqrt(paths)
        assert error < resolved
        assert sample.mean() == pytest.approx(expected, abs=4 * error)
    v = ensemble.v[:, 0]
    spread = np.sqrt(law.moments.var_v / paths)
    assert v.mean() == pytest.approx(law.moments.mean_v, abs=4 * spread)
    squares = (v - law.moments.mean_v) ** 2
    error = squares.std() / np.sqrt(paths)
    assert squares.mean() == pytest.approx(law.moments.var_v, abs=4 * error)


def test_cells_are_optional():
    law = stationary(LIF(mu=0.6, sigma=0.3, tau=0.3), cells=None)
    assert law.cells is None
    assert 0.0 < law.rate < 1e-8
    assert law.errors["rate"] < 1e-4 * law.rate


@pytest.mark.parametrize(
    ("changes", "options", "error", "text"),
    [
        ({"sigma": 0.0}, {}, ValueError, r"lif\.sigma = 0\.0 "),
        ({"tau": float("inf")}, {}, ValueError, r"lif\.tau = inf "),
        ({}, {"cells": 60}, ValueError, r"cells = 60 "),
        ({"tau": 1e-3, "sigma": 100.0}, {"cells": 80}, ValueError, r"cells = 80 is too coarse"),
        ({}, {"reach": 3}, ValueError, r"reach = 3 "),
        ({}, {"speed": 1.0}, TypeError, r"unexpected keyword argument 'speed'"),
    ],
)
def test_bad_input(changes, options, error, text):
    with pytest.raises(error, match=text):
        stationary(dataclasses.replace(LIF(), **changes), **options)


def test_cells_are_checked_before_any_work(monkeypatch):
    monkeypatch.setattr(fokker_planck, "solve_threshold", None)
    with pytest.raises(TypeError, match=r"cells = '160' is a str"):
        stationary(LIF(), cells="160")


def test_no_number_when_the_routes_disagree(monkeypatch):
    wrong = dataclasses.replace(solve_on_cells(LIF(), cells=80), rate=0.6)
    monkeypatch.setattr(fokker_planck, "solve_on_cells", lambda lif, cells: wrong)
    with pytest.raises(RuntimeError, match=r"rate = 0\.5398.* and 0\.6 on cells.*raise cells"):
        stationary(LIF(), cells=80)
