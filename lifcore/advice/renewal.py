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
from scipy.special import ndtr

from lifcore.advice.one_step import StepMap, repeated
from lifcore.models.neuron import LIF, constant_drive_period
from lifcore.stationary.free_process import FreeProcess
from lifcore.stationary.release import release

NEVER_RESTS = 4.0
"""Standard deviations that the current's mean must be above the threshold's current."""

_SPREAD = 8.0  # standard deviations beyond which a normal law is dropped (1e-15)
_PAST = 4.8  # standard deviations above the threshold where a path has crossed it (1e-6), or
_SETTLED = 0.85  # so much of those that the mean of V is above it in the end, without a threshold
_SLOWEST = 0.85  # of the way from the mean current to the threshold's, the lowest current looked at
_MOST = 4e6  # entries of kernels to be added up, about half a second
_NODE = 0.6  # of the standard deviation of a law is a fine enough step to sum it (1e-11)


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
    free = FreeProcess(model, refractory=True)
    speed = _nodes(model, math.sqrt(free.var_i)) + free.mean_i
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
    _add_up(law, (speed, then), mean, _past(free), kernel, elapsed)
    return _stationary_rate(kernel, elapsed)


@njit(nogil=True, cache=True)
def _add_up(law: Any, speeds: Any, mean: Any, past: float, kernel: Any, elapsed: Any) -> None:
    """Add up, for each current, with which currents the next spike comes, and when."""
    speed, then = speeds
    for q in range(law.shape[1]):
        t, weight, var_v, slope, var, forget, pull = law[:, q]
        sd, reach = math.sqrt(var_v), _SPREAD * math.sqrt(var)
        scale = weight / (2.0 * math.pi * sd * math.sqrt(var))
        for j in range(speed.size):
            x = mean[q, j]
            if -_SPREAD * sd < x < past * sd:  # V may just be crossing
                peak, total = forget * then[j] + pull - slope * x, 0.0
                first = np.searchsorted(speed, peak - reach)
                for i in range(first, np.searchsorted(speed, peak + reach)):
                    far = (speed[i] - peak) ** 2 / var + x * x / var_v
                    part = scale * math.exp(-0.5 * far) * speed[i]
                    kernel[j, i] += part
                    total += part
                elapsed[j] += t * total


def renewal_grid_rate(model: LIF, step: StepMap, held: int = 0) -> float | None:
    """Return the rate of a scheme on the grid, for a neuron whose drive never rests.

    Parameters
    ----------
    model : LIF
        As in `renewal_rate`.
    step : StepMap
        A step of the scheme.
    held : int, optional
        Steps for which V is held after that of a spike.

    Returns
    -------
    float or None
        Spikes per unit time; None for a step so fine that its many terms are not worth their time,
        and an expansion in h serves as well.

    Examples
    --------
    >>> from lifcore.advice.one_step import step_map
    >>> neuron = LIF(mu=1.5, sigma=0.15, tau=0.5)
    >>> round(renewal_grid_rate(neuron, step_map(neuron, 0.1, "euler")), 4)
    0.914
    """
    y = _nodes(model, math.sqrt(step.current_variance))
    past = _past(FreeProcess(model, refractory=True))
    first, last, stride = _steps(model, step, held, y, past)
    if (last - first) * y.size**2 > _MOST * stride:
        return None
    kernel, elapsed = np.zeros((y.size, y.size)), np.zeros(y.size)
    before, jump = _after(step, held, first - 1), repeated(step, stride)
    for n in range(first, last + 1, stride):
        ends = [_one_more(step, before), before]
        matrix, _, noise = ends[0]
        centre, spread = matrix[1, 1] * y, noise[1, 1]
        cross = noise[0, 1], step.forget * before[2][0, 1]  # covariances with y at step n
        # mean of V at steps n and n - 1, from the reset and each y, and whether V is near V_th
        means = [m[0, 0] * model.v_reset + m[0, 1] * y + s[0] for m, s, _ in ends]
        sds = [math.sqrt(c[0, 0]) for _, _, c in ends]
        near = (means[0] > model.v_th - _SPREAD * sds[0]) & (means[1] < model.v_th + past * sds[1])
        if near.any():
            rows = _window(near)
            far = y - centre[rows, None]
            part = np.exp(-0.5 * far * far / spread)
            part *= stride * (y[1] - y[0]) / math.sqrt(2.0 * math.pi * spread)
            tails = []
            for mean, sd, c in zip(means, sds, cross, strict=True):
                rest = math.sqrt(max(sd * sd - c * c / spread, 1e-300))
                tails.append(ndtr((mean[rows, None] + c / spread * far - model.v_th) / rest))
            part *= tails[0] - tails[1]
            kernel[rows] += part
            elapsed[rows] += (n + held) * step.h * part.sum(axis=1)
        before = (
            jump[0] @ before[0],
            jump[0] @ before[1] + jump[1],
            jump[0] @ before[2] @ jump[0].T + jump[2],
        )
    return _stationary_rate(kernel, elapsed)


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


