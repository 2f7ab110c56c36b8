"""Every function that takes a neuron supports a refractory time, or refuses it by its own name."""

import inspect
import sys

import numpy as np
import pytest

from lifcore import (
    advice,
    checks,
    loops,
    models,
    runs,
    schemes,
    stability,
    strong,
    weak,
)
from lifcore.models import LIF, Recurrent

stationary = sys.modules["lifcore.stationary"]  # lifcore.stationary is the function in it

NEURON = LIF(t_ref=0.25)
RUN = {"h": 0.125, "T": 1.0, "paths": 512, "seed": 1}
LONG = {"T": 4.0, "paths": 512, "seed": 1}


def _count(v, i, n):
    return n


CALLS = {
    "constant_drive_period": lambda: models.constant_drive_period(NEURON),
    "Physical.from_lif": lambda: models.Physical.from_lif(
        NEURON, time_unit=10, voltage_unit=15, C_m=250
    ),
    "euler_step": lambda: schemes.euler_step([NEURON], 0.125),
    "exponential_step": lambda: schemes.EXPONENTIAL.constants([NEURON], 0.125),
    "exact_step": lambda: schemes.exact_step(NEURON, 0.125),
    "simulate": lambda: runs.simulate(NEURON, **RUN),
    "simulate_spikes": lambda: runs.simulate_spikes(NEURON, **RUN),
    "couple": lambda: runs.couple(NEURON, **RUN),
    "random_start": lambda: runs.random_start(NEURON, 3, np.random.SeedSequence(1)),
    "settling_time": lambda: runs.settling_time(NEURON),
    "FreeProcess": lambda: stationary.FreeProcess(NEURON),
    "solve_threshold": lambda: stationary.solve_threshold(NEURON),
    "euler_rate": lambda: stationary.euler_rate(NEURON, 0.05),
    "exponential_rate": lambda: stationary.exponential_rate(NEURON, 0.05),
    "late_reset_rate": lambda: stationary.late_reset_rate(NEURON, 0.01),
    "solve_on_cells": lambda: stationary.solve_on_cells(NEURON, cells=80),
    "stationary": lambda: stationary.stationary(NEURON, cells=None),
    "crossing_speeds": lambda: strong.crossing_speeds(NEURON, **LONG),
    "error_profile": lambda: strong.error_profile(
        NEURON, h=[0.125], times=[0.5, 1.0], blocks=2, seed=1
    ),
    "exponent_by_flux": lambda: stability.exponent_by_flux(NEURON),
    "exponent_by_growth": lambda: stability.exponent_by_growth(NEURON, **LONG),
    "exponent_by_tangent": lambda: stability.exponent_by_tangent(NEURON, **LONG),
    "network_spectrum": lambda: stability.network_spectrum(NEURON, **LONG),
    "saltation_factor": lambda: stability.saltation_factor(NEURON, 0.5),
    "spectrum_of_record": lambda: stability.spectrum_of_record(
        NEURON, np.array([0.5]), np.array([0]), np.array([1.0]), end=1.0
    ),
    "synchronise": lambda: stability.synchronise(NEURON, [0.0, 0.5], T=1.0, paths=512, seed=1),
    "boundary_strip": lambda: weak.boundary_strip(NEURON, **RUN),
    "strip_constants": lambda: weak.strip_constants(NEURON, None),
    "euler_fires": lambda: weak.euler_fires(NEURON, None, 0.125),
    "euler_law": lambda: weak.euler_law(NEURON, 0.125),
    "grid_rate": lambda: weak.grid_rate(NEURON, burn_in=1.0, **RUN),
    "precise_grid_rate": lambda: weak.precise_grid_rate(
        NEURON, 0.125, rate=0.7, precision=0.1, seed=1
    ),
    "long_runs": lambda: weak.long_runs(NEURON, {}, **RUN),
    "weak_errors": lambda: weak.weak_errors(NEURON, {"N": _count}, **RUN),
    "multilevel": lambda: weak.multilevel(
        NEURON, _count, T=1.0, coarsest=0.125, half_width=0.1, seed=1
    ),
    "plain_monte_carlo": lambda: weak.plain_monte_carlo(NEURON, _count, **(RUN | {"T": 2.0})),
    "rule_rates": lambda: weak.rule_rates(NEURON, **RUN),
    "rate_parts": lambda: weak.rate_parts(NEURON),
    "siegert_rate": lambda: weak.siegert_rate(NEURON, 0.5),
    "white_rates": lambda: weak.white_rates(NEURON, 0.5, **RUN),
    "step_size": lambda: advice.step_size(NEURON, tolerance=0.01, quantity="rate"),
    "error_at": lambda: advice.error_at(NEURON, 0.125, quantity="rate"),
}

