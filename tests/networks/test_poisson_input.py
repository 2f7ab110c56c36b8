"""Poisson input on the grid: shot-noise laws, the diffusion approximation, what is refused."""

import re

import numpy as np
import pytest
from scipy import sparse, stats

from lifcore import LIF, Recurrent, loops, simulate
from lifcore.models import PoissonInput

N = 4000
NONE = sparse.csr_array((N, N))
QUIET = LIF(tau=0.5, mu=0.2, sigma=0.0, v_th=1e6)


def free(poisson, scheme="exponential", lif=QUIET, h=0.0625, T=8.0, **more):
    """V and I without threshold, of all neurons of some paths after 16 time constants."""
    net = Recurrent(lif, NONE, poisson=poisson)
    run = simulate(net, h=h, T=T, paths=10, seed=2, scheme=scheme, start=(0.2, 0.2), **more)
    assert run.spike_counts.sum() == 0
    return run.v.ravel(), run.i.ravel()


def cumulants(sample):
    return np.array([stats.kstat(sample, n) for n in (1, 2, 3)])


def close(sample, expected, factor=4.5):
    """Compare three cumulants, with standard errors from 40 parts of the sample."""
    parts = np.array([cumulants(part) for part in np.split(sample, 40)])
    error = parts.std(axis=0, ddof=1) / np.sqrt(40)
    off = (cumulants(sample) - expected) / error
    assert np.abs(off).max() < factor, off


def test_few_large_events_are_shot_noise():
    rate, w, h, tau = 2.0, 0.7, 0.0625, QUIET.tau
    _, i = free(PoissonInput(rate, w), h=h)
    # A sum over steps: exactly what the grid has. Campbell's law is its limit for h to 0.
    on_grid = [QUIET.mu * (n == 1) + rate * h * w**n / -np.expm1(-n * h / tau) for n in (1, 2, 3)]
    campbell = [QUIET.mu * (n == 1) + rate * w**n * tau / n for n in (1, 2, 3)]
    close(i, on_grid)
    h = 1.0 / 256.0
    fine = [QUIET.mu * (n == 1) + rate * h * w**n / -np.expm1(-n * h / tau) for n in (1, 2, 3)]
    np.testing.assert_allclose(fine, campbell, rtol=0.015)
    _, i = free(PoissonInput(rate, w), h=h)
    close(i, fine)


def test_euler_has_its_own_shot_noise():
    rate, w, h = 2.0, 0.7, 0.0625
    _, i = free(PoissonInput(rate, w), "euler", h=h)
    keeps = 1.0 - h / QUIET.tau
    close(i, [QUIET.mu * (n == 1) + rate * h * w**n / (1.0 - keeps**n) for n in (1, 2, 3)])


def test_many_small_events_are_like_noise():
    sigma, rate, h = 0.4, 5000.0, 1.0 / 64.0
    w = sigma / np.sqrt(2.0 * rate)
    shots = free([PoissonInput(rate, w), PoissonInput(rate, -w)], h=h)
    noise = free((), lif=LIF(tau=0.5, mu=0.2, sigma=sigma, v_th=1e6), h=h)
    for own, other in zip(shots, noise, strict=True):
        n = own.size
        assert abs(own.mean() - other.mean()) < 4.5 * np.sqrt(2.0 * other.var() / n)
        assert abs(own.var() / other.var() - 1.0) < 4.5 * np.sqrt(4.0 / n) + h
        assert stats.ks_2samp(own, other).pvalue > 1e-4
    # jumps come at the end of a step: the variance on the grid, worked out
    g, a = 1.0, 1.0 / 0.5
    i_var = 2.0 * rate * h * w**2 / -np.expm1(-2.0 * a * h)
    assert abs(shots[1].var() / i_var - 1.0) < 4.5 * np.sqrt(2.0 / shots[1].size)
    assert g == 1.0


