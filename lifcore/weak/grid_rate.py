r"""Euler's stationary rate from long runs, to a few parts in ten thousand.

Beside each path runs a neuron without threshold on the same noise. Its potential F and the current
I are on the grid an autoregression, whose stationary law is normal and known exactly; so Hermite
polynomials of the two have mean zero, and what the count of spikes owes to their time averages
by regression is noise that can be subtracted (control variates). The free potential's own
crossings of the threshold, whose mean number is an integral, do the same where spikes are rare.
"""

from __future__ import annotations

import math
from concurrent.futures import Executor
from typing import Any, NamedTuple

import numpy as np
import scipy
from numba import njit
from scipy.special import ndtr

from lifcore import checks
from lifcore.evidence.statistics import Estimate, estimate
from lifcore.models.neuron import LIF, one_neuron
from lifcore.noise.sources import fill, source
from lifcore.noise.streams import BLOCK, block_count, step_generator
from lifcore.runs.executors import map_blocks
from lifcore.schemes.portions import portions

DEGREE = 5
"""Largest degree of the polynomials."""

PATHS, PILOT = 2560, 8e6
"""Paths of a run to a precision, and the neuron-steps of its pilot."""

FEW = 1.0
"""Crossings of the free potential that a path must have on average for them to be a control."""

AHEAD = 8
"""Steps whose noise is drawn at once."""


class FreeLaw(NamedTuple):
    """The stationary law of Euler's free neuron: I = mu + sd x, F = mean + slope x + rest z.

    x and z are independent standard normals.

    Examples
    --------
    >>> law = free_law(LIF(g=1.0, tau=0.5, mu=1.5, sigma=0.6), 0.01)
    >>> law.mean, round(law.sd, 4)
    (1.5, 0.3015)
    """

    mean: float
    sd: float
    slope: float
    rest: float


def free_law(model: LIF, h: float) -> FreeLaw:
    """Return the stationary law of potential and current of Euler's scheme without threshold.

    Examples
    --------
    >>> law = free_law(LIF(g=1.0, tau=0.5, sigma=0.6), 1e-4)
    >>> round(float(law.slope**2 + law.rest**2), 4)  # Var V without steps, and of order h
    0.03
    """
    matrix = np.array([[1.0 - model.g * h, h], [0.0, 1.0 - h / model.tau]])
    noise = np.array([[0.0, 0.0], [0.0, model.sigma**2 * h]])
    (vv, vi), (_, ii) = scipy.linalg.solve_discrete_lyapunov(matrix, noise)
    sd = math.sqrt(ii)
    return FreeLaw(model.mu / model.g, sd, vi / sd, math.sqrt(vv - vi * vi / ii))


def crossing_chance(model: LIF, h: float) -> float:
    """Return the chance that Euler's free potential crosses the threshold upwards in a step.

    It does for F in a strip below the threshold, h (I - g F) high: an integral over I.

    Examples
    --------
    >>> chance = crossing_chance(LIF(g=1.0, tau=0.5, mu=1.0, sigma=0.6), 1e-3)
    >>> sd_v, sd_slope = 0.03**0.5, (0.09 - 0.03) ** 0.5  # Rice's formula, as h -> 0
    >>> round(1e3 * chance * 2.0 * math.pi * sd_v / sd_slope, 2)
    1.0
    """
    law = free_law(model, h)
    x = np.linspace(-9.0, 9.0, 4001)
    current, centre = model.mu + law.sd * x, law.mean + law.slope * x
    low = (model.v_th - h * current) / (1.0 - model.g * h)
    strip = ndtr((model.v_th - centre) / law.rest) - ndtr((low - centre) / law.rest)
    density = np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    return float((x[1] - x[0]) * (density * np.maximum(strip, 0.0)).sum())


