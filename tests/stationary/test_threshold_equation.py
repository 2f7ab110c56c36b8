"""The threshold equation: its errors, identities, limits and scaling, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import erfcx

from lifcore.models.neuron import LIF
from lifcore.stationary import threshold_grid
from lifcore.stationary.free_process import FreeProcess
from lifcore.stationary.threshold_equation import solve_threshold
from lifcore.stationary.threshold_kernel import kernels
from lifcore.stationary.threshold_rate import Grid, threshold_rate
from regimes import REGIMES

FIGURES = ("rate", "rho_max", "lyapunov_exponent")


def siegert(mu, sigma, v_th, v_reset):
    """Rate with white noise in V (g = 1, variance sigma^2/2): Siegert's formula."""
    limits = (v_reset - mu) / sigma, (v_th - mu) / sigma
    inverse = quad(lambda x: erfcx(-x), *limits, epsabs=1e-13, epsrel=1e-13)
    return 1 / (np.sqrt(np.pi) * inverse[0])


@pytest.fixture(scope="module")
def law():
    return solve_threshold(REGIMES["balanced"])


@pytest.mark.parametrize("name", ["balanced", "mean-driven", "faster current", "rate 0.02"])
def test_estimated_errors_are_honest_and_the_solve_is_exact(name):
    lif = REGIMES[name]
    law, exact = solve_threshold(lif), solve_threshold(lif, step=0.1, reach=9.0, tolerance=1e-6)
    for figure in (*FIGURES, "grazing_constant", "mean_inverse_square"):
        gap = abs(getattr(law, figure) - getattr(exact, figure))
        assert gap <= law.errors[figure]
        assert gap <= 1e-6 * abs(getattr(law, figure))
    assert law.rate == pytest.approx(exact.rate, rel=1e-10)
    speed = np.geomspace(1e-8, 1.0, 400) * exact.speeds[-1]
    gap = np.abs(law.flux_density(speed) - exact.flux_density(speed))
    assert gap.max() <= law.errors["flux_density"]
    slow = speed < 0.1 * lif.sigma * np.sqrt(lif.tau)
    np.testing.assert_allclose(
        law.flux_density(speed[slow]), exact.flux_density(speed[slow]), rtol=1e-5
    )


@pytest.mark.parametrize("name", ["balanced", "mean-driven", "faster current", "rate 0.02"])
def test_the_rate_alone_on_a_grid_left_by_a_like_neuron(name):
    lif, grid = REGIMES[name], Grid()
    exact = solve_threshold(lif, step=0.1, reach=9.0, tolerance=1e-6).rate
    assert threshold_rate(lif, tolerance=2e-4, grid=grid) == pytest.approx(exact, rel=2e-5)
    used = Grid(grid.u, grid.t)
    assert threshold_rate(lif, tolerance=2e-4, grid=grid) == pytest.approx(exact, rel=2e-5)
    assert grid == used  # it was enough
    assert threshold_rate(lif, tolerance=1e-11, grid=grid) == pytest.approx(exact, rel=1e-9)
    assert grid.u < used.u or grid.t < used.t


def test_open_numbers_and_constant_drive():
    law = solve_threshold(REGIMES["mean-driven"])
    assert law.rate == pytest.approx(0.907, abs=5e-4)
    assert law.lyapunov_exponent == pytest.approx(-0.0087, abs=6e-4)  # trial run of 4e4 time units
    law = solve_threshold(LIF(mu=1.5, sigma=0.1, tau=0.5))
    assert law.rate == pytest.approx(1 / np.log(3.0), rel=1e-3)
    assert -1e-3 < law.lyapunov_exponent < 0.0


@pytest.mark.parametrize(("mu", "sigma"), [(1.0, 0.1), (1.5, 0.5), (0.6, 0.4)])
def test_white_noise_limit_is_siegert_with_the_root_tau_shift(mu, sigma):
    """|rate - shifted Siegert| = O(tau), Fourcaud & Brunel 2002; without the shift O(tau^{1/2})."""
    gap, plain = [], []
    for tau in (1e-3, 1e-4, 1e-5):
        rate = solve_threshold(LIF(mu=mu, sigma=sigma / tau, tau=tau)).rate
        shift = 1.0326265761 * sigma * np.sqrt(tau)
        gap.append(rate - siegert(mu, sigma, 1.0 + shift, shift))
        plain.append(rate - siegert(mu, sigma, 1.0, 0.0))
    assert np.diff(np.log10(np.abs(gap))) == pytest.approx([-1, -1], abs=0.03)
    assert np.diff(np.log10(np.abs(plain))) == pytest.approx([-0.5, -0.5], abs=0.015)


def test_flux_integrates_to_rate_and_exponent_and_peaks_at_rho_max():
    for lif in (REGIMES["balanced"], REGIMES["mean-driven"], REGIMES["reset below rest"]):
        law = solve_threshold(lif)
        top = law.speeds[-1] ** 0.5

        def integral(f, top=top):
            return quad(lambda r: 2 * r * f(r * r), 0, top, epsabs=0, epsrel=1e-9, limit=400)[0]

        assert integral(law.flux_density) == pytest.approx(law.rate, rel=1e-6)
        assert integral(law.lyapunov_integrand) - lif.g == pytest.approx(
            law.lyapunov_exponent, abs=1e-6
        )
        inverse = integral(lambda a, law=law: law.flux_density(a) / a**2)
        assert inverse == pytest.approx(law.mean_inverse_square, rel=1e-5)
        rho = law.boundary_density(np.linspace(1e-4, 1.0, 20001) * law.speeds[-1])
        assert rho.max() == pytest.approx(law.rho_max, rel=1e-5)
        assert isinstance(law.flux_density(0.3), float)
        assert law.flux_density(100 * law.speeds[-1]) == 0.0


