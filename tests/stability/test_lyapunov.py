"""The Lyapunov exponent: three routes against one another, copies on one noise, networks."""

import math

import numpy as np
import pytest
from scipy import integrate

from lifcore import LIF, constant_drive_period, simulate
from lifcore.noise.sources import both_sources
from lifcore.schemes.copies import Flock, Looks, Rescaling, flock_block
from lifcore.schemes.exact import exact_step
from lifcore.schemes.state import Streams
from lifcore.schemes.tangents import sums
from lifcore.stability.exponents import saltation_factor
from lifcore.stability.growth import exponent_by_growth, synchronise
from lifcore.stability.lyapunov import exponent_by_flux, exponent_by_tangent
from lifcore.stability.tangent import network_spectrum, spectrum_of_record
from lifcore.strong.flux import CrossingSpeeds, crossing_speeds

BALANCED = LIF(mu=1.0, sigma=1.0, tau=1.0)
REGIMES = {
    "balanced": (BALANCED, -0.6034280),
    "a little above": (LIF(), -0.3073462),
    "below threshold": (LIF(mu=0.8, sigma=0.5, tau=0.5), -0.8812589),
    "rate 0.02": (LIF(mu=0.5, sigma=0.5, tau=1.0), -0.9681043),
    "fast synapse": (LIF(mu=1.0, sigma=1.0, tau=0.1), -0.5989856),
    "fast spiking": (LIF(mu=2.0, sigma=0.5, tau=1.0), -0.0083572),
    "mean-driven": (LIF(mu=1.5, sigma=0.3, tau=0.5), -0.0089245),
}
# Other units: time in ms, V in mV; the exponent scales with 1/time.
SCALED = LIF(g=0.05, v_th=15.0, v_reset=5.0, tau=20.0, mu=1.0, sigma=0.1)
DRIVEN = LIF(mu=1.5, sigma=0.0)


def near(found, truth):
    assert found.standard_error > 0.0
    return abs(found.mean - truth) < 4.5 * found.standard_error


@pytest.mark.parametrize("name", REGIMES)
def test_routes_agree(name):
    lif, truth = REGIMES[name]
    request = {"T": 64.0, "paths": 1024, "settle": 32.0}
    assert exponent_by_flux(lif).estimate.mean == pytest.approx(truth, abs=2e-6)
    tangent = exponent_by_tangent(lif, seed=1, **request)
    growth = exponent_by_growth(lif, seed=2, **request)
    for found in (tangent, growth):
        assert near(found.estimate, truth)
        assert found.estimate.standard_error < 0.0025
    assert abs(growth.values - growth.same_paths).mean() < 1e-4
    assert tangent.rate == pytest.approx(exponent_by_flux(lif).rate, rel=0.1)


def test_other_units():
    truth = exponent_by_flux(SCALED).estimate.mean
    assert truth < -0.01
    growth = exponent_by_growth(SCALED, T=2000.0, paths=512, seed=3)
    assert near(growth.estimate, truth)
    assert near(exponent_by_tangent(SCALED, T=2000.0, paths=512, seed=4).estimate, truth)
    # But for the rare path that grazes: there a distance that is not infinitely small shows.
    apart = abs(growth.values - growth.same_paths)
    assert np.quantile(apart, 0.99) < 1e-3 * abs(truth)
    assert apart.max() < 1e-2 * abs(truth)


def test_sampled_flux():
    speeds = crossing_speeds(BALANCED, T=64.0, paths=1024, seed=5, settle=16.0)
    assert near(exponent_by_flux(BALANCED, speeds).estimate, -0.6034280)


def test_the_noise_s_mean_is_a_control_variate():
    found = exponent_by_tangent(BALANCED, T=64.0, paths=1024, seed=6)
    speeds = crossing_speeds(BALANCED, T=64.0, paths=1024, seed=6, settle=16.0)
    plain = exponent_by_flux(BALANCED, speeds).estimate
    assert found.estimate.standard_error < 0.7 * plain.standard_error


def test_paths_settle_by_default():
    # From rest the first spikes are late: within a time of 2 that would show.
    for route in (exponent_by_tangent, exponent_by_growth):
        assert near(route(BALANCED, T=2.0, paths=12_800, seed=7).estimate, -0.6034280)
        early = route(BALANCED, T=2.0, paths=12_800, seed=7, settle=0.0).estimate
        assert not near(early, -0.6034280)


def test_many_spikes_in_a_step():
    lif = LIF(mu=100.0, sigma=1.0)
    found = exponent_by_tangent(lif, T=1.0, paths=4, seed=1, settle=0.0)
    assert found.rate == pytest.approx(99.5, rel=0.02)
    assert abs(found.estimate.mean) < 0.02


def test_a_speed_of_zero_is_not_passed_over(monkeypatch, one_thread):
    def grazing(*arguments):
        arguments[-1].slowest[0] = 0.0
        return 0

    monkeypatch.setattr("lifcore.stability.lyapunov.exact_tangent", grazing)
    with pytest.raises(RuntimeError, match="crossing speed of 0"):
        exponent_by_tangent(LIF(), T=1.0, paths=4, seed=1, executor=one_thread)


