"""Solutions that run side by side on one path of a network with loops: state and tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lifcore import checks
from lifcore.models.networks import Recurrent
from lifcore.models.neuron import LIF
from lifcore.networks.flights import by_delay
from lifcore.networks.grid import Tiles, tiles
from lifcore.networks.kinds import Circuit, exact_kinds
from lifcore.networks.synapses import by_source, with_inputs
from lifcore.schemes.euler import EULER
from lifcore.schemes.scheme import Scheme, levels

NO_INPUT, ITSELF, ANOTHER = -1, -2, -3
"""Whose spikes a solution gets: nobody's, its own, those of another one."""


@dataclass(frozen=True)
class Series:
    """Which solutions run side by side, the exact ones first.

    Attributes
    ----------
    exact : tuple of int
        Whose spikes each exact series gets: ITSELF, NO_INPUT, or the number of an earlier one.
    grid : tuple of int
        The same for the series of a scheme on the grid, which are numbered from 0 again.
    per_step : tuple of int
        How many steps of the exact solution one of each of these takes; a series has the step
        of the one that it gets its spikes from.

    Examples
    --------
    >>> Series((ITSELF,), (ITSELF, ITSELF), (1, 2)).count
    3
    """

    exact: tuple[int, ...]
    grid: tuple[int, ...]
    per_step: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of series."""
        return len(self.exact) + len(self.grid)


class SeriesState(NamedTuple):
    """V, I and spike counts, shape (paths, series, neurons), and the noise of unfinished steps.

    ``pending`` has shape (paths, levels, components, neurons); ``held``, for how long V stays at
    the reset (in time, or in steps of a grid), is without neurons if none has a refractory time.

    Examples
    --------
    >>> state = start_state(Series((ITSELF,), (ITSELF,), (1,)), np.zeros((5, 3)), np.ones((5, 3)))
    >>> state.v.shape, state.pending.shape
    ((5, 2, 3), (5, 1, 1, 3))
    """

    v: np.ndarray
    i: np.ndarray
    counts: np.ndarray
    pending: np.ndarray
    held: np.ndarray


def start_state(
    series: Series, v: np.ndarray, i: np.ndarray, components: int = 1, *, refractory: bool = False
) -> SeriesState:
    """Return the state in which every series begins at `v` and `i`, shape (paths, neurons).

    Examples
    --------
    >>> start_state(Series((ITSELF,), (), ()), np.zeros((1, 3)), np.ones((1, 3))).counts.tolist()
    [[[0, 0, 0]]]
    """
    v, i = (np.repeat(part[:, None], series.count, axis=1) for part in (v, i))
    pending = np.zeros((v.shape[0], len(series.grid), components, v.shape[2]))
    held = np.zeros((*v.shape[:2], v.shape[2] if refractory else 0))
    return SeriesState(v, i, np.zeros(v.shape, np.int64), pending, held)


def refractory(model: Recurrent) -> bool:
    """Return whether any neuron has a refractory time.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> refractory(Recurrent(LIF(t_ref=0.5), np.zeros((3, 3))))
    True
    """
    return bool(model.column("t_ref").any())


class Setup(NamedTuple):
    """A network and a list of series, ready for the kernel.

    ``steps`` are the scheme's constants, shape (levels, neurons), and ``finest`` those at the step
    of the exact series. ``late`` are the synapses' delays in steps of every level, a row each; with
    delays those of a source stand in order of them.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> model, series = Recurrent(LIF(), np.zeros((3, 3))), Series((ITSELF,), (ITSELF,), (1,))
    >>> setup(model, series, 0.5, EULER).circuit.runs.tolist()
    [[0, 3, 0]]
    """

    circuit: Circuit
    common: float
    steps: Any
    finest: Any
    tiles: Tiles
    exact_input: np.ndarray
    grid_input: np.ndarray
    per_step: np.ndarray
    late: np.ndarray


def setup(model: Recurrent, series: Series, h: float, scheme: Scheme = EULER) -> Setup:
    """Prepare a network for the kernel; `h` is the step of the exact series.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> model, series = Recurrent(LIF(), np.zeros((3, 3))), Series((ITSELF,), (ITSELF,), (2,))
    >>> setup(model, series, 0.5).steps.h.tolist()
    [[1.0, 1.0, 1.0]]
    """
    kinds = exact_kinds(model.neurons, h)
    edges = np.flatnonzero(np.diff(kinds.kind)) + 1
    first = np.concatenate([[0], edges])
    runs = np.stack([first, np.append(edges, kinds.kind.size), kinds.kind[first]], axis=1)
    # Without a series on the grid its constants are looked at by nobody, but have a type.
    sizes = [h * n for n in series.per_step] or [h]
    moved = model if series.grid else Recurrent(LIF(), np.zeros((1, 1)))
    finest = scheme.constants(moved, h)
    synapses = by_source(model.weights, model.delays)
    if model.poisson:
        synapses = with_inputs(synapses, model)
    if synapses.delay.size > 0:
        synapses = by_delay(synapses)
    late = np.empty((len(series.per_step), synapses.delay.size), np.uint16)
    for row, size in zip(late, sizes, strict=False):
        row[:] = checks.delay_steps(synapses.delay, size)
    return Setup(
        circuit=Circuit(kinds, runs, synapses),
        common=model.common,
        steps=levels(scheme, moved, sizes),
        finest=finest,
        tiles=tiles(finest, scheme.components),
        exact_input=np.array(series.exact, np.int64),
        grid_input=np.array(series.grid, np.int64),
        per_step=np.array(series.per_step, np.int64),
        late=late,
    )


def room(model: Recurrent, T: float) -> int:
    """Return how many spikes of a solution to expect at the most, to make room for them.

    That of an upper bound of the rates without input, as in `lifcore.loops.rate_bound`.

    Examples
    --------
    >>> from lifcore.models import Recurrent
    >>> from lifcore.models.neuron import LIF
    >>> room(Recurrent(LIF(mu=1.5, sigma=0.0), np.zeros((2, 2))), 10.0)
    1054
    """
    way = model.column("v_th") - model.column("v_reset")
    variance = model.column("sigma") ** 2 * np.minimum(model.column("tau"), T)
    rates = (np.abs(model.column("mu")) + np.sqrt(variance)) / way
    return 1024 + math.ceil(T * float(rates.sum()))
