"""Delays and refractory times in networks: what must change no bit, and layers beside loops."""

import dataclasses
import importlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import sparse

from circuits import LOOPS, MIXED, POPULATION
from lifcore import LIF, Feedforward, Recurrent, couple, simulate
from oracles import event_driven

WEIGHTS = LOOPS.weights
LATE = np.random.default_rng(4).choice([0.25, 0.4, 1.3], (5, 5))
NET = Recurrent(
    dataclasses.replace(POPULATION, t_ref=np.array([0.0, 0.3, 0.4, 0.0, 0.2])),
    WEIGHTS,
    delays=LATE,
)
SIZES = {"h": [0.125, 0.25], "T": 4.0, "paths": 40, "seed": 5}
RUN = {"h": 0.125, "T": 4.0, "paths": 40, "seed": 5, "scheme": "exact"}


def parts(pairs):
    names = ("v", "i", "spike_counts", "v_euler", "i_euler", "spike_counts_euler", "slowest")
    return [getattr(pairs, name) for name in names]


def assert_same(one, other):
    for part, same in zip(parts(one), parts(other), strict=True):
        assert np.array_equal(part, same)


def test_neutral_values_are_none():
    free = Recurrent(POPULATION, WEIGHTS)
    none = Recurrent(dataclasses.replace(POPULATION, t_ref=0.0), WEIGHTS, delays=0.0 * LATE)
    assert_same(couple(none, **SIZES), couple(free, **SIZES))


def test_a_neuron_without_a_pause_keeps_its_bits_beside_one_that_has_one():
    lif = dataclasses.replace(POPULATION, t_ref=np.array([0.0, 0.0, 0.0, 0.0, 0.5]))
    one, other = (simulate(Recurrent(x, np.zeros((5, 5))), **RUN) for x in (lif, POPULATION))
    assert np.array_equal(one.v[:, :4], other.v[:, :4])
    assert not np.array_equal(one.v[:, 4], other.v[:, 4])


def test_portions_and_executors_change_no_bit(one_thread, processes, monkeypatch):
    # Spikes are on their way from portion to portion, a step at a time at the least.
    whole = couple(NET, times=[1.0, 2.5], **SIZES)
    assert (whole.spike_counts > 0).any()
    from lifcore.schemes.portions import Watch

    monkeypatch.setattr(Watch, "adapt", lambda self, steps, spent: None)  # stays at one step
    again = couple(NET, times=[1.0, 2.5], **SIZES)
    assert_same(again, whole)
    assert_same(again.snapshots[1], whole.snapshots[1])
    monkeypatch.setattr("lifcore.runs.executors.PORTION", 7 * 20 * 32)
    with ThreadPoolExecutor(2) as two_threads:
        for executor in (one_thread, two_threads, processes):
            assert_same(couple(NET, executor=executor, **SIZES), whole)
    for look in whole.snapshots:
        assert_same(look, couple(NET, **SIZES | {"T": look.T}))


def test_a_small_buffer_changes_no_bit(monkeypatch):
    pairs, spikes = couple(NET, times=[1.0], **SIZES), simulate(NET, **RUN).all_spikes()
    from lifcore.networks.layers import Recorder

    class Small(Recorder):
        def __init__(self, size):
            super().__init__(3)

    for module in ("lifcore.runs.coupled_block", "lifcore.networks.paths"):
        monkeypatch.setattr(importlib.import_module(module), "Recorder", Small)
    assert_same(couple(NET, times=[1.0], **SIZES), pairs)
    again = simulate(NET, **RUN).all_spikes()
    assert np.array_equal(again, spikes)
    assert len(spikes) > 100


def test_many_spikes_on_their_way_at_once():
    # 30 neurons that spike every 0.02, with delays of 2: over a thousand for each to hear.
    lif = LIF(g=0.0, tau=np.inf, sigma=0.0, mu=np.linspace(40.0, 60.0, 30))
    weights = np.full((30, 30), 1e-3)
    net = Recurrent(lif, weights, delays=2.0)
    run = simulate(net, h=0.25, T=3.0, paths=1, seed=1, scheme="exact")
    arrived = (run.all_spikes()["time"] < 1.0).sum()
    assert arrived > 1400
    assert run.i[0] == pytest.approx(lif.mu + 1e-3 * arrived, abs=1e-9)


