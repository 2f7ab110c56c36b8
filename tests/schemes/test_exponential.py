"""Exponential Euler: exact without a spike, spikes on the grid, and every kind of run takes it."""

import numpy as np
import pytest

from circuits import LOOPS, MIXED
from lifcore import LIF, constant_drive_period, couple, fit_order, simulate
from lifcore.runs.observables import smooth_step, spike_count
from lifcore.schemes.exponential import EXPONENTIAL, exponential_step
from lifcore.weak.errors import weak_errors

QUIET = LIF(g=0.7, tau=0.4, sigma=0.8, mu=0.6, v_th=1e9)
SCHEME = EXPONENTIAL.name


def test_without_a_spike_it_is_the_exact_solution_at_every_level():
    # Levels of the coarse steps see the fine steps' noise, joined; so does the exact solution.
    pairs = couple(QUIET, h=[1.0, 0.5, 0.125], T=4.0, paths=300, seed=1, scheme=SCHEME)
    for v, i in zip(pairs.v_euler, pairs.i_euler, strict=True):
        np.testing.assert_allclose(v, pairs.v, atol=1e-12)
        np.testing.assert_allclose(i, pairs.i, atol=1e-12)


@pytest.mark.parametrize("net", [MIXED, LOOPS], ids=["layers", "loops"])
def test_networks_run_it(net):
    # Until the first spike of the network nothing tells it from the exact solution.
    pairs = couple(net, h=[0.25, 0.0625], T=4.0, paths=200, seed=2, scheme=SCHEME, times=[0.25])
    early = pairs.snapshots[0]
    calm = (early.spike_counts == 0).all(axis=1) & (early.spike_counts_euler == 0).all(axis=(0, 2))
    assert calm.any()
    for v in early.v_euler[:, calm]:
        np.testing.assert_allclose(v, early.v[calm], atol=1e-12)
    coarse, fine = (e.mean for e in pairs.mean_square_error())
    # Strong loops lose paths whole, so that their error falls by less than the step.
    assert 0.0 < fine < 0.75 * coarse
    run = simulate(net, h=0.0625, T=4.0, paths=200, seed=3, scheme=SCHEME)
    exact = simulate(net, h=0.0625, T=4.0, paths=200, seed=4, scheme="exact")
    spikes, of_exact = run.spike_counts.sum(axis=1), exact.spike_counts.sum(axis=1)
    error = np.hypot(spikes.std(), of_exact.std()) / np.sqrt(200.0)
    assert abs(spikes.mean() - of_exact.mean()) < 5.0 * error + 0.1 * of_exact.mean()


def test_layers_of_it_are_those_of_couple():
    # simulate draws three normals a step as couple does, so that the finest level is the same run.
    pairs = couple(MIXED, h=[0.125], T=4.0, paths=300, seed=5, scheme=SCHEME)
    run = simulate(MIXED, h=0.125, T=4.0, paths=300, seed=5, scheme=SCHEME)
    assert np.array_equal(run.v, pairs.v_euler[0])
    assert np.array_equal(run.spike_counts, pairs.spike_counts_euler[0])


def test_counting_and_recording_agree_and_spikes_are_on_the_grid():
    run = simulate(LIF(mu=1.5), h=0.05, T=20.0, paths=300, seed=6, scheme=SCHEME)
    table = run.all_spikes()
    assert np.array_equal(np.bincount(table["path"], minlength=300), run.spike_counts[:, 0])
    steps = table["time"] / 0.05
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    assert ((table["lag"] >= 0.0) & (table["lag"] <= 0.05 * (1 + 1e-12))).all()


@pytest.mark.parametrize("h", [0.25, 0.1, 0.01])
def test_constant_drive_spikes_at_the_first_step_after_the_period(h):
    # The membrane is exact and a reset is on the grid: every interval is the period, rounded up.
    neuron = LIF(mu=1.5, sigma=0.0)
    times = simulate(neuron, h=h, T=20.0, paths=1, seed=1, scheme=SCHEME).spikes(0)
    steps = np.ceil(constant_drive_period(neuron) / h)
    np.testing.assert_allclose(np.diff(times), steps * h, rtol=1e-12)


def test_orders():
    neuron = LIF(mu=1.5, sigma=0.5)
    h = 2.0 ** -np.arange(3.0, 8.0)
    pairs = couple(neuron, h=h, T=4.0, paths=6400, seed=7, scheme=SCHEME)
    strong = fit_order(pairs.h, pairs.square_errors).order
    low, high = strong.interval(0.999)
    assert low <= 2.0 * EXPONENTIAL.strong_order + 0.1
    assert high >= 2.0 * EXPONENTIAL.strong_order - 0.1
    assert high - low < 0.3
    found = weak_errors(
        neuron, {"V": smooth_step, "N": spike_count}, h=h[:4], T=4.0, paths=25_600, seed=8,
        scheme=SCHEME,
    )  # fmt: skip
    order = found.order("N").order
    low, high = order.interval(0.999)
    assert low <= EXPONENTIAL.weak_order + 0.05
    assert high >= EXPONENTIAL.weak_order - 0.05
    assert high - low < 0.3


def test_constants():
    step = exponential_step([LIF(g=2.0, tau=0.25, mu=0.5), LIF()], 0.125)
    np.testing.assert_allclose(step.decay_i, np.exp([-0.5, -0.25]), rtol=1e-15)
    np.testing.assert_allclose(step.decay_v, np.exp([-0.25, -0.125]), rtol=1e-15)
    with pytest.raises(ValueError, match=r"scheme = 'heun'.*'euler'.*'exponential'"):
        simulate(LIF(), h=0.1, T=1.0, paths=1, seed=1, scheme="heun")
