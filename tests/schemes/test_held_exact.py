"""The exact solution with a refractory time: closed forms, events by hand, laws, orders."""

from dataclasses import replace

import numpy as np
import pytest

from lifcore import LIF, Feedforward, constant_drive_period, couple, fit_order, simulate
from lifcore.evidence.statistics import mean
from lifcore.runs.observables import smooth_step
from lifcore.runs.pairs import ladder, ladder_states
from lifcore.stationary.threshold_equation import solve_threshold
from lifcore.weak.errors import weak_errors
from oracles import driven_neuron
from regimes import REGIMES

NOISY = LIF(mu=1.5, sigma=0.6, tau=0.5, t_ref=0.3)


@pytest.mark.parametrize("h", [0.01, 0.125, 1.0, 0.3])
@pytest.mark.parametrize("t_ref", [1e-12, 1e-3, 0.25, 1.3])
def test_intervals_under_constant_drive(h, t_ref):
    for neuron in (
        LIF(mu=1.5, sigma=0.0, t_ref=t_ref),
        LIF(g=0.0, tau=np.inf, mu=2.0, sigma=0.0, v_reset=-0.5, t_ref=t_ref),
    ):
        spikes = simulate(neuron, h=h, T=60 * h + 6.0, paths=1, seed=1, scheme="exact").spikes(0)
        assert len(spikes) > 2
        assert np.diff(spikes) == pytest.approx(constant_drive_period(neuron), abs=1e-12)
        assert spikes[0] == pytest.approx(constant_drive_period(neuron) - t_ref, abs=1e-12)


@pytest.mark.parametrize("h", [1.0, 0.0625])
@pytest.mark.parametrize("t_ref", [0.02, 0.4, 1.5])
def test_quiet_target_of_noisy_sources(h, t_ref):
    # Given the sources' spikes, which come before, while and after V is held, all is a formula.
    weights = np.array([[0.5, -0.4, 0.7, 0.6]])
    target = LIF(mu=1.05, sigma=0.0, tau=0.7, t_ref=t_ref)
    run = simulate(
        Feedforward([LIF(mu=1.6, sigma=0.8, t_ref=[0.0, 0.1, 0.5, 0.2]), target], [weights]),
        h=h, T=6.0, paths=30, seed=6, scheme="exact",
    )  # fmt: skip
    total = 0
    for path in range(30):
        arrivals = [(t, weights[0, j]) for j in range(4) for t in run.spikes(path, j)]
        expected = driven_neuron(target, arrivals, 6.0, 0.0, target.mu)
        times, speeds = np.array(expected).reshape(-1, 2).T
        assert run.spikes(path, 4) == pytest.approx(times, abs=1e-9)
        assert run.crossing_speeds(path, 4) == pytest.approx(speeds, abs=1e-7)
        total += len(expected)
    assert total > 40


def test_no_two_spikes_within_it():
    neuron = replace(NOISY, sigma=3.0)  # whose current takes V to the threshold in 0.2 at times
    spikes = simulate(neuron, h=0.0625, T=40.0, paths=300, seed=2, scheme="exact").all_spikes()
    gaps = np.diff(spikes["time"])[np.diff(spikes["path"]) == 0]
    assert 0.3 < gaps.min() < 0.6
    assert spikes.size > 5000


def test_zero_leaves_every_bit():
    plain = replace(NOISY, t_ref=0.0)
    old, new = (
        simulate(model, h=0.125, T=8.0, paths=300, seed=4, scheme="exact")
        for model in (plain, replace(NOISY, t_ref=[0.0, 0.3]))
    )
    assert np.array_equal(new.v[:, 0], old.v[:, 0])
    assert np.array_equal(new.i[:, 1], simulate(
        replace(NOISY, t_ref=[0.3, 0.0]), h=0.125, T=8.0, paths=300, seed=4, scheme="exact"
    ).i[:, 1])  # fmt: skip


def test_one_that_is_next_to_nothing_changes_no_law():
    # The steps' noise is the same, but a release takes normals of its own from the refinement, so
    # that V differs by what the ends of a step leave open: by nothing in the mean.
    old, short = (
        simulate(replace(NOISY, t_ref=t), h=0.125, T=8.0, paths=4096, seed=4, scheme="exact")
        for t in (0.0, 1e-9)
    )
    for more in (short.v - old.v, short.spike_counts - old.spike_counts):
        gap = mean(more[:, 0].astype(float))
        assert abs(gap.mean) < 4.0 * gap.standard_error
        assert gap.standard_error < 1.5e-3
    assert np.array_equal(short.i, old.i)


@pytest.mark.parametrize("name", ["balanced", "fast current"])
@pytest.mark.parametrize("h", [0.25, 1.0])
def test_its_rate_is_that_of_the_stationary_law(name, h):
    neuron, paths = replace(REGIMES[name], t_ref=0.4), 4096
    rng = np.random.default_rng(3)
    start = (
        np.full(paths, neuron.v_reset),
        neuron.mu + neuron.sigma * np.sqrt(neuron.tau / 2) * rng.standard_normal(paths),
    )
    early, late = (
        simulate(neuron, h=h, T=T, paths=paths, seed=1, scheme="exact", start=start).spike_counts
        for T in (12.0, 72.0)
    )
    rate = mean((late - early)[:, 0] / 60.0)
    low, high = rate.interval(0.999)
    assert low < solve_threshold(neuron).rate < high
    assert high - low < 0.05 * rate.mean  # 1/(1/r_0 + t_ref) is 8 % off where the current is slow


