"""Networks with loops: what must change no bit, and coupled runs."""

import importlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import sparse

from circuits import LONG_STEP, LOOPS, POPULATION, SHARED, SIZES, coupled_increments
from lifcore import LIF, Recurrent, couple, simulate, simulate_spikes
from lifcore.strong.profiles import error_profile
from oracles import euler_network, euler_path

pytestmark = LONG_STEP
RUN = {"h": 0.125, "T": 4.0, "paths": 40, "seed": 5}
SCHEMES = ("euler", "exact")
BOTH = pytest.mark.parametrize("net", [LOOPS, SHARED], ids=["own noises", "common noise"])


def assert_same(one, other, paths=None):
    for name in ("v", "i", "spike_counts"):
        assert np.array_equal(getattr(one, name), getattr(other, name)[:paths]), name
    table = other.all_spikes()
    assert np.array_equal(one.all_spikes(), table[table["path"] < one.v.shape[0]])


def assert_same_pairs(one, other, paths=None):
    for name in ("v", "i", "spike_counts", "slowest"):
        assert np.array_equal(getattr(one, name), getattr(other, name)[:paths]), name
    for name in ("v_euler", "i_euler", "spike_counts_euler", "slowest_euler"):
        assert np.array_equal(getattr(one, name), getattr(other, name)[:, :paths]), name
    for part, same in zip(one.histories, other.histories, strict=True):
        assert np.array_equal(part, same[:, :paths])


# --- what must change no bit --------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("scheme", SCHEMES)
def test_executors_change_no_bit(net, scheme, one_thread, processes, monkeypatch):
    whole = simulate(net, scheme=scheme, **RUN)
    monkeypatch.setattr("lifcore.runs.executors.PORTION", 7 * 5 * 32)  # 7 paths a task
    with ThreadPoolExecutor(2) as two_threads:
        for executor in (one_thread, two_threads, processes):
            run = simulate(net, scheme=scheme, executor=executor, **RUN)
            assert run._run.width == 7
            assert_same(run, whole)
            assert np.array_equal(run.all_spikes(executor), whole.all_spikes())


@BOTH
def test_executors_change_no_bit_of_a_coupled_run(net, one_thread, processes, monkeypatch):
    whole = couple(net, **SIZES)
    monkeypatch.setattr("lifcore.runs.executors.PORTION", 7 * 20 * 32)
    with ThreadPoolExecutor(2) as two_threads:
        kept = []
        for executor in (one_thread, two_threads, processes):
            run = couple(net, executor=executor, **SIZES)
            assert run._run.width == 7
            assert_same_pairs(run, whole)
            for one, other in zip(
                run.spike_pairs(0.4, executor), whole.spike_pairs(0.4), strict=True
            ):
                # Block by block, so that their order depends on the width.
                orders = (np.lexsort((x.time, x.neuron, x.path)) for x in (one, other))
                for part, order in zip((one, other), orders, strict=True):
                    assert part.path.size == order.size > 100
                    kept.append([column[order] for column in part])
                assert np.array_equal(*kept[-2:])


@BOTH
@pytest.mark.parametrize("width", [1, 3, 256])
def test_portions_and_further_paths_change_no_bit(net, width, monkeypatch):
    start = np.linspace(-0.5, 0.6, 200).reshape(40, 5), np.linspace(0.2, 2.0, 200).reshape(40, 5)
    few = start[0][:10], start[1][:10]
    runs = {scheme: simulate(net, scheme=scheme, start=start, **RUN) for scheme in SCHEMES}
    pairs = couple(net, start=start, **SIZES)
    monkeypatch.setattr("lifcore.runs.executors.portion", lambda *_: width)
    for module in ("lifcore.runs.simulate", "lifcore.runs.coupled_block"):
        monkeypatch.setattr(importlib.import_module(module), "portion", lambda *_: width)
    for scheme, whole in runs.items():
        assert_same(simulate(net, scheme=scheme, start=start, **RUN), whole)
        less = simulate(net, scheme=scheme, start=few, **RUN | {"paths": 10})
        assert_same(less, whole, 10)
        assert less.spikes(7, 2).size == whole.spike_counts[7, 2] > 0
    assert_same_pairs(couple(net, start=start, **SIZES), pairs)
    assert_same_pairs(couple(net, start=few, **SIZES | {"paths": 10}), pairs, 10)


