"""Euler–Maruyama at several step sizes and the exact solution, on the same Brownian paths."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace

import numpy as np

from lifcore import checks
from lifcore.models.networks import Feedforward, Recurrent
from lifcore.models.neuron import LIF
from lifcore.noise.streams import block_count
from lifcore.runs.coupled_block import compare_block, plan
from lifcore.runs.coupled_ensemble import CoupledEnsemble
from lifcore.runs.executors import Blocks, map_blocks
from lifcore.runs.histories import Comparison
from lifcore.runs.starts import Start, own_start


def couple(
    model: LIF | Feedforward | Recurrent,
    *,
    h: Sequence[float] | np.ndarray | float,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    scheme: str = "euler",
    noise: str = "gauss",
    start: Start | None = None,
    times: Sequence[float] | np.ndarray = (),
    strict: bool = False,
    executor: Executor | str | None = None,
) -> CoupledEnsemble:
    """Run Euler–Maruyama at several step sizes and the exact solution on the same paths.

    Parameters
    ----------
    model : LIF, Feedforward or Recurrent
        The neuron, or the network.
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
    scheme : str, optional
        Another scheme on the grid to be run instead of Euler's, by its name in
        `lifcore.schemes.SCHEMES`; results named after Euler are its own then.
    noise : str, optional
        "gauss" or "numpy", as in `simulate`; other kinds have no path that could be compared.
    start : pair, optional
        Initial (V, I), as in `simulate`.
    times : sequence of float, optional
        Increasing times before T, multiples of the finest h, at which to look as well; a coarser
        level shows the state of its last step.
    strict : bool, optional
        Refuse a refractory time or a delay that one of the grids can only round, by up to h/2.
    executor : concurrent.futures.Executor or str, optional
        Where to compute; by default threads on all cores of this machine.

    Returns
    -------
    CoupledEnsemble

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; the message names it and says what is allowed.

    Warns
    -----
    UserWarning
        As in `simulate`.

    Examples
    --------
    >>> pairs = couple(LIF(), h=[2.0**-3, 2.0**-4, 2.0**-5], T=2.0, paths=512, seed=1)
    >>> [round(e.mean, 1) for e in pairs.mean_square_error()][-1] < 0.1
    True
    """
    run, looks, paths = plan(model, h, T, paths, seed, start, times, scheme, noise, strict)
    neurons, levels = sum(run.model.sizes), run.h.size
    of = f" of {neurons} neurons" if neurons > 1 else ""
    # What the blocks hold and all of them joined, with Euler's counts; one array is being turned.
    kept = (32.0 + 44.0 * levels) + (32.0 + 52.0 * levels)
    checks.memory(
        f"the results of {paths} paths{of} at {levels} step sizes and {len(looks)} times",
        checks.of_blocks(
            paths * neurons * (kept * len(looks) + 8.0 * (levels + 1)),
            9 * len(looks) * block_count(paths, run.width),
        ),
    )
    tasks = Blocks(lambda b: (own_start(run, b), b), block_count(paths, run.width))
    label = f"coupled, h = {run.finest:g} to {float(run.h.max()):g}"
    results = map_blocks(compare_block, tasks, executor, label, *run.work)
    ensembles: list[CoupledEnsemble] = []
    for n, (t, looked) in enumerate(zip(looks, zip(*results, strict=True), strict=True)):
        v, i, counts, v_h, i_h, extra, distance, unpaired, slowest = (
            np.concatenate(part, axis=-1)[..., :paths].swapaxes(-1, -2).copy()
            for part in zip(*looked, strict=True)
        )
        ensembles.append(
            CoupledEnsemble(
                h=run.h,
                T=t,
                v=v,
                i=i,
                spike_counts=counts,
                v_euler=v_h,
                i_euler=i_h,
                spike_counts_euler=counts + extra,
                histories=Comparison(extra, distance, unpaired),
                slowest=slowest[0],
                slowest_euler=slowest[1:],
                _run=replace(run, T=t, stops=run.stops[: n + 1]),
                snapshots=tuple(ensembles),
            )
        )
    return ensembles[-1]
