"""Loops cut at some depth, and the causal chains that tell when that changes nothing."""

import dataclasses
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import sparse

from circuits import LAYERED, LONG_STEP, LOOPS, POPULATION, SHARED, SIZES, coupled_increments, quiet
from lifcore import LIF, Recurrent, couple, simulate, simulate_spikes
from lifcore.loops.chains import block_chains, chain_lengths
from lifcore.loops.truncation import truncations
from lifcore.networks.layers import Recorder
from lifcore.networks.synapses import by_source
from lifcore.noise.covariance import voltage_kernel
from oracles import driven_neuron

pytestmark = LONG_STEP
NAMES = ("v", "i", "spike_counts")
NO_DIAGONAL = LOOPS.weights * (1.0 - np.eye(5))


def assert_alike(one, other, depth, paths=slice(None)):
    """`one` goes down to `depth` on some of the paths of `other`: in that, they are the same."""
    rows = [*range(depth + 1), -1]
    for name in NAMES:
        assert np.array_equal(getattr(one, name), getattr(other, name)[rows][:, paths]), name
        name += "_euler"
        assert np.array_equal(getattr(one, name), getattr(other, name)[:, rows][:, :, paths]), name
    assert np.array_equal(one.chains, other.chains[paths])
    assert np.array_equal(one.joint_chains, other.joint_chains[rows[:-1]][:, paths])


def same_as_network(found):
    """Which paths of X^(k) are those of X in every bit, shape (K + 1, paths)."""
    parts = (getattr(found, name) for name in NAMES)
    return np.logical_and.reduce([(part[:-1] == part[-1]).all(axis=2) for part in parts])


# --- truncated loops ----------------------------------------------------------------------------


@pytest.mark.parametrize("net", [LOOPS, SHARED], ids=["own noises", "common noise"])
def test_the_last_is_the_network_and_the_first_has_no_input(net):
    found = truncations(net, depth=3, **SIZES)
    free = dataclasses.replace(net, weights=np.zeros((5, 5)))
    for k, model in ((-1, net), (0, free)):
        pairs = couple(model, **SIZES)
        for name in NAMES:
            assert np.array_equal(getattr(found, name)[k], getattr(pairs, name)), name
            name += "_euler"
            assert np.array_equal(getattr(found, name)[:, k], getattr(pairs, name)), name
    assert (found.h.tolist(), found.T) == (SIZES["h"], SIZES["T"])
    assert found.v.shape == found.spike_counts.shape == (5, 40, 5)
    assert found.i_euler.shape == (3, 5, 40, 5)
    assert (found.chains.shape, found.joint_chains.shape) == ((40,), (4, 40))
    errors = found.square_errors()
    assert errors[2, 7] == pytest.approx(((found.v[2, 7] - found.v[4, 7]) ** 2).sum())
    assert errors.shape == (4, 40)


def picard(net, h, dw, depth):
    """Euler's V, I and counts of X^(0) to X^(depth): each hears the spike trains of the last."""
    column = {f.name: net.column(f.name) for f in dataclasses.fields(LIF)}
    heard, out = np.zeros(dw.shape), []
    for _ in range(depth + 1):
        v, i = net.at_rest
        spikes = np.zeros(dw.shape)
        for n, increment in enumerate(dw):
            moved = v + h * (i - column["g"] * v)
            spikes[n] = moved >= column["v_th"]
            i = i + h / column["tau"] * (column["mu"] - i) + column["sigma"] * increment
            i = i + net.weights @ heard[n]
            v = np.where(spikes[n] > 0.0, column["v_reset"], moved)
        out.append((v, i, spikes.sum(axis=0)))
        heard = spikes
    return out


@pytest.mark.parametrize("net", [LOOPS, SHARED], ids=["own noises", "common noise"])
def test_euler_is_picard_s_iteration(net):
    found = truncations(net, depth=4, **SIZES)
    for path in (0, 3, 22, 39):
        for level, h in enumerate(SIZES["h"]):
            dw = coupled_increments(net, path, 32, 0.125).reshape(-1, round(h / 0.125), 5)
            for k, (v, i, counts) in enumerate(picard(net, h, dw.sum(axis=1), 4)):
                assert found.v_euler[level, k, path] == pytest.approx(v, abs=1e-10)
                assert found.i_euler[level, k, path] == pytest.approx(i, abs=1e-10)
                assert np.array_equal(found.spike_counts_euler[level, k, path], counts)


