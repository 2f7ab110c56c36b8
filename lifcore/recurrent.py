r"""Networks with loops: truncated loops, causal chains, gains and the rate they bound.

The **loop-truncated** network X^(0) has no input from other neurons; X^(k) is driven by the
spikes of X^(k-1), all on the same noise (Picard's iteration on spike trains, which unrolls the
network into layers). A **causal chain** is a sequence of synaptic events, each the arrival of
a spike at a neuron which later, by the next spike of the chain, makes an event of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np
from numba import njit
from scipy import sparse, special
from scipy.sparse import csgraph
from scipy.sparse import linalg as sparse_linalg

from lifcore import checks
from lifcore.blocks import block_count, map_blocks
from lifcore.coupled_block import Coupling, plan
from lifcore.keyed import noise_of_paths
from lifcore.layers import Recorder
from lifcore.model import Recurrent
from lifcore.recurrent_exact import ITSELF, NO_INPUT
from lifcore.recurrent_path import Series, room, run_paths, setup, start_state
from lifcore.simulate import Start, initial_state
from lifcore.synapses import Synapses, by_source

DENSE = 1000
"""Neurons up to which an eigenvalue is computed from the full matrix."""

LEVELS = np.linspace(0.0, 0.9, 46)
"""Shares of the way from reset to threshold that `rate_bound` tries."""


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
    >>> from lifcore.model import LIF
    >>> ring = Recurrent(LIF(mu=1.5), np.roll(0.3 * np.eye(4), 1, axis=0))
    >>> found = truncations(ring, depth=5, h=[1 / 16], T=2.0, paths=8, seed=1)
    >>> same = (found.v[:-1] == found.v[-1]).all(axis=2)
    >>> bool(same[found.joint_chains <= np.arange(6)[:, None]].all())
    True
    """

    h: np.ndarray
    T: float
    v: np.ndarray
    i: np.ndarray
    spike_counts: np.ndarray
    v_euler: np.ndarray
    i_euler: np.ndarray
    spike_counts_euler: np.ndarray
    chains: np.ndarray = field(repr=False)
    joint_chains: np.ndarray = field(repr=False)

    def square_errors(self) -> np.ndarray:
        """Return the squared distance of V^(k) from V at T, over all neurons, shape (K + 1, paths).

        Examples
        --------
        >>> from lifcore.model import LIF
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
    executor: Executor | None = None,
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
    >>> from lifcore.model import LIF
    >>> ring = Recurrent(LIF(mu=1.5), np.roll(0.3 * np.eye(4), 1, axis=0))
    >>> truncations(ring, depth=2, h=[1 / 16], T=1.0, paths=8, seed=1).v.shape
    (4, 8, 4)
    """
    checks.instance("model", model, Recurrent)
    depth = int(checks.real("depth", checks.count("depth", depth, at_least=0)))
    run, _, paths = plan(model, h, T, paths, seed, start, [])
    tasks = [(run, depth, b) for b in range(block_count(paths, run.width))]
    found = map_blocks(_truncated_block, tasks, executor, f"loops cut at depth 0 to {depth}")
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
    state = start_state(series, *(part.T[: last - first] for part in start))
    ready = setup(model, series, run.finest)
    noise = noise_of_paths(run.seed, first, last)
    recorder = Recorder((last - first) * series.count * room(model, run.T))
    (spikes,) = run_paths(ready, noise, state, run.stops, recorder)
    spikes = spikes[spikes["series"] < len(own)]
    ordered = spikes[np.lexsort((spikes["neuron"], spikes["time"], spikes["lane"]))]
    columns = (ordered[name] for name in ("lane", "neuron", "series", "time"))
    chains = _chains(columns, ready.synapses, last - first, depth + 2)
    v, i, counts = (part.transpose(1, 2, 0) for part in state[:3])
    return v, i, counts, chains


