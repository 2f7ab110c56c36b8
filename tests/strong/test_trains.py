"""Spike trains of coupled runs, and distances of trains against Elephant's and by hand."""

import numpy as np
import pytest

from circuits import MIXED
from lifcore import LIF, couple, simulate
from lifcore.strong import coupled_trains, van_rossum, victor_purpura

SPIKE = np.dtype([("path", "i8"), ("time", "f8")])
ONE = [[0.5, 1.25, 2.0, 3.5], [0.5, 1.0], [], [0.25, 0.75, 1.5]]
OTHER = [[0.625, 2.125, 3.0], [0.5, 1.0], [1.0], [0.375, 1.625, 1.75, 2.5]]
# Elephant 1.2.1: victor_purpura_distance at cost 1.5, van_rossum_distance at 0.5, whose squares
# are twice van Rossum's own, which gives 1/2 to a single spike.
MOVED = [2.125, 0.0, 1.0, 2.8749999999999996]
SMOOTHED = [3.1275836808887494 / 2, 0.0, 0.5, 4.335425515473064 / 2]


def table(trains):
    return np.array([(p, t) for p, train in enumerate(trains) for t in train], SPIKE)


def test_distances_are_elephants():
    one, other = table(ONE), table(OTHER)
    assert victor_purpura(one, other, cost=1.5, paths=4) == pytest.approx(MOVED, abs=1e-14)
    assert victor_purpura(other, one, cost=1.5, paths=4) == pytest.approx(MOVED, abs=1e-14)
    found = van_rossum(one, other, time_constant=0.5, paths=4)
    assert found == pytest.approx(SMOOTHED, abs=1e-14)
    assert van_rossum(other, one, time_constant=0.5, paths=4) == pytest.approx(found, abs=1e-14)


def test_van_rossum_is_its_integral():
    one, other, width = table(ONE[:1]), table(OTHER[:1]), 0.7
    t = np.linspace(0.0, 30.0, 300_001)[:-1] + 5e-5

    def filtered(times):
        ages = t[:, None] - times
        return np.where(ages >= 0.0, np.exp(-np.maximum(ages, 0.0) / width), 0.0).sum(axis=1)

    integral = ((filtered(one["time"]) - filtered(other["time"])) ** 2).sum() * 1e-4 / width
    assert van_rossum(one, other, time_constant=width, paths=1)[0] == pytest.approx(
        integral, rel=1e-4
    )


@pytest.mark.parametrize("delay", [1e-9, 1e-3, 0.1, 3.0])
def test_one_pair(delay):
    one, other = table([[1.0]]), table([[1.0 + delay]])
    apart = other["time"][0] - 1.0
    assert van_rossum(one, other, time_constant=0.5, paths=1)[0] == pytest.approx(
        -np.expm1(-apart / 0.5), abs=1e-15
    )
    assert victor_purpura(one, other, cost=2.0, paths=1)[0] == pytest.approx(min(2 * apart, 2.0))


def test_cost_of_zero_counts_and_a_large_one_matches_equal_times_only():
    one, other = table(ONE), table(OTHER)
    assert victor_purpura(one, other, cost=0.0, paths=4).tolist() == [1.0, 0.0, 1.0, 1.0]
    assert victor_purpura(one, other, cost=1e9, paths=4).tolist() == [7.0, 0.0, 1.0, 7.0]


def test_trains_are_those_of_the_coupled_run():
    h, paths = [0.25, 0.0625], 300
    run = couple(MIXED, h=h, T=6.0, paths=paths, seed=31)
    exact, *euler = coupled_trains(run)
    alone = simulate(MIXED, h=0.0625, T=6.0, paths=paths, seed=31, scheme="exact").all_spikes()
    for name in ("path", "neuron", "time", "speed"):
        assert np.array_equal(exact[name], alone[name]), name
    for level, train in enumerate(euler):
        assert np.array_equal(np.round(train["time"] / h[level]) * h[level], train["time"])
        counts = np.zeros(run.spike_counts.shape, int)
        np.add.at(counts, (train["path"], train["neuron"]), 1)
        assert np.array_equal(counts, run.spike_counts_euler[level])
        slowest = np.full(counts.shape, np.inf)
        np.minimum.at(slowest, (train["path"], train["neuron"]), train["speed"])
        assert np.array_equal(slowest, run.slowest_euler[level])


def test_trains_hold_the_pairs():
    run = couple(LIF(), h=[0.125], T=4.0, paths=300, seed=32)
    exact, euler = coupled_trains(run)
    (pairs,) = run.spike_pairs(tolerance=4.0)
    times = {(p, t) for p, t in zip(exact["path"], exact["time"], strict=True)}
    assert {(p, t) for p, t in zip(pairs.path, pairs.time, strict=True)} <= times
    ends = np.unique(np.round((pairs.time + pairs.delay) / 0.125))
    assert np.isin(ends, np.round(euler["time"] / 0.125)).all()


def test_trains_on_any_executor(one_thread, processes):
    run = couple(LIF(), h=[0.25], T=3.0, paths=700, seed=33)
    own = coupled_trains(run)
    for executor in (one_thread, processes):
        others = coupled_trains(run, executor)
        assert all(np.array_equal(a, b) for a, b in zip(own, others, strict=True))


GOOD = table(ONE)
BAD = [
    ({"one": GOOD[::-1]}, ValueError, r"one is not in order of path and time; allowed"),
    ({"other": GOOD["time"]}, TypeError, r"other has the fields \(\); allowed"),
    ({"one": [1.0]}, TypeError, r"one = \[1\.0\] is a list"),
    ({"paths": 3}, ValueError, r"one has spikes of path 0 to 3; allowed: 0 to 2, as paths = 3"),
    ({"paths": 0}, ValueError, r"paths = 0 is out of range; allowed: an integer >= 1"),
]


@pytest.mark.parametrize(("changes", "error", "message"), BAD, ids=lambda x: str(x)[:20])
def test_bad_trains(changes, error, message):
    call = {"one": GOOD, "other": GOOD, "paths": 4, **changes}
    with pytest.raises(error, match=message):
        van_rossum(**call, time_constant=1.0)
    with pytest.raises(error, match=message):
        victor_purpura(**call, cost=1.0)


def test_bad_numbers():
    for value in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match=r"time_constant = .* is out of range; allowed"):
            van_rossum(GOOD, GOOD, time_constant=value, paths=4)
    for value in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match=r"cost = .* is out of range; allowed"):
            victor_purpura(GOOD, GOOD, cost=value, paths=4)
    with pytest.raises(TypeError, match=r"pairs = .* is a int; allowed"):
        coupled_trains(3)