def exact_picard(net, T, depth):
    """The same without noise and exactly: V, I and spike trains, from sums of responses."""
    trains, out = [np.empty(0)] * 5, []
    for _ in range(depth + 1):
        heard, trains, state = trains, [], []
        for k, own in enumerate(net.neurons):
            arrivals = [(t, net.weights[k, j]) for j in range(5) for t in heard[j]]
            spikes = driven_neuron(own, arrivals, T, own.v_reset, own.mu)
            trains.append(np.array([time for time, _ in spikes]))
            rest, gap = own.mu / own.g, own.v_th - own.v_reset
            v = rest + (own.v_reset - rest) * math.exp(-own.g * T)
            v -= gap * np.exp(-own.g * (T - trains[-1])).sum()
            v += sum(w * voltage_kernel(own.g, own.a, np.array([T - t]))[0] for t, w in arrivals)
            state.append((v, own.mu + sum(w * math.exp(-own.a * (T - t)) for t, w in arrivals)))
        out.append((*np.transpose(state), trains))
    return out


@pytest.mark.parametrize("h", [0.5, 0.0625])
def test_exact_without_noise_is_picard_s_iteration(h):
    net = Recurrent(quiet(POPULATION), NO_DIAGONAL)
    expected = exact_picard(net, 4.0, 4)
    found = truncations(net, depth=4, h=[h], T=4.0, paths=1, seed=1)
    table = []
    for k, (v, i, trains) in enumerate(expected):
        assert found.v[k, 0] == pytest.approx(v, abs=1e-8)
        assert found.i[k, 0] == pytest.approx(i, abs=1e-8)
        assert found.spike_counts[k, 0].tolist() == [train.size for train in trains]
        table += [(0, j, k, round(t, 8)) for j in range(5) for t in trains[j]]
    assert np.unique(found.v[:, 0, 0]).size == 6
    # Chains: an iterate's spikes at the instant of the network's do not cause them.
    own = simulate_spikes(net, h=h, T=4.0, paths=1, seed=1, scheme="exact")
    table += [(0, s["neuron"], 5, round(float(s["time"]), 8)) for s in own]
    assert found.chains == chain_lengths(net, own, 1) == longest(net.weights, table, {5})
    for k in range(5):
        assert found.joint_chains[k, 0] == longest(net.weights, table, {5, *range(k)})


def test_the_first_iterate_hears_the_neurons_without_input():
    request = {"T": 4.0, "paths": 40, "seed": 5}
    found = truncations(LOOPS, depth=1, h=[0.125], **request)
    none = Recurrent(POPULATION, np.zeros((5, 5)))
    free = simulate(none, h=0.125, scheme="exact", **request)
    for path in range(40):
        for k, own in enumerate(LOOPS.neurons):
            i = free.i[path, k]
            for j in range(5):
                age = 4.0 - free.spikes(path, j)
                i += LOOPS.weights[k, j] * np.exp(-own.a * age).sum()
            assert found.i[1, path, k] == pytest.approx(i, abs=1e-9)


def sparse_network(kind, common):
    """Twelve neurons of different kinds with few synapses, some of them onto themselves."""
    rng, n = np.random.default_rng(3), 12
    limits = {"mu": (1.2, 2.0), "sigma": (0.3, 0.7), "v_reset": (-0.2, 0.1)}
    if not common:
        limits |= {"g": (0.8, 1.3), "tau": (0.3, 0.8)}
    lif = LIF(**{name: rng.uniform(*ends, n) for name, ends in limits.items()})
    weights = rng.uniform(0.2, 0.6, (n, n)) * (rng.random((n, n)) < 0.15)
    assert weights.diagonal().any()
    sign = {"excitatory": 1.0, "inhibitory": -1.0, "mixed": np.where(np.arange(n) % 3, 1.0, -1.0)}
    return Recurrent(lif, weights * sign[kind], common=common)