def test_constant_drive_is_neutral():
    period = constant_drive_period(DRIVEN)
    request = {"T": 1000 * period, "paths": 2, "seed": 1, "settle": period / 2}
    assert exponent_by_flux(DRIVEN).estimate.mean == 0.0
    for found in (
        exponent_by_tangent(DRIVEN, **request),
        exponent_by_growth(DRIVEN, distance=1e-6, **request),
    ):
        assert abs(found.estimate.mean) <= 1e-10
        assert found.rate * period == pytest.approx(1.0)


def test_the_perfect_integrator_is_neutral():
    lif = LIF(g=0.0, mu=1.0, sigma=0.5, tau=0.5)
    assert exponent_by_tangent(lif, T=8.0, paths=300, seed=1).estimate.mean == 0.0
    growth = exponent_by_growth(lif, T=8.0, paths=300, seed=1)
    # Counted with resets nothing changes; a pair between its two spikes is one range apart.
    assert np.median(np.abs(growth.values)) < 1e-6


@pytest.mark.parametrize(
    "lif", [LIF(mu=0.5, sigma=0.0), LIF(mu=-3.0, sigma=0.3), LIF(g=2.0, mu=-9.0, sigma=0.1)]
)
def test_a_neuron_that_never_spikes_has_the_leak_and_a_note(lif):
    nothing = CrossingSpeeds(np.empty(0), np.empty(0, int), paths=4, T=2.0)
    request = {"T": 4.0, "paths": 4, "seed": 1}
    for found in (
        exponent_by_flux(lif),
        exponent_by_flux(lif, nothing),
        exponent_by_tangent(lif, **request),
        exponent_by_growth(lif, **request),
    ):
        assert found.estimate.mean == -lif.g
        assert found.rate == 0.0
        assert "no spike" in found.note


def test_slow_crossings_contribute_as_the_grazing_law_says():
    from lifcore import stationary

    law = stationary(BALANCED, cells=None)
    a = 1e-4
    found = integrate.quad(lambda x: 2 * x * law.lyapunov_integrand(x * x), 0, math.sqrt(a))[0]
    expected = 0.4 * law.grazing_constant * a**2.5 * (math.log(1 / a) + 0.4)
    assert found == pytest.approx(expected, rel=0.01)


def test_saltation_factor():
    lif = LIF(g=2.0, v_th=1.5, v_reset=-0.5)
    assert saltation_factor(lif, 4.0) == 2.0
    assert saltation_factor(lif, [1.0, 4.0]).tolist() == [5.0, 2.0]
    with pytest.raises(ValueError, match="speed"):
        saltation_factor(lif, 0.0)


def test_a_flock_s_reference_is_an_exact_path():
    # Same stream of steps: without refinement between them, the same path to rounding.
    step, lanes = exact_step(LIF(mu=-2.0), 0.125), 256
    v, i = np.zeros(lanes), np.full(lanes, -2.0)
    flock_block(
        step,
        (0, 16),
        Streams(*both_sources("gauss", np.random.SeedSequence(3), 0)),
        Flock(v, i, np.zeros((lanes, 0))),
        Rescaling(0.0, 0.0, np.zeros((lanes, 0))),
        sums(lanes),
        Looks(1, np.empty((0, 0, 0))),
    )
    run = simulate(LIF(mu=-2.0), h=0.125, T=2.0, paths=lanes, seed=3, scheme="exact")
    np.testing.assert_allclose(v, run.v[:, 0], atol=1e-14)
    np.testing.assert_allclose(i, run.i[:, 0], atol=1e-14)


def test_a_flock_spikes_as_simulate_does():
    found = synchronise(BALANCED, [0.0, 0.9], T=4.0, paths=12_800, seed=8)
    run = simulate(BALANCED, h=0.125, T=4.0, paths=12_800, seed=9, scheme="exact")
    other = simulate(
        BALANCED, h=0.125, T=4.0, paths=12_800, seed=10, scheme="exact", start=(0.9, 1.0)
    )
    for one, two in ((found.v[-1], run.v), (found.v[-1] + found.apart[-1, :, 0], other.v)):
        spread = math.sqrt(one.var() / one.size + two.var() / two.size)
        assert abs(one.mean() - two.mean()) < 4.5 * spread
        assert np.quantile(one, 0.9) == pytest.approx(np.quantile(two, 0.9), abs=0.02)


def test_copies_synchronise_at_the_exponent_s_rate():
    found = synchronise(BALANCED, [0.0, 0.5], T=30.0, paths=2560, seed=1, h=1.0)
    np.testing.assert_allclose(found.times, np.arange(1.0, 31.0))
    slope = found.slope(12.0, 30.0)
    assert abs(slope.mean + 0.6034280) < 4.5 * slope.standard_error + 0.002
    assert slope.standard_error < 0.01 * 0.6034280
    assert (found.apart != 0.0).all()


def test_copies_meet_where_rounding_is_and_a_fit_there_is_refused():
    found = synchronise(LIF(mu=0.5, sigma=0.0), [0.0, 0.5], T=32.0, paths=2, seed=1)
    assert found.slope(1.0, 20.0).mean == pytest.approx(-1.0, abs=1e-9)
    with pytest.raises(ValueError, match="below 1e-13"):
        found.slope(1.0, 32.0)
    with pytest.raises(ValueError, match="fewer than two"):
        found.slope(40.0, 50.0)


