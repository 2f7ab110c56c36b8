r"""Tangent dynamics of networks: the whole Lyapunov spectrum from recorded spikes.

Between spikes a perturbation of (V, I) of every neuron follows the linear flow

.. math:: \delta V' = -g\,\delta V + \delta I, \qquad \delta I' = -\delta I/\tau.

A spike of neuron j with speed A comes earlier by u = delta V_j/A. Its reset multiplies delta V_j
by s_j(A), and each target k receives its jump w of current earlier by u:

.. math:: \delta V_k \to \delta V_k + w\,u, \qquad \delta I_k \to \delta I_k - (w/\tau_k)\,u.

This is the saltation matrix D + (f_after - D f_before) n' / (n' f_before) of the reset, with D
the identity but for a zero at V_j, n the unit vector of V_j; additive noise cancels in it. Any
matrix of weights over all neurons will do, layered or not.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from lifcore import checks
from lifcore.evidence.statistics import Estimate, mean
from lifcore.models.networks import Feedforward, Network, Recurrent, network
from lifcore.models.neuron import LIF
from lifcore.runs.executors import map_blocks
from lifcore.runs.simulate import simulate_spikes
from lifcore.stability.propagator import path_exponents
from lifcore.strong.flux import step_for


@dataclass(frozen=True)
class Spectrum:
    """The Lyapunov spectrum of a network, and what its neurons have one by one.

    Attributes
    ----------
    values : ndarray, shape (paths, count)
        Each path's exponents, the largest first; 2 neurons of them unless fewer were asked for.
    own : ndarray, shape (paths, 2 neurons)
        Each path's union over neurons of -g + mean log s and -1/tau, the largest first.

    Examples
    --------
    >>> found = network_spectrum(LIF(tau=0.2), T=50.0, paths=4, seed=1)
    >>> found.values.shape
    (4, 2)
    """

    values: np.ndarray = field(repr=False)
    own: np.ndarray = field(repr=False)

    @property
    def exponents(self) -> tuple[Estimate, ...]:
        """The exponents, the largest first."""
        return tuple(mean(column) for column in self.values.T)


def spectrum_of_record(
    model: LIF | Feedforward | Recurrent,
    times: np.ndarray,
    neurons: np.ndarray,
    speeds: np.ndarray,
    *,
    end: float,
    begin: float = 0.0,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Return the Lyapunov exponents of one path from its spikes.

    Parameters
    ----------
    model : LIF, Feedforward or Recurrent
        The network.
    times, neurons, speeds : ndarray, shape (spikes,)
        The spikes of all neurons in order of time: when, whose, how fast.
    end : float
        Time up to which to average.
    begin : float, optional
        Time from which; spikes before it only turn the tangent vectors.
    weights : ndarray, shape (neurons, neurons), optional
        weights[k, j] is the jump of neuron k's current at a spike of j; by default the model's.

    Returns
    -------
    ndarray, shape (2 neurons,)
        The largest first.

    Raises
    ------
    TypeError, ValueError
        If the record is empty, not sorted, differs in length, names a neuron that there is not
        or has a speed that is not positive.

    Examples
    --------
    >>> one = spectrum_of_record(
    ...     LIF(g=1.0, tau=0.5), np.array([1.0]), np.array([0]), np.array([1.0]), end=40.0
    ... )
    >>> bool(np.allclose(one, [np.log(2) / 40 - 1, -2], atol=0.05))
    True
    """
    net = network("model", model)
    count = len(net.neurons)
    begin, end = checks.real("begin", begin, at_least=0.0), checks.real("end", end, above=begin)
    t, a = checks.positive("times", times), checks.positive("speeds", speeds)
    who = np.asarray(neurons)
    if t.ndim != 1 or t.size == 0 or not t.shape == a.shape == who.shape:
        raise ValueError(
            f"times, neurons and speeds have shapes {t.shape}, {who.shape} and {a.shape}; "
            "allowed: one common length of 1 or more"
        )
    if (np.diff(t) < 0.0).any() or t[-1] > end:
        raise ValueError(f"times are not sorted or go past end = {end!r}; allowed: increasing")
    if who.dtype.kind not in "iu" or who.min() < 0 or who.max() >= count:
        raise ValueError(
            f"neurons = {who.tolist()[:8]}...; allowed: integers from 0 to {count - 1}"
        )
    matrix = _all_weights(net) if weights is None else np.asarray(weights, dtype=np.float64)
    if matrix.shape != (count, count) or not np.isfinite(matrix).all():
        raise ValueError(f"weights has shape {matrix.shape}; allowed: finite, {(count, count)}")
    record = t, who.astype(np.int64), a
    return _of_paths(_constants(net, matrix), [record], begin, end, 2 * count)[0]


