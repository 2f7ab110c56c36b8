"""Errors that only coupled runs show: of spike times, states, histories and averages."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lifcore.evidence.proportions import mean_share, proportion
from lifcore.evidence.statistics import Estimate, estimate, jackknife, mean, ratio
from lifcore.models.networks import Feedforward, Recurrent
from lifcore.models.neuron import LIF
from lifcore.runs.coupled_ensemble import CoupledEnsemble
from lifcore.runs.coupling import couple
from lifcore.runs.evaluation import Observable, evaluate
from lifcore.runs.histories import MATCHED

FEW = 32
"""Paths that must show an error before an interval is made of their scatter."""

WINDOW = 0.25
"""Of the mean interval between spikes; k-th spikes further apart are no match."""


@dataclass(frozen=True)
class Measure:
    """What an error is of, and how it is read off coupled runs.

    ``order`` is its proved order in the step, ``read`` returns an Estimate a level and how many
    paths show any error at each.

    Examples
    --------
    >>> MEASURES["state"].order
    0.5
    """

    order: float
    read: Callable[[CoupledEnsemble], list[tuple[Estimate, int]]]


def run_pilot(
    model: LIF | Feedforward | Recurrent,
    h: list[float],
    T: float,
    paths: int,
    seed: int,
    scheme: str,
) -> CoupledEnsemble:
    """Run a scheme at nested steps and the exact solution on the same noise.

    Examples
    --------
    >>> run_pilot(LIF(), [0.5, 0.25], 2.0, 256, 1, "euler").v.shape
    (256, 1)
    """
    return couple(model, h=h, T=T, paths=paths, seed=seed, scheme=scheme)


def window(run: CoupledEnsemble) -> float:
    """Return how far apart k-th spikes of histories that match may be.

    A quarter of the mean interval of the exact neurons, and of T at most.

    Examples
    --------
    >>> window(run_pilot(LIF(sigma=0.0, mu=-1.0), [0.5], 2.0, 256, 1, "euler"))
    0.5
    """
    spikes = float(run.spike_counts.mean())
    return WINDOW * run.T / max(spikes, 1.0)


def _state(run: CoupledEnsemble) -> list[tuple[Estimate, int]]:
    """Root mean square of V's error at T, over paths and neurons."""
    squares = run.square_errors / run.v.shape[1]
    return [(_root(mean(row)), row.size) for row in squares]


def _count(run: CoupledEnsemble) -> list[tuple[Estimate, int]]:
    """Share of neurons' histories that do not match."""
    kinds = run.histories.classify(np.full((run.h.size, 1, 1), window(run)))
    if kinds.shape[2] == 1:  # independent trials: an interval right for few counts too
        odd = (kinds[..., 0] != MATCHED).sum(axis=1)
        return [(proportion(int(n), kinds.shape[1]), int(n)) for n in odd]
    shares = (kinds != MATCHED).mean(axis=2)
    return [(mean_share(row), int((row > 0).sum())) for row in shares]


def _spike_time(run: CoupledEnsemble) -> list[tuple[Estimate, int]]:
    """Root mean square of matched spikes' shifts, over all such spikes."""
    paths = run.v.shape[0]
    found = []
    for pairs in run.spike_pairs(window(run)):
        squares = np.bincount(pairs.path, weights=pairs.delay**2, minlength=paths)
        number = np.bincount(pairs.path, minlength=paths).astype(float)
        if number.sum() == 0.0:
            found.append((estimate(math.nan, math.inf, math.inf), 0))
            continue
        found.append((_root(ratio(squares, number)), int((number > 0).sum())))
    return found


def _population_rate(run: CoupledEnsemble) -> list[tuple[Estimate, int]]:
    """Relative error of the spikes of all neurons in (0, T]."""
    exact = run.spike_counts.sum(axis=1).astype(float)
    found = []
    for counts in run.spike_counts_euler:
        own = counts.sum(axis=1).astype(float)
        pair = np.stack([own, exact])
        if exact.sum() == 0.0:
            found.append((estimate(math.nan, math.inf, math.inf), 0))
            continue
        value = jackknife(lambda means: float(means[0] / means[1] - 1.0), pair)
        found.append((value, int((own != exact).sum())))
    return found


def weak_measure(observable: Observable) -> Measure:
    """Return the measure of an average's error, E f(X^h) - E f(X) at T, summed over neurons.

    Examples
    --------
    >>> weak_measure(lambda v, i, n: v).order
    1.0
    """

    def read(run: CoupledEnsemble) -> list[tuple[Estimate, int]]:
        name = "observable"
        exact = evaluate(name, observable, run.v, run.i, run.spike_counts).mean(axis=1)
        found = []
        for v, i, n in zip(run.v_euler, run.i_euler, run.spike_counts_euler, strict=True):
            shift = evaluate(name, observable, v, i, n).mean(axis=1) - exact
            found.append((mean(shift), int((shift != 0.0).sum())))
        return found

    return Measure(1.0, read)


def _root(square: Estimate) -> Estimate:
    """Return the square root of an estimate, by its slope."""
    value = math.sqrt(max(square.mean, 0.0))
    slope = 0.5 / value if value > 0.0 else 0.0
    return estimate(value, slope * square.standard_error, square.freedom)


MEASURES = {
    "state": Measure(0.5, _state),
    "spike_time": Measure(1.0, _spike_time),
    "count": Measure(1.0, _count),
    "population": Measure(1.0, _population_rate),
}
"""The measures by name."""
