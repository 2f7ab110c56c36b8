"""Delays and refractory times in networks with loops, on the grid."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba import njit
from scipy import sparse

from circuits import LONG_STEP, LOOPS, POPULATION, SHARED
from lifcore import LIF, Recurrent, simulate, simulate_spikes
from lifcore.models import PoissonInput
from lifcore.networks import late_runs
from lifcore.networks.bundles import bundled
from lifcore.networks.turns import claim, turns
from oracles import euler_network

pytestmark = LONG_STEP
SCHEMES = pytest.mark.parametrize("scheme", ["euler", "exponential"])
RUN = {"h": 0.125, "T": 8.0, "paths": 6, "seed": 5}
DELAYS = np.array(
    [
        [0.0, 0.5, 0.25, 0.0, 0.125],
        [1.0, 0.25, 0.0, 0.375, 0.0],
        [0.5, 0.25, 0.125, 2.0, 0.0],
        [0.0, 0.0, 0.5, 0.0, 0.25],
        [0.0, 0.125, 0.25, 0.25, 0.5],
    ]
)
HELD = dataclasses.replace(POPULATION, t_ref=[0.0, 0.25, 0.5, 0.125, 1.0])
LATE = Recurrent(HELD, LOOPS.weights, delays=DELAYS)


def assert_same(one, other):
    for name in ("v", "i", "spike_counts"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def random_network(neurons=5000, inputs=20, **more):
    """Several parts, delays of 1 to 8 steps of 0.125, weights of both signs."""
    rng = np.random.default_rng(1)
    weights = sparse.random_array(
        (neurons, neurons), density=inputs / neurons, rng=rng, format="csr",
        data_sampler=lambda size: rng.normal(0.0, 0.4, size),
    )  # fmt: skip
    late = weights.copy()
    late.data = 0.125 * rng.integers(1, 9, weights.nnz)
    return Recurrent(LIF(t_ref=0.25, mu=1.3), weights, delays=late, **more)


# --- against the formulas -----------------------------------------------------------------------


@pytest.mark.parametrize("path", [0, 3])
def test_euler_is_what_the_formulas_say(path):
    stream = np.random.Generator(np.random.SFC64(np.random.SeedSequence(5).spawn(path + 1)[path]))
    dw = np.sqrt(0.125) * stream.standard_normal((64, 5))
    steps = np.rint(DELAYS / 0.125).astype(int)
    v, i, counts, spikes = euler_network(
        LATE.neurons, LATE.weights, 0.125, dw[:, :, None], delay_steps=steps
    )
    run = simulate(LATE, noise="numpy", **RUN)
    assert np.array_equal(run.spike_counts[path], counts[:, 0])
    assert counts.sum() > 20
    np.testing.assert_allclose(run.v[path], v[:, 0], rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(run.i[path], i[:, 0], rtol=0.0, atol=1e-12)
    found = run.all_spikes()
    found = found[found["path"] == path]
    expected = sorted((j, (n + 1) * 0.125) for n, j, _ in spikes)
    assert list(zip(found["neuron"], found["time"], strict=True)) == expected


@SCHEMES
@pytest.mark.parametrize("net", [LOOPS, SHARED], ids=["own noises", "common noise"])
@pytest.mark.parametrize("noise", ["gauss", "numpy"])
def test_neutral_values_are_the_network_without(scheme, net, noise):
    silent = dataclasses.replace(net, poisson=PoissonInput(0.0, 1.0))  # the way of delayed networks
    one, other = (simulate(x, scheme=scheme, noise=noise, **RUN) for x in (net, silent))
    assert np.array_equal(one.spike_counts, other.spike_counts)
    np.testing.assert_allclose(one.v, other.v, atol=1e-12)
    np.testing.assert_allclose(one.i, other.i, atol=1e-12)


@SCHEMES
def test_a_delay_of_a_step_is_one_step_later(scheme):
    pair = Recurrent(LIF(mu=[3.0, 0.0], sigma=0.0), [[0.0, 0.0], [1.0, 0.0]])
    run = {"h": 0.125, "paths": 1, "seed": 1, "scheme": scheme, "start": (0.0, 0.0)}
    for late in (0.0, 0.125, 0.5):
        model = dataclasses.replace(pair, delays=late)
        time = simulate_spikes(model, T=2.0, **run)["time"][0]
        before, after = (simulate(model, T=time + late + d, **run).i[0, 1] for d in (-0.125, 0.0))
        assert (before, after) == (0.0, 1.0), late


@SCHEMES
def test_intervals_under_constant_drive(scheme):
    for t_ref, steps in ((0.25, 2), (0.3, 2), (1.0, 8)):
        driven = Recurrent(LIF(mu=40.0, sigma=0.0, t_ref=t_ref), np.zeros((1, 1)))
        times = simulate_spikes(driven, h=0.125, T=20.0, paths=1, seed=1, scheme=scheme)["time"]
        assert np.allclose(np.diff(times), (steps + 1) * 0.125)


@SCHEMES
def test_counts_are_bounded(scheme):
    wild = Recurrent(LIF(mu=20.0, sigma=5.0, t_ref=0.5), np.full((3, 3), 5.0), delays=0.25)
    run = simulate(wild, h=0.125, T=20.0, paths=4, seed=1, scheme=scheme)
    assert (run.spike_counts <= 20.0 / 0.5 + 1).all()
    assert run.spike_counts.min() > 20


# --- what must change no bit --------------------------------------------------------------------


@SCHEMES
@pytest.mark.parametrize("common", [0.0, 0.3])
def test_threads_within_a_network_change_no_bit(scheme, common, monkeypatch):
    net = random_network(common=common, poisson=PoissonInput(2.0, 0.1))
    run = {"h": 0.125, "T": 5.0, "seed": 3, "scheme": scheme}
    whole = simulate(net, paths=1, executor="threads:1", **run)
    spikes = whole.all_spikes("threads:1")
    assert spikes.size > 1000
    used = []
    together = late_runs._together
    monkeypatch.setattr(
        late_runs, "_together", lambda *args: used.append(args[1]) or together(*args)
    )
    for threads in (2, 3, 5):
        again = simulate(net, paths=1, executor=f"threads:{threads}", **run)
        assert_same(again, whole)
        assert np.array_equal(again.all_spikes(f"threads:{threads}"), spikes)
        assert set(used) == {threads}
        used.clear()
    with ThreadPoolExecutor(2) as pool:
        assert_same(simulate(net, paths=1, executor=pool, **run), whole)
        assert set(used) == {2}
    two = simulate(net, paths=2, executor="threads:3", **run)
    assert np.array_equal(two.v[0], whole.v[0])


def test_one_thread_alone_takes_a_step_of_a_part():
    @njit
    def tries(counters):
        return [claim(counters, part, n) for part, n in ((0, 3), (0, 3), (1, 4), (1, 3), (0, 4))]

    assert tries(turns(2, 3)) == [True, False, False, True, True]


@SCHEMES
def test_runs_of_neurons_that_are_alike_change_no_bit(scheme):
    mu = np.repeat([1.2, 1.5, 1.1], [100, 300, 700])
    unlike = np.concatenate([mu[:500], np.linspace(1.0, 2.0, 600)])  # more than are taken as runs
    few, many = (
        simulate(
            Recurrent(LIF(mu=values, sigma=0.5, t_ref=0.25), sparse.csr_array((1100, 1100))),
            h=0.125, T=8.0, paths=1, seed=3, scheme=scheme,
        )
        for values in (mu, unlike)
    )  # fmt: skip
    assert few.spike_counts[0, 500:].sum() != many.spike_counts[0, 500:].sum()
    for name in ("v", "i", "spike_counts"):
        assert np.array_equal(getattr(few, name)[0, :500], getattr(many, name)[0, :500]), name


def test_the_size_of_parts_changes_no_bit(monkeypatch):
    net = random_network()
    run = {"h": 0.125, "T": 2.0, "paths": 1, "seed": 3}
    whole = simulate(net, **run)
    monkeypatch.setattr(
        late_runs, "bundled", lambda synapses, neurons: bundled(synapses, neurons, 5 * 1024)
    )
    assert_same(simulate(net, **run), whole)


@SCHEMES
@pytest.mark.parametrize("noise", ["gauss", "numpy"])
def test_portions_and_further_paths_change_no_bit(scheme, noise, monkeypatch):
    model = dataclasses.replace(LATE, poisson=[PoissonInput(4.0, 0.1), PoissonInput(1.0, -0.3)])
    run = RUN | {"scheme": scheme, "noise": noise}
    whole = simulate(model, **run)
    spikes = whole.all_spikes()
    few = simulate(model, **run | {"paths": 2})
    assert np.array_equal(few.v, whole.v[:2])
    monkeypatch.setattr("lifcore.schemes.portions.SECONDS", 1e-9)  # one step a portion
    assert_same(simulate(model, **run), whole)
    assert np.array_equal(simulate_spikes(model, **run), spikes)
    assert spikes.size == whole.spike_counts.sum() > 50


def test_a_small_buffer_changes_no_bit(monkeypatch):
    spikes = simulate_spikes(LATE, **RUN)
    from lifcore.networks.layers import Recorder

    class Small(Recorder):
        def __init__(self, size):
            super().__init__(3)

    monkeypatch.setattr("lifcore.networks.paths.Recorder", Small)
    assert np.array_equal(simulate_spikes(LATE, **RUN), spikes)


# --- what is refused ----------------------------------------------------------------------------


def test_a_delay_below_the_step_is_refused():
    with pytest.raises(ValueError, match=r"h = 0.125: a delay of 0.05 is less than a step"):
        simulate(dataclasses.replace(LOOPS, delays=0.05), **RUN)
