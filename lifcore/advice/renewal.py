r"""Rates of neurons whose drive never rests, from one spike to the next, exact and on the grid.

Where the current practically never falls below the threshold's, V crosses the threshold once and
does not come back, so that nobody need ask for the *first* crossing: with G_t the density of the
free process, a spike that left the current at y is followed by one at time t, with current y',
with density

    exact:  (y' + mu - I_th) G_t(V_th, y' | V_r, y),
    grid:   P(V_n >= V_th, y_n = y') - P(V_{n-1} >= V_th, y_n = y'),   t = n h.

Both are Gaussian integrals. The currents at spikes are a Markov chain; its stationary law gives
the mean interval. On the grid this holds for any step, however large: also where the noise is so
weak that spikes lock to the grid, and no expansion in h exists.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from lifcore import checks
from lifcore.models.neuron import LIF, constant_drive_period
from lifcore.stationary.free_process import FreeProcess
from lifcore.stationary.release import release

NEVER_RESTS = 4.0
"""Standard deviations that the current's mean must be above the threshold's current."""

SPREAD = 8.0
"""Standard deviations beyond which a normal law is dropped (1e-15)."""

NODE = 0.6
"""Of the standard deviation of a law, a step fine enough to sum it (1e-11)."""

_PAST = 4.8  # standard deviations above the threshold where a path has crossed it (1e-6), or
_SETTLED = 0.85  # so much of those that the mean of V is above it in the end, without a threshold
_SLOWEST = 0.85  # of the way from the mean current to the threshold's, the lowest current looked at


def renewal_rate(model: LIF, late: float = 0.0) -> float:
    """Return the exact rate of a neuron whose drive never rests.

    Parameters
    ----------
    model : LIF
        The neuron; its mean current is `NEVER_RESTS` standard deviations above the threshold's.
    late : float, optional
        By how much its resets are late, as in `lifcore.stationary.late_reset_rate`; 0 with a
        refractory time.

    Returns
    -------
    float
        Spikes per unit time.

    Examples
    --------
    >>> round(renewal_rate(LIF(mu=1.5, sigma=0.15, tau=0.5)), 4)
    0.9095
    """
    kernel, elapsed, _ = _exact_kernel(model, late)
    return 1.0 / chain_of(kernel, elapsed)[0]


def renewal_exponent(model: LIF) -> float:
    """Return the exact Lyapunov exponent of a neuron whose drive never rests.

    Between spikes a difference of V shrinks like exp(-g t); a spike at speed A stretches it by
    1 + g (V_th - V_r) / A, so that the exponent is -g and the mean of that factor's logarithm over
    the mean interval.

    Parameters
    ----------
    model : LIF
        As in `renewal_rate`, without a refractory time.

    Returns
    -------
    float
        Per unit time; close to zero, since a constant drive forgets nothing.

    Examples
    --------
    >>> -0.02 < renewal_exponent(LIF(mu=1.5, sigma=0.15, tau=0.5)) < 0.0
    True
    """
    checks.no_refractory("model", model.t_ref)
    kernel, elapsed, speed = _exact_kernel(model, 0.0)
    interval, law = chain_of(kernel, elapsed)
    stretch = np.log1p(model.g * (model.v_th - model.v_reset) / speed)
    return float(law @ stretch) / interval - model.g


def _exact_kernel(model: LIF, late: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return with which speed each speed at a spike is followed, when, and the speeds."""
    free = FreeProcess(model, refractory=True)
    speed = nodes_of(model, math.sqrt(free.var_i)) + free.mean_i
    width = speed[1] - speed[0]
    fall = free.drop + late * (speed + free.g * free.drop)
    t = _times(free, speed, fall)
    mean, then, var_v, cov, var_i = _law(free, t, speed, fall)
    weight = t * math.log(t[-1] / t[-2])
    kernel, elapsed = np.zeros((speed.size, speed.size)), np.zeros(speed.size)
    forget, pull = np.exp(-free.a * t), -free.mean_i * np.expm1(-free.a * t)
    law = np.stack([
        t + free.t_ref, weight * width, var_v, cov / var_v, var_i - cov**2 / var_v, forget, pull,
    ])  # fmt: skip
    _add_up(law, (speed, then), mean, past_of(free), kernel, elapsed)
    return kernel, elapsed, speed


@njit(nogil=True, cache=True)
def _add_up(law: Any, speeds: Any, mean: Any, past: float, kernel: Any, elapsed: Any) -> None:
    """Add up, for each current, with which currents the next spike comes, and when."""
    speed, then = speeds
    for q in range(law.shape[1]):
        t, weight, var_v, slope, var, forget, pull = law[:, q]
        sd, reach = math.sqrt(var_v), SPREAD * math.sqrt(var)
        scale = weight / (2.0 * math.pi * sd * math.sqrt(var))
        for j in range(speed.size):
            x = mean[q, j]
            if -SPREAD * sd < x < past * sd:  # V may just be crossing
                peak, total = forget * then[j] + pull - slope * x, 0.0
                first = np.searchsorted(speed, peak - reach)
                for i in range(first, np.searchsorted(speed, peak + reach)):
                    far = (speed[i] - peak) ** 2 / var + x * x / var_v
                    part = scale * math.exp(-0.5 * far) * speed[i]
                    kernel[j, i] += part
                    total += part
                elapsed[j] += t * total


