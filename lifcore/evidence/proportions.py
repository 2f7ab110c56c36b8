"""A probability that was counted, with an interval that is right for few counts and for none."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betainccinv, betaincinv

from lifcore.evidence.statistics import ESTIMATE_LEVEL, FEW, Estimate, mean


@dataclass(frozen=True)
class Proportion(Estimate):
    """A proportion of independent trials, with the interval of Clopper and Pearson (1934).

    Attributes
    ----------
    hits, trials : int
        How many of how many.

    Examples
    --------
    >>> proportion(0, 1000).high.__round__(5)
    0.00368
    """

    hits: int
    trials: int

    def interval(self, level: float) -> tuple[float, float]:
        """Return the interval of confidence `level`.

        Examples
        --------
        >>> [end.__round__(3) for end in proportion(5, 10).interval(0.95)]
        [0.187, 0.813]
        """
        return _ends(self.hits, self.trials, level)


def proportion(hits: int, trials: int) -> Proportion:
    """Return a proportion with its 95 % interval.

    Parameters
    ----------
    hits, trials : int
        How many of how many independent trials; at least one trial.

    Returns
    -------
    Proportion

    Raises
    ------
    ValueError
        If there is no trial, or `hits` is not between none and all of them.

    Examples
    --------
    >>> proportion(3, 4).mean
    0.75
    """
    if trials < 1 or not 0 <= hits <= trials:
        raise ValueError(f"hits = {hits!r} of trials = {trials!r}; allowed: 0 <= hits <= trials")
    share = hits / trials
    error = math.sqrt(share * (1.0 - share) / trials)
    return Proportion(share, *_ends(hits, trials, ESTIMATE_LEVEL), error, math.inf, hits, trials)


@dataclass(frozen=True)
class Share(Estimate):
    """A mean of shares of few paths, between the chances of having the whole and anything.

    Attributes
    ----------
    whole, some, trials : int
        How many of how many paths have a share of 1, and a share above 0.

    Examples
    --------
    >>> mean_share(np.array([0.0, 0.5])).interval(0.95) == (0.0, proportion(1, 2).high)
    True
    """

    whole: int
    some: int
    trials: int

    def interval(self, level: float) -> tuple[float, float]:
        """Return the interval of confidence `level`.

        Examples
        --------
        >>> mean_share(np.zeros(1000)).interval(0.95)[1].__round__(5)
        0.00368
        """
        return _ends(self.whole, self.trials, level)[0], _ends(self.some, self.trials, level)[1]


def mean_share(values: np.ndarray) -> Estimate:
    """Return the mean of independent shares, with an interval right also where few are not 0 or 1.

    It is that of `mean` if at least 32 paths have a share above 0, and as many one below 1.
    Otherwise it reaches from the lower end of Clopper and Pearson's for the chance of a share of
    1 to the upper end of that for a share above 0; the mean lies between these chances.

    Parameters
    ----------
    values : ndarray, shape (n,)
        One number from 0 to 1 a path.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If there are fewer than two values.

    Examples
    --------
    >>> mean_share(np.array([0.0, 1.0, 1.0])).low == proportion(2, 3).low
    True
    """
    values = np.asarray(values)
    found = mean(values)
    whole, some, trials = int((values >= 1.0).sum()), int((values > 0.0).sum()), len(values)
    if min(some, trials - whole) >= FEW:
        return found
    low, high = _ends(whole, trials, ESTIMATE_LEVEL)[0], _ends(some, trials, ESTIMATE_LEVEL)[1]
    return Share(found.mean, low, high, found.standard_error, found.freedom, whole, some, trials)


def _ends(hits: int, trials: int, level: float) -> tuple[float, float]:
    tail = 0.5 * (1.0 - level)
    low = float(betaincinv(hits, trials - hits + 1, tail)) if hits > 0 else 0.0
    high = float(betainccinv(hits + 1, trials - hits, tail)) if hits < trials else 1.0
    return low, high
