"""Spikes in the same step, and pairs of spikes by their distance, against counting by hand."""

import itertools
import math

import numpy as np
import pytest

from lifcore import LIF, Recurrent, mean, simulate_spikes, stationary
from lifcore.loops import synchrony
from lifcore.loops.synchrony import coincidences, correlogram

FIELDS = [("path", "i8"), ("neuron", "i4"), ("time", "f8")]
SHAPE = {"paths": 5, "neurons": 6}
BALANCED = LIF(mu=1.0, sigma=1.0, tau=1.0)


def table(path, neuron, time):
    spikes = np.empty(len(time), FIELDS)
    spikes["path"], spikes["neuron"], spikes["time"] = path, neuron, time
    return spikes


def random_spikes(seed, size=400):
    """Paths 0 to 4, of which 1 and 4 are empty, in the order of `simulate_spikes`."""
    rng = np.random.default_rng(seed)
    path, neuron = rng.choice([0, 2, 3], size), rng.integers(0, 6, size)
    return np.sort(
        table(path, neuron, rng.uniform(0.0, 4.0, size)), order=["path", "neuron", "time"]
    )


def poisson(rate, T, paths, neurons, seed):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rate * T, paths * neurons)
    path, neuron = np.divmod(np.repeat(np.arange(paths * neurons), counts), neurons)
    return table(path, neuron, rng.uniform(0.0, T, counts.sum()))


def by_hand(steps, spikes):
    """Mean over pairs of the steps with both neurons of a pair in it, for each path."""
    out = []
    for path in range(5):
        own = spikes["path"] == path
        cells = {(j, n) for j, n in zip(spikes["neuron"][own], steps[own], strict=True)}
        together = [
            sum((a, n) in cells and (b, n) in cells for n in {n for _, n in cells})
            for a, b in itertools.combinations(range(6), 2)
        ]
        out.append(np.mean(together))
    return out


@pytest.mark.parametrize("seed", range(3))
def test_coincidences_by_hand(seed):
    spikes = random_spikes(seed)
    sizes = np.array([0.5, 0.05, 0.3, 0.011])
    found = coincidences(spikes, sizes, **SHAPE)
    assert found.shape == (4, 5)
    for row, h in zip(found, sizes, strict=True):
        edges = h * np.arange(math.ceil(4.0 / h) + 2)
        assert row == pytest.approx(by_hand(np.searchsorted(edges, spikes["time"]), spikes))
    assert (found[:, [1, 4]] == 0.0).all()
    assert (found[:, [0, 2, 3]] > 0.0).all()
    mixed = np.random.default_rng(1).permutation(spikes)
    assert np.array_equal(coincidences(mixed, sizes, **SHAPE), found)


@pytest.mark.parametrize("h", [0.1, 0.05, 0.07, 1 / 3])
@pytest.mark.parametrize("settle", [0.0, 1000.0])
def test_shifted_times_belong_to_the_step_they_end(h, settle):
    # What is left of settle + n h after subtraction is off by the rounding of a large number.
    n = np.arange(1, 200)
    begun = round(settle / h)
    times = (begun + n) * h - begun * h
    spikes = np.concatenate(
        [table([0] * 199, [0] * 199, times), table([0] * 199, [1] * 199, n * h)]
    )
    assert coincidences(spikes, [h], paths=1, neurons=2).tolist() == [[199.0]]