def test_the_rate_is_near_that_with_noise():
    sigma, rate = 0.6, 20_000.0
    w = sigma / np.sqrt(2.0 * rate)
    run = {"h": 1.0 / 64.0, "T": 20.0, "paths": 3, "seed": 4, "scheme": "exponential"}
    few = sparse.csr_array((1000, 1000))
    pair = [PoissonInput(rate, w), PoissonInput(rate, -w)]
    shots = simulate(Recurrent(LIF(sigma=0.0), few, poisson=pair), **run).spike_counts.ravel()
    noise = simulate(Recurrent(LIF(sigma=sigma), few), **run).spike_counts.ravel()
    error = np.sqrt((shots.var() + noise.var()) / shots.size)
    # A jump at a step's end in the place of noise within it shifts the rate by less than h/2.
    assert abs(shots.mean() - noise.mean()) < 3.0 * error + noise.mean() / 128.0
    assert error < 0.01 * noise.mean()


def test_each_neuron_has_its_own():
    rates, weights = np.linspace(0.0, 20.0, 5), np.array([0.5, 0.2, -0.1, 0.3, -0.5])
    net = Recurrent(
        LIF(v_th=1e6, sigma=0.0), np.zeros((5, 5)), poisson=PoissonInput(rates, weights)
    )
    run = simulate(net, h=0.0625, T=8.0, paths=4000, seed=1)
    mean = 1.2 + rates * weights * 0.5
    assert np.abs((run.i.mean(axis=0) - mean)[1:] / (run.i.std(axis=0)[1:] / 63.0)).max() < 4.5
    assert run.i[:, 0].std() < 1e-12
    assert np.abs(np.corrcoef(run.i[:, 1:].T) - np.eye(4))[[0, 0, 1], [1, 3, 3]].max() < 0.07


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "weight", "message"),
    [
        (-1.0, 0.5, "rate = -1.0 is out of range; allowed: a number >= 0"),
        ([1.0, -1.0], 0.5, r"rate[1] = -1.0 is out of range"),
        (1.0, np.inf, "weight = inf is out of range; allowed: a finite number"),
        (
            [1.0, 2.0],
            [1.0, 2.0, 3.0],
            "rate has 2 values and weight 3; allowed: one value a neuron",
        ),
    ],
)
def test_numbers_out_of_range(rate, weight, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        PoissonInput(rate, weight)


def test_what_does_not_fit_a_network():
    with pytest.raises(TypeError, match=r"poisson = 3.0 is a float; allowed: a list or tuple"):
        Recurrent(LIF(), np.eye(2), poisson=3.0)
    with pytest.raises(TypeError, match=r"poisson\[0\] = 'x' is a str"):
        Recurrent(LIF(), np.eye(2), poisson=["x"])
    with pytest.raises(ValueError, match=r"poisson\[0\] has arrays of 3 values for 2 neurons"):
        Recurrent(LIF(), np.eye(2), poisson=PoissonInput([1.0, 2.0, 3.0], 0.1))


@pytest.mark.parametrize("name", ["truncations", "rate_bound", "cycle_gain", "kick_norm"])
def test_what_does_not_support_it_says_so(name):
    net = Recurrent(LIF(), np.eye(2), poisson=PoissonInput(1.0, 0.1))
    run = {"h": [0.125], "T": 1.0, "paths": 3, "seed": 1}
    calls = {
        "truncations": lambda: loops.truncations(net, depth=1, **run),
        "rate_bound": lambda: loops.rate_bound(net),
        "cycle_gain": lambda: loops.cycle_gain(net),
        "kick_norm": lambda: loops.kick_norm(net),
    }
    with pytest.raises(ValueError, match=f"{name} does not support Poisson input; allowed here"):
        calls[name]()


def test_too_many_events_in_a_step():
    net = Recurrent(LIF(), np.eye(2), poisson=PoissonInput([1.0, 1e9], 0.1))
    with pytest.raises(ValueError, match=r"poisson\[0\].rate = 1e\+09: 1.25e\+08 events in a step"):
        simulate(net, h=0.125, T=1.0, paths=1, seed=1)
