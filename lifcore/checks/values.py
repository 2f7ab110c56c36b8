"""Single values: numbers, counts, seeds, names, indices."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import TypeGuard

import numpy as np


def real(
    name: str,
    value: object,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    at_most: float = math.inf,
    infinite: bool = False,
    hint: str = "",
) -> float:
    """Return `value` as a float within the stated range.

    Parameters
    ----------
    name : str
        Name of the argument, for the error message.
    value : object
        What the user passed.
    above, at_least : float, optional
        Exclusive and inclusive lower limits.
    at_most : float, optional
        Inclusive upper limit.
    infinite : bool, optional
        Whether ``inf`` is allowed.
    hint : str, optional
        Why the limits are what they are, or what to do; ends the message.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If `value` is not a real number.
    ValueError
        If `value` is NaN, infinite where that has no meaning, or out of range.

    Examples
    --------
    >>> real("tau", 2, above=0.0)
    2.0
    """
    limits = [f"> {above:g}"] if above > -math.inf else []
    limits += [f">= {at_least:g}"] if at_least > -math.inf else []
    limits += [f"<= {at_most:g}"] if at_most < math.inf else []
    allowed = f"a number {' and '.join(limits)}" if limits else "a finite number"
    allowed += (" or inf" if infinite else "") + (f"; {hint}" if hint else "")
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} = {value!r} is a {type(value).__name__}; allowed: {allowed}")
    try:
        number = float(value)
    except OverflowError:  # an integer beyond every float
        number = math.nan
    if (
        math.isnan(number)
        or number <= above
        or number < at_least
        or number > at_most
        or (math.isinf(number) and not infinite)
    ):
        raise ValueError(f"{name} = {value!r} is out of range; allowed: {allowed}")
    return number


def reals(name: str, value: np.ndarray, **limits: float | bool) -> np.ndarray:
    """Return a one-dimensional array of numbers, each as `real` allows, as a read-only copy.

    Raises
    ------
    TypeError
        If it does not hold real numbers.
    ValueError
        If it is empty, has two dimensions or more, or a value is out of range.

    Examples
    --------
    >>> reals("mu", np.array([1, 2])).tolist()
    [1.0, 2.0]
    """
    if value.dtype.kind not in "iuf":
        raise TypeError(f"{name} holds {value.dtype} values; allowed: real numbers")
    if value.ndim != 1 or value.size == 0:
        raise ValueError(
            f"{name} has shape {value.shape}; allowed: a number or one dimension, a value a neuron"
        )
    for k, number in enumerate(value.tolist()):
        real(f"{name}[{k}]", number, **limits)  # type: ignore[arg-type]
    copy = value.astype(np.float64)
    copy.flags.writeable = False
    return copy


def count(name: str, value: object, *, at_least: int = 1) -> int:
    """Return `value` as an int not below `at_least`; a float that is whole will do.

    Raises
    ------
    TypeError
        If `value` is not a whole number.
    ValueError
        If `value` is too small.

    Examples
    --------
    >>> count("paths", 100)
    100
    """
    allowed = f"allowed: an integer >= {at_least}"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)  # 1e3 is a whole number
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} = {value!r} is a {type(value).__name__}; {allowed}")
    if value < at_least:
        raise ValueError(f"{name} = {value!r} is out of range; {allowed}")
    return int(value)


def seed(value: object) -> np.random.SeedSequence:
    """Return a SeedSequence made of an integer >= 0 or of a SeedSequence.

    Raises
    ------
    TypeError
        If `value` is neither.
    ValueError
        If `value` is negative.

    Examples
    --------
    >>> seed(1).entropy
    1
    """
    if isinstance(value, np.random.SeedSequence):
        return value
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(
            f"seed = {value!r} is a {type(value).__name__}; allowed: an integer >= 0 or a "
            "numpy.random.SeedSequence"
        )
    if value < 0:
        raise ValueError(f"seed = {value!r} is negative; allowed: an integer >= 0")
    return np.random.SeedSequence(int(value))


def positive(name: str, value: object) -> np.ndarray:
    """Return a number or an array of numbers as an array, all positive and finite.

    Raises
    ------
    TypeError
        If it does not hold numbers.
    ValueError
        If a value is NaN, infinite or not positive.

    Examples
    --------
    >>> positive("alpha", [0.5, 1]).tolist()
    [0.5, 1.0]
    """
    allowed = "allowed: a finite number > 0, or an array of them"
    given = np.asarray(value)
    if given.dtype.kind not in "iuf":
        raise TypeError(f"{name} = {value!r}; {allowed}")
    wrong = ~((given > 0) & (given < np.inf))
    if wrong.any():
        raise ValueError(f"{name} holds {given[wrong][0].item()!r}; {allowed}")
    return given.astype(np.float64)


def instance(name: str, value: object, kind: type) -> None:
    """Refuse a value that is not an instance of `kind`.

    Raises
    ------
    TypeError
        If it is not.

    Examples
    --------
    >>> instance("executor", None, type(None))
    """
    if not isinstance(value, kind):
        raise TypeError(
            f"{name} = {value!r} is a {type(value).__name__}; "
            f"allowed: {kind.__module__.partition('.')[0]}.{kind.__name__}"
        )


def index(name: str, value: object, size: int) -> int:
    """Return `value` as an index from 0 to `size` - 1.

    Raises
    ------
    TypeError
        If `value` is not an integer.
    IndexError
        If it is out of range.

    Examples
    --------
    >>> index("path", 2, 3)
    2
    """
    allowed = f"allowed: an integer from 0 to {size - 1}"
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} = {value!r} is a {type(value).__name__}; {allowed}")
    number = int(value)
    if not 0 <= number < size:
        raise IndexError(f"{name} = {value!r} is out of range; {allowed}")
    return number


def one_of(name: str, value: object, allowed: Sequence[str]) -> str:
    """Return `value` if it is one of the `allowed` strings.

    Raises
    ------
    TypeError
        If it is not a string.
    ValueError
        If it is another string.

    Examples
    --------
    >>> one_of("scheme", "euler", ("euler", "exact"))
    'euler'
    """
    choices = " or ".join(repr(a) for a in allowed)
    if not isinstance(value, str):
        raise TypeError(f"{name} = {value!r} is a {type(value).__name__}; allowed: {choices}")
    if value not in allowed:
        raise ValueError(f"{name} = {value!r} is unknown; allowed: {choices}")
    return value


def sequence(name: str, value: object) -> list[object]:
    """Return the entries of a list or tuple.

    Raises
    ------
    TypeError
        If it is anything else.

    Examples
    --------
    >>> sequence("layers", (1, 2))
    [1, 2]
    """
    if not isinstance(value, list | tuple):
        raise TypeError(f"{name} = {value!r} is a {type(value).__name__}; allowed: a list or tuple")
    return list(value)


def column(value: object, lists: bool = False) -> object:
    """Return a pandas Series, and `lists` if wanted, as an array, and anything else as it is.

    What does not fit into an array of one dimension or more stays as it is as well.

    Examples
    --------
    >>> column([1.0, 2.0], lists=True), column([1.0]), column(3.0)
    (array([1., 2.]), [1.0], 3.0)
    """
    if isinstance(value, np.ndarray | np.generic) or not (
        (lists and isinstance(value, list | tuple)) or hasattr(value, "__array__")
    ):
        return value
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        return value
    return array if array.ndim > 0 else value


def is_sequence(value: object) -> TypeGuard[Sequence[object] | np.ndarray]:
    """Return whether `value` is a list, a tuple or a one-dimensional array.

    Examples
    --------
    >>> is_sequence([1]), is_sequence("1")
    (True, False)
    """
    if isinstance(value, np.ndarray):
        return value.ndim == 1
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
