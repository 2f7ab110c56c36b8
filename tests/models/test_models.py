"""The neuron's parameters and what follows from them."""

import dataclasses

import numpy as np
import pytest

from lifcore import LIF, Recurrent, constant_drive_period


def test_defaults_and_derived_quantities():
    neuron = LIF()
    assert dataclasses.astuple(neuron) == (1.0, 1.0, 0.0, 0.5, 1.2, 0.6, 0.0)
    assert LIF(g=0.5, v_th=3.0).i_th == 1.5
    assert LIF(tau=0.25).a == 4.0
    assert LIF(tau=np.inf).a == 0.0
    assert LIF(g=3.0, tau=0.25).decay_rates == {"g": 3.0, "1/tau": 4.0}


def test_is_immutable_hashable_and_keeps_floats():
    neuron = LIF(g=np.float32(0.5), tau=2, mu=np.int64(1))
    assert neuron == LIF(g=0.5, tau=2.0, mu=1.0)
    assert hash(neuron) == hash(LIF(g=0.5, tau=2.0, mu=1.0))
    assert all(type(value) is float for value in dataclasses.astuple(neuron))
    with pytest.raises(dataclasses.FrozenInstanceError):
        neuron.g = 2.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"g": -0.1}, r"g = -0\.1 is out of range; allowed: a number >= 0"),
        ({"g": np.nan}, r"g = nan is out of range; allowed: a number >= 0"),
        ({"g": np.inf}, r"g = inf is out of range; allowed: a number >= 0"),
        ({"tau": 0.0}, r"tau = 0\.0 is out of range; allowed: a number > 0 or inf"),
        ({"tau": -1.0}, r"tau = -1\.0 is out of range; allowed: a number > 0 or inf"),
        ({"tau": np.nan}, r"tau = nan is out of range; allowed: a number > 0 or inf"),
        ({"tau": -np.inf}, r"tau = -inf is out of range"),
        ({"sigma": -0.1}, r"sigma = -0\.1 is out of range; allowed: a number >= 0"),
        ({"sigma": np.inf}, r"sigma = inf is out of range"),
        ({"sigma": np.nan}, r"sigma = nan is out of range"),
        ({"mu": np.nan}, r"mu = nan is out of range; allowed: a finite number"),
        ({"mu": np.inf}, r"mu = inf is out of range; allowed: a finite number"),
        ({"v_th": np.nan}, r"v_th = nan is out of range"),
        ({"v_th": np.inf}, r"v_th = inf is out of range"),
        ({"v_reset": np.nan}, r"v_reset = nan is out of range"),
        ({"v_reset": -np.inf}, r"v_reset = -inf is out of range"),
        ({"v_reset": 1.0}, r"v_reset = 1\.0 is not below v_th = 1\.0; allowed: v_reset < v_th"),
        ({"v_reset": 2.0}, r"v_reset = 2\.0 is not below v_th = 1\.0; allowed: v_reset < v_th"),
        ({"t_ref": -0.1}, r"t_ref = -0\.1 is out of range; allowed: a number >= 0"),
        ({"t_ref": np.inf}, r"t_ref = inf is out of range; allowed: a number >= 0"),
        ({"t_ref": np.nan}, r"t_ref = nan is out of range; allowed: a number >= 0"),
        ({"t_ref": np.array([0.1, -0.1])}, r"t_ref\[1\] = -0\.1 is out of range"),
        ({"mu": 10**400}, r"mu = 1000.* is out of range; allowed: a finite number"),
    ],
    ids=str,
)
def test_bad_values(changes, message):
    with pytest.raises(ValueError, match=message):
        LIF(**changes)


@pytest.mark.parametrize("name", ["g", "v_th", "v_reset", "tau", "mu", "sigma", "t_ref"])
@pytest.mark.parametrize("value", [True, "1.0", None, 1j, {1.0}, np.array(1j)], ids=repr)
def test_bad_types(name, value):
    with pytest.raises(TypeError, match=rf"^{name} = .* is a \w+; allowed: a"):
        LIF(**{name: value})


