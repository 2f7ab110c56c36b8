"""What is kept of coupled paths: errors, their parts, and pairs of spikes."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from lifcore import checks
from lifcore.evidence.proportions import mean_share
from lifcore.evidence.statistics import Estimate, mean, mean_square
from lifcore.noise.streams import block_count
from lifcore.runs.coupled_block import Coupling, pair_block
from lifcore.runs.executors import Blocks, map_blocks
from lifcore.runs.histories import HISTORY, MATCHED, TERMINAL, Comparison
from lifcore.runs.starts import own_start


class Parts(NamedTuple):
    """The mean-square error, split by what the spike histories did; one Estimate per h.

    ``whole`` is the mean over all paths; the other three are its contributions from matched
    paths, from those with a terminal mismatch and from those with a history mismatch.

    Examples
    --------
    >>> from lifcore import LIF, couple
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

    ``speed`` is the exact crossing speed A, ``time`` the exact time, ``delay`` Euler's minus it,
    ``lag`` how long before its step's end Euler's line crossed; ``path``, ``neuron`` say whose.

    Examples
    --------
    >>> from lifcore import LIF, couple
    >>> (pairs,) = couple(LIF(), h=[0.1], T=2.0, paths=512, seed=1).spike_pairs(tolerance=0.4)
    >>> bool((pairs.speed > 0).all())
    True
    """

    path: np.ndarray
    neuron: np.ndarray
    time: np.ndarray
    speed: np.ndarray
    delay: np.ndarray
    lag: np.ndarray

    def __repr__(self) -> str:
        return f"SpikePairs({self.path.size} pairs)"


@dataclass(frozen=True, repr=False)
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
        How the spike histories compare, shape (levels, paths, neurons).
    slowest : ndarray, shape (paths, neurons)
        Smallest crossing speed of the exact spikes up to T, inf where there is none.
    slowest_euler : ndarray, shape (levels, paths, neurons)
        The same of Euler's spikes, by the current at the start of their step.
    snapshots : tuple of CoupledEnsemble
        The same ensemble at the earlier `times` asked for.

    Examples
    --------
    >>> from lifcore import LIF, couple
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
    _run: Coupling = field(repr=False)
    snapshots: tuple[CoupledEnsemble, ...] = field(default=(), repr=False)

    def __repr__(self) -> str:
        paths, neurons = self.v.shape
        sizes = ", ".join(f"{h:g}" for h in self.h)
        return (
            f"CoupledEnsemble({paths} paths, {neurons} neurons, {self._run.scheme} at h = {sizes}, "
            f"T = {self.T:g}, {int(self.spike_counts.sum())} exact spikes)"
        )

    @property
    def square_errors(self) -> np.ndarray:
        """Squared error of V at T, summed over the neurons, shape (levels, paths)."""
        return self.layer_errors(None)

    def layer_errors(self, layer: int | None) -> np.ndarray:
        """Return the squared error of V at T, summed over the neurons of a layer.

        Parameters
        ----------
        layer : int or None
            The layer, from 0; None stands for all neurons.

        Returns
        -------
        ndarray, shape (levels, paths)

        Raises
        ------
        TypeError, IndexError
            If `layer` is not an integer or out of range.

        Examples
        --------
        >>> from lifcore import LIF, couple
        >>> pairs = couple(LIF(), h=[0.1, 0.05], T=1.0, paths=512, seed=1)
        >>> pairs.layer_errors(0).shape
        (2, 512)
        """
        return self._of_layer((self.v_euler - self.v) ** 2, layer).sum(axis=2)

    def mean_square_error(self, layer: int | None = None) -> tuple[Estimate, ...]:
        """Return E|V(T) - V^h(T)|² with its interval, one Estimate per h.

        It is infinite below 257 paths, or if few make up most of the sum (`mean_square`).

        Parameters
        ----------
        layer : int, optional
            The layer, from 0; by default all.

        Returns
        -------
        tuple of Estimate

        Raises
        ------
        TypeError, IndexError
            As in `layer_errors`.

        Examples
        --------
        >>> from lifcore import LIF, couple
        >>> pairs = couple(LIF(), h=[0.1, 0.05], T=1.0, paths=512, seed=1)
        >>> len(pairs.mean_square_error())
        2
        """
        return tuple(mean_square(row) for row in self.layer_errors(layer))

    def parts(self, tolerance: float | np.ndarray, layer: int | None = None) -> Parts:
        """Split the mean-square error by matched, terminal and history.

        Parameters
        ----------
        tolerance : float or sequence of float, one per h
            How far apart k-th spikes of matching histories may be, in units of time.
        layer : int, optional
            As in `mean_square_error`.

        Returns
        -------
        Parts
            Every path of every neuron belongs to exactly one part, so the parts add up to the
            whole.

        Raises
        ------
        TypeError, ValueError, IndexError
            If a tolerance is not a positive number, or their count is not that of h.

        Examples
        --------
        >>> from lifcore import LIF, couple
        >>> pairs = couple(LIF(), h=[0.1, 0.05], T=1.0, paths=512, seed=1)
        >>> parts = pairs.parts(tolerance=4 * pairs.h)
        >>> abs(parts.whole[0].mean - sum(p[0].mean for p in parts[1:])) < 1e-15
        True
        """
        kinds = self._of_layer(self.histories.classify(self._tolerances(tolerance)), layer)
        errors = self._of_layer((self.v_euler - self.v) ** 2, layer)
        split = [
            tuple(mean_square(row) for row in np.where(kinds == kind, errors, 0.0).sum(axis=2))
            for kind in (MATCHED, TERMINAL, HISTORY)
        ]
        return Parts(self.mean_square_error(layer), *split)

    def probabilities(self, tolerance: float | np.ndarray, layer: int | None = None) -> Parts:
        """Return the shares of neurons in the three parts (``whole`` is 1), like `parts`.

        Parameters
        ----------
        tolerance, layer
            As in `parts`.

        Returns
        -------
        Parts

        Raises
        ------
        TypeError, ValueError, IndexError
            As in `parts`.

        Examples
        --------
        >>> from lifcore import LIF, couple
        >>> pairs = couple(LIF(), h=[0.1], T=1.0, paths=512, seed=1)
        >>> pairs.probabilities(0.4).whole[0].mean
        1.0
        """
        kinds = self._of_layer(self.histories.classify(self._tolerances(tolerance)), layer)
        split = [
            tuple(mean_share(row) for row in (kinds == kind).mean(axis=2))
            for kind in (MATCHED, TERMINAL, HISTORY)
        ]
        return Parts(tuple(mean(np.ones(row.shape[0])) for row in kinds), *split)

    def spike_pairs(
        self, tolerance: float | np.ndarray, executor: Executor | str | None = None
    ) -> tuple[SpikePairs, ...]:
        """Return the pairs of k-th spikes, one SpikePairs per h.

        A pair is kept if it and all earlier pairs of its neuron's path are at most `tolerance`
        apart.

        Parameters
        ----------
        tolerance : float or sequence of float, one per h
            Largest distance, in units of time.
        executor : concurrent.futures.Executor or str, optional
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
        >>> from lifcore import LIF, couple
        >>> pairs = couple(LIF(mu=1.5), h=[0.1, 0.05], T=2.0, paths=512, seed=1)
        >>> coarse, fine = pairs.spike_pairs(tolerance=0.4)
        >>> bool((abs(fine.delay) <= 0.4).all())
        True
        """
        paths, allowed = self.v.shape[0], self._tolerances(tolerance)[:, 0, 0]
        run, count = self._run, block_count(paths, self._run.width)
        tasks = Blocks(lambda b: (own_start(run, b), b, paths, allowed), count)
        found = map_blocks(pair_block, tasks, executor, "spike pairs", *run.work)
        levels = zip(*found, strict=True)
        return tuple(SpikePairs(*map(np.concatenate, zip(*own, strict=True))) for own in levels)

    def _of_layer(self, values: np.ndarray, layer: int | None) -> np.ndarray:
        return values if layer is None else values[..., self._run.model.layer(layer)]

    def _tolerances(self, tolerance: object) -> np.ndarray:
        """Return one tolerance per h, shape (levels, 1, 1)."""
        if np.ndim(tolerance) == 0:  # type: ignore[arg-type]
            return np.full((self.h.size, 1, 1), checks.real("tolerance", tolerance, above=0.0))
        given = list(tolerance)  # type: ignore[call-overload]
        if len(given) != self.h.size:
            raise ValueError(
                f"tolerance has {len(given)} values; "
                f"allowed: one number, or {self.h.size}, one per h"
            )
        values = [checks.real(f"tolerance[{k}]", d, above=0.0) for k, d in enumerate(given)]
        return np.array(values)[:, None, None]
