"""Networks with loops: both schemes against slow and plain formulas, and what needs no noise."""

import dataclasses

import numpy as np
import pytest
from scipy import sparse

from circuits import LOOPS, MATRICES, POPULATION, quiet, spikes_as_replayed
from lifcore import LIF, Feedforward, Recurrent, constant_drive_period, couple, simulate
from lifcore.noise.covariance import voltage_kernel
from oracles import euler_path, event_driven, path_increments, state_at

# --- Euler --------------------------------------------------------------------------------------


def assert_euler(run, weights, dw_of, paths):
    """Compare paths of a run with the plain formulas, their spikes included."""
    table = run.all_spikes()
    assert len(table) == run.spike_counts.sum() > 0
    for path in paths:
        v, i, spikes = euler_path(run_neurons(run), weights, run.h, dw_of(path))
        assert run.v[path] == pytest.approx(v, abs=1e-12)
        assert run.i[path] == pytest.approx(i, abs=1e-12)
        expected = np.array(spikes).reshape(-1, 4)
        own = table[table["path"] == path]
        assert np.array_equal(own["neuron"], expected[:, 0])
        for name, column in zip(("time", "speed", "lag"), expected.T[1:], strict=True):
            assert own[name] == pytest.approx(column, abs=1e-11), name
        counts = np.bincount(own["neuron"], minlength=v.size)
        assert np.array_equal(run.spike_counts[path], counts)


def run_neurons(run):
    return run._run.model.neurons


