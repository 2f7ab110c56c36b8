"""Stationary averages of Euler–Maruyama, from long runs, for comparison with deterministic truth.

The rate and the moments of V are known without sampling from the Fokker-Planck equation
(`lifcore.stationary.stationary`). Euler's own averages come from one long run for each step
size. Its current is an autoregression whose mean is exactly mu, so that the run's mean current
serves as a control variate: what an average owes to it by regression is subtracted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from scipy import integrate

from lifcore import checks
from lifcore.evidence.orders import Order, fit_order
from lifcore.evidence.statistics import Estimate, mean
from lifcore.models.neuron import LIF, one_neuron
from lifcore.noise.streams import BLOCK, block_count
from lifcore.runs.executors import map_blocks
from lifcore.runs.pairs import (
    Ladder,
    Observable,
    check_observables,
    evaluate,
    ladder,
    ladder_states,
)
from lifcore.stationary.threshold_equation import solve_threshold


def euler_law(model: LIF, h: float) -> LIF:
    r"""Return the neuron whose exact current has, on the grid of `h`, the law of Euler's.

    Euler's current is the autoregression :math:`I_{n+1} - \mu = (1 - h/\tau)(I_n - \mu) +
    \sigma\,\Delta W_n`. So is an exact current on a grid, with another tau and sigma:
    :math:`e^{-h/\tau'} = 1 - h/\tau` and
    :math:`\sigma'^2 \tau'/2 = (\sigma^2\tau/2)/(1 - h/2\tau)`.

    Parameters
    ----------
    model : LIF
        The neuron.
    h : float
        Euler's step, below tau.

    Returns
    -------
    LIF
        The same neuron with tau' and sigma'.

    Raises
    ------
    TypeError, ValueError
        If `h` is not a positive number below tau.

    Examples
    --------
    >>> one = euler_law(LIF(tau=0.5, sigma=0.6), 0.05)
    >>> round(one.tau, 4), round(one.sigma, 4)
    (0.4746, 0.6319)
    """
    one_neuron("model", model)
    h = checks.real("h", h, above=0.0)
    if h >= model.tau:
        raise ValueError(f"h = {h!r} is not below tau = {model.tau!r}; allowed: h < tau")
    tau = -h / math.log1p(-h * model.a)
    variance = 0.5 * model.sigma**2 * model.tau / (1.0 - 0.5 * h * model.a)
    return LIF(model.g, model.v_th, model.v_reset, tau, model.mu, math.sqrt(2.0 * variance / tau))


class RateParts(NamedTuple):
    """What the constant c of Euler's rate bias c h is made of, per unit time squared.

    ``current``: the law of Euler's current (`euler_law`). ``membrane``: Euler's membrane is an
    exact one with leak g' = -log(1 - gh)/h and an input g'/g times as large, so it charges
    faster. ``reset``: at the end of its step V is put to V_r, late by h/2 on average; what V
    would have gained since the crossing, h/2 (A + g (V_th - V_r)), is lost. The last one is
    evaluated at the mean speed A.

    Examples
    --------
    >>> parts = rate_parts(LIF(mu=1.5, sigma=0.3))
    >>> [round(part, 3) for part in parts], round(sum(parts), 3)
    ([-0.003, 0.453, -0.423], 0.027)
    """

    current: float
    membrane: float
    reset: float


def rate_parts(model: LIF) -> RateParts:
    """Return the leading constant of Euler's rate bias in three parts, without sampling.

    Parameters
    ----------
    model : LIF
        The neuron, with g > 0, sigma > 0 and finite tau.

    Returns
    -------
    RateParts

    Raises
    ------
    TypeError, ValueError
        If the Fokker-Planck equation of the neuron has no stationary solution.

    Examples
    --------
    >>> round(sum(rate_parts(LIF(g=1.0, mu=1.0, sigma=1.0, tau=1.0))), 2)
    0.06
    """
    one_neuron("model", model)
    step = 0.01 * min(model.tau, 1.0 / model.g) if model.g > 0.0 else 0.01 * model.tau
    law = solve_threshold(model, tolerance=1e-5)

    def slope(changed: Callable[[float], LIF]) -> float:
        one, two = (solve_threshold(changed(k * step), tolerance=1e-5).rate for k in (1.0, 2.0))
        return (4.0 * one - two - 3.0 * law.rate) / (2.0 * step)

    def charged(h: float) -> LIF:
        leak = -math.log1p(-model.g * h) / h
        scale = leak / model.g  # an input that much larger is a threshold that much smaller
        return replace(model, g=leak, v_th=model.v_th / scale, v_reset=model.v_reset / scale)

    top = math.sqrt(float(law.speeds[-1]))
    flow = integrate.quad(lambda u: 2.0 * u**3 * law.flux_density(u * u), 0.0, top, limit=200)[0]
    lost = 0.5 * (flow / law.rate + model.g * (model.v_th - model.v_reset))
    return RateParts(
        slope(lambda h: euler_law(model, h)),
        slope(charged),
        slope(lambda h: replace(model, v_reset=model.v_reset - lost * h)),
    )


@dataclass(frozen=True)
class LongRuns:
    """Stationary averages of Euler at several step sizes.

    Attributes
    ----------
    h : ndarray, shape (levels,)
        Step sizes, in the order asked for.
    names : tuple of str
        ``"rate"``, and the observables.
    batches : ndarray, shape (averages, levels, blocks)
        Averages over each block of 256 paths, less their regression on its mean current.

    Examples
    --------
    >>> runs = long_runs(LIF(), {}, h=[0.1], T=20.0, paths=2560, seed=1, burn_in=5.0)
    >>> 0.5 < runs.averages("rate")[0].mean < 0.8
    True
    """

    h: np.ndarray
    names: tuple[str, ...]
    batches: np.ndarray = field(repr=False)

    def averages(self, name: str) -> tuple[Estimate, ...]:
        """Return the averages of one observable, one Estimate per h.

        Raises
        ------
        ValueError
            If there is no such observable.

        Examples
        --------
        >>> runs = long_runs(LIF(), {}, h=[0.1], T=20.0, paths=2560, seed=1)
        >>> len(runs.averages("rate"))
        1
        """
        return tuple(mean(row) for row in self._rows(name))

    def order(self, name: str, truth: float) -> Order:
        """Fit a power of h to the distance from the exact value `truth`.

        Raises
        ------
        ValueError
            If there is no such observable, or a distance has no definite sign.

        Examples
        --------
        >>> voltage = {"V": lambda v, i, n: v}
        >>> runs = long_runs(LIF(), voltage, h=[0.2, 0.1], T=20.0, paths=2560, seed=1, burn_in=5.0)
        >>> 0.8 < runs.order("V", 0.66016).order.mean < 1.2
        True
        """
        distance = self._rows(name) - checks.real("truth", truth)
        return fit_order(self.h, np.sign(distance[int(np.argmax(self.h))].sum()) * distance)

    def _rows(self, name: str) -> np.ndarray:
        return self.batches[self.names.index(checks.one_of("name", name, self.names))]


def long_runs(
    model: LIF,
    observables: Mapping[str, Observable],
    *,
    h: Sequence[float] | np.ndarray | float,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    burn_in: float = 0.0,
    executor: Executor | None = None,
) -> LongRuns:
    """Average observables, and count spikes, over long Euler runs.

    Parameters
    ----------
    model : LIF
        The neuron.
    observables : mapping of str to callable
        As in `lifcore.weak.weak_errors`, averaged over the times in steps of the largest h
        (or of a multiple of it, about 1/8 time units); may be empty.
    h : sequence of float
        Distinct nested step sizes; each has its own noise.
    T : float
        Time over which averages are taken, a whole multiple of every h.
    paths : int
        Number of paths, rounded up to whole blocks of 256; at least two blocks.
    seed : int or SeedSequence
        As in `lifcore.runs.simulate`.
    burn_in : float, optional
        Time before, in which the law becomes stationary: a whole multiple of every h or 0.
    executor : concurrent.futures.Executor, optional
        Where to compute; by default threads on all cores of this machine.

    Returns
    -------
    LongRuns

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; the message names it and says what is allowed.

    Examples
    --------
    >>> square = {"V squared": lambda v, i, n: v * v}
    >>> runs = long_runs(LIF(), square, h=[0.1, 0.05], T=20.0, paths=512, seed=1, burn_in=5.0)
    >>> runs.batches.shape
    (2, 2, 2)
    """
    one_neuron("model", model)
    tried = check_observables(observables, model) if len(observables) else {}
    sizes, T, _ = checks.levels(h, T)
    checks.euler_stable(float(sizes.max()), model.decay_rates)
    burn_in = checks.real("burn_in", burn_in, at_least=0.0)
    blocks = block_count(checks.count("paths", paths, at_least=257))
    coarse = float(sizes.max())
    before = checks.steps(coarse, burn_in)[2] if burn_in > 0.0 else 0
    total = checks.steps(coarse, T)[2]
    stride = next(
        k for k in range(max(1, min(total, round(0.125 / coarse))), 0, -1) if total % k == 0
    )
    times = [coarse * (before + n) for n in range(0 if before else stride, total + 1, stride)]
    root = checks.seed(seed)
    batches = np.empty((2 + len(tried), sizes.size, blocks))
    for k, size in enumerate(sizes):
        own = np.random.SeedSequence(
            root.entropy, spawn_key=(*root.spawn_key, checks.steps(float(size), T)[2])
        )
        run = ladder(model, np.array([size]), times, own, (model.v_reset, model.mu), exact=False)
        tasks = [(run, tried, before > 0, T, b) for b in range(blocks)]
        batches[:, k] = np.array(
            map_blocks(_average_block, tasks, executor, f"long runs, h = {size:g}")
        ).T
    drive, averages = batches[0] - model.mu, batches[1:]
    centred = drive - drive.mean(axis=1, keepdims=True)
    slopes = (averages * centred).sum(axis=2) / (centred**2).sum(axis=1)
    return LongRuns(sizes, ("rate", *tried), averages - slopes[:, :, None] * drive)


def _average_block(
    run: Ladder, observables: dict[str, Observable], burnt: bool, T: float, block: int
) -> list[float]:
    """Return a block's mean current, rate and means of observables."""
    v, i, n = ladder_states(run, block)
    first = n[0, 0] if burnt else np.zeros(BLOCK)  # with a burn-in, the first look is its end
    return [
        float(i.mean()),
        float((n[0, -1] - first).mean()) / T,
        *(float(evaluate(name, f, v, i, n).mean()) for name, f in observables.items()),
    ]
