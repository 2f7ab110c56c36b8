"""Networks of layers: what passes between neurons, against slow and plain formulas."""

import dataclasses
import importlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import sparse

from circuits import LONG_STEP, MIXED
from lifcore import LIF, Feedforward, constant_drive_period, couple, simulate
from lifcore.noise.covariance import voltage_kernel
from lifcore.schemes.exact import exact_step
from oracles import driven_neuron, euler_network, neuron_streams, refined_step

RUN = {"h": 0.125, "T": 6.0, "paths": 300, "seed": 5}
SCHEMES = ("euler", "exact")


def whole_matrix(net):
    """All weights in one matrix over the neurons of all layers."""
    matrix = np.zeros((len(net.neurons),) * 2)
    for number, part in enumerate(net.weights):
        matrix[net.layer(number + 1), net.layer(number)] = part
    return matrix


def assert_same(one, other, neurons=slice(None)):
    for name in ("v", "i", "spike_counts"):
        assert np.array_equal(getattr(one, name), getattr(other, name)[:, neurons]), name


# --- Euler --------------------------------------------------------------------------------------


def test_euler_is_its_formulas():
    h, steps = 0.05, 120
    run = simulate(MIXED, h=h, T=h * steps, paths=300, seed=5, noise="numpy")
    root = np.sqrt(h)
    for block in range(2):
        dw = root * np.stack(
            [neuron_streams(5, block, j)[0].standard_normal((steps, 256)) for j in range(6)], axis=1
        )
        v, i, counts, spikes = euler_network(MIXED.neurons, whole_matrix(MIXED), h, dw)
        own = slice(256 * block, min(256 * (block + 1), 300))
        kept = own.stop - own.start
        assert run.v[own] == pytest.approx(v.T[:kept], abs=1e-12)
        assert run.i[own] == pytest.approx(i.T[:kept], abs=1e-12)
        assert np.array_equal(run.spike_counts[own], counts.T[:kept])
        expected = sorted(n for n, j, path in spikes if (j, path) == (4, 7))
        assert run.spikes(256 * block + 7, 4) == pytest.approx((np.array(expected) + 1) * h)


def test_euler_delivers_at_the_end_of_the_step():
    # V' = 2 spikes at t = 0.5; the weight is in I from there on, so V moves a step later.
    line = LIF(g=0.0, tau=np.inf, mu=4.0, sigma=0.0)
    chain = Feedforward([line, LIF(g=0.0, tau=np.inf, mu=0.0, sigma=0.0)], [[[0.25]]])
    run = simulate(chain, h=0.5, T=0.5, paths=1, seed=1)
    assert (run.v[0, 1], run.i[0, 1]) == (0.0, 0.25)
    run = simulate(chain, h=0.5, T=1.0, paths=1, seed=1)
    assert (run.v[0, 1], run.i[0, 1]) == (0.125, 0.5)


# --- the reference ------------------------------------------------------------------------------


@pytest.mark.parametrize("h", [2.0, 0.25, 0.01])
@pytest.mark.parametrize("weight", [0.9, 3.0, -0.7])
@pytest.mark.parametrize(
    "target",
    [LIF(mu=1.1), LIF(mu=0.8, tau=1.0), LIF(mu=1.4, tau=0.1), LIF(mu=0.9, tau=2.5)],
    ids=repr,
)
def test_deterministic_chain_is_computed_by_hand(h, weight, target):
    source = LIF(mu=1.5, sigma=0.0)
    target = dataclasses.replace(target, sigma=0.0)
    run = simulate(
        Feedforward([source, target], [[[weight]]]), h=h, T=8.0, paths=1, seed=1, scheme="exact"
    )
    period = constant_drive_period(source)
    beats = np.arange(1, int(8.0 / period) + 1) * period
    assert run.spikes(0, 0) == pytest.approx(beats, abs=1e-10)
    expected = driven_neuron(target, [(t, weight) for t in beats], 8.0, 0.0, target.mu)
    assert len(expected) > 1 or weight < 0
    times, speeds = np.array(expected).reshape(-1, 2).T
    assert run.spikes(0, 1) == pytest.approx(times, abs=1e-10)
    assert run.crossing_speeds(0, 1) == pytest.approx(speeds, abs=1e-7)


