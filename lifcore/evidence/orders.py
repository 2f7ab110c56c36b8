"""Orders of convergence, with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lifcore import checks
from lifcore.evidence.statistics import Estimate, batch_sums, jackknife_estimate


@dataclass(frozen=True)
class Order:
    """A fitted power law, error = constant * h**order.

    Attributes
    ----------
    order : Estimate
        The exponent.
    constant : Estimate
        Its factor.
    local : tuple of Estimate
        Exponents between neighbouring step sizes, from the coarsest pair to the finest.

    Examples
    --------
    >>> h = np.array([0.4, 0.2, 0.1])
    >>> fit = fit_order(h, np.outer(3 * h, np.ones(64)))
    >>> round(fit.order.mean, 9), round(fit.constant.mean, 9), len(fit.local)
    (1.0, 3.0, 2)
    """

    order: Estimate
    constant: Estimate
    local: tuple[Estimate, ...]


def fit_order(
    h: Sequence[float] | np.ndarray,
    values: np.ndarray,
    weights: np.ndarray | None = None,
    root: bool = False,
) -> Order:
    """Fit error = constant * h**order by weighted least squares on logarithms.

    Each level has the weight of its own precision, the inverse of the jackknife variance of
    its logarithm; the interval takes the weights as given. With fewer than 10 batches all levels
    weigh alike.

    Parameters
    ----------
    h : sequence of float, shape (levels,)
        Step sizes (or whatever the error is a power of).
    values : ndarray, shape (levels, paths)
        One value a path, whose mean is the error at each h; the same path in each column.
    weights : ndarray, shape (levels, paths), optional
        If given, the error is the sum of values over the sum of weights (a conditional mean).
    root : bool, optional
        Fit the square root of the mean instead, for root-mean-square errors.

    Returns
    -------
    Order

    Raises
    ------
    TypeError
        If values are Estimates: they have lost what their levels share.
    ValueError
        If there are fewer than two levels, or a mean is not positive without one of the
        batches: then there is no logarithm, and more paths are needed.

    Examples
    --------
    >>> h = np.array([0.4, 0.2, 0.1])
    >>> round(fit_order(h, np.outer(h**2, np.ones(64))).order.mean, 12)
    2.0
    """
    try:
        numbers = np.asarray(values)
    except ValueError:  # rows of different lengths
        numbers = np.asarray(None)
    if numbers.dtype.kind not in "biuf":
        raise TypeError(
            "values holds no plain numbers, or rows of different lengths (Estimates?); allowed: "
            "the numbers behind the means, shape (levels, paths), since an order's interval needs "
            "what the levels share"
        )
    h = checks.positive("h", h)
    values = numbers.astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("values holds NaN or infinity; allowed: finite numbers")
    if weights is not None and np.shape(weights) != values.shape:
        raise ValueError(
            f"weights has shape {np.shape(weights)}; allowed: that of values, {values.shape}"
        )
    if np.unique(h).size < h.size:
        raise ValueError(f"h = {h.tolist()}; allowed: distinct step sizes")
    if h.ndim != 1 or h.size < 2 or values.ndim != 2 or values.shape[0] != h.size:
        raise ValueError(
            f"h has shape {h.shape} and values {values.shape}; "
            "allowed: (levels,) and (levels, paths) with at least 2 levels"
        )
    sums, _ = batch_sums(values)
    sizes, _ = batch_sums(np.ones_like(values) if weights is None else weights)
    total, n = sums.sum(axis=1, keepdims=True), sizes.sum(axis=1, keepdims=True)
    means = np.concatenate([total / n, (total - sums) / (n - sizes)], axis=1)
    if not (means > 0.0).all():
        k = int(np.argmin((means > 0.0).all(axis=1)))
        raise ValueError(
            f"the error at h = {h[k]:g} is not positive in every batch, so it has no logarithm; "
            "use more paths or leave this h out"
        )
    x, y = np.log(h), np.log(means) * (0.5 if root else 1.0)
    spread = ((y[:, 1:] - y[:, 1:].mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    # Of few batches the variances are so rough that weights made of them would spoil the interval.
    rough = y.shape[1] - 1 < 10 or not (spread > 0.0).all()
    precision = np.ones_like(x) if rough else 1.0 / spread
    precision /= precision.sum()
    centre = precision @ x
    centred = precision * (x - centre)
    slope = centred @ y / (centred @ (x - centre))
    log_constant = precision @ y - slope * centre
    descending = np.argsort(-h)
    steps = np.diff(y[descending], axis=0) / np.diff(x[descending])[:, None]
    return Order(
        order=jackknife_estimate(slope[0], slope[1:]),
        constant=jackknife_estimate(math.exp(log_constant[0]), np.exp(log_constant[1:])),
        local=tuple(jackknife_estimate(row[0], row[1:]) for row in steps),
    )
