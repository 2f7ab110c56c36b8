"""One ensemble of independent paths, by either scheme, on any executor."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np

from lifcore import checks
from lifcore.blocks import BLOCK, block_count, generators, map_blocks
from lifcore.euler import SPIKE, euler_block, euler_step
from lifcore.exact import exact_block, exact_step
from lifcore.model import LIF

SCHEMES = ("euler", "exact")

NO_SPIKES = np.empty(0, SPIKE)

Start = tuple[float, float] | tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class _Run:
    """A validated request, from which any of its blocks can be computed anywhere."""

    model: LIF
    scheme: str
    h: float
    steps: int
    seed: np.random.SeedSequence
    start: Start


@dataclass(frozen=True)
class Ensemble:
    """Paths at time T and their spikes.

    Attributes
    ----------
    v, i : ndarray, shape (paths, neurons)
        Potential and current at T.
    spike_counts : ndarray of int64, shape (paths, neurons)
        Number of spikes in (0, T].
    h, T : float
        Step size and horizon.

    Notes
    -----
    Spike times are not kept: `spikes`, `crossing_speeds` and `all_spikes` simulate the
    blocks they need once more, from the same streams and so with the same result.

    Examples
    --------
    >>> ensemble = simulate(LIF(), h=0.01, T=5.0, paths=3, seed=1)
    >>> ensemble.v.shape, ensemble.spike_counts.shape
    ((3, 1), (3, 1))
    """

    v: np.ndarray
    i: np.ndarray
    spike_counts: np.ndarray
    h: float
    T: float
    _run: _Run = field(repr=False)
    _recorded: dict[int, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    def spikes(self, path: int, neuron: int = 0) -> np.ndarray:
        """Return the spike times of one neuron on one path, in order.

        Parameters
        ----------
        path, neuron : int
            Indices, from 0.

        Returns
        -------
        ndarray, shape (count,)
            Times in (0, T].

        Raises
        ------
        TypeError, IndexError
            If an index is not an integer or out of range.

        Examples
        --------
        >>> ensemble = simulate(LIF(), h=0.01, T=5.0, paths=3, seed=1)
        >>> bool(len(ensemble.spikes(0)) == ensemble.spike_counts[0, 0])
        True
        """
        return self._of(path, neuron)["time"].copy()

    def crossing_speeds(self, path: int, neuron: int = 0) -> np.ndarray:
        """Return the crossing speeds I - g v_th of one neuron's spikes on one path.

        Parameters
        ----------
        path, neuron : int
            Indices, from 0.

        Returns
        -------
        ndarray, shape (count,)

        Raises
        ------
        TypeError, IndexError
            If an index is not an integer or out of range.

        Examples
        --------
        >>> ensemble = simulate(LIF(), h=0.01, T=5.0, paths=3, seed=1, scheme="exact")
        >>> bool((ensemble.crossing_speeds(0) > 0).all())
        True
        """
        return self._of(path, neuron)["speed"].copy()

    def all_spikes(self, executor: Executor | None = None) -> np.ndarray:
        """Return every spike of every path, ordered by path, neuron and time.

        Parameters
        ----------
        executor : concurrent.futures.Executor, optional
            Where to compute, as in `simulate`.

        Returns
        -------
        ndarray
            Structured, with fields ``path``, ``neuron``, ``time``, ``speed`` and ``lag``: the
            time between V's crossing and the spike, 0 for the exact scheme; for Euler, V's
            crossing is that of its straight line within the step.

        Examples
        --------
        >>> ensemble = simulate(LIF(), h=0.01, T=5.0, paths=3, seed=1)
        >>> bool(len(ensemble.all_spikes()) == ensemble.spike_counts.sum())
        True
        """
        return _record(self._run, self.v.shape[0], executor)

    def _of(self, path: int, neuron: int) -> np.ndarray:
        paths, neurons = self.v.shape
        path, neuron = checks.index("path", path, paths), checks.index("neuron", neuron, neurons)
        block, lane = divmod(path, BLOCK)
        if block not in self._recorded:
            self._recorded.clear()  # one block at a time, so that memory stays small
            self._recorded[block] = _record_block(self._run, block, paths)
        found = self._recorded[block]
        return found[(found["lane"] == lane) & (found["neuron"] == neuron)]


def simulate(
    model: LIF,
    *,
    h: float,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    scheme: str = "euler",
    start: Start | None = None,
    executor: Executor | None = None,
) -> Ensemble:
    """Simulate independent paths of a model up to time T.

    Parameters
    ----------
    model : LIF
        The neuron.
    h : float
        Step size. For the exact scheme it has no influence on accuracy, only on cost.
    T : float
        Horizon, a whole multiple of `h`.
    paths : int
        Number of paths.
    seed : int or SeedSequence
        The noise depends on it alone: more paths, other executors or other numbers of
        workers change no bit of the paths already there.
    scheme : {"euler", "exact"}, optional
        Euler–Maruyama, or the exact flow with bridge-refined spike times.
    start : pair, optional
        Initial (V, I): two numbers, or two arrays with one value a path. By default
        V = v_reset and I = mu. With arrays, the exact scheme's refinement of a path also
        depends on the starts of the other paths in its block of 256.
    executor : concurrent.futures.Executor, optional
        Where to compute; by default threads on all cores of this machine.

    Returns
    -------
    Ensemble

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; the message names it and says what is allowed.

    Examples
    --------
    >>> ensemble = simulate(LIF(mu=1.5, sigma=0.3), h=0.01, T=20.0, paths=512, seed=1)
    >>> ensemble.v.shape
    (512, 1)
    """
    run, paths = _plan(model, h, T, paths, seed, scheme, start)
    tasks = [(run, b, paths) for b in range(block_count(paths))]
    results = map_blocks(_final_block, tasks, executor, f"{scheme}, h = {run.h:g}")
    v, i, counts = (np.concatenate(part) for part in zip(*results, strict=True))
    return Ensemble(v[:paths], i[:paths], counts[:paths], run.h, float(T), run)


def simulate_spikes(
    model: LIF,
    *,
    h: float,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    scheme: str = "euler",
    start: Start | None = None,
    executor: Executor | None = None,
) -> np.ndarray:
    """Simulate as `simulate` does, and return all spikes instead of the state at T.

    Half the work of ``simulate(...).all_spikes()``, with the same result.

    Parameters
    ----------
    model, h, T, paths, seed, scheme, start, executor
        As in `simulate`.

    Returns
    -------
    ndarray
        As `Ensemble.all_spikes`.

    Raises
    ------
    TypeError, ValueError
        As `simulate`.

    Examples
    --------
    >>> spikes = simulate_spikes(LIF(), h=0.01, T=5.0, paths=3, seed=1)
    >>> bool((spikes["time"] <= 5.0).all())
    True
    """
    run, paths = _plan(model, h, T, paths, seed, scheme, start)
    return _record(run, paths, executor)


def _plan(
    model: object, h: object, T: object, paths: object, seed: object, scheme: object, start: object
) -> tuple[_Run, int]:
    """Validate a request; return what any block needs, and the number of paths."""
    checks.instance("model", model, LIF)
    assert isinstance(model, LIF)
    scheme = checks.one_of("scheme", scheme, SCHEMES)
    h, _, steps = checks.steps(h, T)
    if scheme == "euler":
        checks.euler_stable(h, model.decay_rates)
    else:
        checks.exact_affordable(h, model.decay_rates)
    paths = checks.count("paths", paths)
    checks.memory(f"the results of {paths} paths", 24.0 * paths)
    begin = checks.start(start, paths, (model.v_reset, model.mu), model.v_th, model.i_th)
    return _Run(model, scheme, h, steps, checks.seed(seed), begin), paths


def _record(run: _Run, paths: int, executor: Executor | None) -> np.ndarray:
    tasks = [(run, b, paths) for b in range(block_count(paths))]
    found = map_blocks(_record_block, tasks, executor, "spikes")
    merged = np.concatenate(found)
    table = np.empty(
        merged.size,
        [("path", "i8"), ("neuron", "i4"), ("time", "f8"), ("speed", "f8"), ("lag", "f8")],
    )
    blocks = np.repeat(np.arange(len(found)), [len(f) for f in found])
    table["path"] = merged["lane"] + BLOCK * blocks
    for name in ("neuron", "time", "speed", "lag"):
        table[name] = merged[name]
    return table


def initial_state(start: Start, block: int, default: tuple[float, float]) -> np.ndarray:
    """Return a block's (V, I), shape (2, 1, BLOCK); lanes past the last path start at `default`.

    Examples
    --------
    >>> initial_state((0.0, 1.2), 0, (0.0, 1.2))[:, 0, 0].tolist()
    [0.0, 1.2]
    """
    state = np.empty((2, 1, BLOCK))
    values: tuple[float | np.ndarray, ...] = start
    for part, value, other in zip(state, values, default, strict=True):
        if isinstance(value, np.ndarray):
            own = value[block * BLOCK : (block + 1) * BLOCK]
            part[0, : own.size] = own
            part[0, own.size :] = other
        else:
            part[:] = value
    return state


def _simulate_block(run: _Run, block: int, spikes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Simulate a block, recording into `spikes`; return V, I, counts and the number recorded."""
    stream, refinement = generators(run.seed, block)
    v, i = initial_state(run.start, block, (run.model.v_reset, run.model.mu))
    counts = np.zeros(v.shape, np.int64)
    recorded = np.zeros(1, np.int64)
    if run.scheme == "euler":
        step = euler_step(run.model, run.h)
        euler_block(step, run.steps, stream, v, i, counts, spikes, recorded)
    else:
        steps_of = (exact_step(run.model, run.h),)
        exact_block(steps_of, run.steps, run.h, stream, refinement, v, i, counts, spikes, recorded)
    return v, i, counts, recorded


