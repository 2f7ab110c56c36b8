r"""Weak errors: by how much averages over Euler paths are off, measured by coupled paths.

The weak error of an observable f is E f(X^h) - E f(X). Two independent means cannot resolve
it; the mean of f(X^h) - f(X) over pairs of paths on the same noise can, since pairs differ
with a probability of order h only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np

from lifcore import checks
from lifcore.evidence.orders import Order, fit_order
from lifcore.evidence.statistics import Estimate, ratio
from lifcore.models.neuron import LIF, one_neuron
from lifcore.noise.streams import BLOCK, block_count
from lifcore.runs.evaluation import Observable, check_observables, evaluate_each
from lifcore.runs.executors import Blocks, map_blocks
from lifcore.runs.pairs import (
    Ladder,
    ladder,
    ladder_parts,
)
from lifcore.runs.progress import LEAST
from lifcore.runs.starts import Start, own_start
from lifcore.schemes import GRID_SCHEMES, SCHEMES

Window = tuple[float, float] | None


def _block_sums(
    run: Ladder, observables: dict[str, Observable], block: int, lanes: int
) -> np.ndarray:
    """Sum over the lanes of a block: (observables, looks, levels), the finest level first."""
    parts = [
        [values[..., :lanes].sum(axis=-1).T for values in evaluate_each(observables, *state)]
        for state in ladder_parts(run, block)
    ]
    return np.concatenate(parts, axis=1)


@dataclass(frozen=True)
class WeakErrors:
    """Means of observables over Euler at several steps and over the exact solution.

    Attributes
    ----------
    h : ndarray, shape (levels,)
        Step sizes, in the order asked for.
    times : ndarray, shape (looks,)
        Times of looking; the last is the horizon.
    names : tuple of str
        The observables.
    sizes : ndarray, shape (blocks,)
        Paths in each block of at most 256.
    sums : ndarray, shape (observables, looks, levels + 1, blocks)
        Sums over the paths of each block; level 0 is the exact solution.

    Notes
    -----
    Wherever a `window` (begin, end) is given, the observable is averaged over the times of
    looking in it, ends included; otherwise it is taken at the horizon.

    Examples
    --------
    >>> count = {"N": lambda v, i, n: n}
    >>> found = weak_errors(LIF(), count, h=[0.1, 0.05], T=2.0, paths=5120, seed=1)
    >>> found.sums.shape
    (1, 1, 3, 20)
    """

    h: np.ndarray
    times: np.ndarray
    names: tuple[str, ...]
    sizes: np.ndarray = field(repr=False)
    sums: np.ndarray = field(repr=False)

    def values(self, name: str, window: Window = None) -> np.ndarray:
        """Return the sums of one observable, shape (levels + 1, blocks), the exact one first.

        Raises
        ------
        ValueError
            If there is no such observable, or no time of looking in the window.

        Examples
        --------
        >>> count = {"N": lambda v, i, n: n}
        >>> found = weak_errors(LIF(), count, h=[0.1], T=2.0, paths=512, seed=1)
        >>> found.values("N").shape
        (2, 2)
        """
        checks.one_of("name", name, self.names)
        begin, end = (self.times[-1],) * 2 if window is None else window
        looks = (self.times >= begin - 1e-12) & (self.times <= end + 1e-12)
        if not looks.any():
            raise ValueError(
                f"window = {window!r} holds no time of looking; these are {self.times.tolist()}"
            )
        return self.sums[self.names.index(name), looks].mean(axis=0)

    def exact(self, name: str, window: Window = None) -> Estimate:
        """Return the exact mean of an observable.

        Examples
        --------
        >>> count = {"N": lambda v, i, n: n}
        >>> found = weak_errors(LIF(), count, h=[0.1], T=2.0, paths=512, seed=1)
        >>> 0.5 < found.exact("N").mean < 1.5
        True
        """
        return ratio(self.values(name, window)[0], self.sizes)

    def errors(self, name: str, window: Window = None) -> tuple[Estimate, ...]:
        """Return E f(X^h) - E f(X), one Estimate per h.

        Examples
        --------
        >>> count = {"N": lambda v, i, n: n}
        >>> found = weak_errors(LIF(), count, h=[0.1], T=2.0, paths=512, seed=1)
        >>> abs(found.errors("N")[0].mean) < 0.1
        True
        """
        exact, *euler = self.values(name, window)
        return tuple(ratio(row - exact, self.sizes) for row in euler)

    def order(self, name: str, window: Window = None) -> Order:
        """Fit constant * h**order to the size of the weak error; the constant carries no sign.

        Raises
        ------
        ValueError
            If an error has no definite sign: use more paths, or leave the smallest h out.

        Examples
        --------
        >>> count = {"N": lambda v, i, n: n}
        >>> found = weak_errors(LIF(), count, h=[0.2, 0.1], T=2.0, paths=51200, seed=1)
        >>> 0.5 < found.order("N").order.mean < 1.5
        True
        """
        exact, *euler = self.values(name, window)
        return self._fit(self.h, np.array(euler) - exact)

    def extrapolated(
        self, name: str, window: Window = None
    ) -> tuple[np.ndarray, tuple[Estimate, ...]]:
        """Return the weak errors after Richardson extrapolation, 2 f(X^h) - f(X^2h).

        Returns
        -------
        h : ndarray
            The step sizes for which the double is there too.
        errors : tuple of Estimate
            One for each.

        Examples
        --------
        >>> count = {"N": lambda v, i, n: n}
        >>> found = weak_errors(LIF(), count, h=[0.2, 0.1], T=2.0, paths=512, seed=1)
        >>> len(found.extrapolated("N")[1])
        1
        """
        h, values = self._richardson(name, window, 2.0, -1.0)
        return h, tuple(ratio(row, self.sizes) for row in values)

    def extrapolated_order(self, name: str, window: Window = None) -> Order:
        """Fit a power of h to the errors of `extrapolated`.

        Raises
        ------
        ValueError
            As in `order`.

        Examples
        --------
        >>> h = [0.5, 0.25, 0.125]
        >>> count = {"N": lambda v, i, n: n}
        >>> found = weak_errors(LIF(), count, h=h, T=4.0, paths=51200, seed=1)
        >>> found.extrapolated_order("N").order.mean > 1.0
        True
        """
        return self._fit(*self._richardson(name, window, 2.0, -1.0))

    def constant(self, name: str, window: Window = None) -> Estimate:
        """Return c of the weak error c h + ..., from the finest h and 2h.

        The next power is taken to be h², so that (4 error(h) - error(2h)) / 2h is free of it.

        Raises
        ------
        ValueError
            If no h is the double of another.

        Examples
        --------
        >>> count = {"N": lambda v, i, n: n}
        >>> found = weak_errors(LIF(), count, h=[0.2, 0.1], T=2.0, paths=512, seed=1)
        >>> abs(found.constant("N").mean) < 1.0
        True
        """
        h, values = self._richardson(name, window, 4.0, -1.0)
        k = int(np.argmin(h))
        return ratio(values[k] / (2.0 * h[k]), self.sizes)

    def _richardson(
        self, name: str, window: Window, fine: float, coarse: float
    ) -> tuple[np.ndarray, np.ndarray]:
        exact, *euler = self.values(name, window)
        at = {float(h): row - exact for h, row in zip(self.h, euler, strict=True)}
        h = [size for size in at if any(np.isclose(2.0 * size, other) for other in at)]
        if not h:
            raise ValueError(f"h = {self.h.tolist()} holds no step and its double; allowed: h, 2h")
        double = [min(at, key=lambda other: abs(other - 2.0 * size)) for size in h]
        return np.array(h), np.array(
            [fine * at[a] + coarse * at[b] for a, b in zip(h, double, strict=True)]
        )

    def _fit(self, h: np.ndarray, values: np.ndarray) -> Order:
        sign = np.sign(values[int(np.argmax(h))].sum()) or 1.0
        return fit_order(h, sign * values, np.broadcast_to(self.sizes, values.shape))


def weak_errors(
    model: LIF,
    observables: Mapping[str, Observable],
    *,
    h: Sequence[float] | np.ndarray | float,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    scheme: str = "euler",
    start: Start | None = None,
    times: Sequence[float] | np.ndarray = (),
    executor: Executor | str | None = None,
) -> WeakErrors:
    """Measure weak errors by Euler and the exact solution on the same noise.

    Parameters
    ----------
    model : LIF
        The neuron.
    observables : mapping of str to callable
        Functions of (V, I, N), arrays of one shape, that return an array of that shape and
        treat each entry by itself. For an executor of processes they must be picklable.
    h : sequence of float
        Distinct step sizes, each a whole multiple of the next smaller one; the noise is
        drawn on the finest grid and summed for the others.
    T : float
        Horizon, a whole multiple of every h.
    paths : int
        Number of paths, at least 257: intervals compare blocks of at most 256.
    seed, scheme, start, executor
        As in `lifcore.couple`.
    times : sequence of float, optional
        Increasing times before T, multiples of every h, at which to look as well.

    Returns
    -------
    WeakErrors

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, before any work; or if an observable turns out to be infinite
        or NaN on a state that its trial did not contain.

    Examples
    --------
    >>> observables = {"cos V": lambda v, i, n: np.cos(v), "N": lambda v, i, n: n}
    >>> found = weak_errors(LIF(), observables, h=[0.1, 0.05], T=2.0, paths=2560, seed=1)
    >>> [abs(error.mean) < 0.1 for error in found.errors("cos V")]
    [True, True]
    """
    one_neuron("model", model, refractory=True)
    tried = check_observables(observables, model)
    sizes, T, _ = checks.levels(h, T)
    scheme = checks.one_of("scheme", scheme, GRID_SCHEMES)
    SCHEMES[scheme].check(float(sizes.max()), model.decay_rates)
    paths = checks.count("paths", paths, at_least=BLOCK + 1)
    looks = checks.times(times, float(sizes.max()), T)
    blocks = block_count(paths)
    size = 8.0 * blocks * len(tried) * len(looks) * (sizes.size + 1)
    # Of the blocks, joined, and in the order of the step sizes asked for.
    checks.memory(f"the sums of {blocks} blocks", checks.of_blocks(3.0 * size, blocks))
    begin = checks.start(start, paths, (model.v_reset, model.mu), model.v_th, model.i_th)
    run = ladder(model, sizes, looks, checks.seed(seed), begin, scheme=scheme)
    lanes = np.minimum(BLOCK, paths - BLOCK * np.arange(blocks))
    tasks = Blocks(lambda b: (own_start(run, b), tried, b, int(lanes[b])), blocks)
    label, count = f"weak errors, h = {run.h[0]:g}", float(run.stops[-1]) * BLOCK * blocks
    found = map_blocks(_block_sums, tasks, executor, label, count, LEAST["exact"])
    sums = np.moveaxis(np.array(found), 0, -1)
    order = np.concatenate([[0], 1 + np.argsort(np.argsort(sizes))])
    return WeakErrors(sizes, np.array(looks), tuple(tried), lanes, sums[:, :, order])
