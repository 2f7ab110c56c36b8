"""Kernels that are chosen by the type of what they are given, when a loop is compiled.

A jitted loop calls a generic function, and runs what was registered for the NamedTuple that it is
handed: the constants of a scheme, or a source of noise. So a loop is written once, nothing is
slower for it, and what is compiled can be kept on disk, which numba does not do for loops that take
functions as arguments. What derives from a NamedTuple has its kernels, but for those of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numba import njit
from numba.core import types
from numba.extending import overload

borrowing = partial(njit, nogil=True, cache=True, _nrt=False)
"""Decorates a function that allocates no array and returns none of those that it is handed.

Their references are not counted then. Counting them, by atomic operations, was half of the time of
an exact run: a call with a step, a stack, a source and a recording took 32 of them. Whoever
allocates in such a function after all is told so when it is compiled; one that returned an array
would free it too early, which tests/noise/test_dispatch.py looks for.
"""


_kinds: dict[Callable[..., Any], set[type]] = {}


def kernel(generic: Callable[..., Any], kind: type, *, borrows: bool = False) -> Callable[..., Any]:
    """Make a function what `generic` does for arguments of a kind, in jitted code.

    Parameters
    ----------
    generic : callable
        A function whose first argument decides.
    kind : type
        The NamedTuple that this argument is, or the nearest for which something is registered that
        it derives from; or `numpy.random.Generator`.
    borrows : bool, optional
        Whether it neither makes nor returns arrays, and so counts no references (`borrowing`).

    Returns
    -------
    callable
        A decorator, which returns the function as it is.

    Examples
    --------
    >>> from typing import NamedTuple
    >>> from numba import njit
    >>> def size(thing):
    ...     raise TypeError
    >>> class Nothing(NamedTuple):
    ...     h: float
    >>> @kernel(size, Nothing)
    ... def size_of_nothing(thing):
    ...     return 0.0
    >>> njit(lambda thing: size(thing))(Nothing(1.0))
    0.0
    >>> class Less(Nothing):
    ...     __slots__ = ()
    >>> njit(lambda thing: size(thing))(Less(1.0))
    0.0
    """
    kinds = _kinds.setdefault(generic, set())

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        kinds.add(kind)
        # strict compares argument names, which are the generic function's own here
        options: Any = {"_nrt": not borrows}

        @overload(generic, strict=False, jit_options=options)
        def choose(first, *rest):
            if kind is np.random.Generator:
                found = isinstance(first, types.NumPyRandomGeneratorType)
            else:
                bases = getattr(first, "instance_class", object).__mro__
                found = next((base for base in bases if base in kinds), None) is kind
            return function if found else None

        return function

    return register


def only_jitted(source: Any) -> TypeError:
    """Return what a generic function of the noise raises when it is called as it stands.

    Examples
    --------
    >>> print(only_jitted(None))
    NoneType: noise is drawn in jitted code only
    """
    return TypeError(f"{type(source).__name__}: noise is drawn in jitted code only")
