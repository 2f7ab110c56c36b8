"""Networks of neurons: layers, and loops; sizes and weights, validated once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from lifcore import checks
from lifcore.models.neuron import LIF
from lifcore.models.poisson import poisson_inputs


class _Network:
    """What networks have in common: neurons in a fixed order, layer after layer."""

    layers: Sequence[LIF]
    delays: Any

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons in each layer."""
        raise NotImplementedError

    @property
    def delay_range(self) -> tuple[float, float]:
        """The shortest and the longest delay of all synapses."""
        each = self.delays if isinstance(self.delays, tuple) else (self.delays,)
        ends = [
            (part.data.min(), part.data.max()) if sparse.issparse(part) else (part, part)
            for part in each
        ]
        return float(min(low for low, _ in ends)), float(max(high for _, high in ends))

    @cached_property
    def neurons(self) -> tuple[LIF, ...]:
        """All neurons, layer after layer."""
        return tuple(
            neuron
            for lif, count in zip(self.layers, self.sizes, strict=True)
            for neuron in lif.neurons(count)
        )

    @property
    def at_rest(self) -> tuple[np.ndarray, np.ndarray]:
        """Where paths start unless told otherwise: v_reset and mu of every neuron."""
        return self.column("v_reset"), self.column("mu")

    def column(self, name: str) -> np.ndarray:
        """Return a parameter of all neurons as an array.

        Parameters
        ----------
        name : str
            A field or property of LIF.

        Returns
        -------
        ndarray, shape (neurons,)

        Examples
        --------
        >>> Feedforward([LIF(mu=0.5), LIF(mu=0.75)], [[[1.0]]]).column("mu").tolist()
        [0.5, 0.75]
        """
        values = [
            np.broadcast_to(getattr(lif, name), n)
            for lif, n in zip(self.layers, self.sizes, strict=True)
        ]
        return np.concatenate(values)

    def layer(self, number: int) -> slice:
        """Return which neurons a layer has, as a slice of the last axis of results.

        Parameters
        ----------
        number : int
            The layer, from 0.

        Returns
        -------
        slice

        Raises
        ------
        TypeError, IndexError
            If `number` is not an integer or out of range.

        Examples
        --------
        >>> Feedforward([LIF(), LIF()], [np.ones((2, 3))]).layer(1)
        slice(3, 5, None)
        """
        number = checks.index("layer", number, len(self.sizes))
        first = sum(self.sizes[:number])
        return slice(first, first + self.sizes[number])


