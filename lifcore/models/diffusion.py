"""Populations whose Poisson input is replaced by noise, so that they have an exact solution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lifcore import checks
from lifcore.models.populations import Populations
from lifcore.models.projections import Population, Projection


def diffusion_approximation(model: Populations) -> Populations:
    r"""Return populations with noise in place of Poisson input, and single synapses of pairs.

    Events of rate r and weight w become a drive :math:`r w \tau` and noise of variance
    :math:`r w^2`, added to the neuron's own. Numbers of synapses become probabilities with the same
    expected numbers, so that :func:`~lifcore.networks.as_matrix.as_recurrent` can hold the network
    in a matrix.

    Parameters
    ----------
    model : Populations
        Each Poisson input with one rate and one weight in a population.

    Returns
    -------
    Populations
        With the seed of `model`; which pairs are connected differs from it.

    Raises
    ------
    TypeError, ValueError
        If `model` is something else, a rate or weight is an array, or a projection has more
        synapses than pairs.

    References
    ----------
    Lansky (1984), On approximations of Stein's neuronal model. Journal of Theoretical Biology 107.

    Examples
    --------
    >>> from lifcore.models import LIF, PoissonInput
    >>> some = Population("E", 9, LIF(mu=0.0, sigma=0.0, tau=0.5), PoissonInput(100.0, 0.1))
    >>> found = diffusion_approximation(Populations([some], [], seed=1)).populations[0].neuron
    >>> float(round(found.mu, 9)), float(round(found.sigma, 9))
    (5.0, 1.0)
    """
    checks.instance("model", model, Populations)
    size = dict(zip(model.names, model.sizes, strict=True))
    populations, projections = [], []
    for one in model.populations:
        neuron = one.neuron
        for number, events in enumerate(one.poisson):
            if np.ndim(events.rate) or np.ndim(events.weight):
                raise ValueError(
                    f"model: poisson[{number}] of {one.name!r} has an array for rate or weight; "
                    "allowed: one number for a population"
                )
            drive = neuron.mu + events.rate * events.weight * neuron.tau
            deviation = np.hypot(neuron.sigma, events.weight * events.rate**0.5)
            neuron = replace(neuron, mu=drive, sigma=deviation)
        populations.append(Population(one.name, one.size, neuron))
    for k, way in enumerate(model.projections):
        chance = way.probability
        if way.synapses is not None:
            pairs = size[way.source] * size[way.target]
            if way.synapses > pairs:
                raise ValueError(
                    f"model: projections[{k}] ({way.label}) has {way.synapses} synapses for {pairs}"
                    " pairs; allowed: up to one a pair"
                )
            chance = way.synapses / pairs
        projections.append(
            Projection(
                way.source, way.target, probability=chance, weight=way.weight, delay=way.delay
            )
        )
    return Populations(populations, projections, model.seed, model.resolution, model.common)