@pytest.mark.parametrize("h", [1.0, 0.0625])
def test_quiet_target_of_noisy_sources(h):
    # The target has no noise of its own: given the sources' spikes, its motion is a formula.
    weights = np.array([[0.5, -0.4, 0.7, 0.3]])
    target = LIF(mu=0.9, sigma=0.0, tau=0.7)
    run = simulate(
        Feedforward([LIF(mu=1.4, sigma=0.8), target], [weights]),
        h=h, T=6.0, paths=40, seed=6, scheme="exact",
    )  # fmt: skip
    total = 0
    for path in range(40):
        arrivals = [(t, weights[0, j]) for j in range(4) for t in run.spikes(path, j)]
        expected = driven_neuron(target, arrivals, 6.0, 0.0, target.mu)
        times, speeds = np.array(expected).reshape(-1, 2).T
        assert run.spikes(path, 4) == pytest.approx(times, abs=1e-9)
        assert run.crossing_speeds(path, 4) == pytest.approx(speeds, abs=1e-7)
        total += len(expected)
    assert total > 100


@pytest.mark.parametrize("h", [1.0, 0.03125])
def test_the_state_is_a_sum_of_responses(h):
    # The equation is linear between resets: V = free V + what arrived - what was reset.
    run = simulate(MIXED, h=h, T=6.0, paths=100, seed=7, scheme="exact")
    free_layers = [dataclasses.replace(lif, v_th=1e9) for lif in MIXED.layers]
    free = simulate(
        Feedforward(free_layers, MIXED.weights), h=h, T=6.0, paths=100, seed=7, scheme="exact"
    )
    matrix, neurons = whole_matrix(MIXED), MIXED.neurons
    assert free.spike_counts.sum() == 0
    assert run.spike_counts[:, 5].sum() > 50
    for path in range(0, 100, 7):
        for j, neuron in enumerate(neurons):
            v, i = free.v[path, j], free.i[path, j]
            for source in np.flatnonzero(matrix[j]):
                age = 6.0 - run.spikes(path, source)
                v += matrix[j, source] * voltage_kernel(neuron.g, neuron.a, age).sum()
                i += matrix[j, source] * np.exp(-neuron.a * age).sum()
            gap = neuron.v_th - neuron.v_reset
            v -= gap * np.exp(-neuron.g * (6.0 - run.spikes(path, j))).sum()
            assert run.v[path, j] == pytest.approx(v, abs=1e-9)
            assert run.i[path, j] == pytest.approx(i, abs=1e-9)
        assert (run.v[path] < MIXED.column("v_th")).all()


def test_reference_does_not_depend_on_its_step():
    # Other steps draw other noise, so the laws are compared: rates in the last layer.
    sums = []
    for h in (1.0, 0.0625):
        counts = simulate(MIXED, h=h, T=6.0, paths=8192, seed=8, scheme="exact").spike_counts
        sums.append((counts.mean(axis=0), counts.std(axis=0) / np.sqrt(8192)))
    (one, se_one), (other, se_other) = sums
    assert (np.abs(one - other) < 4.0 * np.hypot(se_one, se_other)).all()
    assert (se_one / one < 0.025).all()


def refined(jumps, v, speed, h=2.0**-10):
    """One exact step without noise, shorter than any piece; jumps are (share of h, size)."""
    step = exact_step(LIF(mu=1.0 + speed, sigma=0.0, tau=0.5), h)
    stream = np.random.Generator(np.random.SFC64(1))
    jumps = np.array(jumps, dtype=float).reshape(-1, 2) * [h, 1.0]
    return refined_step(step, (v, 1.0 + speed), np.zeros(3), stream, jumps=jumps, room=8)


def test_a_jump_before_the_crossing_within_a_piece():
    h, speed = 2.0**-10, 1.0
    v = 1.0 - 0.5 * h * speed  # would cross at half of the step
    (_, _, spiked), spikes = refined([], v, speed)
    assert spiked == 1
    assert spikes["time"][0] == pytest.approx(0.5 * h, rel=1e-2)
    (_, _, spiked), _ = refined([(0.25, -8.0)], v, speed)
    assert spiked == 0
    (_, _, spiked), spikes = refined([(0.25, 4.0)], v, speed)
    assert spiked == 1
    assert spikes["time"][0] == pytest.approx(0.3 * h, rel=1e-2)
    assert spikes["speed"][0] == pytest.approx(5.0, rel=1e-2)
    (_, _, spiked), spikes = refined([(0.75, -8.0)], v, speed)
    assert spikes["time"][0] == pytest.approx(0.5 * h, rel=1e-2)