def _final_block(run: _Run, block: int, paths: int) -> tuple[np.ndarray, ...]:
    v, i, counts, _ = _simulate_block(run, block, NO_SPIKES)
    return v.T.copy(), i.T.copy(), counts.T.copy()


def _record_block(run: _Run, block: int, paths: int) -> np.ndarray:
    def attempt(spikes: np.ndarray) -> int:
        return int(_simulate_block(run, block, spikes)[3][0])

    spikes = record_all(attempt, BLOCK * max(16, round(run.steps * run.h)))
    spikes = spikes[spikes["lane"] < paths - block * BLOCK]
    return spikes[np.lexsort((spikes["time"], spikes["neuron"], spikes["lane"]))]


def record_all(attempt: Callable[[np.ndarray], int], guess: int) -> np.ndarray:
    """Return all spikes of a block that can be run again into a larger buffer.

    Parameters
    ----------
    attempt : callable
        Runs the block, records into the buffer it is given as far as there is room, and
        returns the number of spikes there were.
    guess : int
        Size of the first buffer.

    Returns
    -------
    ndarray
        The recorded spikes.

    Examples
    --------
    >>> record_all(lambda buffer: 3, 1).size
    3
    """
    spikes = np.empty(guess, SPIKE)
    needed = attempt(spikes)
    if needed > guess:
        spikes = np.empty(needed, SPIKE)
        needed = attempt(spikes)
    return spikes[:needed]
