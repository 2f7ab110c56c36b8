"""Parameters so extreme that a run would overflow, lose all digits, or spike without end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

LARGEST = 1e60
"""What no parameter may exceed: squares of what follows from it must not overflow."""

SPIKES = 3e7
"""Spikes of a block from which on a run of absurdly many spikes is refused: some seconds' work."""

OFTEN = 100.0
"""Spikes in a step, and in the shortest time constant, above which they are absurdly many."""

SECONDS = 1e-7
"""What a spike of the exact scheme costs a core at the least."""

BLOCK = 256


def within_range(**values: Any) -> None:
    """Refuse values whose squares could overflow on the way.

    Parameters
    ----------
    values
        Numbers or arrays by their names; infinity passes, where it was allowed before.

    Raises
    ------
    ValueError
        If one exceeds 1e60.

    Examples
    --------
    >>> within_range(mu=1.2, sigma=np.array([0.6, 0.5]))
    """
    for name, value in values.items():
        size = np.abs(np.asarray(value, dtype=np.float64))
        size = np.where(np.isinf(size), 0.0, size)
        if size.size and size.max() > LARGEST:
            raise ValueError(
                f"{name} = {size.max():g} in size is too large to be computed with; allowed: up to "
                f"{LARGEST:g}; choose units in which it is near 1"
            )


@contextmanager
def computable(h: float, lif: Any) -> Iterator[None]:
    """Turn what goes wrong in the constants of a step into an error that names the argument.

    Parameters
    ----------
    h : float
        Step size.
    lif : LIF
        The neuron.

    Raises
    ------
    ValueError
        If its covariance is not positive definite, or anything overflows; names the parameter
        that is farthest from 1.

    Examples
    --------
    >>> from lifcore import LIF
    >>> try:
    ...     with computable(0.1, LIF(sigma=1e200)):
    ...         raise OverflowError("too large")
    ... except ValueError as error:
    ...     print(str(error).partition(";")[0])
    sigma = 1e+200 is too extreme for a step of h = 0.1 (too large)
    """
    try:
        with np.errstate(all="ignore"):
            yield
    except (np.linalg.LinAlgError, ArithmeticError) as error:
        name, value = _farthest(h, lif)
        raise ValueError(
            f"{name} = {value:g} is too extreme for a step of h = {h!r} ({error}); allowed: units "
            "in which h, g, tau, sigma and v_th - v_reset are within some tens of powers of ten"
        ) from error


def finite(*parts: Any) -> None:
    """Raise an OverflowError, for `computable`, unless all numbers are finite.

    Examples
    --------
    >>> finite(1.0, np.ones(3))
    """
    for part in parts:
        if not np.isfinite(part).all():
            raise OverflowError("a constant of the step is not finite")


def feasible(
    layers: Sequence[Any], h: float, T: float, start: Any = None, *, exact: bool = True
) -> None:
    """Refuse a run whose numbers would overflow, or of absurdly many spikes, with the estimate.

    An exact neuron spikes as often as its current drives it over the way from v_reset to v_th,
    as often as that may be in a step; a scheme on the grid once.

    Parameters
    ----------
    layers : sequence of LIF
        The neurons.
    h, T : float
        Step size and horizon.
    start : pair, optional
        Initial V and I, validated.
    exact : bool, optional
        Whether the exact solution is computed.

    Raises
    ------
    ValueError
        Naming the parameter.

    Examples
    --------
    >>> from lifcore import LIF
    >>> feasible([LIF()], 0.1, 1e9)
    """
    names = ("g", "v_th", "v_reset", "mu", "sigma", "a")
    within_range(h=h, T=T)
    for lif in layers:
        values = {name: getattr(lif, name) for name in names}
        within_range(**{"1/tau" if name == "a" else name: x for name, x in values.items()})
        if start is not None:
            within_range(**{"start: V": start[0], "start: I": start[1]})
        if not exact:
            continue
        g, v_th, v_reset, mu, sigma, a = (np.asarray(x, dtype=float) for x in values.values())
        with np.errstate(all="ignore"):
            way, rate = v_th - v_reset, np.maximum(g, a)
            lasts = np.minimum(T, np.where(a > 0.0, 1.0 / a, T))
            noise = 4.0 * sigma * np.sqrt(0.5 * lasts)
            own = np.where(mu + noise > g * v_th, mu + noise + g * np.maximum(-v_reset, 0.0), 0.0)
            begun = 0.0 if start is None else max(0.0, float(np.max(start[1]) - mu.min()))
            in_step = float(((own + begun) * h / way).max())
            in_scale = float((np.where(rate > 0.0, 1.0 / rate, h) * (own + begun) / way).max())
            whole = float(BLOCK * ((own * T + begun * lasts) / way).max())
        if in_step > OFTEN and in_scale > OFTEN and whole > SPIKES:
            blame = {"mu": float(mu.max()), "sigma": float(sigma.max()), "start: I": begun}
            name = max(blame, key=lambda one: blame[one])
            if blame[name] < 1.0 / float(way.min()):
                name, blame[name] = "v_th - v_reset", float(way.min())
            raise ValueError(
                f"{name} = {blame[name]:g} makes a neuron spike about {in_step:.1e} times in a "
                f"step of h = {h!r}, and the {BLOCK} paths of a block {whole:.1e} times up to "
                f"T = {T!r}, which takes {whole * SECONDS:.1e} s or more; allowed: up to "
                f"{OFTEN:g} spikes in a step, or {SPIKES:g} in all"
            )


def _farthest(h: float, lif: Any) -> tuple[str, float]:
    values = {
        "h": h, "g": lif.g, "tau": lif.tau, "sigma": lif.sigma, "mu": lif.mu,
        "v_th - v_reset": lif.v_th - lif.v_reset,
    }  # fmt: skip
    known = {k: x for k, x in values.items() if x != 0.0 and math.isfinite(x)}
    name = max(known, key=lambda one: abs(math.log10(abs(known[one]))))
    return name, known[name]
