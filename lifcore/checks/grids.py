"""Steps, horizons and times, and what a scheme can take of them."""

from __future__ import annotations

import math
import numbers
import warnings
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from lifcore.checks.values import column, is_sequence, real

# A grid is accepted when its rounding error is that of a few floating point operations.
_GRID_TOLERANCE = 1e-9


MOST_STEPS = 65535
"""Steps that a delay may take: all that 16 bits can count."""


def _multiple(numerator: float, denominator: float) -> int:
    """Return the whole ratio of two floats, 0 if the ratio is not whole."""
    ratio = numerator / denominator
    if not 0.5 <= ratio < 2**53:
        return 0
    whole = round(ratio)
    return whole if abs(ratio - whole) <= _GRID_TOLERANCE * whole else 0


def steps(h: object, T: object) -> tuple[float, float, int]:
    """Return `h`, `T` and the number of steps T/h.

    Raises
    ------
    TypeError, ValueError
        If either is not a positive finite number or T is not a multiple of h.

    Examples
    --------
    >>> steps(0.1, 2)
    (0.1, 2.0, 20)
    """
    h, T = real("h", h, above=0.0), real("T", T, above=0.0)
    n = _multiple(T, h)
    if n == 0:
        nearest = f", for example h = {T / math.ceil(T / h)!r}" if T / h < 2**53 else ""
        raise ValueError(
            f"T = {T!r} is not a multiple of h = {h!r}; "
            f"allowed: T = n h with a whole n >= 1{nearest}"
        )
    return h, T, n


def levels(h: object, T: object) -> tuple[np.ndarray, float, np.ndarray]:
    """Return step sizes as an array, `T`, and each step's length in finest steps.

    Raises
    ------
    TypeError, ValueError
        If `h` is not a non-empty sequence of distinct nested steps that divide T.

    Examples
    --------
    >>> levels([0.25, 0.125], 1.0)[2]
    array([2, 1])
    """
    h = [h] if isinstance(h, numbers.Real) else column(h)
    if not is_sequence(h):
        raise TypeError(f"h = {h!r}; allowed: a sequence of one or more step sizes")
    if len(h) == 0:
        raise ValueError(f"h = {h!r} is empty; allowed: a sequence of one or more step sizes")
    sizes = np.array([real(f"h[{k}]", value, above=0.0) for k, value in enumerate(h)])
    T = real("T", T, above=0.0)
    order = np.argsort(sizes)
    for fine, coarse in pairwise(order):
        if _multiple(sizes[coarse], sizes[fine]) < 2:
            raise ValueError(
                f"h[{coarse}] = {float(sizes[coarse])!r} does not nest with h[{fine}] = "
                f"{float(sizes[fine])!r}; allowed: distinct steps, each a whole multiple of the "
                "next smaller one, such as h, 2h, 4h"
            )
    steps(float(sizes.max()), T)
    finest = float(sizes.min())
    return sizes, T, np.array([_multiple(size, finest) for size in sizes])


def times(value: object, h: float, T: float) -> list[float]:
    """Return increasing observation times on the grid of `h`, with `T` as the last one.

    Raises
    ------
    TypeError, ValueError
        If `value` is not a sequence of increasing multiples of `h` below `T`.

    Examples
    --------
    >>> times([0.5], 0.25, 1.0)
    [0.5, 1.0]
    """
    value = column(value)
    if not is_sequence(value):
        raise TypeError(f"times = {value!r}; allowed: a sequence of times before T")
    looks = [real(f"times[{k}]", t, above=0.0) for k, t in enumerate(value)]
    for k, t in enumerate(looks):
        if _multiple(t, h) == 0 or t >= T or (k > 0 and t <= looks[k - 1]):
            raise ValueError(
                f"times[{k}] = {t!r}; allowed: increasing multiples of the finest h = {h!r}, "
                f"each below T = {T!r}"
            )
    return [*looks, T]


def euler_stable(h: float, rates: dict[str, float]) -> None:
    """Refuse a step at which plain Euler amplifies leak or synaptic decay; warn of one too long.

    Beyond one time constant 1 - h rate is negative: each step throws V (or I) past its goal, to
    the other side, which no solution does. V can then cross the threshold without input, for ever.

    Parameters
    ----------
    h : float
        Step size.
    rates : dict of str to float
        The decay rates of the linear flow, by name; ``|1 - h rate| < 1`` is needed for each.

    Raises
    ------
    ValueError
        If h >= 2 / rate for one of them; the smallest limit is named.

    Warns
    -----
    UserWarning
        If h > 1 / rate for one of them.

    Examples
    --------
    >>> euler_stable(0.1, {"g": 1.0, "1/tau": 2.0})
    """
    for name, rate in sorted(rates.items(), key=lambda item: -item[1]):  # the strictest first
        constant = name.removeprefix("1/") if name.startswith("1/") else f"1/{name}"
        if h * rate >= 2.0:
            raise ValueError(
                f"h = {h!r} is beyond Euler's stability limit 2/({name}) = {2.0 / rate:g}; "
                f"allowed: h < {2.0 / rate:g}"
            )
        if h * rate > 1.0:
            warnings.warn(
                f"h = {h!r} is above {constant} = {1.0 / rate:g}: a step of Euler then throws "
                f"{'V past its rest' if name == 'g' else 'I past its mean'} to the other side, so "
                f"that it can spike without input; use h <= {1.0 / rate:g}, and far less for "
                "accuracy",
                stacklevel=4,
            )


