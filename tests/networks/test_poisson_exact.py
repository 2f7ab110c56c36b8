"""Poisson input of exact solutions: at its own times, the same for all that run side by side."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import kstest

from lifcore import LIF, Recurrent, couple, simulate, simulate_spikes
from lifcore.models import PoissonInput, microcircuit
from lifcore.networks.events import Events
from lifcore.networks.flights import FLIGHT, Flights
from lifcore.networks.series import ITSELF, Series, setup
from lifcore.schemes import portions

SEED = 5
QUIET = LIF(g=1.0, mu=0.4, sigma=0.0, tau=0.5)
INPUTS = [PoissonInput([8.0, 3.0], [0.5, 1.1]), PoissonInput(4.0, -0.3)]
PAIR = Recurrent(QUIET, np.zeros((2, 2)), poisson=INPUTS)
BOTH = Recurrent(
    LIF(mu=0.8, sigma=0.4, t_ref=0.125), [[0.0, 0.3], [-0.2, 0.0]], delays=0.25, poisson=INPUTS
)
AT_ONCE = Recurrent(LIF(mu=0.8, sigma=0.4), [[0.0, 0.3], [-0.2, 0.0]], poisson=INPUTS)


def events(model, h, steps):
    """Path 0's events, as arrays: time, neuron, weight."""
    ready = setup(model, Series((ITSELF,), (), ()), h)
    drawn = Events(model, ready, np.random.SeedSequence(SEED), 0, 1)
    parts = [
        drawn.launched(Flights(np.empty(0, FLIGHT)), (0, 1), begin).table
        for begin, _ in drawn.chunks(0, steps)
    ]
    table = np.concatenate(parts)
    table = table[table["step"] < steps]
    synapses = ready.circuit.synapses
    target, weight = synapses.target[table["next"]], synapses.weight[table["next"]]
    return table["step"] * h + table["time"], target, weight


def integrated(lif, times, jumps, T):
    """Spike times, and (V, I) at T, of a neuron without noise, by its closed form."""
    v, i, spikes, now = lif.v_reset, lif.mu, [], 0.0
    order = np.argsort(times)

    def after(t, v, i):
        a = 1.0 / lif.tau
        x, decay = i - lif.mu, math.exp(-lif.g * t)
        gain = (math.exp(-a * t) - decay) / (lif.g - a)
        return v * decay + lif.mu / lif.g * (1.0 - decay) + x * gain, lif.mu + x * math.exp(-a * t)

    for until, jump in [*zip(times[order], jumps[order], strict=True), (T, 0.0)]:
        while True:
            grid = np.linspace(0.0, until - now, 200)
            above = [t for t in grid if after(t, v, i)[0] >= lif.v_th]
            if not above:
                break
            low = max(0.0, above[0] - grid[1])
            passed = brentq(lambda t, v=v, i=i: after(t, v, i)[0] - lif.v_th, low, above[0],
                            xtol=1e-14)  # fmt: skip
            now += passed
            v, i = lif.v_reset, after(passed, v, i)[1]
            spikes.append(now)
        v, i = after(until - now, v, i)
        i, now = i + jump, until
    return np.array(spikes), v, i


@pytest.mark.parametrize("h", [1 / 4, 1 / 32])
def test_without_noise_the_solution_is_the_closed_form(h):
    T = 16.0
    run = {"h": h, "T": T, "paths": 1, "seed": SEED, "scheme": "exact"}
    found, state = simulate_spikes(PAIR, **run), simulate(PAIR, **run)
    times, target, weight = events(PAIR, h, round(T / h))
    for k in range(2):
        spikes, v, i = integrated(QUIET, times[target == k], weight[target == k], T)
        assert spikes.size > 3
        assert found["time"][found["neuron"] == k] == pytest.approx(spikes, abs=1e-9)
        assert (state.v[0, k], state.i[0, k]) == pytest.approx((v, i), abs=1e-9)


def test_times_are_uniform_within_steps():
    times, _, _ = events(PAIR, 1 / 4, 4000)
    assert times.size > 15_000
    assert kstest(4.0 * times % 1.0, "uniform").pvalue > 1e-3
    assert times.size / 1000.0 == pytest.approx(19.0, rel=0.03)


def test_a_grid_beside_it_counts_the_same_events_in_its_own_steps():
    h, T = 1 / 16, 4.0
    pairs = couple(PAIR, h=[h, 4 * h], T=T, paths=1, seed=SEED)
    times, target, weight = events(PAIR, h, round(T / h))
    for level, size in enumerate((h, 4 * h)):
        i = np.full(2, QUIET.mu)
        for n in range(round(T / size)):
            now = np.floor(times / size + 1e-12) == n
            i += size / QUIET.tau * (QUIET.mu - i)
            i += np.bincount(target[now], weights=weight[now], minlength=2)
        assert pairs.i_euler[level, 0] == pytest.approx(i, abs=1e-12)
    alone = simulate(PAIR, h=h, T=T, paths=1, seed=SEED)  # draws the same numbers of events
    assert pairs.i_euler[0] == pytest.approx(alone.i, abs=1e-12)


@pytest.mark.parametrize("model", [BOTH, AT_ONCE], ids=["late", "at once"])
def test_the_exact_path_is_the_same_beside_others_and_in_any_portions(model, monkeypatch):
    run = {"T": 8.0, "paths": 3, "seed": SEED}
    alone = simulate(model, h=1 / 16, scheme="exact", **run)
    pairs = couple(model, h=[1 / 16, 1 / 8], **run)
    monkeypatch.setattr(portions, "SECONDS", 1e-9)
    again = simulate(model, h=1 / 16, scheme="exact", **run)
    one = simulate(model, h=1 / 16, scheme="exact", executor="threads:1", **run | {"paths": 1})
    for name in ("v", "i", "spike_counts"):
        own = getattr(alone, name)
        assert np.array_equal(own, getattr(pairs, name))
        assert np.array_equal(own, getattr(again, name))
        assert np.array_equal(own[:1], getattr(one, name))
    assert alone.spike_counts.min() > 0


def test_euler_tends_to_it():
    pairs = couple(BOTH, h=[1 / 16, 1 / 32, 1 / 64, 1 / 128], T=4.0, paths=4000, seed=1)
    errors = [error.mean for error in pairs.mean_square_error()]
    assert 0.7 < np.polyfit(np.log(pairs.h), np.log(errors), 1)[0] < 1.2


def test_a_current_of_few_large_events_has_campbells_cumulants():
    rate, weight, lif = 2.0, 0.8, LIF(mu=0.1, sigma=0.3, tau=0.5, v_th=1e6)
    shots = Recurrent(lif, np.zeros((64, 64)), poisson=PoissonInput(rate, weight))
    i = simulate(shots, h=1 / 2, T=8.0, paths=400, seed=2, scheme="exact").i.ravel()
    centred = i - (lif.mu + rate * weight * lif.tau)
    for power, truth in (
        (1, 0.0),
        (2, (rate * weight**2 + lif.sigma**2) * lif.tau / 2),
        (3, rate * weight**3 * lif.tau / 3),
    ):
        values = centred**power
        assert abs(values.mean() - truth) < 4.0 * values.std() / math.sqrt(values.size)
        assert values.std() / math.sqrt(values.size) < 0.05 * max(truth, 0.2)


def test_populations_are_not_coupled():
    with pytest.raises(TypeError, match="model = "):
        couple(microcircuit(0.01, 0.01, seed=1), h=0.01, T=1.0, paths=1, seed=1)
