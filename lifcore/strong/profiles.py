"""Errors of a network layer by layer, at many times, as small summaries of coupled blocks."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

import numpy as np

from lifcore import checks
from lifcore.models.networks import Feedforward, Recurrent
from lifcore.models.neuron import LIF
from lifcore.noise.streams import BLOCK
from lifcore.runs.coupled_block import Coupling, compare_block, plan
from lifcore.runs.executors import Blocks, map_blocks
from lifcore.runs.histories import HISTORY, MATCHED, TERMINAL, Comparison
from lifcore.runs.starts import Start, own_start

BATCH = 32
"""Paths in a batch."""


@dataclass(frozen=True)
class Profile:
    """Errors of Euler's V and spike counts, a mean over the neurons of a layer and a batch.

    The last axis of every array is that of the batches of 32 paths, which are independent.

    Attributes
    ----------
    h : ndarray, shape (levels,)
        Step sizes.
    times : ndarray, shape (looks,)
        When it was looked.
    square : ndarray, shape (layers, levels, looks, batches)
        (V^h - V)².
    matched, terminal, history : ndarray, shape (layers, levels, looks, batches)
        The contributions of neurons whose histories match up to then, lack the last spike
        alone, or differ; they add up to `square`.
    extra : ndarray, shape (layers, levels, looks, batches)
        Euler's spike count minus the exact one.
    rate : ndarray, shape (layers, looks, batches)
        Exact spikes up to then, over the time.

    Examples
    --------
    >>> found = error_profile(LIF(), h=[0.25, 0.125], times=[1.0, 2.0], blocks=2, seed=1)
    >>> found.square.shape
    (1, 2, 2, 16)
    """

    h: np.ndarray
    times: np.ndarray
    square: np.ndarray = field(repr=False)
    matched: np.ndarray = field(repr=False)
    terminal: np.ndarray = field(repr=False)
    history: np.ndarray = field(repr=False)
    extra: np.ndarray = field(repr=False)
    rate: np.ndarray = field(repr=False)


def error_profile(
    model: LIF | Feedforward | Recurrent,
    *,
    h: Sequence[float] | np.ndarray,
    times: Sequence[float] | np.ndarray,
    blocks: int,
    seed: int | np.random.SeedSequence,
    tolerance: float = 0.5,
    start: Start | None = None,
    executor: Executor | str | None = None,
) -> Profile:
    """Measure Euler's error in every layer of a network, at several steps and times.

    Parameters
    ----------
    model : LIF, Feedforward or Recurrent
        The network; one with loops is a single layer.
    h : sequence of float
        Step sizes, as in `lifcore.couple`.
    times : sequence of float
        Increasing times to look at, multiples of the finest h, the last one of every h. A
        coarser Euler shows the state of its last step.
    blocks : int
        Number of blocks of 256 paths, which make 8 batches each.
    seed : int or SeedSequence
        As in `lifcore.couple`, whose paths these are.
    tolerance : float, optional
        How far apart the k-th spikes of matching histories may be, in units of time.
    start : pair, optional
        Initial (V, I): two numbers.
    executor : concurrent.futures.Executor or str, optional
        Where to compute; by default threads on all cores of this machine.

    Returns
    -------
    Profile

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.

    Examples
    --------
    >>> chain = Feedforward([LIF(mu=1.5), LIF()], [[[0.3]]])
    >>> found = error_profile(chain, h=[0.25, 0.125], times=[2.0], blocks=2, seed=1)
    >>> bool((found.matched + found.terminal + found.history - found.square < 1e-12).all())
    True
    """
    looks = checks.sequence("times", times.tolist() if isinstance(times, np.ndarray) else times)
    if not looks:
        raise ValueError("times is empty; allowed: one or more times")
    blocks = checks.count("blocks", blocks)
    allowed = checks.real("tolerance", tolerance, above=0.0)
    run, seen, _ = plan(model, h, looks[-1], blocks * BLOCK, seed, start, looks[:-1])
    run = replace(run, width=BLOCK)
    tasks = Blocks(lambda b: (own_start(run, b), b, allowed), blocks)
    found = map_blocks(
        _profile_block, tasks, executor, f"{len(run.model.sizes)} layers", *run.work
    )  # fmt: skip
    columns = [np.concatenate(part, axis=-1) for part in zip(*found, strict=True)]
    return Profile(run.h, np.array(seen), *columns)


def _profile_block(run: Coupling, block: int, tolerance: float) -> tuple[np.ndarray, ...]:
    """Return the columns of `Profile` of a block."""
    layers = [run.model.layer(number) for number in range(len(run.model.sizes))]

    def by_layer(values: np.ndarray) -> np.ndarray:
        """Average (..., neurons, paths) to (layers, ..., batches)."""
        batches = values.reshape(*values.shape[:-1], -1, BATCH).mean(axis=-1)
        return np.stack([batches[..., own, :].mean(axis=-2) for own in layers])

    looks: list[list[np.ndarray]] = []
    for stop, seen in zip(run.stops, compare_block(run, block), strict=True):
        v, _, counts, v_h, _, *histories, _ = seen
        squares = (v_h - v) ** 2
        kinds = Comparison(*histories).classify(tolerance)
        shares = [np.where(kinds == kind, squares, 0.0) for kind in (MATCHED, TERMINAL, HISTORY)]
        rate = counts / (run.finest * stop)
        looks.append([by_layer(x) for x in (squares, *shares, histories[0], rate)])
    return tuple(np.stack(part, axis=-2) for part in zip(*looks, strict=True))
