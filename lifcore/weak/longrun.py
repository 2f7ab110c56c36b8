"""Stationary averages of Euler–Maruyama, from long runs, for comparison with deterministic truth.

The rate and the moments of V are known without sampling from the Fokker-Planck equation
(`lifcore.stationary.stationary`). Euler's own averages come from one long run for each step
size. Its current is an autoregression whose mean is exactly mu, so that the run's mean current
serves as a control variate: what an average owes to it by regression is subtracted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

import numpy as np

from lifcore import checks
from lifcore.evidence.orders import Order, fit_order
from lifcore.evidence.statistics import Estimate, mean
from lifcore.models.neuron import LIF, one_neuron
from lifcore.noise.sources import NOISES, PATHWISE
from lifcore.noise.streams import BLOCK, block_count
from lifcore.runs.executors import map_blocks
from lifcore.runs.pairs import (
    Ladder,
    Observable,
    check_observables,
    evaluate,
    ladder,
    ladder_parts,
)
from lifcore.runs.progress import LEAST, LEAST_FAIR
from lifcore.runs.starts import start_of_block


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
        Averages over each block of 256 paths, less their regression on its mean current. The
        slope comes from the scatter of paths within blocks, so it takes no degree of freedom
        from the blocks' means.

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
    noise: str = "gauss",
    burn_in: float = 0.0,
    executor: Executor | str | None = None,
) -> LongRuns:
    """Average observables, and count spikes, over long Euler runs.

    Parameters
    ----------
    model : LIF
        The neuron; its refractory time is rounded to whole steps (`lifcore.checks.held_steps`).
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
    noise : str, optional
        As in `lifcore.runs.simulate`; "bits" and "three" are made for averages like these.
    burn_in : float, optional
        Time before, in which the law becomes stationary: a whole multiple of every h. Paths then
        begin with stationary currents and random phases; with 0 they begin as those of
        `lifcore.runs.simulate`, and averages are of T from there.
    executor : concurrent.futures.Executor or str, optional
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
    one_neuron("model", model, refractory=True)
    tried = check_observables(observables, model) if len(observables) else {}
    noise = checks.one_of("noise", noise, NOISES)
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
    root = checks.seed(seed)
    least = LEAST["euler"] if noise in PATHWISE else LEAST_FAIR
    batches = np.empty((1 + len(tried), sizes.size, blocks))
    for k, size in enumerate(sizes):
        own = np.random.SeedSequence(
            root.entropy, spawn_key=(*root.spawn_key, checks.steps(float(size), T)[2])
        )
        begin = (model.v_reset, model.mu)
        run = ladder(model, np.array([size]), [T], own, begin, exact=False, noise=noise)
        fine = checks.steps(float(size), coarse)[2]
        first = fine * (before if before else stride)
        # A range: a list of the looks of a long run takes minutes.
        run = replace(run, stops=range(first, fine * (before + total) + 1, fine * stride))
        tasks = [(run, tried, before > 0, T, b) for b in range(blocks)]
        label, count = f"long runs, h = {size:g}", float(run.stops[-1]) * BLOCK * blocks
        found = map_blocks(_average_block, tasks, executor, label, count, least)
        means, products = (np.array(part) for part in zip(*found, strict=True))
        batches[:, k] = _less_regression(means, products, model.mu).T
    return LongRuns(sizes, ("rate", *tried), batches)


def _less_regression(means: np.ndarray, products: np.ndarray, mu: float) -> np.ndarray:
    """Subtract from the blocks' means, (blocks, 1 + averages), what they owe to the current.

    `products` are the blocks' sums of products with the current, of deviations within the block.
    For normal paths these are independent of the blocks' means, and so is the slope.
    """
    current, *others = products.sum(axis=0)
    slopes = np.array(others) / current if current > 0.0 else np.zeros(len(others))
    return means[:, 1:] - slopes * (means[:, :1] - mu)


def _average_block(
    run: Ladder, observables: dict[str, Observable], burnt: bool, T: float, block: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return a block's means (current, rate, observables) and their products with the current."""
    sums, first = np.zeros((2 + len(observables), BLOCK)), None
    # No burn-in makes the phase of a regular neuron random: its averages would be off, all alike.
    begin = start_of_block(run.model, run.seed, block, float(run.h[0])) if burnt else None
    for v, i, n in ladder_parts(run, block, begin=begin):
        if first is None:  # with a burn-in, the first look is its end
            first = n[0, 0] if burnt else np.zeros(BLOCK)
        sums[0] += i.sum(axis=(0, 1))
        sums[1] = n[0, -1] - first
        for total, (name, f) in zip(sums[2:], observables.items(), strict=True):
            total += evaluate(name, f, v, i, n).sum(axis=(0, 1))
    looks = float(len(run.stops))
    paths = sums / np.array([looks, T, *(looks for _ in observables)])[:, None]
    means = paths.mean(axis=1)
    centred = paths - means[:, None]
    return means, centred @ centred[0]
