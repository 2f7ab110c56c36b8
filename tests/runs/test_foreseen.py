"""The least time that a request takes: said before it starts, and a bound that holds."""

import math
import re
import time
from dataclasses import replace

import numpy as np
import pytest

from lifcore import LIF, Feedforward, Recurrent, couple, simulate
from lifcore.loops import truncations
from lifcore.runs import executors, progress, simulate_spikes
from lifcore.runs.observables import spike_count
from lifcore.runs.progress import FEWEST, LEAST, LEAST_FAIR, LONG, duration, foresee
from lifcore.stability import exponent_by_growth, exponent_by_tangent, synchronise
from lifcore.strong import error_profile
from lifcore.strong.trains import coupled_trains
from lifcore.weak import (
    boundary_strip,
    grid_rate,
    long_runs,
    plain_monte_carlo,
    weak_errors,
    white_rates,
)

N = LIF(mu=1.5)
CHAIN = Feedforward([LIF(mu=1.5), LIF()], [[[0.4]]])
RING = Recurrent(LIF(mu=1.5), np.roll(0.1 * np.eye(4), 1, axis=0))
COUNT = {"N": spike_count}
H, T, ONE = 1 / 16, 6.25e12, {"paths": 1, "seed": 1, "executor": "threads:1"}  # T/h = 1e14
TWO = {**ONE, "paths": 257}  # 512 of them


@pytest.fixture
def stopped(monkeypatch, capfd):
    """What is said before the first step of a request, which is not taken."""

    def follow(*_):
        raise KeyboardInterrupt

    monkeypatch.setenv("LIFCORE_PROGRESS", "on")
    monkeypatch.setattr(executors, "follow", follow)

    def said(request):
        with pytest.raises(KeyboardInterrupt):
            request()
        return capfd.readouterr().err

    return said


