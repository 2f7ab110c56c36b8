"""The joint Gaussian of one step and its bridges."""

import mpmath
import numpy as np
import pytest

from lifcore import LIF, couple
from lifcore.noise.bridges import DECAY_I, DECAY_V, DRIFT, GAIN, bridges, chain_transfer
from lifcore.noise.covariance import (
    chain_covariance,
    chain_kernels,
    decay_integral,
    step_covariance,
    voltage_kernel,
)
from lifcore.noise.flow import exact_flow
from oracles import linear_flow, standard_errors_off

SLOW_LEAK = LIF(g=0.7, tau=0.4, sigma=0.8)
EQUAL = LIF(g=2.0, tau=0.5, sigma=1.3)
FAST_LEAK = LIF(g=5.0, tau=1.5, sigma=0.5)
NEARLY_EQUAL = LIF(g=2.0, tau=0.5 * (1.0 + 1e-9), sigma=1.0)
NO_LEAK = LIF(g=0.0, tau=0.5, sigma=1.0)
NO_DECAY = LIF(g=1.0, tau=np.inf, sigma=1.0)
NEITHER = LIF(g=0.0, tau=np.inf, sigma=1.0)
ALL = [SLOW_LEAK, EQUAL, FAST_LEAK, NEARLY_EQUAL, NO_LEAK, NO_DECAY, NEITHER]
STEPS = [4.0, 2.0**-3, 2.0**-8, 2.0**-14, 2.0**-20]


def slow_kernels(neuron):
    """The three kernels, and the chain's, in 50 digits."""
    g, a = mpmath.mpf(neuron.g), 1 / mpmath.mpf(neuron.tau)
    if a == 0:
        decay = lambda u: mpmath.mpf(1)  # noqa: E731
        second = lambda u: u  # noqa: E731
    else:
        decay = lambda u: mpmath.exp(-a * u)  # noqa: E731
        second = lambda u: -mpmath.expm1(-a * u) / a  # noqa: E731
    if g == a:
        voltage = lambda u: u * mpmath.exp(-g * u)  # noqa: E731
    else:
        voltage = lambda u: (mpmath.exp(-a * u) - mpmath.exp(-g * u)) / (g - a)  # noqa: E731
    return decay, voltage, second


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("neuron", ALL, ids=lambda n: f"g={n.g},tau={n.tau:g}")
def test_step_covariance_is_the_integral_of_the_kernels(neuron, step):
    with mpmath.workdps(50):
        decay, voltage, _ = slow_kernels(neuron)
        sigma = mpmath.mpf(neuron.sigma)
        kernels = [lambda u: 1, lambda u: sigma * decay(u), lambda u: sigma * voltage(u)]
        covariance = step_covariance(neuron, step)
        for j in range(3):
            for k in range(j + 1):
                exact = mpmath.quad(
                    lambda u, j=j, k=k: kernels[j](u) * kernels[k](u),
                    mpmath.linspace(0, mpmath.mpf(step), 1 + max(1, int(step))),
                )
                assert abs(covariance[j, k] / exact - 1) < 1e-10
                assert covariance[k, j] == covariance[j, k]


@pytest.mark.parametrize("step", [8.0, 1.0, 0.3, 2.0**-3, 2.0**-20])
@pytest.mark.parametrize("neuron", ALL, ids=lambda n: f"g={n.g},tau={n.tau:g}")
def test_kernels_to_rounding(neuron, step):
    with mpmath.workdps(50):
        _, voltage, second = slow_kernels(neuron)
        u, g = mpmath.mpf(step), mpmath.mpf(neuron.g)
        third = mpmath.quad(lambda s: second(u - s) * mpmath.exp(-g * s), mpmath.linspace(0, u, 9))
        expected = [1.0, second(u), third]
        found = chain_kernels(neuron.g, neuron.a, np.array(step))
        for one, other in zip(found, expected, strict=True):
            assert abs(float(one) / other - 1) < 1e-13
        # Nearly equal rates lose half the digits in the oracle's parameters, not in the kernel.
        assert (
            abs(float(voltage_kernel(neuron.g, neuron.a, np.array(step))) / voltage(u) - 1) < 1e-12
        )


def test_decay_integral_without_decay_is_the_time():
    assert decay_integral(0.0, np.array([0.5, 2.0])).tolist() == [0.5, 2.0]


@pytest.mark.parametrize("step", [3.0, 0.5, 2.0**-6, 2.0**-20])
@pytest.mark.parametrize(
    "neuron",
    [n for n in ALL if n is not NEARLY_EQUAL],  # there SciPy's own expm cancels
    ids=lambda n: f"g={n.g},tau={n.tau:g}",
)
def test_exact_flow_is_the_matrix_exponential(neuron, step):
    flow = exact_flow(neuron, step)
    m, b, _ = linear_flow(neuron, step)
    assert flow.h == step
    assert flow.decay_v == pytest.approx(m[0, 0], rel=1e-13)
    assert flow.decay_i == pytest.approx(m[1, 1], rel=1e-13)
    assert flow.gain == pytest.approx(m[0, 1], rel=1e-12)
    assert flow.drift == pytest.approx(b[0], rel=1e-12)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("neuron", ALL, ids=lambda n: f"g={n.g},tau={n.tau:g}")