def test_results_do_not_depend_on_the_executor(one_thread):
    request = {"T": 4.0, "paths": 600, "seed": 4}
    for route in (exponent_by_tangent, exponent_by_growth):
        one, two = route(BALANCED, **request), route(BALANCED, **request, executor=one_thread)
        np.testing.assert_array_equal(one.values, two.values)
    one, two = (
        synchronise(BALANCED, [0.0, 0.5], **request, executor=e).apart for e in (None, one_thread)
    )
    np.testing.assert_array_equal(one, two)


def test_euler_repaired_is_of_order_one_and_better_with_the_true_leak():
    truth, errors = -0.6034280, []
    for h in (1 / 8, 1 / 16):
        found = exponent_by_tangent(BALANCED, T=256.0, paths=2560, seed=1, scheme="euler", h=h)
        own = found.estimate.mean - truth
        errors.append(own)
        assert abs(own - math.log1p(-h) / h - 1.0) < 0.1 * abs(own)
    assert 0.9 < math.log2(errors[0] / errors[1]) < 1.2


# --- bad input --------------------------------------------------------------------------------

RECORD = {
    "times": np.array([0.5, 1.5]),
    "neurons": np.array([0, 1]),
    "speeds": np.array([1.0, 2.0]),
    "end": 2.0,
}


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"times": np.array([1.5, 0.5])}, "sorted"),
        ({"times": np.array([0.5, 2.5])}, "sorted"),
        ({"times": np.empty(0), "neurons": np.empty(0, int), "speeds": np.empty(0)}, "shapes"),
        ({"neurons": np.array([0])}, "shapes"),
        ({"speeds": np.array([1.0, 0.0])}, "speeds"),
        ({"neurons": np.array([0, 2])}, "neurons"),
        ({"neurons": np.array([0.0, 1.0])}, "neurons"),
        ({"end": 0.0}, "end"),
        ({"begin": -1.0}, "begin"),
        ({"weights": np.zeros((3, 3))}, "weights"),
        ({"weights": np.full((2, 2), np.nan)}, "weights"),
    ],
)
def test_bad_records_are_refused(change, match):
    two = LIF(mu=np.array([1.0, 1.2]))
    assert spectrum_of_record(two, **RECORD).shape == (4,)
    with pytest.raises(ValueError, match=match):
        spectrum_of_record(two, **{**RECORD, **change})


@pytest.mark.parametrize("route", [exponent_by_tangent, exponent_by_growth])
@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"T": 0.0}, "T"),
        ({"paths": 1}, "paths"),
        ({"seed": -1}, "seed"),
        ({"settle": -1.0}, "settle"),
    ],
)
def test_bad_requests_are_refused(route, change, match):
    with pytest.raises(ValueError, match=match):
        route(LIF(), **{"T": 1.0, "paths": 4, "seed": 1, **change})


def test_other_bad_input_is_refused():
    request = {"T": 1.0, "paths": 4, "seed": 1}
    with pytest.raises(TypeError, match="lif"):
        exponent_by_flux("neuron")
    with pytest.raises(ValueError, match="layer"):
        exponent_by_growth(LIF(mu=np.array([1.0, 2.0])), **request)
    with pytest.raises(ValueError, match="scheme"):
        exponent_by_tangent(LIF(), scheme="heun", **request)
    with pytest.raises(ValueError, match="exact paths"):
        exponent_by_tangent(LIF(), h=0.1, **request)
    with (
        pytest.warns(UserWarning, match=r"h = 1.5 is above 1/g"),
        pytest.raises(ValueError, match="1/g"),
    ):
        exponent_by_tangent(LIF(tau=2.0), T=3.0, settle=0.0, paths=4, seed=1, scheme="euler", h=1.5)
    for distance in (0.0, 1e-3):
        with pytest.raises(ValueError, match="distance"):
            exponent_by_growth(LIF(), distance=distance, **request)
    for potentials in ([0.0], [0.0, 0.0], [0.0, 1.0], [0.0, math.nan]):
        with pytest.raises(ValueError, match="potentials"):
            synchronise(LIF(), potentials, **request)
    with pytest.raises(ValueError, match="paths"):
        network_spectrum(LIF(), T=1.0, paths=1, seed=1)
    with pytest.raises(ValueError, match="tau"):
        exponent_by_flux(LIF(tau=math.inf))


@pytest.mark.parametrize(
    ("speed", "path", "match"),
    [
        ([0.1, 0.2], [1, 0], "sorted"),
        ([0.1, 0.2], [0, 4], "sorted"),
        ([0.1, 0.0], [0, 1], "speed"),
        ([0.1], [0, 1], "as many"),
    ],
)
def test_bad_speeds_are_refused(speed, path, match):
    with pytest.raises(ValueError, match=match):
        exponent_by_flux(LIF(), CrossingSpeeds(np.array(speed), np.array(path), paths=4, T=1.0))
