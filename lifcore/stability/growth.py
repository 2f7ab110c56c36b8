r"""Copies of a neuron on one noise: how fast they part or meet.

With one current and one Brownian path, refinement included, two copies differ in V alone. A tiny
distance grows at the Lyapunov exponent (`exponent_by_growth`); large ones shrink at the same rate
once they are small (`synchronise`). Neither uses the saltation factor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np

from lifcore import checks
from lifcore.evidence.statistics import Estimate, mean
from lifcore.models.neuron import LIF, one_neuron
from lifcore.noise.exponentials import each, log
from lifcore.noise.sources import both_sources
from lifcore.noise.streams import BLOCK, block_count
from lifcore.runs.executors import map_blocks
from lifcore.runs.progress import LEAST
from lifcore.runs.starts import start_of_block
from lifcore.schemes.copies import Flock, Looks, Rescaling, flock_block
from lifcore.schemes.exact import exact_step
from lifcore.schemes.portions import portions
from lifcore.schemes.state import Streams
from lifcore.schemes.tangents import sums
from lifcore.stability.exponents import (
    RESTING,
    Exponent,
    controlled,
    phase_norm,
    resting,
    stationary_times,
    stretches,
    time_average,
)
from lifcore.stability.pauses import paused_block
from lifcore.strong.flux import step_for


def exponent_by_growth(
    lif: LIF,
    *,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    settle: float | None = None,
    distance: float = 1e-8,
    executor: Executor | str | None = None,
) -> Exponent:
    r"""Return the exponent by the growth of the distance of two exact paths on one noise.

    Both paths have the same current and Brownian path, bridge refinement included; only V
    differs. Whenever at a grid time the distance has left [d/10, 10 d], it is renormalised to d
    and the logarithm kept (Benettin et al. 1980), unless it exceeds 1 % of the range of V: then
    just one of the two has spiked, and the next grid time is waited for, as it is in pauses.

    Parameters
    ----------
    lif : LIF
        The neuron.
    T, paths, seed, settle, executor
        As in `exponent_by_tangent`.
    distance : float, optional
        d over the range v_th - v_reset, between 1e-12 and 1e-4. A spike whose speed changes
        within the time d/A that separates the two, A < (sigma^2 d)^(1/3), is not stretched by
        s(A): the bias goes down with d, to 1e-6 or so at 1e-8. Rounding of a reset, 1e-16/d, is
        far below that.

    Returns
    -------
    Exponent
        With `same_paths`, to be compared path by path.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    RuntimeError
        If the two paths have become equal.

    Examples
    --------
    >>> found = exponent_by_growth(LIF(mu=1.0, sigma=1.0, tau=1.0), T=50.0, paths=512, seed=1)
    >>> bool(abs(found.values - found.same_paths).max() < 1e-2)
    True
    """
    one_neuron("lif", lif, refractory=True)
    T, settle, paths = stationary_times(lif, T, settle, paths)
    checks.real("distance", distance, at_least=1e-12, at_most=1e-4, hint="of the range of V")
    tasks = [(lif, distance, settle, T, checks.seed(seed), b) for b in range(block_count(paths))]
    blocks = map_blocks(
        paused_block if lif.t_ref > 0.0 else _growth_block, tasks, executor, "growth of a distance",
        BLOCK * len(tasks) * (T / step_for(lif, T)), LEAST["exact"],
    )  # fmt: skip
    growth, logs, counts, drive, norm = (
        np.concatenate(part)[:paths] for part in zip(*blocks, strict=True)
    )
    if not np.isfinite(growth).all():
        raise RuntimeError("two paths have become equal; allowed: a larger distance")
    if not counts.any():
        note = f"{RESTING} ({paths} paths of {T:g})"
        return resting(lif, np.full(paths, -lif.g), note, stretches(lif, T))
    values = controlled((growth - norm) / T, drive)
    same = controlled((logs - norm) / T - lif.g, drive)
    rate = float(counts.mean()) / T
    # A finite distance errs by about itself at every spike, rounding by what a reset rounds off.
    error = (distance + 1e-15 / distance) * rate + 1e-12 * lif.g
    found, note = time_average(values, int(counts.sum()), stretches(lif, T), error)
    return Exponent(found, rate, note, values=values, same_paths=same)


@dataclass(frozen=True)
class Synchrony:
    """Copies of a neuron with different potentials, on one noise for each path.

    Attributes
    ----------
    times : ndarray, shape (looks,)
        Times of looking.
    v : ndarray, shape (looks, paths)
        Potential of the first copy.
    apart : ndarray, shape (looks, paths, copies - 1)
        By how much the others are above it.
    noise : ndarray, shape (looks, paths)
        The Brownian path of each.

    Examples
    --------
    >>> found = synchronise(LIF(), [0.0, 0.4, 0.8], T=4.0, paths=3, seed=1)
    >>> found.v.shape, found.apart.shape
    ((64, 3), (64, 3, 2))
    """

    times: np.ndarray
    v: np.ndarray = field(repr=False)
    apart: np.ndarray = field(repr=False)
    noise: np.ndarray = field(repr=False)

    def mean_log(self) -> np.ndarray:
        """Return the mean of log(distance) over paths and copies, shape (looks,).

        Examples
        --------
        >>> found = synchronise(LIF(sigma=0.0, mu=0.5), [0.0, 0.5], T=2.0, paths=2, seed=1)
        >>> bool(np.allclose(found.mean_log(), np.log(0.5) - found.times))
        True
        """
        with np.errstate(divide="ignore"):
            return each(log, np.abs(self.apart)).mean(axis=(1, 2))

    def slope(self, begin: float, end: float) -> Estimate:
        """Return the slope of log(distance) over time by least squares, with its interval.

        What each path's slope owes, by regression, to the noise within the window is subtracted.

        Parameters
        ----------
        begin, end : float
            Window of times: after the transient, and before rounding.

        Raises
        ------
        ValueError
            If the window holds fewer than two times, or more than one in a thousand of its
            distances are below 1e-13 of the unit of V, where rounding is.

        Examples
        --------
        >>> found = synchronise(LIF(sigma=0.0, mu=0.5), [0.0, 0.5], T=2.0, paths=2, seed=1)
        >>> round(found.slope(0.5, 2.0).mean, 9)
        -1.0
        """
        kept = (self.times >= begin) & (self.times <= end)
        if kept.sum() < 2:
            raise ValueError(
                f"[{begin!r}, {end!r}] holds fewer than two times; allowed: two or more"
            )
        size = np.abs(self.apart[kept])
        if (size < 1e-13).mean() > 1e-3:
            raise ValueError(
                f"end = {end!r}: more than one distance in a thousand is below 1e-13; allowed: "
                "an earlier end"
            )
        t = self.times[kept] - self.times[kept].mean()
        logs = each(log, np.maximum(size, 1e-300)).mean(axis=2)
        noise = self.noise[kept]
        slopes = (t[:, None] * logs).sum(axis=0) / (t * t).sum()
        return mean(controlled(slopes, noise[-1] - noise[0]))


def synchronise(
    lif: LIF,
    potentials: Sequence[float],
    *,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    h: float | None = None,
    executor: Executor | str | None = None,
) -> Synchrony:
    """Let copies that differ in V(0) run on the same current and noise, exactly.

    Parameters
    ----------
    lif : LIF
        The neuron.
    potentials : sequence of float
        V(0) of the copies, two or more, distinct and below v_th; I(0) is mu for all.
    T : float
        Horizon.
    paths : int
        Number of noises, each with a flock of copies of its own; at least 2.
    seed : int or SeedSequence
        As in `lifcore.runs.simulate`.
    h : float, optional
        Time between looks, of which T is a whole multiple; by default an eighth of the fastest
        time scale, or a little less. The exact scheme's accuracy does not depend on it.
    executor : concurrent.futures.Executor or str, optional
        Where to compute.

    Returns
    -------
    Synchrony

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.

    Examples
    --------
    >>> found = synchronise(LIF(mu=1.0, sigma=1.0, tau=1.0), [0.0, 0.5], T=24.0, paths=512, seed=1)
    >>> -0.7 < found.slope(8.0, 24.0).mean < -0.5
    True
    """
    one_neuron("lif", lif)
    begin = checks.reals("potentials", np.asarray(checks.sequence("potentials", potentials), float))
    if begin.size < 2 or np.unique(begin).size < begin.size or begin.max() >= lif.v_th:
        raise ValueError(
            f"potentials = {begin.tolist()}; allowed: two or more, distinct and below "
            f"v_th = {lif.v_th!r}"
        )
    T, paths = checks.real("T", T, above=0.0), checks.count("paths", paths, at_least=2)
    step = step_for(lif, T)
    steps, every = round(T / step), 1
    if h is not None:
        looks = checks.steps(h, T)[2]
        every = math.ceil(float(h) / step * (1.0 - 1e-12))
        steps = looks * every
        step = T / steps
    blocks = block_count(paths)
    size = 8.0 * (steps // every) * blocks * BLOCK * (begin.size + 1)
    checks.memory("distances", checks.of_blocks(2.0 * size, blocks))  # of the blocks, and joined
    tasks = [(lif, begin, steps, step, every, checks.seed(seed), b) for b in range(blocks)]
    count = float(steps) * BLOCK * len(tasks)
    found = map_blocks(_flock, tasks, executor, "synchronising", count, LEAST["exact"])
    seen = np.concatenate(found, axis=1)[:, :paths]
    return Synchrony(
        step * every * np.arange(1, len(seen) + 1), seen[:, :, 0], seen[:, :, 1:-1], seen[:, :, -1]
    )


def _growth_block(
    lif: LIF, distance: float, settle: float, T: float, seed: np.random.SeedSequence, block: int
) -> tuple[np.ndarray, ...]:
    v, i, _ = start_of_block(lif, seed, block)[:, 0]
    streams = Streams(*both_sources("gauss", seed, block))
    d = distance * (lif.v_th - lif.v_reset)
    for time in (settle, T):
        begin, total = phase_norm(lif, v), sums(BLOCK)
        apart, growth = np.full((BLOCK, 1), d), np.zeros((BLOCK, 1))
        h = step_for(lif, time) if time > 0.0 else 1.0
        flock, unseen = Flock(v, i, apart), Looks(1, np.empty((0, 0, 0)))
        rescaling = Rescaling(d, 0.01 * (lif.v_th - lif.v_reset), growth)
        step = exact_step(lif, h)
        for span in portions(0, round(time / h), share=time / (settle + T)):
            flock_block(step, span, streams, flock, rescaling, total, unseen)
    with np.errstate(divide="ignore"):
        grown = (growth + each(log, np.abs(apart) / d))[:, 0]
    return grown, total.logs, total.counts, total.drive, phase_norm(lif, v) - begin


def _flock(
    lif: LIF, potentials: np.ndarray, steps: int, h: float, every: int,
    seed: np.random.SeedSequence, block: int,
) -> np.ndarray:  # fmt: skip
    v, i = np.full(BLOCK, potentials[0]), np.full(BLOCK, lif.mu)
    apart = np.tile(potentials[1:] - potentials[0], (BLOCK, 1))
    seen = np.empty((steps // every, BLOCK, potentials.size + 1))
    streams = Streams(*both_sources("gauss", seed, block))
    step, flock, looks = exact_step(lif, h), Flock(v, i, apart), Looks(every, seen)
    rescaling, total = Rescaling(0.0, 0.0, np.zeros(apart.shape)), sums(BLOCK)
    for span in portions(0, steps):
        flock_block(step, span, streams, flock, rescaling, total, looks)
    return seen
