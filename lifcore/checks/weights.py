"""Weights of networks: shapes, finite numbers, dense or sparse."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse


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
