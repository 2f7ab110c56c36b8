"""Physical parameters by name: spelling, the unit of a time, what the model has not got."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from lifcore.checks.values import column, real

#: Time constants outside these (ms) are taken for a mistake of the unit and warned of.
USUAL_MS = (0.1, 1000.0)


def known(what: str, given: Iterable[str], allowed: Collection[str]) -> None:
    """Refuse a name that is none of the `allowed`, with the nearest of them.

    Parameters
    ----------
    what : str
        Whose parameters they are, for the message.
    given : iterable of str
        The names that the user gave.
    allowed : collection of str
        The names that there are.

    Raises
    ------
    TypeError
        If a name is unknown.

    Examples
    --------
    >>> known("iaf_psc_exp", ["C_m"], ["C_m", "tau_m"])
    """
    for name in given:
        if name in allowed:
            continue
        folded = {other.casefold(): other for other in allowed}
        near = difflib.get_close_matches(str(name).casefold(), folded, n=2, cutoff=0.6)
        guess = f"; did you mean {' or '.join(folded[n] for n in near)}?" if near else ";"
        raise TypeError(
            f"{name} is no parameter of {what} that this model knows{guess} "
            f"allowed: {', '.join(sorted(allowed))}"
        )


def required(what: str, given: Collection[str], needed: Iterable[str]) -> None:
    """Refuse parameters that lack one of the `needed`.

    Raises
    ------
    TypeError
        With the names that are missing.

    Examples
    --------
    >>> required("iaf_psc_exp", ["C_m", "I_e"], ["C_m"])
    """
    missing = [name for name in needed if name not in given]
    if missing:
        raise TypeError(f"{what}: {', '.join(missing)} missing; allowed: all of {list(needed)}")


def absent(name: str, value: object, neutral: float, why: str) -> None:
    """Refuse a parameter that the model has not got, unless its value has no effect.

    Parameters
    ----------
    name : str
        Name of the parameter.
    value : object
        What the user gave.
    neutral : float
        The value without effect.
    why : str
        What the model lacks, and what to do.

    Raises
    ------
    TypeError
        If `value` is no number.
    ValueError
        If it is any number but `neutral`.

    Examples
    --------
    >>> absent("delta", 0.0, 0.0, "the model has no escape noise")
    """
    if real(name, value) != neutral:
        raise ValueError(f"{name} = {value!r}: {why}; allowed: {neutral:g}")


def numeric(name: str, value: Any) -> Any:
    """Return a number or an array of numbers as it is, and a list as an array.

    Raises
    ------
    TypeError
        If it does not hold numbers.

    Examples
    --------
    >>> numeric("dt", 0.1)
    0.1
    """
    if isinstance(value, list | tuple):
        value = column(value, lists=True)
    if isinstance(value, list | tuple) or np.asarray(value).dtype.kind not in "iuf":
        raise TypeError(f"{name} = {value!r}; allowed: a number, or an array of numbers")
    return value


def milliseconds(name: str, value: object) -> float:
    """Return a time constant in ms, with a warning if its unit looks mistaken.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : object
        A number > 0.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If it is no finite number > 0.

    Warns
    -----
    UserWarning
        If it lies below 0.1 ms or above 1000 ms.

    Examples
    --------
    >>> milliseconds("tau_m", 10)
    10.0
    """
    number = real(name, value, above=0.0, hint="milliseconds")
    low, high = USUAL_MS
    if not low <= number <= high:
        other = "s" if number < low else "us"
        warnings.warn(
            f"{name} = {number:g} ms is unusual (below {low:g} or above {high:g} ms): "
            f"was it meant in {other}?",
            stacklevel=5,
        )
    return number
