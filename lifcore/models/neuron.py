"""One neuron: its parameters, validated once, and what follows from them by hand."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from lifcore import checks

FAR = 50.0
"""Spikes within both time constants that no neuron has by its drive alone."""


@dataclass(frozen=True, eq=False)
class LIF:
    r"""A leaky integrate-and-fire neuron with an exponential synapse and current noise.

    .. math::

        dV = (I - gV)\,dt, \qquad dI = \frac{\mu - I}{\tau}\,dt + \sigma\,dW,

    and V jumps from `v_th` to `v_reset` whenever it reaches `v_th` from below, and stays there for
    a time `t_ref`.

    In a layer of a `Feedforward` network every field may be an array, a list or a Series with one
    value a neuron; a number stands for all neurons alike.

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
    t_ref : float
        Refractory time: after a spike V stays at v_reset for so long, while I goes on. What does
        not support it refuses a t_ref > 0.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not a number in the range stated above, nor an array of them, or
        if arrays differ in length.

    Warns
    -----
    UserWarning
        If v_th <= 0 although mu >= 0: the resting potential 0 then does not lie below the
        threshold. Or if mu alone makes the neuron spike 50 times within the shorter of 1/g and
        tau, as no neuron does.

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
    t_ref: float = 0.0

    def __post_init__(self) -> None:
        limits: dict[str, dict[str, Any]] = {
            "g": {"at_least": 0.0},
            "tau": {"above": 0.0, "infinite": True},
            "sigma": {"at_least": 0.0},
            "t_ref": {"at_least": 0.0},
        }
        sizes: dict[str, int] = {}
        for field in fields(self):
            name, value = field.name, checks.column(getattr(self, field.name), lists=True)
            limit = limits.get(name, {})
            if isinstance(value, np.ndarray) and value.ndim > 0:
                value = checks.reals(name, value, **limit)
                sizes[name] = value.size
            else:
                hint = "or an array, a list or a Series of them, one a neuron"
                value = checks.real(name, value, **limit, hint=hint)
            object.__setattr__(self, name, value)
        if len(set(sizes.values())) > 1:
            raise ValueError(f"arrays of different lengths: {sizes}; allowed: one value a neuron")
        below = np.asarray(self.v_reset) < np.asarray(self.v_th)
        if not below.all():
            raise ValueError(
                f"v_reset = {self.v_reset!r} is not below v_th = {self.v_th!r}; "
                "allowed: v_reset < v_th"
            )
        self._warn_of_units()

    def _warn_of_units(self) -> None:
        """Warn of a rest or a drive that mean other units than these."""
        g, v_th, tau, mu = (np.asarray(getattr(self, n)) for n in ("g", "v_th", "tau", "mu"))
        # Whoever measures V from elsewhere puts g times the rest into mu, which then is negative.
        if ((g > 0.0) & (v_th <= 0.0) & (mu >= 0.0)).any():
            warnings.warn(
                f"v_th = {self.v_th!r} does not lie above the resting potential, which is 0, so "
                "that the leak alone makes the neuron spike: measure v_th and v_reset from rest, "
                "as the page Notation and units shows (or put g times the rest into mu)",
                stacklevel=4,
            )
        with np.errstate(all="ignore"):
            crossings = (mu - g * v_th) * np.minimum(1.0 / g, tau)  # of the gap, without leak
            far = crossings > FAR * (v_th - np.asarray(self.v_reset))
        if (far & np.isfinite(tau) & (g > 0.0)).any():
            warnings.warn(
                f"mu = {self.mu!r} makes the neuron spike more than {FAR:.0f} times within 1/g and "
                f"within tau, since its free mean mu/g lies that far beyond v_th = {self.v_th!r}: "
                "see the page Notation and units (potentials are measured from a resting "
                "potential of 0, and g V and I have one unit)",
                stacklevel=4,
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
        return tuple(self._one(columns, k) for k in range(count))

    def neuron(self, k: int) -> LIF:
        """Return one neuron of a layer, with numbers for parameters.

        Parameters
        ----------
        k : int
            Its index, from 0; a neuron that is no layer has the index 0.

        Returns
        -------
        LIF

        Examples
        --------
        >>> LIF(mu=np.array([1.0, 1.5])).neuron(1).mu
        1.5
        """
        size = self.size or 1
        columns = {f.name: np.broadcast_to(getattr(self, f.name), size) for f in fields(self)}
        return self._one(columns, k)

    @staticmethod
    def _one(columns: dict[str, np.ndarray], k: int) -> LIF:
        # Validated with its layer, and warned of: threads would say it again for each block.
        one = object.__new__(LIF)
        for name, column in columns.items():
            object.__setattr__(one, name, float(column[k]))
        return one

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


def one_neuron(name: str, model: object, *, refractory: bool = False) -> LIF:
    """Return `model` if it is a single neuron.

    Parameters
    ----------
    name : str
        Name of the argument.
    model : object
        What the user passed.
    refractory : bool, optional
        Whether the caller can do with a refractory time; else one is refused.

    Raises
    ------
    TypeError
        If it is not a LIF.
    ValueError
        If its parameters are arrays, or it has a refractory time that the caller ignores.

    Examples
    --------
    >>> one_neuron("model", LIF()) == LIF()
    True
    """
    checks.instance(name, model, LIF)
    assert isinstance(model, LIF)
    if model.size is not None:
        raise ValueError(f"{name} = {model!r} is a layer; allowed: a LIF with numbers for fields")
    if not refractory:
        checks.no_refractory(name, model.t_ref)
    return model


def constant_drive_period(lif: LIF, current: float | None = None) -> float:
    r"""Return the interval between spikes under a constant current.

    .. math:: T_0 + t_{ref}, \qquad T_0 = \frac{1}{g} \log\frac{I - g V_r}{I - g V_{th}}

    with T_0 from the solution of V' = I - g V from V_r to V_th.

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
        If `lif` is no single neuron, or `current` not a finite number.

    Examples
    --------
    >>> round(constant_drive_period(LIF(mu=1.5)), 6)
    1.098612
    """
    lif = one_neuron("lif", lif, refractory=True)
    current = lif.mu if current is None else checks.real("current", current)
    if current <= lif.i_th:
        return math.inf
    if lif.g == 0.0:
        return (lif.v_th - lif.v_reset) / current + lif.t_ref
    way = math.log1p(lif.g * (lif.v_th - lif.v_reset) / (current - lif.i_th))
    return way / lif.g + lif.t_ref