@pytest.mark.parametrize("common", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("kind", [np.array, sparse.csr_array, sparse.coo_array], ids=repr)
def test_euler_is_its_formulas(common, kind):
    neuron = dataclasses.replace(POPULATION, g=1.1, tau=0.4) if common else POPULATION
    h, steps = 0.05, 160
    net = Recurrent(neuron, kind(LOOPS.weights), common=common)
    run = simulate(net, h=h, T=h * steps, paths=20, seed=5, noise="numpy")
    assert_euler(
        run, LOOPS.weights, lambda p: path_increments(5, p, (steps, 5), h, common), (0, 1, 7, 19)
    )


@pytest.mark.parametrize("common", [0.0, 0.4])
def test_euler_of_more_neurons_than_a_tile(common):
    rng = np.random.default_rng(1)
    neurons, h, steps = 600, 0.05, 60
    weights = np.where(rng.random((neurons,) * 2) < 0.05, rng.normal(0.0, 0.2, (neurons,) * 2), 0.0)
    limits = {
        "mu": (0.8, 2.0), "g": (0.7, 1.3), "tau": (0.3, 1.0), "sigma": (0.2, 0.8),
        "v_th": (0.8, 1.2), "v_reset": (-0.2, 0.2),
    }  # fmt: skip
    if common:  # is filtered alike only where g and tau are
        limits |= {"g": (1.1, 1.1), "tau": (0.4, 0.4)}
    population = LIF(**{name: rng.uniform(*ends, neurons) for name, ends in limits.items()})
    dense, thin = (
        simulate(
            Recurrent(population, kind(weights), common=common),
            h=h,
            T=3.0,
            paths=2,
            seed=3,
            noise="numpy",
        )
        for kind in (np.array, sparse.csc_array)
    )
    assert_euler(
        dense, weights, lambda p: path_increments(3, p, (steps, neurons), h, common), (0, 1)
    )
    assert np.array_equal(dense.v, thin.v)
    assert np.array_equal(dense.i, thin.i)
    assert (dense.spike_counts[:, 512:].sum(axis=1) > 50).all()


def test_euler_delivers_at_the_end_of_the_step():
    # V' = 2 spikes at t = 0.5; the weights are in the currents from there on, its own one too.
    line = LIF(g=0.0, tau=np.inf, mu=np.array([4.0, 0.0]), sigma=0.0)
    net = Recurrent(line, [[-1.0, 0.0], [0.25, 0.0]])
    run = simulate(net, h=0.5, T=0.5, paths=1, seed=1)
    assert (run.v.tolist(), run.i.tolist()) == ([[0.0, 0.0]], [[3.0, 0.25]])
    run = simulate(net, h=0.5, T=1.0, paths=1, seed=1)
    assert (run.v.tolist(), run.i.tolist()) == ([[0.0, 0.125]], [[2.0, 0.5]])


# --- exact, without noise -----------------------------------------------------------------------


def assert_events(run, v, i, spikes, tolerance=1e-9):
    """Compare path 0 of a run with what an event-driven solver found."""
    table = run.all_spikes()
    table = table[table["path"] == 0]
    table = table[np.argsort(table["time"], kind="stable")]
    times, neurons, speeds = np.array(spikes).reshape(-1, 3).T
    assert np.array_equal(table["neuron"], neurons)
    assert table["time"] == pytest.approx(times, abs=tolerance)
    assert table["speed"] == pytest.approx(speeds, abs=1e3 * tolerance)
    assert np.array_equal(run.spike_counts[0], np.bincount(table["neuron"], minlength=v.size))
    assert run.v[0] == pytest.approx(v, abs=10 * tolerance)
    assert run.i[0] == pytest.approx(i, abs=10 * tolerance)


@pytest.mark.parametrize("kind", MATRICES)
def test_network_without_noise_goes_from_event_to_event(kind):
    neuron, weights = quiet(POPULATION), MATRICES[kind]
    net = Recurrent(neuron, weights)
    found = event_driven(net.neurons, weights, 8.0, *net.at_rest)
    assert len(found[2]) > 12
    # Chains: in a long step, spikes follow each other along synapses, several times a neuron.
    first = [j for time, j, _ in found[2] if time < 4.0]
    assert len(first) > 2 * len(set(first)) > 4
    for h in (4.0, 1.0, 0.25, 0.05, 0.008):
        assert_events(simulate(net, h=h, T=8.0, paths=1, seed=1, scheme="exact"), *found)


@pytest.mark.parametrize("h", [2.0, 0.1])
def test_random_networks_without_noise(h):
    rng = np.random.default_rng(8)
    for _ in range(12):
        neurons = int(rng.integers(1, 9))
        neuron = LIF(
            mu=rng.uniform(0.7, 2.0, neurons),
            tau=rng.choice([0.2, 0.5, 1.0], neurons),
            sigma=0.0,
        )
        weights = rng.normal(0.0, 0.8 / np.sqrt(neurons), (neurons, neurons))
        weights[rng.random(weights.shape) < 0.3] = 0.0
        v, i = rng.uniform(-1.0, 0.9, neurons), rng.uniform(0.0, 2.0, neurons)
        net = Recurrent(neuron, sparse.csr_array(weights))
        run = simulate(
            net, h=h, T=4.0, paths=1, seed=1, scheme="exact", start=(v[None], i[None])
        )  # fmt: skip
        assert_events(run, *event_driven(net.neurons, weights, 4.0, v, i), tolerance=1e-8)


@pytest.mark.parametrize("weight", [0.6, -0.6])
@pytest.mark.parametrize("h", [2.0, 0.0625])
def test_neurons_that_spike_at_once(h, weight):
    # Ten equal neurons all to all are one with a synapse onto itself, which acts after the reset.
    ten = Recurrent(LIF(mu=1.5, sigma=0.0), np.full((10, 10), weight / 10.0))
    one = Recurrent(LIF(mu=1.5, sigma=0.0), [[weight]])
    v, i, spikes = event_driven(one.neurons, one.weights, 6.0, *one.at_rest)
    assert len(spikes) > 2
    run = simulate(one, h=h, T=6.0, paths=1, seed=1, scheme="exact")
    assert_events(run, v, i, spikes)
    run = simulate(ten, h=h, T=6.0, paths=1, seed=1, scheme="exact")
    assert (run.spike_counts == len(spikes)).all()
    assert run.v[0] == pytest.approx(np.full(10, v[0]), abs=1e-8)
    for neuron in (0, 9):
        assert run.spikes(0, neuron) == pytest.approx([s[0] for s in spikes], abs=1e-9)


@pytest.mark.parametrize("h", [2.0, 0.25, 0.0625])
def test_perfect_integrators_are_computed_by_hand(h):
    # V' = I: neuron 0 spikes at 1/2, 1, ...; each spike raises the slope of neuron 1 by 1/4.
    line = LIF(g=0.0, tau=np.inf, mu=np.array([2.0, 0.0]), sigma=0.0)
    run = simulate(
        Recurrent(line, [[0.0, -1.0], [0.25, 0.0]]), h=h, T=4.0, paths=1, seed=1, scheme="exact"
    )
    # At 2 neuron 1 has come to 3/4 and has slope 1: it spikes at 2.25, and neuron 0 goes on with
    # slope 1 from V = 1/2 to 2.75. Now neuron 1 has slope 5/4, and its next spike stops neuron 0.
    assert run.spikes(0, 0) == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.75], abs=1e-9)
    assert run.spikes(0, 1) == pytest.approx([2.25, 3.15, 3.95], abs=1e-9)


