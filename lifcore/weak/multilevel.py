r"""Multilevel Monte Carlo (Giles 2008): an average to a given accuracy at least cost.

The mean over Euler paths of step h_L is written as a telescoping sum,

.. math:: E f_L = E f_0 + \sum_{l=1}^L E(f_l - f_{l-1}), \qquad h_l = h_0 2^{-l},

and each term is estimated by its own paths, both steps of a pair on the same noise. The
variance of a pair is O(h), its cost O(1/h), so that all levels cost about the same: the whole
takes :math:`\varepsilon^{-2} (\log\varepsilon)^2` steps for an error epsilon, where paths of
the finest step alone take :math:`\varepsilon^{-3}`.
"""

from __future__ import annotations

import math
from concurrent.futures import Executor

import numpy as np

from lifcore import checks
from lifcore.models.neuron import LIF, one_neuron
from lifcore.noise.streams import BLOCK, block_count
from lifcore.runs.evaluation import Observable, check_observable
from lifcore.runs.pairs import ladder
from lifcore.runs.starts import Start
from lifcore.weak.levels import Level, Multilevel
from lifcore.weak.plain import (
    FEW,
    PathSums,
    PlainPlan,
    normal_quantile,
    path_sums,
    plain_monte_carlo,
    plain_plan,
)

__all__ = ["Level", "Multilevel", "multilevel", "plain_monte_carlo"]

PILOT_BLOCKS = 4
"""Blocks of the pilot on each of its levels at first, which only fix the plan."""

PILOT_LEVELS = 4
"""Levels of the pilot, the coarsest included."""

DEEPEST = 24
"""Largest number of halvings of the coarsest step."""


def multilevel(
    model: LIF,
    observable: Observable,
    *,
    T: float,
    coarsest: float,
    half_width: float,
    seed: int | np.random.SeedSequence,
    confidence: float = 0.95,
    budget: float = 1e10,
    start: Start | None = None,
    executor: Executor | str | None = None,
) -> Multilevel:
    """Estimate E f(V, I, N) at time T to a given accuracy.

    Half of `half_width` is for the bias of the finest step, half for the sampling error.

    Parameters
    ----------
    model : LIF
        The neuron.
    observable : callable
        f, as in `lifcore.weak.weak_errors`.
    T : float
        Horizon, a whole multiple of `coarsest`.
    coarsest : float
        Step of the coarsest level; each further level halves it.
    half_width : float
        Half the width of the interval asked for, in units of f.
    seed : int or SeedSequence
        As in `lifcore.runs.simulate`.
    confidence : float, optional
        Confidence of the interval.
    budget : float, optional
        Neuron-steps that may be spent.
    start : pair of float, optional
        Initial (V, I), the same for all paths.
    executor : concurrent.futures.Executor or str, optional
        Where to compute; by default threads on all cores of this machine.

    Returns
    -------
    Multilevel

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, the neuron has no noise, or a pilot run says that the accuracy
        would take more than `budget`; the message gives the estimated cost. The pilot is
        enlarged until it has seen 32 paths that differ from the others on its coarsest level
        and on its finest pairs: of the bias it says nothing before.

    Examples
    --------
    >>> found = multilevel(
    ...     LIF(), lambda v, i, n: np.cos(v), T=2.0, coarsest=0.25, half_width=0.02, seed=1
    ... )
    >>> found.low < 0.78 < found.high
    True
    """
    one_neuron("model", model)
    if model.sigma == 0.0:
        raise ValueError(
            "model.sigma = 0.0: all paths are the same one, and the bias of its spike times is no "
            "multiple of h; allowed: sigma > 0 (without noise one exact path is the answer: "
            "simulate(..., paths=1, scheme='exact'))"
        )
    tried = check_observable("observable", observable, model)
    coarsest, T, first = checks.steps(coarsest, T)
    checks.euler_stable(coarsest, model.decay_rates)
    half_width = checks.real("half_width", half_width, above=0.0)
    z = normal_quantile(confidence) / (0.5 * half_width)
    budget = checks.real("budget", budget, above=0.0)
    begin = checks.start(start, 1, (model.v_reset, model.mu), model.v_th, model.i_th)
    if isinstance(begin[0], np.ndarray):
        raise TypeError(f"start = {start!r}; allowed: None or a pair of numbers")
    pilot_seed, main_seed = (
        np.random.SeedSequence(s.entropy, spawn_key=(*s.spawn_key, k))
        for s in (checks.seed(seed),)
        for k in (0, 1)
    )
    cost = [first * 2**k * (1.0 if k == 0 else 1.5) for k in range(DEEPEST + 1)]

    def sample(level: int, blocks: range, root: np.random.SeedSequence) -> list:
        h = coarsest * 0.5 ** np.arange(max(level - 1, 0), level + 1)
        own = np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, level))
        run = ladder(model, h, [T], own, begin, exact=False)
        return path_sums(run, tried, blocks, executor, f"multilevel, h = {h[-1]:g}")

    def plan(sums: list[PathSums], at_least: int = 1) -> tuple[float, int, list[int], PlainPlan]:
        """Return a bound on the bias, the finest level, each level's paths, and plain's plan."""
        # Levels that saw too little of what they count are not asked for the bias.
        slope, error = _bias_slope(sums if _seen(sums) >= FEW else pilot, coarsest)
        # Two standard errors are added to the slope before it is trusted.
        bias = (abs(slope) + 2.0 * error) * coarsest
        last = max(at_least, _halvings(bias, half_width, coarsest))
        return (
            min(bias / 2**last, 0.5 * half_width),
            last,
            _paths(sums, last, z, cost),
            plain_plan(
                slope=slope, variance=sums[0].variance, T=T, coarsest=coarsest,
                half_width=half_width, confidence=confidence,
            ),
        )  # fmt: skip

    spent = 0.0
    pilot = [PathSums() for _ in range(PILOT_LEVELS)]
    wanted = PILOT_BLOCKS
    while _seen(pilot) < FEW:
        # What a pilot has not seen it cannot bound; rare events take a larger one.
        for level, sums in enumerate(pilot):
            sums.add(sample(level, range(sums.blocks, wanted), pilot_seed))
        spent = sum(s.paths * c for s, c in zip(pilot, cost, strict=False))
        wanted *= 2
        if _seen(pilot) < FEW and 2.0 * spent > budget:
            raise ValueError(
                f"budget = {budget:.1e}: in a pilot of {spent:.1e} neuron-steps f differed between "
                f"{_seen(pilot)} pairs of paths, which does not bound the bias; allowed: a larger "
                "budget, or an f that is not constant"
            )
    bias, last, paths, plain = plan(pilot)
    more = sum(n * c for n, c in zip(paths, cost, strict=False))
    _within(budget, spent + more, half_width, plain)
    main: list[PathSums] = []
    while True:
        # The plan is made anew from what was sampled, until it asks for nothing more.
        needed = [block_count(max(n, 2 * BLOCK)) for n in paths]
        main += [PathSums() for _ in range(len(needed) - len(main))]
        missing = [max(0, w - s.blocks) for w, s in zip(needed, main, strict=False)]
        if not any(missing):
            break
        more = sum(m * BLOCK * c for m, c in zip(missing, cost, strict=False))
        _within(budget, spent + more, half_width, plain)
        for level, blocks in enumerate(missing):
            if blocks:
                done = main[level].blocks
                main[level].add(sample(level, range(done, done + blocks), main_seed))
        spent += more
        bias, last, paths, plain = plan(main, last)
    estimate = sum(s.mean for s in main)
    error = math.sqrt(sum(v / s.paths for v, s in zip(_variances(main), main, strict=True)))
    half = bias + z * 0.5 * half_width * error
    levels = tuple(
        Level(coarsest * 0.5**k, s.paths, s.mean, s.variance, int(s.paths * cost[k]))
        for k, s in enumerate(main)
    )
    return Multilevel(
        estimate, estimate - half, estimate + half, confidence, bias, levels, int(spent), plain
    )