def test_sparse_is_dense():
    thin = sparse.csr_array(WEIGHTS)
    late = thin.copy()
    late.data = LATE[np.nonzero(WEIGHTS)]
    assert_same(couple(Recurrent(NET.neuron, thin, delays=late), **SIZES), couple(NET, **SIZES))


# --- layers -------------------------------------------------------------------------------------


def layered(t_ref, delays, **change):
    layers = [dataclasses.replace(x, t_ref=t_ref, mu=x.mu + 0.5, **change) for x in MIXED.layers]
    net = Feedforward(layers, MIXED.weights, delays=delays)
    weights, late = np.zeros((6, 6)), np.zeros((6, 6))
    for number, matrix in enumerate(net.weights):
        to, of = net.layer(number + 1), net.layer(number)
        weights[to, of] = matrix
        part = net.delays[number]
        late[to, of] = part.toarray() if sparse.issparse(part) else part
    columns = {f.name: net.column(f.name) for f in dataclasses.fields(LIF)}
    return net, Recurrent(LIF(**columns), weights, delays=late)


EACH = [
    np.array([[0.3, 0.4, 0.9], [0.25, 1.2, 0.6]]),
    sparse.csr_array([[0.5, 0.35]]),
]


@pytest.mark.parametrize("t_ref", [0.0, 0.3])
@pytest.mark.parametrize("delays", [0.3, [0.75, 0.0], EACH], ids=["one", "two", "each"])
def test_loops_without_loops_are_layers(delays, t_ref, monkeypatch):
    net, loops = layered(t_ref, delays, sigma=0.0)
    found = event_driven(loops.neurons, loops.weights, 30.0, *loops.at_rest, loops.delays.toarray())
    for h in (0.25, 0.0625):
        run = simulate(net, h=h, T=30.0, paths=2, seed=1, scheme="exact")
        assert run.v[0] == pytest.approx(found[0], abs=1e-8)
        assert run.i[0] == pytest.approx(found[1], abs=1e-8)
        table = run.all_spikes()
        times = np.sort(table["time"][table["path"] == 0])
        assert times == pytest.approx([s[0] for s in found[2]], abs=1e-9)
    # On the grid both are the same formulas.
    one, other = (couple(x, h=[0.125, 0.25], T=30.0, paths=2, seed=1) for x in (net, loops))
    assert one.v_euler == pytest.approx(other.v_euler, abs=1e-12)
    assert one.i_euler == pytest.approx(other.i_euler, abs=1e-12)
    assert np.array_equal(one.spike_counts_euler, other.spike_counts_euler)
    run = simulate(net, h=0.125, T=30.0, paths=2, seed=1)
    assert np.array_equal(run.v, one.v_euler[0])


@pytest.mark.parametrize("delays", [0.3, EACH], ids=["one", "each"])
def test_spans_of_steps_change_no_bit(delays, monkeypatch):
    net, _ = layered(0.2, delays)
    request = {"T": 4.0, "paths": 300, "seed": 2}
    runs = [simulate(net, h=0.125, scheme=s, **request) for s in ("exact", "euler")]
    pairs = couple(net, h=[0.125, 0.25], times=[1.0], **request)
    monkeypatch.setattr("lifcore.networks.layers.CHUNK", 3)
    again = [simulate(net, h=0.125, scheme=s, **request) for s in ("exact", "euler")]
    for run, same in zip(runs, again, strict=True):
        assert np.array_equal(run.v, same.v)
        assert np.array_equal(run.i, same.i)
    assert_same(couple(net, h=[0.125, 0.25], times=[1.0], **request), pairs)


def test_delays_of_layers_below_a_step_are_refused():
    net = Feedforward([LIF(), LIF()], [[[1.0]]], delays=0.25)
    for call in (simulate, couple):
        with pytest.raises(ValueError, match=r"h = 0\.5: a delay of 0\.25 is less than a step"):
            call(net, h=0.5, T=1.0, paths=2, seed=1)
