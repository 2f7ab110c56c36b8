"""The schemes of other programs: their rule in `lifcore.probes`, orders on nested grids, limits."""

import math

import numpy as np
import pytest
from numba import njit

from circuits import LOOPS, MIXED
from lifcore import LIF, couple, fit_order, simulate
from lifcore.probes import EXPERIMENTS, NOISY_RUNS
from lifcore.probes.experiments import Experiment
from lifcore.probes.rules import UPDATES, Rule
from lifcore.runs import random_start
from lifcore.runs.observables import spike_count
from lifcore.schemes import GRID_SCHEMES, NETWORK_SCHEMES, SCHEMES
from lifcore.schemes.scheme import entry, levels
from lifcore.stationary import solve_threshold
from lifcore.weak.errors import weak_errors

EULER, FIRST, _, FROZEN, _ = UPDATES
RULES = {
    "euler": (EULER, "to 0", "in the step"),
    "current_first": (FIRST, "to 0", "in the step"),
    "subtraction": (EULER, "by subtraction", "in the step"),
    "late_reset": (EULER, "to 0", "a step late"),
    "late_subtraction": (EULER, "by subtraction", "a step late"),
    "exponential": (UPDATES[2], "to 0", "in the step"),
    "frozen": (FROZEN, "to 0", "in the step"),
}
RUNS = [
    *(EXPERIMENTS[name] for name in ("one step", "decay", "membrane decay", "drive")),
    Experiment("driven and decaying", 60, v=0.3, i=9.0, drive=1.7, spikes=3),
    Experiment("several thresholds a step", 40, v=0.1, i=60.0, drive=20.0, spikes=20),
]
NEW = ("current_first", "subtraction", "late_reset", "late_subtraction", "frozen")
ALONE = ("subtraction", "late_reset", "late_subtraction")
MEAN_DRIVEN, BALANCED = NOISY_RUNS[0].lif, NOISY_RUNS[3].lif


@pytest.mark.parametrize("scheme", RULES)
@pytest.mark.parametrize("e", RUNS, ids=[e.name for e in RUNS])
@pytest.mark.filterwarnings("ignore:h = ")
def test_it_is_the_rule_of_its_name(scheme, e):
    update, reset, moment = RULES[scheme]
    v, i, fired = Rule(update, "at its time", ">=", reset, moment, "none").run(e)
    lif = LIF(g=1.0 / e.tau_m, tau=e.tau_s, mu=e.drive / e.tau_m, sigma=0.0, v_th=e.v_th)
    start = e.v, (e.i + e.drive) / e.tau_m
    for n in range(1, e.steps + 1):
        run = simulate(lif, h=e.dt, T=n * e.dt, paths=1, seed=1, scheme=scheme, start=start)
        assert run.v[0, 0] == pytest.approx(v[n], abs=1e-12)
        assert run.i[0, 0] == pytest.approx((i[n] + e.drive) / e.tau_m, abs=1e-12)
    assert len(fired) >= e.spikes
    table = run.all_spikes()
    assert table["time"].tolist() == [n * e.dt for n in fired]
    assert ((table["lag"] >= 0.0) & (table["lag"] <= e.dt)).all()


@pytest.mark.parametrize("scheme", GRID_SCHEMES)
def test_an_entry_in_jitted_code_is_of_the_schemes_kind(scheme):
    kind = levels(SCHEMES[scheme], [LIF()], [0.25, 0.5])
    assert type(njit(lambda step: entry(step, 1))(kind)) is type(kind)


@pytest.mark.parametrize(
    ("scheme", "like"), [("current_first", "euler"), ("frozen", "exponential")]
)
def test_the_current_is_that_of_the_scheme_that_it_derives_from(scheme, like):
    run = {"h": 1 / 16, "T": 4.0, "paths": 300, "seed": 3}
    ours, theirs = (simulate(BALANCED, scheme=name, **run) for name in (scheme, like))
    assert np.array_equal(ours.i, theirs.i)
    assert not np.array_equal(ours.v, theirs.v)


