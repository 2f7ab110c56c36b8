"""The Lyapunov exponent: three routes against one another, copies on one noise, networks."""

import math

import numpy as np
import pytest
from scipy import integrate

from lifcore import (
    LIF,
    Feedforward,
    Recurrent,
    constant_drive_period,
    mean,
    simulate,
    simulate_spikes,
)
from lifcore.blocks import generators
from lifcore.exact import exact_step
from lifcore.flock import flock_block
from lifcore.flux import CrossingSpeeds, crossing_speeds, step_for
from lifcore.growth import exponent_by_growth, synchronise
from lifcore.lyapunov import (
    exponent_by_flux,
    exponent_by_tangent,
    saltation_factor,
)
from lifcore.tangent import network_spectrum, spectrum_of_record

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
CHAIN = Feedforward(
    [LIF(mu=np.array([1.5, 1.3]), sigma=0.0), LIF(mu=1.2, tau=0.3, sigma=0.0)],
    [np.array([[0.3, -0.2]])],
)


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
    assert abs(growth.values - growth.same_paths).max() < 1e-3 * abs(truth)


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
        arguments[-1][0] = 0.0
        return 0

    monkeypatch.setattr("lifcore.lyapunov.exact_tangent", grazing)
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
        step, 16, *generators(np.random.SeedSequence(3), 0), v, i, np.zeros((lanes, 0)), 0.0, 0.0,
        np.zeros((lanes, 0)), np.zeros(lanes), np.zeros(lanes, np.int64), np.zeros(lanes), 1,
        np.empty((0, 0, 0)),
    )  # fmt: skip
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


# --- networks ---------------------------------------------------------------------------------


def test_spectrum_of_one_neuron():
    found = network_spectrum(BALANCED, T=100.0, paths=64, seed=1)
    assert abs(found.values - found.own).max() < 0.1
    np.testing.assert_allclose(found.values.sum(1), found.own.sum(1), atol=1e-12)


def test_spectrum_of_layers_is_the_union_of_the_neurons():
    net = Feedforward(
        [LIF(mu=np.array([1.4, 0.8])), LIF(mu=0.7, tau=0.25)], [np.array([[0.6, -0.3]])]
    )
    found = network_spectrum(net, T=400.0, paths=16, seed=1)
    assert np.abs((found.values - found.own).mean(axis=0)).max() < 0.02
    np.testing.assert_allclose(found.values.sum(1), found.own.sum(1), atol=1e-12)


def test_tangent_vectors_are_not_stuck_in_invariant_subspaces():
    # From unit vectors two exponents would be off by log(1e-16)/T: only rounding mixes them.
    net = Feedforward(
        [
            LIF(mu=np.array([1.3, 0.9, 1.1])),
            LIF(mu=np.array([0.7, 0.9]), tau=0.3, sigma=0.4),
            LIF(mu=0.8, tau=0.25, sigma=0.5),
        ],
        [np.array([[0.3, 0.5, 0.4], [0.6, -0.3, 0.2]]), np.array([[0.5, 0.4]])],
    )
    found = network_spectrum(net, T=400.0, paths=6, seed=1)
    assert np.abs((found.values - found.own).mean(axis=0)).max() < 0.03


def tangent_map(net, T, weights=None):
    """Return d(V, I)(T)/d(V, I)(0) of a network without noise, by central differences."""
    n, eps = len(net.neurons), 1e-5
    rest = np.concatenate(net.at_rest)
    rows = []
    for k in range(2 * n):
        ends = []
        for sign in (1.0, -1.0):
            begin = rest.copy()
            begin[k] += sign * eps
            run = simulate(
                net, h=T / 64, T=T, paths=2, seed=1, scheme="exact",
                start=(np.tile(begin[:n], (2, 1)), np.tile(begin[n:], (2, 1))),
            )  # fmt: skip
            ends.append(np.concatenate([run.v[0], run.i[0]]))
        rows.append((ends[0] - ends[1]) / (2 * eps))
    return np.array(rows)