def test_shapes_and_extremes_of_the_speed(law):
    for method in (law.flux_density, law.boundary_density, law.lyapunov_integrand):
        assert type(method(0.3)) is float
    assert (
        law.flux_density([[0.1, 0.2]]).shape == law.boundary_density([[0.1, 0.2]]).shape == (1, 2)
    )
    assert law.flux_density(2) == law.flux_density(2.0)
    for fast in (100 * law.speeds[-1], 1e300):
        assert law.flux_density(fast) == law.boundary_density(fast) == 0.0
    assert law.boundary_density(1e-12) == pytest.approx(law.grazing_constant * 1e-6, rel=1e-6)
    assert law.flux_density(1e-300) == 0.0


def test_grazing_law():
    for lif in (REGIMES["balanced"], REGIMES["faster current"], REGIMES["below threshold"]):
        law = solve_threshold(lif)
        a = lif.sigma * np.sqrt(lif.tau) * np.array([1e-6, 1e-5, 1e-4, 1e-3])
        slope = np.diff(np.log(law.flux_density(a))) / np.diff(np.log(a))
        assert slope == pytest.approx([1.5, 1.5, 1.5], abs=2e-3)
        # Solved, not imposed: the nodes just above the power-law tail show it by themselves.
        slope = np.diff(np.log(law.fluxes[:8])) / np.diff(np.log(law.speeds[:8]))
        assert slope == pytest.approx(np.full(7, 1.5), abs=1e-3)
        assert law.flux_density(a[0]) == pytest.approx(law.grazing_constant * a[0] ** 1.5, rel=1e-4)


def test_kernel_at_the_corner_is_that_of_integrated_brownian_motion():
    free = FreeProcess(LIF(g=1e-9, v_th=1.0, v_reset=-1e15, tau=1e9, mu=0.0, sigma=1.0))
    speed = np.geomspace(0.01, 3.0, 7)
    (kernel, _), _ = kernels(free, speed, 0, np.geomspace(1e-7, 1e9, 1500))
    a, b = speed[:, None], speed
    expected = np.sqrt(3) / (2 * np.pi * (a * a + a * b + b * b))
    np.testing.assert_allclose(-kernel, expected, rtol=1e-4)


def test_equal_rates_of_decay_are_no_special_case():
    near, at = (solve_threshold(LIF(tau=tau, mu=1.0, sigma=1.0)).rate for tau in (1 + 1e-8, 1.0))
    assert near == pytest.approx(at, rel=1e-7)


@settings(max_examples=5, deadline=None, derandomize=True)
@given(
    mu=st.floats(0.3, 2.0),
    sigma=st.floats(0.4, 3.0),
    tau=st.floats(0.1, 2.0),
    volt=st.floats(0.01, 100.0),
    second=st.floats(0.01, 100.0),
)
def test_units_do_not_matter(mu, sigma, tau, volt, second):
    one = solve_threshold(LIF(mu=mu, sigma=sigma, tau=tau))
    two = solve_threshold(
        LIF(
            g=1 / second,
            v_th=volt,
            v_reset=0.0,
            tau=tau * second,
            mu=mu * volt / second,
            sigma=sigma * volt / second**1.5,
        )
    )
    assert two.rate * second == pytest.approx(one.rate, rel=1e-8)
    assert two.lyapunov_exponent * second == pytest.approx(one.lyapunov_exponent, rel=1e-8)
    assert two.rho_max * volt**2 / second == pytest.approx(one.rho_max, rel=1e-6)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"step": 0.7}, ValueError, r"step = 0\.7 .*allowed: a number > 0 and <= 0\.5; coarser"),
        ({"reach": 3}, ValueError, r"reach = 3 .*allowed: a number >= 6 and <= 20; less cuts off"),
        ({"tolerance": 0.5}, ValueError, r"tolerance = 0\.5 .*allowed: .* <= 0\.01"),
        ({"tolerance": None}, TypeError, r"tolerance = None is a NoneType; allowed: a number"),
    ],
)
def test_bad_options(options, error, text):
    with pytest.raises(error, match=text):
        solve_threshold(LIF(), **options)


@pytest.mark.parametrize(
    ("speed", "error"),
    [
        (-1, ValueError),
        (0.0, ValueError),
        ([0.1, np.nan], ValueError),
        (np.inf, ValueError),
        ("fast", TypeError),
        (True, TypeError),
        (None, TypeError),
    ],
)
@pytest.mark.parametrize("method", ["flux_density", "boundary_density", "lyapunov_integrand"])
def test_bad_speeds(law, method, speed, error):
    with pytest.raises(error, match=r"^speed .*allowed: a finite number > 0"):
        getattr(law, method)(speed)


def test_no_number_without_convergence(monkeypatch):
    with pytest.raises(ValueError, match=r"weak noise \(lif\.sigma = 0\.0001\).*raise sigma"):
        solve_threshold(LIF(mu=1.5, sigma=1e-4))
    monkeypatch.setattr(threshold_grid, "_MAX_WORK", 5e6)
    with pytest.raises(RuntimeError, match=r"not converged .*error .*allowed: tolerance = 1e-09"):
        solve_threshold(LIF(mu=1.5, sigma=0.1), tolerance=1e-9)
