"""Euler–Maruyama at several step sizes and the exact solution, on the same Brownian paths."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numba import njit

from lifcore import checks
from lifcore.blocks import BLOCK, block_count, generators, map_blocks
from lifcore.euler import EulerStep, advance, euler_step, record_crossed
from lifcore.exact import exact_advance, exact_step
from lifcore.histories import HISTORY, MATCHED, TERMINAL, Comparison, compare, pair_up
from lifcore.model import LIF
from lifcore.simulate import Start, initial_state, record_all
from lifcore.statistics import Estimate, mean


@dataclass(frozen=True)
class _Run:
    """A validated request, from which any of its blocks can be computed anywhere."""

    model: LIF
    h: np.ndarray
    order: np.ndarray
    ratios: np.ndarray
    finest: float
    stops: tuple[int, ...]
    T: float
    seed: np.random.SeedSequence
    start: Start


class Parts(NamedTuple):
    """The mean-square error, split by what the spike histories did; one Estimate per h.

    ``whole`` is the mean over all paths; the other three are its contributions from matched
    paths, from those with a terminal mismatch and from those with a history mismatch.

    Examples
    --------
    >>> pairs = couple(LIF(), h=[0.1, 0.05], T=1.0, paths=512, seed=1)
    >>> len(pairs.parts(tolerance=0.4).history)
    2
    """

    whole: tuple[Estimate, ...]
    matched: tuple[Estimate, ...]
    terminal: tuple[Estimate, ...]
    history: tuple[Estimate, ...]


class SpikePairs(NamedTuple):
    """The k-th exact spike beside the k-th Euler spike of the same path.

    ``speed`` is the exact crossing speed A, ``time`` the exact spike time, ``delay`` Euler's
    spike time minus the exact one, and ``lag`` how long before the end of its step Euler's
    own straight line crossed the threshold; ``path`` tells whose spikes they are.

    Examples
    --------
    >>> (pairs,) = couple(LIF(), h=[0.1], T=2.0, paths=512, seed=1).spike_pairs(tolerance=0.4)
    >>> bool((pairs.speed > 0).all())
    True
    """

    path: np.ndarray
    time: np.ndarray
    speed: np.ndarray
    delay: np.ndarray
    lag: np.ndarray


@dataclass(frozen=True)
class CoupledEnsemble:
    """Exact and Euler paths at time T, driven by the same noise.

    Attributes
    ----------
    h : ndarray, shape (levels,)
        Step sizes, in the order asked for.
    T : float
        Horizon.
    v, i, spike_counts : ndarray, shape (paths, neurons)
        The exact solution at T, and its spikes in (0, T].
    v_euler, i_euler, spike_counts_euler : ndarray, shape (levels, paths, neurons)
        Euler's, for each step size.
    histories : Comparison
        How the spike histories compare, shape (levels, paths).
    slowest : ndarray, shape (paths,)
        Smallest crossing speed of the exact spikes up to T, inf where there is none.
    slowest_euler : ndarray, shape (levels, paths)
        The same of Euler's spikes, by the current at the start of their step.
    snapshots : tuple of CoupledEnsemble
        The same ensemble at the earlier `times` asked for.

    Examples
    --------
    >>> pairs = couple(LIF(), h=[0.1, 0.05], T=1.0, paths=512, seed=1, times=[0.5])
    >>> pairs.v.shape, pairs.v_euler.shape, pairs.snapshots[0].T
    ((512, 1), (2, 512, 1), 0.5)
    """

    h: np.ndarray
    T: float
    v: np.ndarray
    i: np.ndarray
    spike_counts: np.ndarray
    v_euler: np.ndarray
    i_euler: np.ndarray
    spike_counts_euler: np.ndarray
    histories: Comparison = field(repr=False)
    slowest: np.ndarray = field(repr=False)
    slowest_euler: np.ndarray = field(repr=False)
    _run: _Run = field(repr=False)
    snapshots: tuple[CoupledEnsemble, ...] = field(default=(), repr=False)

    @property
    def square_errors(self) -> np.ndarray:
        """Squared error of V at T, shape (levels, paths)."""
        return ((self.v_euler - self.v) ** 2).sum(axis=2)

    def mean_square_error(self) -> tuple[Estimate, ...]:
        """Return E|V(T) - V^h(T)|² with its interval, one Estimate per h.

        Examples
        --------
        >>> pairs = couple(LIF(), h=[0.1, 0.05], T=1.0, paths=512, seed=1)
        >>> len(pairs.mean_square_error())
        2
        """
        return tuple(mean(row) for row in self.square_errors)

    def parts(self, tolerance: float | np.ndarray) -> Parts:
        """Split the mean-square error by matched, terminal and history.

        Parameters
        ----------
        tolerance : float or sequence of float, one per h
            How far apart k-th spikes of matching histories may be, in units of time.

        Returns
        -------
        Parts
            Every path belongs to exactly one part, so the parts add up to the whole.

        Raises
        ------
        TypeError, ValueError
            If a tolerance is not a positive number, or their count is not that of h.

        Examples
        --------
        >>> pairs = couple(LIF(), h=[0.1, 0.05], T=1.0, paths=512, seed=1)
        >>> parts = pairs.parts(tolerance=4 * pairs.h)
        >>> abs(parts.whole[0].mean - sum(p[0].mean for p in parts[1:])) < 1e-15
        True
        """
        kinds = self.histories.classify(self._tolerances(tolerance))
        errors = self.square_errors
        split = [
            tuple(mean(row) for row in np.where(kinds == kind, errors, 0.0))
            for kind in (MATCHED, TERMINAL, HISTORY)
        ]
        return Parts(self.mean_square_error(), *split)

    def probabilities(self, tolerance: float | np.ndarray) -> Parts:
        """Return the probabilities of the three parts (``whole`` is 1), like `parts`.

        Parameters
        ----------
        tolerance : float or sequence of float, one per h
            As in `parts`.

        Returns
        -------
        Parts

        Raises
        ------
        TypeError, ValueError
            As in `parts`.

        Examples
        --------
        >>> pairs = couple(LIF(), h=[0.1], T=1.0, paths=512, seed=1)
        >>> pairs.probabilities(0.4).whole[0].mean
        1.0
        """
        kinds = self.histories.classify(self._tolerances(tolerance))
        split = [
            tuple(mean(row) for row in (kinds == kind).astype(float))
            for kind in (MATCHED, TERMINAL, HISTORY)
        ]
        return Parts(tuple(mean(np.ones(row.size)) for row in kinds), *split)

    def spike_pairs(
        self, tolerance: float | np.ndarray, executor: Executor | None = None
    ) -> tuple[SpikePairs, ...]:
        """Return the pairs of k-th spikes, one SpikePairs per h.

        A pair is kept if it and all earlier pairs of its path are at most `tolerance` apart.

        Parameters
        ----------
        tolerance : float or sequence of float, one per h
            Largest distance, in units of time.
        executor : concurrent.futures.Executor, optional
            Where to simulate the blocks once more, as in `couple`.

        Returns
        -------
        tuple of SpikePairs

        Raises
        ------
        TypeError, ValueError
            If a tolerance is not a positive number, or their count is not that of h.

        Examples
        --------
        >>> pairs = couple(LIF(mu=1.5), h=[0.1, 0.05], T=2.0, paths=512, seed=1)
        >>> coarse, fine = pairs.spike_pairs(tolerance=0.4)
        >>> bool((abs(fine.delay) <= 0.4).all())
        True
        """
        paths, allowed = self.v.shape[0], self._tolerances(tolerance)
        tasks = [(self._run, b, paths, allowed) for b in range(block_count(paths))]
        found = map_blocks(_pair_block, tasks, executor, "spike pairs")
        return tuple(
            SpikePairs(*(np.concatenate(part) for part in zip(*level, strict=True)))
            for level in zip(*found, strict=True)
        )

    def _tolerances(self, tolerance: object) -> np.ndarray:
        if np.ndim(tolerance) == 0:  # type: ignore[arg-type]
            return np.full((self.h.size, 1), checks.real("tolerance", tolerance, above=0.0))
        values = list(tolerance)  # type: ignore[call-overload]
        if len(values) != self.h.size:
            raise ValueError(
                f"tolerance has {len(values)} values; "
                f"allowed: one number, or {self.h.size}, one per h"
            )
        return np.array(
            [[checks.real(f"tolerance[{k}]", d, above=0.0)] for k, d in enumerate(values)]
        )


def couple(
    model: LIF,
    *,
    h: Sequence[float] | np.ndarray | float,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    start: Start | None = None,
    times: Sequence[float] | np.ndarray = (),
    executor: Executor | None = None,
) -> CoupledEnsemble:
    """Run Euler–Maruyama at several step sizes and the exact solution on the same paths.

    Parameters
    ----------
    model : LIF
        The neuron.
    h : sequence of float
        Distinct step sizes, each a whole multiple of the next smaller one; the noise is
        drawn on the finest grid and summed for the others.
    T : float
        Horizon, a whole multiple of every h.
    paths : int
        Number of paths.
    seed : int or SeedSequence
        As in `simulate`; the exact paths are those of ``simulate(scheme="exact")`` with the
        finest h and the same seed.
    start : pair, optional
        Initial (V, I), as in `simulate`.
    times : sequence of float, optional
        Increasing times before T, multiples of the finest h, at which to look as well; a coarser
        Euler shows the state of its last step.
    executor : concurrent.futures.Executor, optional
        Where to compute; by default threads on all cores of this machine.

    Returns
    -------
    CoupledEnsemble

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; the message names it and says what is allowed.

    Examples
    --------
    >>> pairs = couple(LIF(), h=[2.0**-3, 2.0**-4, 2.0**-5], T=2.0, paths=512, seed=1)
    >>> [round(e.mean, 1) for e in pairs.mean_square_error()][-1] < 0.1
    True
    """
    checks.instance("model", model, LIF)
    sizes, T, multiples = checks.levels(h, T)
    checks.euler_stable(float(sizes.max()), model.decay_rates)
    paths = checks.count("paths", paths)
    looks = checks.times(times, float(sizes.min()), T)
    checks.memory(
        f"the results of {paths} paths at {sizes.size} step sizes and {len(looks)} times",
        48.0 * paths * sizes.size * len(looks),
    )
    begin = checks.start(start, paths, (model.v_reset, model.mu), model.v_th, model.i_th)
    order = np.argsort(sizes)
    ladder = multiples[order]
    finest = float(sizes.min())
    run = _Run(
        model=model,
        h=sizes,
        order=order,
        ratios=ladder[1:] // ladder[:-1],
        finest=finest,
        stops=tuple(checks.steps(finest, t)[2] for t in looks),
        T=T,
        seed=checks.seed(seed),
        start=begin,
    )
    tasks = [(run, b) for b in range(block_count(paths))]
    label = f"coupled, h = {finest:g} to {float(sizes.max()):g}"
    results = map_blocks(_compare_block, tasks, executor, label)
    ensembles: list[CoupledEnsemble] = []
    for n, (t, looked) in enumerate(zip(looks, zip(*results, strict=True), strict=True)):
        v, i, counts, v_h, i_h, extra, distance, unpaired, slowest = (
            np.concatenate(part, axis=-1)[..., :paths] for part in zip(*looked, strict=True)
        )
        ensembles.append(
            CoupledEnsemble(
                h=sizes,
                T=t,
                v=v.T.copy(),
                i=i.T.copy(),
                spike_counts=counts.T.copy(),
                v_euler=v_h[:, :, None],
                i_euler=i_h[:, :, None],
                spike_counts_euler=(counts + extra)[:, :, None],
                histories=Comparison(extra, distance, unpaired),
                slowest=slowest[0],
                slowest_euler=slowest[1:],
                _run=replace(run, T=t, stops=run.stops[: n + 1]),
                snapshots=tuple(ensembles),
            )
        )
    return ensembles[-1]


def _simulate_block(
    run: _Run, block: int, spikes: np.ndarray
) -> tuple[list[tuple[np.ndarray, ...]], int]:
    """Simulate a block; return (V, I, counts, Euler's V, I) at each stop, and how many spikes."""
    stream, refinement = generators(run.seed, block)
    v, i = initial_state(run.start, block, (run.model.v_reset, run.model.mu))
    v_h, i_h = np.repeat(v, run.h.size, axis=0), np.repeat(i, run.h.size, axis=0)
    counts = np.zeros(v.shape, np.int64)
    recorded = np.zeros(1, np.int64)
    exact = exact_step(run.model, run.finest)
    euler = euler_step(run.model, run.finest)
    sizes = run.h[run.order]
    pull = np.array([euler_step(run.model, float(h)).pull for h in sizes])
    dw = np.zeros((run.h.size, BLOCK))  # increments of steps that are not full yet
    looked: list[tuple[np.ndarray, ...]] = []
    for begin, end in zip((0, *run.stops[:-1]), run.stops, strict=True):
        _couple_block(
            exact, euler, sizes, pull, run.ratios, run.order, begin, end, stream, refinement,
            v, i, counts, v_h, i_h, dw, spikes, recorded,
        )  # fmt: skip
        looked.append((v.copy(), i.copy(), counts.copy(), v_h.copy(), i_h.copy()))
    return looked, int(recorded[0])


def _run_recorded(run: _Run, block: int) -> tuple[list[tuple[np.ndarray, ...]], np.ndarray]:
    looked: list[tuple[np.ndarray, ...]] = []

    def attempt(spikes: np.ndarray) -> int:
        nonlocal looked
        looked, needed = _simulate_block(run, block, spikes)
        return needed

    series = run.h.size + 1
    spikes = record_all(attempt, BLOCK * series * max(16, round(1.5 * run.T)))
    return looked, spikes


def _compare_block(run: _Run, block: int) -> list[tuple[np.ndarray, ...]]:
    looked, spikes = _run_recorded(run, block)
    times = [run.finest * stop for stop in run.stops]
    return [
        (*state, *comparison, slowest)
        for state, (comparison, slowest) in zip(
            looked, compare(spikes, run.h.size, BLOCK, times), strict=True
        )
    ]


def _pair_block(
    run: _Run, block: int, paths: int, tolerance: np.ndarray
) -> list[tuple[np.ndarray, ...]]:
    _, spikes = _run_recorded(run, block)
    spikes = spikes[spikes["lane"] < paths - block * BLOCK]
    levels: list[tuple[np.ndarray, ...]] = []
    for level, allowed in enumerate(tolerance[:, 0]):
        exact, euler = (spikes[k] for k in pair_up(spikes, level, run.h.size, BLOCK))
        delay = euler["time"] - exact["time"]
        far = np.abs(delay) > allowed
        # A path counts up to its first pair that is too far apart: pairs are in order of time.
        lost = np.cumsum(far)
        opens = np.ones(far.size, np.bool_)
        opens[1:] = np.diff(exact["lane"]) != 0
        keep = lost == np.maximum.accumulate(np.where(opens, lost - far, 0))
        levels.append(
            (
                exact["lane"][keep] + block * BLOCK,
                exact["time"][keep],
                exact["speed"][keep],
                delay[keep],
                euler["lag"][keep],
            )
        )
    return levels


@njit(nogil=True, cache=True)
def _couple_block(
    exact, euler, h, pull, ratios, order, begin, finish, stream, refinement,
    v, i, counts, v_h, i_h, dw, spikes, recorded,
):  # fmt: skip
    """Advance a block of one neuron on the finest grid, and Euler at every level with it.

    From finest step `begin` to `finish`; `dw` carries the noise of unfinished steps along.

    Levels go from the finest to the coarsest: `euler` with h[k] and pull[k] is the step of
    level k; ratios[k] is the number of steps of level k in one of level k + 1; order[k] says
    which row of `v_h`, `i_h` is level k's.
    """
    lanes = v.shape[1]
    levels = h.size
    normals = np.empty((3, lanes))
    end = np.empty((2, lanes))
    suspect = np.empty(lanes, np.bool_)
    before = np.empty((3, lanes))
    crossed = np.empty(lanes, np.bool_)
    taken = np.empty(levels, np.int64)  # steps of each level up to now
    per_step = 1
    for k in range(levels):
        taken[k] = begin // per_step
        if k + 1 < levels:
            per_step *= ratios[k]
    root = exact.flow.noise[0, 0]
    for n in range(begin, finish):
        exact_advance(
            exact, 0, n * exact.flow.h, stream, refinement, v[0], i[0], normals, end, suspect,
            counts[0], 0, spikes, recorded,
        )  # fmt: skip
        for lane in range(lanes):
            dw[0, lane] = root * normals[0, lane]
        # Level k moves when its step is full, and hands its increment to the next coarser.
        k = 0
        while True:
            row = order[k]
            step = EulerStep(
                h[k], euler.g, pull[k], euler.mu, euler.sigma,
                euler.v_th, euler.v_reset, euler.i_th,
            )  # fmt: skip
            taken[k] += 1
            if advance(step, 0, v_h[row], i_h[row], dw[k], before, crossed) > 0:
                time = taken[k] * step.h
                record_crossed(step, 0, row + 1, time, before, crossed, spikes, recorded)
            if k + 1 == levels:
                break
            for lane in range(lanes):
                dw[k + 1, lane] += dw[k, lane]
                dw[k, lane] = 0.0
            if taken[k] % ratios[k] != 0:
                break
            k += 1
        if k + 1 == levels:
            for lane in range(lanes):
                dw[k, lane] = 0.0
