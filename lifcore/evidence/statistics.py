r"""Means and orders with intervals, and claims with their verdicts.

All intervals come from independent batches of paths and Student's t. An order is the slope
of log error against log h; its interval is found by leaving out one batch at a time
(jackknife), so it includes the correlation between step sizes that share their paths.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

BATCHES = 32
"""Number of batches."""

ESTIMATE_LEVEL = 0.95
"""Confidence of an Estimate's own interval."""

CLAIM_LEVEL = 0.999
"""Confidence of the interval by which a claim is judged."""

FEW, FEW_SQUARES = 32, 257
"""How many paths must show something, and how many squares there must be, for their scatter to
give an interval."""


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes
    ----------
    mean : float
        The estimate.
    low, high : float
        Its 95 % interval.
    standard_error : float
        Standard error of `mean`.
    freedom : float
        Degrees of freedom of Student's t; inf for a normal interval.

    Examples
    --------
    >>> found = mean(np.array([1.0, 2.0, 3.0]))
    >>> found.low < found.mean < found.high
    True
    """

    mean: float
    low: float
    high: float
    standard_error: float
    freedom: float

    def interval(self, level: float) -> tuple[float, float]:
        """Return the interval of confidence `level`.

        Examples
        --------
        >>> estimate(1.0, 0.1, freedom=math.inf).interval(0.95)[0].__round__(3)
        0.804
        """
        half = self.standard_error * _quantile(level, self.freedom)
        return self.mean - half, self.mean + half


def estimate(value: float, standard_error: float, freedom: float) -> Estimate:
    """Return an Estimate with its 95 % interval.

    Parameters
    ----------
    value, standard_error : float
        The number and its standard error.
    freedom : float
        Degrees of freedom of the standard error.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> estimate(1.0, 0.0, 10).high
    1.0
    """
    half = standard_error * _quantile(ESTIMATE_LEVEL, freedom)
    return Estimate(
        float(value), float(value - half), float(value + half), float(standard_error), freedom
    )


def _quantile(level: float, freedom: float) -> float:
    """Return how many standard errors an interval extends to either side."""
    p = 0.5 + 0.5 * level
    return float(ndtri(p) if math.isinf(freedom) else stdtrit(freedom, p))


def batch_sums(values: np.ndarray, batches: int = BATCHES) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of consecutive batches along the last axis, and the batches' sizes.

    Parameters
    ----------
    values : ndarray, shape (..., n)
        One value a path.
    batches : int, optional
        Number of batches; fewer if there are fewer values.

    Returns
    -------
    sums : ndarray, shape (..., batches)
    sizes : ndarray, shape (batches,)

    Raises
    ------
    ValueError
        If there are fewer than two values.

    Examples
    --------
    >>> batch_sums(np.arange(6.0), 3)[0].tolist()
    [1.0, 5.0, 9.0]
    """
    if values.ndim == 0:
        raise ValueError("values has shape (); allowed: (..., n), one value a path")
    n = values.shape[-1]
    if n < 2:
        raise ValueError(f"values has {n} entries; allowed: at least 2, or there is no interval")
    edges = np.linspace(0, n, min(batches, n) + 1).astype(np.int64)
    return np.add.reduceat(values, edges[:-1], axis=-1), np.diff(edges)


def _one_a_path(name: str, values: np.ndarray) -> np.ndarray:
    """Return values as floats, in one dimension: neurons of one path would be taken for paths."""
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1:
        raise ValueError(f"{name} has shape {numbers.shape}; allowed: (n,), one value a path")
    if numbers.size < 2:
        raise ValueError(
            f"{name} has {numbers.size} entries; allowed: at least 2, or there is no interval"
        )
    return numbers


def mean(values: np.ndarray) -> Estimate:
    """Return the mean of independent values with its interval.

    Parameters
    ----------
    values : ndarray, shape (n,)
        One value a path.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If there are fewer than two values, or two dimensions.

    Examples
    --------
    >>> mean(np.array([1.0, 2.0, 3.0])).mean
    2.0
    """
    numbers = _one_a_path("values", values)
    return ratio(numbers, np.ones(numbers.size))


def mean_square(squares: np.ndarray) -> Estimate:
    """Return the mean of independent squares, with no finite interval where they are too few.

    Squares are skewed: of few of them mean and scatter are small together, and the interval misses
    far too often, as it does if few large ones make up most of the sum. So there must be at least
    257, and they must weigh as much as 32 equal ones, by (sum x)²/(sum x²) (Kish 1965).

    Parameters
    ----------
    squares : ndarray, shape (n,)
        One value >= 0 a path.

    Returns
    -------
    Estimate
        Its standard error is infinite if the squares are too few, but for equal ones.

    Raises
    ------
    ValueError
        If there are fewer than two values, or two dimensions.

    Examples
    --------
    >>> squares = np.random.default_rng(1).standard_normal(1000) ** 2
    >>> mean_square(squares).high < 1.2, mean_square(squares[:100]).high
    (True, inf)
    """
    squares = _one_a_path("squares", squares)
    found = mean(squares)
    if found.standard_error == 0.0 and found.mean > 0.0:
        return found
    square = float(np.dot(squares, squares))
    alike = float(np.sum(squares)) ** 2 / square if square > 0.0 else 0.0
    if len(squares) >= FEW_SQUARES and alike >= FEW:
        return found
    return estimate(found.mean, math.inf, found.freedom)


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> Estimate:
    """Return the ratio of two means over the same paths, with its jackknife interval.

    Parameters
    ----------
    numerator, denominator : ndarray, shape (n,)
        One value a path.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If there are fewer than two values, two dimensions, or not as many of both.

    Examples
    --------
    >>> ratio(np.array([1.0, 3.0]), np.array([2.0, 2.0])).mean
    1.0
    """
    above, below = _one_a_path("numerator", numerator), _one_a_path("denominator", denominator)
    if above.size != below.size:
        raise ValueError(
            f"numerator has shape {above.shape} and denominator {below.shape}; allowed: one shape, "
            "as both are of the same paths"
        )
    top, _ = batch_sums(above)
    bottom, _ = batch_sums(below)
    return jackknife_estimate(top.sum() / bottom.sum(), (top.sum() - top) / (bottom.sum() - bottom))


def jackknife(statistic: Callable[[np.ndarray], float], values: np.ndarray) -> Estimate:
    """Return a function of means with its interval, by leaving out one batch at a time.

    Parameters
    ----------
    statistic : callable
        Takes the means over paths, shape (...), and returns a number.
    values : ndarray, shape (..., n)
        One value a path.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If there are fewer than two paths.

    Examples
    --------
    >>> pairs = np.stack([np.array([1.0, 3.0]), np.array([2.0, 2.0])])
    >>> jackknife(lambda means: means[0] / means[1], pairs).mean
    1.0
    """
    sums, sizes = batch_sums(np.asarray(values, dtype=np.float64))
    total, n = sums.sum(axis=-1, keepdims=True), sizes.sum()
    without = (total - sums) / (n - sizes)
    each = np.array([statistic(without[..., k]) for k in range(sizes.size)])
    return jackknife_estimate(statistic(total[..., 0] / n), each)


def jackknife_estimate(whole: float, without: np.ndarray) -> Estimate:
    """Return the estimate whose values without each batch in turn are given.

    Examples
    --------
    >>> round(jackknife_estimate(2.0, np.array([1.5, 2.0, 2.5])).standard_error, 4)
    0.5774
    """
    n = without.size
    error = math.sqrt((n - 1) / n * float(((without - without.mean()) ** 2).sum()))
    return estimate(float(whole), error, n - 1)
