"""Euler–Maruyama against its formulas in plain NumPy, bit for bit."""

import numpy as np
import pytest

from lifcore import LIF, constant_drive_period, simulate
from lifcore.noise.streams import generators
from lifcore.schemes import GRID_SCHEMES
from lifcore.schemes.euler import euler_step
from lifcore.schemes.lanes import grid_neuron
from lifcore.schemes.scheme import entry
from lifcore.schemes.state import SPIKE, Span, State, Streams, no_arrivals, nowhere
from oracles import euler, streams

NEURONS = [
    LIF(),
    LIF(g=1.0, mu=1.5, sigma=0.3, tau=0.5, v_reset=-0.25),
    LIF(g=0.6, v_th=1.7, mu=2.5, sigma=1.1, tau=0.3),
    LIF(g=0.0, tau=np.inf, mu=0.9, sigma=0.8),
    LIF(g=1.0, mu=1.5, sigma=0.0),
    LIF(g=1.0, mu=2.5, sigma=1.5, tau=0.3, v_reset=0.5, t_ref=0.3),
]


@pytest.mark.parametrize("neuron", NEURONS, ids=range(len(NEURONS)))
@pytest.mark.parametrize("h", [0.125, 0.1, 2.0**-6])
def test_bit_for_bit(neuron, h):
    steps, paths = 200, 300
    run = simulate(neuron, h=h, T=steps * h, paths=paths, seed=12, noise="numpy")
    blocks, spikes = [], []
    for b in range(2):
        dw = np.sqrt(h) * streams(12, b)[0].standard_normal((steps, 256))
        v, i, counts, found = euler(
            neuron, h, dw, np.full(256, neuron.v_reset), np.full(256, neuron.mu)
        )
        blocks.append((v, i, counts))
        spikes += [(k + 256 * b, *rest) for k, *rest in found if k + 256 * b < paths]
    for name, part in zip(("v", "i", "spike_counts"), zip(*blocks, strict=True), strict=True):
        assert np.array_equal(getattr(run, name)[:, 0], np.concatenate(part)[:paths]), name
    table = run.all_spikes()
    assert len(table) == len(spikes) == run.spike_counts.sum() > 100
    for name, column in zip(
        ("path", "time", "speed", "lag"), zip(*spikes, strict=True), strict=True
    ):
        assert np.array_equal(table[name], column), name


def test_counting_and_recording_agree():
    # simulate() counts only; asking for spikes runs the kernel that records them. Both end alike.
    own = entry(euler_step([LIF(mu=1.5)], 0.05), 0)
    ends = []
    for room in (0, 1, 10_000):  # counting only; a buffer that overflows; one that does not
        state, counts = np.zeros((2, 256)), np.zeros(256, np.int64)
        state[1] = own.mu
        streams = Streams(*generators(np.random.SeedSequence(13), 0))
        recording = nowhere(200)._replace(spikes=np.empty(room, SPIKE))
        grid_neuron(
            own,
            Span(0, 0, 200, 1, 256),
            streams,
            State(*state, counts),
            no_arrivals(200),
            recording,
        )
        recorded = recording.recorded
        ends.append((state, counts))
        assert recorded[0] == (counts.sum() if room else 0)
    for state, counts in ends[1:]:
        assert np.array_equal(state, ends[0][0])
        assert np.array_equal(counts, ends[0][1])


def test_one_reset_a_step_at_its_right_end():
    # V' = 0 + 0.5 * 4 = 2 is above 1: one spike at the step's end, all overshoot lost.
    neuron = LIF(g=0.0, tau=np.inf, mu=4.0, sigma=0.0)
    run = simulate(neuron, h=0.5, T=2.0, paths=1, seed=1)
    assert run.spikes(0).tolist() == [0.5, 1.0, 1.5, 2.0]
    assert run.crossing_speeds(0).tolist() == [4.0] * 4
    assert run.all_spikes()["lag"].tolist() == [0.25] * 4
    assert run.v[0, 0] == 0.0


def test_threshold_itself_is_a_spike():
    neuron = LIF(g=0.0, tau=np.inf, mu=1.0, sigma=0.0)
    assert simulate(neuron, h=0.25, T=1.0, paths=1, seed=1).spikes(0).tolist() == [1.0]


def test_constant_drive_is_late_by_less_than_the_steps_allow():
    neuron = LIF(mu=1.5, sigma=0.0)
    h, period = 2.0**-10, constant_drive_period(neuron)
    delay = np.diff(simulate(neuron, h=h, T=16.0, paths=1, seed=1).spikes(0), prepend=0.0) - period
    # Detection takes up to h; Euler's own V runs ahead by a share of h as well.
    assert (np.abs(delay) < 2.0 * h).all()


def test_step_constants():
    step = euler_step([LIF(g=2.0, tau=0.25, v_th=3.0, v_reset=-1.0, mu=0.5, sigma=0.75)], 0.125)
    constants = [float(part[0]) for part in step]
    assert constants == [0.125, 2.0, 0.5, 0.5, 0.75, 3.0, -1.0, 6.0, 0.0]


@pytest.mark.parametrize("scheme", GRID_SCHEMES)
@pytest.mark.parametrize("h", [1 / 8, 0.1, 0.05])
@pytest.mark.parametrize("g", [0.3, 1.0, 7.0])
@pytest.mark.parametrize("v_th", [0.7, 1.0, 15.1])
def test_no_spike_by_rounding_at_the_rheobase(scheme, h, g, v_th):
    # V tends to v_th from below and never is there, in real numbers.
    neuron = LIF(g=g, v_th=v_th, mu=g * v_th, sigma=0.0, v_reset=-0.2)
    assert simulate(neuron, h=h, T=800 * h, paths=1, seed=1, scheme=scheme).spike_counts.sum() == 0


def test_just_above_the_rheobase_it_spikes():
    neuron = LIF(g=7.0, mu=7.0 * (1.0 + 1e-9), sigma=0.0)
    h = 2.0**-10
    found = simulate(neuron, h=h, T=20.0, paths=1, seed=1).spike_counts[0, 0]
    assert found == pytest.approx(20.0 / constant_drive_period(neuron), abs=1.0)


def test_a_step_beyond_the_time_constants_is_warned_of():
    # Every step throws V from -3 to (1 - h) (-3) = 1.5, past the rest 0 and the threshold 1.
    neuron = LIF(mu=0.0, sigma=0.0, v_reset=-3.0, tau=2.0)
    with pytest.warns(UserWarning, match=r"h = 1\.5 is above 1/g = 1: .* without input"):
        run = simulate(neuron, h=1.5, T=150.0, paths=1, seed=1)
    assert run.spike_counts[0, 0] == 100
    assert simulate(neuron, h=0.75, T=150.0, paths=1, seed=1).spike_counts[0, 0] == 0
