"""Runs that would not end, overflow or lose all digits: refused before they start, by name."""

import time

import numpy as np
import pytest
from scipy import sparse

from lifcore import LIF, Feedforward, Recurrent, couple, simulate
from lifcore.runs import simulate_spikes
from lifcore.schemes import EXACT, EXPONENTIAL
from lifcore.stability import exponent_by_growth, exponent_by_tangent, synchronise
from lifcore.weak import boundary_strip, long_runs, plain_monte_carlo, weak_errors, white_rates

ONE = {"h": 0.1, "T": 1.0, "paths": 1, "seed": 1}
EX = {**ONE, "scheme": "exact"}
TWO = {"T": 1.0, "paths": 257, "seed": 1}
LATE = {"T": 1.0, "paths": 2, "seed": 1, "settle": 0.0}


def warned(function):
    """Return a function whose warning is waited for."""

    def call(*arguments, **more):
        with pytest.warns(UserWarning, match="so strong"):
            return function(*arguments, **more)

    return call


def far(**values):
    """Return a neuron of which its units, as they seem, are warned of."""
    with pytest.warns(UserWarning, match="makes the neuron spike more than 50 times within 1/g"):
        return LIF(**values)


def v(v, i, n):
    return v


# What is asked for, and what the message says.
REFUSED = {
    "mu": (lambda: simulate(far(mu=1e20), **EX), r"mu = 1e\+20 makes a neuron spike about 1.0e\+1"),
    "spikes": (lambda: simulate_spikes(far(mu=1e20), **EX), r"mu = 1e\+20 makes"),
    "couple": (lambda: couple(far(mu=1e20), **ONE), r"mu = 1e\+20 makes"),
    "mu of squares": (lambda: couple(far(mu=1e200), **ONE), r"mu = 1e\+200 in size is too large"),
    "start": (lambda: simulate(LIF(), start=(0.0, 1e30), **EX), r"start: I = 1e\+30 makes a neu"),
    "starts": (
        lambda: simulate(LIF(), **EX, start=(np.zeros(1), np.full(1, 1e70))),
        r"start: I = 1e\+70 in size is too large",
    ),
    "a layer": (lambda: simulate(far(mu=[1.0, 1e20]), **EX), r"mu = 1e\+20 makes"),
    "sigma": (lambda: simulate(LIF(sigma=1e20), **EX), r"sigma = 1e\+20 makes a neuron spike"),
    "way": (lambda: simulate(far(v_th=1e-30), **EX), r"v_th - v_reset = 1e-30 makes a neuron"),
    "sigma's size": (lambda: simulate(LIF(sigma=1e200), **ONE), r"sigma = 1e\+200 in size is t"),
    "h": (lambda: couple(LIF(), h=1e-300, T=1e-300, paths=1, seed=1), r"h = 1e-300 is too extreme"),
    "h, exact": (
        lambda: simulate(LIF(), **{**EX, "h": 1e-300, "T": 1e-300}), r"h = 1e-300 is too extreme",
    ),
    "h, exponential": (
        lambda: simulate(LIF(), h=1e-300, T=1e-300, paths=1, seed=1, scheme="exponential"),
        r"h = 1e-300 is too extreme",
    ),
    "weights": (
        lambda: simulate(Recurrent(LIF(), [[1e200]]), **EX), r"weights = 1e\+200 in size is too",
    ),
    "sparse": (
        lambda: simulate(Recurrent(LIF(), sparse.csr_array([[1e200]])), **EX), r"weights = 1e\+200",
    ),
    "of layers": (
        lambda: simulate(Feedforward([LIF(), LIF()], [[[1e200]]]), **EX), r"weights = 1e\+200",
    ),
    "weak errors": (lambda: weak_errors(far(mu=1e20), {"V": v}, h=[0.1], **TWO), r"mu = 1e\+20 ma"),
    "strip": (lambda: boundary_strip(far(mu=1e20), h=[0.1], **TWO), r"mu = 1e\+20 makes"),
    "plain": (
        lambda: plain_monte_carlo(far(mu=1e200), v, h=0.1, **TWO), r"mu = 1e\+200 in size is too",
    ),
    "long runs": (lambda: long_runs(far(mu=1e200), {}, h=[0.1], **TWO), r"mu = 1e\+200 in size is"),
    "white": (lambda: white_rates(far(mu=1e200), 0.5, h=[0.1], **TWO), r"= 1e\+200"),
    "tangent": (lambda: exponent_by_tangent(far(mu=1e20), **LATE), r"mu = 1e\+20 makes"),
    "growth": (lambda: exponent_by_growth(far(mu=1e20), **LATE), r"mu = 1e\+20 makes"),
    "synchronise": (
        lambda: synchronise(far(mu=1e20), [0.0, 0.5], T=1.0, paths=2, seed=1), r"mu = 1e\+20 makes",
    ),
    "time": (
        lambda: synchronise(LIF(tau=1e-20), [0.0, 0.5], T=1.0, paths=2, seed=1),
        r"T = 1.0 is 1.0e\+20 times the shortest of 1/g and tau",
    ),
    "settling": (
        lambda: exponent_by_growth(LIF(g=1e-6, mu=-1.0), T=1.0, paths=2, seed=1),
        r"settle = None would be a time of 1.6e\+07",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_before_any_work(kind, monkeypatch):
    def work(*_):
        raise AssertionError("a block was computed")

    request, message = REFUSED[kind]
    from lifcore.runs import executors

    monkeypatch.setattr(executors, "follow", work)
    begun = time.process_time()
    with pytest.raises(ValueError, match=message):
        request()
    assert time.process_time() - begun < 5.0


# Only the run itself shows that these go on spiking for ever.
ENDLESS = {
    "itself": lambda: simulate(Recurrent(LIF(), [[3.0]]), **{**EX, "T": 10.0}),
    "coupled": lambda: warned(couple)(Recurrent(LIF(), [[3.0]]), **{**ONE, "T": 10.0}),
    "another": lambda: simulate(Recurrent(LIF(), [[0.0, 0.0], [1e30, 0.0]]), **{**EX, "T": 4.0}),
    "layers": lambda: simulate(Feedforward([LIF(), LIF()], [[[1e30]]]), **{**EX, "T": 4.0}),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_currents_without_bound_end_a_run(kind):
    with pytest.raises(
        ValueError, match=r"^weights, mu or start make a neuron spike more than a m"
    ):
        ENDLESS[kind]()


@pytest.mark.parametrize(
    "lif", [LIF(), LIF(mu=50.0), LIF(g=0.0, tau=np.inf), LIF(g=5e-324), LIF(tau=1e-3), far(mu=1e4)]
)
def test_nothing_else_is_refused(lif):
    request = {**EX, "h": 2.0**-4}
    assert np.isfinite(simulate(lif, **request).v).all()


@pytest.mark.parametrize("scheme", ["euler", "exponential", "exact"])
def test_units_are_warned_of_once(scheme):
    layer = far(mu=[1.2, 1e4])  # and not again of each of its neurons, in each block
    simulate(layer, h=0.01, T=0.02, paths=300, seed=1, scheme=scheme)
    assert layer.neuron(1) == layer.neurons(2)[1] == far(mu=1e4)


def test_long_runs_of_many_spikes_are_not_refused(monkeypatch):
    from lifcore.checks import feasible

    feasible([LIF(mu=1.5)], 1e3, 1e12)  # long steps, long time
    feasible([far(mu=150.0)], 1.0, 1e3)
    feasible([LIF(mu=-1e20, sigma=1.0)], 0.1, 1.0)
    feasible([far(mu=1e20)], 0.1, 1.0, exact=False)


@pytest.mark.parametrize("scheme", [EXACT, EXPONENTIAL])
@pytest.mark.parametrize("h", [1e-300, 1e-200])
def test_constants_that_cannot_be_computed_name_the_argument(scheme, h):
    with pytest.raises(ValueError, match=rf"h = {h!r} is too extreme for a step of h"):
        scheme.constants([LIF()], h)


def test_sparse_weights_cannot_be_changed():
    given = sparse.csr_array(np.eye(2))
    for matrix in (
        Recurrent(LIF(), given).weights,
        Feedforward([LIF(), LIF()], [given]).weights[0],
    ):
        for part in (matrix.data, matrix.indices, matrix.indptr):
            with pytest.raises(ValueError, match="read-only"):
                part[0] = 1
    given.data[0] = 2.0  # their owner may