def chain_lengths(model: Recurrent, spikes: np.ndarray, paths: int) -> np.ndarray:
    """Return the number of synaptic events in the longest causal chain of each path.

    Parameters
    ----------
    model : Recurrent
        The network.
    spikes : ndarray
        All spikes, as `lifcore.simulate_spikes` returns them. Of Euler's, which spike together
        at the ends of steps, those of one step do not cause each other.
    paths : int
        Number of paths.

    Returns
    -------
    ndarray of int64, shape (paths,)

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.

    Examples
    --------
    >>> from lifcore.model import LIF
    >>> ring = Recurrent(LIF(mu=1.5, sigma=0.0), np.roll(0.3 * np.eye(4), 1, axis=0))
    >>> from lifcore import simulate_spikes
    >>> spikes = simulate_spikes(ring, h=0.5, T=2.5, paths=1, seed=1, scheme="exact")
    >>> chain_lengths(ring, spikes, 1).tolist()
    [2]
    """
    checks.instance("model", model, Recurrent)
    paths = checks.count("paths", paths)
    spikes = checks.spikes(spikes, paths, model.sizes[0])
    ordered = spikes[np.lexsort((spikes["neuron"], spikes["time"], spikes["path"]))]
    columns = ordered["path"], ordered["neuron"], np.zeros(ordered.size, np.int64), ordered["time"]
    return _chains(columns, by_source(model.weights), paths, 1)[0]


def _chains(
    columns: Iterable[np.ndarray], synapses: Synapses, lanes: int, series: int
) -> np.ndarray:
    """Return the longest chains, shape (series, lanes), of spikes in order of lane and time.

    `columns` are lane, neuron, series and time. The last series is the network itself; row
    k < series - 1 has the chains of its spikes and those of series 0 to k - 1, the last row those
    of its own spikes alone.
    """
    out = np.zeros((series, lanes), np.int64)
    _longest(*(np.ascontiguousarray(column) for column in columns), synapses, out)  # type: ignore[call-arg]
    return out


@njit(nogil=True, cache=True)
def _longest(lane, neuron, series, time, synapses, out):
    last = out.shape[0] - 1
    length = np.empty(lane.size, np.int64)
    for row in range(last + 1):
        reached = np.zeros(synapses.first.size - 1, np.int64)  # the longest chain to end at each
        now = 0
        while now < lane.size:
            if now > 0 and lane[now] != lane[now - 1]:
                reached[:] = 0
            # Spikes of one instant do not cause each other.
            end = now
            while end < lane.size and lane[end] == lane[now] and time[end] == time[now]:
                length[end] = reached[neuron[end]] + 1
                end += 1
            for m in range(now, end):
                if series[m] == last or (series[m] < row and row < last):
                    for e in range(synapses.first[neuron[m]], synapses.first[neuron[m] + 1]):
                        k = synapses.target[e]
                        reached[k] = max(reached[k], length[m])
                        out[row, lane[m]] = max(out[row, lane[m]], length[m])
            now = end


def cycle_gain(model: Recurrent) -> float:
    r"""Return the gain along cycles of synapses.

    It is the spectral radius of :math:`\tau_k |w_{kj}| / (V_{th} - V_r)_k`: a spike brings its
    target the charge tau w, and a spike costs V the way from reset to threshold. So a spike causes
    no more than this many spikes along a cycle, on average over the synapses of a long one.

    Parameters
    ----------
    model : Recurrent
        The network.

    Returns
    -------
    float
        0 without cycles.

    Raises
    ------
    TypeError, ValueError
        If it is not a Recurrent network, or tau is infinite: then the charge of a spike is, too.

    Examples
    --------
    >>> from lifcore.model import LIF
    >>> cycle_gain(Recurrent(LIF(tau=0.5), [[0.0, 0.5], [-0.5, 0.0]]))
    0.25
    """
    checks.instance("model", model, Recurrent)
    return _perron(_charges(model, abs(sparse.csr_array(model.weights))))


def _charges(model: Recurrent, weights: sparse.csr_array) -> sparse.csr_array:
    """Return what weights bring their targets by a spike, in units of the way to threshold."""
    tau = model.column("tau")
    if np.isinf(tau).any():
        raise ValueError("tau = inf: a spike brings an infinite charge; allowed: a finite tau")
    way = model.column("v_th") - model.column("v_reset")
    return sparse.csr_array(sparse.diags_array(tau / way) @ weights)


def _perron(matrix: sparse.csr_array) -> float:
    """Return the spectral radius of a matrix without negative entries.

    It is the largest of those of its strong components, which cycles hold together.
    """
    parts, label = csgraph.connected_components(matrix, connection="strong")
    radius = float(matrix.diagonal().max())
    for part in np.flatnonzero(np.bincount(label, minlength=parts) > 1):
        own = np.flatnonzero(label == part)
        radius = max(radius, _largest_eigenvalue(matrix[own][:, own]))
    return radius


