"""Networks with loops: everything a user can get wrong, and the warning of too much gain."""

import math
import warnings

import numpy as np
import pytest
from scipy import sparse

from lifcore import LIF, Recurrent, couple, simulate, simulate_spikes

# --- bad input ----------------------------------------------------------------------------------

TWO = np.zeros((2, 2))


@pytest.mark.parametrize(
    ("request_", "error", "message"),
    [
        ((3, TWO), TypeError, r"neuron = 3 is a int; allowed: .*LIF"),
        (([LIF()], TWO), TypeError, r"neuron = .* is a list; allowed: .*LIF"),
        ((LIF(), np.ones((2, 3))), ValueError, r"weights has shape \(2, 3\); allowed: a square"),
        ((LIF(), np.ones(4)), ValueError, r"weights has shape \(4,\); allowed: a square matrix"),
        ((LIF(), np.ones((0, 0))), ValueError, r"weights has shape \(0, 0\); allowed: a square"),
        (
            (LIF(), sparse.csr_array(np.ones((3, 2)))),
            ValueError,
            r"weights has shape \(3, 2\); allowed: a square matrix",
        ),
        (
            (LIF(mu=np.ones(3)), TWO),
            ValueError,
            r"weights has shape \(2, 2\), but neuron has arrays for 3 .*allowed: shape \(3, 3\)",
        ),
        ((LIF(), [[0.0, np.nan], [0.0, 0.0]]), ValueError, r"weights holds NaN or infinity; all"),
        ((LIF(), sparse.csr_array([[np.inf]])), ValueError, r"weights holds NaN or infinity"),
        ((LIF(), [["a"]]), TypeError, r"weights holds <U1 values; allowed: an array or a scipy"),
        ((LIF(), [[1.0], [1.0, 2.0]]), TypeError, r"weights holds object values; allowed: .* rows"),
        ((LIF(), [[1j]]), TypeError, r"weights holds complex128 values"),
        ((LIF(), None), TypeError, r"weights holds object values"),
        ((LIF(), TWO, -0.1), ValueError, r"common = -0\.1 is out of range; allowed"),
        ((LIF(), TWO, 1.01), ValueError, r"common = 1\.01 is out of range; allowed"),
        ((LIF(), TWO, math.nan), ValueError, r"common = nan is out of range; allowed"),
        ((LIF(), TWO, "all"), TypeError, r"common = 'all' is a str"),
        (
            (LIF(tau=np.array([0.5, 0.6])), TWO, 0.5),
            ValueError,
            r"common = 0\.5, but tau differs between neurons; allowed: common = 0, or one g and",
        ),
        (
            (LIF(g=np.array([0.5, 0.6])), TWO, 0.5),
            ValueError,
            r"common = 0\.5, but g differs between neurons; allowed: common = 0",
        ),
    ],
    ids=lambda x: str(x)[:30],
)
def test_bad_networks(request_, error, message):
    with pytest.raises(error, match=message):
        Recurrent(*request_)


def test_different_time_constants_need_noises_of_their_own():
    Recurrent(LIF(g=np.array([0.5, 0.6]), tau=np.array([0.5, 0.6])), TWO)
    Recurrent(LIF(g=np.array([0.5, 0.5]), mu=np.array([0.5, 0.6])), TWO, common=0.5)


@pytest.mark.parametrize("call", [simulate, couple])
def test_a_model_of_the_wrong_type_is_refused(call):
    with pytest.raises(
        TypeError, match=r"(?s)model = .* is a ndarray; allowed: .*LIF, .*Recurrent"
    ):
        call(TWO, h=0.5, T=1.0, paths=1, seed=1)


def test_the_exact_solution_of_a_large_network_is_computed():
    # Far below threshold: V is Gaussian with the mean mu (1 - exp(-T)), and never spikes.
    n, T = 100_000, 0.5
    rng = np.random.default_rng(1)
    synapses = np.full(n, 0.1), (np.arange(n), rng.integers(0, n, n))
    large = Recurrent(LIF(mu=0.5, sigma=0.1), sparse.csr_array(synapses, (n, n)))
    run = simulate(large, h=0.25, T=T, paths=1, seed=1, scheme="exact")
    assert run.v.shape == (1, n)
    assert run.spike_counts.sum() == 0
    assert run.v.mean() == pytest.approx(0.5 * (1.0 - np.exp(-T)), abs=4.5 * run.v.std() / n**0.5)
    assert 1e-3 < run.v.std() < 0.05