def test_a_small_buffer_changes_no_bit(monkeypatch):
    runs = [simulate(LOOPS, scheme=scheme, **RUN).all_spikes() for scheme in SCHEMES]
    pairs = couple(LOOPS, times=[1.0, 2.5], **SIZES)
    from lifcore.networks.layers import Recorder

    class Small(Recorder):
        def __init__(self, size):
            super().__init__(3)

    for module in ("lifcore.runs.coupled_block", "lifcore.networks.paths"):
        monkeypatch.setattr(importlib.import_module(module), "Recorder", Small)
    for scheme, spikes in zip(SCHEMES, runs, strict=True):
        run = simulate(LOOPS, scheme=scheme, **RUN)
        assert np.array_equal(run.all_spikes(), spikes)
        assert len(spikes) == run.spike_counts.sum() > 100
    again = couple(LOOPS, times=[1.0, 2.5], **SIZES)
    assert_same_pairs(again, pairs)
    assert_same_pairs(again.snapshots[1], pairs.snapshots[1])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_sparse_is_dense_and_weight_zero_is_none(scheme):
    whole = simulate(LOOPS, scheme=scheme, **RUN)
    rows, columns = np.indices((5, 5)).reshape(2, -1)
    entries = LOOPS.weights.ravel()
    stored = sparse.csr_array((entries, columns, np.arange(0, 26, 5)), (5, 5))
    assert stored.nnz == 25 > np.count_nonzero(entries)
    doubled = sparse.coo_array(
        (np.tile(0.5 * entries, 2), (np.tile(rows, 2), np.tile(columns, 2))), (5, 5)
    )
    for weights in (
        stored,
        doubled,
        sparse.csc_matrix(LOOPS.weights),
        sparse.lil_array(LOOPS.weights),
        LOOPS.weights.tolist(),
    ):
        assert_same(simulate(Recurrent(POPULATION, weights), scheme=scheme, **RUN), whole)


