"""The noise of a synaptic current in pA, from the ways in which it is described."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lifcore import checks


def current_noise(
    *,
    C_m: float,
    tau_m: float,
    tau_syn: float,
    noise_sd: object = None,
    V_sd: object = None,
    rates: object = None,
    weights: object = None,
) -> tuple[float, float]:
    r"""Return mean and standard deviation of the synaptic current, however it is described.

    At most one of three: `noise_sd`; `V_sd`, by
    s = V_sd (C_m/tau_m) sqrt((tau_m + tau_syn)/tau_syn); `rates` with `weights`, by the diffusion
    approximation (Campbell's theorem for exponential kernels), mean = tau_syn sum r w and
    s**2 = (tau_syn/2) sum r w**2.

    Parameters
    ----------
    C_m, tau_m, tau_syn : float
        Capacitance in pF, time constants in ms.
    noise_sd : float, optional
        Standard deviation of the current, pA.
    V_sd : float, optional
        Standard deviation of the potential without threshold, mV.
    rates, weights : float or sequence of float, optional
        Rates of Poisson inputs in Hz, and by how many pA the current jumps at an event of each.

    Returns
    -------
    mean, sd : float
        pA; the mean is 0 but for Poisson inputs.

    Raises
    ------
    TypeError, ValueError
        If several descriptions are given, if they are no numbers in their range, or if rates and
        weights differ in number.

    Examples
    --------
    >>> current_noise(C_m=250, tau_m=10, tau_syn=0.5, rates=[8000, 8000], weights=[100, -100])
    (0.0, 200.0)
    """
    C_m = checks.real("C_m", C_m, above=0.0, hint="pF")
    tau_m = checks.real("tau_m", tau_m, above=0.0, hint="milliseconds")
    tau_syn = checks.real("tau_syn", tau_syn, above=0.0, hint="milliseconds")
    inputs = rates is not None or weights is not None
    ways = {"noise_sd": noise_sd is not None, "V_sd": V_sd is not None, "rates, weights": inputs}
    chosen = [name for name, given in ways.items() if given]
    if len(chosen) > 1:
        raise TypeError(f"noise is given as {' and as '.join(chosen)}; allowed: one of them")
    if V_sd is not None:
        sd = checks.real("V_sd", V_sd, at_least=0.0, hint="mV")
        return 0.0, sd * C_m / tau_m * math.sqrt((tau_m + tau_syn) / tau_syn)
    if not inputs:
        return 0.0, 0.0 if noise_sd is None else checks.real("noise_sd", noise_sd, at_least=0.0)
    r, w = (_numbers(name, value) for name, value in (("rates", rates), ("weights", weights)))
    if len(r) != len(w):
        raise ValueError(f"{len(r)} rates and {len(w)} weights; allowed: a weight for each rate")
    for k, rate in enumerate(r):
        checks.real(f"rates[{k}]", rate, at_least=0.0, hint="Hz")
    per_ms = [rate / 1000.0 for rate in r]
    mean = tau_syn * math.fsum(a * b for a, b in zip(per_ms, w, strict=True))
    variance = tau_syn / 2.0 * math.fsum(a * b * b for a, b in zip(per_ms, w, strict=True))
    return mean, math.sqrt(variance)


def _numbers(name: str, value: object) -> list[float]:
    """Return a number, or numbers, as a list."""
    if value is None:
        raise TypeError(f"{name} missing; allowed: rates and weights together")
    several = isinstance(value, Sequence) or getattr(value, "ndim", 0) == 1
    entries = list(value) if several and not isinstance(value, str) else [value]  # type: ignore[call-overload]
    return [checks.real(f"{name}[{k}]", entry) for k, entry in enumerate(entries)]