def _nodes(model: LIF, spread: float) -> np.ndarray:
    """Return currents less mu, so close that laws of the current at a spike are sums over them."""
    gap = model.mu - model.i_th
    low = max(-_SPREAD * spread, -_SLOWEST * gap)
    fresh = spread * math.sqrt(-math.expm1(-2.0 * model.a * constant_drive_period(model)))
    return np.linspace(
        low, _SPREAD * spread, 1 + math.ceil((_SPREAD * spread - low) / (_NODE * fresh))
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
        first = int(np.argmin((mean < -_SPREAD * sd).all(axis=1)))
        last = t.size - int(np.argmin((mean > _past(free) * sd).all(axis=1)[::-1]))
        begin, end = t[max(first - 1, 0)], t[min(last, t.size - 1)]
        if last - first > 100:
            break
    at = np.argmin(np.abs(mean), axis=0)
    rise = np.abs(np.gradient(mean, np.log(t), axis=0))[at, np.arange(speed.size)]
    width = _NODE * float((np.sqrt(var_v[at]) / rise).min())
    fine = np.geomspace(begin, end, 2 + math.ceil(math.log(end / begin) / width))
    return np.concatenate([np.geomspace(1e-6 * begin, begin, 200)[:-1], fine])


def _steps(
    model: LIF, step: StepMap, held: int, y: np.ndarray, past: float
) -> tuple[int, int, int]:
    """Return the first and the last step that matter, and a stride that resolves their law."""
    low, high = 1, 2
    width = math.inf
    below = np.ones(y.size, dtype=bool)
    n = 1
    while below.any():  # by doubling: where each current's mean path meets the threshold
        matrix, shift, noise = _after(step, held, n)
        mean = matrix[0, 0] * model.v_reset + matrix[0, 1] * y + shift[0] - model.v_th
        sd = math.sqrt(noise[0, 0])
        if (mean < -_SPREAD * sd).all():
            low = n
        speed = model.mu + matrix[1, 1] * y - model.i_th
        crossed = below & (mean > 0.0)
        if crossed.any() and sd > 0.0:
            half = math.sqrt(_after(step, held, max(n // 2, 1))[2][0, 0])
            width = min(width, float((half / speed[crossed]).min()))
        below = mean < past * sd
        high, n = n, 2 * n
    stride = max(1, math.floor(_NODE * width / step.h))
    return low, high, stride


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


def _after(step: StepMap, held: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return matrix, shift and covariance of n steps, before which V was held for some."""
    matrix, shift, noise = repeated(step, n)
    if held == 0:
        return matrix, shift, noise
    forget = step.forget**held
    waited = np.array([[0.0, 0.0], [0.0, step.current_variance * (1.0 - forget**2)]])
    return matrix @ np.diag([1.0, forget]), shift, noise + matrix @ waited @ matrix.T


def _one_more(
    step: StepMap, law: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    matrix = step.matrix
    return (
        matrix @ law[0],
        matrix @ law[1] + np.array([step.drift, 0.0]),
        matrix @ law[2] @ matrix.T + step.noise,
    )


def _past(free: FreeProcess) -> float:
    return min(_PAST, _SETTLED * free.mean_v / math.sqrt(free.var_v))


def _window(near: np.ndarray) -> slice:
    seen = np.nonzero(near)[0]
    return slice(int(seen[0]), int(seen[-1]) + 1)


def _stationary_rate(kernel: np.ndarray, elapsed: np.ndarray) -> float:
    """Return spikes per unit time of the chain of currents; `elapsed` holds mean intervals."""
    chance = kernel.sum(axis=1)
    live = chance > 0.5
    chain = kernel[np.ix_(live, live)]
    chain = chain / chain.sum(axis=1, keepdims=True)
    system = chain.T - np.eye(chain.shape[0])
    system[-1] = 1.0  # in place of an equation that follows from the others: all chances add to 1
    law = np.linalg.solve(system, np.eye(chain.shape[0])[-1])
    return 1.0 / float(law @ (elapsed[live] / chance[live]))
