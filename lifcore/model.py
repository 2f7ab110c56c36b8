"""The models: parameters and weights, validated once, and what follows from them by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from lifcore import checks


@dataclass(frozen=True, eq=False)
class LIF:
    r"""A leaky integrate-and-fire neuron with an exponential synapse and current noise.

    .. math::

        dV = (I - gV)\,dt, \qquad dI = \frac{\mu - I}{\tau}\,dt + \sigma\,dW,

    and V jumps from `v_th` to `v_reset` whenever it reaches `v_th` from below.

    In a layer of a `Feedforward` network every field may be an array with one value a
    neuron; a number stands for all neurons alike.

    Parameters
    ----------
    g : float
        Leak, 1/time. 0 means a perfect integrator.
    v_th, v_reset : float
        Threshold and reset of V; the resting potential is 0. v_reset < v_th.
    tau : float
        Synaptic time constant. ``inf`` means that I is a Brownian motion.
    mu : float
        Mean of I.
    sigma : float
        Noise strength of I, (unit of I)/sqrt(time); the stationary variance of I is
        sigma**2 tau / 2.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not a number in the range stated above, nor an array of them, or
        if arrays differ in length.

    References
    ----------
    Dou, Chen, Lin, Xiao, arXiv:2603.10854, whose letters these are.

    Examples
    --------
    >>> LIF(mu=1.5, sigma=0.3).i_th
    1.0
    >>> LIF(mu=np.array([1.0, 1.5])).size
    2
    """

    g: float = 1.0
    v_th: float = 1.0
    v_reset: float = 0.0
    tau: float = 0.5
    mu: float = 1.2
    sigma: float = 0.6

    def __post_init__(self) -> None:
        limits: dict[str, dict[str, Any]] = {
            "g": {"at_least": 0.0},
            "tau": {"above": 0.0, "infinite": True},
            "sigma": {"at_least": 0.0},
        }
        sizes: dict[str, int] = {}
        for field in fields(self):
            name, value = field.name, getattr(self, field.name)
            limit = limits.get(name, {})
            if isinstance(value, np.ndarray) and value.ndim > 0:
                value = checks.reals(name, value, **limit)
                sizes[name] = value.size
            else:
                value = checks.real(name, value, **limit)
            object.__setattr__(self, name, value)
        if len(set(sizes.values())) > 1:
            raise ValueError(f"arrays of different lengths: {sizes}; allowed: one value a neuron")
        below = np.asarray(self.v_reset) < np.asarray(self.v_th)
        if not below.all():
            raise ValueError(
                f"v_reset = {self.v_reset!r} is not below v_th = {self.v_th!r}; "
                "allowed: v_reset < v_th"
            )

    def _key(self) -> tuple[object, ...]:
        values = (getattr(self, field.name) for field in fields(self))
        return tuple(tuple(v.tolist()) if isinstance(v, np.ndarray) else v for v in values)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, LIF) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    @property
    def size(self) -> int | None:
        """Number of neurons if a field is an array, else None."""
        sizes = (np.size(v) for f in fields(self) if np.ndim(v := getattr(self, f.name)) > 0)
        return next(sizes, None)

    def neurons(self, count: int) -> tuple[LIF, ...]:
        """Return the neurons of a layer of `count`, each with numbers for parameters.

        Parameters
        ----------
        count : int
            Number of neurons; `size` if a field is an array.

        Returns
        -------
        tuple of LIF

        Examples
        --------
        >>> [neuron.mu for neuron in LIF(mu=np.array([1.0, 1.5])).neurons(2)]
        [1.0, 1.5]
        """
        columns = {f.name: np.broadcast_to(getattr(self, f.name), count) for f in fields(self)}
        return tuple(
            LIF(**{name: float(column[k]) for name, column in columns.items()})
            for k in range(count)
        )

    @property
    def i_th(self) -> float:
        """Current at which V rests at the threshold, g v_th; a spike's speed is I - i_th."""
        return self.g * self.v_th

    @property
    def a(self) -> float:
        """Decay rate of the current, 1/tau (0 for tau = inf)."""
        return 1.0 / self.tau

    @property
    def decay_rates(self) -> dict[str, float]:
        """Decay rates of the linear flow by name (the largest of a layer), for stability limits."""
        return {"g": float(np.max(self.g)), "1/tau": float(np.max(self.a))}