def grid_rate(
    model: LIF,
    h: float,
    *,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    burn_in: float,
    executor: Executor | str | None = None,
) -> Estimate:
    """Measure the stationary rate of Euler's scheme.

    Parameters
    ----------
    model : LIF
        The neuron, with g > 0, sigma > 0 and finite tau.
    h : float
        Step.
    T : float
        Time over which spikes are counted; rounded to whole steps.
    paths : int
        Number of paths, rounded up to whole blocks of 256; at least 1025.
    seed : int or SeedSequence
        As in `lifcore.runs.simulate`.
    burn_in : float
        Time before, in which V becomes stationary; I and the free potential are so from the start.
    executor : concurrent.futures.Executor or str, optional
        Where to compute; by default threads on all cores of this machine.

    Returns
    -------
    Estimate
        Spikes per unit time, with an interval from independent paths.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; the message names it and says what is allowed.

    Examples
    --------
    >>> found = grid_rate(
    ...     LIF(mu=1.5, sigma=0.3), 0.05, T=20.0, paths=1280, seed=1, burn_in=5.0
    ... )
    >>> 0.90 < found.low < found.high < 0.92
    True
    """
    one_neuron("model", model)
    for name in ("g", "sigma", "tau"):
        checks.real(f"model.{name}", getattr(model, name), above=0.0)
    h, T = checks.real("h", h, above=0.0), checks.real("T", T, above=0.0)
    checks.euler_stable(h, model.decay_rates)
    checks.feasible([model], h, T, exact=False)
    burn_in = checks.real("burn_in", burn_in, at_least=0.0)
    blocks = block_count(checks.count("paths", paths, at_least=1025))
    looks = max(1, round(T / max(h, 0.25 * min(1.0 / model.g + model.tau, T))))
    stride = max(1, round(T / (looks * h)))
    plan = round(burn_in / h), looks, stride
    root = checks.seed(seed)
    tasks = [(model, h, plan, root, block) for block in range(blocks)]
    steps = float(plan[0] + looks * stride) * BLOCK * blocks
    found = np.concatenate(map_blocks(_block, tasks, executor, f"rate, h = {h:g}", steps), axis=1)
    count, controls = found[0], found[1:]
    if crossing_chance(model, h) * looks * stride < FEW:
        controls = controls[1:]  # a control that is hardly ever seen says nothing, or is constant
    spread = controls.std(axis=1)
    design = np.vstack([np.ones(count.size), controls / spread[:, None]]).T
    weights = np.linalg.lstsq(design, count, rcond=None)[0]
    freedom = count.size - weights.size
    rest = count - design @ weights
    square = float(rest @ rest) / freedom * np.linalg.inv(design.T @ design)[0, 0]
    return estimate(float(weights[0]), math.sqrt(square), freedom)


def precise_grid_rate(
    model: LIF,
    h: float,
    *,
    rate: float,
    precision: float,
    seed: int | np.random.SeedSequence,
    most: float = 2e8,
    executor: Executor | str | None = None,
) -> Estimate:
    """Measure Euler's stationary rate to a relative precision, by a run whose size a pilot decides.

    Parameters
    ----------
    model, h, executor
        As in `grid_rate`.
    rate : float
        The rate, roughly: it sets the scale of time and precision.
    precision : float
        Standard error wanted, relative to `rate`.
    seed : int or SeedSequence
        As in `lifcore.runs.simulate`; the pilot's noise is not that of the run.
    most : float, optional
        Neuron-steps that may be spent; beyond it the standard error is larger than asked for.

    Returns
    -------
    Estimate
        Spikes per unit time.

    Raises
    ------
    TypeError, ValueError
        As `grid_rate`, or if `rate`, `precision` or `most` is no number > 0.

    Examples
    --------
    >>> neuron = LIF(mu=1.5, sigma=0.3)
    >>> found = precise_grid_rate(neuron, 0.05, rate=0.9, precision=1e-3, seed=1)
    >>> found.standard_error < 2e-3
    True
    """
    rate = checks.real("rate", rate, above=0.0)
    precision = checks.real("precision", precision, above=0.0)
    most, h = checks.real("most", most, above=0.0), checks.real("h", h, above=0.0)
    burn_in = 8.0 * max(1.0 / model.g, model.tau) + 3.0 / rate
    pilot, main = checks.seed(seed).spawn(2)

    def run(steps: float, own: np.random.SeedSequence) -> Estimate:
        T = max(burn_in, steps * h / PATHS - burn_in)
        return grid_rate(model, h, T=T, paths=PATHS, seed=own, burn_in=burn_in, executor=executor)

    short = run(min(PILOT, most), pilot)
    steps = PILOT * (short.standard_error / (precision * rate)) ** 2
    return run(min(max(steps, PILOT), most), main)