@dataclass(frozen=True, eq=False)
class Feedforward(_Network):
    r"""A layered network: each layer's spikes drive the next one, and nothing flows back.

    A spike of neuron j of layer l makes the current I of neuron k of layer l + 1 jump by
    ``weights[l][k, j]``; the noises of all neurons are independent.

    Parameters
    ----------
    layers : sequence of LIF
        One LIF a layer, the first layer first. Fields that are arrays hold one value a neuron.
    weights : sequence of array_like or scipy.sparse arrays
        ``weights[l]`` has shape (neurons of layer l + 1, neurons of layer l); positive is
        excitatory. The sizes of the layers follow from it; a network of one layer takes its
        size from the arrays of its LIF.
    delays : float, or sequence of one float or matrix for each of the weights, optional
        A spike at s acts on its target at s + delay. A matrix holds one delay a synapse; a sparse
        one has the entries of the weights.

    Raises
    ------
    TypeError, ValueError
        If the shapes do not chain, a layer has no neurons, a weight is not a finite number, or a
        delay is negative; the message names the layer and the shapes.

    References
    ----------
    Dou, Chen, Lin, Xiao, arXiv:2603.10854.

    Examples
    --------
    >>> chain = Feedforward([LIF(), LIF(mu=0.8)], [[[0.3, 0.2, 0.1]]])
    >>> chain.sizes
    (3, 1)
    """

    layers: Sequence[LIF]
    weights: Sequence[Any]
    delays: Any = 0.0

    def __post_init__(self) -> None:
        layers = checks.sequence("layers", self.layers)
        if not layers:
            raise ValueError("layers is empty; allowed: a sequence of one or more LIF")
        for number, lif in enumerate(layers):
            checks.instance(f"layers[{number}]", lif, LIF)
        given = checks.sequence("weights", self.weights)
        if len(given) != len(layers) - 1:
            raise ValueError(
                f"weights has {len(given)} matrices for {len(layers)} layers; allowed: "
                f"{len(layers) - 1}, one from each layer to the next"
            )
        sizes = [lif.size for lif in layers]  # type: ignore[attr-defined]
        matrices = tuple(checks.weights(number, value, sizes) for number, value in enumerate(given))
        object.__setattr__(self, "layers", tuple(layers))
        object.__setattr__(self, "weights", matrices)
        object.__setattr__(self, "delays", checks.layers_delays(self.delays, matrices))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons in each layer."""
        if not self.weights:
            return (self.layers[0].size or 1,)
        return (self.weights[0].shape[1], *(matrix.shape[0] for matrix in self.weights))


@dataclass(frozen=True, eq=False)
class Recurrent(_Network):
    r"""A network with loops: every neuron may drive every neuron, itself included.

    A spike of neuron j makes the current I of neuron k jump by ``weights[k, j]``, a delay later:
    after the spike itself for the exact solution, after the end of its step for Euler. A neuron's
    synapse onto itself acts after its reset.

    Parameters
    ----------
    neuron : LIF
        The neurons; fields that are arrays hold one value a neuron, as for populations of
        excitatory and inhibitory ones.
    weights : array_like or scipy.sparse array, shape (neurons, neurons)
        Rows are targets, columns sources; positive is excitatory. A weight of zero is no synapse.
    common : float, optional
        Share of the noise's variance that is common to all neurons, from 0 (independent noises)
        to 1 (one noise for all): :math:`dW_k = \sqrt{c}\,dW^0 + \sqrt{1-c}\,dW^k`.
    delays : float, array_like or scipy.sparse array, optional
        A spike at s acts on its target at s + delay: one delay for all synapses, or a matrix of the
        weights' shape with one a synapse; a sparse one has the entries of the weights.
    poisson : PoissonInput, or sequence of them, optional
        Events that make currents jump, beside the noise.

    Raises
    ------
    TypeError, ValueError
        If the weights are not a square matrix of finite numbers that fits the neurons, a delay is
        negative or at no synapse, `common` is out of range, or noise is shared by neurons of
        different g or tau.

    References
    ----------
    Dou, Chen, Lin, Xiao, arXiv:2603.10854.

    Examples
    --------
    >>> pair = Recurrent(neuron=LIF(), weights=[[0.0, 0.3], [-0.2, 0.0]])
    >>> pair.sizes
    (2,)
    """

    neuron: LIF
    weights: Any
    common: float = 0.0
    delays: Any = 0.0
    poisson: Any = ()

    def __post_init__(self) -> None:
        checks.instance("neuron", self.neuron, LIF)
        object.__setattr__(self, "weights", checks.square_weights(self.weights, self.neuron.size))
        object.__setattr__(self, "delays", checks.delays("delays", self.delays, self.weights))
        object.__setattr__(
            self, "common", checks.real("common", self.common, at_least=0.0, at_most=1.0)
        )
        inputs = poisson_inputs("poisson", self.poisson, self.weights.shape[0])
        object.__setattr__(self, "poisson", inputs)
        for name in ("g", "tau"):
            if self.common > 0.0 and np.unique(getattr(self.neuron, name)).size > 1:
                raise ValueError(
                    f"common = {self.common!r}, but {name} differs between neurons; allowed: "
                    "common = 0, or one g and one tau, so that all filter the noise alike"
                )

    @property
    def layers(self) -> tuple[LIF]:  # type: ignore[override]
        """The neurons as one layer."""
        return (self.neuron,)

    @property
    def sizes(self) -> tuple[int]:
        """The number of neurons, as of one layer."""
        return (self.weights.shape[0],)


Network = Feedforward | Recurrent
"""A network of either kind, as a type."""


def network(
    name: str,
    model: object,
    *,
    refractory: bool = False,
    delays: bool = False,
    poisson: bool = False,
) -> Network:
    """Return a model as a network: a LIF is a layer without input.

    Parameters
    ----------
    name : str
        Name of the argument.
    model : object
        What the user passed.
    refractory : bool, optional
        Whether the caller can do with refractory times; else they are refused.
    delays : bool, optional
        Whether it can do with delays, and with refractory times in networks with loops.
    poisson : bool, optional
        Whether it can do with Poisson input, and with `Populations`.

    Raises
    ------
    TypeError
        If it is none of LIF, Feedforward, Recurrent and what else is allowed.
    ValueError
        If a neuron has a refractory time or Poisson input, or a synapse a delay, that the caller
        ignores.

    Examples
    --------
    >>> network("model", LIF()).sizes
    (1,)
    """
    allowed = _Network if poisson else Feedforward | Recurrent
    if not isinstance(model, LIF | allowed):
        more = ", or lifcore.models.Populations" if poisson else ""
        raise TypeError(
            f"{name} = {model!r} is a {type(model).__name__}; allowed: lifcore.LIF, "
            f"lifcore.Feedforward or lifcore.Recurrent{more}"
        )
    net = Feedforward([model], []) if isinstance(model, LIF) else model
    if not refractory:
        for lif in net.layers:
            checks.no_refractory(name, lif.t_ref)
    if not delays:
        checks.no_delays(name, net)
    if not poisson:
        checks.no_poisson(name, net)
    return net  # type: ignore[return-value]
