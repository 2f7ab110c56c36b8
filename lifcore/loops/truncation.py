r"""Networks with loops: truncated loops, causal chains, gains and the rate they bound.

The **loop-truncated** network X^(0) has no input from other neurons; X^(k) is driven by the
spikes of X^(k-1), all on the same noise (Picard's iteration on spike trains, which unrolls the
network into layers). A **causal chain** is a sequence of synaptic events, each the arrival of
a spike at a neuron which later, by the next spike of the chain, makes an event of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np

from lifcore import checks
from lifcore.loops.chains import block_chains
from lifcore.models.networks import Recurrent
from lifcore.networks.layers import Recorder
from lifcore.networks.paths import run_paths
from lifcore.networks.series import ITSELF, NO_INPUT, Series, refractory, room, setup, start_state
from lifcore.noise.keyed import noise_of_paths
from lifcore.noise.streams import block_count
from lifcore.runs.coupled_block import Coupling, plan
from lifcore.runs.executors import Blocks, map_blocks
from lifcore.runs.starts import Start, initial_state, own_start


@dataclass(frozen=True)
class Truncations:
    """The loop-truncated networks X^(0), ..., X^(K) and the network X itself, at time T.

    The axis of length K + 2 has X^(k) at k and X at K + 1.

    Attributes
    ----------
    h : ndarray, shape (levels,)
        Euler's steps.
    T : float
        Horizon.
    v, i, spike_counts : ndarray, shape (K + 2, paths, neurons)
        The exact solutions.
    v_euler, i_euler, spike_counts_euler : ndarray, shape (levels, K + 2, paths, neurons)
        Euler's.
    chains : ndarray of int64, shape (paths,)
        Synaptic events in the longest causal chain of X on [0, T].
    joint_chains : ndarray of int64, shape (K + 1, paths)
        The same for chains whose spikes may be of X or of any of X^(0), ..., X^(k-1).

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> ring = Recurrent(LIF(mu=1.5), np.roll(0.3 * np.eye(4), 1, axis=0))
    >>> found = truncations(ring, depth=5, h=[1 / 16], T=2.0, paths=8, seed=1)
    >>> same = (found.v[:-1] == found.v[-1]).all(axis=2)
    >>> bool(same[found.joint_chains <= np.arange(6)[:, None]].all())
    True
    """

    h: np.ndarray
    T: float
    v: np.ndarray = field(repr=False)
    i: np.ndarray = field(repr=False)
    spike_counts: np.ndarray = field(repr=False)
    v_euler: np.ndarray = field(repr=False)
    i_euler: np.ndarray = field(repr=False)
    spike_counts_euler: np.ndarray = field(repr=False)
    chains: np.ndarray = field(repr=False)
    joint_chains: np.ndarray = field(repr=False)

    def square_errors(self) -> np.ndarray:
        """Return the squared distance of V^(k) from V at T, over all neurons, shape (K + 1, paths).

        Examples
        --------
        >>> from lifcore.models.neuron import LIF
        >>> ring = Recurrent(LIF(mu=1.5), np.roll(0.3 * np.eye(4), 1, axis=0))
        >>> truncations(ring, depth=2, h=[1 / 16], T=1.0, paths=8, seed=1).square_errors().shape
        (3, 8)
        """
        return ((self.v[:-1] - self.v[-1]) ** 2).sum(axis=2)


def truncations(
    model: Recurrent,
    *,
    depth: int,
    h: Sequence[float] | np.ndarray | float,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    start: Start | None = None,
    executor: Executor | str | None = None,
) -> Truncations:
    """Run the loop-truncated networks beside the network itself, exactly and by Euler.

    Parameters
    ----------
    model : Recurrent
        The network.
    depth : int
        K, the depth of the last truncated network.
    h : sequence of float
        Euler's steps, as in `lifcore.couple`.
    T, paths, seed, start, executor
        As in `lifcore.couple`, whose exact solution and whose Euler's are those of X here.

    Returns
    -------
    Truncations

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; the message names it and says what is allowed.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> ring = Recurrent(LIF(mu=1.5), np.roll(0.3 * np.eye(4), 1, axis=0))
    >>> truncations(ring, depth=2, h=[1 / 16], T=1.0, paths=8, seed=1).v.shape
    (4, 8, 4)
    """
    checks.instance("model", model, Recurrent)
    depth = int(checks.real("depth", checks.count("depth", depth, at_least=0)))
    checks.no_poisson("model", model)
    run, _, paths = plan(model, h, T, paths, seed, start, [])
    tasks = Blocks(lambda b: (own_start(run, b), depth, b), block_count(paths, run.width))
    steps, each = run.work
    found = map_blocks(
        _truncated_block, tasks, executor, f"loops cut at depth 0 to {depth}",
        (depth + 2) * steps, each,
    )  # fmt: skip
    v, i, counts, chains = (np.concatenate(part, axis=-1) for part in zip(*found, strict=True))

    def split(part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (series, neurons, paths) as exact and Euler's, paths before neurons."""
        shaped = part.reshape(1 + run.h.size, depth + 2, *part.shape[1:]).swapaxes(-1, -2).copy()
        return shaped[0], shaped[1:]

    exact, euler = zip(split(v), split(i), split(counts), strict=True)
    return Truncations(run.h, run.T, *exact, *euler, chains[-1], chains[:-1])


def _truncated_block(run: Coupling, depth: int, block: int) -> tuple[np.ndarray, ...]:
    """Return V, I, counts of all series, and the longest chains, of a block; paths last."""
    model = run.model
    assert isinstance(model, Recurrent)
    first, last = block * run.width, min((block + 1) * run.width, run.paths)
    start = initial_state(run.start, block, model.at_rest, run.width)
    own = (NO_INPUT, *range(depth), ITSELF)
    euler: list[int] = []
    per_step = np.empty(run.h.size, np.int64)
    per_step[run.order] = run.per_level
    for level in range(run.h.size):
        euler += [s if s < 0 else s + level * len(own) for s in own]
    series = Series(own, tuple(euler), tuple(np.repeat(per_step, len(own)).tolist()))
    begun = (part.T[: last - first] for part in start)
    state = start_state(series, *begun, refractory=refractory(model))
    ready = setup(model, series, run.finest)
    noise = noise_of_paths(run.seed, first, last)
    recorder = Recorder((last - first) * series.count * room(model, run.T))
    (spikes,) = run_paths(ready, noise, state, run.stops, recorder)
    spikes = spikes[spikes["series"] < len(own)]
    ordered = spikes[np.lexsort((spikes["neuron"], spikes["time"], spikes["lane"]))]
    columns = (ordered[name] for name in ("lane", "neuron", "series", "time"))
    chains = block_chains(columns, ready.circuit.synapses, last - first, depth + 2, run.T)
    v, i, counts = (part.transpose(1, 2, 0) for part in state[:3])
    return v, i, counts, chains
