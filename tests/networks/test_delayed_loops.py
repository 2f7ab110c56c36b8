"""Delays and refractory times in networks with loops: against slow and plain formulas."""

import dataclasses

import numpy as np
import pytest
from scipy import sparse

from circuits import (
    LOOPS,
    MATRICES,
    POPULATION,
    SIZES,
    coupled_increments,
    quiet,
    spikes_as_replayed,
)
from lifcore import LIF, Recurrent, constant_drive_period, couple, simulate
from lifcore.noise.covariance import voltage_kernel
from oracles import euler_path, event_driven

PAUSES = {"none": 0.0, "one": 0.3, "some": np.array([0.0, 0.1, 0.5, 0.0, 0.25])}
DELAYS = {
    "none": 0.0,
    "short": 0.2,
    "long": 0.7,
    "each": np.random.default_rng(3).uniform(0.0, 1.0, (5, 5)),
}


def network(weights, t_ref, delays, neuron=POPULATION, **rest):
    return Recurrent(dataclasses.replace(neuron, t_ref=t_ref), weights, delays=delays, **rest)


def in_order(run, path=0):
    table = run.all_spikes()
    table = table[table["path"] == path]
    return table[np.argsort(table["time"], kind="stable")]


def assert_events(run, v, i, spikes, tolerance=1e-9):
    table = in_order(run)
    times, neurons, speeds = np.array(spikes).reshape(-1, 3).T
    assert np.array_equal(table["neuron"], neurons)
    assert table["time"] == pytest.approx(times, abs=tolerance)
    assert table["speed"] == pytest.approx(speeds, abs=1e3 * tolerance)
    assert run.v[0] == pytest.approx(v, abs=10 * tolerance)
    assert run.i[0] == pytest.approx(i, abs=10 * tolerance)


# --- without noise ------------------------------------------------------------------------------


@pytest.mark.parametrize("pause", PAUSES)
@pytest.mark.parametrize("late", DELAYS)
@pytest.mark.parametrize("kind", MATRICES)
def test_from_event_to_event(kind, late, pause):
    net = network(MATRICES[kind], PAUSES[pause], DELAYS[late], quiet(POPULATION))
    found = event_driven(net.neurons, net.weights, 8.0, *net.at_rest, DELAYS[late])
    assert len(found[2]) > 12
    for h in (4.0, 0.5, 0.0625):
        assert_events(simulate(net, h=h, T=8.0, paths=1, seed=1, scheme="exact"), *found)


@pytest.mark.parametrize("h", [2.0, 0.1])
def test_random_networks(h):
    rng = np.random.default_rng(8)
    for _ in range(12):
        n = int(rng.integers(1, 9))
        neuron = LIF(
            mu=rng.uniform(0.7, 2.0, n), tau=rng.choice([0.2, 0.5, 1.0], n), sigma=0.0,
            t_ref=rng.choice([0.0, 0.05, 0.4], n),
        )  # fmt: skip
        weights = rng.normal(0.0, 0.8 / np.sqrt(n), (n, n))
        weights[rng.random(weights.shape) < 0.3] = 0.0
        delays = rng.choice([0.0, 0.02, 0.35, 1.1], (n, n))
        v, i = rng.uniform(-1.0, 0.9, n), rng.uniform(0.0, 2.0, n)
        thin = sparse.csr_array(weights)
        late = thin.copy()
        late.data = delays[np.nonzero(weights)]
        net = Recurrent(neuron, thin, delays=late)
        run = simulate(net, h=h, T=4.0, paths=1, seed=1, scheme="exact", start=(v[None], i[None]))
        found = event_driven(net.neurons, weights, 4.0, v, i, delays)
        assert_events(run, *found, tolerance=1e-8)


@pytest.mark.parametrize("h", [1.0, 0.0625])
def test_an_interval_is_longer_by_the_refractory_time(h):
    lif = LIF(mu=1.5, sigma=0.0, t_ref=0.25)
    run = simulate(Recurrent(lif, [[0.0]]), h=h, T=16.0, paths=1, seed=1, scheme="exact")
    period = constant_drive_period(lif)
    assert np.diff(run.spikes(0)) == pytest.approx(np.full(11, period), abs=1e-10)
    assert period == pytest.approx(np.log(3.0) + 0.25, abs=1e-15)


