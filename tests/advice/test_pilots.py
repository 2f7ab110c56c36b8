"""Advice from pilots: against independent coupled runs, and what pilots refuse."""

import numpy as np
import pytest

from lifcore import LIF, Feedforward, Recurrent, couple, error_at, step_size
from lifcore.advice import large
from lifcore.advice.answers import FAR, _far
from lifcore.advice.measures import MEASURES, weak_measure

DRIVEN = LIF(mu=1.5, sigma=0.3, tau=0.5)
NOISY = LIF(mu=0.8, sigma=0.6, tau=0.5)


def spikes(v, i, n):
    return n


def independent(model, h, T, measure, paths):
    """The same measure from another seed."""
    run = couple(model, h=h, T=T, paths=paths, seed=77)
    return measure.read(run)[0][0]


CASES = [
    (DRIVEN, "spike_time", 0.05, 20_000),
    (DRIVEN, "state", 0.1, 40_000),
    (NOISY, "state", 0.1, 40_000),
    (NOISY, "count", 0.05, 20_000),
    (NOISY, "weak", 0.01, 60_000),
]


@pytest.mark.parametrize(("model", "quantity", "tolerance", "paths"), CASES)
def test_advised_step_meets_the_tolerance_at_another_seed(model, quantity, tolerance, paths):
    asked = {"observable": spikes} if quantity == "weak" else {}
    advice = step_size(model, tolerance=tolerance, quantity=quantity, T=8.0, **asked)
    measure = weak_measure(spikes) if quantity == "weak" else MEASURES[quantity]
    found = independent(model, advice.h, 8.0, measure, paths)
    low, high = found.interval(0.999)
    assert low <= tolerance
    assert advice.error.high <= tolerance * (1.0 + 1e-9)
    # the two intervals meet, and the step could not have been three times as long
    assert low <= advice.error.high
    assert high >= advice.error.low
    coarser = independent(model, 8.0 / max(1, int(8.0 / (4.0 * advice.h))), 8.0, measure, 5_000)
    assert abs(coarser.mean) > tolerance


def test_same_question_same_answer():
    one, two = (error_at(NOISY, 0.125, quantity="state", T=4.0) for _ in range(2))
    assert one == two


def test_a_step_too_fine_to_measure_is_carried_over():
    advice = step_size(NOISY, tolerance=0.01, quantity="state", T=8.0)
    assert "carried over" in advice.warnings[0]
    assert advice.error.high <= 0.01


def test_out_of_reach():
    with pytest.raises(ValueError, match=r"the best is .* neuron-steps a unit of time"):
        step_size(NOISY, tolerance=1e-9, quantity="state", T=4.0)


def test_layers():
    net = Feedforward(layers=[DRIVEN, DRIVEN], weights=[np.full((4, 4), 0.05)])
    advice = step_size(net, tolerance=0.02, quantity="rate", T=4.0)
    found = independent(net, advice.h, 4.0, MEASURES["population"], 4_000)
    assert found.interval(0.999)[0] <= 0.02
    assert "exact solution" in advice.method
    assert step_size(net, tolerance=0.1, quantity="spike_time", T=4.0).error.high <= 0.1


PAUSES = LIF(mu=1.2, sigma=0.6, tau=0.5, t_ref=0.25)
LATE = Recurrent(PAUSES, 0.1 * (1.0 - np.eye(4)), delays=0.25)
MIXED = Feedforward([PAUSES, LIF(), LIF()], [[[0.4]], [[0.4]]], delays=[0.0, 0.125])


@pytest.mark.parametrize(
    ("model", "quantity", "tolerance"),
    [(PAUSES, "spike_time", 0.05), (PAUSES, "count", 0.1), (LATE, "state", 0.1),
     (LATE, "rate", 0.02)],
)  # fmt: skip
def test_refractory_times_and_delays(model, quantity, tolerance):
    advice = step_size(model, tolerance=tolerance, quantity=quantity, T=4.0)
    measure = MEASURES["population" if quantity == "rate" else quantity]
    found = independent(model, advice.h, 4.0, measure, 20_000)
    low, high = found.interval(0.999)
    assert advice.h <= 0.25
    assert low <= tolerance
    assert advice.error.high <= tolerance * (1.0 + 1e-9)
    assert low <= advice.error.high  # the intervals meet
    assert high >= advice.error.low