def test_spikes_between_jumps_of_one_piece():
    # The drive is so strong that V crosses three times within the step, a jump before each.
    h = 2.0**-10
    jumps = [(0.1, 3000.0), (0.4, 1000.0), (0.7, 1000.0)]
    (v, i, spiked), spikes = refined(jumps, 0.5, 1.0)
    neuron = LIF(mu=2.0, sigma=0.0, tau=0.5)
    expected = driven_neuron(neuron, [(share * h, size) for share, size in jumps], h, 0.5, 2.0)
    times, speeds = np.array(expected).T
    assert spiked == len(expected) >= 2
    assert spikes["time"] == pytest.approx(times, abs=1e-9)
    assert spikes["speed"] == pytest.approx(speeds, rel=1e-6)
    ages = h - np.array([share * h for share, _ in jumps])
    sizes = np.array([size for _, size in jumps])
    assert i == pytest.approx(2.0 + (sizes * np.exp(-2.0 * ages)).sum(), rel=1e-12)
    free = 2.0 - 1.5 * np.exp(-h)
    kicks = (sizes * voltage_kernel(1.0, 2.0, ages)).sum()
    assert v == pytest.approx(free + kicks - np.exp(-(h - times)).sum(), abs=1e-9)


def test_a_jump_at_either_end_of_the_step():
    (v, i, _), _ = refined([(1.0, 0.5)], 0.0, 0.5)
    (v_free, i_free, _), _ = refined([], 0.0, 0.5)
    assert (v, i) == (v_free, i_free + 0.5)
    (v, i, _), _ = refined([(0.0, 0.5)], 0.0, 0.5)
    h = 2.0**-10
    assert i == pytest.approx(i_free + 0.5 * np.exp(-2.0 * h), abs=1e-15)
    assert v == pytest.approx(v_free + 0.5 * voltage_kernel(1.0, 2.0, h), abs=1e-15)


# --- what must change nothing -------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
def test_weight_zero_changes_no_bit(scheme):
    lif = [LIF(mu=1.5, sigma=0.3), LIF(mu=1.1, sigma=0.6)]
    chain = simulate(Feedforward(lif, [[[0.0]]]), scheme=scheme, **RUN)
    layer = simulate(LIF(mu=np.array([1.5, 1.1]), sigma=np.array([0.3, 0.6])), scheme=scheme, **RUN)
    assert_same(chain, layer)
    assert_same(simulate(lif[0], scheme=scheme, **RUN), chain, slice(0, 1))
    assert chain.spike_counts.sum(axis=0).min() > 300
    assert np.array_equal(chain.all_spikes(), layer.all_spikes())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_further_layer_changes_no_bit(scheme):
    shorter = Feedforward(MIXED.layers[:2], MIXED.weights[:1])
    assert_same(
        simulate(shorter, scheme=scheme, **RUN), simulate(MIXED, scheme=scheme, **RUN), slice(0, 5)
    )


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", ["csr_array", "csc_matrix", "coo_array", "lil_array", "bsr_array"])
def test_sparse_is_dense(scheme, kind):
    thin = [getattr(sparse, kind)(part) for part in MIXED.weights]
    one = simulate(Feedforward(MIXED.layers, thin), scheme=scheme, **RUN)
    assert_same(one, simulate(MIXED, scheme=scheme, **RUN))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_threads_and_portions_change_no_bit(scheme, monkeypatch):
    whole = simulate(MIXED, scheme=scheme, **RUN)
    with ThreadPoolExecutor(1) as one:
        assert_same(simulate(MIXED, scheme=scheme, executor=one, **RUN), whole)
    assert_same(simulate(MIXED, scheme=scheme, **RUN | {"paths": 20}), whole_head(whole, 20))
    monkeypatch.setattr("lifcore.networks.layers.CHUNK", 7)
    assert_same(simulate(MIXED, scheme=scheme, **RUN), whole)


def whole_head(run, paths):
    return dataclasses.replace(
        run, v=run.v[:paths], i=run.i[:paths], spike_counts=run.spike_counts[:paths]
    )


