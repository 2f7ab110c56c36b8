"""Weak errors' constants and orders at their smallest size: blocks of 256 paths and of one."""

import math

import numpy as np
import pytest
from scipy import stats

from intervals import assert_covers
from lifcore import LIF
from lifcore.runs.observables import spike_count
from lifcore.weak import precise_grid_rate
from lifcore.weak.errors import weak_errors
from lifcore.weak.grid_rate import grid_rate
from lifcore.weak.longrun import LongRuns, long_runs

# Far below its threshold V is linear, so that all means are known.
QUIET = LIF(g=1.0, mu=0.2, sigma=0.01, tau=1.0, v_th=50.0)
NOISY = LIF(mu=1.0, sigma=1.0, tau=1.0)
H, T, START = np.array([0.5, 0.25, 0.125]), 1.0, (0.0, 2.0)
SEEDS = 150


def voltage(v, i, n):
    return v


def euler_mean(h):
    v, i = START
    for _ in range(round(T / h)):
        v, i = v + h * (i - v), i + h * (QUIET.mu - i)
    return v


def not_too_seldom(found, truth):
    for level in (0.95, 0.999):
        inside = sum(low <= truth <= high for low, high in (e.interval(level) for e in found))
        assert inside >= stats.binom.ppf(0.0005, len(found), level), (inside, len(found), level)


def test_weak_errors_of_257_paths(one_thread):
    rest = QUIET.mu
    exact = rest + (START[0] - rest + (START[1] - rest) * T) * math.exp(-T)
    errors = np.array([euler_mean(h) for h in H]) - exact
    richardson = 2.0 * errors[1:] - errors[:-1]
    runs = [
        weak_errors(
            QUIET, {"V": voltage}, h=H, T=T, paths=257, seed=seed, start=START, executor=one_thread
        )
        for seed in range(SEEDS)
    ]
    not_too_seldom([run.exact("V") for run in runs], exact)
    not_too_seldom([run.constant("V") for run in runs], (4.0 * errors[2] - errors[1]) / 0.25)
    for k in range(2):
        not_too_seldom([run.extrapolated("V")[1][k] for run in runs], richardson[k])
    # With two blocks all levels weigh alike.
    slope, log_constant = np.polyfit(np.log(H), np.log(np.abs(errors)), 1)
    not_too_seldom([run.order("V").order for run in runs], slope)
    not_too_seldom([run.order("V").constant for run in runs], math.exp(log_constant))
    slope = math.log(richardson[0] / richardson[1]) / math.log(2.0)
    not_too_seldom([run.extrapolated_order("V").order for run in runs], slope)


def test_weak_errors_of_spikes(one_thread):
    # Two whole blocks, and two blocks of which the second is of one path.
    whole = weak_errors(NOISY, {"N": spike_count}, h=H[1:], T=2.0, paths=256 * 400, seed=7)
    parts = [whole.__class__(whole.h, whole.times, whole.names, whole.sizes[k : k + 2],
                             whole.sums[..., k : k + 2]) for k in range(0, 400, 2)]  # fmt: skip
    assert_covers([part.exact("N") for part in parts], whole.exact("N").mean)
    assert_covers([part.constant("N") for part in parts], whole.constant("N").mean)
    truth = whole.extrapolated("N")[1][0].mean
    assert_covers([part.extrapolated("N")[1][0] for part in parts], truth)
    few = [
        weak_errors(
            NOISY, {"N": spike_count}, h=H[1:], T=2.0, paths=257, seed=k, executor=one_thread
        )
        for k in range(SEEDS)
    ]
    not_too_seldom([run.exact("N") for run in few], whole.exact("N").mean)
    not_too_seldom([run.constant("N") for run in few], whole.constant("N").mean)


@pytest.mark.parametrize("blocks", [2, 3])
def test_order_of_long_runs(blocks):
    many = long_runs(NOISY, {}, h=[0.5, 0.25], T=16.0, paths=256 * 360, seed=8, burn_in=4.0)
    exact = 0.9 * min(e.mean for e in many.averages("rate"))  # any number will do for the truth
    distance = np.abs(np.array([e.mean for e in many.averages("rate")]) - exact)
    slope = math.log(distance[0] / distance[1]) / math.log(2.0)
    found = []
    for k in range(0, 360, blocks):
        part = LongRuns(many.h, many.names, many.batches[..., k : k + blocks])
        found.append(part.order("rate", exact))
    assert_covers([one.order for one in found], slope)
    assert_covers([one.constant for one in found], distance[1] / many.h[1] ** slope)


def test_precise_grid_rate_at_its_shortest(one_thread):
    # The least of steps: the pilot's, and a run's, is then a burn-in long.
    model, h, rate = LIF(mu=1.5, sigma=0.3, tau=0.5), 0.25, 0.9
    burn_in = 8.0 + 3.0 / rate
    truth = grid_rate(model, h, T=500.0, paths=2560, seed=10**6, burn_in=burn_in)
    found = [
        precise_grid_rate(
            model, h, rate=rate, precision=1.0, seed=seed, most=1.0, executor=one_thread
        )
        for seed in range(60)
    ]
    assert truth.standard_error < 0.2 * found[0].standard_error
    assert_covers(found, truth.mean)