def test_no_step_is_longer_than_the_shortest_delay():
    assert step_size(MIXED, tolerance=10.0, quantity="state", T=4.0).h == 0.125
    assert step_size(LIF(t_ref=0.2), tolerance=10.0, quantity="state", T=4.0).h == 0.2


PERFECT = {"g": 0.0, "tau": np.inf}


@pytest.mark.parametrize("quantity", ["state", "spike_time", "count", "weak"])
def test_a_neuron_without_time_scales(quantity):
    more = {"observable": lambda v, i, n: v} if quantity == "weak" else {}
    model = LIF(**PERFECT)
    for advice in (
        step_size(model, tolerance=0.2, quantity=quantity, T=2.0, **more),
        error_at(model, 0.125, quantity=quantity, T=2.0, **more),
        step_size(model, tolerance=0.2, quantity=quantity, T=2.0, scheme="exact", **more),
    ):
        assert 2.0 / advice.h == round(2.0 / advice.h)
        assert advice.steps["exact"] == 2.0
        assert np.isfinite(advice.saving)
        assert advice.saving >= 1.0


def test_a_perfect_neuron_at_rest_costs_something():
    rest = LIF(**PERFECT, mu=0.0, sigma=0.0)
    assert 0.0 < step_size(rest, tolerance=0.1, quantity="state", T=2.0).cost.seconds < np.inf
    alone = step_size(rest, tolerance=0.1, quantity="rate", scheme="exact")
    assert (alone.h, alone.error.mean) == (1.0, 0.0)
    assert alone.cost.seconds > 0.0
    with pytest.raises(ValueError, match=r"^lif\.g = 0\.0 is out of range; allowed: a number > 0"):
        step_size(LIF(**PERFECT), tolerance=0.1, quantity="rate")


@pytest.mark.parametrize("T", [0.03, 1.03, 7.0])
@pytest.mark.parametrize("quantity", ["rate", "state"])
def test_steps_of_the_exact_scheme_divide_the_horizon(T, quantity):
    found = [step_size(LIF(), tolerance=0.1, quantity=quantity, T=T, scheme="exact").h]
    found.append(step_size(LIF(), tolerance=0.1, quantity=quantity, T=T).steps["exact"])
    for h in found:
        assert h <= 0.1 * (1.0 + 1e-12)
        assert T / h == pytest.approx(round(T / h), rel=1e-12)


def test_large_networks_are_extrapolated(monkeypatch):
    weights = np.full((6, 6), 0.02) - 0.02 * np.eye(6)
    net = Recurrent(neuron=LIF(mu=1.2, sigma=0.6), weights=weights)
    coupled = error_at(net, 0.125, quantity="rate", T=8.0)
    monkeypatch.setattr(large, "EXACT_NEURONS", 5)
    alone = error_at(net, 0.125, quantity="rate", T=8.0)
    assert "Richardson" in alone.method
    assert "exact solution" in coupled.method
    assert alone.error.low < coupled.error.high
    assert alone.error.high > coupled.error.low
    with pytest.raises(ValueError, match="'rate' or 'interval'"):
        error_at(net, 0.125, quantity="state", T=8.0)


def test_networks_need_a_horizon():
    net = Feedforward(layers=[DRIVEN, DRIVEN], weights=[np.full((2, 2), 0.05)])
    with pytest.raises(ValueError, match="T is missing"):
        step_size(net, tolerance=0.02, quantity="rate")


def test_without_a_spike_there_is_no_advice_on_spike_times():
    silent = LIF(mu=0.2, sigma=0.3)
    with pytest.raises(ValueError, match="saw no matched spike up to T = 5"):
        step_size(silent, tolerance=0.05, quantity="spike_time", T=5.0)
    with pytest.raises(ValueError, match="saw no matched spike"):
        error_at(silent, 0.1, quantity="spike_time", T=5.0)


SILENT = LIF(mu=0.2, sigma=0.05)