def test_a_frozen_step_sees_no_noise_and_one_with_the_current_first_that_of_i():
    start = np.linspace(-0.5, 0.9, 300), np.linspace(-1.0, 3.0, 300)
    lif = LIF(g=0.7, tau=0.4, mu=0.6, sigma=0.8, v_th=9.0)
    run = {"h": 0.25, "T": 0.25, "paths": 300, "seed": 4, "start": start}
    frozen, first = (simulate(lif, scheme=name, **run) for name in ("frozen", "current_first"))
    share = -math.expm1(-0.7 * 0.25)
    np.testing.assert_allclose(
        frozen.v[:, 0], (1.0 - share) * start[0] + share / 0.7 * start[1], atol=1e-14
    )
    moved = start[0] + 0.25 * (first.i[:, 0] - 0.7 * start[0])
    np.testing.assert_allclose(first.v[:, 0], moved, atol=1e-14)


def test_without_leak_subtraction_loses_nothing():
    # V is the free potential less a threshold a spike, in the step or one later, but for rounding.
    lif = LIF(g=0.0, tau=0.5, mu=1.2, sigma=0.8)
    run = {"h": 1 / 8, "T": 16.0, "paths": 300, "seed": 5}
    free = simulate(LIF(g=0.0, tau=0.5, mu=1.2, sigma=0.8, v_th=1e9), **run).v
    ours = simulate(lif, scheme="subtraction", **run)
    np.testing.assert_allclose(ours.v, free - ours.spike_counts, atol=1e-12)
    late = simulate(lif, scheme="late_subtraction", **run)
    due = late.v >= 1.0
    assert 0 < due.sum() < 300
    np.testing.assert_allclose(late.v, free - late.spike_counts + due, atol=1e-12)
    assert np.array_equal(late.spike_counts, ours.spike_counts)


def test_a_late_reset_leaves_eulers_spikes_to_the_last_bit():
    run = {"h": 1 / 16, "T": 8.0, "paths": 600, "seed": 6}
    late, euler = (simulate(BALANCED, scheme=name, **run) for name in ("late_reset", "euler"))
    assert late.spike_counts.sum() > 500
    assert np.array_equal(late.all_spikes(), euler.all_spikes())
    shown = late.v >= 1.0
    assert 0 < shown.sum() < 600
    assert (euler.v[shown] == 0.0).all()
    assert np.array_equal(late.v[~shown], euler.v[~shown])


@pytest.mark.parametrize(
    ("scheme", "lags"),
    [
        ("subtraction", [1 / 12, 1 / 6, 1 / 4]),
        ("late_subtraction", [1 / 12, 1 / 6, 1 / 4]),
        ("late_reset", [1 / 12] * 3),
    ],
)
def test_lags_are_those_of_straight_lines_from_where_the_step_really_began(scheme, lags):
    # V gains 1.2 a step: from 0, 0.2 and 0.4, or always from 0.
    lif = LIF(g=0.0, tau=np.inf, mu=2.4, sigma=0.0)
    table = simulate(lif, h=0.5, T=1.5, paths=1, seed=1, scheme=scheme).all_spikes()
    assert table["time"].tolist() == [0.5, 1.0, 1.5]
    np.testing.assert_allclose(table["lag"], lags, rtol=1e-12)


@pytest.mark.parametrize("scheme", NEW)
def test_runs_agree_with_each_other(scheme):
    request = {"h": 1 / 8, "T": 8.0, "paths": 300, "seed": 7, "scheme": scheme}
    lif = LIF(mu=1.5, sigma=0.5, v_reset=-0.25)
    run = simulate(lif, **request)
    if SCHEMES[scheme].components == 3:  # whose noise couple draws as simulate does
        pairs = couple(lif, **(request | {"h": [1 / 4, 1 / 8]}))
        assert np.array_equal(run.v, pairs.v_euler[1])
        assert np.array_equal(run.spike_counts, pairs.spike_counts_euler[1])
    table = run.all_spikes()
    assert np.array_equal(np.bincount(table["path"], minlength=300), run.spike_counts[:, 0])
    assert np.array_equal(table["time"] % (1 / 8), np.zeros(len(table)))
    assert ((table["lag"] >= 0.0) & (table["lag"] <= 1 / 8)).all()


