"""Delays of networks: one number, one a projection, or one a synapse; what does not fit is said."""

import numpy as np
import pytest
from scipy import sparse

from lifcore import checks, couple, simulate, simulate_spikes
from lifcore.models import LIF, Feedforward, Recurrent, microcircuit
from lifcore.models.microcircuit import CELL
from lifcore.networks.synapses import by_source

WEIGHTS = np.array([[0.0, 0.1], [0.2, 0.0]])


def test_of_synapses_are_kept_where_there_is_one():
    model = Recurrent(LIF(), WEIGHTS, delays=[[9.0, 0.25], [0.5, 9.0]])
    assert model.delays.toarray().tolist() == [[0.0, 0.25], [0.5, 0.0]]
    assert model.delay_range == (0.25, 0.5)


def test_none_at_all_is_the_number_zero():
    assert Recurrent(LIF(), WEIGHTS, delays=np.zeros((2, 2))).delays == 0.0
    assert Feedforward([LIF(), LIF()], [WEIGHTS], delays=[0.0]).delays == 0.0


def test_by_projection():
    model = Feedforward([LIF()] * 3, [WEIGHTS, WEIGHTS], delays=[0.5, WEIGHTS])
    assert model.delay_range == (0.1, 0.5)
    assert model.delays[0] == 0.5


def test_are_sorted_by_source_as_the_weights_are():
    rng = np.random.default_rng(1)
    weights = sparse.random_array((30, 30), density=0.2, rng=rng, format="csr")
    late = weights.copy()
    late.data = 7.0 * weights.data
    synapses = by_source(weights, Recurrent(LIF(), weights, delays=late).delays)
    assert np.array_equal(synapses.delay, 7.0 * synapses.weight)


@pytest.mark.parametrize(
    ("delays", "message"),
    [
        (-1.0, "delays = -1.0 is out of range; allowed: a number >= 0"),
        ([[0.0, -2.0], [1.0, 0.0]], "delays holds -2; allowed: delays >= 0"),
        ([1.0, 2.0], r"delays has shape \(2,\), but the weights have \(2, 2\)"),
        (sparse.csr_array(np.eye(2)), "an entry for target 0, source 0, where there is no weight"),
        (sparse.csr_array([[0.0, 1.0], [0.0, 0.0]]), "no entry for target 1, source 0, where"),
        (np.full((2, 2), np.nan), "delays holds NaN"),
    ],
)
def test_of_loops_that_do_not_fit(delays, message):
    with pytest.raises(ValueError, match=message):
        Recurrent(LIF(), WEIGHTS, delays=delays)


def test_of_layers_that_do_not_fit():
    with pytest.raises(ValueError, match="delays has 2 entries for 1 matrices of weights"):
        Feedforward([LIF(), LIF()], [WEIGHTS], delays=[1.0, 2.0])
    with pytest.raises(ValueError, match=r"delays\[0\] = -1"):
        Feedforward([LIF(), LIF()], [WEIGHTS], delays=[-1])


def test_in_steps_are_rounded_to_the_nearest():
    assert checks.delay_steps(np.array([0.0, 0.1, 0.14, 0.25]), 0.1).tolist() == [0, 1, 1, 2]


def test_below_a_step_are_refused():
    with pytest.raises(ValueError, match=r"a delay of 0\.05 is less than a step.*h <= 0\.05"):
        checks.delay_steps(np.array([0.05]), 0.1)
    with pytest.raises(ValueError, match=r"a delay of 1e\+06 takes 1000000 steps; allowed: up to"):
        checks.delay_steps(np.array([1e6]), 1.0)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (LIF(mu=1.5, t_ref=0.3), "t_ref = 0.3 would be rounded to 0.25"),
        (LIF(mu=[1.5, 1.5], t_ref=[0.25, 0.3]), "t_ref = 0.3 would be rounded to 0.25"),
        (Recurrent(LIF(), np.eye(2)[::-1] * 0.1, delays=0.3), "delay = 0.3 would be rounded to"),
        (Feedforward([LIF(), LIF()], [[[0.1]]], delays=[0.3]), "delay = 0.3 would be rounded to"),
    ],
)
def test_what_a_grid_would_round_is_refused_if_asked_to(model, name):
    request = {"T": 1.0, "paths": 2, "seed": 1}
    for run in (simulate, simulate_spikes, couple):
        run(model, h=0.125, **request)
        with pytest.raises(ValueError, match=rf"h = 0\.125: {name}.*strict = True"):
            run(model, h=0.125, strict=True, **request)
        run(model, h=0.05, strict=True, **request)
        with pytest.raises(TypeError, match="strict = 'yes'; allowed: True or False"):
            run(model, h=0.125, strict="yes", **request)
    simulate(model, h=0.125, scheme="exact", strict=True, **request)  # which rounds nothing


def test_strict_asks_every_grid_of_a_coupled_run():
    request = {"h": [0.05, 0.1], "T": 1.0, "paths": 2, "seed": 1}
    with pytest.raises(ValueError, match=r"h = 0\.1: t_ref = 0\.25 would be rounded to 0\.2;"):
        couple(LIF(t_ref=0.25), strict=True, **request)


def test_strict_looks_at_the_delays_of_populations():
    column = microcircuit(0.01, 0.01, seed=1, resolution=0.5)
    h = CELL.h(0.5)
    simulate(column, h=h, T=4 * h, paths=1, seed=1, scheme="exponential", strict=True)
    with pytest.raises(ValueError, match=r"delay = .* would be rounded"):
        simulate(column, h=CELL.h(0.2), T=CELL.h(0.8), paths=1, seed=1, scheme="exponential",
                 strict=True)  # fmt: skip
