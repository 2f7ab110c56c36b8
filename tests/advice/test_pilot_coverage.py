"""Errors from pilots, that grow until they are known: how often their intervals cover."""

import numpy as np
import pytest
from scipy import stats

from lifcore import LIF, error_at, step_size
from lifcore.advice import pilot
from lifcore.evidence import mean

QUIET = LIF(g=1.0, mu=0.2, sigma=0.1, tau=1.0, v_th=50.0)
SEEDS, T = 60, 2.0


def root_mean_square(h, parts=400):
    """The strong error of V at T far below the threshold, where V is linear in the noise.

    The exact V answers a shock s before T by sigma s exp(-s); Euler's answers a step's noise
    with the constant that its recursion gives. Both start at V = 0, I = mu.
    """
    steps = round(T / h)
    # a shock at the end of step n enters V from step n + 1 on: V and I after a unit shock of I
    answer, v, i = np.empty(steps), 0.0, 1.0
    for k in range(steps):
        answer[steps - 1 - k] = v
        v, i = v + h * (i - v), i - h * i
    ends = h * np.arange(1, steps + 1)
    s = T - (ends[:, None] - h * (np.arange(parts) + 0.5) / parts)
    variance = h * QUIET.sigma**2 * ((s * np.exp(-s) - answer[:, None]) ** 2).mean(axis=1).sum()
    v = 0.0
    for _ in range(steps):
        v += h * (QUIET.mu - v)
    shift = v - QUIET.mu * (1.0 - np.exp(-T))
    return float(np.sqrt(variance + shift**2))


def not_too_seldom(covered):
    assert sum(covered) >= stats.binom.ppf(0.0005, len(covered), 0.95), sum(covered)


@pytest.fixture
def seeded(monkeypatch):
    # A pilot's seed is fixed, so that the same question gets the same answer.
    def with_seed(seed):
        monkeypatch.setattr(pilot, "SEED", seed)

    monkeypatch.setattr(pilot, "BUDGET", 2e5)
    return with_seed


def test_error_at_covers(seeded):
    covered, values = [], []
    for seed in range(SEEDS):
        seeded(seed)
        error = error_at(QUIET, 0.25, quantity="state", T=T).error
        covered.append(error.low <= root_mean_square(0.25) <= error.high)
        values.append(error.mean)
    assert len(set(values)) == SEEDS
    low, high = mean(np.array(values)).interval(0.999)
    assert low <= root_mean_square(0.25) * 1.002
    assert high >= root_mean_square(0.25) * 0.998
    not_too_seldom(covered)


def test_step_size_covers(seeded):
    # Of steps the largest is taken whose error seems small: its interval must cover even so.
    covered, kept = [], []
    for seed in range(SEEDS):
        seeded(seed)
        advice = step_size(QUIET, tolerance=0.01, quantity="state", T=T)
        truth = root_mean_square(advice.h)
        covered.append(advice.error.low <= truth <= advice.error.high)
        kept.append(truth <= 0.01)
    not_too_seldom(covered)
    not_too_seldom(kept)