@pytest.mark.parametrize("kind", ["excitatory", "inhibitory", "mixed"])
@pytest.mark.parametrize(("h", "common"), [(0.375, 0.0), (0.0625, 0.0), (0.125, 0.4)])
def test_truncated_loops_are_the_network_where_chains_are_short(kind, h, common):
    net, short, differ = sparse_network(kind, common), 0, 0
    for seed in (1, 2):
        found = truncations(net, depth=7, h=[h], T=1.5, paths=200, seed=seed)
        same, few = same_as_network(found), found.joint_chains <= np.arange(8)[:, None]
        assert same[few].all()
        assert (found.joint_chains[0] == found.chains).all()
        assert (np.diff(found.joint_chains, axis=0) >= 0).all()
        short, differ = short + few.sum(), differ + (~same).sum()
    assert short > 800
    assert differ > 600


def test_chains_of_the_network_alone_do_not_tell():
    # Inhibition by 0 silences 1 in the network, but X^(0) has its spike, and X^(1) hears it at 2.
    neuron = LIF(mu=np.array([3.0, 1.5, 0.5]), sigma=0.0)
    net = Recurrent(neuron, [[0.0, 0.0, 0.0], [-3.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    found = truncations(net, depth=3, h=[1 / 16], T=1.25, paths=1, seed=1)
    assert found.spike_counts[:, 0, 1].tolist() == [1, 0, 0, 0, 0]
    assert found.chains.tolist() == [1]
    assert found.joint_chains[:, 0].tolist() == [1, 2, 2, 2]
    assert same_as_network(found)[:, 0].tolist() == [False, False, True, True]
    assert found.i[1, 0, 2] > 0.5 + 0.1
    assert found.i[2, 0, 2] == 0.5


def test_euler_of_as_many_iterates_as_steps_is_the_network_s():
    found = truncations(LOOPS, depth=16, h=[0.25, 0.5], T=4.0, paths=40, seed=3)
    for name in NAMES:
        part = getattr(found, name + "_euler")
        for level, steps in enumerate((16, 8)):
            assert np.array_equal(part[level, steps], part[level, -1]), name
            assert not np.array_equal(part[level, 2], part[level, -1])


@pytest.mark.parametrize("h", [0.5, 0.0625])
def test_layers_have_no_loops(h):
    found = truncations(
        Recurrent(LIF(mu=1.4), LAYERED), depth=3, h=[h, h / 2], T=4.0, paths=50, seed=4
    )
    for name in NAMES:
        for k in (2, 3):
            assert np.array_equal(getattr(found, name)[k], getattr(found, name)[-1])
            part = getattr(found, name + "_euler")
            assert np.array_equal(part[:, k], part[:, -1])
        assert np.array_equal(getattr(found, name)[1, :, :4], getattr(found, name)[-1, :, :4])
    assert not same_as_network(found)[1].any()
    assert found.joint_chains.max() == 2


def test_what_changes_no_bit(one_thread, monkeypatch):
    whole = truncations(LOOPS, depth=5, **SIZES)
    for depth in (0, 2):
        assert_alike(truncations(LOOPS, depth=depth, **SIZES), whole, depth)
    thin = Recurrent(POPULATION, sparse.coo_array(LOOPS.weights))
    assert_alike(truncations(thin, depth=5, **SIZES), whole, 5)
    monkeypatch.setattr("lifcore.runs.executors.PORTION", 7 * 20 * 32)  # 7 paths a task
    with ThreadPoolExecutor(2) as two_threads:
        for executor in (one_thread, two_threads):
            assert_alike(truncations(LOOPS, depth=5, executor=executor, **SIZES), whole, 5)
    assert_alike(truncations(LOOPS, depth=5, **SIZES | {"paths": 9}), whole, 5, slice(9))
    monkeypatch.setattr("lifcore.loops.truncation.Recorder", lambda _: Recorder(3))
    assert_alike(truncations(LOOPS, depth=5, **SIZES), whole, 5)


def test_every_path_has_its_start(monkeypatch):
    start = np.linspace(-0.5, 0.6, 200).reshape(40, 5), np.linspace(0.2, 2.0, 200).reshape(40, 5)
    monkeypatch.setattr("lifcore.runs.executors.PORTION", 7 * 20 * 32)
    found = truncations(LOOPS, depth=1, start=start, **SIZES)
    for k, weights in ((-1, LOOPS.weights), (0, np.zeros((5, 5)))):
        pairs = couple(Recurrent(POPULATION, weights), start=start, **SIZES)
        assert np.array_equal(found.v[k], pairs.v)
        assert np.array_equal(found.i_euler[:, k], pairs.i_euler)


# --- chains -------------------------------------------------------------------------------------


def longest(weights, spikes, allowed):
    """Events in the longest chain of (lane, neuron, series, time) of allowed series, by search."""
    spikes = [s for s in spikes if s[2] in allowed]
    known = {}

    def events(n):
        if n not in known:
            _, k, _, t = spikes[n]
            causes = (m for m, s in enumerate(spikes) if s[3] < t and weights[k, s[1]] != 0.0)
            known[n] = 1 + max((events(m) for m in causes), default=0)
        return known[n]

    return max((events(n) for n, s in enumerate(spikes) if weights[:, s[1]].any()), default=0)


@pytest.mark.parametrize("seed", range(6))
def test_chains_of_random_spikes(seed):
    rng = np.random.default_rng(seed)
    neurons, paths, series, size = 6, 4, 4, 160
    weights = np.where(rng.random((6, 6)) < 0.2, rng.normal(size=(6, 6)), 0.0)
    weights[:, 5] = 0.0  # drives none
    weights[seed % 5, seed % 5] = -0.5  # itself
    lane, neuron = rng.integers(0, paths, size), rng.integers(0, neurons, size)
    lane[lane == 2] = 3  # a path without spikes
    time = rng.integers(1, 40, size) * 0.1  # with ties
    which = rng.integers(0, series, size)
    order = np.lexsort((neuron, time, lane))
    columns = [part[order] for part in (lane, neuron, which, time)]
    found = block_chains(columns, by_source(weights), paths, series)
    rows = list(zip(lane.tolist(), neuron.tolist(), which.tolist(), time.tolist(), strict=True))
    for path in range(paths):
        own = [s for s in rows if s[0] == path]
        for row in range(series - 1):
            assert found[row, path] == longest(weights, own, {series - 1, *range(row)})
        assert found[-1, path] == longest(weights, own, {series - 1})
    table = np.zeros(size, [("path", "i8"), ("neuron", "i4"), ("time", "f8")])
    table["path"], table["neuron"], table["time"] = lane, neuron, time
    expected = [longest(weights, [s for s in rows if s[0] == p], set(range(4))) for p in range(4)]
    for kind in (np.array, sparse.csr_array):
        shuffled = rng.permutation(table)
        assert chain_lengths(Recurrent(LIF(), kind(weights)), shuffled, paths).tolist() == expected
    assert expected[2] == 0 < min(expected[:2])
    assert chain_lengths(Recurrent(LIF(), np.zeros((6, 6))), table, 4).tolist() == [0] * 4


def test_chains_of_truncations_are_those_of_the_spikes():
    found = truncations(LOOPS, depth=2, **SIZES)
    spikes = simulate_spikes(LOOPS, h=0.125, T=4.0, paths=40, seed=5, scheme="exact")
    assert np.array_equal(found.chains, chain_lengths(LOOPS, spikes, 40))
    assert (found.joint_chains[2] > found.chains).any()
    assert np.unique(found.chains).size > 3


def test_bad_requests_are_refused():
    with pytest.raises(TypeError, match="model"):
        chain_lengths(LIF(), np.empty(0), 1)
    with pytest.raises(ValueError, match="paths"):
        chain_lengths(LOOPS, np.empty(0), 0)
    request = {"depth": 1, "h": [0.5], "T": 1.0, "paths": 2, "seed": 1}
    for change, error in (
        ({"model": LIF()}, TypeError), ({"depth": -1}, ValueError), ({"depth": 1.5}, TypeError),
        ({"h": [0.3]}, ValueError), ({"paths": 0}, ValueError), ({"seed": -1}, ValueError),
    ):  # fmt: skip
        with pytest.raises(error, match=next(iter(change))):
            truncations(**{"model": LOOPS, **request, **change})


def test_spikes_of_other_networks_are_refused():
    net = Recurrent(LIF(), np.zeros((2, 2)))
    wrong = np.array([(0, 2, 0.5)], [("path", "i8"), ("neuron", "i4"), ("time", "f8")])
    with pytest.raises(ValueError, match=r"spikes: neuron goes from 2 to 2; allowed: from 0 to 1"):
        chain_lengths(net, wrong, 1)
    with pytest.raises(ValueError, match=r"spikes: path goes from 3 to 3; allowed: from 0 to 0"):
        chain_lengths(net, np.array([(3, 0, 0.5)], wrong.dtype), 1)
