"""A probability that was counted, with an interval that is right for few counts and for none."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import betainccinv, betaincinv

from lifcore.evidence.statistics import ESTIMATE_LEVEL, Estimate


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


def _ends(hits: int, trials: int, level: float) -> tuple[float, float]:
    tail = 0.5 * (1.0 - level)
    low = float(betaincinv(hits, trials - hits + 1, tail)) if hits > 0 else 0.0
    high = float(betainccinv(hits + 1, trials - hits, tail)) if hits < trials else 1.0
    return low, high
