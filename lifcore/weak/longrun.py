"""Stationary averages of Euler–Maruyama, from long runs, for comparison with deterministic truth.

The rate and the moments of V are known without sampling from the Fokker-Planck equation
(`lifcore.stationary.stationary`). Euler's own averages come from one long run for each step
size. Its current is an autoregression whose mean is exactly mu, so that the run's mean current
serves as a control variate: what an average owes to it by regression is subtracted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from lifcore import checks
from lifcore.evidence.orders import Order, fit_order
from lifcore.evidence.statistics import Estimate, mean
from lifcore.models.neuron import LIF, one_neuron
from lifcore.noise.dispatch import kernel
from lifcore.noise.sources import NOISES, PATHWISE, fill, source
from lifcore.noise.streams import BLOCK, block_count
from lifcore.runs.evaluation import Observable, check_observables, evaluate_each
from lifcore.runs.executors import map_blocks
from lifcore.runs.feasible import check_run
from lifcore.runs.pairs import LOOKS
from lifcore.runs.progress import LEAST, LEAST_FAIR
from lifcore.runs.starts import start_of_block
from lifcore.schemes import EULER
from lifcore.schemes.lanes import grid_neuron
from lifcore.schemes.portions import portions
from lifcore.schemes.state import NOT_HELD, Span, State, Streams, no_arrivals, nowhere

QUIET = 1024
"""Steps after which a run is looked at of which nothing but spikes is asked."""


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
        Averages over each block of 256 paths, less their regression on its noise. The
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
    look = next(
        k for k in range(max(1, min(total, round(0.125 / coarse))), 0, -1) if total % k == 0
    )
    root = checks.seed(seed)
    least = LEAST["euler"] if noise in PATHWISE else LEAST_FAIR
    batches = np.empty((1 + len(tried), sizes.size, blocks))
    for k, size in enumerate(sizes):
        fine = checks.steps(float(size), coarse)[2]
        steps = fine * total
        own = np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, steps))
        start = (model.v_reset, model.mu)
        checks.held_steps(model.t_ref, float(size))
        check_run(model, ("euler",), float(size), T, start)
        stride = fine * look if tried else QUIET
        run = _LongRun(model, float(size), fine * before, steps, stride, own, noise)
        tasks = [(run, tried, b) for b in range(blocks)]
        label, count = f"long runs, h = {size:g}", float(fine * before + steps) * BLOCK * blocks
        found = map_blocks(_average_block, tasks, executor, label, count, least)
        means, products = (np.array(part) for part in zip(*found, strict=True))
        batches[:, k] = _less_regression(means, products).T
    return LongRuns(sizes, ("rate", *tried), batches)


@dataclass(frozen=True)
class _LongRun:
    """Long paths of Euler: steps of the burn-in, of the run, and from look to look."""

    model: LIF
    h: float
    before: int
    steps: int
    stride: int
    seed: np.random.SeedSequence
    noise: str


class _Summed(NamedTuple):
    """A source of noise, and the sum of what each lane has had from it."""

    source: Any
    total: np.ndarray


@kernel(fill, _Summed, borrows=True)
def _fill_summed(source, out, width, scale):
    fill(source.source, out, width, scale)
    for r in range(out.shape[0]):
        for k in range(out.shape[1]):
            source.total[k] += out[r, k]


def _less_regression(means: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Subtract from the blocks' means, (blocks, 1 + averages), what they owe to the noise.

    `products` are the blocks' sums of products with the noise, of deviations within the block.
    For normal paths these are independent of the blocks' means, and so is the slope.
    """
    noise, *others = products.sum(axis=0)
    return means[:, 1:] - np.array(others) / noise * means[:, :1]


def _average_block(
    run: _LongRun, observables: dict[str, Observable], block: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return a block's sums (noise, spikes, observables) over T, and products with the noise."""
    burnt, noise = run.before > 0, np.zeros(BLOCK)
    # No burn-in makes the phase of a regular neuron random: its averages would be off, all alike.
    if burnt:
        v, i, held = start_of_block(run.model, run.seed, block, run.h)[:, 0]
    else:
        v, i, held = np.full(BLOCK, run.model.v_reset), np.full(BLOCK, run.model.mu), noise.copy()
    held = held if run.model.t_ref > 0.0 else NOT_HELD
    state = State(v, i, np.zeros(BLOCK, np.int64), held)
    streams = Streams(_Summed(source(run.noise, run.seed, block, 0, BLOCK), noise), None)
    for _ in _looks(run, (0, run.before, QUIET), streams, state, wanted=False):
        pass
    noise[:] = 0.0
    sums = np.zeros((2 + len(observables), BLOCK))
    sums[1] = -state.counts
    count = run.steps // run.stride + burnt  # the burn-in's end is looked at, too
    now = [State(v[None], i[None], state.counts[None].copy())] if burnt else []
    span = (run.before, run.before + run.steps, run.stride)
    for seen in chain(now, _looks(run, span, streams, state, wanted=len(observables) > 0)):
        for total, values in zip(sums[2:], evaluate_each(observables, *seen[:3]), strict=True):
            for row in values / count:  # one by one, however many came
                total += row
    sums[0] = noise
    sums[1] += state.counts
    sums[:2] /= run.steps * run.h
    means = sums.mean(axis=1)
    centred = sums - means[:, None]
    return means, centred @ centred[0]


def _looks(
    run: _LongRun, span: tuple[int, int, int], streams: Streams, state: State, wanted: bool
) -> Iterator[State]:
    """Carry a block over a span of steps (begin, end, stride); yield what looks saw, if wanted."""
    begin, end, stride = span
    count = -(-(end - begin) // stride)
    own = EULER.own(EULER.constants([run.model], run.h), 0)
    unrecorded, nothing = nowhere(stride), no_arrivals(stride)
    share = (end - begin) / (run.before + run.steps)
    for first, last in portions(0, count, most=LOOKS, share=share):
        stops = np.minimum(begin + stride * np.arange(first, last + 1), end)
        shape = (last - first if wanted else 0, BLOCK)
        seen = State(np.empty(shape), np.empty(shape), np.empty(shape, np.int64))
        _carry(own, stops, streams, state, nothing, unrecorded, seen)
        yield seen


@njit(nogil=True, cache=True)
def _carry(own, stops, streams, state, nothing, unrecorded, seen):
    """Take Euler's steps from the first of some stops to each of the others, and look there."""
    for look in range(stops.size - 1):
        span = Span(0, stops[look], stops[look + 1], 1, state.v.size)
        grid_neuron(own, span, streams, state, nothing, unrecorded)
        if look < seen.v.shape[0]:
            seen.v[look], seen.i[look], seen.counts[look] = state.v, state.i, state.counts
