"""Starts of networks, volleys, and tables of spikes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
from scipy import sparse


def start(
    value: object,
    paths: int,
    default: tuple[float, float] | tuple[np.ndarray, np.ndarray],
    v_th: float | np.ndarray,
    i_th: float | np.ndarray,
) -> tuple[np.ndarray, np.ndarray] | tuple[float, float]:
    """Return the initial (V, I), as two numbers or as two arrays.

    Parameters
    ----------
    value : None or pair of float or array_like
        None means `default`.
    paths : int
        Number of paths.
    default : pair of float, or pair of ndarray of shape (neurons,)
        (v_reset, mu).
    v_th, i_th : float or ndarray, shape (neurons,)
        Threshold of V, and the current at which V crosses it at speed 0.

    Returns
    -------
    pair of float or of ndarray
        `default`; or numbers that hold for all; or arrays of shape (paths,) for one neuron
        and (paths, neurons) for several.

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
    neurons = np.size(default[0])
    shapes = {(), (paths, neurons)} | ({(paths,)} if neurons == 1 else set())
    shape = f"({paths},)" if neurons == 1 else f"({paths}, {neurons})"
    pair = []
    for name, part in zip(("V", "I"), value, strict=True):
        try:
            array = np.asarray(part)
        except ValueError:  # lists of lists of different lengths
            array = np.asarray(None)
        if array.dtype.kind not in "iuf":
            raise TypeError(
                f"start: {name} = {part!r}; allowed: a number or {paths * neurons} numbers"
            )
        if array.shape not in shapes:
            raise ValueError(
                f"start: {name} has shape {array.shape}; allowed: a number or shape {shape}"
            )
        if not np.isfinite(array).all():
            raise ValueError(f"start: {name} holds NaN or infinity; allowed: finite numbers")
        pair.append(array.astype(np.float64))
    same_for_all = pair[0].ndim == pair[1].ndim == 0
    each = [part.reshape(-1, neurons) if part.ndim else part.reshape(1, 1) for part in pair]
    v, i, top, level = np.broadcast_arrays(*each, v_th, i_th)
    wrong = (v > top) | ((v == top) & (i >= level))
    if wrong.any():
        k, j = (int(n) for n in np.argwhere(wrong)[0])
        which = f"path {k}" + (f", neuron {j}" if neurons > 1 else "")
        raise ValueError(
            f"start: {which} has V = {v[k, j]:g}, I = {i[k, j]:g}; allowed: V < v_th = "
            f"{top[k, j]:g}, or V = v_th on the way down (I < {level[k, j]:g})"
        )
    if same_for_all:  # then so does the rest of the last block, whatever `paths` is
        return float(pair[0]), float(pair[1])
    whole = (paths,) if neurons == 1 else (paths, neurons)
    v, i = (np.broadcast_to(part, (paths, neurons)).reshape(whole) for part in (v, i))
    return v.copy(), i.copy()


def spikes(value: object, paths: int, neurons: int) -> np.ndarray:
    """Return a table of spikes at finite times that names no path and no neuron that there is not.

    Parameters
    ----------
    value : ndarray
        Structured, with the fields ``path``, ``neuron`` and ``time`` at least.
    paths, neurons : int
        Their numbers.

    Raises
    ------
    TypeError
        If it is not such an array.
    ValueError
        If a path or a neuron is out of range, or a time is not finite.

    Examples
    --------
    >>> spikes(np.zeros(1, [("path", "i8"), ("neuron", "i4"), ("time", "f8")]), 1, 1).size
    1
    """
    names = getattr(getattr(value, "dtype", None), "names", None) or ()
    if not isinstance(value, np.ndarray) or not {"path", "neuron", "time"} <= set(names):
        raise TypeError(
            f"spikes = {value!r:.60} has no fields path, neuron and time; allowed: an array as "
            "simulate_spikes returns it"
        )
    for name, count in (("path", paths), ("neuron", neurons)):
        if value.size and not 0 <= value[name].min() <= value[name].max() < count:
            raise ValueError(
                f"spikes: {name} goes from {value[name].min()} to {value[name].max()}; allowed: "
                f"from 0 to {count - 1}, as there are {count}"
            )
    finite = np.isfinite(value["time"])
    if not finite.all():
        raise ValueError(f"spikes: time holds {value['time'][~finite][0]}; allowed: finite times")
    return value


def volleys(
    weights: np.ndarray | sparse.csr_array, column: Callable[[str], np.ndarray], h: float
) -> None:
    r"""Warn of a network that can spike as a whole in every step.

    Where every neuron spikes in every step, I settles at mu + (tau/h) sum of its weights, and the
    next step carries V from reset by h (I - g V_r): the state sustains itself if this is the way
    to the threshold or more, for every neuron.

    Parameters
    ----------
    weights : ndarray or csr_array, shape (neurons, neurons)
        Rows are targets.
    column : callable
        Returns a parameter of all neurons by name, as ``Recurrent.column``.
    h : float
        Euler's step.

    Warns
    -----
    UserWarning
        With how many times the way to the threshold the least driven neuron goes.

    Examples
    --------
    >>> from lifcore.models.networks import Recurrent
    >>> from lifcore.models.neuron import LIF
    >>> small = Recurrent(LIF(), [[0.0, 0.1], [0.1, 0.0]])
    >>> volleys(small.weights, small.column, 0.1)
    """
    if column("t_ref").all():
        return  # nobody spikes in every step
    with np.errstate(all="ignore"):  # whoever asks for such sizes is refused by name elsewhere
        total = np.asarray(weights.sum(axis=1)).ravel()
        way = column("v_th") - column("v_reset")
        drive = h * (column("mu") - column("g") * column("v_reset"))
        # With tau = inf nothing limits the current: any net excitation grows until all spike.
        response = np.multiply(total, column("tau"), out=np.zeros_like(total), where=total != 0.0)
        least = float(((drive + response) / way).min())
    if least >= 1.0:
        warnings.warn(
            f"weights: so strong that all neurons spike in every step of h = {h!r} once they have "
            f"come to it: their synapses then carry each of them {least:.3g} times the way from "
            "reset to threshold in a step, or more; below 1 there is no such state: use smaller "
            "weights or a smaller tau",
            stacklevel=4,
        )
