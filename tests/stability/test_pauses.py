"""Tangent and growth routes with a refractory time: against the solver, and by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from lifcore import LIF, constant_drive_period, simulate
from lifcore.noise.sources import both_sources
from lifcore.schemes.copies import Flock, Rescaling
from lifcore.schemes.exact import exact_step
from lifcore.schemes.held_copies import held_flock_block
from lifcore.schemes.state import Streams
from lifcore.schemes.tangents import sums
from lifcore.stability import exponent_by_flux, exponent_by_growth, exponent_by_tangent
from regimes import REGIMES

ROUTES = [exponent_by_tangent, exponent_by_growth]
PAUSED = LIF(mu=1.2, sigma=0.6, tau=0.5, t_ref=0.25)


def near(found, truth):
    assert found.standard_error > 0.0
    return abs(found.mean - truth) < 4.5 * found.standard_error


@pytest.mark.parametrize("t_ref", [0.1, 0.4])
@pytest.mark.parametrize(
    # By large noise many a release is downwards, and the copy behind is the one ahead then.
    ("name", "most"),
    [("mean-driven", 7e-4), ("balanced", 2e-3), ("below threshold", 2e-3), ("large noise", 4e-3)],
)
def test_routes_agree(name, most, t_ref):
    lif = replace(REGIMES[name], t_ref=t_ref)
    truth = exponent_by_flux(lif)
    request = {"T": 64.0, "paths": 1024}
    growth = exponent_by_growth(lif, seed=2, **request)
    for found in (exponent_by_tangent(lif, seed=1, **request), growth):
        assert near(found.estimate, truth.estimate.mean)
        assert found.estimate.standard_error < most
        assert found.rate == pytest.approx(truth.rate, rel=0.1)
    # Along the same paths both are one number, but where a crossing or a release grazes.
    apart = abs(growth.values - growth.same_paths)
    assert np.median(apart) < 1e-5
    assert apart.mean() < 0.005 * abs(truth.estimate.mean)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("t_ref", [0.1, 0.4])
@pytest.mark.parametrize("name", ["balanced", "below threshold"])
def test_routes_and_solver_are_within_half_a_percent(name, t_ref, route):
    lif = replace(REGIMES[name], t_ref=t_ref)
    truth = exponent_by_flux(lif).estimate.mean
    found = route(lif, T=256.0, paths=4096, seed=3).estimate
    low, high = (value / truth for value in found.interval(0.999))
    assert max(low, high) < 1.005
    assert min(low, high) > 0.995


@pytest.mark.parametrize("t_ref", [0.1, 0.4, 3.0])
def test_constant_drive_is_neutral(t_ref):
    lif = LIF(mu=1.5, sigma=0.0, t_ref=t_ref)
    period = constant_drive_period(lif)
    assert abs(exponent_by_flux(lif).estimate.mean) <= 1e-10
    request = {"T": 1000 * period, "paths": 2, "seed": 1, "settle": period / 2}
    for found in (
        exponent_by_tangent(lif, **request),
        exponent_by_growth(lif, distance=1e-6, **request),
    ):
        assert abs(found.estimate.mean) <= 1e-10
        assert found.rate * period == pytest.approx(1.0)
    # At any time, so that many a path begins or ends with a pause.
    short = {"T": 0.7, "paths": 64, "seed": 1}
    assert abs(exponent_by_tangent(lif, **short).values).max() < 1e-9
    assert abs(exponent_by_growth(lif, **short).values).max() < 1e-5


@pytest.mark.parametrize("route", ROUTES)
def test_a_nearly_periodic_neuron_begins_at_any_phase(route):
    lif = LIF(mu=1.5, sigma=0.1, t_ref=0.4)
    truth = exponent_by_flux(lif)
    found = route(lif, T=50.0, paths=512, seed=1)
    assert near(found.estimate, truth.estimate.mean)
    assert found.estimate.standard_error < 4e-4
    assert found.rate == pytest.approx(truth.rate, rel=0.005)


@pytest.mark.parametrize("route", ROUTES)
def test_paths_settle_by_default(route):
    lif = replace(REGIMES["balanced"], t_ref=0.4)
    truth = exponent_by_flux(lif).estimate.mean
    assert near(route(lif, T=2.0, paths=12_800, seed=7).estimate, truth)
    assert not near(route(lif, T=2.0, paths=12_800, seed=7, settle=0.0).estimate, truth)


def carried(lif, h, steps, lanes=8):
    """A flock without copies, and what `simulate` makes of the same start."""
    v, i = np.linspace(-1.0, 0.9, lanes), np.full(lanes, lif.mu + 0.2)
    start = v.copy()[:, None], i.copy()[:, None]
    flock = Flock(v, i, np.zeros((lanes, 0)), np.zeros((lanes, 1)))
    total, streams = sums(lanes), Streams(*both_sources("gauss", np.random.SeedSequence(3), 0))
    still = Rescaling(0.0, 0.0, np.zeros((lanes, 0)))
    held_flock_block(exact_step(lif, h), steps, streams, flock, still, total)
    run = simulate(lif, h=h, T=h * steps, paths=lanes, seed=3, scheme="exact", start=start)
    return flock, total, run


@pytest.mark.parametrize("h", [2.0, 0.25, 0.01])
@pytest.mark.parametrize("t_ref", [1e-3, 0.1, 0.7])
def test_without_noise_a_flock_is_an_exact_path(t_ref, h):
    # Several pauses in a step, and several steps in a pause.
    flock, total, run = carried(LIF(mu=3.0, sigma=0.0, tau=0.7, t_ref=t_ref), h, round(4.0 / h))
    assert total.counts.min() > 3
    np.testing.assert_array_equal(total.counts, run.spike_counts[:, 0])
    np.testing.assert_allclose(flock.v, run.v[:, 0], atol=1e-9)
    np.testing.assert_allclose(flock.i, run.i[:, 0], atol=1e-12)
    assert ((flock.held[:, 0] > 0.0) == (flock.v == 0.0)).all()


def test_saltation_by_hand():
    # One spike and one release, in two steps: A and A' are known.
    lif = LIF(mu=3.0, sigma=0.0, tau=0.7, t_ref=0.4)
    v, i = np.full(2, 0.5), np.full(2, 4.0)
    flock = Flock(v, i, np.zeros((2, 0)), np.zeros((2, 1)))
    total, streams = sums(2), Streams(*both_sources("gauss", np.random.SeedSequence(3), 0))
    still = Rescaling(0.0, 0.0, np.zeros((2, 0)))
    run = simulate(lif, h=0.3, T=0.6, paths=2, seed=1, scheme="exact", start=(0.5, 4.0))
    held_flock_block(exact_step(lif, 0.3), 2, streams, flock, still, total)
    time, speed = run.all_spikes()["time"][0], run.all_spikes()["speed"][0]
    assert run.spike_counts.tolist() == [[1], [1]]
    release = 3.0 + math.exp(-(time + 0.4) / 0.7)
    np.testing.assert_allclose(total.logs, math.log(release / speed), atol=1e-7)


def test_euler_tends_to_the_exact_solution():
    truth, off = exponent_by_flux(PAUSED).estimate.mean, []
    request = {"T": 64.0, "paths": 4096, "scheme": "euler", "seed": 5}
    for h in (1 / 16, 1 / 32, 1 / 64):
        found = exponent_by_tangent(PAUSED, h=h, **request).estimate
        assert found.standard_error < 0.001
        off.append(found.mean - truth)
    # Order one: each is half of the one before, to what chance is in them.
    assert off[0] / off[1] == pytest.approx(2.0, abs=0.25)
    assert off[1] / off[2] == pytest.approx(2.0, abs=0.35)
    quiet = exponent_by_tangent(LIF(mu=2.5, sigma=0.0, t_ref=0.25), h=1 / 64, **request)
    assert 0.0 < abs(quiet.estimate.mean) < 1 / 64


def test_wrong_steps_are_refused():
    with pytest.raises(ValueError, match=r"t_ref = 0\.25 is half a step or less"):
        exponent_by_tangent(PAUSED, T=4.0, paths=4, seed=1, scheme="euler", h=0.5)


@pytest.mark.parametrize("route", ROUTES)
def test_a_neuron_that_never_spikes_has_the_leak(route):
    found = route(LIF(mu=0.5, sigma=0.0, t_ref=0.25), T=4.0, paths=4, seed=1)
    assert found.estimate.mean == -1.0
    assert "no spike" in found.note


@pytest.mark.parametrize("route", ROUTES)
def test_a_speed_of_zero_is_not_passed_over(route, monkeypatch, one_thread):
    def grazing(*arguments):
        arguments[-1].logs[0] = math.inf

    monkeypatch.setattr("lifcore.stability.pauses.held_flock_block", grazing)
    with pytest.raises(RuntimeError, match="the speed 0"):
        route(PAUSED, T=1.0, paths=4, seed=1, executor=one_thread)


def test_lags_have_no_part_in_an_exponent(monkeypatch, one_thread):
    # What a lag is multiplied by while V is held changes what paths begin and end with, no more.
    lif, request = replace(REGIMES["balanced"], t_ref=0.4), {"T": 64.0, "paths": 512, "seed": 1}
    found = [exponent_by_growth(lif, executor=one_thread, **request)]
    monkeypatch.setattr("lifcore.stability.pauses.lag_speed", lambda lif: 0.3)
    found.append(exponent_by_growth(lif, executor=one_thread, **request))
    assert (found[0].values != found[1].values).mean() > 0.2
    assert abs(found[1].values - found[1].same_paths).mean() < 0.003
    assert near(found[1].estimate, exponent_by_flux(lif).estimate.mean)
