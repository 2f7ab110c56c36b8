"""With delays loops cut themselves, and refractory times bound counts: bits, chains and rates."""

import dataclasses
import math

import numpy as np
import pytest

from circuits import LONG_STEP, LOOPS
from lifcore import LIF, Recurrent, couple, simulate, simulate_spikes
from lifcore.loops import chain_lengths, cycle_gain, kick_norm, rate_bound, truncations

pytestmark = LONG_STEP
NAMES = ("v", "i", "spike_counts")
N, T = 12, 2.25


def loops(kind, gain, t_ref, each):
    """Twelve neurons with a gain along cycles, and delays of 1/2 or more."""
    rng = np.random.default_rng(2)
    lif = LIF(mu=rng.uniform(1.2, 2.0, N), tau=0.3, sigma=0.5, t_ref=t_ref)
    weights = rng.uniform(0.5, 1.5, (N, N)) * (rng.random((N, N)) < 0.4)
    sign = {"excitatory": 1.0, "inhibitory": -1.0, "mixed": np.where(np.arange(N) % 3, 1.0, -1.0)}
    weights *= sign[kind]
    weights *= gain / cycle_gain(Recurrent(lif, weights))
    delays = rng.uniform(0.5, 1.2, (N, N)) if each else 0.5
    return Recurrent(lif, weights, delays=delays)


def same(found):
    """Which paths of X^(k) are those of X in every bit: exactly, and by Euler at every level."""
    exact = [getattr(found, name) for name in NAMES]
    euler = [getattr(found, name + "_euler") for name in NAMES]
    return (
        np.logical_and.reduce([(x[:-1] == x[-1]).all(axis=2) for x in exact]),
        np.logical_and.reduce([(x[:, :-1] == x[:, -1:]).all(axis=(0, 3)) for x in euler]),
    )


@pytest.mark.filterwarnings("ignore:weights. so strong:UserWarning")
@pytest.mark.parametrize("kind", ["excitatory", "inhibitory", "mixed"])
@pytest.mark.parametrize("gain", [1.0, 4.0])
@pytest.mark.parametrize(("t_ref", "each"), [(0.0, False), (0.1, False), (0.0, True), (0.1, True)])
def test_as_many_as_delays_fit_into_the_time_are_the_network(kind, gain, t_ref, each):
    net = loops(kind, gain, t_ref, each)
    assert cycle_gain(net) == pytest.approx(gain)
    found = truncations(net, depth=5, h=[1 / 8, 1 / 16], T=T, paths=20, seed=3)
    exact, euler = same(found)
    # The first spike is after 0, so that one link less than the whole number above T/d suffices.
    enough = math.ceil(T / 0.5) - 1
    assert enough == 4
    assert exact[enough:].all()
    assert euler[enough:].all()
    assert not exact[0].any()
    assert found.joint_chains.max() <= enough
    assert exact[found.joint_chains <= np.arange(6)[:, None]].all()
    pairs = couple(net, h=[1 / 8, 1 / 16], T=T, paths=20, seed=3)
    for name in NAMES:
        assert np.array_equal(getattr(found, name)[-1], getattr(pairs, name))
        assert np.array_equal(
            getattr(found, name + "_euler")[:, -1], getattr(pairs, name + "_euler")
        )
    spikes = simulate_spikes(net, h=1 / 16, T=T, paths=20, seed=3, scheme="exact")
    assert np.array_equal(chain_lengths(net, spikes, 20, T=T), found.chains)
    bound = rate_bound(net) * T + (1.0 if t_ref else 0.0)
    assert (found.spike_counts[-1].mean(axis=0) <= bound).all()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_one_less_is_not(sign):
    # A spike runs along a line of neurons that wait for it, each of them answering within 0.03.
    lif = LIF(mu=np.array([20.0, 0.0, 0.0, 0.0, 0.9]), sigma=0.0, t_ref=10.0)
    weights = 50.0 * np.eye(5, k=-1)
    weights[4, 3] *= sign
    net = Recurrent(lif, weights, delays=0.5)
    found = truncations(net, depth=5, h=[1 / 64], T=T, paths=1, seed=1)
    exact, euler = same(found)
    assert found.chains.tolist() == [4]
    assert exact[:, 0].tolist() == euler[:, 0].tolist() == [False] * 4 + [True] * 2
    assert abs(found.i[3] - found.i[4]).max() > 20.0


