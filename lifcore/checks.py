"""Validation of everything a user hands to lifcore, in one place.

Every function returns the value in the form the rest of the package expects, or
raises an error that names the argument, shows its value and says what is allowed.
"""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeGuard

import numpy as np

# A grid is accepted when its rounding error is that of a few floating point operations.
_GRID_TOLERANCE = 1e-9


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


def count(name: str, value: object, *, at_least: int = 1) -> int:
    """Return `value` as an int not below `at_least`.

    Raises
    ------
    TypeError
        If `value` is not an integer.
    ValueError
        If `value` is too small.

    Examples
    --------
    >>> count("paths", 100)
    100
    """
    allowed = f"allowed: an integer >= {at_least}"
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
            f"allowed: {kind.__module__}.{kind.__name__}"
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


def _is_sequence(value: object) -> TypeGuard[Sequence[object] | np.ndarray]:
    if isinstance(value, np.ndarray):
        return value.ndim == 1
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


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
    if isinstance(h, numbers.Real):
        h = [h]
    if not _is_sequence(h):
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
    if not _is_sequence(value):
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
    """Refuse a step at which plain Euler amplifies the leak or the synaptic decay.

    Parameters
    ----------
    h : float
        Step size.
    rates : dict of str to float
        The decay rates of the linear flow, by name; |1 - h rate| < 1 is needed for each.

    Raises
    ------
    ValueError
        If h >= 2 / rate for one of them.

    Examples
    --------
    >>> euler_stable(0.1, {"g": 1.0, "1/tau": 2.0})
    """
    for name, rate in rates.items():
        if h * rate >= 2.0:
            raise ValueError(
                f"h = {h!r} is beyond Euler's stability limit 2/({name}) = {2.0 / rate:g}; "
                f"allowed: h < {2.0 / rate:g}"
            )


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


def memory(what: str, size: float) -> None:
    """Refuse a request whose arrays would not fit into this machine's memory.

    Parameters
    ----------
    what : str
        What the arrays hold, for the message.
    size : float
        Bytes.

    Raises
    ------
    ValueError
        If `size` exceeds the physical memory.

    Examples
    --------
    >>> memory("the results", 1e3)
    """
    try:
        available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # no sysconf on this system: let NumPy say it
        return
    if size > available:
        raise ValueError(
            f"{what} would take {size / 2**30:.1f} GiB, "
            f"this machine has {available / 2**30:.1f} GiB; "
            "ask for fewer paths or levels, or split the request by seed"
        )


def start(
    value: object, paths: int, default: tuple[float, float], v_th: float, i_th: float
) -> tuple[np.ndarray, np.ndarray] | tuple[float, float]:
    """Return the initial (V, I), as two numbers or as two arrays of one value a path.

    Parameters
    ----------
    value : None or pair of float or array_like
        None means `default`.
    paths : int
        Number of paths.
    default : tuple of float
        (v_reset, mu).
    v_th, i_th : float
        Threshold of V, and the current at which V crosses it at speed 0.

    Raises
    ------
    TypeError, ValueError
        If the pair, the shapes or the values are wrong; a start at or above threshold
        is allowed only at it, on the way down (V = v_th and I < i_th).

    Examples
    --------
    >>> start(None, 3, (0.0, 1.2), 1.0, 1.0)
    (0.0, 1.2)
    """
    if value is None:
        return default
    if not isinstance(value, Sequence) or len(value) != 2:
        raise TypeError(f"start = {value!r}; allowed: None or a pair (V, I) of numbers or arrays")
    pair = []
    for name, part in zip(("V", "I"), value, strict=True):
        try:
            array = np.asarray(part)
        except ValueError:  # lists of lists of different lengths
            array = np.asarray(None)
        if array.dtype.kind not in "iuf":
            raise TypeError(f"start: {name} = {part!r}; allowed: a number or {paths} numbers")
        if array.shape not in {(), (paths,), (paths, 1)}:
            raise ValueError(
                f"start: {name} has shape {array.shape}; allowed: a number or shape ({paths},)"
            )
        if not np.isfinite(array).all():
            raise ValueError(f"start: {name} holds NaN or infinity; allowed: finite numbers")
        pair.append(array.astype(np.float64))
    same_for_all = pair[0].ndim == pair[1].ndim == 0
    v, i = np.broadcast_arrays(*(part.reshape(-1) for part in pair))
    wrong = (v > v_th) | ((v == v_th) & (i >= i_th))
    if wrong.any():
        k = int(np.argmax(wrong))
        raise ValueError(
            f"start: path {k} has V = {v[k]:g}, I = {i[k]:g}; allowed: V < v_th = {v_th:g}, or "
            f"V = v_th on the way down (I < {i_th:g})"
        )
    if same_for_all:  # then so does the rest of the last block, whatever `paths` is
        return float(v[0]), float(i[0])
    return v.copy(), i.copy()