@pytest.mark.parametrize("h", [1.0, 0.125])
@pytest.mark.parametrize("delay", [0.0, 0.05, 0.3, 0.5])
def test_an_arrival_is_a_delay_after_its_spike(h, delay):
    # V' = 2 spikes at 1/2; neuron 1 takes 1/4 of current then, and has no other motion.
    line = LIF(g=0.0, tau=np.inf, mu=np.array([2.0, 0.0]), sigma=0.0, t_ref=[10.0, 0.0])
    net = Recurrent(line, [[0.0, 0.0], [0.25, 0.0]], delays=delay)
    run = simulate(net, h=h, T=2.0, paths=1, seed=1, scheme="exact")
    assert run.v[0, 1] == pytest.approx(0.25 * (2.0 - 0.5 - delay), abs=1e-14)


@pytest.mark.parametrize("weight", [0.6, -0.6])
@pytest.mark.parametrize("h", [2.0, 0.0625])
def test_neurons_that_spike_at_once(h, weight):
    # Ten equal neurons all to all are one with a synapse onto itself: arrivals at one time.
    ten, one = (
        Recurrent(LIF(mu=1.5, sigma=0.0, t_ref=0.1), np.full((n, n), weight / n), delays=0.3)
        for n in (10, 1)
    )
    v, i, spikes = event_driven(one.neurons, one.weights, 6.0, *one.at_rest, 0.3)
    assert len(spikes) > 2
    run = simulate(ten, h=h, T=6.0, paths=1, seed=1, scheme="exact")
    assert (run.spike_counts == len(spikes)).all()
    assert run.v[0] == pytest.approx(np.full(10, v[0]), abs=1e-8)
    assert run.i[0] == pytest.approx(np.full(10, i[0]), abs=1e-8)


# --- with noise ---------------------------------------------------------------------------------


@pytest.mark.parametrize("h", [1.0, 0.0625])
@pytest.mark.parametrize("late", ["short", "each"])
def test_quiet_neurons_among_noisy_ones(h, late):
    # Neurons 3 and 4 have no noise of their own: given the spikes, their motion is a formula.
    noisy = dataclasses.replace(POPULATION, sigma=np.array([0.6, 0.6, 0.5, 0.0, 0.0]))
    weights = LOOPS.weights * (1.0 - np.eye(5))
    net = network(weights, np.array([0.1, 0.0, 0.3, 0.2, 0.0]), DELAYS[late], noisy)
    run = simulate(net, h=h, T=6.0, paths=12, seed=6, scheme="exact")
    assert spikes_as_replayed(run, net, (3, 4), DELAYS[late]) > 30


@pytest.mark.parametrize("common", [0.0, 0.6])
@pytest.mark.parametrize("h", [1.0, 0.03125])
@pytest.mark.parametrize("pause", ["none", "some"])
def test_the_state_is_a_sum_of_responses(h, common, pause):
    neuron = dataclasses.replace(POPULATION, g=1.1, tau=0.4) if common else POPULATION
    request = {"h": h, "T": 6.0, "paths": 50, "seed": 7, "scheme": "exact"}
    net = network(LOOPS.weights, PAUSES[pause], DELAYS["each"], neuron, common=common)
    run = simulate(net, **request)
    silent = dataclasses.replace(net, neuron=dataclasses.replace(neuron, v_th=1e9))
    free = simulate(silent, **request)
    assert run.spike_counts.sum(axis=0).min() > 40
    for path in range(0, 50, 7):
        for k, own in enumerate(net.neurons):
            v, i = free.v[path, k], free.i[path, k]
            for source in range(5):
                age = np.maximum(6.0 - run.spikes(path, source) - DELAYS["each"][k, source], 0.0)
                v += net.weights[k, source] * voltage_kernel(own.g, own.a, age).sum()
                i += net.weights[k, source] * np.exp(-own.a * age[age > 0.0]).sum()
            gap = own.v_th - own.v_reset
            v -= gap * np.exp(-own.g * (6.0 - run.spikes(path, k))).sum()
            assert run.i[path, k] == pytest.approx(i, abs=1e-9)
            if own.t_ref == 0.0:  # what V is held for is no response
                assert run.v[path, k] == pytest.approx(v, abs=1e-9)


