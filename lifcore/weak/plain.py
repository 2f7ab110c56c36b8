r"""Plain Monte Carlo: Euler paths of one step size, as many and as fine as an accuracy asks for.

Half of the interval's half-width is for the bias of the step, half for the sampling error. The
bias being :math:`ch`, an error epsilon takes a step of order epsilon and :math:`\varepsilon^{-2}`
paths: :math:`\varepsilon^{-3}` steps in all, against which `lifcore.weak.multilevel` is measured.
"""

from __future__ import annotations

import math
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from lifcore import checks
from lifcore.evidence.statistics import Estimate, estimate
from lifcore.models.neuron import LIF, one_neuron
from lifcore.noise.streams import BLOCK, block_count
from lifcore.runs.evaluation import Observable, check_observable, evaluate
from lifcore.runs.executors import map_blocks
from lifcore.runs.pairs import (
    Ladder,
    ladder,
    ladder_states,
)

FEW = 32
"""Paths that must differ from the others before an interval is made of their variance."""

TASK_STEPS = 1024
"""Steps of a block that are worth a task of their own; shorter blocks share one."""


@dataclass
class PathSums:
    """Running sums over paths of f, or of its difference over pairs of paths.

    Examples
    --------
    >>> sums = PathSums()
    >>> sums.add([(256.0, 512.0, 256), (0.0, 512.0, 256)])
    >>> sums.paths, sums.mean, round(sums.variance, 2)
    (512, 0.5, 1.75)
    """

    blocks: int = 0
    total: float = 0.0
    squares: float = 0.0
    differing: int = 0

    def add(self, found: list[tuple[float, float, int]]) -> None:
        """Add each block's sum, sum of squares, and number of paths that tell something.

        Examples
        --------
        >>> sums = PathSums()
        >>> sums.add([(1.0, 1.0, 1)])
        >>> sums.blocks
        1
        """
        for total, squares, differing in found:
            self.total += total
            self.squares += squares
            self.differing += differing
        self.blocks += len(found)

    @property
    def paths(self) -> int:
        """Number of paths."""
        return BLOCK * self.blocks

    @property
    def mean(self) -> float:
        """Their mean."""
        return self.total / self.paths

    @property
    def variance(self) -> float:
        """Their variance."""
        return max(self.squares / self.paths - self.mean**2, 0.0) * self.paths / (self.paths - 1)


