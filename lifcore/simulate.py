"""One ensemble of independent paths, by either scheme, on any executor."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np

from lifcore import checks
from lifcore.blocks import BLOCK, block_count, generators, map_blocks, portion
from lifcore.euler import euler_neuron, euler_step
from lifcore.exact import exact_neuron, exact_step
from lifcore.layers import NO_SPIKES, Recorder, run_layers
from lifcore.model import LIF, Feedforward, Network, Recurrent, network
from lifcore.recurrent_path import simulate_paths
from lifcore.signals import Signals

SCHEMES = ("euler", "exact")

Start = tuple[float, float] | tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class _Run:
    """A validated request, from which any of its blocks can be computed anywhere.

    ``width`` is the number of paths in a block.
    """

    model: Network
    scheme: str
    h: float
    steps: int
    seed: np.random.SeedSequence
    start: Start | None
    width: int


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
        block, lane = divmod(path, self._run.width)
        if block not in self._recorded:
            self._recorded.clear()  # one block at a time, so that memory stays small
            self._recorded[block] = _record_block(self._run, block, paths)
        found = self._recorded[block]
        return found[(found["lane"] == lane) & (found["neuron"] == neuron)]


def simulate(
    model: LIF | Feedforward | Recurrent,
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
    model : LIF, Feedforward or Recurrent
        The neuron, or the network. A LIF whose fields are arrays is a layer of neurons.
    h : float
        Step size. For the exact scheme it has no influence on accuracy, only on cost.
    T : float
        Horizon, a whole multiple of `h`.
    paths : int
        Number of paths.
    seed : int or SeedSequence
        The noise depends on it alone: more paths, other executors or other numbers of
        workers change no bit of the paths already there, and neither does a further layer.
    scheme : {"euler", "exact"}, optional
        Euler–Maruyama, or the exact flow with bridge-refined spike times.
    start : pair, optional
        Initial (V, I): two numbers, or two arrays of shape (paths, neurons), or (paths,) for
        one neuron. By default V = v_reset and I = mu. With arrays, the exact scheme's refinement of
        a path also depends on the starts of the other paths in its block of 256 (not so in a
        Recurrent network).
    executor : concurrent.futures.Executor, optional
        Where to compute; by default threads on all cores of this machine.

    Returns
    -------
    Ensemble

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; the message names it and says what is allowed.

    Warns
    -----
    UserWarning
        If the gain of a Recurrent network is so large that it can go on spiking as a whole in
        every step of Euler.

    Examples
    --------
    >>> ensemble = simulate(LIF(mu=1.5, sigma=0.3), h=0.01, T=20.0, paths=512, seed=1)
    >>> ensemble.v.shape
    (512, 1)
    >>> chain = Feedforward([LIF(mu=1.5), LIF(mu=0.5)], [[[0.8, 0.8, 0.8]]])
    >>> simulate(chain, h=0.01, T=2.0, paths=512, seed=1).spike_counts.shape
    (512, 4)
    >>> ring = Recurrent(LIF(), np.roll(0.2 * np.eye(10), 1, axis=0))
    >>> simulate(ring, h=0.01, T=2.0, paths=5, seed=1, scheme="exact").v.shape
    (5, 10)
    """
    run, paths = _plan(model, h, T, paths, seed, scheme, start)
    tasks = [(run, b, paths) for b in range(block_count(paths, run.width))]
    results = map_blocks(_final_block, tasks, executor, f"{scheme}, h = {run.h:g}")
    v, i, counts = (np.concatenate(part) for part in zip(*results, strict=True))
    return Ensemble(v[:paths], i[:paths], counts[:paths], run.h, float(T), run)