def test_reference_does_not_depend_on_its_step():
    # Other steps draw other noise, so the laws are compared.
    net = network(LOOPS.weights, PAUSES["some"], DELAYS["each"])
    means = []
    for h in (1.5, 0.0625):
        run = simulate(net, h=h, T=6.0, paths=1024, seed=8, scheme="exact")
        values = np.hstack([run.spike_counts, run.v, run.i, run.v**2, run.i * run.v])
        means.append((values.mean(axis=0), values.std(axis=0) / 32.0))
    (one, error), (other, error_2) = means
    assert (np.abs(one - other) < 4.5 * np.hypot(error, error_2)).all()
    assert (error[:5] < 0.03 * one[:5]).all()


@pytest.mark.parametrize("pause", [0.4, 0.05])
def test_counts_are_bounded_on_every_path(pause):
    driven = dataclasses.replace(POPULATION, mu=40.0)
    hot = network(4.0 * np.abs(LOOPS.weights), pause, DELAYS["short"], driven)
    run = simulate(hot, h=0.25, T=6.0, paths=50, seed=3, scheme="exact")
    assert run.spike_counts.max() <= 6.0 / pause + 1.0
    assert run.spike_counts.max() > 0.9 * 6.0 / (pause + 0.03)
    table = run.all_spikes()
    same = (np.diff(table["path"]) == 0) & (np.diff(table["neuron"]) == 0)
    assert np.diff(table["time"])[same].min() >= pause


# --- Euler beside it ----------------------------------------------------------------------------


@pytest.mark.parametrize("pause", ["none", "some"])
@pytest.mark.parametrize("common", [0.0, 0.4])
@pytest.mark.filterwarnings("ignore:h = 0.* is above tau:UserWarning")
def test_euler_of_a_coupled_run_is_its_formulas(pause, common):
    neuron = LIF(mu=POPULATION.mu, sigma=POPULATION.sigma) if common else POPULATION
    t_ref = 0.0 if pause == "none" else np.array([0.0, 0.3, 0.5, 0.0, 0.7])
    delays = np.random.default_rng(4).choice([0.0, 0.5, 0.7, 1.1], (5, 5))
    net = network(LOOPS.weights, t_ref, delays, neuron, common=common)
    pairs = couple(net, **SIZES)
    for path in (0, 1, 23):
        for level, h in enumerate(SIZES["h"]):
            dw = coupled_increments(net, path, 32, 0.125).reshape(-1, round(h / 0.125), 5)
            v, i, spikes = euler_path(net.neurons, net.weights, h, dw.sum(axis=1), delays)
            assert pairs.v_euler[level, path] == pytest.approx(v, abs=1e-10)
            assert pairs.i_euler[level, path] == pytest.approx(i, abs=1e-10)
            neurons = [s[0] for s in spikes]
            counts = np.bincount(np.array(neurons, int), minlength=5)
            assert np.array_equal(pairs.spike_counts_euler[level, path], counts)
    exact = simulate(net, h=0.125, T=4.0, paths=40, seed=5, scheme="exact")
    assert np.array_equal(exact.v, pairs.v)


@pytest.mark.parametrize("call", [simulate, couple])
def test_delays_below_a_step_are_refused(call):
    net = Recurrent(LIF(), np.full((2, 2), 0.1), delays=[[0.0, 0.25], [1.0, 0.5]])
    more = {"scheme": "exact"} if call is simulate else {}
    call(net, h=0.25, T=1.0, paths=2, seed=1, **more)
    if call is couple:
        with pytest.raises(ValueError, match=r"h = 0\.5: a delay of 0\.25 is less than a step"):
            call(net, h=[0.25, 0.5], T=1.0, paths=2, seed=1)
