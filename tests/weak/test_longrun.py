"""Long runs: rates, moments, and the parts of the rate's bias."""

import math

import numpy as np
import pytest

import lifcore
from lifcore import LIF, simulate
from lifcore.runs.observables import voltage_square
from lifcore.stationary.fokker_planck import stationary
from lifcore.weak import longrun
from lifcore.weak.longrun import long_runs
from lifcore.weak.rate_bias import euler_law, rate_parts

NEURON = LIF(mu=1.4, sigma=0.6, v_reset=-0.2)
DRIVEN = LIF(g=1.0, mu=1.5, sigma=0.3, tau=0.5)


def test_eulers_current_is_an_exact_one_of_other_constants():
    h = 0.125
    other = euler_law(NEURON, h)
    assert math.exp(-h / other.tau) == pytest.approx(1 - h / NEURON.tau, rel=1e-14)
    step = other.sigma**2 * other.tau / 2 * (1 - math.exp(-2 * h / other.tau))
    assert step == pytest.approx(NEURON.sigma**2 * h, rel=1e-13)
    for bad in (0.0, 0.5, 1.0, "x"):
        with pytest.raises((TypeError, ValueError), match="h ="):
            euler_law(NEURON, bad)


def test_balance_and_moments():
    # (V_th - V_r) N = V_0 - V_T + sum h (I - gV) - overshoots, so the rate follows from E V.
    h = 1 / 16
    runs = long_runs(
        DRIVEN, {"V": lambda v, i, n: v, "V²": voltage_square}, h=[2 * h, h], T=64.0,
        paths=4096, seed=2, burn_in=16.0,
    )  # fmt: skip
    law = stationary(DRIVEN, cells=None)
    rate, v = runs.averages("rate")[1], runs.averages("V")[1]
    lost = DRIVEN.mu - DRIVEN.g * v.mean - rate.mean  # mean overshoot a unit of time
    speed = simulate(DRIVEN, h=h, T=16.0, paths=2000, seed=3).all_spikes()["speed"].mean()
    assert lost == pytest.approx(rate.mean * h * speed / 2, rel=0.1)
    assert runs.order("V", law.moments.mean_v).order.mean == pytest.approx(1.04, abs=0.03)
    square = law.moments.var_v + law.moments.mean_v**2
    assert runs.order("V²", square).order.mean == pytest.approx(1.0, abs=0.05)


def test_rate_bias_from_its_parts():
    neuron = LIF(mu=2.4, sigma=2.4, tau=0.25)
    runs = long_runs(neuron, {}, h=[1 / 16, 1 / 32], T=40.0, paths=8192, seed=4, burn_in=10.0)
    bias = [e.mean - stationary(neuron, cells=None).rate for e in runs.averages("rate")]
    parts = rate_parts(neuron)
    assert (4 * bias[1] - bias[0]) * 16 == pytest.approx(sum(parts), rel=0.06)
    assert sum(parts[:2]) > 0.5  # without the reset's part it would be of the other sign


def test_bad_long_runs():
    request = {"h": [0.25, 0.125], "T": 2.0, "paths": 512, "seed": 1}
    for changes, text in (
        ({"paths": 256}, "paths"),
        ({"burn_in": 0.3}, "not a multiple"),
        ({"burn_in": -1}, "burn_in"),
    ):
        with pytest.raises(ValueError, match=text):
            long_runs(NEURON, {}, **{**request, **changes})
    with pytest.raises(ValueError, match="unknown"):
        long_runs(NEURON, {}, **request).averages("V")


def test_a_current_that_never_forgets_is_exact_under_euler():
    neuron = LIF(tau=math.inf)
    assert euler_law(neuron, 0.1) == neuron
    almost = euler_law(LIF(tau=1e12), 0.1)
    assert (almost.tau, almost.sigma) == pytest.approx((1e12, neuron.sigma), rel=1e-10)


@pytest.mark.parametrize(
    ("neuron", "mean_speed", "speed_by_speed"),
    [
        # central differences at tolerance 1e-9: with the mean speed, and what the correlation
        # of the loss with the next spikes adds
        (LIF(mu=1.5, sigma=0.3, tau=0.5), -0.42325, -0.00189),
        (LIF(mu=1.0, sigma=1.0, tau=1.0), -0.23004, -0.01176),
        (LIF(mu=2.4, sigma=2.4, tau=0.25), -2.04069, -0.03019),
    ],
)
def test_the_resets_part_knows_the_speed(neuron, mean_speed, speed_by_speed):
    assert lifcore.rate_parts is rate_parts
    assert rate_parts(neuron).reset - mean_speed == pytest.approx(speed_by_speed, rel=0.05)


def test_looks_are_kept_a_few_at_a_time(monkeypatch):
    # All at once a slow neuron's would take tens of gigabytes.
    request = {"h": [0.25, 0.125], "T": 8.0, "paths": 512, "seed": 1, "burn_in": 1.0}
    voltage = {"V": lambda v, i, n: v}
    whole = long_runs(NEURON, voltage, **request)
    sizes, evaluate_each = [], longrun.evaluate_each

    def few(observables, v, i, n):
        sizes.append(v.shape[0])
        return evaluate_each(observables, v, i, n)

    monkeypatch.setattr(longrun, "LOOKS", 5)
    monkeypatch.setattr(longrun, "evaluate_each", few)
    assert long_runs(NEURON, voltage, **request).batches == pytest.approx(whole.batches, rel=1e-12)
    assert max(sizes) == 5


@pytest.mark.parametrize("noise", ["gauss", "numpy", "bits", "three"])
@pytest.mark.parametrize("t_ref", [0.0, 0.25])
def test_they_are_the_paths_of_simulate(noise, t_ref, monkeypatch):
    # without a burn-in, and before anything is subtracted
    monkeypatch.setattr(longrun, "_less_regression", lambda means, products: means[:, 1:])
    neuron, h = LIF(mu=1.5, sigma=0.3, tau=0.5, t_ref=t_ref), 1 / 16
    root = np.random.SeedSequence(3)
    runs = long_runs(neuron, {"V": lambda v, i, n: v}, h=h, T=3000 * h, paths=512, seed=root,
                     noise=noise)  # fmt: skip
    own = np.random.SeedSequence(3, spawn_key=(3000,))
    paths = simulate(neuron, h=h, T=3000 * h, paths=512, seed=own, noise=noise)
    counts = paths.spike_counts.reshape(2, 256).mean(axis=1)
    assert runs.batches[0, 0] * 3000 * h == pytest.approx(counts, rel=1e-13)
    alone = long_runs(neuron, {}, h=h, T=3000 * h, paths=512, seed=root, noise=noise)
    assert alone.batches[0] == pytest.approx(runs.batches[0], rel=1e-13)


def test_the_noise_explains_most_of_a_rate(monkeypatch):
    request = {"h": 1 / 16, "T": 64.0, "paths": 256 * 64, "seed": 3, "burn_in": 16.0}
    less = long_runs(DRIVEN, {}, **request).batches.var()
    monkeypatch.setattr(longrun, "_less_regression", lambda means, products: means[:, 1:])
    assert less < 0.25 * long_runs(DRIVEN, {}, **request).batches.var()