def path_sums(
    run: Ladder, observable: Observable, blocks: range, executor: Executor | str | None, label: str
) -> list[tuple[float, float, int]]:
    """Return, for each block, the sums of f and f², or of f(X^h) - f(X^2h) for a pair of steps.

    The third number is how many paths differ from the block's median: of a rare event, how often
    it was seen.

    Parameters
    ----------
    run : Ladder
        Euler at one step or at two, observed once.
    observable : callable
        f, already checked.
    blocks : range
        The blocks.
    executor : concurrent.futures.Executor, str or None
        As in `lifcore.runs.map_blocks`.
    label : str
        Shown before the progress bar.

    Returns
    -------
    list of (float, float, int)

    Examples
    --------
    >>> run = ladder(
    ...     LIF(), np.array([0.5]), [2.0], np.random.SeedSequence(1), (0.0, 1.2), exact=False
    ... )
    >>> len(path_sums(run, lambda v, i, n: n, range(3), None, "three blocks"))
    3
    """
    # Starting a task costs as much as many short steps.
    share = max(1, TASK_STEPS // run.stops[-1])
    tasks = [(run, observable, blocks[k : k + share]) for k in range(0, len(blocks), share)]
    count = float(run.stops[-1]) * BLOCK * len(blocks)
    found = map_blocks(_task_sums, tasks, executor, label, count)
    return [sums for task in found for sums in task]


def _task_sums(
    run: Ladder, observable: Observable, blocks: range
) -> list[tuple[float, float, int]]:
    states = zip(*(ladder_states(run, block) for block in blocks), strict=True)
    values = evaluate("observable", observable, *(np.concatenate(part, axis=1) for part in states))
    difference = values[0] - values[1] if len(values) > 1 else values[0]
    odd = (difference != np.median(difference, axis=1, keepdims=True)).sum(axis=1)
    sums = difference.sum(axis=1), (difference**2).sum(axis=1), odd
    return [(float(a), float(b), int(c)) for a, b, c in zip(*sums, strict=True)]


def normal_quantile(confidence: float) -> float:
    """Return how many standard errors the half-width of an interval is.

    Raises
    ------
    TypeError, ValueError
        If `confidence` is not a number between 0 and 1.

    Examples
    --------
    >>> round(normal_quantile(0.95), 2)
    1.96
    """
    if checks.real("confidence", confidence, above=0.0) >= 1.0:
        raise ValueError(f"confidence = {confidence!r}; allowed: a number between 0 and 1")
    return float(ndtri(0.5 + 0.5 * confidence))


class PlainPlan(NamedTuple):
    """What plain Monte Carlo takes for an accuracy: its step, paths, and neuron-steps in all.

    Examples
    --------
    >>> PlainPlan(h=0.25, paths=256, steps=2048).steps
    2048
    """

    h: float
    paths: int
    steps: int


def plain_plan(
    *,
    slope: float,
    variance: float,
    T: float,
    coarsest: float,
    half_width: float,
    confidence: float,
) -> PlainPlan:
    """Return the step whose bias is half of `half_width`, and the paths for the other half.

    Parameters
    ----------
    slope : float
        c of the bias c h.
    variance : float
        Variance of f.
    T : float
        Horizon; the step divides it.
    coarsest : float
        Largest step allowed.
    half_width, confidence : float
        As in `lifcore.weak.multilevel`.

    Returns
    -------
    PlainPlan

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number of its range.

    Examples
    --------
    >>> plan = plain_plan(
    ...     slope=1.0, variance=1.0, T=2.0, coarsest=0.5, half_width=0.2, confidence=0.95
    ... )
    >>> plan.h, plan.paths, plan.steps
    (0.1, 512, 10240)
    """
    slope, variance = checks.real("slope", slope), checks.real("variance", variance, at_least=0.0)
    T, coarsest = checks.real("T", T, above=0.0), checks.real("coarsest", coarsest, above=0.0)
    z = normal_quantile(confidence) / (0.5 * checks.real("half_width", half_width, above=0.0))
    number = math.ceil(T * max(1.0 / coarsest, abs(slope) / (0.5 * half_width)) * (1.0 - 1e-12))
    paths = BLOCK * block_count(max(math.ceil(z * z * variance), 2))
    return PlainPlan(T / number, paths, paths * number)


def plain_monte_carlo(
    model: LIF,
    observable: Observable,
    *,
    h: float,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    executor: Executor | str | None = None,
) -> Estimate:
    """Estimate E f(V, I, N) at time T from Euler paths of one step size.

    Parameters
    ----------
    model, observable, T, seed, executor
        As in `lifcore.weak.multilevel`.
    h : float
        Step size.
    paths : int
        Number of paths, rounded up to whole blocks of 256.

    Returns
    -------
    Estimate
        Its interval is that of the sampling error; the bias of `h` comes on top.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; or if there is noise and fewer than 32 paths differ from the
        others, of which no interval can be made.

    Examples
    --------
    >>> found = plain_monte_carlo(LIF(), lambda v, i, n: n, h=0.1, T=2.0, paths=2560, seed=1)
    >>> 0.5 < found.mean < 1.0
    True
    """
    one_neuron("model", model, refractory=True)
    tried = check_observable("observable", observable, model)
    h, T, _ = checks.steps(h, T)
    checks.euler_stable(h, model.decay_rates)
    run = ladder(
        model, np.array([h]), [T], checks.seed(seed), (model.v_reset, model.mu), exact=False
    )
    blocks = range(block_count(checks.count("paths", paths)))
    sums = PathSums()
    sums.add(path_sums(run, tried, blocks, executor, f"plain, h = {h:g}"))
    if model.sigma > 0.0 and sums.differing < FEW:
        raise ValueError(
            f"paths = {paths!r}: f takes another value on {sums.differing} of {sums.paths} paths, "
            f"too few for an interval; allowed: so many paths that it does on at least {FEW}"
        )
    return estimate(sums.mean, math.sqrt(sums.variance / sums.paths), math.inf)