class _Network:
    """What networks have in common: neurons in a fixed order, layer after layer."""

    layers: Sequence[LIF]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons in each layer."""
        raise NotImplementedError

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

    Raises
    ------
    TypeError, ValueError
        If the shapes do not chain, a layer has no neurons, or a weight is not a finite
        number; the message names the layer and the shapes.

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

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons in each layer."""
        if not self.weights:
            return (self.layers[0].size or 1,)
        return (self.weights[0].shape[1], *(matrix.shape[0] for matrix in self.weights))


@dataclass(frozen=True, eq=False)
class Recurrent(_Network):
    r"""A network with loops: every neuron may drive every neuron, itself included.

    A spike of neuron j makes the current I of neuron k jump by ``weights[k, j]``, in the same
    instant for the exact solution, at the end of the step for Euler. A neuron's synapse onto
    itself acts after its reset.

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

    Raises
    ------
    TypeError, ValueError
        If the weights are not a square matrix of finite numbers that fits the neurons, `common`
        is out of range, or noise is shared by neurons of different g or tau.

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

    def __post_init__(self) -> None:
        checks.instance("neuron", self.neuron, LIF)
        object.__setattr__(self, "weights", checks.square_weights(self.weights, self.neuron.size))
        object.__setattr__(
            self, "common", checks.real("common", self.common, at_least=0.0, at_most=1.0)
        )
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


def network(name: str, model: object) -> Network:
    """Return a model as a network: a LIF is a layer without input.

    Raises
    ------
    TypeError
        If it is none of LIF, Feedforward and Recurrent.

    Examples
    --------
    >>> network("model", LIF()).sizes
    (1,)
    """
    if isinstance(model, Feedforward | Recurrent):
        return model
    if isinstance(model, LIF):
        return Feedforward([model], [])
    raise TypeError(
        f"{name} = {model!r} is a {type(model).__name__}; allowed: lifcore.model.LIF, "
        "lifcore.model.Feedforward or lifcore.model.Recurrent"
    )


def one_neuron(name: str, model: object) -> LIF:
    """Return `model` if it is a single neuron.

    Raises
    ------
    TypeError
        If it is not a LIF.
    ValueError
        If its parameters are arrays.

    Examples
    --------
    >>> one_neuron("model", LIF()) == LIF()
    True
    """
    checks.instance(name, model, LIF)
    assert isinstance(model, LIF)
    if model.size is not None:
        raise ValueError(f"{name} = {model!r} is a layer; allowed: a LIF with numbers for fields")
    return model


def constant_drive_period(lif: LIF, current: float | None = None) -> float:
    r"""Return the interval between spikes under a constant current.

    .. math:: T_0 = \frac{1}{g} \log\frac{I - g V_r}{I - g V_{th}}

    the solution of V' = I - g V from V_r to V_th.

    Parameters
    ----------
    lif : LIF
        The neuron; its tau and sigma play no part.
    current : float, optional
        The constant current I; by default ``lif.mu``.

    Returns
    -------
    float
        Time between spikes; ``inf`` if the current does not carry V to the threshold.

    Raises
    ------
    TypeError, ValueError
        If `current` is not a finite number.

    Examples
    --------
    >>> round(constant_drive_period(LIF(mu=1.5)), 6)
    1.098612
    """
    current = lif.mu if current is None else checks.real("current", current)
    if current <= lif.i_th:
        return math.inf
    if lif.g == 0.0:
        return (lif.v_th - lif.v_reset) / current
    return math.log1p(lif.g * (lif.v_th - lif.v_reset) / (current - lif.i_th)) / lif.g
