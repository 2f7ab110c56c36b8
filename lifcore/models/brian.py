"""Neurons from Brian2's quantities, which are recognised without importing Brian2, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from lifcore import checks
from lifcore.models.physical import Physical
from lifcore.models.simulators import neuron_of_nest, to_nest

#: Of each name: its unit here, that unit in SI, and its powers of (m, kg, s, A).
UNITS = {
    **dict.fromkeys(("C_m",), ("pF", 1e-12, (-2, -1, 4, 2))),
    **dict.fromkeys(("tau_m", "tau_syn", "t_ref"), ("ms", 1e-3, (0, 0, 1, 0))),
    **dict.fromkeys(("V_th", "V_reset", "E_L", "V_sd"), ("mV", 1e-3, (2, 1, -3, -1))),
    **dict.fromkeys(("I_e", "noise_sd", "weights"), ("pA", 1e-12, (0, 0, 0, 1))),
    "rates": ("Hz", 1.0, (0, 0, -1, 0)),
}


def from_brian2(**params: Any) -> Physical:
    """Return a neuron given by quantities of Brian2.

    Brian2 has no names of its own for parameters: they are those of `from_nest`, with `tau_syn`
    for tau_syn_ex. A number without a unit is refused.

    Parameters
    ----------
    **params : brian2.Quantity
        C_m, tau_m, tau_syn, V_th, V_reset, E_L; if wanted I_e, t_ref (0 ms) and one of noise_sd,
        V_sd, rates with weights.

    Returns
    -------
    Physical

    Raises
    ------
    TypeError, ValueError
        If a quantity has another dimension or none; else as `from_nest`.

    Examples
    --------
    >>> from_brian2(tau_m=10)
    Traceback (most recent call last):
    TypeError: tau_m = 10 has no unit; allowed: a Brian2 quantity, such as 10 * ms
    """
    checks.known("from_brian2", params, UNITS)
    plain = {name: _in_unit(name, value) for name, value in params.items()}
    if "tau_syn" in plain:
        plain["tau_syn_ex"] = plain.pop("tau_syn")
    return neuron_of_nest("from_brian2", plain, {"tau_syn_ex": "tau_syn"})


def _in_unit(name: str, value: Any) -> float | list[float]:
    """Return a quantity as a number, or numbers, in this package's unit."""
    unit, size, powers = UNITS[name]
    # A quantity's array holds SI values; its dimension gives the power of each SI unit.
    power = getattr(getattr(value, "dim", None), "get_dimension", None)
    if power is None:
        raise TypeError(
            f"{name} = {value!r} has no unit; allowed: a Brian2 quantity, such as 10 * {unit}"
        )
    found = tuple(power(base) for base in ("m", "kg", "s", "A"))
    if found != powers or any(power(base) for base in ("K", "mol", "cd")):
        raise ValueError(f"{name} = {value!r} has the wrong dimension; allowed: {unit}")
    scaled: float | list[float] = (np.asarray(value, dtype=float) / size).tolist()
    return scaled


def to_brian2(neuron: Physical) -> dict[str, float]:
    """Return a neuron's parameters in SI units, as Brian2 holds its quantities inside.

    Parameters
    ----------
    neuron : Physical

    Returns
    -------
    dict
        The names of `from_brian2`, numbers in F, s, V and A: multiply by ``farad``, ``second``,
        ``volt`` and ``amp``.

    Raises
    ------
    TypeError
        If `neuron` is no Physical.

    Examples
    --------
    >>> cell = Physical(C_m=250, tau_m=10, tau_syn=0.5, V_th=-50, V_reset=-65, E_L=-65)
    >>> to_brian2(cell)["tau_m"]
    0.01
    """
    nest = to_nest(neuron)
    values = {name: nest[name] for name in nest if name in UNITS}
    values |= {"tau_syn": neuron.tau_syn, "noise_sd": neuron.noise_sd}
    return {name: value * UNITS[name][1] for name, value in values.items()}
