"""Starts of stationary runs: currents from their law, random phases, and how long to settle."""

import math

import numpy as np
import pytest
from scipy import stats

from lifcore import LIF, Feedforward, Recurrent, constant_drive_period
from lifcore.runs import random_start, settling_time
from lifcore.runs.starts import start_of_block

SEED = np.random.SeedSequence(5)


def test_currents_have_their_stationary_law():
    lif = LIF(mu=1.2, sigma=0.6, tau=0.5)
    _, i = random_start(lif, 20_000, SEED)
    law = stats.norm(1.2, 0.3)
    assert stats.kstest(i[:, 0], law.cdf).pvalue > 1e-4
    assert stats.kstest(i[:, 0] * 1.02, law.cdf).pvalue < 1e-4


def test_phases_are_uniform_on_the_orbit_of_a_constant_drive():
    for lif in (LIF(mu=1.5, sigma=0.0), LIF(g=0.5, v_reset=-1.0, mu=0.9, sigma=0.0)):
        v = random_start(lif, 4_000, SEED)[0][:, 0]
        rest = lif.mu / lif.g
        phase = np.log((rest - lif.v_reset) / (rest - v)) / lif.g / constant_drive_period(lif)
        assert stats.kstest(phase, "uniform").pvalue > 1e-4


@pytest.mark.parametrize(
    "lif", [LIF(), LIF(mu=0.5), LIF(g=0.0), LIF(g=0.0, mu=-1.0), LIF(tau=math.inf), LIF(g=1e-9)]
)
def test_starts_are_below_the_threshold_and_finite(lif):
    v, i = random_start(lif, 1_000, SEED)
    assert (v < lif.v_th).all()
    assert np.isfinite(v).all()
    assert np.isfinite(i).all()


def test_more_paths_change_none_and_neurons_are_independent():
    few, many = (random_start(LIF(), paths, SEED) for paths in (300, 700))
    for one, other in zip(few, many, strict=True):
        np.testing.assert_array_equal(one, other[:300])
    chain = Feedforward([LIF(mu=np.array([1.5, 1.5])), LIF()], [[[0.3, 0.2]]])
    v, i = random_start(chain, 4_000, SEED)
    assert v.shape == i.shape == (4_000, 3)
    assert np.abs(np.corrcoef(v.T) - np.eye(3)).max() < 0.07
    np.testing.assert_array_equal(v[256:512].T, start_of_block(chain, SEED, 1)[0])


def test_settling_times():
    assert settling_time(LIF()) == 16.0
    assert settling_time(LIF(g=0.1, mu=0.0)) == 160.0
    # The current is stationary from the start: only input needs its time constant.
    assert settling_time(LIF(tau=1e6)) == 16.0
    assert settling_time(Recurrent(LIF(tau=3.0), np.zeros((2, 2)))) == 48.0
    assert settling_time(LIF(g=1e-6)) < 100.0
    assert settling_time(LIF(g=1e-6, mu=0.0)) == 16e6
    assert settling_time(LIF(g=0.0, tau=math.inf, mu=0.0)) == 0.0


def test_phases_may_lie_in_a_pause():
    lif = LIF(mu=1.5, sigma=0.0, t_ref=0.5)
    v, _, held = start_of_block(lif, SEED, 0)[:, 0]
    paused = held > 0.0
    assert paused.mean() == pytest.approx(0.5 / (np.log(3.0) + 0.5), abs=0.1)
    assert 0.45 < held.max() < 0.5
    assert (v[paused] == 0.0).all()
    assert (v[~paused] > 0.0).all()
    assert (start_of_block(LIF(mu=0.5, sigma=0.0, t_ref=0.5), SEED, 0)[2] == 0.0).all()


def test_settling_takes_longer_with_pauses():
    assert settling_time(LIF(mu=0.5, t_ref=0.5)) == 24.0
    driven = LIF(mu=2.5, sigma=0.0, t_ref=float(np.log(5 / 3)))
    assert settling_time(driven) == pytest.approx(32.0)


def test_random_starts_name_what_is_wrong():
    for paths, error in ((0, ValueError), (-1, ValueError), (1.5, TypeError), ("1", TypeError)):
        with pytest.raises(error, match=rf"^paths = {paths!r} is .*; allowed: an integer >= 1"):
            random_start(LIF(), paths, np.random.SeedSequence(1))
    for seed, error in ((None, TypeError), (-1, ValueError)):
        with pytest.raises(error, match=rf"^seed = {seed} is .*; allowed: an integer >= 0"):
            random_start(LIF(), 3, seed)
    own, other = (random_start(LIF(), 3, seed) for seed in (1, np.random.SeedSequence(1)))
    assert np.array_equal(own, other)
