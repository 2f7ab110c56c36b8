"""The neuron model: parameters, validated once, and what follows from them by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from lifcore import checks


@dataclass(frozen=True)
class LIF:
    r"""A leaky integrate-and-fire neuron with an exponential synapse and current noise.

    .. math::

        dV = (I - gV)\,dt, \qquad dI = \frac{\mu - I}{\tau}\,dt + \sigma\,dW,

    and V jumps from `v_th` to `v_reset` whenever it reaches `v_th` from below.

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
        If a parameter is not a number in the range stated above.

    References
    ----------
    Dou, Chen, Lin, Xiao, arXiv:2603.10854, whose letters these are.

    Examples
    --------
    >>> LIF(mu=1.5, sigma=0.3).i_th
    1.0
    """

    g: float = 1.0
    v_th: float = 1.0
    v_reset: float = 0.0
    tau: float = 0.5
    mu: float = 1.2
    sigma: float = 0.6

    def __post_init__(self) -> None:
        limits: dict[str, dict[str, float | bool]] = {
            "g": {"at_least": 0.0},
            "tau": {"above": 0.0, "infinite": True},
            "sigma": {"at_least": 0.0},
        }
        for field in fields(self):
            value = checks.real(field.name, getattr(self, field.name), **limits.get(field.name, {}))  # type: ignore[arg-type]
            object.__setattr__(self, field.name, value)
        if not self.v_reset < self.v_th:
            raise ValueError(
                f"v_reset = {self.v_reset!r} is not below v_th = {self.v_th!r}; "
                "allowed: v_reset < v_th"
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
        """Decay rates of the linear flow by name, for stability limits."""
        return {"g": self.g, "1/tau": self.a}


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
