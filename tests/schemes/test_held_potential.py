"""Refractory times on the grid: V is held for whole steps after that of a spike, I goes on."""

import numpy as np
import pytest

from circuits import MIXED
from lifcore import LIF, Feedforward, constant_drive_period, simulate
from lifcore.runs.simulate import simulate_spikes
from oracles import euler_network, neuron_streams

GRID = ["euler", "exponential"]
STEADY = {"mu": 1.5, "sigma": 0.0}


def intervals(neuron, h, scheme, T=40.0):
    """Return the intervals between spikes of one path without noise, in steps."""
    return np.diff(simulate(neuron, h=h, T=T, paths=1, seed=1, scheme=scheme).spikes(0)) / h


@pytest.mark.parametrize("scheme", GRID)
@pytest.mark.parametrize(("t_ref", "steps"), [(0.25, 4), (0.0625, 1), (0.05, 1), (0.09, 1)])
def test_intervals_under_constant_drive(scheme, t_ref, steps):
    h = 1 / 16
    plain, held = (intervals(LIF(**STEADY, t_ref=t), h, scheme) for t in (0.0, t_ref))
    assert (plain == plain[0]).all()
    assert (held == plain[0] + steps).all()
    if scheme == "exponential":  # the step at which V is at the threshold or beyond, rounded up
        period = constant_drive_period(LIF(**STEADY, t_ref=steps * h))
        assert held[0] == np.ceil(period / h)


def test_v_is_held_while_the_current_goes_on():
    neuron = LIF(g=0.0, tau=1.0, mu=4.0, sigma=0.0, t_ref=0.75)
    start = (0.0, 0.0)  # I_n = 4 (1 - 2^-n)
    ends = [simulate(neuron, h=0.5, T=0.5 * n, paths=1, seed=1, start=start) for n in range(1, 7)]
    assert [float(end.i[0, 0]) for end in ends] == [4.0 * (1 - 0.5**n) for n in range(1, 7)]
    # V by halves of I: 0, 1 and so a spike, then two steps of rest (1.5 is rounded to 2), 1.75 and
    # so a spike, and rest again
    assert [float(end.v[0, 0]) for end in ends] == [0.0] * 6
    assert [int(end.spike_counts[0, 0]) for end in ends] == [0, 1, 1, 1, 2, 2]


@pytest.mark.parametrize("record", [False, True])
def test_layers_bit_for_bit(record):
    # Neurons with and without a refractory time in one layer, driven by another one.
    first = LIF(mu=[1.5, 2.0, 1.2], sigma=0.8, t_ref=[0.0, 0.3, 0.125])
    second = LIF(mu=0.9, sigma=0.5, t_ref=0.25, tau=0.4)
    net = Feedforward([first, second], [[[0.8, 0.0, 0.5], [0.0, 1.2, -0.3]]])
    whole, h, steps = np.zeros((5, 5)), 0.125, 160
    whole[3:, :3] = net.weights[0]
    run = simulate(net, h=h, T=steps * h, paths=256, seed=9, noise="numpy")
    dw = np.stack(
        [neuron_streams(9, 0, j)[0].standard_normal((steps, 256)) for j in range(5)], axis=1
    )
    v, i, counts, spikes = euler_network(net.neurons, whole, h, np.sqrt(h) * dw)
    if record:
        table = run.all_spikes()
        mine = sorted((p, j, (n + 1) * h) for n, j, p in spikes)
        assert np.array_equal(table["path"], [p for p, _, _ in mine])
        assert np.array_equal(table["time"], [t for _, _, t in mine])
    np.testing.assert_allclose(run.v, v.T, atol=1e-12)
    np.testing.assert_allclose(run.i, i.T, atol=1e-12)
    assert np.array_equal(run.spike_counts, counts.T)
    assert counts[1].sum() > 1000


@pytest.mark.parametrize("scheme", GRID)
def test_no_two_spikes_within_it_and_none_is_lost(scheme):
    # A drive so strong that V' is beyond the threshold in a single step, also while it is held.
    neuron = LIF(mu=60.0, sigma=5.0, t_ref=0.5)
    spikes = simulate_spikes(neuron, h=0.0625, T=8.0, paths=40, seed=3, scheme=scheme)
    gaps = np.diff(spikes["time"])[np.diff(spikes["path"]) == 0] / 0.0625
    assert (gaps == 9.0).all()
    run = simulate(neuron, h=0.0625, T=8.0, paths=40, seed=3, scheme=scheme)
    assert np.array_equal(np.bincount(spikes["path"], minlength=40), run.spike_counts[:, 0])


@pytest.mark.parametrize("scheme", GRID)
def test_none_leaves_every_bit(scheme):
    for model in (LIF(mu=1.5, sigma=0.3), MIXED):
        old = simulate(model, h=0.125, T=8.0, paths=300, seed=4, scheme=scheme)
        if isinstance(model, LIF):
            other = LIF(mu=1.5, sigma=0.3, t_ref=[0.0, 0.25])
            new = simulate(other, h=0.125, T=8.0, paths=300, seed=4, scheme=scheme)
            assert np.array_equal(new.v[:, 0], old.v[:, 0])
            assert np.array_equal(new.spike_counts[:, 0], old.spike_counts[:, 0])


def test_the_same_whatever_the_portions():
    neuron = LIF(mu=1.8, sigma=0.5, t_ref=0.3)
    whole = simulate(neuron, h=0.1, T=20.0, paths=8, seed=5)
    spikes = simulate_spikes(neuron, h=0.1, T=10.0, paths=8, seed=5)
    early = whole.all_spikes()
    assert np.array_equal(spikes, early[early["time"] <= 10.0 + 1e-9])


@pytest.mark.parametrize("scheme", GRID)
def test_a_step_that_loses_it_is_refused(scheme):
    message = r"h = 0\.5: t_ref = 0\.25 is half a step or less.*allowed: h < 0\.5, or t_ref = 0"
    with pytest.raises(ValueError, match=message):
        simulate(LIF(t_ref=[0.0, 0.25, 2.0]), h=0.5, T=1.0, paths=1, seed=1, scheme=scheme)
