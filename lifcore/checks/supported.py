"""What supports refractory times, delays and Poisson input; elsewhere they are refused by name."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import numpy as np

REFRACTORY = {
    "constant_drive_period": "",
    "Physical.from_lif": "",
    "euler_step": "",
    "exponential_step": "",
    "exact_step": "",
    "simulate": "neurons and layers",
    "simulate_spikes": "as simulate",
    "solve_threshold": "",
    "stationary": "cells=None",
    "late_reset_rate": "",
    "euler_rate": "",
    "exponential_rate": "",
    "euler_law": "",
    "rate_parts": "",
    "step_size": "",
    "error_at": "",
    "exponent_by_flux": "without speeds",
    "exponent_by_tangent": "",
    "exponent_by_growth": "",
    "settling_time": "",
    "couple": "",
    "error_profile": "as couple",
    "weak_errors": "",
    "long_runs": "",
    "plain_monte_carlo": "",
}
"""What supports a refractory time, and with which limits."""

DELAYED = {
    "Feedforward": "", "Recurrent": "", "simulate": "", "simulate_spikes": "",
    "couple": "", "truncations": "", "step_size": "", "error_at": "",
    "chain_lengths": "", "rate_bound": "", "cycle_gain": "", "kick_norm": "",
}  # fmt: skip
"""What supports delays, and refractory times in networks with loops, and with which limits."""

POISSON = {"Recurrent": "", "simulate": "", "simulate_spikes": "", "couple": ""}
"""What supports Poisson input."""

INNER = ("lifcore.checks", "lifcore.commands")
"""Modules whose functions are not what a user has called."""


def no_refractory(name: str, t_ref: float | np.ndarray) -> None:
    """Refuse a refractory time, in the name of the function that the user has called.

    This is the one place where what is not supported yet is refused; `one_neuron` and `network` of
    `lifcore.models` call it unless they are told that their caller knows refractory times.

    Parameters
    ----------
    name : str
        Name of the argument.
    t_ref : float or ndarray
        The refractory time, or times.

    Raises
    ------
    ValueError
        If one is positive.

    Examples
    --------
    >>> no_refractory("model", 0.0)
    """
    longest = float(np.max(t_ref))
    if longest > 0.0:
        raise ValueError(
            f"{name}.t_ref = {longest:g}: {_called()} does not support a refractory time; "
            f"allowed here: t_ref = 0; supported with t_ref > 0: {_listed(REFRACTORY)}"
        )


def no_delays(name: str, model: Any) -> None:
    """Refuse a network with delays, or with loops and a refractory time, as `no_refractory` does.

    Parameters
    ----------
    name : str
        Name of the argument.
    model : Feedforward or Recurrent
        The network.

    Raises
    ------
    ValueError
        If one is positive.

    Examples
    --------
    >>> from lifcore.models.networks import Recurrent
    >>> from lifcore.models.neuron import LIF
    >>> no_delays("model", Recurrent(LIF(), [[0.0, 0.1], [0.1, 0.0]]))
    """
    longest = model.delay_range[1]
    if longest > 0.0:
        raise ValueError(
            f"{name}: delays up to {longest:g}: {_called()} does not support delays; allowed "
            f"here: delays = 0; supported with delays > 0: {_listed(DELAYED)}"
        )
    if hasattr(model, "neuron"):
        longest = float(np.max(model.neuron.t_ref))
        if longest > 0.0:
            raise ValueError(
                f"{name}.neuron.t_ref = {longest:g}: {_called()} does not support a "
                "refractory time in a network with loops; allowed here: t_ref = 0; supported with "
                "t_ref > 0: "
                f"{_listed(DELAYED)}"
            )


def no_poisson(name: str, model: Any) -> None:
    """Refuse a network with Poisson input, as `no_delays` refuses one with delays.

    Parameters
    ----------
    name : str
        Name of the argument.
    model : Feedforward or Recurrent
        The network.

    Raises
    ------
    ValueError
        If it has any.

    Examples
    --------
    >>> from lifcore.models.networks import Recurrent
    >>> from lifcore.models.neuron import LIF
    >>> no_poisson("model", Recurrent(LIF(), [[0.0, 0.1], [0.1, 0.0]]))
    """
    inputs = getattr(model, "poisson", ())
    if inputs:
        raise ValueError(
            f"{name}.poisson = {list(inputs)!r}: {_called()} does not support Poisson input; "
            f"allowed here: poisson = (); supported: {_listed(POISSON)}"
        )


def _listed(what: dict[str, str]) -> str:
    """Return names with their limits, as words."""
    return ", ".join(f"{name} ({limits})" if limits else name for name, limits in what.items())


def _called() -> str:
    """Return the function of this package that the user has called: the outermost on the stack."""
    frame: FrameType | None = sys._getframe(1)
    found = "this function"
    while frame is not None:
        module, name = frame.f_globals.get("__name__", ""), frame.f_code.co_qualname
        own = module.startswith("lifcore.") and not module.startswith(INNER)
        if own and "<" not in name:  # as of a dataclass's own __init__
            found = name.removesuffix(".__init__").removesuffix(".__post_init__")
        frame = frame.f_back
    return found