def timing_spread(model: LIF) -> float:
    """Return the standard deviation of the intervals of a neuron whose drive never rests.

    To first order in the noise; steps that are longer lock spikes to the grid.

    Examples
    --------
    >>> 0.0 < timing_spread(LIF(mu=1.5, sigma=0.15, tau=0.5)) < 0.3
    True
    """
    free = FreeProcess(model, refractory=True)
    period = constant_drive_period(model) - model.t_ref
    response, _, var_v, _, _ = free.flow(np.geomspace(1e-6 * period, period, 200))
    whole = var_v[-1] + response[-1] ** 2 * free.var_i
    return math.sqrt(whole) / free.mean_i


def nodes_of(model: LIF, spread: float) -> np.ndarray:
    """Return currents less mu, so close that laws of the current at a spike are sums over them.

    Examples
    --------
    >>> bool(nodes_of(LIF(mu=1.5, sigma=0.15), 0.1)[0] < -0.4)
    True
    """
    gap = model.mu - model.i_th
    low = max(-SPREAD * spread, -_SLOWEST * gap)
    fresh = spread * math.sqrt(-math.expm1(-2.0 * model.a * constant_drive_period(model)))
    return np.linspace(
        low, SPREAD * spread, 1 + math.ceil((SPREAD * spread - low) / (NODE * fresh))
    )


def _times(free: FreeProcess, speed: np.ndarray, fall: np.ndarray) -> np.ndarray:
    """Return times, uniform in log t, that resolve when each speed meets the threshold."""
    slowest = math.log1p(free.g * free.drop / speed[0]) / free.g
    fastest = math.log1p(free.g * free.drop / speed[-1]) / free.g
    begin, end = 0.05 * fastest, max(4.0 * slowest, 4.0 / free.g)
    for _ in range(4):  # of weak noise the first look sees no crossing, only what lies between
        t = np.geomspace(begin, end, 1000)
        mean, _, var_v, _, _ = _law(free, t, speed, fall)
        sd = np.sqrt(var_v)[:, None]
        first = int(np.argmin((mean < -SPREAD * sd).all(axis=1)))
        last = t.size - int(np.argmin((mean > past_of(free) * sd).all(axis=1)[::-1]))
        begin, end = t[max(first - 1, 0)], t[min(last, t.size - 1)]
        if last - first > 100:
            break
    at = np.argmin(np.abs(mean), axis=0)
    rise = np.abs(np.gradient(mean, np.log(t), axis=0))[at, np.arange(speed.size)]
    width = NODE * float((np.sqrt(var_v[at]) / rise).min())
    fine = np.geomspace(begin, end, 2 + math.ceil(math.log(end / begin) / width))
    return np.concatenate([np.geomspace(1e-6 * begin, begin, 200)[:-1], fine])


def _law(
    free: FreeProcess, t: np.ndarray, speed: np.ndarray, fall: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return the law at times since the release: mean of x, of y at the release, covariances."""
    response, shift, var_v, cov, var_i = free.flow(t)
    if free.t_ref > 0.0:
        spread = release(free.a, free.mean_i, free.var_i, free.t_ref)
        speed, fade = spread.forget * speed + spread.shift, np.exp(-free.a * t)
        var_v = var_v + spread.variance * response**2
        cov = cov + spread.variance * response * fade
        var_i = var_i + spread.variance * fade**2
    mean = shift[:, None] + response[:, None] * speed
    mean -= np.exp(-free.g * t)[:, None] * fall
    return mean, speed, var_v, cov, var_i


def past_of(free: FreeProcess) -> float:
    """Return how many standard deviations above the threshold V has crossed it for good.

    Examples
    --------
    >>> past_of(FreeProcess(LIF(mu=1.5, sigma=0.15)))
    4.8
    """
    return min(_PAST, _SETTLED * free.mean_v / math.sqrt(free.var_v))


def chain_of(kernel: np.ndarray, elapsed: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the chain of currents' mean interval, of means `elapsed`, and its law at a spike.

    Examples
    --------
    >>> chain_of(np.array([[0.5, 0.5], [0.5, 0.5]]), np.array([1.0, 3.0]))[0]
    2.0
    """
    chance = kernel.sum(axis=1)
    live = chance > 0.5
    chain = kernel[np.ix_(live, live)]
    chain = chain / chain.sum(axis=1, keepdims=True)
    system = chain.T - np.eye(chain.shape[0])
    system[-1] = 1.0  # in place of an equation that follows from the others: all chances add to 1
    law = np.zeros(chance.size)
    law[live] = np.linalg.solve(system, np.eye(chain.shape[0])[-1])
    return float(law[live] @ (elapsed[live] / chance[live])), law