@pytest.mark.parametrize("h", [0.1, 0.05, 0.07, 1 / 3])
def test_times_on_the_grid_belong_to_the_step_they_end(h):
    # Euler's n h, up to rounding; and those of h in steps of 3 h.
    rng = np.random.default_rng(4)
    n = rng.integers(1, 5000, 3000)
    spikes = table(rng.choice([0, 2, 3], n.size), rng.integers(0, 6, n.size), n * h)
    found = coincidences(spikes, [h, 3 * h], **SHAPE)
    assert found[0] == pytest.approx(by_hand(n, spikes))
    assert found[1] == pytest.approx(by_hand((n + 2) // 3, spikes))
    later = table([0, 0, 0, 0], [0, 1, 0, 1], [3 * h, 4 * h, 6 * h, 6 * h])
    assert coincidences(later, [3 * h], paths=1, neurons=2).tolist() == [[1.0]]


def test_euler_s_spikes_of_one_step():
    net = Recurrent(LIF(mu=1.5), np.full((6, 6), 0.1))
    spikes = simulate_spikes(net, h=0.1, T=20.0, paths=5, seed=1)
    found = coincidences(spikes, [0.1], **SHAPE)
    assert found[0] == pytest.approx(by_hand(np.rint(spikes["time"] / 0.1), spikes))
    assert (found > 0.0).all()


def test_several_spikes_of_a_neuron_in_a_step_are_one():
    spikes = table([0] * 5, [0, 0, 1, 1, 1], [0.1, 0.2, 0.3, 0.35, 0.4])
    assert coincidences(spikes, [1.0, 0.2], paths=2, neurons=2).tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert coincidences(spikes, [1.0], paths=2, neurons=3).tolist() == [[1.0 / 3.0, 0.0]]
    alone = table([0] * 2, [0, 0], [0.1, 0.2])
    assert coincidences(alone, [1.0], paths=1, neurons=2).tolist() == [[0.0]]


def test_no_spikes():
    none = np.empty(0, FIELDS)
    assert coincidences(none, [0.1, 0.2], **SHAPE).tolist() == [[0.0] * 5] * 2
    found = correlogram(none, width=0.1, bins=3, T=1.0, **SHAPE)
    assert found.tolist() == [[0.0] * 5] * 3


def distances(spikes, paths=5):
    """Of all pairs of spikes of two neurons: path and distance."""
    for p in range(paths):
        own = spikes[spikes["path"] == p]
        for one, other in itertools.combinations(own, 2):
            if one["neuron"] != other["neuron"]:
                yield p, abs(one["time"] - other["time"])


@pytest.mark.parametrize("seed", range(3))
def test_correlogram_by_hand(seed):
    spikes, width, bins, T = random_spikes(seed, 150), 0.13, 7, 4.0
    counts = np.zeros((bins, 5))
    for path, distance in distances(spikes):
        if distance < bins * width:
            counts[math.floor(distance / width), path] += 1.0
    # Lags of both signs, 15 pairs, and the share of the window in which the second is seen.
    middle = width * (np.arange(bins) + 0.5)
    expected = counts / (15 * 2 * width * (T - middle))[:, None]
    request = {"width": width, "bins": bins, "T": T, **SHAPE}
    assert correlogram(spikes, **request) == pytest.approx(expected)
    assert counts[:, [0, 2, 3]].min() > 3
    mixed = np.random.default_rng(1).permutation(spikes)
    assert np.array_equal(correlogram(mixed, **request), correlogram(spikes, **request))


@pytest.mark.parametrize("h", [0.1, 0.01, 1 / 3, 0.125])
@pytest.mark.parametrize("m", [1, 3, 4])
def test_distances_on_the_edge_of_a_bin(h, m, monkeypatch):
    # Multiples of h, of which 0.3 / 0.1 is below 3 and 1.8 - 0.1 above 17 h. Run as Python, where
    # writing past the end of an array is an error.
    monkeypatch.setattr(synchrony, "_count_distances", synchrony._count_distances.py_func)
    n = np.array([1, 2, 4, 5, 9, 18, 31, 41, 1000])
    spikes = table([0] * 9, np.arange(9) % 2, n * h)
    found = correlogram(spikes, width=m * h, bins=17, T=1000 * h, paths=1, neurons=2)
    lags = [b - a for a, b in itertools.combinations(n, 2)]
    odd = [(j - i) % 2 == 1 for i, j in itertools.combinations(range(9), 2)]
    bins = np.bincount(np.array(lags)[odd] // m, minlength=17)[:17]
    middle = m * h * (np.arange(17) + 0.5)
    assert found[:, 0] == pytest.approx(bins / (2 * m * h * (1000 * h - middle)))


def test_two_spikes_at_one_instant_have_a_lag_of_either_sign():
    spikes = table([0, 0, 0], [0, 1, 1], [1.0, 1.0, 1.5])
    found = correlogram(spikes, width=0.25, bins=3, T=4.0, paths=1, neurons=2)[:, 0]
    middle = 0.25 * (np.arange(3) + 0.5)
    assert found * 0.5 * (4.0 - middle) == pytest.approx([2.0, 0.0, 1.0])


@pytest.mark.parametrize(("h", "m"), [(0.125, 1), (0.1, 1), (0.125, 2), (0.1, 3)])
def test_independent_trains_on_a_grid_are_flat(h, m):
    # The first bin holds the lag 0 once and the others twice.
    rate, T, paths = 0.8, 40.0, 6000
    rng = np.random.default_rng(8)
    path, neuron, n = np.nonzero(rng.random((paths, 2, round(T / h))) < rate * h)
    spikes = table(path, neuron, (n + 1) * h)
    for row in correlogram(spikes, width=m * h, bins=5, T=T, paths=paths, neurons=2):
        found = mean(row / rate**2)
        assert found.mean == pytest.approx(1.0, abs=4.0 * found.standard_error)
        assert found.standard_error < 0.01


def test_euler_s_correlogram_of_unconnected_neurons_is_flat():
    net = Recurrent(LIF(), np.zeros((2, 2)))
    settle, T = 10.0, 40.0
    spikes = simulate_spikes(net, h=0.125, T=settle + T, paths=4096, seed=1)
    spikes = spikes[spikes["time"] > settle]
    rates = np.bincount(spikes["path"], minlength=4096) / (2.0 * T)
    for row in correlogram(spikes, width=0.125, bins=3, T=T, paths=4096, neurons=2):
        found = mean(row / rates.mean() ** 2)
        assert found.mean == pytest.approx(1.0, abs=4.0 * found.standard_error + 0.01)
        assert found.standard_error < 0.02


def test_independent_poisson_trains():
    rate, T, paths, neurons = 1.5, 40.0, 160, 8
    spikes = poisson(rate, T, paths, neurons, 5)
    shape = {"paths": paths, "neurons": neurons}
    sizes = np.array([0.5, 0.1, 0.02])
    for h, row in zip(sizes, coincidences(spikes, sizes, **shape), strict=True):
        found = mean(row)
        assert abs(found.mean - T / h * (1.0 - math.exp(-rate * h)) ** 2) < 4 * found.standard_error
        assert found.standard_error < 0.02 * found.mean
    flat = correlogram(spikes, width=1.0, bins=20, T=T, **shape)
    for row in flat:
        found = mean(row)
        assert abs(found.mean - rate**2) < 4 * found.standard_error
        assert found.standard_error < 0.02 * rate**2
    # The window's ends count: (T - u)/T is down to 0.5 in the last bin.
    both = mean(flat.mean(axis=0))
    assert abs(both.mean - rate**2) < 4 * both.standard_error


def test_shared_spikes_are_seen():
    # Neuron 1 repeats a Poisson train of neuron 0 later by 0.25: pairs of that lag, rate r.
    rate, T, paths = 0.8, 50.0, 200
    first = poisson(rate, T, paths, 1, 6)
    later = first.copy()
    later["neuron"], later["time"] = 1, first["time"] + 0.25
    spikes = np.concatenate([first, later])
    spikes = spikes[spikes["time"] <= T]
    found = correlogram(spikes, width=0.1, bins=5, T=T, paths=paths, neurons=2)
    for k, row in enumerate(found):
        # One sign of lag only has the peak, so half of it is in a bin for both.
        peak = rate / (2 * 0.1) if k == 2 else 0.0
        row = mean(row)
        assert abs(row.mean - rate**2 - peak) < 4 * row.standard_error
    # A step of 1/2 has both by a spike in its first half, or by one after it and one before it.
    half = 1.0 - math.exp(-0.25 * rate)
    together = mean(coincidences(spikes, [0.5], paths=paths, neurons=2)[0, :] / (T / 0.5))
    expected = half + (1.0 - half) * half**2
    # In the window's first step nothing is left of what came before it.
    expected -= (1.0 - half) * half**2 / (T / 0.5)
    assert abs(together.mean - expected) < 4 * together.standard_error
    assert together.standard_error < 0.02 * expected


def test_neurons_without_synapses_meet_by_chance():
    settle, T, paths, neurons = 16.0, 40.0, 64, 24
    net = Recurrent(BALANCED, np.zeros((neurons, neurons)))
    spikes = simulate_spikes(net, h=0.5, T=settle + T, paths=paths, seed=7, scheme="exact")
    spikes = spikes[spikes["time"] > settle]
    spikes["time"] -= settle
    rate = stationary(BALANCED).rate
    shape = {"paths": paths, "neurons": neurons}
    h = np.array([0.1, 0.02])
    for size, row in zip(h, coincidences(spikes, h, **shape), strict=True):
        found = mean(row / (T * size))
        assert abs(found.mean - rate**2) < 4 * found.standard_error
        assert found.standard_error < 0.05 * rate**2
    for row in correlogram(spikes, width=0.5, bins=8, T=T, **shape):
        found = mean(row)
        assert abs(found.mean - rate**2) < 4 * found.standard_error


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"h": [0.1, 0.0]}, ValueError),
        ({"h": [-0.1]}, ValueError),
        ({"h": ["a"]}, TypeError),
        ({"paths": 0}, ValueError),
        ({"paths": 1.5}, TypeError),
        ({"neurons": 1}, ValueError),
        ({"neurons": "two"}, TypeError),
    ],
)
def test_bad_steps_are_refused(change, error):
    with pytest.raises(error, match=next(iter(change))):
        coincidences(random_spikes(1), **{"h": [0.1], **SHAPE, **change})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"width": 0.0}, ValueError),
        ({"width": "a"}, TypeError),
        ({"bins": 0}, ValueError),
        ({"bins": 2.5}, TypeError),
        ({"T": -1.0}, ValueError),
        ({"T": math.nan}, ValueError),
        ({"paths": 0}, ValueError),
        ({"neurons": 1}, ValueError),
    ],
)
def test_bad_bins_are_refused(change, error):
    request = {"width": 0.1, "bins": 2, "T": 4.0, **SHAPE}
    with pytest.raises(error, match=next(iter(change))):
        correlogram(random_spikes(1), **{**request, **change})


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"spikes": [1.0]}, TypeError, r"spikes = \[1\.0\] has no fields path, neuron and time"),
        ({"paths": 1}, ValueError, r"spikes: path goes from 0 to 1; allowed: from 0 to 0"),
        ({"neurons": 2}, ValueError, r"spikes: neuron goes from 0 to 2; allowed: from 0 to 1"),
        ({"bins": 40}, ValueError, r"bins \* width = 4\.0; allowed: below T = 4\.0"),
        (
            {"T": 0.19, "bins": 1},
            ValueError,
            r"spikes span 0\.1999.*; allowed: .* window's T = 0\.19",
        ),
    ],
)
def test_tables_that_do_not_fit_are_refused(change, error, message):
    given = {
        "spikes": table([0, 0, 1], [0, 1, 2], [0.1, 0.2, 0.3]),
        "width": 0.1, "bins": 3, "T": 4.0, "paths": 2, "neurons": 3, **change,
    }  # fmt: skip
    with pytest.raises(error, match=message):
        correlogram(given.pop("spikes"), **given)


@pytest.mark.parametrize("time", [math.nan, math.inf, -math.inf])
def test_times_that_are_not_finite_are_refused(time):
    spikes = table([0, 0], [0, 1], [0.1, time])
    with pytest.raises(ValueError, match=r"spikes: time holds (nan|-?inf); allowed: finite times"):
        coincidences(spikes, [0.1], paths=1, neurons=2)
    with pytest.raises(ValueError, match=r"spikes: time holds (nan|-?inf); allowed: finite times"):
        correlogram(spikes, width=0.1, bins=3, T=4.0, paths=1, neurons=2)


def test_steps_that_cannot_be_counted_are_refused():
    spikes = table([0, 1], [0, 1], [0.1, 0.3])
    with pytest.raises(ValueError, match=r"spikes: time is -0\.1; allowed: times >= 0"):
        coincidences(table([0, 1], [0, 1], [0.1, -0.1]), [0.1], paths=2, neurons=2)
    with pytest.raises(ValueError, match=r"h = 1e-20 makes too many steps"):
        coincidences(spikes, [0.1, 1e-20], paths=2, neurons=2)
