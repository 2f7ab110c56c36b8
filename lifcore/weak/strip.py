r"""The boundary strip: where one exact and one Euler step from the same state disagree.

Euler decides on a spike without looking at the noise of its step: V' = V + h (I - gV) is known
at the step's start. The exact neuron decides by the noise inside the step. Along a stationary
exact path both answers are compared in every step, for several h at once and with a step
started at every point of the finest grid:

* a spike is *missed* if the exact neuron fires in the step and Euler does not,
* a spike is *extra* if Euler fires and the exact neuron does not.

Their sum is of order h^{3/2}, the width of the strip in which V' is less certain than its
distance from the threshold; their difference is of order h², by a conservation law. Both
constants are integrals over the stationary flux, so that nothing is left to fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np
import scipy
from numba import njit

from lifcore import checks
from lifcore.evidence.orders import Order, fit_order
from lifcore.evidence.statistics import Estimate, ratio
from lifcore.models.neuron import LIF, one_neuron
from lifcore.noise.sources import both_sources
from lifcore.noise.streams import BLOCK, block_count
from lifcore.runs.executors import map_blocks
from lifcore.runs.feasible import check_run
from lifcore.runs.progress import LEAST
from lifcore.runs.starts import initial_state, start_of_block
from lifcore.schemes.euler import EULER
from lifcore.schemes.exact import exact_advance, exact_step
from lifcore.schemes.free_step import deepest_of, work
from lifcore.schemes.portions import portions
from lifcore.schemes.scheme import entry, levels, move, of_neuron
from lifcore.schemes.state import State, Streams, nowhere
from lifcore.stationary.threshold_law import ThresholdLaw


@dataclass(frozen=True)
class BoundaryStrip:
    """How often one step of Euler and of the exact neuron disagree, per step.

    Attributes
    ----------
    h : ndarray, shape (levels,)
        Step sizes, in the order asked for.
    steps : int
        Steps compared in each block, the same for every h.
    missed, extra : ndarray, shape (levels, blocks)
        How many of them had a spike of the exact neuron only, and of Euler only.

    Examples
    --------
    >>> strip = boundary_strip(LIF(), h=[0.1, 0.05], T=10.0, paths=512, seed=1)
    >>> strip.missed.shape
    (2, 2)
    """

    h: np.ndarray
    steps: int
    missed: np.ndarray = field(repr=False)
    extra: np.ndarray = field(repr=False)

    @property
    def disagreement(self) -> tuple[Estimate, ...]:
        """Probability, per step, that exactly one of the two fires; one Estimate per h."""
        return self._means(self.missed + self.extra)

    @property
    def imbalance(self) -> tuple[Estimate, ...]:
        """Extra minus missed spikes per step, one Estimate per h."""
        return self._means(self.extra - self.missed)

    def disagreement_order(self) -> Order:
        """Fit a power of h to the disagreement.

        Examples
        --------
        >>> strip = boundary_strip(LIF(), h=[0.1, 0.05], T=40.0, paths=8192, seed=1)
        >>> 1.4 < strip.disagreement_order().order.mean < 1.6
        True
        """
        return self._fit(self.missed + self.extra)

    def imbalance_order(self) -> Order:
        """Fit a power of h to the imbalance.

        Raises
        ------
        ValueError
            If the imbalance of some h has no definite sign: use more paths.

        Examples
        --------
        >>> strip = boundary_strip(LIF(), h=[0.2, 0.1], T=40.0, paths=8192, seed=1)
        >>> 1.5 < strip.imbalance_order().order.mean < 2.5
        True
        """
        return self._fit(self.extra - self.missed)

    def _means(self, counts: np.ndarray) -> tuple[Estimate, ...]:
        weights = np.full(counts.shape[1], float(self.steps))
        return tuple(ratio(row, weights) for row in counts)

    def _fit(self, counts: np.ndarray) -> Order:
        return fit_order(self.h, counts, np.full(counts.shape, float(self.steps)))


def boundary_strip(
    model: LIF,
    *,
    h: Sequence[float] | np.ndarray | float,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    burn_in: float = 0.0,
    executor: Executor | str | None = None,
) -> BoundaryStrip:
    """Compare single steps of Euler and of the exact neuron along exact paths.

    Parameters
    ----------
    model : LIF
        The neuron.
    h : sequence of float
        Distinct step sizes, each a whole multiple of the next smaller one.
    T : float
        Time on each path in which steps begin, a whole multiple of every h.
    paths : int
        Number of paths, rounded up to whole blocks of 256; at least two blocks.
    seed : int or SeedSequence
        As in `lifcore.runs.simulate`.
    burn_in : float, optional
        Time before, in which the law becomes stationary: a whole multiple of every h or 0. If
        it is not 0, paths begin in random phases.
    executor : concurrent.futures.Executor or str, optional
        Where to compute; by default threads on all cores of this machine.

    Returns
    -------
    BoundaryStrip

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; the message names it and says what is allowed.

    Examples
    --------
    >>> strip = boundary_strip(LIF(mu=1.5), h=[0.1], T=20.0, paths=2560, seed=1, burn_in=5.0)
    >>> 0 < strip.disagreement[0].mean < 0.02
    True
    """
    one_neuron("model", model)
    sizes, T, multiples = checks.levels(h, T)
    checks.euler_stable(float(sizes.max()), model.decay_rates)
    check_run(model, ("exact",), float(sizes.min()), T)
    burn_in = checks.real("burn_in", burn_in, at_least=0.0)
    finest = float(sizes.min())
    skipped = checks.steps(finest, burn_in)[2] if burn_in > 0.0 else 0
    begin, root = checks.steps(finest, T)[2], checks.seed(seed)
    blocks = block_count(checks.count("paths", paths, at_least=BLOCK + 1))
    tasks = [(model, sizes, multiples, skipped, begin, root, b) for b in range(blocks)]
    label, count = f"boundary strip, h = {finest:g}", float(skipped + begin) * BLOCK * blocks
    found = map_blocks(_strip_block, tasks, executor, label, count, LEAST["exact"])
    missed, extra = (np.array(part).T for part in zip(*found, strict=True))
    return BoundaryStrip(sizes, begin * BLOCK, missed, extra)


def strip_constants(model: LIF, law: ThresholdLaw) -> tuple[float, float]:
    r"""Return the leading constants of the boundary strip, from the stationary flux.

    With p(A) the stationary density on the threshold at speed A, the disagreement is
    :math:`h^{3/2}\sigma\sqrt{2/3\pi}\int p\,dA` and the imbalance
    :math:`h^2(\frac12 g r + \frac1{2\tau}\int (I_{th} + A - \mu)\,p\,dA)`, r being the rate.

    Parameters
    ----------
    model : LIF
        The neuron.
    law : ThresholdLaw
        Its stationary law, from `lifcore.stationary.stationary`.

    Returns
    -------
    disagreement, imbalance : float
        The factors of h^{3/2} and of h².

    Examples
    --------
    >>> from lifcore.stationary.threshold_equation import solve_threshold
    >>> neuron = LIF(g=1.0, mu=1.0, sigma=1.0, tau=1.0)
    >>> [round(c, 4) for c in strip_constants(neuron, solve_threshold(neuron))]
    [0.3376, 0.4472]
    """
    one_neuron("model", model)
    # With A = u² the integrand u p is smooth at the grazing corner, where p ~ A^{1/2}.
    top = math.sqrt(float(law.speeds[-1]))
    quad = scipy.integrate.quad
    line = quad(lambda u: 2.0 * u * law.boundary_density(u * u), 0.0, top, limit=200)[0]
    drift = law.rate + (model.i_th - model.mu) * line
    return (
        model.sigma * math.sqrt(2.0 / (3.0 * math.pi)) * line,
        0.5 * model.g * law.rate + 0.5 * model.a * drift,
    )


def _strip_block(
    model: LIF,
    sizes: np.ndarray,
    multiples: np.ndarray,
    burn_in: int,
    begin: int,
    seed: np.random.SeedSequence,
    block: int,
) -> tuple[np.ndarray, np.ndarray]:
    if burn_in > 0:  # it makes no phase of a regular neuron random
        (v,), (i,), _ = start_of_block(model, seed, block)
    else:
        (v,), (i,) = initial_state(None, block, (model.v_reset, model.mu))
    state = State(v, i, np.zeros(BLOCK, np.int64))
    missed, extra = np.zeros(sizes.size, np.int64), np.zeros(sizes.size, np.int64)
    exact, steps = exact_step(model, float(sizes.min())), levels(EULER, [model], sizes)
    euler, streams, longest = (
        of_neuron(steps, 0),
        Streams(*both_sources("gauss", seed, block)),
        multiples.max(),
    )
    ring = np.empty((sizes.size, longest, BLOCK), np.bool_)
    last, grid = np.full(BLOCK, -1), (multiples, burn_in, begin)
    for span in portions(0, burn_in + begin + longest):
        track = (missed, extra, ring, last)
        _compare_steps(exact, euler, grid, span, streams, state, track, nowhere(0))
    return missed, extra


@njit(nogil=True, cache=True)
def _compare_steps(exact, steps, grid, span, streams, state, track, unrecorded):
    """Run exact paths; count, for each h, what Euler from the same state would have decided.

    `grid` is how many finest steps each takes, when steps begin to be compared, and for how long.
    Decisions wait in a ring until the exact path has come to the end of their step; `track` has it
    behind the counts, and then the latest finest step with a spike of each path.
    """
    multiples, burn_in, begin = grid
    missed, extra, ring, last = track
    lanes, count = state.v.size, multiples.size
    before = state.counts.copy()
    room = work(lanes, deepest_of(exact))
    for n in range(span[0], span[1]):
        for k in range(count):
            m, own = multiples[k], entry(steps, k)
            slot = ring[k, n % m]
            started = n - m
            if burn_in <= started < burn_in + begin:
                for lane in range(lanes):
                    fired = last[lane] >= started
                    missed[k] += fired and not slot[lane]
                    extra[k] += slot[lane] and not fired
            for lane in range(lanes):
                # V' of Euler does not depend on the step's own noise.
                v_new, _ = move(own, state.v[lane], state.i[lane], room.normals, lane)
                slot[lane] = v_new >= own.v_th
        exact_advance(exact, n, streams, state, room, unrecorded)
        for lane in range(lanes):
            if state.counts[lane] > before[lane]:
                last[lane] = n
                before[lane] = state.counts[lane]