def _largest_eigenvalue(block: sparse.csr_array) -> float:
    if block.shape[0] > DENSE:
        # Shifted, since the eigenvalues of a cycle all have one modulus.
        shift = float(block.sum(axis=1).mean())
        moved = block + shift * sparse.eye_array(block.shape[0], format="csr")
        try:
            found = sparse_linalg.eigs(
                moved, 1, v0=np.ones(block.shape[0]), return_eigenvectors=False
            )
            return float(abs(found[0])) - shift
        except sparse_linalg.ArpackNoConvergence:
            pass  # a long sparse cycle, say: then by all eigenvalues
    return float(np.abs(np.linalg.eigvals(block.toarray())).max())


def rate_bound(model: Recurrent, h: float | None = None) -> np.ndarray:
    r"""Return an upper bound of every neuron's rate, from means and variances alone.

    For any level x in [V_r, V_th) every spike needs V to climb from x to V_th, in which time the
    current in excess of g x is at least the way: pathwise (V_th - x) N_T <= int (I - g x)^+ dt. The
    mean of the free current's part is a Gaussian integral; excitatory synapses add at the most
    tau w to the integral for every spike of a source. So

    .. math:: r \le (1 - M)^{-1} b, \quad M_{kj} = \frac{\tau_k w_{kj}^+}{V_{th} - x}, \quad
        b_k = \frac{\mathrm{E}(I^0_k - g x)^+}{V_{th} - x},

    if the spectral radius of M is below 1. The least of these bounds over x is returned. It holds
    on [0, T] for paths that begin at rest (V = V_r, I = mu), and for any others in the long run;
    for Euler as well if h <= 1/g and h <= tau, beyond which a spike's trace changes its sign.

    Parameters
    ----------
    model : Recurrent
        The network.
    h : float, optional
        Euler's step, by which its current varies more; by default the bound of the exact solution.

    Returns
    -------
    ndarray, shape (neurons,)
        Spikes per unit of time; inf where loops of excitation may feed themselves.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or tau is infinite.

    Examples
    --------
    >>> from lifcore.model import LIF
    >>> rate_bound(Recurrent(LIF(mu=1.5, sigma=0.0), np.zeros((1, 1)))).tolist()
    [1.5]
    """
    checks.instance("model", model, Recurrent)
    variance = model.column("sigma") ** 2 * model.column("tau") / 2.0
    if h is not None:
        fastest = max(1e-300, *model.neuron.decay_rates.values())
        h = checks.real("h", h, above=0.0, at_most=1.0 / fastest, hint="the proof needs it")
        variance = variance / (1.0 - 0.5 * h * model.column("a"))
    deviation = np.sqrt(variance)
    v_th, v_reset = model.column("v_th"), model.column("v_reset")
    bound = np.full(v_th.size, np.inf)
    charges = _charges(model, sparse.csr_array(model.weights).maximum(0.0))
    gain, identity = _perron(charges), sparse.eye_array(v_th.size, format="csr")
    for level in LEVELS[gain < (1.0 - 1e-9) * (1.0 - LEVELS)]:
        x = v_reset + level * (v_th - v_reset)
        free = _positive_part(model.column("mu") - model.column("g") * x, deviation) / (v_th - x)
        bound = np.minimum(bound, _solve(identity - charges / (1.0 - level), free))
    return bound


def _solve(matrix: sparse.csr_array, right: np.ndarray) -> np.ndarray:
    """Solve a linear system, directly if it is small or if iterations stagnate."""
    if matrix.shape[0] <= DENSE:
        return np.linalg.solve(matrix.toarray(), right)
    found, failed = sparse_linalg.gmres(matrix, right, rtol=1e-10, maxiter=50)
    return sparse_linalg.spsolve(matrix.tocsc(), right) if failed else found


def _positive_part(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return E max(X, 0) of Gaussian variables."""
    scaled = np.divide(mean, deviation, out=np.zeros_like(mean), where=deviation > 0.0)
    density = np.exp(-0.5 * scaled**2) / np.sqrt(2.0 * np.pi)
    return np.where(
        deviation > 0.0, mean * special.ndtr(scaled) + deviation * density, np.maximum(mean, 0.0)
    )
