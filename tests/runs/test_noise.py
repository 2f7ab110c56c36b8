"""Runs on other kinds of noise: reproducible, right in averages, refused where they must be."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba import njit

from lifcore import LIF, Feedforward, Recurrent, couple, simulate, simulate_spikes
from lifcore.noise.sources import fill, source
from lifcore.stationary import solve_threshold

NEURON = LIF(mu=1.5, sigma=0.3)
CHAIN = Feedforward([LIF(mu=1.5), LIF(mu=0.8)], [[[0.4, 0.3], [0.2, 0.0]]])
LANES = ("gauss", "bits", "three")


@pytest.mark.parametrize("noise", LANES)
def test_workers_and_further_paths_change_no_bit(noise):
    request = {"h": 1 / 64, "T": 4.0, "seed": 3, "noise": noise}
    whole = simulate(CHAIN, paths=600, **request)
    with ThreadPoolExecutor(2) as pool:
        again = simulate(CHAIN, paths=600, executor=pool, **request)
    for paths in (1, 255, 300):
        part = simulate(CHAIN, paths=paths, **request)
        for name in ("v", "i", "spike_counts"):
            assert (getattr(part, name) == getattr(whole, name)[:paths]).all()
            assert (getattr(again, name) == getattr(whole, name)).all()


@pytest.mark.parametrize("noise", LANES)
def test_recorded_spikes_are_those_that_were_counted(noise):
    request = {"h": 1 / 64, "T": 9.1875, "paths": 40, "seed": 3, "noise": noise}
    ensemble, spikes = simulate(CHAIN, **request), simulate_spikes(CHAIN, **request)
    counts = np.zeros(ensemble.spike_counts.shape, np.int64)
    np.add.at(counts, (spikes["path"], spikes["neuron"]), 1)
    assert (counts == ensemble.spike_counts).all()
    assert counts.sum() > 200


def test_a_buffer_that_overflows_leaves_the_noise_as_it_was():
    # more spikes than a buffer holds at first, so that the block is run again from its start
    request = {"h": 1 / 8, "T": 64.0, "paths": 256, "seed": 1}
    busy = LIF(mu=6.0)
    for noise in LANES:
        counts = simulate(busy, noise=noise, **request).spike_counts.sum()
        assert simulate_spikes(busy, noise=noise, **request).size == counts > 256 * 64


@pytest.mark.parametrize("scheme", ["euler", "exponential"])
def test_normals_in_lanes_give_the_stationary_moments_of_numpy(scheme):
    request = {"h": 1 / 32, "T": 24.0, "paths": 12_800, "seed": 5, "scheme": scheme}
    mine, theirs = (simulate(NEURON, noise=noise, **request) for noise in ("gauss", "numpy"))
    for f in (lambda e: e.spike_counts, lambda e: e.i, lambda e: e.i**2, lambda e: e.v):
        a, b = f(mine).ravel(), f(theirs).ravel()
        error = np.sqrt((a.var() + b.var()) / a.size)
        assert abs(a.mean() - b.mean()) < 4.0 * error


def test_an_exact_path_in_lanes_depends_on_no_other_and_has_the_moments_of_numpy():
    request = {"h": 1 / 16, "T": 16.0, "seed": 5, "scheme": "exact"}
    mine = simulate(CHAIN, paths=2560, noise="gauss", **request)
    for paths in (1, 300):
        few = simulate(CHAIN, paths=paths, noise="gauss", **request)
        for name in ("v", "i", "spike_counts"):
            assert (getattr(few, name) == getattr(mine, name)[:paths]).all()
    assert few.all_spikes().size == few.spike_counts.sum() > 1000
    theirs = simulate(CHAIN, paths=2560, noise="numpy", **request)
    for f in (lambda e: e.spike_counts, lambda e: e.i, lambda e: e.v):
        for neuron in range(2):
            a, b = f(mine)[:, neuron], f(theirs)[:, neuron]
            error = np.sqrt((a.var() + b.var()) / a.size)
            assert abs(a.mean() - b.mean()) < 4.0 * error


@pytest.mark.parametrize("noise", ["bits", "three"])
def test_few_values_keep_the_variance_of_the_current_and_the_rate(noise):
    ensemble = simulate(NEURON, h=1 / 128, T=24.0, paths=12_800, seed=5, noise=noise)
    i = ensemble.i.ravel()
    variance = NEURON.sigma**2 * NEURON.tau / 2.0 / (1.0 - 0.5 / 128 / NEURON.tau)
    assert abs(i.mean() - NEURON.mu) < 4.0 * np.sqrt(variance / i.size)
    assert abs(i.var() / variance - 1.0) < 4.0 * np.sqrt(2.0 / i.size)
    rate = solve_threshold(NEURON).rate
    early = simulate(NEURON, h=1 / 128, T=8.0, paths=12_800, seed=5, noise=noise)
    counts = (ensemble.spike_counts - early.spike_counts).ravel() / 16.0
    assert abs(counts.mean() - rate) < 4.0 * counts.std() / np.sqrt(counts.size) + 0.002 * rate


def test_the_noise_of_a_path_depends_on_nobody_else():
    alone = simulate(CHAIN.layers[0], h=1 / 64, T=2.0, paths=3, seed=3, noise="gauss")
    among = simulate(CHAIN, h=1 / 64, T=2.0, paths=3, seed=3, noise="gauss")
    size = alone.v.shape[1]
    assert (alone.v == among.v[:, :size]).all()


def ring(neurons, common=0.0):
    weights = 0.4 * np.roll(np.eye(neurons), 1, axis=0)
    return Recurrent(LIF(mu=1.4, sigma=0.6), weights, common=common)


@pytest.mark.parametrize("common", [0.0, 0.4])
def test_a_network_with_loops_moves_as_its_neurons_do_with_its_normals(common):
    # 1100 neurons are two tiles; the lanes are drawn beside it, and Euler's scheme is written out
    model, h, steps, n = ring(1100, common), 1 / 16, 100, 1100
    run = simulate(model, h=h, T=steps * h, paths=3, seed=4, noise="gauss")
    seed, lif = np.random.SeedSequence(4), model.neurons[0]
    for path in (0, 2):
        own = source("gauss", seed, path, 0, n)
        of_all = source("gauss", seed, path, 1, 1)
        v, i, counts = np.zeros(n), np.full(n, lif.mu), np.zeros(n, np.int64)
        for _ in range(steps):
            dw = np.sqrt(h * (1.0 - common)) * drawn(own, n)
            if common > 0.0:
                dw = dw + np.sqrt(h * common) * drawn(of_all, 1)
            moved = v + h * (i - lif.g * v)
            spiked = moved >= lif.v_th
            i = i + h / lif.tau * (lif.mu - i) + lif.sigma * dw
            v = np.where(spiked, lif.v_reset, moved)
            i = i + model.weights @ spiked
            counts += spiked
        np.testing.assert_allclose(run.v[path], v, atol=1e-12)
        np.testing.assert_allclose(run.i[path], i, atol=1e-12)
        assert (run.spike_counts[path] == counts).all()
        assert counts.sum() > 1000


@njit
def _fill(source, out):
    fill(source, out, out.shape[1], 1.0)


def drawn(source, lanes):
    out = np.empty((1, lanes))
    _fill(source, out)
    return out[0]


def test_a_network_with_loops_is_the_same_on_any_workers_and_recorded():
    request = {"h": 1 / 16, "T": 20.0, "seed": 3, "noise": "gauss"}
    whole = simulate(ring(30, 0.2), paths=9, **request)
    with ThreadPoolExecutor(2) as pool:
        part = simulate(ring(30, 0.2), paths=4, executor=pool, **request)
    assert (part.v == whole.v[:4]).all()
    spikes = simulate_spikes(ring(30, 0.2), paths=9, **request)
    assert spikes.size == whole.spike_counts.sum() > 0


@pytest.mark.parametrize(
    ("model", "more", "message"),
    [
        (NEURON, {"noise": "white"}, r"noise.*'white'.*numpy.*gauss.*bits.*three"),
        (NEURON, {"noise": "bits", "scheme": "exact"}, "'exact' takes 3.*: 'gauss' and 'numpy'"),
        (NEURON, {"noise": "bits", "scheme": "exponential"}, "'exponential' takes 3"),
        (Recurrent(NEURON, np.zeros((2, 2))), {"noise": "bits"}, "networks without loops"),
    ],
)
def test_noise_that_a_run_cannot_take_is_refused(model, more, message):
    with pytest.raises(ValueError, match=message):
        simulate(model, h=1 / 64, T=2.0, paths=3, seed=3, **more)


@pytest.mark.parametrize("noise", ["bits", "three"])
def test_paths_that_are_compared_need_a_brownian_path(noise):
    with pytest.raises(ValueError, match=f"noise = '{noise}' has no path.*'numpy' and 'gauss'"):
        couple(NEURON, h=[0.25], T=1.0, paths=3, seed=1, noise=noise)


def test_the_exact_scheme_in_loops_draws_by_key_whatever_is_asked_for():
    request = {"h": 1 / 16, "T": 8.0, "paths": 3, "seed": 3, "scheme": "exact"}
    one, two = (simulate(ring(6), noise=noise, **request) for noise in ("gauss", "numpy"))
    assert one.spike_counts.sum() > 20
    assert (one.v == two.v).all()
