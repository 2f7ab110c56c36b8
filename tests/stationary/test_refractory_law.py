"""The stationary law with a refractory time: by simulation, by limits, and by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numba import njit
from scipy import integrate, stats

from lifcore.models.neuron import LIF
from lifcore.stability.lyapunov import exponent_by_flux
from lifcore.stationary.fokker_planck import stationary
from lifcore.stationary.late_reset import late_reset_rate
from lifcore.stationary.release import Release, log_stretch, mean_log, release, waiting
from lifcore.stationary.threshold_equation import solve_threshold
from lifcore.weak.longrun import long_runs
from oracles import linear_flow
from regimes import REGIMES

PAUSES = {
    "balanced": 0.5,
    "mean-driven": 0.2,
    "below threshold": 0.5,
    "fast spiking": 0.3,
    "fast current": 0.2,
    "reset below rest": 0.3,
    "slow current": 1.0,
}

# Steps of a simulation, in millions: as many as its tolerance takes. Spikes are rare in some.
MILLIONS = {
    "mean-driven": 16,
    "below threshold": 256,
    "fast current": 256,
    "reset below rest": 96,
    "slow current": 448,
}


@njit
def _root(v, free, slope, slope_end, threshold):
    """Return where the cubic through two ends reaches the threshold, and its slope there."""
    low, high = 0.0, 1.0
    c3, c2 = 2.0 * (v - free) + slope + slope_end, 3.0 * (free - v) - 2.0 * slope - slope_end
    for _ in range(40):
        u = 0.5 * (low + high)
        if ((c3 * u + c2) * u + slope) * u + v >= threshold:
            high = u
        else:
            low = u
    return u, max((3.0 * c3 * u + 2.0 * c2) * u + slope, 1e-9)


@njit
def _paths(neuron, flow, h, steps, rng, sums):
    """Move paths by exact steps of (V, I), with spikes and releases inside a step.

    Each is moved twice on one noise: with the refractory time, and without.
    """
    g, v_th, v_reset, mu, sigma, t_ref = neuron
    carry, shift, root = flow
    burn = steps // 5
    v, wait, speed, pauses = np.empty(2), np.empty(2), np.empty(2), (t_ref, 0.0)
    for path in range(sums.shape[1]):
        y = 0.0
        v[:], wait[:], speed[:] = v_reset, 0.0, 1.0
        for n in range(steps):
            z0, z1 = rng.standard_normal(), rng.standard_normal()
            y_end = carry[1, 1] * y + root[1, 0] * z0 + root[1, 1] * z1
            for c in range(2):
                free = carry[0, 0] * v[c] + carry[0, 1] * y + shift[0] + root[0, 0] * z0
                slope, slope_end = mu + y - g * v[c], mu + y_end - g * free
                left = h
                if wait[c] > 0.0:
                    left = max(h - wait[c], 0.0)
                    free = v_reset
                if 0.0 < wait[c] < h:  # released within the step: I there is a bridge's
                    then = y + (y_end - y) * wait[c] / h
                    then += sigma * math.sqrt(wait[c] * left / h) * rng.standard_normal()
                    slope = mu + then - g * v_reset
                    free = v_reset + left * (mu + 0.5 * (then + y_end) - g * v_reset)
                    slope_end = mu + y_end - g * free
                    if n >= burn:
                        sums[6, path] += math.log(abs(slope) / speed[c])
                wait[c] = max(wait[c] - h, 0.0)
                if free >= v_th:
                    u, rise = _root(v[c], free, left * slope, left * slope_end, v_th)
                    speed[c] = rise / left
                    after = (1.0 - u) * left
                    wait[c], free = max(pauses[c] - after, 0.0), v_reset
                    if c == 1:
                        free += after * (mu + y_end - g * v_reset)
                    sums[c, path] += n >= burn
                v[c] = free
            y = y_end
            if n >= burn:
                sums[2, path] += v[0]
                sums[3, path] += y
                over = max(mu + y - g * v_th, 0.0)
                sums[4, path] += over
                sums[5, path] += over * over


def simulated(neuron, plain, h, steps, paths):
    """Simulate, independently of the package.

    Returns the rate, mean V and sum of log|s| a unit of time, each as mean and standard error over
    paths. Averages that are known have been regressed out: the rate without a refractory time,
    `plain`, on the same noise, and the current, its excess over I_th, and the square of that. A
    fifth of the steps is let go by.
    """
    carry, shift, covariance = linear_flow(neuron, h)
    root = np.linalg.cholesky(covariance)
    own = (neuron.g, neuron.v_th, neuron.v_reset, neuron.mu, neuron.sigma, neuron.t_ref)
    sums = np.zeros((7, paths))
    _paths(own, (carry, shift, root), h, steps, np.random.default_rng(7), sums)
    counts, free, v, current, over, square, logs = sums / (steps - steps // 5)
    m, s = neuron.mu - neuron.i_th, neuron.sigma * math.sqrt(0.5 * neuron.tau)
    share, density = stats.norm.cdf(m / s), s * stats.norm.pdf(m / s)
    known = (plain, 0.0, m * share + density, (m * m + s * s) * share + m * density)
    controls = np.stack([free / h, current, over, square]) - np.array(known)[:, None]

    def mean(values):
        inner = controls - controls.mean(axis=1, keepdims=True)
        slopes = np.linalg.lstsq(inner.T, values - values.mean(), rcond=None)[0]
        rest = values - slopes @ controls
        return rest.mean(), rest.std() / np.sqrt(paths - 5)

    return mean(counts / h), mean(v), mean(logs / h)


def simulated_in_steps(neuron, plain, share, millions):
    """Simulate by steps of a share of the shortest time."""
    h = share * min(neuron.tau, 1.0 / neuron.g, 4.0 * neuron.t_ref)
    steps = math.ceil(80.0 / (neuron.g * h))
    return simulated(neuron, plain, h, steps, millions * 1_000_000 // steps)


@pytest.mark.parametrize("name", PAUSES)
def test_rate_of_simulations(name):
    neuron = replace(REGIMES[name], t_ref=PAUSES[name])
    law, plain = solve_threshold(neuron), solve_threshold(REGIMES[name]).rate
    (rate, error), _, _ = simulated_in_steps(neuron, plain, 1 / 24, MILLIONS.get(name, 64))
    # 0.2 % at most: a quarter is for the simulation's own bias, the rest for its noise.
    assert 3.3 * error / rate < 1.5e-3
    assert abs(rate / law.rate - 1.0) < 3.3 * error / rate + 0.5e-3
    # The interval without it plus t_ref is not the answer: after a pause the current is another.
    renewed = plain / (1.0 + plain * neuron.t_ref)
    assert renewed > 1.003 * law.rate
    if name in ("balanced", "reset below rest"):
        assert renewed > 1.04 * rate > 0.0


@pytest.mark.parametrize("name", PAUSES)
def test_mean_and_exponent_of_simulations(name):
    neuron = replace(REGIMES[name], t_ref=PAUSES[name])
    law, plain = solve_threshold(neuron), solve_threshold(REGIMES[name]).rate
    _, (v, error_v), (logs, error_logs) = simulated_in_steps(neuron, plain, 1 / 96, 64)
    assert abs(v - law.moments.mean_v) < 3.3 * error_v + 1e-3 * (neuron.v_th - neuron.v_reset)
    stretch = law.lyapunov_exponent + neuron.g * (1.0 - law.rate * neuron.t_ref)
    # The simulation's own bias: 0.8 % (balanced) with steps four times as long, half with twice.
    assert abs(logs - stretch) < 3.3 * error_logs + 4e-3 * abs(stretch)


def test_without_memory_it_is_added_to_the_interval():
    # For a current that forgets at once, tau -> 0 at a fixed noise of V, 1/r = 1/r_0 + t_ref.
    gaps = []
    for tau in (0.04, 0.01, 0.0025):
        fast = LIF(mu=1.0, sigma=0.6 / tau, tau=tau)
        plain, held = (solve_threshold(replace(fast, t_ref=t)).rate for t in (0.0, 0.3))
        gaps.append((1.0 / held - 1.0 / plain) / 0.3 - 1.0)
    assert gaps[0] > gaps[1] > gaps[2] > 0.0
    assert gaps[2] < 0.3 * gaps[0]


@pytest.mark.parametrize("name", ["balanced", "mean-driven", "reset below rest"])
def test_a_short_one_is_none(name):
    plain = solve_threshold(REGIMES[name])
    short = solve_threshold(replace(REGIMES[name], t_ref=1e-8))
    for figure in ("rate", "rho_max", "lyapunov_exponent", "grazing_constant"):
        assert getattr(short, figure) == pytest.approx(getattr(plain, figure), rel=2e-6)
    assert vars(short.moments) == pytest.approx(vars(plain.moments), rel=1e-6, abs=1e-7)


def test_a_late_reset_is_a_longer_pause():
    # To first order in the delay both routes to a late reset agree: V lower, or V held.
    neuron = REGIMES["balanced"]
    lower, held = [], []
    for late in (0.02, 0.01):
        lower.append(late_reset_rate(neuron, late))
        held.append(late_reset_rate(replace(neuron, t_ref=1e-9), late))
    rate = solve_threshold(neuron).rate
    slopes = [2.0 * (b - rate) / 0.01 - (a - rate) / 0.02 for a, b in (lower, held)]
    assert slopes[0] == pytest.approx(slopes[1], rel=5e-3)
    assert late_reset_rate(replace(neuron, t_ref=0.2), 0.1) == pytest.approx(
        solve_threshold(replace(neuron, t_ref=0.3)).rate, rel=1e-9
    )


def test_moments_of_simulations():
    neuron = replace(REGIMES["balanced"], t_ref=0.5)
    moments = solve_threshold(neuron).moments
    square, product = {"V²": lambda v, i, n: v * v}, {"VI": lambda v, i, n: v * i}
    runs = long_runs(
        neuron, square | product, h=[1 / 16, 1 / 32, 1 / 64], T=40.0, paths=8192, seed=1,
        burn_in=10.0,
    )  # fmt: skip
    known = {
        "V²": moments.var_v + moments.mean_v**2,
        "VI": moments.cov + moments.mean_v * moments.mean_i,
    }
    for name, true in known.items():
        coarse, middle, fine = runs.averages(name)
        limit = (8.0 * fine.mean - 6.0 * middle.mean + coarse.mean) / 3.0
        assert limit == pytest.approx(true, abs=4e-3), name


def test_mean_logarithm_of_a_normal_variable():
    for mean in (0.0, 0.3, 2.0, 9.0, 20.0, -1.5):
        quad = integrate.quad(
            lambda x, m=mean: np.log(abs(x)) * stats.norm.pdf(x, m, 1.3), -30, 40,
            points=[0.0, mean], limit=400,
        )[0]  # fmt: skip
        assert mean_log(np.array([mean]), 1.3)[0] == pytest.approx(quad, abs=1e-8)
    edge = np.array([8.0 - 1e-9, 8.0 + 1e-9]) * np.sqrt(2.0)
    below, above = mean_log(edge, 1.0)
    assert above == pytest.approx(below, abs=1e-8)


def test_release_and_waiting_by_quadrature():
    a, m, v, pause, speeds = 1.7, 0.4, 0.9, 0.6, np.array([0.5, 1.5])
    flux = (2.0, speeds.sum(), (speeds**2).sum())
    at = lambda s: release(a, m, v, s)  # noqa: E731
    first = lambda s: (at(s).forget * speeds + at(s).shift).sum()  # noqa: E731
    second = lambda s: ((at(s).forget * speeds + at(s).shift) ** 2 + at(s).variance).sum()  # noqa: E731
    held = waiting(a, m, v, pause, flux)
    assert held.share == 1.2
    assert held.y == pytest.approx(integrate.quad(first, 0.0, pause)[0], rel=1e-10)
    assert held.y_squared == pytest.approx(integrate.quad(second, 0.0, pause)[0], rel=1e-10)
    still = Release(1.0, 0.0, 0.0)
    assert log_stretch(still, 1.0, speeds) == pytest.approx(np.log1p(1.0 / speeds), rel=1e-14)


def test_exponent_is_the_integral_of_its_integrand():
    neuron = replace(REGIMES["balanced"], t_ref=0.5)
    law = solve_threshold(neuron)
    top = float(law.speeds[-1])
    whole = integrate.quad(lambda u: 2 * u * law.lyapunov_integrand(u * u), 0, top**0.5)[0]
    assert whole - (1 - law.rate * 0.5) == pytest.approx(law.lyapunov_exponent, abs=1e-6)


def test_cells_refuse_it():
    message = r"lif\.t_ref = 0\.5: stationary does not .*: .*stationary \(cells=None\)"
    with pytest.raises(ValueError, match=message):
        stationary(LIF(t_ref=0.5))
    assert stationary(LIF(t_ref=0.5), cells=None).rate < stationary(LIF(), cells=None).rate


def test_exponent_under_constant_drive_is_neutral():
    neuron = LIF(mu=1.5, sigma=0.0, t_ref=0.4, v_reset=-0.3)
    assert exponent_by_flux(neuron).estimate.mean == pytest.approx(0.0, abs=1e-12)
    # and is the limit of weak noise
    weak = exponent_by_flux(replace(neuron, sigma=0.15)).estimate.mean
    assert -0.02 < weak < 0.0
