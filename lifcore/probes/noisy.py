r"""Noisy runs: many neurons under a noise, whose rates a simulator is asked for.

:math:`\tau_m \dot V = I - V`, :math:`\tau_s \dot I = \mu - I` + noise, with the threshold at 1, the
reset to 0 and no refractory time, as `lifcore.models.neuron.LIF` has it in units of tau_m.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lifcore.models.neuron import LIF


@dataclass(frozen=True)
class NoisyRun:
    """A run of many neurons at one step.

    Attributes
    ----------
    regime : str
        What the neuron is called.
    mu, sd : float
        Mean and stationary standard deviation of the current, in units of the rheobase.
    dt : float
        Step, ms.
    seed : int
        Of the simulator's own generator.
    tau_m, tau_s : float
        Time constants, ms.
    neurons, batches : int
        How many neurons, and over how many batches of them spikes are summed.
    burn_in, time : float
        Time before spikes are counted, and in which they are, ms.

    Examples
    --------
    >>> NOISY_RUNS[0].h, NOISY_RUNS[0].regime
    (0.1, 'mean-driven')
    """

    regime: str
    mu: float
    sd: float
    dt: float
    seed: int
    tau_m: float = 10.0
    tau_s: float = 2.0
    neurons: int = 4096
    batches: int = 64
    burn_in: float = 200.0
    time: float = 1000.0

    @property
    def h(self) -> float:
        """The step in units of tau_m.

        Examples
        --------
        >>> NOISY_RUNS[-1].h
        0.025
        """
        return self.dt / self.tau_m

    @property
    def lif(self) -> LIF:
        """The neuron in the letters of this book.

        Examples
        --------
        >>> NOISY_RUNS[0].lif.tau
        0.2
        """
        tau = self.tau_s / self.tau_m
        return LIF(tau=tau, mu=self.mu, sigma=self.sd * math.sqrt(2.0 / tau))


NOISY_RUNS = tuple(
    NoisyRun(regime, mu, sd, dt, 1 + 3 * j + k, time=time)
    for j, (regime, mu, sd, time) in enumerate(
        (
            ("mean-driven", 1.5, 0.2, 2000.0),
            ("balanced", 1.0, 0.4, 8000.0),
            ("fluctuation-driven", 0.75, 0.5, 32000.0),
        )
    )
    for k, dt in enumerate((1.0, 0.5, 0.25))
)
"""Three neurons at three steps; where spikes are rare they are counted for longer."""
