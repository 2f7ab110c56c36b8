"""Weights and delays of networks: shapes, finite numbers, dense or sparse."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from lifcore.checks.values import real, sequence


def weights(number: int, value: object, sizes: list[int | None]) -> np.ndarray | sparse.csr_array:
    """Return the weights from layer `number` to the next one, as floats.

    Parameters
    ----------
    number : int
        Index of the matrix.
    value : array_like or scipy.sparse array
        The matrix, rows being targets.
    sizes : list of int or None
        Neurons of each layer where they are known; the two that the matrix tells are filled in.

    Returns
    -------
    ndarray or csr_array, shape (neurons of layer number + 1, neurons of layer number)

    Raises
    ------
    TypeError
        If it does not hold real numbers.
    ValueError
        If its shape does not fit, a layer would have no neurons, or an entry is not finite.

    Examples
    --------
    >>> weights(0, [[1, 2]], [None, None]).shape
    (1, 2)
    """
    name = f"weights[{number}], from layer {number} to layer {number + 1},"
    matrix = _matrix(name, value)
    sources, targets = sizes[number], sizes[number + 1]
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(
            f"{name} has shape {matrix.shape}; allowed: two dimensions, (targets, "
            "sources), with one or more neurons in each layer"
        )
    if targets not in {None, matrix.shape[0]} or sources not in {None, matrix.shape[1]}:
        wanted = ", ".join("any" if known is None else str(known) for known in (targets, sources))
        raise ValueError(
            f"{name} has shape {matrix.shape}, but layer {number} has "
            f"{'any number of' if sources is None else sources} and layer {number + 1} "
            f"{'any number of' if targets is None else targets} neurons; allowed: shape ({wanted})"
        )
    sizes[number + 1], sizes[number] = matrix.shape
    return matrix


def square_weights(value: object, neurons: int | None) -> np.ndarray | sparse.csr_array:
    """Return the weights of a network onto itself, as floats.

    Parameters
    ----------
    value : array_like or scipy.sparse array
        The matrix, rows being targets.
    neurons : int or None
        Number of neurons where it is known.

    Returns
    -------
    ndarray or csr_array, shape (neurons, neurons)

    Raises
    ------
    TypeError
        If it does not hold real numbers.
    ValueError
        If it is not square, does not fit the neurons, or an entry is not finite.

    Examples
    --------
    >>> square_weights([[0, 1], [2, 0]], None).shape
    (2, 2)
    """
    matrix = _matrix("weights", value)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or 0 in matrix.shape:
        raise ValueError(
            f"weights has shape {matrix.shape}; allowed: a square matrix, (targets, sources), with "
            "one row and one column a neuron"
        )
    if neurons not in {None, matrix.shape[0]}:
        raise ValueError(
            f"weights has shape {matrix.shape}, but neuron has arrays for {neurons} neurons; "
            f"allowed: shape ({neurons}, {neurons})"
        )
    return matrix


def delays(name: str, value: object, matrix: Any) -> float | np.ndarray | sparse.csr_array:
    """Return the delays of the synapses that a matrix of weights has, as floats.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : float, array_like or scipy.sparse array
        One delay for all synapses, or one each; what a dense matrix holds where there is no
        synapse is not looked at.
    matrix : ndarray or csr_array, shape (targets, sources)
        The validated weights.

    Returns
    -------
    float, or csr_array of the synapses' delays
        0.0 if all are 0. A delay of 0 beside others is an entry of its own.

    Raises
    ------
    TypeError
        If it does not hold real numbers.
    ValueError
        If a delay is negative or not finite, the shape is not that of the weights, or a sparse
        matrix has entries where the weights have none, or none where they have one.

    Examples
    --------
    >>> delays("delays", 1.5, np.eye(2))
    1.5
    >>> delays("delays", [[0.5, 9.0], [9.0, 0.0]], np.eye(2)).data.tolist()
    [0.5, 0.0]
    """
    if not sparse.issparse(value) and not isinstance(value, np.ndarray | Sequence):
        return real(name, value, at_least=0.0)
    given = _matrix(name, value)
    if given.shape != matrix.shape:
        raise ValueError(
            f"{name} has shape {given.shape}, but the weights have {matrix.shape}; allowed: a "
            "number, or a matrix of the weights' shape"
        )
    synapses = sparse.csr_array(matrix)  # explicit zeros are kept by no one: they are no synapses
    if (synapses.data == 0.0).any():
        synapses = synapses.copy()
        synapses.eliminate_zeros()
    if sparse.issparse(given):
        same = np.array_equal(given.indptr, synapses.indptr)
        if not same or not np.array_equal(given.indices, synapses.indices):
            raise ValueError(
                f"{name} {_first_difference(given, synapses)}; allowed: one entry for each "
                "weight that is not 0 (a delay of 0 as an explicit entry), and no other"
            )
        data = given.data
    else:
        rows = np.repeat(np.arange(matrix.shape[0]), np.diff(synapses.indptr))
        data = given[rows, synapses.indices]
    if (data < 0.0).any():
        raise ValueError(f"{name} holds {data[data < 0.0][0]:g}; allowed: delays >= 0")
    if not (data > 0.0).any():
        return 0.0
    own = sparse.csr_array((data, synapses.indices, synapses.indptr), shape=matrix.shape)
    own.data.flags.writeable = False
    return own


def layers_delays(value: object, matrices: Sequence[Any]) -> float | tuple[Any, ...]:
    """Return the delays of layers: 0.0 if nothing is delayed, else those of each matrix of weights.

    Parameters
    ----------
    value : float, or sequence of one float or matrix for each of the weights
        The delays.
    matrices : sequence of ndarray or csr_array
        The validated weights.

    Raises
    ------
    TypeError, ValueError
        As `delays`, or if there are not as many as matrices.

    Examples
    --------
    >>> layers_delays(0.5, [np.eye(2)])
    (0.5,)
    """
    if isinstance(value, numbers.Real):
        value = [real("delays", value, at_least=0.0)] * len(matrices)
    given = sequence("delays", value)
    if len(given) != len(matrices):
        raise ValueError(
            f"delays has {len(given)} entries for {len(matrices)} matrices of weights; allowed: a "
            "number, or a number or matrix for each matrix of weights"
        )
    each = [
        delays(f"delays[{number}]", part, matrix)
        for number, (part, matrix) in enumerate(zip(given, matrices, strict=True))
    ]
    silent = all(not sparse.issparse(part) and part == 0.0 for part in each)
    return 0.0 if silent else tuple(each)


def _first_difference(given: sparse.csr_array, synapses: sparse.csr_array) -> str:
    """Say at which synapse two sparse matrices differ first."""
    for row in range(given.shape[0]):
        own, other = (
            part.indices[part.indptr[row] : part.indptr[row + 1]] for part in (given, synapses)
        )
        odd = np.setxor1d(own, other)
        if odd.size:
            has = "has an entry" if odd[0] in own else "has no entry"
            what = "no weight" if odd[0] in own else "a weight"
            return f"{has} for target {row}, source {odd[0]}, where there is {what}"
    raise AssertionError("the matrices do not differ")


def _matrix(name: str, value: object) -> Any:
    """Return a dense or sparse matrix of finite floats that nobody else can change."""
    matrix: Any = value
    if not sparse.issparse(value):
        try:
            matrix = np.asarray(value)
        except ValueError:  # rows of different lengths
            matrix = np.asarray(None)
    if matrix.dtype.kind not in "biuf":  # as NumPy does, true is a weight of 1
        raise TypeError(
            f"{name} holds {matrix.dtype} values; allowed: an array or a scipy.sparse "
            "array of real numbers, rows of one length"
        )
    entries = matrix.tocoo().data if sparse.issparse(matrix) else matrix
    if not np.isfinite(entries).all():
        raise ValueError(f"{name} holds NaN or infinity; allowed: finite numbers")
    if sparse.issparse(value):
        # A copy: sorted and without duplicates.
        own = sparse.csr_array(value, dtype=np.float64, copy=True)
        own.sum_duplicates()
        for part in (own.data, own.indices, own.indptr):
            part.flags.writeable = False
        return own
    dense = np.array(matrix, dtype=np.float64, order="C")
    dense.flags.writeable = False
    return dense