UNTOUCHED = {
    # about the neuron without spikes; of networks, which refuse; of one-neuron checks themselves
    *("free_law", "crossing_chance", "bridges", "exact_flow", "step_covariance", "Feedforward"),
    *(
        "chain_lengths",
        "cycle_gain",
        "kick_norm",
        "rate_bound",
        "truncations",
        "Scheme",
        "Recurrent",
    ),
    # networks by populations, which simulate alone takes
    *("Population", "Populations"),
    *("network", "one_neuron", "to_nest", "to_pynn", "to_nir", "to_brian2"),
}


@pytest.mark.parametrize("name", CALLS)
def test_is_supported_or_refused_by_name(name):
    if name in checks.REFRACTORY:
        CALLS[name]()
        return
    with pytest.raises(ValueError, match=rf"t_ref = 0\.25: {name} does not support a refractory"):
        CALLS[name]()


def test_nothing_that_takes_a_neuron_is_left_out():
    known = {*CALLS, *UNTOUCHED}
    for package in (models, schemes, runs, stationary, strong, stability, weak, loops, advice):
        for name in package.__all__:
            thing = getattr(package, name)
            if not callable(thing) or type(thing).__module__ == "typing":
                continue
            taken = [str(p.annotation) for p in inspect.signature(thing).parameters.values()]
            neurons = ("LIF", "Recurrent", "Feedforward", "Network", "Model", "Physical")
            if any(word in text for text in taken for word in neurons):
                assert name in known, name


LOOPS = Recurrent(NEURON, [[0.0, 0.1], [0.1, 0.0]])
LATE = Recurrent(LIF(), [[0.0, 0.1], [0.1, 0.0]], delays=0.5)
NETWORK_CALLS = {
    "simulate": lambda model: runs.simulate(model, **RUN, scheme="exact"),
    "couple": lambda model: runs.couple(model, **RUN),
    "truncations": lambda model: loops.truncations(model, depth=1, **RUN),
    "rate_bound": lambda model: loops.rate_bound(model),
    "cycle_gain": lambda model: loops.cycle_gain(model),
    "kick_norm": lambda model: loops.kick_norm(model),
    "network_spectrum": lambda model: stability.network_spectrum(model, **LONG),
    "step_size": lambda model: advice.step_size(model, tolerance=0.01, quantity="state", T=1.0),
}


@pytest.mark.parametrize("name", NETWORK_CALLS)
@pytest.mark.parametrize("model", [LOOPS, LATE], ids=["refractory", "delays"])
def test_networks_are_supported_or_refused_by_name(name, model):
    if name in checks.DELAYED:
        NETWORK_CALLS[name](model)
        return
    with pytest.raises(ValueError, match=rf"{name} does not support (a refractory|delays)"):
        NETWORK_CALLS[name](model)


def test_supported_are_all_tried():
    assert set(checks.REFRACTORY) <= set(CALLS)


def test_layers_and_other_times_than_zero():
    layer = models.Feedforward([LIF(), LIF(t_ref=[0.0, 0.5])], [np.ones((2, 1))])
    with pytest.raises(ValueError, match=r"model\.t_ref = 0\.5: network_spectrum does not"):
        stability.network_spectrum(layer, **LONG)
    assert LIF(t_ref=0.0) == LIF()
    assert LIF(t_ref=0.5) != LIF()


def test_the_interval_under_constant_drive():
    assert models.constant_drive_period(LIF(mu=1.5, t_ref=0.25)) == pytest.approx(
        np.log(3.0) + 0.25, rel=1e-15
    )
    assert models.constant_drive_period(LIF(g=0.0, mu=2.0, t_ref=0.25)) == 0.75
    assert models.constant_drive_period(LIF(mu=0.5, t_ref=0.25)) == np.inf