def _within(budget: float, steps: float, half_width: float, plain: PlainPlan) -> None:
    if steps > budget:
        raise ValueError(
            f"half_width = {half_width!r} would take about {steps:.1e} neuron-steps (plain Monte "
            f"Carlo: {plain.steps:.1e}), budget = {budget:.1e}; allowed: a wider interval or a "
            "larger budget"
        )


def _used(sums: list[PathSums]) -> slice:
    """Return the levels that the bias is read from.

    The coarsest pair is left out where there are others: the law c h is that of small h.
    """
    return slice(2, None) if len(sums) > 3 else slice(1, None)


def _seen(sums: list[PathSums]) -> int:
    """Return how many paths, or pairs, tell something of the variance of f and of the bias."""
    return min(sums[0].differing, sum(s.differing for s in sums[_used(sums)]))


def _bias_slope(sums: list[PathSums], coarsest: float) -> tuple[float, float]:
    """Return c of the weak error c h, and its standard error.

    Each pair's mean is -c h_l, and c is their mean, weighted by precision.
    """
    h = coarsest * 0.5 ** np.arange(len(sums))
    use = _used(sums)
    means = np.array([s.mean for s in sums[use]])
    errors = np.array([max(s.variance, 1e-300) / s.paths for s in sums[use]])
    weights = h[use] ** 2 / errors
    slope = -(weights * means / h[use]).sum() / weights.sum()
    return float(slope), 1.0 / math.sqrt(float(weights.sum()))


def _halvings(bias: float, half_width: float, coarsest: float) -> int:
    """Return how often the coarsest step, with this bias, is halved for half of `half_width`."""
    needed = math.ceil(math.log2(max(bias / (0.5 * half_width), 1.0)))
    if needed > DEEPEST:
        raise ValueError(
            f"half_width = {half_width!r} needs a step below {coarsest / 2**DEEPEST:.1e}; "
            "allowed: a wider interval"
        )
    return needed


def _variances(sums: list[PathSums]) -> list[float]:
    """Return each level's variance; where too little was seen, no less than half the one above."""
    variances = [s.variance for s in sums]
    for k in range(1, len(sums)):
        if sums[k].differing < FEW:
            variances[k] = max(variances[k], 0.5 * variances[k - 1])
    return variances


def _paths(sums: list[PathSums], last: int, z: float, cost: list[float]) -> list[int]:
    """Return the paths of each level that bring the sampling error down at least cost."""
    variances = _variances(sums[: last + 1])
    while len(variances) <= last:  # halved from level to level, as the pairs' variance is O(h)
        variances.append(0.5 * variances[-1])
    root = sum(math.sqrt(v * c) for v, c in zip(variances, cost, strict=False))
    return [
        math.ceil(z * z * math.sqrt(v / c) * root) for v, c in zip(variances, cost, strict=False)
    ]
