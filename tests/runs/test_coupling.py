"""couple(): Euler at several steps and the exact solution on one noise."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba import njit

from lifcore import LIF, couple, fit_order, simulate
from lifcore.noise.sources import fill, source
from oracles import euler, streams

NEURON = LIF(mu=1.4, sigma=0.6, v_reset=-0.2)
BALANCED = LIF(g=1.0, mu=1.0, sigma=1.0, tau=1.0)
REQUEST = {"h": [0.25, 0.125, 0.0625], "T": 4.0, "paths": 300, "seed": 31}
ARRAYS = (
    "v",
    "i",
    "spike_counts",
    "v_euler",
    "i_euler",
    "spike_counts_euler",
    "slowest",
    "slowest_euler",
)


def run(**changes):
    return couple(NEURON, **{**REQUEST, **changes})


def assert_same(one, other):
    paths = one.v.shape[0]
    assert one.T == other.T
    for name in ARRAYS:
        own, others = getattr(one, name), getattr(other, name)
        levels_first = name.endswith("_euler")
        others = others[:, :paths] if levels_first else others[:paths]
        assert np.array_equal(own, others), name
    for own, others in zip(one.histories, other.histories, strict=True):
        assert np.array_equal(own, others[:, :paths])
    for early, others in zip(one.snapshots, other.snapshots, strict=True):
        assert_same(early, others)


LADDERS = [
    [0.125, 0.0625, 0.03125],
    [0.5, 0.25, 0.05],  # ratios 2 and 5
    [0.05, 0.5, 0.25],  # in any order
    [0.1, 0.3],  # a ratio of 3
    [0.25],
]


def normals_of(noise, block, steps):
    """The first normal of every step, on 256 lanes: by NumPy, or drawn beside the run."""
    if noise == "numpy":
        return streams(31, block)[0].standard_normal((steps, 3, 256))[:, 0]
    own = source("gauss", np.random.SeedSequence(31), block, 0, 256)
    return drawn(own, np.empty((3 * steps, 256)))[::3]


@njit
def drawn(source, out):
    fill(source, out, out.shape[1], 1.0)
    return out


@pytest.mark.parametrize("noise", ["gauss", "numpy"])
@pytest.mark.parametrize("h", LADDERS, ids=str)
def test_euler_from_sums_of_increments(h, noise):
    T, finest = 6.0, min(h)
    pairs = run(h=h, T=T, noise=noise)
    steps = round(T / finest)
    for block, lanes in [(0, slice(0, 256)), (1, slice(256, 300))]:
        own = slice(0, lanes.stop - lanes.start)
        increments = np.sqrt(finest) * normals_of(noise, block, steps)
        for level, size in enumerate(h):
            dw = increments.reshape(round(T / size), -1, 256).sum(axis=1)
            v, i, counts, spikes = euler(
                NEURON, size, dw, np.full(256, NEURON.v_reset), np.full(256, NEURON.mu)
            )
            assert pairs.v_euler[level, lanes, 0] == pytest.approx(v[own], abs=1e-12)
            assert pairs.i_euler[level, lanes, 0] == pytest.approx(i[own], abs=1e-12)
            assert np.array_equal(pairs.spike_counts_euler[level, lanes, 0], counts[own])
            kept = pairs.spike_pairs(tolerance=100.0)[level]
            inside = (kept.path >= lanes.start) & (kept.path < lanes.stop)
            # With such a tolerance each Euler spike with an exact partner is kept.
            seen = {}
            for path, time in zip(kept.path[inside], (kept.time + kept.delay)[inside], strict=True):
                seen.setdefault(path - lanes.start, []).append(time)
            for lane, times in seen.items():
                expected = [time for k, time, _, _ in spikes if k == lane][: len(times)]
                assert times == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("h", LADDERS, ids=str)
def test_exact_paths_are_those_of_simulate(h):
    pairs = run(h=h, T=6.0)
    alone = simulate(NEURON, h=min(h), T=6.0, paths=300, seed=31, scheme="exact")
    for name in ("v", "i", "spike_counts"):
        assert np.array_equal(getattr(pairs, name), getattr(alone, name)), name
    spikes = alone.all_spikes()
    slowest = np.full(300, np.inf)
    np.minimum.at(slowest, spikes["path"], spikes["speed"])
    assert np.array_equal(pairs.slowest[:, 0], slowest)


def test_a_single_step_and_a_number_are_the_same():
    assert_same(run(h=[0.25]), run(h=0.25))


def test_order_of_the_steps_is_the_callers():
    up, down = run(h=[0.0625, 0.125, 0.25]), run(h=np.array([0.25, 0.125, 0.0625]))
    assert up.h.tolist() == [0.0625, 0.125, 0.25]
    assert np.array_equal(up.v_euler, down.v_euler[::-1])
    assert np.array_equal(up.histories.distance, down.histories.distance[::-1])


def test_levels_are_those_of_fewer_levels():
    three, one = run(), run(h=[0.25, 0.0625])
    # But for rounding: increments are summed level by level.
    assert three.v_euler[[0, 2]] == pytest.approx(one.v_euler, abs=1e-12)


def test_euler_approaches_the_exact_solution():
    # Below threshold the error has order 1 in mean square h², so that dW, if it were not that
    # of the exact path, would leave an error of order one.
    free = LIF(v_th=1e6)
    pairs = couple(free, h=2.0 ** -np.arange(4.0, 10.0), T=2.0, paths=8192, seed=32)
    order = fit_order(pairs.h, pairs.square_errors).order
    assert 1.95 < order.interval(0.999)[0] < order.interval(0.999)[1] < 2.05
    assert pairs.square_errors[-1].mean() < 1e-5


def test_histories_of_a_known_pair():
    # No noise: the exact spikes are k T_0, Euler's come on the grid.
    quiet = LIF(mu=1.5, sigma=0.0)
    pairs = couple(quiet, h=[0.125], T=3.0, paths=1, seed=1)
    period = np.log(3.0)
    euler_times = simulate(quiet, h=0.125, T=3.0, paths=1, seed=1).spikes(0)
    assert pairs.spike_counts.tolist() == [[2]]
    assert pairs.histories.extra.tolist() == [[[0]]]
    late = np.abs(euler_times - [period, 2 * period]).max()
    assert pairs.histories.distance[0, 0, 0] == pytest.approx(late, abs=1e-10)
    assert pairs.slowest[0, 0] == pytest.approx(0.5, abs=1e-8)
    (kept,) = pairs.spike_pairs(1.0)
    assert kept.delay == pytest.approx(euler_times - [period, 2 * period], abs=1e-10)
    assert kept.time == pytest.approx([period, 2 * period], abs=1e-10)


# --- parts --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def balanced():
    return couple(BALANCED, h=2.0 ** -np.arange(3.0, 7.0), T=4.0, paths=4096, seed=33)


def test_parts_add_up(balanced):
    tolerance = 8.0 * balanced.h
    kinds = balanced.histories.classify(tolerance[:, None, None])[..., 0]
    assert set(np.unique(kinds)) == {0, 1, 2}
    parts = balanced.parts(tolerance)
    chances = balanced.probabilities(tolerance)
    errors = balanced.square_errors
    for k in range(4):
        split = [np.where(kinds[k] == kind, errors[k], 0.0) for kind in range(3)]
        assert np.array_equal(split[0] + split[1] + split[2], errors[k])  # path by path
        means = [part[k].mean for part in parts]
        assert means[0] == pytest.approx(sum(means[1:]), rel=1e-14)
        assert means[1:] == pytest.approx([s.mean() for s in split], rel=1e-13)
        shares = [part[k].mean for part in chances]
        assert shares[0] == 1.0
        assert sum(shares[1:]) == pytest.approx(1.0, rel=1e-14)
        assert shares[1:] == pytest.approx([(kinds[k] == kind).mean() for kind in range(3)])
    assert [e.mean for e in balanced.mean_square_error()] == [w.mean for w in parts.whole]


def test_square_errors(balanced):
    assert balanced.square_errors.shape == (4, 4096)
    difference = balanced.v_euler[2, 17, 0] - balanced.v[17, 0]
    assert balanced.square_errors[2, 17] == difference**2


def test_strong_order_one():
    # The mean-square error of the spiking neuron is O(h), half the order below threshold.
    pairs = couple(BALANCED, h=2.0 ** -np.arange(3.0, 7.0), T=4.0, paths=16384, seed=33)
    low, high = fit_order(pairs.h, pairs.square_errors).order.interval(0.999)
    assert low > 0.7
    assert high < 1.3


def test_a_larger_tolerance_matches_more(balanced):
    shares = [balanced.probabilities(d).matched[0].mean for d in (0.1, 0.5, 2.0)]
    assert shares == sorted(shares)


def test_spike_pairs_follow_their_definition(balanced):
    tolerance = 0.2
    exact = simulate(BALANCED, h=2.0**-6, T=4.0, paths=4096, seed=33, scheme="exact").all_spikes()
    wide = balanced.spike_pairs(100.0)
    for level, kept in enumerate(balanced.spike_pairs(tolerance)):
        everything = wide[level]
        expected = []
        lost_path = -1
        for path, delay in zip(everything.path, everything.delay, strict=True):
            if abs(delay) > tolerance:
                lost_path = path
            expected.append(path != lost_path)
        keep = np.array(expected)
        for name, own, others in zip(kept._fields, kept, everything, strict=True):
            assert np.array_equal(own, others[keep]), name
        # The k-th pair of a path has the path's k-th exact spike.
        both = np.minimum(balanced.spike_counts, balanced.spike_counts_euler[level])[:, 0]
        assert np.array_equal(np.bincount(everything.path, minlength=4096), both)
        first_of_path = np.searchsorted(exact["path"], np.arange(4096))
        k = np.arange(both.sum()) - np.repeat(np.cumsum(both) - both, both)
        index = first_of_path[everything.path] + k
        assert np.array_equal(exact["time"][index], everything.time)
        assert np.array_equal(exact["speed"][index], everything.speed)
        assert ((everything.lag >= 0.0) & (everything.lag <= balanced.h[level])).all()


# --- snapshots ----------------------------------------------------------------------------------


def test_snapshots_are_separate_runs():
    times = [0.5, 1.0, 2.5]
    pairs = run(h=[0.5, 0.125, 0.0625], times=times)
    assert [look.T for look in pairs.snapshots] == times
    for look in pairs.snapshots:
        assert_same(
            run(h=[0.5, 0.125, 0.0625], T=look.T, times=[t for t in times if t < look.T]), look
        )
        for one, other in zip(
            look.spike_pairs(0.3),
            run(h=[0.5, 0.125, 0.0625], T=look.T).spike_pairs(0.3),
            strict=True,
        ):
            assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    plain = run(h=[0.5, 0.125, 0.0625])
    assert np.array_equal(plain.v_euler, pairs.v_euler)
    assert np.array_equal(plain.v, pairs.v)


def test_a_look_between_coarse_steps_shows_the_last_one():
    pairs = run(h=[0.5, 0.0625], times=[0.5, 0.75])
    early, between = pairs.snapshots
    assert np.array_equal(early.v_euler[0], between.v_euler[0])
    assert not np.array_equal(early.v_euler[1], between.v_euler[1])
    assert np.array_equal(run(h=[0.5, 0.0625]).v_euler, pairs.v_euler)


# --- repeatability ------------------------------------------------------------------------------


def test_executors_change_no_bit(one_thread, processes):
    own = run(times=[1.0])
    assert_same(own, run(times=[1.0], executor=one_thread))
    assert_same(own, run(times=[1.0], executor=processes))
    with ThreadPoolExecutor(2) as two_threads:
        assert_same(own, run(times=[1.0], executor=two_threads))
    for one, other in zip(own.spike_pairs(0.3), own.spike_pairs(0.3, processes), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("start", [None, (0.25, 1.75)], ids=["default start", "start"])
def test_more_paths_change_no_earlier_one(start):
    whole = run(start=start, paths=700)
    for paths in (1, 100, 257, 300):
        assert_same(run(start=start, paths=paths), whole)


def test_seeds():
    assert_same(run(), run(seed=np.random.SeedSequence(31)))
    assert not np.isin(run(seed=32).i, run().i).any()


# --- bad input ----------------------------------------------------------------------------------

BAD_VALUES = [
    ({"h": []}, r"h = \[\] is empty; allowed: a sequence of one or more step sizes"),
    ({"h": [0.1, 0.0]}, r"h\[1\] = 0\.0 is out of range; allowed: a number > 0"),
    ({"h": [-0.1]}, r"h\[0\] = -0\.1 is out of range; allowed: a number > 0"),
    ({"h": [np.nan]}, r"h\[0\] = nan is out of range"),
    ({"h": [0.1, np.inf]}, r"h\[1\] = inf is out of range"),
    ({"h": [0.2, 0.3]}, r"h\[1\] = 0\.3 does not nest with h\[0\] = 0\.2; allowed: distinct steps"),
    ({"h": [0.4, 0.2, 0.3]}, r"does not nest"),
    ({"h": [0.25, 0.125, 0.25]}, r"h\[\d\] = 0\.25 does not nest with h\[\d\] = 0\.25"),
    ({"h": [0.25, 0.75], "T": 1.0}, r"T = 1\.0 is not a multiple of h = 0\.75"),
    ({"h": [1.0, 0.5]}, r"h = 1\.0 is beyond Euler's stability limit 2/\(1/tau\) = 1"),
    ({"T": 0.0}, r"T = 0\.0 is out of range; allowed: a number > 0"),
    ({"T": -1.0}, r"T = -1\.0 is out of range"),
    ({"T": np.nan}, r"T = nan is out of range"),
    ({"T": np.inf}, r"T = inf is out of range"),
    ({"paths": 0}, r"paths = 0 is out of range; allowed: an integer >= 1"),
    ({"paths": 10**13}, r"10000000000000 paths at 3 step sizes and 1 times would take \d+\.\d GiB"),
    ({"seed": -1}, r"seed = -1 is negative"),
    ({"start": (1.5, 1.0)}, r"start: path 0 has V = 1\.5"),
    ({"times": [1.0, 1.0]}, r"times\[1\] = 1\.0; allowed: increasing multiples"),
    ({"times": [2.0, 1.0]}, r"times\[1\] = 1\.0; allowed: increasing multiples"),
    ({"times": [0.1]}, r"times\[0\] = 0\.1; allowed: .* finest h = 0\.0625, each below T = 4"),
    ({"times": [4.0]}, r"times\[0\] = 4\.0; allowed: .* each below T = 4"),
    ({"times": [0.0]}, r"times\[0\] = 0\.0 is out of range; allowed: a number > 0"),
    ({"times": [np.nan]}, r"times\[0\] = nan is out of range"),
]

BAD_TYPES = [
    *(({"h": h}, r"h = .*; allowed: a sequence of one or more") for h in ("0.1", None, {0.1})),
    ({"h": np.array(0.1)}, r"h = .*; allowed: a sequence"),
    ({"h": np.array([[0.1]])}, r"h = .*; allowed: a sequence"),
    ({"h": [0.1, "x"]}, r"h\[1\] = 'x' is a str; allowed: a number > 0"),
    ({"h": [True]}, r"h\[0\] = True is a bool; allowed"),
    ({"h": [[0.1], [0.1, 0.2]]}, r"h\[0\] = \[0\.1\] is a list; allowed"),
    *(({"T": T}, r"T = .* is a \w+; allowed: a number > 0") for T in (True, "4", None)),
    *(({"paths": p}, r"paths = .* is a \w+; allowed: an int") for p in (True, "9", None, 1.5)),
    *(({"seed": s}, r"seed = .* is a \w+; allowed") for s in (True, "1", None, 1.5)),
    ({"start": 1.0}, r"start = 1\.0; allowed: None or a pair"),
    *(({"times": t}, r"times = .*; allowed: a sequence of times") for t in (1.0, "1", None, {1.0})),
    ({"times": [None]}, r"times\[0\] = None is a NoneType; allowed"),
    ({"executor": 4}, r"executor = 4 is a int; allowed: None, a concurrent\.futures\.Executor"),
]


@pytest.fixture
def no_work(monkeypatch):
    def work(*_):
        raise AssertionError("a block was simulated")

    monkeypatch.setattr("lifcore.runs.coupling.compare_block", work)


@pytest.mark.parametrize(("changes", "message"), BAD_VALUES, ids=lambda x: str(x)[:40])
@pytest.mark.usefixtures("no_work")
def test_bad_values(changes, message):
    with pytest.raises(ValueError, match=message):
        run(**changes)


@pytest.mark.parametrize(("changes", "message"), BAD_TYPES, ids=lambda x: str(x)[:40])
@pytest.mark.usefixtures("no_work")
def test_bad_types(changes, message):
    with pytest.raises(TypeError, match=message):
        run(**changes)


def test_bad_model():
    with pytest.raises(TypeError, match=r"model = 3 is a int; allowed: lifcore\.LIF"):
        couple(3, **REQUEST)


@pytest.mark.parametrize("call", ["parts", "probabilities", "spike_pairs"])
def test_bad_tolerances(call):
    ask = getattr(run(), call)
    for value in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match=r"tolerance = .* is out of range; allowed"):
            ask(value)
        with pytest.raises(ValueError, match=r"tolerance\[1\] = .* is out of range; allowed"):
            ask([0.1, value, 0.1])
    with pytest.raises(ValueError, match=r"tolerance has 2 values; allowed: one number, or 3"):
        ask([0.1, 0.2])
    for value in (True, "0.1", None, {0.1}):
        with pytest.raises(TypeError, match=r"tolerance = .* is a \w+; allowed"):
            ask(value)
    with pytest.raises(TypeError, match=r"tolerance\[0\] = None is a NoneType; allowed"):
        ask([None, 0.1, 0.1])


def test_no_leak_and_no_decay_are_allowed():
    for neuron in (LIF(g=0.0), LIF(tau=np.inf), LIF(g=0.0, tau=np.inf)):
        pairs = couple(neuron, h=[0.25, 0.125], T=2.0, paths=256, seed=1)
        assert np.isfinite(pairs.v_euler).all()
        assert pairs.spike_counts.any()


def test_results_are_told_in_a_line():
    run = couple(LIF(), h=[0.1, 0.05], T=1.0, paths=3, seed=1)
    assert repr(run) == (
        "CoupledEnsemble(3 paths, 1 neurons, euler at h = 0.1, 0.05, T = 1, "
        f"{run.spike_counts.sum()} exact spikes)"
    )
    ensemble = simulate(LIF(), h=0.1, T=1.0, paths=3, seed=1)
    assert repr(ensemble) == (
        f"Ensemble(3 paths, 1 neurons, euler, h = 0.1, T = 1, {ensemble.spike_counts.sum()} spikes)"
    )