@pytest.mark.parametrize("h", [1.0, 0.0625])
def test_loops_without_loops_are_layers(h):
    layers = [
        LIF(mu=np.array([1.5, 1.2, 2.0]), sigma=0.0),
        LIF(mu=1.1, sigma=0.0, g=np.array([1.0, 1.1])),
        LIF(mu=0.8, sigma=0.0, v_th=0.8),
    ]
    net = Feedforward(layers, [np.array([[0.5, 0.0, -0.3], [0.2, 0.4, 0.1]]), [[0.6, 0.5]]])
    weights = np.zeros((6, 6))
    weights[3:5, :3], weights[5:, 3:5] = net.weights
    columns = {f.name: net.column(f.name) for f in dataclasses.fields(LIF)}
    run, layered = (
        simulate(model, h=h, T=10.0, paths=2, seed=1, scheme="exact")
        for model in (Recurrent(LIF(**columns), weights), net)
    )
    assert run.v == pytest.approx(layered.v, abs=1e-9)
    assert run.i == pytest.approx(layered.i, abs=1e-9)
    assert np.array_equal(run.spike_counts, layered.spike_counts)
    one, other = run.all_spikes(), layered.all_spikes()
    assert one["time"] == pytest.approx(other["time"], abs=1e-9)
    assert run.spike_counts.min() > 0


# --- exact, with noise --------------------------------------------------------------------------


@pytest.mark.parametrize("h", [1.0, 0.0625])
def test_quiet_neurons_among_noisy_ones(h):
    # Neurons 3 and 4 have no noise of their own: given the spikes, their motion is a formula.
    neuron = dataclasses.replace(POPULATION, sigma=np.array([0.6, 0.6, 0.5, 0.0, 0.0]))
    weights = LOOPS.weights * (1.0 - np.eye(5))
    net = Recurrent(neuron, weights)
    run = simulate(net, h=h, T=6.0, paths=12, seed=6, scheme="exact")
    assert spikes_as_replayed(run, net, (3, 4)) > 30


@pytest.mark.parametrize("common", [0.0, 0.6])
@pytest.mark.parametrize("h", [1.0, 0.03125])
def test_the_state_is_a_sum_of_responses(h, common):
    # The equation is linear between resets: V = free V + what arrived - what was reset.
    neuron = dataclasses.replace(POPULATION, g=1.1, tau=0.4) if common else POPULATION
    request = {"h": h, "T": 6.0, "paths": 50, "seed": 7, "scheme": "exact"}
    net = Recurrent(neuron, LOOPS.weights, common=common)
    run = simulate(net, **request)
    free = simulate(
        dataclasses.replace(net, neuron=dataclasses.replace(neuron, v_th=1e9)), **request
    )
    assert free.spike_counts.sum() == 0
    assert run.spike_counts.sum(axis=0).min() > 50
    for path in range(0, 50, 7):
        for k, own in enumerate(net.neurons):
            v, i = free.v[path, k], free.i[path, k]
            for source in range(5):
                age = 6.0 - run.spikes(path, source)
                v += net.weights[k, source] * voltage_kernel(own.g, own.a, age).sum()
                i += net.weights[k, source] * np.exp(-own.a * age).sum()
            gap = own.v_th - own.v_reset
            v -= gap * np.exp(-own.g * (6.0 - run.spikes(path, k))).sum()
            assert run.v[path, k] == pytest.approx(v, abs=1e-9)
            assert run.i[path, k] == pytest.approx(i, abs=1e-9)
    assert (run.v < net.column("v_th")).all()


def moments(run):
    """Return (mean, standard error) of what describes a law: counts, V, I and their products."""
    v, i, counts = run.v, run.i, run.spike_counts
    values = np.hstack(
        [
            counts,
            v,
            i,
            v * v,
            v[:, :-1] * v[:, 1:],
            i * v,
            counts**2,
            counts[:, :-1] * counts[:, 1:],
        ]
    )
    return values.mean(axis=0), values.std(axis=0) / np.sqrt(len(values))


