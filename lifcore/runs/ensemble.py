"""An ensemble of independent paths: what is kept of it, and how a block of it is simulated."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np

from lifcore import checks
from lifcore.models.networks import Feedforward
from lifcore.networks.layers import Recorder, run_layers
from lifcore.networks.passages import Grids
from lifcore.networks.paths import simulate_paths
from lifcore.noise.sources import refinement_source, source
from lifcore.noise.streams import BLOCK, block_count
from lifcore.runs.executors import Blocks, map_blocks
from lifcore.runs.request import Request
from lifcore.runs.starts import initial_state, own_start
from lifcore.schemes import SCHEMES
from lifcore.schemes.state import (
    NO_SPIKES,
    Arrivals,
    Recording,
    Span,
    State,
    Streams,
    holds,
    nowhere,
)


@dataclass(frozen=True, repr=False)
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
    blocks they need once more, from the same streams and so with the same result. `spikes` and
    `crossing_speeds` keep all spikes of the path's block (up to 256 paths), in about 40 bytes
    each, until they are asked for a path of another block; so ask block by block.

    Examples
    --------
    >>> from lifcore import LIF, simulate
    >>> ensemble = simulate(LIF(), h=0.01, T=5.0, paths=3, seed=1)
    >>> ensemble.v.shape, ensemble.spike_counts.shape
    ((3, 1), (3, 1))
    """

    v: np.ndarray
    i: np.ndarray
    spike_counts: np.ndarray
    h: float
    T: float
    _run: Request = field(repr=False)
    _recorded: dict[int, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    def __repr__(self) -> str:
        paths, neurons = self.v.shape
        return (
            f"Ensemble({paths} paths, {neurons} neurons, {self._run.scheme}, h = {self.h:g}, "
            f"T = {self.T:g}, {int(self.spike_counts.sum())} spikes)"
        )

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
        >>> from lifcore import LIF, simulate
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
        >>> from lifcore import LIF, simulate
        >>> ensemble = simulate(LIF(), h=0.01, T=5.0, paths=3, seed=1, scheme="exact")
        >>> bool((ensemble.crossing_speeds(0) > 0).all())
        True
        """
        return self._of(path, neuron)["speed"].copy()

    def all_spikes(self, executor: Executor | str | None = None) -> np.ndarray:
        """Return every spike of every path, ordered by path, neuron and time.

        Parameters
        ----------
        executor : concurrent.futures.Executor or str, optional
            Where to compute, as in `simulate`.

        Returns
        -------
        ndarray
            Structured, with fields ``path``, ``neuron``, ``time``, ``speed`` and ``lag``: the
            time between V's crossing and the spike, 0 for the exact scheme; for Euler, V's
            crossing is that of its straight line within the step.

        Examples
        --------
        >>> from lifcore import LIF, simulate
        >>> ensemble = simulate(LIF(), h=0.01, T=5.0, paths=3, seed=1)
        >>> bool(len(ensemble.all_spikes()) == ensemble.spike_counts.sum())
        True
        """
        return recorded_spikes(self._run, self.v.shape[0], executor)

    def _of(self, path: int, neuron: int) -> np.ndarray:
        paths, neurons = self.v.shape
        path, neuron = checks.index("path", path, paths), checks.index("neuron", neuron, neurons)
        block, lane = divmod(path, self._run.width)
        if block not in self._recorded:
            self._recorded.clear()  # one block at a time, so that memory stays small
            self._recorded[block] = _record_block(self._run, block, paths)
        found = self._recorded[block]
        return found[(found["lane"] == lane) & (found["neuron"] == neuron)]


def recorded_spikes(run: Request, paths: int, executor: Executor | str | None) -> np.ndarray:
    """Return every spike of a request, as `Ensemble.all_spikes` does.

    Examples
    --------
    >>> from lifcore import LIF, simulate
    >>> run = simulate(LIF(), h=0.5, T=1.0, paths=3, seed=1)._run
    >>> recorded_spikes(run, 3, None).dtype.names
    ('path', 'neuron', 'time', 'speed', 'lag')
    """
    count = block_count(paths, run.width)
    tasks = Blocks(lambda b: (own_start(run, b), b, paths), count)
    found = map_blocks(
        _record_block, tasks, executor, "spikes", run.neuron_steps(paths), run.least(paths)
    )
    merged = np.concatenate(found)
    table = np.empty(
        merged.size,
        [("path", "i8"), ("neuron", "i4"), ("time", "f8"), ("speed", "f8"), ("lag", "f8")],
    )
    blocks = np.repeat(np.arange(len(found)), [len(f) for f in found])
    table["path"] = merged["lane"] + run.width * blocks
    for name in ("neuron", "time", "speed", "lag"):
        table[name] = merged[name]
    return table


def _simulate_block(run: Request, block: int, paths: int, record: bool) -> tuple[np.ndarray, ...]:
    """Simulate a block; return V, I, spike counts and, if wanted, the spikes."""
    state = initial_state(run.start, block, run.model.at_rest, run.width)
    if not isinstance(run.model, Feedforward):
        first, last = block * run.width, min((block + 1) * run.width, paths)
        v, i = (part.T[: last - first].copy() for part in state)
        scheme = SCHEMES[run.scheme]
        counts, spikes = simulate_paths(
            run.model, scheme, run.h, run.steps, run.seed, first, v, i, record, run.noise,
            run.threads,
        )  # fmt: skip
        return v.T, i.T, counts.T, spikes
    neurons, scheme = run.model.neurons, SCHEMES[run.scheme]
    # On a grid only the paths asked for are moved (NumPy's noise is drawn for all of a block);
    # the exact scheme's refinement is shared by all of them, but in lanes each has its own.
    wanted = min(BLOCK, paths - block * BLOCK)
    lanes = wanted if scheme.on_grid or run.noise != "numpy" else BLOCK
    v, i = state[:, :, :lanes].copy()
    counts, held = np.zeros(v.shape, np.int64), holds(neurons, lanes)
    streams = [
        Streams(
            source(run.noise, run.seed, block, j, lanes),
            None if scheme.on_grid else refinement_source(run.noise, run.seed, block, j, lanes),
        )
        for j in range(len(neurons))
    ]
    constants = scheme.constants(neurons, run.h)
    recorder = Recorder(BLOCK * 64)

    def advance(
        j: int, begin: int, end: int, arrivals: Arrivals, keep: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        own = State(v[j], i[j], counts[j], held[j])
        span = Span(j, begin, end, scheme.components, BLOCK)

        def kernel(recording: Recording) -> None:
            scheme.carry(scheme.own(constants, j), span, streams[j], own, arrivals, recording)

        if keep:
            return recorder.run(kernel, end - begin, streams[j], own)
        kernel(nowhere(end - begin))
        return NO_SPIKES, np.empty(0, np.int64)

    grids = Grids(np.array([run.h]), np.ones(1, np.int64), exact=not scheme.on_grid)
    (kept,) = run_layers(run.model, advance, [run.steps], grids, record, wanted)
    return v, i, counts, np.concatenate([NO_SPIKES, *kept])


def final_block(run: Request, block: int, paths: int) -> tuple[np.ndarray, ...]:
    """Return V, I and the spike counts of a block at T, paths first.

    Examples
    --------
    >>> from lifcore import LIF, simulate
    >>> run = simulate(LIF(), h=0.5, T=1.0, paths=3, seed=1)._run
    >>> final_block(run, 0, 3)[0].shape
    (3, 1)
    """
    v, i, counts, _ = _simulate_block(run, block, paths, record=False)
    return v.T.copy(), i.T.copy(), counts.T.copy()


def _record_block(run: Request, block: int, paths: int) -> np.ndarray:
    spikes = _simulate_block(run, block, paths, record=True)[3]
    # As floats, steps times h may exceed T in the last place: 3 * 0.1 > 0.3.
    spikes["time"] = np.minimum(spikes["time"], run.T)
    return spikes[np.lexsort((spikes["time"], spikes["neuron"], spikes["lane"]))]