def test_saltation_matrices_are_those_of_the_flow():
    # Without noise the flow can be differentiated: its singular values' logs are, for the
    # library's tangent dynamics from the same basis, the growths of volumes.
    T = 4.7
    run = simulate(CHAIN, h=T / 64, T=T, paths=1, seed=1, scheme="exact")
    spikes = run.all_spikes()
    assert (np.bincount(spikes["neuron"], minlength=3) >= 2).all()
    found = propagate(CHAIN, spikes, T, np.array([[0, 0, 0], [0, 0, 0], [0.3, -0.2, 0]]))
    np.testing.assert_allclose(found, tangent_map(CHAIN, T), rtol=2e-4, atol=2e-5)


def propagate(net, spikes, T, weights):
    """The library's kernel, read out as a matrix: growth of every pair of start vectors."""
    from lifcore import tangent

    spikes = spikes[np.argsort(spikes["time"], kind="stable")]
    g, a = net.column("g"), net.column("a")
    kick = g * (net.column("v_th") - net.column("v_reset"))
    basis, now = np.eye(2 * g.size), 0.0
    for spike in spikes:
        tangent.carry(g, a, spike["time"] - now, basis)
        tangent.saltate(a, kick, weights, spike["neuron"], spike["speed"], basis)
        now = spike["time"]
    tangent.carry(g, a, T - now, basis)
    return basis


def test_recurrent_weights():
    # Two neurons that drive each other, without noise, event by event in closed form.
    weights = np.array([[0.0, 0.4], [-0.3, 0.0]])
    pair = Feedforward([LIF(mu=np.array([1.6, 1.4]), sigma=0.0)], [])

    def run(state, T):
        x, now, events = np.array(state, float), 0.0, []
        grid = 1e-3
        while now < T - 1e-12:
            span = min(grid, T - now)
            end = linear(x, span)
            over = np.flatnonzero(end[:2] >= 1.0)
            if over.size:
                low, high = 0.0, span
                for _ in range(60):
                    middle = 0.5 * (low + high)
                    low, high = (
                        (low, middle) if (linear(x, middle)[:2] >= 1.0).any() else (middle, high)
                    )
                x = linear(x, high)
                j = int(np.argmax(x[:2]))
                events.append((now + high, j, x[2 + j] - 1.0))
                x[j] -= 1.0
                x[2:] += weights[:, j]
                now += high
            else:
                x, now = end, now + span
        return x, events

    def linear(x, t):  # tau = 0.5, g = 1
        fast, slow = math.exp(-2 * t), math.exp(-t)
        mu = np.array([1.6, 1.4])
        return np.concatenate(
            [
                slow * x[:2] + (slow - fast) * (x[2:] - mu) + mu * (1 - slow),
                mu + fast * (x[2:] - mu),
            ]
        )

    T, rest, eps = 4.0, np.array([0.0, 0.3, 1.6, 1.4]), 1e-6
    _, events = run(rest, T)
    record = np.array(events, [("time", float), ("neuron", int), ("speed", float)])
    assert (np.bincount(record["neuron"]) >= 2).all()
    found = propagate(pair, record, T, weights)
    numeric = np.array(
        [(run(rest + eps * e, T)[0] - run(rest - eps * e, T)[0]) / (2 * eps) for e in np.eye(4)]
    )
    np.testing.assert_allclose(found, numeric, rtol=1e-4, atol=1e-5)
    total = spectrum_of_record(
        pair, record["time"], record["neuron"], record["speed"], end=T, weights=weights
    ).sum()
    assert total * T == pytest.approx(math.log(abs(np.linalg.det(found))), abs=1e-9)


LOOPS = Recurrent(
    LIF(mu=np.array([1.4, 1.0, 1.2]), tau=np.array([0.5, 1.0, 0.4])),
    [[0.3, 0.5, -0.5], [0.6, 0.0, -0.4], [0.5, 0.4, -0.3]],
)


def test_saltation_matrices_of_a_network_with_loops():
    # As for layers above; synapses onto oneself included.
    quiet, T = Recurrent(LIF(mu=np.array([1.4, 1.3, 1.2]), sigma=0.0), LOOPS.weights), 4.2
    spikes = simulate(quiet, h=T / 64, T=T, paths=1, seed=1, scheme="exact").all_spikes()
    assert (np.bincount(spikes["neuron"], minlength=3) >= 2).all()
    found = propagate(quiet, spikes, T, quiet.weights)
    np.testing.assert_allclose(found, tangent_map(quiet, T), rtol=5e-4, atol=5e-5)