def test_constant_drive_period_solves_the_equation():
    neuron = LIF(g=0.7, v_th=1.3, v_reset=-0.4)
    for current in (0.92, 1.5, 40.0):
        period = constant_drive_period(neuron, current)
        rest = current / 0.7
        assert rest + (-0.4 - rest) * np.exp(-0.7 * period) == pytest.approx(1.3, rel=1e-13)
    assert constant_drive_period(LIF(mu=1.5)) == pytest.approx(np.log(3.0), rel=1e-15)


def test_constant_drive_period_at_its_ends():
    assert constant_drive_period(LIF(mu=1.0)) == np.inf
    assert constant_drive_period(LIF(mu=-3.0)) == np.inf
    assert constant_drive_period(LIF(g=0.0, mu=0.5)) == 2.0
    assert constant_drive_period(LIF(g=1e-12, mu=0.5)) == pytest.approx(2.0, rel=1e-11)


def test_constant_drive_period_refuses_bad_currents():
    with pytest.raises(ValueError, match=r"current = nan is out of range; allowed: a finite"):
        constant_drive_period(LIF(), np.nan)
    with pytest.raises(TypeError, match=r"current = 'x' is a str; allowed"):
        constant_drive_period(LIF(), "x")


def test_constant_drive_period_refuses_what_is_no_neuron():
    with pytest.raises(TypeError, match=r"^lif = 1\.5 is a float; allowed: lifcore.LIF"):
        constant_drive_period(1.5)
    with pytest.raises(ValueError, match=r"^lif = .* is a layer; allowed: a LIF with numbers"):
        constant_drive_period(LIF(mu=[1.5, 2.0]))


@pytest.mark.parametrize("mu", [0.0, 1.2, np.array([-60.0, 0.5])])
def test_a_rest_above_the_threshold_is_warned_of(mu):
    # A neuron in absolute millivolts, whose leak pulls it to 0.
    with pytest.warns(UserWarning, match=r"v_th = -50.* above the resting potential, which is 0"):
        LIF(g=0.05, v_th=-50.0, v_reset=-65.0, mu=mu)


def test_a_rest_within_mu_is_not():
    LIF(g=0.05, v_th=-50.0, v_reset=-65.0, mu=-70.0 * 0.05)
    LIF(g=0.0, v_th=-1.0, v_reset=-2.0, mu=0.5)  # no leak, no rest
    LIF(v_th=0.0, v_reset=-1.0, mu=-0.5)  # potentials measured from the threshold


def test_a_threshold_at_rest_is_warned_of():
    with pytest.warns(UserWarning, match=r"v_th = 0.0 does not lie above the resting potential"):
        LIF(v_th=0.0, v_reset=-1.0, mu=0.5)


@pytest.mark.parametrize("mu", [200.0, np.array([1.2, 200.0])])
def test_a_drive_far_beyond_the_threshold_is_warned_of(mu):
    # Microvolts a millisecond for a threshold in millivolts, say.
    with pytest.warns(UserWarning, match=r"mu = .* more than 50 times .* Notation and units"):
        LIF(mu=mu)
    LIF(mu=90.0)
    LIF(g=1e-6, mu=2.0)  # an integrator's free mean is far away, but it spikes as others do
    LIF(tau=np.inf, g=1e-6, mu=2.0)


class Series:
    """What pandas' is for this purpose."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)


@pytest.mark.parametrize("kind", [list, tuple, Series])
def test_lists_and_series_are_arrays(kind):
    assert LIF(mu=kind([1.0, 1.5])) == LIF(mu=np.array([1.0, 1.5]))


@pytest.mark.parametrize("mu", ["1", None, {1.0}])
def test_what_a_parameter_may_be_is_said(mu):
    with pytest.raises(TypeError, match=r"^mu = .*allowed: a finite number; or an array, a list"):
        LIF(mu=mu)
    with pytest.raises(TypeError, match=r"^mu holds <U1 values; allowed: real numbers"):
        LIF(mu=["1", "2"])


def test_weights_that_are_true_or_false():
    weights = np.array([[False, True], [True, False]])
    ring = Recurrent(LIF(), weights)
    assert np.array_equal(np.asarray(ring.weights), weights.astype(float))