def network_spectrum(
    model: LIF | Feedforward | Recurrent,
    *,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    settle: float | None = None,
    count: int | None = None,
    executor: Executor | None = None,
) -> Spectrum:
    """Return the spectrum of a network along exact paths, the whole of it or its upper end.

    Parameters
    ----------
    model : LIF, Feedforward or Recurrent
        The network. For the whole spectrum of about ten neurons at most, since the work grows with
        their number cubed; for the largest exponents of some hundreds.
    T : float
        Time over which to average.
    paths : int
        Number of paths, at least 2.
    seed : int or SeedSequence
        As in `lifcore.runs.simulate`.
    settle : float, optional
        Time before, by default 16 times the slowest of 1/g and tau.
    count : int, optional
        How many exponents, from the largest down; by default all.
    executor : concurrent.futures.Executor, optional
        Where to compute.

    Returns
    -------
    Spectrum

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.

    Examples
    --------
    >>> found = network_spectrum(LIF(tau=0.2), T=50.0, paths=4, seed=1)
    >>> found.exponents[1].mean.__round__(2)
    -5.0
    """
    net = network("model", model)
    T, paths = checks.real("T", T, above=0.0), checks.count("paths", paths, at_least=2)
    rows = 2 * len(net.neurons)
    if count is not None:
        rows = int(checks.real("count", checks.count("count", count), at_most=rows))
    slow = [1.0 / rate for n in net.neurons for rate in (n.g, n.a) if rate > 0.0]
    begin = 16.0 * max(slow, default=0.0)
    if settle is not None:
        begin = checks.real("settle", settle, at_least=0.0)
    h = min(step_for(neuron, begin + T) for neuron in net.neurons)
    spikes = simulate_spikes(
        net, h=h, T=begin + T, paths=paths, seed=seed, scheme="exact", executor=executor
    )
    spikes = spikes[np.lexsort((spikes["time"], spikes["path"]))]
    edges = np.searchsorted(spikes["path"], np.arange(paths + 1))
    records = [
        (own["time"].copy(), own["neuron"].astype(np.int64), own["speed"].copy())
        for own in (spikes[a:b] for a, b in pairwise(edges))
    ]
    constants = _constants(net, _all_weights(net))
    tasks = [
        (constants, [records[k] for k in part], begin, begin + T, rows)
        for part in np.array_split(np.arange(paths), min(paths, 16))
    ]
    values = np.concatenate(map_blocks(_of_paths, tasks, executor, "tangent dynamics"))
    g, a, kick, _ = constants
    own = np.empty((paths, 2 * g.size))
    for row, (time, neuron, speed) in zip(own, records, strict=True):
        late = time > begin
        logs = np.log1p(kick[neuron[late]] / speed[late])
        row[: g.size] = np.bincount(neuron[late], logs, g.size) / T - g
        row[g.size :] = -a
    return Spectrum(values, -np.sort(-own, axis=1))


def _all_weights(net: Network) -> np.ndarray:
    """Return the weights of a network as one matrix over all its neurons."""
    if isinstance(net, Recurrent):
        return net.weights.toarray() if hasattr(net.weights, "toarray") else net.weights
    matrix = np.zeros((len(net.neurons),) * 2)
    for number, block in enumerate(net.weights):
        dense = block.toarray() if hasattr(block, "toarray") else block
        matrix[net.layer(number + 1), net.layer(number)] = dense
    return matrix


def _constants(net: Network, weights: np.ndarray) -> tuple[np.ndarray, ...]:
    kick = net.column("g") * (net.column("v_th") - net.column("v_reset"))
    return net.column("g"), net.column("a"), kick, np.ascontiguousarray(weights)


def _of_paths(
    constants: tuple[np.ndarray, ...],
    records: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
    begin: float,
    end: float,
    rows: int,
) -> np.ndarray:
    """Return the sorted `rows` largest exponents of some paths, shape (paths, rows)."""
    g, a = constants[:2]
    # Orthonormalise often enough that no direction outgrows another by more than a few e-folds.
    every = 1.0 / max(1e-300, float(max(g.max(), a.max())))
    out = np.empty((len(records), rows))
    for row, record in zip(out, records, strict=True):
        path_exponents(constants, record, (begin, end, every), row)
    return -np.sort(-out / (end - begin), axis=1)
