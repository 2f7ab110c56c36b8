"""Times that a grid can only round: refused for whoever asks for that."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

ROUNDING = 1e-9
"""Relative difference from a whole number of steps that is taken for rounding."""


def grid_times(net: Any) -> dict[str, np.ndarray]:
    """Return the refractory times and the delays of a network, which a grid rounds to its steps.

    Examples
    --------
    >>> from lifcore.models import LIF
    >>> from lifcore.models.networks import network
    >>> grid_times(network("model", LIF(t_ref=0.25), refractory=True))["t_ref"]
    array([0.25])
    """
    delays = getattr(net, "delay_times", getattr(net, "delays", 0.0))  # of populations; of others
    parts = delays if isinstance(delays, tuple) else (delays,)
    every = [np.ravel(part.data if sparse.issparse(part) else part) for part in parts]
    return {"t_ref": np.ravel(net.column("t_ref")), "delay": np.concatenate(every)}


def whole_steps(net: Any, h: float, strict: object = True) -> None:
    """Refuse, if asked to, refractory times and delays that are no whole number of steps.

    Parameters
    ----------
    net : Network
        The network, validated.
    h : float
        Step size.
    strict : bool, optional
        Whether to refuse anything.

    Raises
    ------
    TypeError
        If `strict` is no truth value.
    ValueError
        Naming the first of these times, and what it would be rounded to.

    Examples
    --------
    >>> from lifcore.models import LIF
    >>> from lifcore.models.networks import network
    >>> whole_steps(network("model", LIF(t_ref=0.25), refractory=True), 0.125)
    """
    if not isinstance(strict, bool | np.bool_):
        raise TypeError(f"strict = {strict!r}; allowed: True or False")
    if not strict:
        return
    for name, times in grid_times(net).items():
        rounded = h * np.rint(times / h)
        off = np.abs(rounded - times) > ROUNDING * np.abs(times)
        if off.any():
            k = int(np.argmax(off))
            raise ValueError(
                f"h = {h!r}: {name} = {times[k]:g} would be rounded to {rounded[k]:g}; allowed "
                f"with strict = True: whole numbers of steps; strict = False rounds them"
            )