def test_stability_is_that_of_the_fastest_neuron():
    fast = Recurrent(LIF(tau=np.array([0.5, 0.01])), TWO)
    with pytest.raises(ValueError, match=r"h = 0\.05 is beyond .* 2/\(1/tau\) = 0\.02"):
        simulate(fast, h=0.05, T=1.0, paths=1, seed=1)
    with pytest.raises(ValueError, match=r"h = 0\.05 is beyond"):
        couple(fast, h=[0.05], T=1.0, paths=1, seed=1)


# --- more gain than a grid can carry ------------------------------------------------------------


def all_to_all(total, neurons=6, **neuron):
    return Recurrent(LIF(**neuron), np.full((neurons, neurons), total / neurons))


# The least driven neuron goes h (mu - g v_reset) + tau total = 0.1 (1 + 0.2) + 0.5 total.
REQUEST = {"T": 4.0, "paths": 3, "seed": 1}
FIELDS = {"mu": 1.1, "g": 0.5, "v_th": 0.8, "v_reset": -0.2}


def test_a_gain_at_which_all_spike_in_every_step_is_told():
    hot = all_to_all(2.5, **FIELDS)
    message = r"weights: .*all neurons spike .* h = 0\.1\b.* 1\.37 times the way from reset"
    with pytest.warns(UserWarning, match=message) as told:
        simulate(hot, h=0.1, **REQUEST)
    assert told[0].filename == __file__
    with pytest.warns(UserWarning, match=message) as told:
        couple(hot, h=[0.1, 0.05], **REQUEST)
    assert told[0].filename == __file__
    with pytest.warns(UserWarning, match=message):
        simulate(Recurrent(hot.neuron, sparse.csr_array(hot.weights)), h=0.1, **REQUEST)
    with pytest.warns(UserWarning, match=message):
        simulate_spikes(hot, h=0.1, **REQUEST)


@pytest.mark.parametrize("total", [1.72, 0.5, 0.0, -3.0])
def test_less_gain_is_taken_without_a_word(total):
    weak = all_to_all(total, **FIELDS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulate(weak, h=0.1, **REQUEST)
        couple(weak, h=[0.1, 0.05], **REQUEST)
        # The exact solution has no grid.
        simulate(all_to_all(2.5, **FIELDS), h=0.1, T=0.1, paths=1, seed=1, scheme="exact")


@pytest.mark.parametrize(("total", "stays"), [(1.8, True), (1.72, False)])
def test_the_state_that_is_warned_of_exists(total, stays):
    # At 1.76 the next step just reaches the threshold. Everything starts in that very state.
    net = all_to_all(total, sigma=0.0, **FIELDS)
    settled = 1.1 + (0.5 / 0.1) * total
    start = (-0.2, settled)
    if stays:
        with pytest.warns(UserWarning, match=r"1\.02 times the way"):
            run = simulate(net, h=0.1, T=20.0, paths=1, seed=1, start=start)
        assert (run.spike_counts == 200).all()
        assert run.i == pytest.approx(settled)
    else:
        run = simulate(net, h=0.1, T=20.0, paths=1, seed=1, start=start)
        assert (run.spike_counts < 200).all()


def test_the_warned_state_is_reached_from_rest():
    # Above 2: below, volleys in every second step or third one are a possibility too.
    with pytest.warns(UserWarning, match=r"2\.37 times the way"):
        table = simulate_spikes(all_to_all(4.5, **FIELDS), h=0.1, T=40.0, paths=1, seed=1)
    late = table[table["time"] > 20.05]
    assert late.size == 6 * 200


def test_weights_that_add_up_without_limit():
    # With tau = inf the current never settles: any net excitation grows.
    message = r"inf times the way"
    line = {"g": 0.0, "tau": np.inf}
    with pytest.warns(UserWarning, match=message):
        simulate(all_to_all(0.1, **line), h=0.1, **REQUEST)
    simulate(all_to_all(-0.1, **line), h=0.1, **REQUEST)


def test_perfect_integrators_of_brownian_motion_draw_no_warning():
    line = LIF(g=0.0, tau=np.inf, mu=0.0)
    simulate(Recurrent(line, TWO), h=0.1, **REQUEST)
    run = simulate(Recurrent(line, TWO, common=1.0), h=0.1, **REQUEST)
    assert np.array_equal(run.v[:, 0], run.v[:, 1])