# The request, its least number of neurons' steps, and what each takes.
REQUESTS = {
    "euler": (lambda: simulate(N, h=H, T=T, **ONE), 1e14, FEWEST * LEAST["euler"]),
    "numpy": (lambda: simulate(N, h=H, T=T, noise="numpy", **ONE), 256e14, LEAST["euler"]),
    "bits": (lambda: simulate(N, h=H, T=T, noise="bits", **ONE), 1e14, FEWEST * LEAST_FAIR),
    "exponential": (
        lambda: simulate(N, h=H, T=T, scheme="exponential", **ONE), 1e14,
        FEWEST * LEAST["exponential"],
    ),
    "exact": (lambda: simulate(N, h=H, T=T, scheme="exact", **ONE), 1e14, FEWEST * LEAST["exact"]),
    "spikes": (
        lambda: simulate_spikes(N, h=H, T=T, scheme="exact", **ONE), 1e14,
        FEWEST * LEAST["exact"],
    ),
    "layers": (lambda: simulate(CHAIN, h=H, T=T, **ONE), 2e14, FEWEST * LEAST["euler"]),
    "loops": (lambda: simulate(RING, h=H, T=T, scheme="exact", **ONE), 4e14, LEAST["exact"]),
    "couple": (lambda: couple(N, h=[H, 2 * H], T=T, **ONE), 256e14, LEAST["exact"]),
    "couple loops": (lambda: couple(RING, h=[H, 2 * H], T=T, **ONE), 4e14, LEAST["exact"]),
    "truncations": (
        lambda: truncations(RING, depth=2, h=[H], T=T, **ONE), 16e14, LEAST["exact"],
    ),
    "profile": (
        lambda: error_profile(CHAIN, h=[H], times=[T], blocks=1, seed=1, executor="threads:1"),
        512e14, LEAST["exact"],
    ),
    "weak errors": (lambda: weak_errors(N, COUNT, h=[H], T=T, **TWO), 512e14, LEAST["exact"]),
    "strip": (lambda: boundary_strip(N, h=[H], T=T, **TWO), 512e14, LEAST["exact"]),
    "plain": (
        lambda: plain_monte_carlo(N, spike_count, h=H, T=T, **ONE), 256e14, LEAST["euler"],
    ),
    "white": (lambda: white_rates(N, 0.5, h=[H], T=T, **TWO), 512e14, LEAST["euler"]),
    "grid rate": (
        lambda: grid_rate(N, H, T=T, burn_in=8.0, **{**ONE, "paths": 1025}), 1280e14,
        LEAST["euler"],
    ),
    "tangent, euler": (
        lambda: exponent_by_tangent(N, h=H, T=T, settle=8.0, scheme="euler", **{**ONE, "paths": 2}),
        256e14, LEAST["euler"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REQUESTS)
def test_an_enormous_request_states_its_least_time_before_it_starts(kind, stopped):
    request, steps, each = REQUESTS[kind]
    said = stopped(request)
    assert said.count("\n") == 1
    found = re.search(r": ([0-9.e+]+) steps of a neuron, at least (.*)\n", said)
    assert float(found[1]) == pytest.approx(steps, rel=0.05)
    assert found[2] == duration(each * steps)


def test_so_do_requests_whose_steps_are_their_own(stopped):
    two = {**ONE, "paths": 2}
    for request in (
        lambda: exponent_by_tangent(N, T=1e9, settle=1.0, **two),
        lambda: exponent_by_growth(N, T=1e9, settle=1.0, **two),
        lambda: synchronise(N, [0.0, 0.5], T=1e9, h=1e9, **two),
    ):
        said = stopped(request)
        steps = float(re.search(r": ([0-9.e+]+) steps of a neuron, at least", said)[1])
        assert steps >= 256e9
        assert said.endswith(f"at least {duration(LEAST['exact'] * steps)}\n")


@pytest.fixture
def pairs():
    found = couple(N, h=[H], T=1.0, paths=1, seed=1)
    return replace(found, _run=replace(found._run, stops=(10**14,)))


def test_looking_again_at_a_long_run_says_so_too(pairs, stopped):
    for request in (lambda: coupled_trains(pairs), lambda: pairs.spike_pairs(0.1)):
        assert "2.6e+16 steps of a neuron, at least" in stopped(request)


def test_long_runs_say_it_for_each_step_size(stopped):
    request = {"h": [1 / 512], "T": 2.0**36, "executor": "threads:1", "seed": 1}
    for noise, each in (("gauss", LEAST["euler"]), ("three", LEAST_FAIR)):
        said = stopped(lambda n=noise: long_runs(N, {}, paths=257, noise=n, **request))
        steps = 512 * 2**36 * 512
        assert said.endswith(f"{steps:.1e} steps of a neuron, at least {duration(each * steps)}\n")


@pytest.mark.parametrize("each", [*LEAST.values(), LEAST_FAIR])
def test_what_may_take_ten_minutes_or_less_is_begun_in_silence(each, monkeypatch, capfd):
    monkeypatch.delenv("LIFCORE_PROGRESS")
    foresee("run", LONG / each * 4, 4, each)
    assert capfd.readouterr().err == ""
    foresee("run", LONG / each * 4.1, 4, each)
    assert capfd.readouterr().err.endswith(" steps of a neuron, at least 10 minutes\n")
    monkeypatch.setenv("LIFCORE_PROGRESS", "off")
    foresee("run", LONG / each * 1e9, 4, each)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("scheme", "noise"),
    [("euler", "numpy"), ("euler", "gauss"), ("euler", "bits"), ("exponential", "gauss"),
     ("exact", "gauss")],
)  # fmt: skip
def test_the_least_time_is_a_bound_and_no_empty_one(scheme, noise):
    # No input, no spikes, short steps: what costs least.
    request = {"h": 1e-4, "paths": 256, "seed": 1, "executor": "threads:1"}
    steps, spent = (400 if scheme == "exact" else 4000), math.inf
    for _ in range(5):
        begun = time.process_time()
        found = simulate(LIF(mu=-3.0), T=1e-4 * steps, scheme=scheme, noise=noise, **request)
        spent = min(spent, time.process_time() - begun)
    bound = found._run.least(256) * found._run.neuron_steps(256)
    assert bound < spent
    assert spent < 12.0 * bound or noise == "numpy"  # which is slower than the least
    assert progress.LEAST[scheme] >= found._run.least(256)
