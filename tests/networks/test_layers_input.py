"""Networks of layers: what is refused, and what a layer is."""

import dataclasses

import numpy as np
import pytest
from scipy import sparse

from circuits import MIXED
from lifcore import LIF, Feedforward, couple, simulate

ONE = np.ones((2, 3))


@pytest.mark.parametrize(
    ("layers", "weights", "error", "message"),
    [
        ([], [], ValueError, r"layers is empty; allowed: a sequence of one or more LIF"),
        (LIF(), [], TypeError, r"layers = .* is a LIF; allowed: a list or tuple"),
        ([LIF(), 3], [ONE], TypeError, r"layers\[1\] = 3 is a int; allowed: .*LIF"),
        ([LIF()] * 2, [], ValueError, r"weights has 0 matrices for 2 layers; allowed: 1"),
        ([LIF()] * 2, ONE, TypeError, r"(?s)weights = .* is a ndarray; allowed: a list or tuple"),
        (
            [LIF()] * 3,
            [ONE, np.ones((4, 3))],
            ValueError,
            r"weights\[1\], from layer 1 to layer 2, has shape \(4, 3\), but layer 1 has 2 and "
            r"layer 2 any number of neurons; allowed: shape \(any, 2\)",
        ),
        (
            [LIF(mu=np.ones(4)), LIF()],
            [ONE],
            ValueError,
            r"weights\[0\], from layer 0 to layer 1, has shape \(2, 3\), but layer 0 has 4",
        ),
        (
            [LIF(), LIF(mu=np.ones(4))],
            [ONE],
            ValueError,
            r"weights\[0\], .* has shape \(2, 3\), .* layer 1 4 neurons",
        ),
        (
            [LIF()] * 2,
            [np.array([[1.0, np.nan]])],
            ValueError,
            r"weights\[0\], from layer 0 to layer 1, holds NaN or infinity; allowed: finite",
        ),
        (
            [LIF()] * 2,
            [sparse.csr_array([[1.0, np.inf]])],
            ValueError,
            r"weights\[0\], from layer 0 to layer 1, holds NaN or infinity",
        ),
        ([LIF()] * 2, [np.ones((0, 3))], ValueError, r"has shape \(0, 3\); .* one or more neurons"),
        ([LIF()] * 2, [np.ones(3)], ValueError, r"has shape \(3,\); allowed: two dimensions"),
        (
            [LIF()] * 2,
            [sparse.coo_array(np.ones(3))],
            ValueError,
            r"has shape \(3,\); allowed: two dimensions",
        ),
        ([LIF()] * 2, [[[1.0], [1.0, 2.0]]], TypeError, r"weights\[0\], .* allowed: an array or"),
        ([LIF()] * 2, [[["a"]]], TypeError, r"weights\[0\], .* holds <U1 values"),
        ([LIF()] * 2, [[[1j]]], TypeError, r"weights\[0\], .* holds complex128 values"),
        ([LIF()] * 2, [sparse.csr_array([[1j]])], TypeError, r"holds complex128 values"),
        ([LIF()] * 2, [None], TypeError, r"weights\[0\], .* holds object values"),
    ],
    ids=lambda x: str(x)[:30],
)
def test_bad_networks(layers, weights, error, message):
    with pytest.raises(error, match=message):
        Feedforward(layers, weights)


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"mu": np.ones(2), "tau": np.ones(3)}, ValueError, r"different lengths: .*'tau': 3"),
        ({"tau": np.array([1.0, 0.0])}, ValueError, r"tau\[1\] = 0\.0 is out of range; allowed"),
        ({"sigma": np.array([np.nan])}, ValueError, r"sigma\[0\] = nan is out of range"),
        ({"mu": np.ones((2, 2))}, ValueError, r"mu has shape \(2, 2\); allowed: a number or one"),
        ({"mu": np.ones(0)}, ValueError, r"mu has shape \(0,\); allowed"),
        ({"mu": np.array(["a"])}, TypeError, r"mu holds <U1 values; allowed: real numbers"),
        ({"v_reset": np.array([0.0, 1.0])}, ValueError, r"is not below v_th = 1\.0"),
    ],
    ids=lambda x: str(x)[:30],
)
def test_bad_layers(fields, error, message):
    with pytest.raises(error, match=message):
        LIF(**fields)


def test_layers_are_values():
    given = np.array([1.0, 2.0])
    lif = LIF(mu=given)
    given[0] = 7.0
    assert lif.mu.tolist() == [1.0, 2.0]
    assert lif == LIF(mu=np.array([1.0, 2.0])) != LIF(mu=np.array([1.0, 3.0]))
    assert hash(lif) == hash(LIF(mu=np.array([1.0, 2.0])))
    assert lif.size == 2
    assert LIF().size is None
    with pytest.raises(ValueError, match="read-only"):
        lif.mu[0] = 3.0
    matrix = np.ones((1, 2))
    net = Feedforward([lif, LIF()], [matrix])
    matrix[0, 0] = 9.0
    assert net.weights[0].tolist() == [[1.0, 1.0]]


def test_start_of_a_network():
    v, i = np.full((300, 6), 0.25), np.arange(1800.0).reshape(300, 6) / 1800.0
    quiet = Feedforward(
        [dataclasses.replace(lif, sigma=0.0) for lif in MIXED.layers], MIXED.weights
    )
    run = simulate(quiet, h=2.0**-20, T=2.0**-20, paths=300, seed=1, start=(v, i))
    assert run.v == pytest.approx(v, abs=1e-5)
    assert run.i == pytest.approx(i, abs=2e-5)
    same = simulate(quiet, h=2.0**-20, T=2.0**-20, paths=300, seed=1, start=(0.25, i))
    assert np.array_equal(same.v, run.v)
    rest = simulate(quiet, h=2.0**-20, T=2.0**-20, paths=3, seed=1)
    assert rest.v[0] == pytest.approx(MIXED.column("v_reset"), abs=1e-5)
    with pytest.raises(
        ValueError, match=r"V has shape \(300,\); allowed: a number or shape \(300, 6"
    ):
        simulate(quiet, h=0.25, T=0.5, paths=300, seed=1, start=(v[:, 0], i))
    v[4, 5] = 0.9
    with pytest.raises(ValueError, match=r"path 4, neuron 5 has V = 0\.9, .* V < v_th = 0\.8"):
        simulate(quiet, h=0.25, T=0.5, paths=300, seed=1, start=(v, i))


def test_stability_is_that_of_the_fastest_neuron():
    fast = Feedforward([LIF(), LIF(tau=np.array([0.5, 0.01]))], [np.ones((2, 1))])
    with pytest.raises(ValueError, match=r"h = 0\.05 is beyond .* 2/\(1/tau\) = 0\.02"):
        simulate(fast, h=0.05, T=1.0, paths=1, seed=1)
    with pytest.raises(ValueError, match=r"h = 0\.05 is beyond"):
        couple(fast, h=[0.05], T=1.0, paths=1, seed=1)


def test_a_layer_is_refused_where_one_neuron_is_asked():
    from lifcore import stationary

    with pytest.raises(ValueError, match=r"lif = .* is a layer; allowed: a LIF with numbers"):
        stationary(LIF(mu=np.ones(2)))