@LONG_STEP
def test_a_small_buffer_changes_no_bit(monkeypatch):
    request = {"h": [0.5, 0.25, 0.125], "T": 6.0, "paths": 256, "seed": 9}
    whole, spikes = couple(MIXED, **request), simulate(MIXED, scheme="exact", **RUN).all_spikes()
    from lifcore.networks.layers import Recorder

    class Small(Recorder):
        def __init__(self, size):
            super().__init__(3)

    for module in ("lifcore.runs.coupled_block", "lifcore.runs.ensemble"):
        monkeypatch.setattr(importlib.import_module(module), "Recorder", Small)
    again = couple(MIXED, **request)
    assert np.array_equal(again.v, whole.v)
    assert np.array_equal(again.v_euler, whole.v_euler)
    assert np.array_equal(again.spike_counts_euler, whole.spike_counts_euler)
    assert np.array_equal(simulate(MIXED, scheme="exact", **RUN).all_spikes(), spikes)


# --- coupled ------------------------------------------------------------------------------------


@LONG_STEP
@pytest.mark.parametrize("chunk", [1024, 5])
def test_coupled_network(chunk, monkeypatch):
    monkeypatch.setattr("lifcore.networks.layers.CHUNK", chunk)
    sizes, T = [0.1, 0.05, 0.4], 8.0
    own = {"paths": 300, "seed": 10, "noise": "numpy"}
    pairs = couple(MIXED, h=sizes, T=T, times=[2.0], **own)
    alone = simulate(MIXED, h=0.05, T=T, scheme="exact", **own)
    assert_same(alone, pairs)
    early = simulate(MIXED, h=0.05, T=2.0, scheme="exact", **own)
    assert_same(early, pairs.snapshots[0])
    normals = np.stack(
        [neuron_streams(10, 0, j)[0].standard_normal((160, 3, 256))[:, 0] for j in range(6)], axis=1
    )
    for level, h in enumerate(sizes):
        dw = (np.sqrt(0.05) * normals).reshape(round(T / h), -1, 6, 256).sum(axis=1)
        v, i, counts, spikes = euler_network(MIXED.neurons, whole_matrix(MIXED), h, dw)
        assert pairs.v_euler[level, :256] == pytest.approx(v.T, abs=1e-10)
        assert pairs.i_euler[level, :256] == pytest.approx(i.T, abs=1e-10)
        assert np.array_equal(pairs.spike_counts_euler[level, :256], counts.T)
        assert len(spikes) > 1000
    for path, j in [(3, 0), (3, 5), (290, 4)]:
        speeds = alone.crossing_speeds(path, j)
        assert pairs.slowest[path, j] == min(speeds, default=np.inf)


def test_parts_of_layers_add_up():
    pairs = couple(MIXED, h=[0.25, 0.125], T=6.0, paths=512, seed=11)
    whole = pairs.parts(tolerance=1.0)
    layers = [pairs.parts(tolerance=1.0, layer=number) for number in range(3)]
    for k in range(2):
        for part in range(4):
            total = sum(layer[part][k].mean for layer in layers)
            assert total == pytest.approx(whole[part][k].mean, rel=1e-12)
        assert whole.whole[k].mean == pytest.approx(sum(p[k].mean for p in whole[1:]), rel=1e-12)
        assert pairs.mean_square_error()[k].mean == pytest.approx(whole.whole[k].mean)
    errors = ((pairs.v_euler - pairs.v) ** 2)[:, :, 3:5].sum(axis=2)
    assert np.array_equal(pairs.layer_errors(1), errors)
    chances = pairs.probabilities(1.0, layer=1)
    assert sum(p[0].mean for p in chances[1:]) == pytest.approx(1.0)
    with pytest.raises(IndexError, match=r"layer = 3 is out of range; allowed: an integer from 0"):
        pairs.mean_square_error(layer=3)


def test_spike_pairs_of_a_network():
    pairs = couple(MIXED, h=[0.25, 0.125], T=6.0, paths=300, seed=12)
    exact = simulate(MIXED, h=0.125, T=6.0, paths=300, seed=12, scheme="exact")
    for kept in pairs.spike_pairs(tolerance=0.5):
        assert (np.abs(kept.delay) <= 0.5).all()
        assert set(np.unique(kept.neuron)) == set(range(6))
        for path, j in [(0, 0), (17, 3), (299, 5)]:
            own = kept.time[(kept.path == path) & (kept.neuron == j)]
            assert np.array_equal(own, exact.spikes(path, j)[: own.size])
