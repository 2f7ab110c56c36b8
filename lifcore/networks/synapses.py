"""The synapses of a network with loops, by source: what a spike delivers is one run of memory."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from lifcore import checks
from lifcore.noise.dispatch import borrowing


class Synapses(NamedTuple):
    """The synapses ``first[j]`` to ``first[j + 1]`` are those of source j, in order of target.

    ``delay`` is one a synapse, or empty if there are none: in time, or in steps for a scheme on the
    grid.

    Examples
    --------
    >>> by_source([[0.0, 2.0], [1.0, 3.0]]).target.tolist()
    [1, 0, 1]
    """

    first: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    delay: np.ndarray


def by_source(weights: Any, delays: Any = 0.0) -> Synapses:
    """Return the synapses of a matrix of weights; those of weight zero are none.

    Parameters
    ----------
    weights : array_like or scipy.sparse array, shape (targets, sources)
        The matrix.
    delays : float or csr_array, optional
        Those of a model, validated: one for all, or one a synapse.

    Returns
    -------
    Synapses
        12 bytes a synapse, 20 with delays.

    Examples
    --------
    >>> by_source([[0.0, 2.0], [1.0, 3.0]]).weight.tolist()
    [1.0, 2.0, 3.0]
    """
    columns = sparse.csc_array(weights, dtype=np.float64, copy=True)
    columns.eliminate_zeros()
    columns.sort_indices()
    target = columns.indices.astype(np.uint32, copy=False)
    if sparse.issparse(delays):  # of the weights' entries, whose order this keeps
        late = sparse.csc_array(delays)
        late.sort_indices()
        delay = late.data
    else:
        delay = np.full(columns.data.size if delays > 0.0 else 0, float(delays))
    return Synapses(columns.indptr.astype(np.int64), target, columns.data, delay)


def on_grid(synapses: Synapses, h: float) -> Synapses:
    """Return the same synapses with their delays in steps, rounded by `checks.delay_steps`.

    Examples
    --------
    >>> on_grid(by_source([[0.0, 2.0], [1.0, 3.0]], 1.5), 0.5).delay.tolist()
    [3, 3, 3]
    """
    return synapses._replace(delay=checks.delay_steps(synapses.delay, h))


def rates_and_weights(model: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the rates and the weights of a network's inputs, shape (inputs, neurons).

    Examples
    --------
    >>> from lifcore.models import LIF, PoissonInput, Recurrent
    >>> model = Recurrent(LIF(), np.eye(2), poisson=PoissonInput(4.0, [0.5, 0.25]))
    >>> rates_and_weights(model)[1].tolist()
    [[0.5, 0.25]]
    """
    shape = len(model.poisson), sum(model.sizes)
    rates, weights = np.empty(shape), np.empty(shape)
    for m, one in enumerate(model.poisson):
        rates[m], weights[m] = one.rate, one.weight
    return rates, weights


def with_inputs(synapses: Synapses, model: Any) -> Synapses:
    """Return a network's synapses and behind them those of its inputs, all with delays.

    Examples
    --------
    >>> from lifcore.models import LIF, PoissonInput, Recurrent
    >>> model = Recurrent(LIF(), [[0.0, 1.0], [0.0, 0.0]], poisson=PoissonInput(4.0, 0.5))
    >>> more = with_inputs(by_source(model.weights), model)
    >>> more.first.tolist(), more.target.tolist(), more.delay.tolist()
    ([0, 0, 1, 2, 3], [0, 0, 1], [0.0, 0.0, 0.0])
    """
    _, weights = rates_and_weights(model)
    inputs, neurons = weights.shape
    own = synapses.delay if synapses.delay.size else np.zeros(synapses.target.size)
    targets = np.tile(np.arange(neurons, dtype=np.uint32), inputs)
    return Synapses(
        np.append(synapses.first, synapses.first[-1] + 1 + np.arange(targets.size)),
        np.append(synapses.target, targets),
        np.append(synapses.weight, weights.ravel()),
        np.append(own, np.zeros(targets.size)),
    )


@borrowing()
def deliver_spike(synapses, source, i):
    """Add to the currents of all targets what a spike of `source` brings them."""
    target, weight = synapses.target, synapses.weight
    for e in range(synapses.first[source], synapses.first[source + 1]):
        i[target[e]] += weight[e]