def test_noise_factor_squares_to_the_covariance(neuron, step):
    flow = exact_flow(neuron, step)
    expected = step_covariance(neuron, step)
    scale = np.sqrt(np.diag(expected))
    assert np.abs((flow.noise @ flow.noise.T - expected) / np.outer(scale, scale)).max() < 1e-12
    chain = chain_covariance(neuron.g, neuron.a, step)
    scale = np.sqrt(np.diag(chain))
    assert np.abs((flow.chain @ flow.chain.T - chain) / np.outer(scale, scale)).max() < 1e-12


@pytest.mark.parametrize("step", [2.0**-3, 2.0**-8, 2.0**-14, 2.0**-20])
@pytest.mark.parametrize(
    "neuron", [SLOW_LEAK, EQUAL, FAST_LEAK], ids=["g<1/tau", "g=1/tau", "g>1/tau"]
)
def test_sampled_covariance(neuron, step):
    # One step of the library itself from (0, 0) with mu = 0 and the threshold out of reach: Euler's
    # I is sigma ΔW, and the exact (I, V) are (eta_I, eta_V). 72 deviations are compared with 4
    # standard errors in all: by chance one of them is beyond in 1 of 200 choices of the seed.
    free = LIF(g=neuron.g, tau=neuron.tau, sigma=neuron.sigma, mu=0.0, v_th=1e6)
    pairs = couple(free, h=[step], T=step, paths=65536, seed=20, start=(0.0, 0.0))
    sample = np.stack([pairs.i_euler[0, :, 0] / neuron.sigma, pairs.i[:, 0], pairs.v[:, 0]])
    assert np.abs(standard_errors_off(sample, step_covariance(neuron, step))).max() < 4.0


@pytest.mark.parametrize("neuron", ALL, ids=lambda n: f"g={n.g},tau={n.tau:g}")
def test_two_halves_have_the_law_of_the_whole(neuron):
    # y' = mean y + root z is the first half, y'' = y - F y' the second. Their joint covariance,
    # worked out from that of the whole, must be that of two independent steps.
    g, a = neuron.g, neuron.a
    table = bridges(neuron, 2.0, 40)
    for d in range(0, 40, 3):
        whole = chain_covariance(g, a, table.length[d])
        half = chain_covariance(g, a, table.length[d + 1])
        carry = table.transfer[d + 1]
        mean, root = table.mean[d], table.root[d]
        first = mean @ whole @ mean.T + root @ root.T
        first_with_whole = mean @ whole
        cross = first_with_whole - first @ carry.T
        second = whole - carry @ first_with_whole - (carry @ first_with_whole).T
        second += carry @ first @ carry.T
        scale = np.sqrt(np.outer(np.diag(half), np.diag(half)))
        assert np.abs((first - half) / scale).max() < 1e-10
        assert np.abs((second - half) / scale).max() < 1e-10
        assert np.abs(cross / scale).max() < 1e-10


@pytest.mark.parametrize("neuron", ALL, ids=lambda n: f"g={n.g},tau={n.tau:g}")
def test_transfer_carries_the_noise_of_a_first_half(neuron):
    # Covariances over u + u' follow from those over u and u'.
    g, a = neuron.g, neuron.a
    for u, later in [(0.5, 0.25), (2.0**-10, 2.0**-10)]:
        carry = chain_transfer(g, a, later)
        joined = carry @ chain_covariance(g, a, u) @ carry.T + chain_covariance(g, a, later)
        assert joined == pytest.approx(chain_covariance(g, a, u + later), rel=1e-12)


@pytest.mark.parametrize("neuron", ALL, ids=lambda n: f"g={n.g},tau={n.tau:g}")
def test_bridge_rows_are_flows_of_halved_steps(neuron):
    table = bridges(neuron, 0.75, 12)
    for d in (0, 1, 5, 12):
        flow = exact_flow(neuron, 0.75 / 2**d)
        assert table.length[d] == flow.h
        row = tuple(table.rows[d, [DECAY_I, DECAY_V, GAIN, DRIFT]])
        expected = (flow.decay_i, flow.decay_v, flow.gain, flow.drift)
        assert row == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("neuron", "tolerance"), [(NEITHER, 1e-10), (SLOW_LEAK, 0.01), (FAST_LEAK, 0.01)]
)
def test_spread_is_that_of_the_middle_given_both_ends(neuron, tolerance):
    # Exact for integrated Brownian motion, sigma² h³/192; leak and decay change it by O(h²).
    h = 2.0**-6
    table = bridges(neuron, h, 1)
    g, a, sigma = neuron.g, neuron.a, neuron.sigma
    whole, half = chain_covariance(g, a, h), chain_covariance(g, a, h / 2)
    physical = sigma * np.array([[1.0, -a, 0.0], [0.0, 1.0, -g]])
    ends = physical @ whole @ physical.T
    middle = (physical @ half @ physical.T)[1, 1]
    with_ends = (physical @ half @ table.transfer[1].T @ physical.T)[1]
    left = middle - with_ends @ np.linalg.solve(ends, with_ends)
    assert table.spread[0] ** 2 == pytest.approx(left, rel=tolerance)
    if neuron is NEITHER:
        assert left == pytest.approx(h**3 / 192.0, rel=1e-10)


@pytest.mark.parametrize("step", [0.0, -1.0, np.nan, np.inf])
def test_step_covariance_refuses_a_bad_step(step):
    with pytest.raises(ValueError, match=r"step = .*allowed: a number > 0"):
        step_covariance(LIF(), step)


def test_step_covariance_refuses_another_type():
    with pytest.raises(TypeError, match=r"step = '0\.1' is a str; allowed"):
        step_covariance(LIF(), "0.1")