def test_without_a_delay_more_iterates_may_be_needed():
    # The same line at once: all of it has spiked by 0.2, and so it is with all iterates up to 4.
    lif = LIF(mu=np.array([20.0, 0.0, 0.0, 0.0, 0.9]), sigma=0.0, t_ref=10.0)
    net = Recurrent(lif, 50.0 * np.eye(5, k=-1))
    found = truncations(net, depth=4, h=[1 / 64], T=0.25, paths=1, seed=1)
    assert same(found)[0][:, 0].tolist() == [False] * 4 + [True]


def test_chains_count_what_arrives_in_time():
    net = Recurrent(LIF(), np.array([[0.0, 0.0], [0.3, 0.0]]), delays=0.5)
    table = np.zeros(3, [("path", "i8"), ("neuron", "i4"), ("time", "f8")])
    table["neuron"], table["time"] = [0, 1, 0], [1.0, 1.5, 1.6]
    assert chain_lengths(net, table, 1).tolist() == [1]
    back = Recurrent(LIF(), np.array([[0.0, 0.3], [0.3, 0.0]]), delays=0.5)
    assert chain_lengths(back, table, 1).tolist() == [1]  # what arrives with a spike is too late
    table["time"][1] = 1.55
    assert chain_lengths(back, table, 1).tolist() == [2]
    assert chain_lengths(back, table, 1, T=2.0).tolist() == [1]
    with pytest.raises(ValueError, match=r"T = -1\.0"):
        chain_lengths(back, table, 1, T=-1.0)


def test_gains_do_not_look_at_delays():
    late = dataclasses.replace(LOOPS, delays=0.5)
    assert cycle_gain(late) == cycle_gain(LOOPS)
    assert np.array_equal(kick_norm(late), kick_norm(LOOPS))
    assert np.array_equal(rate_bound(late), rate_bound(LOOPS))


def test_rates_are_bounded_where_gains_are_not():
    # Excitation of gain 4 bounds nothing by itself; 1/t_ref does, and less where little arrives.
    net = loops("excitatory", 4.0, 0.25, each=False)
    assert np.isinf(rate_bound(Recurrent(LIF(mu=net.neuron.mu, tau=0.3), net.weights))).all()
    bound = rate_bound(net)
    assert (bound <= 4.0).all()
    line = Recurrent(LIF(mu=np.array([3.0, 0.2]), sigma=0.0, t_ref=1.0), [[0.0, 0.0], [0.5, 0.0]])
    above = rate_bound(line)
    # The first spikes once a time at most: from x = 0 the second gets 0.2 + 0.5 a time at most.
    assert above[0] == 1.0
    assert above[1] <= 0.7 + 1e-9
    run = simulate(line, h=1 / 8, T=40.0, paths=1, seed=1, scheme="exact")
    assert (run.spike_counts[0] <= 40.0 * above + 1.0).all()
    assert run.spike_counts[0, 0] / 40.0 > 0.6


def test_a_refractory_time_in_some_neurons_bounds_their_targets():
    weights = np.array([[0.0, 4.0], [1.2, 0.0]])
    free = Recurrent(LIF(sigma=0.0), weights)
    assert np.isinf(rate_bound(free)).all()
    half = Recurrent(LIF(sigma=0.0, t_ref=[0.0, 0.5]), weights)
    bound = rate_bound(half)
    assert bound[1] <= 2.0
    assert bound[0] <= 1.2 + 0.5 * 4.0 * 2.0 + 1e-9
