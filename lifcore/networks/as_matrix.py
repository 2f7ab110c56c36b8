"""Populations as a matrix of weights, for what does not know populations."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from scipy import sparse

from lifcore import checks
from lifcore.models.networks import Recurrent
from lifcore.models.neuron import LIF
from lifcore.models.populations import Populations
from lifcore.networks.drawn import draw_synapses


def as_recurrent(model: Populations) -> Recurrent:
    """Return populations as a `Recurrent`, whose matrix of weights takes 20 bytes a synapse.

    Parameters
    ----------
    model : Populations
        A network in which no pair of neurons has two synapses.

    Returns
    -------
    Recurrent
        The same network: `simulate` has the same results. A synapse of weight 0 is none.

    Raises
    ------
    ValueError
        If a pair has two synapses, which a matrix cannot hold.

    Examples
    --------
    >>> from lifcore.models import LIF, Population, Projection
    >>> few = Population("E", 4, LIF())
    >>> all_to_all = Projection("E", "E", probability=1.0, weight=0.5, delay=1.5)
    >>> as_recurrent(Populations([few], [all_to_all], seed=1)).weights.nnz
    16
    """
    checks.instance("model", model, Populations)
    bundles, _ = draw_synapses(model)
    neurons, parts = sum(model.sizes), bundles.first.shape[0]
    counts = np.diff(bundles.first, axis=1).ravel()
    source = np.repeat(np.tile(np.arange(neurons), parts), counts)
    part = np.repeat(np.repeat(np.arange(parts), neurons), counts)
    synapse = bundles.synapse
    target = part * bundles.part + synapse["target"]
    acts = synapse["weight"] != 0.0  # where there is no weight a matrix has no delay either
    if not acts.all():
        source, target, synapse = source[acts], target[acts], synapse[acts]
    shape = neurons, neurons
    weights, codes = (
        sparse.csr_array((data, (target, source)), shape)
        for data in (synapse["weight"].astype(np.float64), synapse["delay"].astype(np.float64))
    )
    if weights.nnz < source.size:  # two in one place have been added up
        raise ValueError(
            "model has two synapses from one neuron to another, as a number of synapses brings "
            "about; allowed: projections with a probability"
        )
    late = weights.copy()
    late.data = model.delay_times[codes.data.astype(np.int64)]
    columns: dict[str, Any] = {f.name: model.column(f.name) for f in fields(LIF)}
    return Recurrent(LIF(**columns), weights, model.common, late, model.poisson)