def simulate_spikes(
    model: LIF | Feedforward | Recurrent,
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
    net = network("model", model)
    scheme = checks.one_of("scheme", scheme, SCHEMES)
    h, _, steps = checks.steps(h, T)
    for lif in net.layers:
        if scheme == "euler":
            checks.euler_stable(h, lif.decay_rates)
        else:
            checks.exact_affordable(h, lif.decay_rates)
    paths, neurons = checks.count("paths", paths), sum(net.sizes)
    width = BLOCK
    if isinstance(net, Recurrent):
        width = portion(neurons, steps)
        if scheme == "exact":
            checks.exact_size(neurons, paths * steps)
        else:
            checks.volleys(net.weights, net.column, h)
    of = f" of {neurons} neurons" if neurons > 1 else ""
    checks.memory(f"the results of {paths} paths{of}", 24.0 * paths * neurons)
    begin = None
    if start is not None:
        begin = checks.start(start, paths, net.at_rest, net.column("v_th"), net.column("i_th"))
    return _Run(net, scheme, h, steps, checks.seed(seed), begin, width), paths


def _record(run: _Run, paths: int, executor: Executor | None) -> np.ndarray:
    tasks = [(run, b, paths) for b in range(block_count(paths, run.width))]
    found = map_blocks(_record_block, tasks, executor, "spikes")
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


def initial_state(
    start: Start | None, block: int, default: Start, width: int = BLOCK
) -> np.ndarray:
    """Return a block's (V, I), shape (2, neurons, width).

    Parameters
    ----------
    start : pair or None
        Two numbers, or two arrays of shape (paths,) or (paths, neurons); None is `default`.
    block : int
        Index of the block.
    default : pair
        Two numbers, or two arrays of shape (neurons,); lanes past the last path start there.
    width : int, optional
        Paths in a block.

    Examples
    --------
    >>> initial_state(None, 0, (0.0, 1.2))[:, 0, 0].tolist()
    [0.0, 1.2]
    """
    state = np.empty((2, np.size(default[0]), width))
    for k, part in enumerate(state):
        part[:] = np.reshape(default[k], (-1, 1))
        value = None if start is None else start[k]
        if isinstance(value, np.ndarray):
            own = value[block * width : (block + 1) * width].reshape(-1, part.shape[0]).T
            part[:, : own.shape[1]] = own
        elif value is not None:
            part[:] = value
    return state


def _simulate_block(run: _Run, block: int, paths: int, record: bool) -> tuple[np.ndarray, ...]:
    """Simulate a block; return V, I, spike counts and, if wanted, the spikes."""
    state = initial_state(run.start, block, run.model.at_rest, run.width)
    if isinstance(run.model, Recurrent):
        first, last = block * run.width, min((block + 1) * run.width, paths)
        v, i = (part.T[: last - first].copy() for part in state)
        counts, spikes = simulate_paths(
            run.model, run.scheme, run.h, run.steps, run.seed, first, v, i, record
        )
        return v.T, i.T, counts.T, spikes
    neurons = run.model.neurons
    # Euler draws the noise of all paths of a block, but moves only those asked for; the exact
    # scheme's refinement is shared by all of them.
    lanes = min(BLOCK, paths - block * BLOCK) if run.scheme == "euler" else BLOCK
    v, i = state[:, :, :lanes].copy()
    counts = np.zeros(v.shape, np.int64)
    streams = [generators(run.seed, block, j) for j in range(len(neurons))]
    euler = euler_step(neurons, run.h)
    exact = [exact_step(neuron, run.h) for neuron in neurons] if run.scheme == "exact" else []
    recorder = Recorder(BLOCK * 64)

    def advance(
        j: int, begin: int, end: int, signals: Signals, weight: np.ndarray, keep: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        own = v[j], i[j], counts[j]

        def kernel(spikes: np.ndarray, recorded: np.ndarray, marks: np.ndarray) -> None:
            if run.scheme == "euler":
                euler_neuron(
                    euler, BLOCK, j, begin, end, streams[j][0], *own, signals, weight,
                    spikes, recorded, marks,
                )  # fmt: skip
            else:
                exact_neuron(
                    exact[j], run.h, j, begin, end, *streams[j], *own,
                    signals, weight, spikes, recorded, marks,
                )  # fmt: skip

        if keep:
            return recorder.run(kernel, end - begin, streams[j], own)
        kernel(NO_SPIKES, np.zeros(1, np.int64), np.zeros(end - begin + 1, np.int64))
        return NO_SPIKES, np.empty(0, np.int64)

    (kept,) = run_layers(run.model, advance, [run.steps], np.ones(1, np.int64), record)
    return v, i, counts, np.concatenate([NO_SPIKES, *kept])


def _final_block(run: _Run, block: int, paths: int) -> tuple[np.ndarray, ...]:
    v, i, counts, _ = _simulate_block(run, block, paths, record=False)
    return v.T.copy(), i.T.copy(), counts.T.copy()


def _record_block(run: _Run, block: int, paths: int) -> np.ndarray:
    spikes = _simulate_block(run, block, paths, record=True)[3]
    spikes = spikes[spikes["lane"] < paths - block * run.width]
    return spikes[np.lexsort((spikes["time"], spikes["neuron"], spikes["lane"]))]
