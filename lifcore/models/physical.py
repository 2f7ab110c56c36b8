"""A neuron in mV, ms, pF and pA, and its dimensionless twin."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

from lifcore import checks
from lifcore.models.neuron import LIF, one_neuron


@dataclass(frozen=True, kw_only=True)
class Physical:
    r"""A leaky integrate-and-fire neuron with units, and how they map to those of `LIF`.

    .. math::

        C_m \frac{dV}{dt} = -\frac{C_m}{\tau_m}(V - E_L) + I, \qquad
        dI = \frac{I_e - I}{\tau_{syn}}\,dt + s\sqrt{2/\tau_{syn}}\,dW

    with V set to V_reset at V_th and held there for t_ref. Time is measured in units of tau_m and
    potential from E_L in units of V_th - E_L, so that `lif` has g = 1 and v_th = 1; if the neuron
    rests at its threshold or above, the unit is V_th - V_reset.

    Parameters
    ----------
    C_m : float
        Capacitance, pF.
    tau_m, tau_syn : float
        Time constants of the membrane and of the synaptic current, ms.
    V_th, V_reset, E_L : float
        Threshold, reset and resting potential, mV. V_reset < V_th.
    I_e : float
        Mean of the whole current, pA.
    noise_sd : float
        Stationary standard deviation of the synaptic current, pA.
    t_ref : float
        Refractory time, ms.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not a number in the range stated above.

    Warns
    -----
    UserWarning
        If a time constant is below 0.1 ms or above 1000 ms, or if E_L is at V_th or above.

    References
    ----------
    The table of units in the chapter *Notation and units*.

    Examples
    --------
    >>> cell = Physical(
    ...     C_m=200, tau_m=20, tau_syn=5, V_th=-50, V_reset=-65, E_L=-65, I_e=225, noise_sd=45
    ... )
    >>> cell.current_unit, cell.lif.mu, cell.lif.tau
    (150.0, 1.5, 0.25)
    >>> cell.h(0.1), cell.hz(0.9), cell.mv(1.0)
    (0.005, 45.0, -50.0)
    """

    C_m: float
    tau_m: float
    tau_syn: float
    V_th: float
    V_reset: float
    E_L: float
    I_e: float = 0.0
    noise_sd: float = 0.0
    t_ref: float = 0.0

    def __post_init__(self) -> None:
        values = {
            "C_m": checks.real("C_m", self.C_m, above=0.0, hint="pF"),
            "tau_m": checks.milliseconds("tau_m", self.tau_m),
            "tau_syn": checks.milliseconds("tau_syn", self.tau_syn),
            "V_th": checks.real("V_th", self.V_th),
            "V_reset": checks.real("V_reset", self.V_reset),
            "E_L": checks.real("E_L", self.E_L),
            "I_e": checks.real("I_e", self.I_e),
            "noise_sd": checks.real("noise_sd", self.noise_sd, at_least=0.0, hint="pA"),
            "t_ref": checks.real("t_ref", self.t_ref, at_least=0.0, hint="ms"),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        if self.V_reset >= self.V_th:
            raise ValueError(
                f"V_reset = {self.V_reset!r} mV is not below V_th = {self.V_th!r} mV; "
                "allowed: V_reset < V_th"
            )
        if self.V_th <= self.E_L:
            warnings.warn(
                f"E_L = {self.E_L:g} mV is not below V_th = {self.V_th:g} mV: the neuron fires "
                "without any input; was a sign lost?",
                stacklevel=3,
            )

    @property
    def rest(self) -> float:
        """Potential of the dimensionless V = 0, mV."""
        return self.E_L

    @property
    def time_unit(self) -> float:
        """Unit of time, ms: tau_m."""
        return self.tau_m

    @property
    def voltage_unit(self) -> float:
        """Unit of potential, mV."""
        return self.V_th - (self.E_L if self.V_th > self.E_L else self.V_reset)

    @property
    def current_unit(self) -> float:
        """Unit of current, pA (pF mV / ms): the rheobase, where E_L < V_th."""
        return self.C_m * self.voltage_unit / self.tau_m

    @property
    def lif(self) -> LIF:
        """The same neuron without units."""
        tau = self.tau_syn / self.tau_m
        with warnings.catch_warnings():
            # Of a rest above threshold this cell has warned when it was made, in its own units.
            warnings.filterwarnings("ignore", message="v_th", category=UserWarning)
            return LIF(
                g=1.0,
                v_th=(self.V_th - self.E_L) / self.voltage_unit,
                v_reset=(self.V_reset - self.E_L) / self.voltage_unit,
                tau=tau,
                mu=self.I_e / self.current_unit,
                sigma=self.noise_sd / self.current_unit * math.sqrt(2.0 / tau),
                t_ref=self.t_ref / self.time_unit,
            )

    @property
    def V_sd(self) -> float:
        """Standard deviation of the potential with the threshold removed, mV."""
        share = self.tau_syn / (self.tau_syn + self.tau_m)
        return self.noise_sd * self.tau_m / self.C_m * math.sqrt(share)

    def h(self, dt: float) -> float:
        """Return a time or a step of `dt` ms in units of `lif`.

        Examples
        --------
        >>> Physical(C_m=250, tau_m=10, tau_syn=5, V_th=-50, V_reset=-65, E_L=-65).h(0.1)
        0.01
        """
        return checks.numeric("dt", dt) / self.time_unit

    def ms(self, time: float) -> float:
        """Return a time of `lif` in ms.

        Examples
        --------
        >>> Physical(C_m=250, tau_m=10, tau_syn=5, V_th=-50, V_reset=-65, E_L=-65).ms(2.5)
        25.0
        """
        return checks.numeric("time", time) * self.time_unit

    def hz(self, rate: float) -> float:
        """Return a rate of `lif` in Hz.

        Examples
        --------
        >>> Physical(C_m=250, tau_m=10, tau_syn=5, V_th=-50, V_reset=-65, E_L=-65).hz(0.25)
        25.0
        """
        return 1000.0 * checks.numeric("rate", rate) / self.time_unit

    def mv(self, v: float) -> float:
        """Return a potential of `lif` in mV (a difference: times `voltage_unit`).

        Examples
        --------
        >>> Physical(C_m=250, tau_m=10, tau_syn=5, V_th=-50, V_reset=-65, E_L=-65).mv(0.5)
        -57.5
        """
        return self.rest + checks.numeric("v", v) * self.voltage_unit

    def pa(self, current: float) -> float:
        """Return a current of `lif` in pA.

        Examples
        --------
        >>> Physical(C_m=250, tau_m=10, tau_syn=5, V_th=-50, V_reset=-65, E_L=-65).pa(1.5)
        562.5
        """
        return checks.numeric("current", current) * self.current_unit

    def poisson_rate(self, weight: float) -> float:
        r"""Return the rate of each of two Poisson inputs that make this neuron's noise.

        One has jumps of +`weight`, the other of -`weight`; their mean is 0, so `I_e` stays:
        2 r w**2 tau_syn / 2 = noise_sd**2.

        Parameters
        ----------
        weight : float
            Jump of the current at an event, pA.

        Returns
        -------
        float
            Rate of either, Hz.

        Raises
        ------
        TypeError, ValueError
            If `weight` is no number > 0.

        Examples
        --------
        >>> cell = Physical(
        ...     C_m=250, tau_m=10, tau_syn=0.5, V_th=-50, V_reset=-65, E_L=-65, noise_sd=200
        ... )
        >>> cell.poisson_rate(50.0)
        32000.0
        """
        weight = checks.real("weight", weight, above=0.0, hint="pA")
        return 1000.0 * self.noise_sd**2 / (weight**2 * self.tau_syn)

    @classmethod
    def from_lif(
        cls, lif: LIF, *, time_unit: float, voltage_unit: float, C_m: float, E_L: float = 0.0
    ) -> Physical:
        """Return a dimensionless neuron with units.

        Parameters
        ----------
        lif : LIF
            One neuron with g > 0 and a finite tau.
        time_unit, voltage_unit : float
            What 1 of time and of V mean, ms and mV.
        C_m : float
            Capacitance, pF.
        E_L : float, optional
            Potential of V = 0, mV.

        Raises
        ------
        TypeError, ValueError
            If a unit is no number > 0, or the neuron has no leak or an infinite tau.

        Examples
        --------
        >>> Physical.from_lif(LIF(tau=0.25), time_unit=20, voltage_unit=15, C_m=200).tau_syn
        5.0
        """
        lif = one_neuron("lif", lif, refractory=True)
        t = checks.real("time_unit", time_unit, above=0.0, hint="ms")
        v = checks.real("voltage_unit", voltage_unit, above=0.0, hint="mV")
        i = checks.real("C_m", C_m, above=0.0, hint="pF") * v / t
        rest = checks.real("E_L", E_L)
        checks.real("lif.g", lif.g, above=0.0, hint="a membrane time constant is 1/g")
        checks.real("lif.tau", lif.tau, above=0.0)
        return cls(
            C_m=C_m,
            tau_m=t / lif.g,
            tau_syn=t * lif.tau,
            V_th=rest + v * lif.v_th,
            V_reset=rest + v * lif.v_reset,
            E_L=rest,
            I_e=i * lif.mu,
            noise_sd=i * lif.sigma * math.sqrt(lif.tau / 2.0),
            t_ref=t * lif.t_ref,
        )
