"""What a multilevel run returns: the estimate, and what its levels were and cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from lifcore.weak.plain import PlainPlan


class Level(NamedTuple):
    """One level of the telescoping sum.

    ``h`` is its step, ``paths`` their number, ``mean`` and ``variance`` those of f_l - f_{l-1}
    (of f_0 on the coarsest), ``steps`` the number of neuron-steps spent on it.

    Examples
    --------
    >>> from lifcore import LIF
    >>> from lifcore.weak import multilevel
    >>> found = multilevel(LIF(), lambda v, i, n: n, T=2.0, coarsest=0.5, half_width=0.1, seed=1)
    >>> found.levels[0].h
    0.5
    """

    h: float
    paths: int
    mean: float
    variance: float
    steps: int


@dataclass(frozen=True)
class Multilevel:
    """An average with an interval that includes the bias left by the finest step.

    Attributes
    ----------
    mean, low, high : float
        The estimate and its interval, at most as wide as was asked for.
    confidence : float
        Confidence of the interval.
    bias : float
        Bound on the bias of the finest step, from the pairs' means; part of the interval.
    levels : tuple of Level
        From the coarsest to the finest.
    steps : int
        Neuron-steps spent, the pilot included.
    plain : PlainPlan
        What plain Monte Carlo would take for the same bias and error: the slope of the bias and
        the variance of f are known by now, and it is granted them.

    Examples
    --------
    >>> from lifcore import LIF
    >>> from lifcore.weak import multilevel
    >>> found = multilevel(LIF(), lambda v, i, n: n, T=2.0, coarsest=0.5, half_width=0.1, seed=1)
    >>> found.high - found.low <= 0.2
    True
    """

    mean: float
    low: float
    high: float
    confidence: float
    bias: float
    levels: tuple[Level, ...]
    steps: int
    plain: PlainPlan
