"""Kernels that are chosen by the type of what they are given, when a loop is compiled.

A jitted loop calls a generic function, and runs what was registered for the NamedTuple that it is
handed: the constants of a scheme, or a source of noise. So a loop is written once, nothing is
slower for it, and what is compiled can be kept on disk, which numba does not do for loops that take
functions as arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import types
from numba.extending import overload


def kernel(generic: Callable[..., Any], kind: type) -> Callable[..., Any]:
    """Make a function what `generic` does for arguments of a kind, in jitted code.

    Parameters
    ----------
    generic : callable
        A function whose first argument decides.
    kind : type
        The NamedTuple that this argument is, or `numpy.random.Generator`.

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
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        # strict compares argument names, which are the generic function's own here
        @overload(generic, strict=False)
        def choose(first, *rest):
            if kind is np.random.Generator:
                found = isinstance(first, types.NumPyRandomGeneratorType)
            else:
                found = isinstance(first, types.BaseNamedTuple) and first.instance_class is kind
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
