"""Euler's stationary rate with control variates: their laws, its interval, what is refused."""

import math

import numpy as np
import pytest

from lifcore import LIF
from lifcore.weak import crossing_chance, free_law, grid_rate, long_runs, longrun, precise_grid_rate

NEURON = LIF(g=1.0, mu=0.9, sigma=0.7, tau=0.4, v_reset=0.2)


def free_paths(model, h, steps, paths, seed):
    """Euler without threshold, in plain NumPy, from its claimed stationary law."""
    rng, law = np.random.default_rng(seed), free_law(model, h)
    x, z = rng.standard_normal((2, paths))
    free, current = law.mean + law.slope * x + law.rest * z, model.mu + law.sd * x
    crossings = np.zeros(paths)
    for _ in range(steps):
        before = free
        free = free + h * (current - model.g * free)
        noise = model.sigma * math.sqrt(h) * rng.standard_normal(paths)
        current = current + h / model.tau * (model.mu - current) + noise
        crossings += (before < model.v_th) & (free >= model.v_th)
    return free, current, crossings / steps


@pytest.mark.parametrize("h", [0.02, 0.2])
def test_free_law_stays_and_crosses_as_often_as_said(h):
    law = free_law(NEURON, h)
    free, current, crossings = free_paths(NEURON, h, round(4.0 / h), 100_000, 1)
    variance, covariance = law.slope**2 + law.rest**2, law.slope * law.sd
    assert np.var(free) == pytest.approx(variance, rel=0.02)
    assert np.cov(free, current)[0, 1] == pytest.approx(covariance, rel=0.03)
    error = crossings.std() / math.sqrt(crossings.size)
    assert abs(crossings.mean() - crossing_chance(NEURON, h)) < 4.5 * error
    assert error < 0.005 * crossing_chance(NEURON, h)


@pytest.mark.parametrize("model", [NEURON, LIF(mu=1.6, sigma=0.2), LIF(mu=0.5, tau=4.0)])
def test_rate_is_that_of_plain_long_runs_and_its_interval_is_narrower(model, monkeypatch):
    monkeypatch.setattr(longrun, "_less_regression", lambda means, products: means[:, 1:])
    plain = long_runs(model, {}, h=[0.1], T=60.0, paths=5120, seed=3, burn_in=20.0)
    plain = plain.averages("rate")[0]
    found = grid_rate(model, 0.1, T=60.0, paths=5120, seed=4, burn_in=20.0)
    both = math.hypot(plain.standard_error, found.standard_error)
    assert abs(found.mean - plain.mean) < 4.5 * both
    assert found.standard_error < plain.standard_error


def test_interval_covers():
    runs = [grid_rate(NEURON, 0.1, T=20.0, paths=1280, seed=k, burn_in=8.0) for k in range(24)]
    means = np.array([run.mean for run in runs])
    spread = means.std(ddof=1) / np.mean([run.standard_error for run in runs])
    assert 0.6 < spread < 1.5


def test_run_to_a_precision_has_it_and_keeps_its_budget():
    found = precise_grid_rate(NEURON, 0.1, rate=0.5, precision=2e-3, seed=5)
    assert found.standard_error < 1.3 * 2e-3 * 0.5
    poor = precise_grid_rate(NEURON, 0.1, rate=0.5, precision=1e-9, seed=5, most=1e6)
    assert poor.standard_error > 1e-4


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"h": 0.0}, "h"),
        ({"h": 1.0}, "h"),
        ({"T": 0.0}, "T"),
        ({"burn_in": -1.0}, "burn_in"),
        ({"paths": 256}, "paths"),
        ({"model": LIF(sigma=0.0)}, "model.sigma"),
        ({"model": LIF(g=0.0)}, "model.g"),
        ({"model": LIF(tau=math.inf)}, "model.tau"),
    ],
)
def test_bad_input_is_refused(change, word):
    asked = {"model": NEURON, "h": 0.1, "T": 5.0, "paths": 1280, "seed": 1, "burn_in": 1.0}
    asked |= change
    with pytest.raises(ValueError, match=word.replace(".", r"\.")):
        grid_rate(asked.pop("model"), asked.pop("h"), **asked)