def _block(
    model: LIF, h: float, plan: tuple[int, int, int], seed: np.random.SeedSequence, block: int
) -> np.ndarray:
    """Return a block's rates and, below them, the time averages of the polynomials."""
    before, looks, stride = plan
    law, begin = free_law(model, h), step_generator(seed, block, 1)
    x, z = begin.standard_normal((2, BLOCK))
    free, current = law.mean + law.slope * x + law.rest * z, model.mu + law.sd * x
    v = model.v_reset + (model.v_th - model.v_reset) * begin.random(BLOCK)
    state = v, free, current, np.zeros((2, BLOCK), np.int64)
    step = _Step(model.g, 1.0 / model.tau, model.mu, model.v_th, model.v_reset, h)
    stream, spread = source("gauss", seed, block, 0, BLOCK), model.sigma * math.sqrt(h)
    share = 1.0 / (before + looks * stride)
    for first, last in portions(0, before, share=before * share):
        _advance(step, last - first, stream, spread, state)
    counts = state[3]
    counts[:] = 0
    sums = np.zeros((DEGREE * (DEGREE + 3) // 2, BLOCK))
    for _ in range(looks):
        for first, last in portions(0, stride, share=stride * share):
            _advance(step, last - first, stream, spread, state)
        x = (current - model.mu) / law.sd
        _add_polynomials(x, (free - law.mean - law.slope * x) / law.rest, sums)
    rates = counts / (looks * stride * h)
    rates[1] -= crossing_chance(model, h) / h
    return np.vstack([rates, sums / looks])


class _Step(NamedTuple):
    g: float
    a: float
    mu: float
    v_th: float
    v_reset: float
    h: float


@njit(nogil=True, cache=True)
def _advance(step: Any, steps: int, stream: Any, spread: float, state: Any) -> None:
    """Take Euler steps with the threshold (v) and without (free) on the same noise, in place."""
    v, free, current, counts = state
    g, a, mu, v_th, v_reset, h = step
    noise = np.empty((AHEAD, v.size))
    for first in range(0, steps, AHEAD):
        rows = min(AHEAD, steps - first)
        fill(stream, noise[:rows], v.size, spread)
        for row in range(rows):
            for k in range(v.size):
                v_new = v[k] + h * (current[k] - g * v[k])
                before = free[k]
                free[k] += h * (current[k] - g * before)
                counts[1, k] += (before < v_th) & (free[k] >= v_th)
                current[k] += h * a * (mu - current[k]) + noise[row, k]
                above = v_new >= v_th
                counts[0, k] += above
                v[k] = v_reset if above else v_new


@njit(nogil=True, cache=True)
def _add_polynomials(x: Any, z: Any, sums: Any) -> None:
    """Add products of Hermite polynomials of x and z, of degree 1 to DEGREE in all."""
    of_x, of_z = np.ones(DEGREE + 1), np.ones(DEGREE + 1)
    for k in range(x.size):
        of_x[1], of_z[1] = x[k], z[k]
        for n in range(1, DEGREE):
            of_x[n + 1] = x[k] * of_x[n] - n * of_x[n - 1]
            of_z[n + 1] = z[k] * of_z[n] - n * of_z[n - 1]
        row = 0
        for m in range(DEGREE + 1):
            for n in range(DEGREE + 1 - m):
                if m + n > 0:
                    sums[row, k] += of_x[m] * of_z[n]
                    row += 1
