r"""Paths of Euler at several steps on one noise, and the observables that are taken of them.

All step sizes, and if wanted the exact solution, see the same Brownian path: the noise is drawn
on the finest grid and summed for the coarser ones. Without the exact solution a pair (h, 2h)
costs little more than its finer half alone, since drawing the noise is most of the work.

An observable is any NumPy function of (V, I, N), arrays of one shape, that acts on each entry
by itself; N is the number of spikes so far. It is called on whole blocks at the times of
looking and never from within a jitted loop, so it need not be compilable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from lifcore import checks
from lifcore.models.neuron import LIF
from lifcore.networks.layers import NO_SPIKES
from lifcore.noise.streams import BLOCK, generators, step_generator
from lifcore.runs.ensemble import Start, initial_state
from lifcore.schemes.euler import advance_counting, euler_step, fill_normals
from lifcore.schemes.exact import exact_advance, exact_step

Observable = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def evaluate(name: str, observable: Observable, v, i, n) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Return an observable's values, or raise an error that names it.

    Parameters
    ----------
    name : str
        Its name, for the message.
    observable : callable
        A function of (V, I, N).
    v, i, n : ndarray
        Potentials, currents and spike counts, of one shape.

    Returns
    -------
    ndarray
        Of that shape, float64.

    Raises
    ------
    TypeError, ValueError
        If the observable raises, or returns anything but finite real numbers of that shape.

    Examples
    --------
    >>> evaluate("cos V", lambda v, i, n: np.cos(v), np.zeros(2), np.zeros(2), np.zeros(2)).tolist()
    [1.0, 1.0]
    """
    try:
        with np.errstate(all="ignore"):
            values = np.asarray(observable(v, i, n))
    except Exception as error:
        raise ValueError(
            f"observables[{name!r}] raised {type(error).__name__}: {error}; "
            "allowed: a function of the arrays (V, I, N)"
        ) from error
    if values.dtype.kind not in "biuf":
        raise TypeError(
            f"observables[{name!r}] returns {values.dtype} values; allowed: real numbers"
        )
    if values.shape != v.shape:
        raise ValueError(
            f"observables[{name!r}] returns shape {values.shape} for V of shape {v.shape}; "
            "allowed: one number for each entry"
        )
    if not np.isfinite(values).all():
        k = int(np.argmin(np.isfinite(values).reshape(-1)))
        raise ValueError(
            f"observables[{name!r}] is {values.reshape(-1)[k]} at V = {v.reshape(-1)[k]:g}, "
            f"I = {i.reshape(-1)[k]:g}, N = {n.reshape(-1)[k]}; allowed: finite numbers"
        )
    return values.astype(np.float64)


