"""The free process: its flow to rounding error, and the neurons that have no stationary law."""

import dataclasses
import math

import numpy as np
import pytest

from lifcore.models.neuron import LIF
from lifcore.stationary.free_process import FreeProcess


def test_free_flow_is_exact_where_closed_forms_cancel():
    t = np.geomspace(1e-9, 30.0, 700)
    for tau in (1.0, 1.0 + 1e-9, 0.3):
        free = FreeProcess(LIF(g=1.0, tau=tau, mu=2.0, sigma=0.7))
        k, shift, var_v, cov, var_i = free.flow(t)
        assert var_v[0] == pytest.approx(0.49 * t[0] ** 3 / 3, rel=1e-6)
        assert cov[0] == pytest.approx(0.49 * t[0] ** 2 / 2, rel=1e-6)
        assert k[0] == pytest.approx(t[0], rel=1e-6)
        assert [var_v[-1], cov[-1], var_i[-1]] == pytest.approx(
            [free.var_v, free.cov, free.var_i], rel=1e-10
        )
        assert shift[-1] == pytest.approx(free.mean_v, rel=1e-10)


def test_the_rate_is_the_drift_of_the_mean():
    """(V_th - V_r) rate = E I - g E V, and E V^2 by the same balance of V^2."""
    lif = LIF(g=2.0, v_th=1.5, v_reset=-0.5, tau=0.7, mu=4.0, sigma=0.8)
    rate, speed = 0.9, 1.1
    m = FreeProcess(lif).moments(rate, speed)
    assert m.mean_i == pytest.approx(lif.mu, rel=1e-14)
    assert m.var_i == pytest.approx(lif.sigma**2 * lif.tau / 2, rel=1e-14)
    assert 2.0 * rate == pytest.approx(lif.mu - lif.g * m.mean_v, rel=1e-13)
    product, square = m.cov + m.mean_v * m.mean_i, m.var_v + m.mean_v**2
    assert (1.5**2 - 0.5**2) * rate == pytest.approx(2 * (product - lif.g * square), rel=1e-13)
    # d(VI)/dt = I^2 - g V I + V (mu - I)/tau, less (V_th - V_r) I for every spike.
    drift = m.var_i + m.mean_i**2 - lif.g * product + (lif.mu * m.mean_v - product) / lif.tau
    assert 2.0 * (speed + lif.i_th * rate) == pytest.approx(drift, rel=1e-13)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"sigma": 0.0}, r"lif\.sigma = 0\.0 .*allowed: a number > 0; .*raise sigma"),
        ({"tau": math.inf}, r"lif\.tau = inf .*allowed: a finite number; .*lower tau"),
        ({"g": 0.0}, r"lif\.g = 0\.0 .*allowed: a number > 0; .*raise g"),
        ({"sigma": 1e-150}, r"lif\.sigma = 1e-150 .*allowed: 1e-200 to 1e200; choose units"),
        ({"mu": -20.0}, r"lif\.mu = -20\.0 .*never fires; allowed: at most 30; raise mu"),
    ],
)
def test_neurons_without_a_stationary_law(changes, text):
    with pytest.raises(ValueError, match=text):
        FreeProcess(dataclasses.replace(LIF(), **changes))


def test_only_a_neuron():
    with pytest.raises(TypeError, match=r"lif = \{\} is a dict; allowed: lifcore\.LIF"):
        FreeProcess({})