def test_the_largest_exponents_of_a_network_with_loops():
    request = {"T": 300.0, "paths": 8, "seed": 1}
    whole = network_spectrum(LOOPS, **request)
    assert whole.values.shape == (8, 6)
    for count in (1, 2, 6):
        part = network_spectrum(LOOPS, count=count, **request)
        assert part.values.shape == (8, count)
        np.testing.assert_allclose(part.values, whole.values[:, :count], atol=1e-3)
        np.testing.assert_array_equal(part.own, whole.own)
        assert len(part.exponents) == count
    for count, error in ((0, ValueError), (7, ValueError), (1.5, TypeError)):
        with pytest.raises(error, match="count"):
            network_spectrum(LOOPS, T=1.0, paths=2, seed=1, count=count)


def test_without_synapses_the_largest_exponent_is_a_neuron_s():
    free = Recurrent(LOOPS.neuron, np.zeros((3, 3)))
    found = network_spectrum(free, T=400.0, paths=16, seed=1, count=1)
    np.testing.assert_allclose(found.values[:, 0], found.own[:, 0], atol=0.03)
    whole = network_spectrum(free, T=50.0, paths=4, seed=1)
    np.testing.assert_allclose(whole.values.sum(1), whole.own.sum(1), atol=1e-12)


def test_exponents_add_up_to_the_growth_of_volumes():
    # A spike with speed A multiplies volumes by 1 + (g (V_th - V_r) + its own synapse)/A.
    T, paths = 40.0, 4
    found = network_spectrum(LOOPS, T=T, paths=paths, seed=3, settle=0.0)
    h = min(step_for(neuron, T) for neuron in LOOPS.neurons)
    spikes = simulate_spikes(LOOPS, h=h, T=T, paths=paths, seed=3, scheme="exact")
    factor = 1.0 + (1.0 + LOOPS.weights.diagonal()[spikes["neuron"]]) / spikes["speed"]
    growth = np.bincount(spikes["path"], np.log(np.abs(factor)), paths)
    contraction = (LOOPS.column("g") + LOOPS.column("a")).sum()
    np.testing.assert_allclose(found.values.sum(1), growth / T - contraction, atol=1e-10)
    for path, values in enumerate(found.values):
        own = np.sort(spikes[spikes["path"] == path], order="time")
        record = own["time"], own["neuron"], own["speed"]
        one = spectrum_of_record(LOOPS, *record, end=T, weights=LOOPS.weights)
        np.testing.assert_allclose(one, values, atol=1e-10)


def test_neighbouring_paths_part_as_the_largest_exponent_says():
    paths, eps, ends = 256, 1e-8, (4.0, 12.0)
    start = tuple(np.tile(part, (paths, 1)) for part in LOOPS.at_rest)
    moved = start[0] + eps * np.array([1.0, -0.5, 0.7]), start[1]
    growth = []
    for T in ends:
        request = {"h": 0.25, "T": T, "paths": paths, "seed": 4, "scheme": "exact"}
        one, two = (simulate(LOOPS, start=at, **request) for at in (start, moved))
        apart = np.hypot(two.v - one.v, two.i - one.i)
        growth.append(np.log(np.sqrt((apart**2).sum(axis=1))))
        if len(growth) == 1:
            # Path by path it is the tangent vector, but for the noise between two crossings.
            spikes, off = one.all_spikes(), []
            for path in range(20):
                own = spikes[spikes["path"] == path]
                basis = propagate(LOOPS, own, T, LOOPS.weights)
                vector = np.array([1.0, -0.5, 0.7, 0.0, 0.0, 0.0]) @ basis
                found = np.append(two.v[path] - one.v[path], two.i[path] - one.i[path]) / eps
                off.append(np.linalg.norm(found - vector) / np.linalg.norm(vector))
            assert np.median(off) < 1e-5
            assert max(off) < 1e-3
    same = (one.spike_counts == two.spike_counts).all(axis=1)
    assert same.mean() > 0.95
    slope = mean(((growth[1] - growth[0]) / (ends[1] - ends[0]))[same])
    largest = network_spectrum(LOOPS, T=200.0, paths=32, seed=5, count=1).exponents[0]
    off = slope.mean - largest.mean
    assert abs(off) < 4.5 * math.hypot(slope.standard_error, largest.standard_error)
    assert math.hypot(slope.standard_error, largest.standard_error) < 0.03


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
    with pytest.raises(ValueError, match="1/g"):
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