def assert_same_law(one, other):
    (mean, error), (mean_2, error_2) = moments(one), moments(other)
    assert (np.abs(mean - mean_2) < 4.5 * np.hypot(error, error_2)).all()
    assert (error[:5] < 0.03 * mean[:5]).all()


@pytest.mark.parametrize("common", [0.0, 0.5])
def test_reference_does_not_depend_on_its_step(common):
    # Other steps draw other noise, so the laws are compared.
    neuron = dataclasses.replace(POPULATION, g=1.1, tau=0.4) if common else POPULATION
    net = Recurrent(neuron, LOOPS.weights, common=common)
    assert_same_law(
        *(simulate(net, h=h, T=6.0, paths=1024, seed=8, scheme="exact") for h in (1.5, 0.0625))
    )


@pytest.mark.parametrize("h", [1.0, 0.0625])
def test_neurons_without_synapses_have_the_law_of_neurons(h):
    request = {"h": h, "T": 6.0, "paths": 1024, "seed": 9, "scheme": "exact"}
    assert_same_law(
        simulate(Recurrent(POPULATION, np.zeros((5, 5))), **request),
        simulate(POPULATION, **request | {"h": 0.25, "seed": 10}),
    )


@pytest.mark.parametrize("common", [0.0, 0.35, 1.0])
@pytest.mark.parametrize("scheme", ["exact", "euler"])
def test_currents_share_the_common_part_of_their_variance(scheme, common):
    # Nothing enters I but noise. Euler's I has the variance of its recursion, a finite sum.
    neuron = LIF(mu=np.array([1.5, 0.8, 1.1]), sigma=np.array([0.6, 0.3, 0.8]), tau=0.7)
    h, T, paths = 0.1, 1.2, 8192
    net = Recurrent(neuron, np.zeros((3, 3)), common=common)
    run = simulate(net, h=h, T=T, paths=paths, seed=11, scheme=scheme)
    unit = state_at(LIF(tau=0.7, sigma=1.0), T, 0.0, 1.2)[1][1, 1]
    if scheme == "euler":
        unit = h * sum((1.0 - h / 0.7) ** (2 * n) for n in range(12))
    x = run.i - neuron.mu
    shares = np.full((3, 3), common) + (1.0 - common) * np.eye(3)
    expected = unit * np.outer(neuron.sigma, neuron.sigma) * shares
    error = np.sqrt((np.outer(np.diag(expected), np.diag(expected)) + expected**2) / paths)
    assert (np.abs(x.T @ x / paths - expected) < 4.0 * error).all()
    assert (np.abs(x.mean(axis=0)) < 4.0 * np.sqrt(np.diag(expected) / paths)).all()


@pytest.mark.parametrize("weight", [0.0, -0.3, 0.2])
@pytest.mark.parametrize("scheme", ["exact", "euler"])
def test_equal_neurons_of_one_noise_are_one_neuron(scheme, weight):
    # Equal spikes at the same instant: each comes before the other's arrival.
    weights = weight * (1.0 - np.eye(3))
    net = Recurrent(LIF(mu=1.4), weights, common=1.0)
    run = simulate(net, h=0.25, T=6.0, paths=200, seed=12, scheme=scheme)
    for part in (run.v, run.i, run.spike_counts):
        assert np.array_equal(part, np.broadcast_to(part[:, :1], part.shape))
    assert run.spike_counts.sum() > 600
    assert run.spikes(3, 0).size > 0
    assert np.array_equal(run.spikes(3, 0), run.spikes(3, 2))
    pairs = couple(net, h=[0.5, 0.25], T=6.0, paths=20, seed=12)
    assert np.array_equal(pairs.v_euler[..., 0], pairs.v_euler[..., 2])


def test_period_of_a_single_neuron():
    run = simulate(
        Recurrent(LIF(mu=1.5, sigma=0.0), [[0.0]]), h=0.5, T=6.0, paths=1, seed=1, scheme="exact"
    )
    period = constant_drive_period(LIF(mu=1.5))
    assert run.spikes(0) == pytest.approx(period * np.arange(1, 6), abs=1e-10)