@pytest.mark.parametrize(
    "model",
    [
        SILENT,
        LIF(mu=[0.2, 0.9], sigma=0.0),
        Recurrent(LIF(mu=0.2, sigma=0.0), np.full((5, 5), 0.1)),
        Recurrent(LIF(mu=0.2, sigma=1e-3, t_ref=0.25), np.ones((3, 3)), delays=0.5),
        Recurrent(SILENT, np.ones((600, 600))),
        Feedforward([LIF(mu=0.9, sigma=1e-3), SILENT], [np.ones((2, 2))]),
        LIF(g=0.0, tau=np.inf, mu=[0.1, 0.15], sigma=0.001),
        LIF(g=[0.0, 0.1], mu=0.1, sigma=0.001),
    ],
    ids=range(8),
)
@pytest.mark.parametrize("quantity", ["rate", "interval", "spike_time"])
def test_silent_networks_are_refused_before_any_pilot(model, quantity, monkeypatch):
    if quantity in ("rate", "interval") and model is SILENT:
        quantity = "spike_time"  # for its rate the stationary law answers
    monkeypatch.setattr("lifcore.advice.pilot.run_pilot", pytest.fail)
    monkeypatch.setattr(large, "simulate", pytest.fail)
    said = f"^model is silent: up to T = 5 .* nothing is known of '{quantity}'; allowed: "
    with pytest.raises(ValueError, match=said):
        step_size(model, tolerance=0.05, quantity=quantity, T=5.0)
    with pytest.raises(ValueError, match=said):
        error_at(model, 0.125, quantity=quantity, T=5.0)


def test_one_neuron_that_fires_is_enough():
    net = Feedforward([LIF(mu=[0.2, 1.5], sigma=0.1), SILENT], [np.ones((1, 2))])
    assert error_at(net, 0.125, quantity="rate", T=5.0).error.high < 1.0
    for lif, T in ((LIF(mu=1.05, sigma=0.0), 5.0), (LIF(g=0.0, mu=0.21, sigma=0.01), 5.0)):
        assert error_at(lif, 0.125, quantity="spike_time", T=T).error.mean >= 0.0


@pytest.mark.parametrize("g", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("tau", [0.1, 2.0, np.inf])
@pytest.mark.parametrize("T", [0.25, 4.0])
def test_neurons_that_stay_far_below_threshold(g, tau, T):
    # V without threshold and noise, and its deviation, integrated by hand
    t, mu, v_reset = np.linspace(0.0, T, 4001), 0.7, 0.1
    kernel = np.exp(-g * t), np.exp(-t / tau)
    response = np.convolve(*kernel)[: t.size] * t[1]
    deviation = np.sqrt(np.trapezoid(response**2, t))
    mean = v_reset + (mu - g * v_reset) * np.trapezoid(kernel[0], t)
    for sigma in (0.0, 0.2):
        most = FAR * sigma * np.sqrt(min(T, 0.5 * tau)) * min(T, 1.0 / g if g else np.inf)
        for v_th, far in (
            (mean + FAR * sigma * deviation - 0.01, False),
            (mean + most + 0.01, True),
        ):
            lif = LIF(g=g, tau=tau, mu=mu, sigma=sigma, v_reset=v_reset, v_th=v_th)
            assert _far(lif, T) is far


def test_an_observable_is_named_as_the_argument_it_is():
    asked = {"tolerance": 0.1, "T": 2.0}
    for observable, error in ((3, TypeError), (lambda v, i, n: v.sum(), ValueError)):
        with pytest.raises(error, match=r"^observable (= 3; allowed|returns shape)"):
            step_size(LIF(), quantity="weak", observable=observable, **asked)
    with pytest.raises(ValueError, match=r"^observable = .* has no part in 'state'; allowed: None"):
        step_size(LIF(), quantity="state", observable=lambda v, i, n: v, **asked)


@pytest.mark.parametrize("T", [0.0, -1.0, np.nan, np.inf])
def test_a_horizon_is_checked_where_it_is_not_needed(T):
    with pytest.raises(ValueError, match=f"^T = {T} is out of range; allowed: a number > 0"):
        error_at(LIF(), 0.1, quantity="rate", T=T)
