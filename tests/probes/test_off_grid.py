"""Event-driven rules against closed forms and against a propagator of a fine step."""

import dataclasses
import math
from itertools import pairwise

import pytest

from lifcore.probes import EXPERIMENTS, Rule
from lifcore.probes.off_grid import NEWTON, solve

DRIVE = EXPERIMENTS["drive"]
STRONG = EXPERIMENTS["strong input"]


def test_crossings_of_a_constant_drive_are_the_closed_form():
    _, _, spikes = solve(DRIVE, DRIVE.steps, 0.0, ">=")
    period = DRIVE.tau_m * math.log(2.0) / DRIVE.dt
    assert spikes == pytest.approx([(k + 1) * period for k in range(len(spikes))], abs=1e-12)


def test_refractory_time_from_the_crossing_and_rounded_up():
    e = EXPERIMENTS["refractory"]
    charged = e.tau_m * math.log(8.0 / 7.0)
    for held, steps in ((1.2, e.steps), (1.5, e.steps)):
        _, _, spikes = solve(e, steps, held, ">=")
        gaps = [(b - a) * e.dt for a, b in pairwise(spikes)]
        assert gaps == pytest.approx([charged + held] * len(gaps), abs=1e-12)


def test_agrees_with_a_propagator_of_a_fine_step():
    finer = 512
    fine = dataclasses.replace(STRONG, dt=STRONG.dt / finer, steps=STRONG.steps * finer)
    grid = Rule("exponential on the grid", "at its time", ">=", "to 0", "in the step", "none")
    v, i, late = grid.run(fine)
    exact_v, exact_i, spikes = solve(STRONG, STRONG.steps, 0.0, ">=")
    # each reset loses less than a fine step's charge, and with it later spikes come later
    assert len(late) == len(spikes)
    assert late == pytest.approx([s * finer for s in spikes], abs=25)
    assert v[4 * finer] == pytest.approx(exact_v[4], abs=1e-12)
    assert i[::finer] == pytest.approx(exact_i, abs=1e-12)


def test_a_potential_that_turns_below_the_threshold_is_no_spike():
    # w tau_s/(tau_m - tau_s) (a - b) is largest at t = ln(tau_m/tau_s)/(1/tau_s - 1/tau_m)
    turn = math.log(5.0) / 0.4
    height = 0.25 * (math.exp(-turn / 10.0) - math.exp(-turn / 2.0))
    for factor, expected in ((1.0 - 1e-9, 0), (1.0 + 1e-9, 1)):
        e = dataclasses.replace(STRONG, inputs=((2.0, factor / height),))
        assert len(solve(e, e.steps, 0.0, ">")[2]) == expected
    # Newton's steps fire a millionth below
    e = dataclasses.replace(STRONG, inputs=((2.0, (1.0 - 1e-7) / height),))
    assert len(solve(e, e.steps, 0.0, NEWTON)[2]) == 1


def test_newton_comes_early_by_less_than_its_tolerance_allows():
    exact = solve(STRONG, STRONG.steps, 0.0, ">=")[2]
    newton = solve(STRONG, STRONG.steps, 0.0, NEWTON)[2]
    early = [a - b for a, b in zip(exact, newton, strict=True)]
    assert all(0.0 < x < 1e-4 for x in early)


def test_a_state_on_the_threshold_fires_at_once_unless_it_has_to_exceed_it():
    e = EXPERIMENTS["threshold"]
    assert solve(e, e.steps, 0.0, ">=")[2][0] == 0.0
    assert solve(e, e.steps, 0.0, ">")[2] == []


def test_refractory_time_from_the_crossing_on_the_grid_makes_the_rate_exact():
    held = Rule(
        "exponential, current frozen",
        "at its time",
        ">",
        "to 0",
        "in the step",
        "from the crossing",
    )
    e = dataclasses.replace(EXPERIMENTS["refractory"], steps=4000)
    spikes = held.run(e)[2]
    period = (spikes[-1] - spikes[0]) * e.dt / (len(spikes) - 1)
    # the stamps are whole steps, the period is not
    assert period == pytest.approx(10.0 * math.log(8.0 / 7.0) + 1.2, abs=e.dt / (len(spikes) - 1))
    up = dataclasses.replace(held, refractory="rounded up").run(e)[2]
    assert (up[-1] - up[0]) * e.dt / (len(up) - 1) == 3.0
