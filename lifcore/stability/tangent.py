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

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from itertools import pairwise

import numpy as np

from lifcore import checks
from lifcore.models.networks import Feedforward, Network, Recurrent, network
from lifcore.models.neuron import LIF, constant_drive_period
from lifcore.noise.exponentials import each, exp, log, log1p
from lifcore.runs.executors import map_blocks
from lifcore.runs.simulate import simulate_spikes
from lifcore.runs.starts import random_start
from lifcore.schemes.portions import portions
from lifcore.stability.exponents import (
    FEWEST_SPIKES,
    FEWEST_STRETCHES,
    affordable_settling,
    never_spikes,
    stretches,
)
from lifcore.stability.propagator import path_growth, place
from lifcore.stability.spectrum import Spectrum
from lifcore.strong.flux import step_for


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
    plain = np.ones((1, 2, count))
    return _of_paths(_constants(net, matrix), [record], [begin, end], plain, 2 * count)[0][0]


def network_spectrum(
    model: LIF | Feedforward | Recurrent,
    *,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    settle: float | None = None,
    count: int | None = None,
    executor: Executor | str | None = None,
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
        Time before, from stationary currents and random phases (`lifcore.runs.starts`); by
        default 16 times the slowest of 1/g and, in networks, tau. Several attractors, of a network
        with hardly any noise, are all visited, and the mean is taken over them.
    count : int, optional
        How many exponents, from the largest down; by default all.
    executor : concurrent.futures.Executor or str, optional
        Where to compute.

    Returns
    -------
    Spectrum
        Lengths at the ends are measured in times where a neuron's drive makes it spike, as in
        `lifcore.stability.exponents.phase_norm` (V taken as that of the mean drive since the last
        spike). Intervals are infinite with fewer than ten spikes a neuron, all paths together, or
        fewer than 30 stretches of twice the slowest of 1/g and tau.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or settling by default would take hours.

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
    if settle is None:
        begin = affordable_settling(net, paths)
    else:
        begin = checks.real("settle", settle, at_least=0.0)
    h = min(step_for(neuron, begin + T) for neuron in net.neurons)
    root = checks.seed(seed)
    spikes = simulate_spikes(
        net, h=h, T=begin + T, paths=paths, seed=root, scheme="exact",
        start=random_start(net, paths, root), executor=executor,
    )  # fmt: skip
    spikes = spikes[np.lexsort((spikes["time"], spikes["path"]))]
    edges = np.searchsorted(spikes["path"], np.arange(paths + 1))
    records = [
        (own["time"].copy(), own["neuron"].astype(np.int64), own["speed"].copy())
        for own in (spikes[a:b] for a, b in pairwise(edges))
    ]
    constants = _constants(net, _all_weights(net))
    marks = [begin, begin + 0.5 * T, begin + T]
    norms = np.array([_norms(net.neurons, record, marks) for record in records])
    tasks = [
        (constants, [records[k] for k in part], marks, norms[part], rows)
        for part in np.array_split(np.arange(paths), min(paths, 16))
    ]
    done = map_blocks(_of_paths, tasks, executor, "tangent dynamics")
    values, halves = (np.concatenate(part) for part in zip(*done, strict=True))
    g, a, kick, _ = constants
    own = np.empty((paths, 2 * g.size))
    own[:, : g.size] = each(log, norms[:, -1] / norms[:, 0]) / T - g
    own[:, g.size :] = -a
    seen = 0
    for row, (time, neuron, speed) in zip(own, records, strict=True):
        late = time > begin
        logs = each(log1p, kick[neuron[late]] / speed[late])
        row[: g.size] += np.bincount(neuron[late], logs, g.size) / T
        seen += int(late.sum())
    pieces = paths * min(stretches(neuron, T) for neuron in net.neurons)
    note = ""
    if pieces < FEWEST_STRETCHES:
        note = f"intervals unknown: fewer than {FEWEST_STRETCHES} independent stretches of time"
    elif seen < FEWEST_SPIKES * g.size and not all(never_spikes(n) for n in net.neurons):
        note = f"intervals unknown: fewer than {FEWEST_SPIKES} spikes a neuron"
    return Spectrum(values, -np.sort(-own, axis=1), halves, note)


def _norms(
    neurons: Sequence[LIF], record: tuple[np.ndarray, ...], marks: list[float]
) -> np.ndarray:
    """Return what delta V of each neuron is multiplied by at each mark to measure it as a time.

    On the orbit of a constant drive mu - g V falls like exp(-g t) from the last spike on, for at
    most a period. A neuron that such a drive leaves at rest is not forced to spike by mu alone,
    but perhaps by its input: there as well, for a time of 2/g.
    """
    times, who, _ = record
    norms = np.ones((len(marks), len(neurons)))
    for k, lif in enumerate(neurons):
        if lif.g > 0.0:
            longest = constant_drive_period(lif) if lif.mu > lif.i_th else 2.0 / lif.g
            own = times[who == k]
            at = np.searchsorted(own, marks, side="right") - 1
            for m, last in enumerate(at):
                age = marks[m] - own[last] if last >= 0 else math.inf
                norms[m, k] = exp(lif.g * min(age, longest))
    return norms


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
    marks: list[float],
    norms: np.ndarray,
    rows: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted `rows` largest exponents of some paths, shape (paths, rows).

    Those from the first mark to the last, and the mean of those from mark to mark.
    """
    g, a = constants[:2]
    # Orthonormalise often enough that no direction outgrows another by more than a few e-folds.
    every = 1.0 / max(1e-300, float(max(g.max(), a.max())))
    at = np.asarray(marks)
    out = np.zeros((len(records), at.size - 1, rows))
    for part, record, norm in zip(out, records, norms, strict=True):
        begun = place(rows, g.size)
        # A turn is a spike, a mark, or a time to orthonormalise.
        most = record[0].size + 2 * at.size + math.ceil(1.001 * at[-1] / every) + 2
        for first, last in portions(0, most, share=1.0 / len(records)):
            path_growth(constants, record, at, norm, every, begun, last - first, part)
            if begun.at[1] == at.size:
                break
        assert begun.at[1] == at.size
    parts = -np.sort(-out / np.diff(at)[:, None], axis=2)
    return -np.sort(-out.sum(axis=1) / (at[-1] - at[0]), axis=1), parts.mean(axis=1)