def check_observables(value: object, model: LIF) -> dict[str, Observable]:
    """Return observables as a dict, having tried each on a few states of the model.

    Parameters
    ----------
    value : mapping of str to callable
        The observables.
    model : LIF
        The neuron, whose range of states is tried.

    Returns
    -------
    dict

    Raises
    ------
    TypeError, ValueError
        If it is not a mapping of names to functions, or one of them fails its trial: shape,
        real and finite values, and each entry by itself.

    Examples
    --------
    >>> list(check_observables({"N": lambda v, i, n: n}, LIF()))
    ['N']
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"observables = {value!r}; allowed: a mapping of names to functions")
    if not value:
        raise ValueError("observables is empty; allowed: one or more functions")
    spread = model.sigma * np.sqrt(0.5 * min(model.tau, 1e6))
    v = np.linspace(model.v_reset, model.v_th, 6)[:-1].repeat(4).reshape(2, 10)
    i = np.tile(model.mu + spread * np.array([-3.0, -0.5, 0.5, 3.0]), 5).reshape(2, 10)
    n = np.arange(20).reshape(2, 10) // 3
    for name, observable in value.items():
        if not isinstance(name, str) or not callable(observable):
            raise TypeError(
                f"observables[{name!r}] = {observable!r}; allowed: a function of (V, I, N) "
                "under a name"
            )
        whole = evaluate(name, observable, v, i, n)
        part = evaluate(name, observable, v[:1, ::3], i[:1, ::3], n[:1, ::3])
        if not np.allclose(whole[:1, ::3], part, rtol=1e-12, atol=0.0):
            raise ValueError(
                f"observables[{name!r}] mixes paths: its value for one changes with the others; "
                "allowed: functions that act on each entry by itself"
            )
    return dict(value)


@dataclass(frozen=True)
class Ladder:
    """A validated request for coupled paths, from which any block can be computed anywhere.

    Step sizes go from the finest to the coarsest. With ``exact``, the exact solution is run
    as well, on the finest grid.

    Examples
    --------
    >>> ladder(LIF(), np.array([0.5, 0.25]), [1.0], np.random.SeedSequence(1), (0.0, 1.2)).stops
    (4,)
    """

    model: LIF
    h: np.ndarray
    ratios: np.ndarray
    stops: tuple[int, ...]
    seed: np.random.SeedSequence
    start: Start
    exact: bool


def ladder(
    model: LIF,
    h: np.ndarray,
    times: Sequence[float],
    seed: np.random.SeedSequence,
    start: Start,
    exact: bool = True,
) -> Ladder:
    """Return the request for Euler at nested step sizes `h`, observed at `times`.

    Examples
    --------
    >>> ladder(LIF(), np.array([0.5, 0.25]), [1.0], np.random.SeedSequence(1), (0.0, 1.2)).ratios
    array([2])
    """
    sizes = np.sort(h)
    multiples = np.array([checks.steps(float(sizes[0]), float(size))[2] for size in sizes])
    stops = tuple(checks.steps(float(sizes[0]), t)[2] for t in times)
    return Ladder(model, sizes, multiples[1:] // multiples[:-1], stops, seed, start, exact)


def ladder_states(run: Ladder, block: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulate a block; return (V, I, N) at each stop, shape (levels, stops, BLOCK).

    Levels go from the finest to the coarsest; with ``run.exact`` the exact solution is first.

    Examples
    --------
    >>> h = np.array([0.5, 0.25])
    >>> run = ladder(LIF(), h, [1.0], np.random.SeedSequence(1), (0.0, 1.2))
    >>> ladder_states(run, 0)[0].shape
    (3, 1, 256)
    """
    # Without the exact solution nothing is refined, and making a stream is not free.
    stream, refinement = (
        generators(run.seed, block) if run.exact else 2 * (step_generator(run.seed, block),)
    )
    v, i = (
        np.repeat(part, run.h.size + 1, axis=0)
        for part in initial_state(run.start, block, (run.model.v_reset, run.model.mu))
    )
    shape = (run.h.size + 1, len(run.stops), BLOCK)
    seen = np.empty(shape), np.empty(shape), np.empty(shape, np.int64)
    _ladder_block(
        exact_step(run.model, float(run.h[0])), run.exact,
        tuple(euler_step(run.model, float(h)) for h in run.h), run.ratios,
        np.array(run.stops), stream, refinement, v, i, np.zeros(v.shape, np.int64),
        NO_SPIKES, np.zeros(1, np.int64), *seen,
    )  # fmt: skip
    v_seen, i_seen, n_seen = seen if run.exact else (part[1:] for part in seen)
    return v_seen, i_seen, n_seen


@njit(nogil=True, cache=True)
def _ladder_block(
    exact, with_exact, steps, ratios, stops, stream, refinement, v, i, n, spikes, recorded,
    v_seen, i_seen, n_seen,
):  # fmt: skip
    """Advance a block on the finest grid, row 0 exactly and row k + 1 by Euler at level k.

    Levels go from the finest to the coarsest; ratios[k] is the number of steps of level k in
    one of level k + 1. The states after stops[j] finest steps are written to ..._seen[:, j].
    """
    lanes = v.shape[1]
    levels = len(steps)
    normals = np.empty((3, lanes))
    end = np.empty((2, lanes))
    suspect = np.empty(lanes, np.bool_)
    dw = np.zeros((levels, lanes))  # increments of steps that are not full yet
    taken = np.zeros(levels, np.int64)  # steps of each level up to now
    root = exact.flow.noise[0, 0]
    look = 0
    for step in range(stops[-1]):
        if with_exact:
            exact_advance(
                exact, 0, step * exact.flow.h, stream, refinement, v[0], i[0], normals, end,
                suspect, n[0], 0, spikes, recorded,
            )  # fmt: skip
        else:
            fill_normals(stream, normals[0])
        advance_counting(steps[0], 0, v[1], i[1], normals[0], root, n[1])
        taken[0] += 1
        if levels > 1:
            for lane in range(lanes):
                dw[1, lane] += root * normals[0, lane]
        # Level k moves when its step is full, and hands its increment to the next coarser.
        k = 0
        while k + 1 < levels and taken[k] % ratios[k] == 0:
            k += 1
            advance_counting(steps[k], 0, v[k + 1], i[k + 1], dw[k], 1.0, n[k + 1])
            taken[k] += 1
            for lane in range(lanes):
                if k + 1 < levels:
                    dw[k + 1, lane] += dw[k, lane]
                dw[k, lane] = 0.0
        if step + 1 == stops[look]:
            v_seen[:, look], i_seen[:, look], n_seen[:, look] = v, i, n
            look += 1
