"""Exponents of networks: saltation matrices, spectra, volumes, neighbouring paths."""

import math

import numpy as np
import pytest

from lifcore import (
    LIF,
    Feedforward,
    Recurrent,
    constant_drive_period,
    mean,
    simulate,
    simulate_spikes,
)
from lifcore.runs import random_start
from lifcore.stability.tangent import network_spectrum, spectrum_of_record
from lifcore.strong.flux import step_for

BALANCED = LIF(mu=1.0, sigma=1.0, tau=1.0)
CHAIN = Feedforward(
    [LIF(mu=np.array([1.5, 1.3]), sigma=0.0), LIF(mu=1.2, tau=0.3, sigma=0.0)],
    [np.array([[0.3, -0.2]])],
)


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
    from lifcore.stability import propagator

    spikes = spikes[np.argsort(spikes["time"], kind="stable")]
    g, a = net.column("g"), net.column("a")
    kick = g * (net.column("v_th") - net.column("v_reset"))
    basis, now = np.eye(2 * g.size), 0.0
    for spike in spikes:
        propagator.carry(g, a, spike["time"] - now, basis)
        propagator.saltate(a, kick, weights, spike["neuron"], spike["speed"], basis)
        now = spike["time"]
    propagator.carry(g, a, T - now, basis)
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
    # A spike with speed A multiplies volumes by 1 + (g (V_th - V_r) + its own synapse)/A; at the
    # ends delta V is measured by exp(g times the time since a spike), up to a period or 2/g.
    T, paths = 40.0, 4
    found = network_spectrum(LOOPS, T=T, paths=paths, seed=3, settle=0.0)
    h = min(step_for(neuron, T) for neuron in LOOPS.neurons)
    start = random_start(LOOPS, paths, np.random.SeedSequence(3))
    spikes = simulate_spikes(LOOPS, h=h, T=T, paths=paths, seed=3, scheme="exact", start=start)
    factor = 1.0 + (1.0 + LOOPS.weights.diagonal()[spikes["neuron"]]) / spikes["speed"]
    growth = np.bincount(spikes["path"], np.log(np.abs(factor)), paths)
    contraction = (LOOPS.column("g") + LOOPS.column("a")).sum()
    longest = np.array([constant_drive_period(LIF(mu=1.4)), 2.0, constant_drive_period(LIF())])
    for path, values in enumerate(found.values):
        own = np.sort(spikes[spikes["path"] == path], order="time")
        last = np.array([own["time"][own["neuron"] == k][-1] for k in range(3)])
        ends = (np.minimum(T - last, longest) - longest).sum()
        plain = growth[path] / T - contraction
        assert values.sum() == pytest.approx(plain + ends / T, abs=1e-10)
        record = own["time"], own["neuron"], own["speed"]
        one = spectrum_of_record(LOOPS, *record, end=T, weights=LOOPS.weights)
        assert one.sum() == pytest.approx(plain, abs=1e-10)
        np.testing.assert_allclose(one, values, atol=longest.sum() / T)


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