def test_weights_of_a_network_are_its_own():
    given = np.eye(5)
    net = Recurrent(POPULATION, given)
    given[0, 0] = 9.0
    assert net.weights[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        net.weights[0, 0] = 3.0
    thin = sparse.csr_array(np.eye(5))
    net = Recurrent(POPULATION, thin)
    thin.data[0] = 9.0
    assert net.weights[0, 0] == 1.0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_recorded_spikes_are_those_counted(scheme, monkeypatch):
    monkeypatch.setattr("lifcore.runs.executors.PORTION", 7 * 5 * 32)
    run = simulate(SHARED, scheme=scheme, **RUN)
    table = run.all_spikes()
    assert np.array_equal(simulate_spikes(SHARED, scheme=scheme, **RUN), table)
    place = 5 * table["path"] + table["neuron"]
    assert np.array_equal(np.bincount(place, minlength=200).reshape(40, 5), run.spike_counts)
    assert (np.diff(place) >= 0).all()
    assert (np.diff(table["time"])[np.diff(place) == 0] > 0.0).all()
    assert (table["speed"] > 0.0).all()
    for path, neuron in [(0, 0), (6, 1), (7, 2), (39, 4)]:
        own = table[place == 5 * path + neuron]
        assert own.size == run.spike_counts[path, neuron]
        assert np.array_equal(run.spikes(path, neuron), own["time"])
        assert np.array_equal(run.crossing_speeds(path, neuron), own["speed"])


def test_start_of_each_path():
    v, i = np.linspace(-1.0, 0.5, 15).reshape(3, 5), np.linspace(0.5, 2.0, 15).reshape(3, 5)
    net = Recurrent(LIF(sigma=0.0, mu=POPULATION.mu), LOOPS.weights)
    for scheme in SCHEMES:
        run = simulate(net, h=0.05, T=2.0, paths=3, seed=1, scheme=scheme, start=(v, i))
        for path in range(3):
            one = (v[path : path + 1], i[path : path + 1])
            alone = simulate(net, h=0.05, T=2.0, paths=1, seed=1, scheme=scheme, start=one)
            assert np.array_equal(alone.v[0], run.v[path])
            assert np.array_equal(alone.spike_counts[0], run.spike_counts[path])


@BOTH
def test_coupled_network(net):
    pairs = couple(net, times=[1.0, 2.5], **SIZES)
    exact = simulate(net, scheme="exact", **RUN)
    for name in ("v", "i", "spike_counts"):
        assert np.array_equal(getattr(pairs, name), getattr(exact, name)), name
    for path in (0, 1, 23):
        for level, h in enumerate(SIZES["h"]):
            dw = coupled_increments(net, path, 32, 0.125).reshape(-1, round(h / 0.125), 5)
            v, i, spikes = euler_path(net.neurons, net.weights, h, dw.sum(axis=1))
            assert pairs.v_euler[level, path] == pytest.approx(v, abs=1e-10)
            assert pairs.i_euler[level, path] == pytest.approx(i, abs=1e-10)
            neurons = np.array([s[0] for s in spikes])
            counts = np.bincount(neurons, minlength=5)
            assert np.array_equal(pairs.spike_counts_euler[level, path], counts)
            for k in range(5):
                least = min((s[2] for s in spikes if s[0] == k), default=np.inf)
                assert pairs.slowest_euler[level, path, k] == pytest.approx(least, abs=1e-10)
        for k in range(5):
            speeds = exact.crossing_speeds(path, k)
            assert pairs.slowest[path, k] == min(speeds, default=np.inf)
    for look in pairs.snapshots:
        assert_same_pairs(look, couple(net, **SIZES | {"T": look.T}))
    fewer = couple(net, **SIZES | {"h": [0.125]})
    assert np.array_equal(fewer.v, pairs.v)
    assert np.array_equal(fewer.v_euler[0], pairs.v_euler[1])


def test_both_euler_oracles_agree():
    dw = np.sqrt(0.1) * np.random.default_rng(1).standard_normal((60, 5))
    v, i, spikes = euler_path(LOOPS.neurons, LOOPS.weights, 0.1, dw)
    v_2, i_2, counts, _ = euler_network(LOOPS.neurons, LOOPS.weights, 0.1, dw[..., None])
    assert v == pytest.approx(v_2[:, 0], abs=1e-12)
    assert i == pytest.approx(i_2[:, 0], abs=1e-12)
    assert len(spikes) == counts.sum() > 10


def test_histories_and_pairs_of_a_coupled_run():
    pairs, exact = couple(LOOPS, **SIZES), simulate(LOOPS, scheme="exact", **RUN)
    assert np.array_equal(pairs.histories.extra, pairs.spike_counts_euler - pairs.spike_counts)
    for level, kept in enumerate(pairs.spike_pairs(tolerance=10.0)):
        for path, neuron in [(0, 0), (17, 3), (39, 4)]:
            own = (kept.path == path) & (kept.neuron == neuron)
            both = min(
                pairs.spike_counts_euler[level, path, neuron], exact.spike_counts[path, neuron]
            )
            assert own.sum() == both
            assert np.array_equal(kept.time[own], exact.spikes(path, neuron)[:both])
            far = np.abs(kept.delay[own]).max(initial=0.0)
            assert pairs.histories.distance[level, path, neuron] == far
    whole = pairs.parts(tolerance=1.0)
    for k in range(3):
        assert whole.whole[k].mean == pytest.approx(sum(p[k].mean for p in whole[1:]), rel=1e-12)


def test_error_profile():
    request = {"h": [0.25, 0.125], "seed": 21}
    found = error_profile(LOOPS, times=[1.0, 2.0], blocks=2, tolerance=0.5, **request)
    run = couple(LOOPS, T=2.0, times=[1.0], paths=512, **request)
    assert found.square.shape == (1, 2, 2, 16)
    assert found.square == pytest.approx(found.matched + found.terminal + found.history)
    for k, look in enumerate((*run.snapshots, run)):
        square = look.square_errors.reshape(2, 16, 32).mean(axis=2) / 5
        assert found.square[0, :, k] == pytest.approx(square, abs=1e-12)
        rate = look.spike_counts.mean(axis=1).reshape(16, 32).mean(axis=1) / look.T
        assert found.rate[0, k] == pytest.approx(rate, abs=1e-12)
        parts = look.parts(0.5)
        for name in ("matched", "terminal", "history"):
            expected = [estimate.mean for estimate in getattr(parts, name)]
            assert getattr(found, name)[0, :, k].mean(axis=1) * 5 == pytest.approx(expected)
