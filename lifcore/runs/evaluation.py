"""Observables evaluated: tried before work starts, and named in errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from lifcore.models.neuron import LIF

Observable = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def evaluate(name: str, observable: Observable, v, i, n) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Return an observable's values, or raise an error that names it.

    Parameters
    ----------
    name : str
        What the message calls it.
    observable : callable
        A function of (V, I, N).
    v, i, n : ndarray
        Potentials, currents and spike counts, of one shape.

    Returns
    -------
    ndarray
        Of that shape, float64.

    Raises
    ------
    TypeError, ValueError
        If the observable raises, or returns anything but finite real numbers of that shape.

    Examples
    --------
    >>> evaluate("cos V", lambda v, i, n: np.cos(v), np.zeros(2), np.zeros(2), np.zeros(2)).tolist()
    [1.0, 1.0]
    """
    try:
        with np.errstate(all="ignore"):
            values = np.asarray(observable(v, i, n))
    except Exception as error:
        raise ValueError(
            f"{name} raised {type(error).__name__}: {error}; "
            "allowed: a function of the arrays (V, I, N)"
        ) from error
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{name} returns {values.dtype} values; allowed: real numbers")
    if values.shape != v.shape:
        raise ValueError(
            f"{name} returns shape {values.shape} for V of shape {v.shape}; "
            "allowed: one number for each entry"
        )
    if not np.isfinite(values).all():
        k = int(np.argmin(np.isfinite(values).reshape(-1)))
        raise ValueError(
            f"{name} is {values.reshape(-1)[k]} at V = {v.reshape(-1)[k]:g}, "
            f"I = {i.reshape(-1)[k]:g}, N = {n.reshape(-1)[k]}; allowed: finite numbers"
        )
    return values.astype(np.float64)


def evaluate_each(  # type: ignore[no-untyped-def]
    observables: Mapping[str, Observable], v, i, n
) -> Iterator[np.ndarray]:
    """Yield the values of all, as `evaluate` returns them.

    Examples
    --------
    >>> zeros = np.zeros(2)
    >>> [x.tolist() for x in evaluate_each({"N": lambda v, i, n: n}, zeros, zeros, zeros)]
    [[0.0, 0.0]]
    """
    for name, observable in observables.items():
        yield evaluate(_called(name), observable, v, i, n)


def check_observable(name: str, value: object, model: LIF) -> Observable:
    """Return an observable, having tried it on a few states of the model.

    Parameters
    ----------
    name : str
        What messages call it.
    value : callable
        The observable.
    model : LIF
        The neuron, whose range of states is tried.

    Returns
    -------
    callable

    Raises
    ------
    TypeError, ValueError
        If it is no function, or fails its trial: shape, real and finite values, and each entry by
        itself.

    Examples
    --------
    >>> check_observable("observable", lambda v, i, n: n, LIF()) is not None
    True
    """
    if not callable(value):
        raise TypeError(f"{name} = {value!r}; allowed: a function of (V, I, N)")
    spread = model.sigma * np.sqrt(0.5 * min(model.tau, 1e6))
    v = np.linspace(model.v_reset, model.v_th, 6)[:-1].repeat(4).reshape(2, 10)
    i = np.tile(model.mu + spread * np.array([-3.0, -0.5, 0.5, 3.0]), 5).reshape(2, 10)
    n = np.arange(20).reshape(2, 10) // 3
    whole = evaluate(name, value, v, i, n)
    part = evaluate(name, value, v[:1, ::3], i[:1, ::3], n[:1, ::3])
    if not np.allclose(whole[:1, ::3], part, rtol=1e-12, atol=0.0):
        raise ValueError(
            f"{name} mixes paths: its value for one changes with the others; "
            "allowed: functions that act on each entry by itself"
        )
    return value


def check_observables(value: object, model: LIF) -> dict[str, Observable]:
    """Return observables as a dict, each tried as by `check_observable`.

    Parameters
    ----------
    value : mapping of str to callable
        The observables.
    model : LIF
        The neuron, whose range of states is tried.

    Returns
    -------
    dict

    Raises
    ------
    TypeError, ValueError
        If it is not a mapping of names to functions, or one of them fails its trial.

    Examples
    --------
    >>> list(check_observables({"N": lambda v, i, n: n}, LIF()))
    ['N']
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"observables = {value!r}; allowed: a mapping of names to functions")
    if not value:
        raise ValueError("observables is empty; allowed: one or more functions")
    for name in value:
        if not isinstance(name, str):
            raise TypeError(f"observables has the name {name!r}; allowed: names that are text")
    return {name: check_observable(_called(name), one, model) for name, one in value.items()}


def _called(name: str) -> str:
    """Return what messages call one of several observables."""
    return f"observables[{name!r}]"