def test_release_is_where_it_is_whatever_the_step():
    # In a short time after a spike at a known one, V is 0 to first order: V = I u, u since release.
    neuron = LIF(g=0.0, tau=np.inf, mu=0.0, sigma=0.5, t_ref=0.3)
    start = (1.0 - 1e-9, 4.0)
    for h, T in ((0.4, 0.4), (0.1, 0.4), (0.025, 0.4)):
        run = simulate(neuron, h=h, T=T, paths=4096, seed=5, scheme="exact", start=start)
        once = run.spike_counts[:, 0] == 1
        v, u = run.v[once, 0], 0.1
        assert once.mean() > 0.99
        # V = integral of I over the 0.1 since the release: mean 4 u, variance by the covariance
        variance = 0.25 * (0.3 * u * u + u**3 / 3.0)
        assert v.mean() == pytest.approx(4.0 * u, abs=4 * np.sqrt(variance / v.size) + 1e-9)
        assert v.var() == pytest.approx(variance, rel=0.1)


@pytest.mark.parametrize("scheme", ["euler", "exponential"])
def test_strong_order(scheme):
    neuron = replace(NOISY, t_ref=0.25)  # a multiple of every h
    run = ladder(
        neuron, 2.0 ** -np.arange(4.0, 8.0), list(np.arange(8, 33) / 8), np.random.SeedSequence(7),
        (0.0, 1.5), scheme=scheme,
    )  # fmt: skip
    squares = []
    for block in range(512):
        v, _, _ = ladder_states(run, block)
        squares.append(((v[1:] - v[:1]) ** 2).mean(axis=1))
    low, high = fit_order(run.h, np.concatenate(squares, axis=-1)).order.interval(0.999)
    assert 0.95 < low < high < 1.05


def test_weak_order():
    neuron = replace(NOISY, t_ref=0.25)
    asked = {"f": smooth_step, "V": lambda v, i, n: v, "N": lambda v, i, n: n}
    found = weak_errors(
        neuron, asked, h=2.0 ** -np.arange(4.0, 7.0), T=2.0, times=np.arange(1, 16) / 8,
        paths=80_128, seed=7, start=(0.0, 1.5),
    )  # fmt: skip
    for name in asked:
        low, high = found.order(name, (0.25, 1.75)).order.interval(0.999)
        assert 0.9 < low < high < 1.1, name


@pytest.mark.parametrize("scheme", ["euler", "exponential"])
def test_what_rounding_to_whole_steps_does(scheme):
    # The grid's neuron is, to the last bit, the one with the rounded time, so that the error of
    # rounding is the difference of two exact neurons, which no smaller spike-time error makes up.
    odd, whole = (replace(NOISY, t_ref=t) for t in (0.22, 0.25))
    request = {"T": 20.0, "paths": 4096, "seed": 10}
    one, other = (simulate(x, h=1 / 16, scheme=scheme, **request) for x in (odd, whole))
    assert np.array_equal(one.v, other.v)
    assert np.array_equal(one.spike_counts, other.spike_counts)
    start = {"start": (0.0, 1.5), "scheme": "exact"}
    counts = [
        simulate(x, h=1 / 4, **request | start | {"T": T}).spike_counts[:, 0]
        for x in (odd, whole)
        for T in (5.0, 20.0)
    ]
    gap = mean(((counts[3] - counts[2]) - (counts[1] - counts[0])) / 15.0)
    known = solve_threshold(whole).rate - solve_threshold(odd).rate
    low, high = gap.interval(0.999)
    assert low < known < high
    assert high - low < 0.3 * abs(known)


def test_the_exact_paths_of_couple_are_those_of_simulate():
    pairs = couple(NOISY, h=[0.25, 0.125], T=8.0, paths=300, seed=9)
    run = simulate(NOISY, h=0.125, T=8.0, paths=300, seed=9, scheme="exact")
    assert np.array_equal(pairs.v, run.v)
    assert np.array_equal(pairs.spike_counts, run.spike_counts)


def test_levels_of_couple_hold_for_their_own_steps():
    # Without noise each level's interval is its own whole number of steps.
    neuron = LIF(mu=1.5, sigma=0.0, t_ref=0.25)
    pairs = couple(neuron, h=[0.25, 0.125, 0.0625], T=30.0, paths=1, seed=1)
    for level, h in enumerate(pairs.h):
        alone = simulate(neuron, h=float(h), T=30.0, paths=1, seed=1)
        assert pairs.spike_counts_euler[level, 0, 0] == alone.spike_counts[0, 0]
        assert pairs.v_euler[level, 0, 0] == alone.v[0, 0]
