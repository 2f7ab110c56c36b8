"""simulate(): its results, their repeatability, and everything a user can get wrong."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lifcore import LIF, Feedforward, Recurrent, couple, simulate

NEURON = LIF(mu=1.5, sigma=0.5)
REQUEST = {"h": 0.0625, "T": 4.0, "paths": 700, "seed": 21}
SCHEMES = ["euler", "exact"]


def run(**changes):
    return simulate(NEURON, **{**REQUEST, **changes})


def assert_same(one, other, paths=None):
    for name in ("v", "i", "spike_counts"):
        assert np.array_equal(getattr(one, name), getattr(other, name)[:paths]), name
    table = other.all_spikes()
    assert np.array_equal(one.all_spikes(), table[table["path"] < one.v.shape[0]])


# --- results ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
def test_shapes_types_and_agreement_of_counts_with_spikes(scheme):
    ensemble = run(scheme=scheme)
    for name, kind in [("v", np.float64), ("i", np.float64), ("spike_counts", np.int64)]:
        array = getattr(ensemble, name)
        assert array.shape == (700, 1)
        assert array.dtype == kind
        assert array.flags.c_contiguous
    assert (ensemble.h, ensemble.T) == (0.0625, 4.0)
    table = ensemble.all_spikes()
    assert np.array_equal(np.bincount(table["path"], minlength=700), ensemble.spike_counts[:, 0])
    for path in (0, 255, 256, 699):
        own = table[table["path"] == path]
        assert np.array_equal(ensemble.spikes(path), own["time"])
        assert np.array_equal(ensemble.crossing_speeds(path, 0), own["speed"])
    assert "Ensemble" in repr(ensemble)


def test_returned_spikes_are_copies():
    ensemble = run()
    path = int(np.argmax(ensemble.spike_counts))
    ensemble.spikes(path)[:] = -1.0
    assert (ensemble.spikes(path) > 0.0).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_more_spikes_than_the_first_buffer_holds(scheme):
    # There is room for 256 x 64 spikes at first; this neuron has 5 times as many.
    fast = LIF(g=0.0, tau=np.inf, mu=400.0, sigma=1.0)
    ensemble = simulate(fast, h=2.0**-10, T=1.0, paths=256, seed=1, scheme=scheme)
    table = ensemble.all_spikes()
    assert len(table) == ensemble.spike_counts.sum() > 80_000
    assert (np.diff(table["time"])[np.diff(table["path"]) == 0] > 0.0).all()


def test_default_start_is_reset_and_mean_current():
    neuron = LIF(v_reset=-0.5, sigma=0.0, mu=0.4)
    one = simulate(neuron, h=0.5, T=0.5, paths=3, seed=1)
    assert one.v.tolist() == [[-0.5 + 0.5 * (0.4 + 0.5)]] * 3
    assert one.i.tolist() == [[0.4]] * 3


@pytest.mark.parametrize("scheme", SCHEMES)
def test_start_of_each_path(scheme):
    v, i = np.linspace(-1.0, 0.9, 300), np.linspace(2.0, -1.0, 300)
    quiet = LIF(g=0.0, tau=np.inf, mu=0.0, sigma=0.0, v_th=10.0)
    ensemble = simulate(quiet, h=0.5, T=1.0, paths=300, seed=1, scheme=scheme, start=(v, i))
    assert ensemble.v[:, 0] == pytest.approx(v + i, abs=1e-14)
    assert np.array_equal(ensemble.i[:, 0], i)
    # Columns, lists, whole numbers and a mixture with a single number are as good.
    for start in [(v[:, None], i), (list(v), i), (0, i)]:
        other = simulate(quiet, h=0.5, T=1.0, paths=300, seed=1, scheme=scheme, start=start)
        assert np.array_equal(other.i, ensemble.i)


def test_start_on_the_threshold_on_the_way_down():
    ensemble = run(scheme="exact", start=(1.0, -2.0), T=0.0625)
    assert (ensemble.v < 1.0).all()
    assert not ensemble.spike_counts.any()


# --- repeatability ------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
def test_executors_change_no_bit(scheme, one_thread, processes):
    own = run(scheme=scheme)
    assert_same(own, run(scheme=scheme, executor=one_thread))
    assert_same(own, run(scheme=scheme, executor=processes))
    with ThreadPoolExecutor(2) as two_threads:
        assert_same(own, run(scheme=scheme, executor=two_threads))
        assert np.array_equal(own.all_spikes(), own.all_spikes(two_threads))
    assert np.array_equal(own.all_spikes(), own.all_spikes(processes))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("start", [None, (0.25, 1.75)], ids=["default start", "start"])
def test_more_paths_change_no_earlier_one(scheme, start):
    whole = run(scheme=scheme, start=start)
    for paths in (1, 2, 100, 256, 257, 300):
        assert_same(run(scheme=scheme, start=start, paths=paths), whole, paths)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_seeds(scheme):
    one = run(scheme=scheme)
    sequence = np.random.SeedSequence(21)
    for _ in range(2):  # a seed is not used up
        assert_same(one, run(scheme=scheme, seed=sequence))
    assert sequence.n_children_spawned == 0
    assert_same(one, run(scheme=scheme, seed=np.int64(21)))
    for other in (22, np.random.SeedSequence(21).spawn(1)[0]):
        assert not np.isin(run(scheme=scheme, seed=other).i, one.i).any()
    assert np.unique(one.i).size == 700  # no two paths share their noise


@pytest.mark.parametrize("scheme", SCHEMES)
def test_global_random_state_is_neither_read_nor_changed(scheme):
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one = run(scheme=scheme)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    np.random.seed(6)  # noqa: NPY002
    assert_same(one, run(scheme=scheme))


def test_horizons_are_prefixes():
    # A run to 2 T begins with the run to T: the increments of counts are those of later spikes.
    early, late = run(scheme="exact"), run(scheme="exact", T=8.0)
    table = late.all_spikes()
    assert np.array_equal(early.all_spikes(), table[table["time"] <= 4.0])


# --- bad input ----------------------------------------------------------------------------------

BAD_VALUES = [
    ({"h": 0.0}, r"h = 0\.0 is out of range; allowed: a number > 0"),
    ({"h": -0.1}, r"h = -0\.1 is out of range; allowed: a number > 0"),
    ({"h": np.nan}, r"h = nan is out of range; allowed"),
    ({"h": np.inf}, r"h = inf is out of range; allowed"),
    ({"T": 0.0}, r"T = 0\.0 is out of range; allowed: a number > 0"),
    ({"T": -1.0}, r"T = -1\.0 is out of range; allowed: a number > 0"),
    ({"T": np.nan}, r"T = nan is out of range; allowed"),
    ({"T": np.inf}, r"T = inf is out of range; allowed"),
    (
        {"h": 0.3, "T": 1.0},
        r"T = 1\.0 is not a multiple of h = 0\.3; allowed: T = n h .* h = 0\.25",
    ),
    ({"h": 2.0, "T": 1.0, "scheme": "exact"}, r"T = 1\.0 is not a multiple of h = 2\.0"),
    ({"h": 1e-300, "T": 1e300}, r"T = 1e\+300 is not a multiple of h"),
    (
        {"h": 1.0, "T": 4.0},
        r"h = 1\.0 is beyond Euler's stability limit 2/\(1/tau\) = 1; allowed: h < 1",
    ),
    ({"paths": 0}, r"paths = 0 is out of range; allowed: an integer >= 1"),
    ({"paths": -3}, r"paths = -3 is out of range; allowed: an integer >= 1"),
    (
        {"paths": 10**13},
        r"10000000000000 paths would take 579257\.2 GiB, this machine has [\d.]+ GiB",
    ),
    ({"seed": -1}, r"seed = -1 is negative; allowed: an integer >= 0"),
    (
        {"scheme": "heun"},
        r"scheme = 'heun' is unknown; allowed: 'euler' or .* or 'exact'",
    ),
    ({"start": (1.5, 1.0)}, r"start: path 0 has V = 1\.5, .* allowed: V < v_th = 1"),
    ({"start": (1.0, 1.0)}, r"start: path 0 has V = 1, I = 1; .* on the way down \(I < 1\)"),
    ({"start": (np.nan, 1.0)}, r"start: V holds NaN or infinity; allowed: finite numbers"),
    ({"start": (0.0, np.inf)}, r"start: I holds NaN or infinity; allowed: finite numbers"),
    (
        {"start": (np.zeros(3), 1.0)},
        r"start: V has shape \(3,\); allowed: a number or shape \(700,\)",
    ),
    ({"start": (0.0, np.zeros((2, 350)))}, r"start: I has shape \(2, 350\); allowed"),
    (
        {"start": (np.linspace(0.0, 1.5, 700), 1.0)},
        r"start: path 466 has V = 1, I = 1; allowed",
    ),
]

BAD_TYPES = [
    *(
        ({name: value}, rf"{name} = .* is a \w+; allowed: a number > 0")
        for name in ("h", "T")
        for value in (True, "0.1", None, [0.1])
    ),
    *(
        ({"paths": p}, r"paths = .* is a \w+; allowed: an int")
        for p in (True, "9", None, 1.5, np.nan)
    ),
    *(
        ({"seed": s}, r"seed = .* is a \w+; allowed: an integer")
        for s in (True, "1", None, 1.5, [1])
    ),
    *(
        ({"scheme": s}, r"scheme = .* is a \w+; allowed: 'euler' or .* or 'exact'")
        for s in (None, 1, True)
    ),
    *(
        ({"start": s}, r"start = .*; allowed: None or a pair \(V, I\)")
        for s in (1.0, (0.0,), (0.0, 1.0, 2.0), {0.0, 1.0})
    ),
    ({"start": ("0", 1.0)}, r"start: V = '0'; allowed: a number or 700 numbers"),
    ({"start": (None, 1.0)}, r"start: V = None; allowed: a number"),
    ({"start": (0.0, True)}, r"start: I = True; allowed: a number"),
    ({"start": (0.0, [[1.0], [1.0, 2.0]])}, r"start: I = .*; allowed: a number"),
    *(
        (
            {"executor": e},
            r"executor = .* is a \w+; allowed: None, a concurrent\.futures\.Executor, or 'threads'",
        )
        for e in (4, ThreadPoolExecutor)
    ),
]


@pytest.fixture
def no_work(monkeypatch):
    def work(*_):
        raise AssertionError("a block was simulated")

    monkeypatch.setattr(sys.modules["lifcore.runs.simulate"], "final_block", work)


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


@pytest.mark.parametrize("model", [None, "LIF", LIF, {"g": 1.0}], ids=repr)
def test_bad_model(model):
    with pytest.raises(TypeError, match=r"model = .* allowed: lifcore\.LIF"):
        simulate(model, **REQUEST)


def test_stability_limits_bind_euler_alone():
    for neuron, limit, above in [
        (LIF(g=4.0), r"2/\(g\) = 0\.5", r"above 1/g"),
        (LIF(tau=0.25), r"2/\(1/tau\) = 0\.5", r"above tau"),
    ]:
        with pytest.raises(ValueError, match=limit):
            simulate(neuron, h=0.5, T=1.0, paths=1, seed=1)
        simulate(neuron, h=0.5, T=1.0, paths=1, seed=1, scheme="exact")
        with pytest.warns(UserWarning, match=above):
            simulate(neuron, h=0.49, T=0.98, paths=1, seed=1)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_leak_and_no_decay_are_allowed(scheme):
    for neuron in (LIF(g=0.0), LIF(tau=np.inf), LIF(g=0.0, tau=np.inf)):
        ensemble = simulate(neuron, h=0.25, T=2.0, paths=256, seed=1, scheme=scheme)
        assert np.isfinite(ensemble.v).all()
        assert ensemble.spike_counts.any()


def test_steps_that_floats_cannot_hold_exactly():
    assert run(h=0.1, T=0.3).spike_counts.shape == (700, 1)
    assert run(h=1.0 / 3.0, T=7.0).T == 7.0


@pytest.mark.parametrize("call", ["spikes", "crossing_speeds"])
def test_bad_indices(call):
    ensemble = run()
    with pytest.raises(IndexError, match=r"path = 700 is out of range; allowed: .* 0 to 699"):
        getattr(ensemble, call)(700)
    with pytest.raises(IndexError, match=r"path = -1 is out of range"):
        getattr(ensemble, call)(-1)
    with pytest.raises(IndexError, match=r"neuron = 1 is out of range; allowed: .* 0 to 0"):
        getattr(ensemble, call)(0, 1)
    for wrong in (True, 0.0, None, "0"):
        with pytest.raises(TypeError, match=r"path = .* is a \w+; allowed: an integer"):
            getattr(ensemble, call)(wrong)


@pytest.mark.parametrize("scheme", ["euler", "exact"])
@pytest.mark.parametrize(("h", "T"), [(0.1, 0.3), (0.1, 0.7), (0.05, 0.15)])
def test_no_spike_is_stamped_after_the_horizon(scheme, h, T):
    # 3 * 0.1 is above 0.3, as floats; the spikes of the last step are counted in (0, T].
    assert round(T / h) * h > T
    fast = LIF(mu=8.0, sigma=4.0)
    for model in (fast, Feedforward([fast, fast], [[[0.1]]]), Recurrent(fast, np.zeros((2, 2)))):
        run = simulate(model, h=h, T=T, paths=600, seed=1, scheme=scheme)
        times = run.all_spikes()["time"]
        assert times.size == run.spike_counts.sum() > 0
        assert times.max() <= T
        if scheme == "euler":
            assert times.max() == T
        pairs = couple(model, h=[h], T=T, paths=600, seed=1).spike_pairs(tolerance=T)[0]
        assert (pairs.time + pairs.delay <= T * (1.0 + 1e-15)).all()
        assert pairs.time.max() <= T


@pytest.mark.parametrize("noise", ["numpy", "gauss"])
@pytest.mark.parametrize("model", [LIF(mu=1.5), Feedforward([LIF(mu=1.5), LIF()], [[[0.4]]])])
def test_only_spikes_of_paths_asked_for_are_kept(model, noise):
    from lifcore.runs.ensemble import _simulate_block

    # The exact scheme moves a whole block even so, and its other lanes drive the second layer.
    for scheme in ("euler", "exact") if noise == "numpy" else ("euler",):
        request = {"h": 1 / 16, "T": 8.0, "seed": 1, "scheme": scheme, "noise": noise}
        run = simulate(model, paths=3, **request)
        kept = _simulate_block(run._run, 0, 3, record=True)[3]
        assert set(kept["lane"]) == {0, 1, 2}
        assert kept.size == run.spike_counts.sum()
        whole = simulate(model, paths=256, **request).all_spikes()
        assert np.array_equal(run.all_spikes(), whole[whole["path"] < 3])