@pytest.mark.parametrize("scheme", NEW)
def test_orders(scheme):
    # Intervals end half-way to the neighbouring orders: 1/4 and 3/4 of V at T, else 1/2 and 3/2.
    ours, h, paths = SCHEMES[scheme], 2.0 ** -np.arange(4, 8), 25_600
    pairs = couple(BALANCED, h=h, T=4.0, paths=paths, seed=8, scheme=scheme)
    found = pairs.spike_pairs(tolerance=h)
    squares = np.array([np.bincount(one.path, one.delay**2, paths) for one in found])
    counted = np.array([np.bincount(one.path, minlength=paths) for one in found])
    # In the one Euler's parts nearly cancel, in the other the frozen current's next power is large.
    lif = MEAN_DRIVEN if scheme == "frozen" else BALANCED
    begin = random_start(lif, paths, np.random.SeedSequence(9))
    weak = weak_errors(
        lif, {"N": spike_count}, h=h, T=12.0, paths=paths, seed=10, scheme=scheme, start=begin
    )
    for order, of, neighbour in (
        (fit_order(h, pairs.square_errors, root=True).order, ours.strong_order, 0.25),
        (fit_order(h, squares, counted.astype(float), root=True).order, ours.spike_time_order, 0.5),
        (weak.order("N").order, ours.weak_order, 0.5),
    ):
        low, high = order.interval(0.999)
        assert of - neighbour / 2 < low
        assert high < of + neighbour / 2


@pytest.mark.parametrize("net", [MIXED, LOOPS], ids=["layers", "loops"])
@pytest.mark.parametrize("scheme", ["current_first", "frozen"])
def test_networks_run_those_that_only_move_otherwise(net, scheme):
    assert scheme in NETWORK_SCHEMES
    pairs = couple(net, h=[0.125, 0.03125], T=4.0, paths=200, seed=2, scheme=scheme)
    coarse, fine = (e.mean for e in pairs.mean_square_error())
    assert 0.0 < fine < 0.75 * coarse
    run = simulate(net, h=0.03125, T=4.0, paths=200, seed=3, scheme=scheme)
    spikes, of_exact = run.spike_counts.sum(axis=1), pairs.spike_counts.sum(axis=1)
    error = np.hypot(spikes.std(), of_exact.std()) / np.sqrt(200.0)
    assert abs(spikes.mean() - of_exact.mean()) < 5.0 * error + 0.1 * of_exact.mean()


@pytest.mark.parametrize("scheme", ["current_first", "frozen"])
def test_they_hold_v_as_well(scheme):
    lif, h = LIF(mu=1.5, sigma=0.3, t_ref=0.5), 1 / 64
    run = simulate(lif, h=h, T=64.0, paths=1024, seed=5, scheme=scheme)
    assert np.diff(run.spikes(0)).min() >= 0.5 + h
    rate = run.spike_counts[:, 0] / 64.0
    error = rate.std() / 32.0
    assert abs(rate.mean() - solve_threshold(lif).rate) < 4.0 * error + 0.5 / 64.0 + h


@pytest.mark.parametrize("scheme", ALONE)
@pytest.mark.parametrize("run", [simulate, couple])
def test_what_they_cannot_do_is_refused(run, scheme):
    request = {"h": 0.25, "T": 1.0, "paths": 3, "seed": 1, "scheme": scheme}
    for net in (MIXED, LOOPS):
        with pytest.raises(ValueError, match=f"'{scheme}' takes neurons without input.*'frozen'"):
            run(net, **request)
    with pytest.raises(ValueError, match=rf"t_ref = 0\.5: scheme = '{scheme}'.*'euler'"):
        run(LIF(t_ref=0.5), **request)


@pytest.mark.parametrize("scheme", NEW)
def test_a_step_beyond_stability_is_refused_where_euler_decays(scheme):
    run = {"h": 2.5, "T": 5.0, "paths": 1, "seed": 1, "scheme": scheme}
    if scheme == "frozen":
        assert np.isfinite(simulate(LIF(), **run).v).all()
    else:
        with pytest.raises(ValueError, match="stability limit"):
            simulate(LIF(), **run)