def held_steps(t_ref: float | np.ndarray, h: float) -> np.ndarray:
    """Return for how many steps of a grid V is held after the step of a spike: t_ref / h, rounded.

    To the nearest whole number, and halves to the even one, so that the refractory time of the grid
    is off by up to h/2. One that would be lost altogether is refused.

    Parameters
    ----------
    t_ref : float or ndarray
        Refractory times, >= 0.
    h : float
        Step size.

    Returns
    -------
    ndarray of float64
        Whole numbers, 0 only where t_ref is.

    Raises
    ------
    ValueError
        If a positive t_ref is h/2 or less.

    Examples
    --------
    >>> held_steps(np.array([0.0, 0.2, 0.25]), 0.1).tolist()
    [0.0, 2.0, 2.0]
    """
    times = np.asarray(t_ref, np.float64)
    steps: np.ndarray = np.rint(times / h)
    lost = (steps == 0.0) & (times > 0.0)
    if lost.any():
        least = float(np.min(times[lost]))
        raise ValueError(
            f"h = {h!r}: t_ref = {least!r} is half a step or less and would be rounded to none; "
            f"allowed: h < {2.0 * least:g}, or t_ref = 0"
        )
    return steps


def delay_steps(delays: np.ndarray, h: float) -> np.ndarray:
    """Return by how many steps of a grid a spike is delivered late: delay / h, rounded.

    To the nearest whole number, and halves to the even one, so that a delay of the grid is off by
    up to h/2. One below h that is not 0 is refused: it would be lost, or more than doubled.

    Parameters
    ----------
    delays : ndarray
        Delays, >= 0.
    h : float
        Step size.

    Returns
    -------
    ndarray of uint16
        0 only where the delay is.

    Raises
    ------
    ValueError
        If a positive delay is below h, or one takes 65536 steps or more.

    Examples
    --------
    >>> delay_steps(np.array([0.0, 0.2, 0.25]), 0.1).tolist()
    [0, 2, 2]
    """
    delays = np.asarray(delays, np.float64)
    short = (delays > 0.0) & (delays < h * (1.0 - 1e-9))
    if short.any():
        least = float(np.min(delays[short]))
        raise ValueError(
            f"h = {h!r}: a delay of {least:g} is less than a step, so that the grid would change "
            f"it; allowed: h <= {least:g}, or a delay of 0, with which a spike is delivered at "
            "the end of its own step"
        )
    if delays.size and delays.max() / h > MOST_STEPS:
        raise ValueError(
            f"h = {h!r}: a delay of {delays.max():g} takes {delays.max() / h:.0f} steps; "
            f"allowed: up to {MOST_STEPS}"
        )
    return np.rint(delays / h).astype(np.uint16)


def delays_on_grid(delays: Any, h: float) -> None:
    """Refuse delays of a network that a grid cannot represent, as `delay_steps` does.

    Parameters
    ----------
    delays : float, csr_array, or tuple of these
        Those of a model, validated.
    h : float
        Step size.

    Raises
    ------
    ValueError
        If one is.

    Examples
    --------
    >>> delays_on_grid((0.0, 0.5), 0.5)
    """
    for part in delays if isinstance(delays, tuple) else (delays,):
        delay_steps(part.data if sparse.issparse(part) else np.array([part]), h)


def exact_affordable(h: float, rates: dict[str, float]) -> None:
    """Refuse a step of the exact scheme so long that it would be halved without end.

    Parameters
    ----------
    h : float
        Step size.
    rates : dict of str to float
        As in `euler_stable`.

    Raises
    ------
    ValueError
        If h exceeds 10 000 times the time scale of one of them.

    Examples
    --------
    >>> exact_affordable(2.0, {"g": 1.0, "1/tau": 2.0})
    """
    for name, rate in rates.items():
        if h * rate > 1e4:
            raise ValueError(
                f"h = {h!r} is {h * rate:.0e} times 1/({name}); allowed for the exact scheme: "
                f"h <= {1e4 / rate:g}, since a step is searched for spikes on that time scale"
            )
