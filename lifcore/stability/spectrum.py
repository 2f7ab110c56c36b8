"""The Lyapunov spectrum of a network, with intervals that know of its finite time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from lifcore.evidence.statistics import Estimate, estimate, mean

BIAS = 1.25
"""Standard errors for a change of one between half and whole times.

Each path's largest exponent of a finite time is above the true one, by an amount of order 1/T or,
where exponents are equal, 1/sqrt(T). Half the time then changes it by at least 0.41 of that. The
change is itself estimated: two of its standard errors are added.
"""


@dataclass(frozen=True)
class Spectrum:
    """The Lyapunov spectrum of a network, and what its neurons have one by one.

    Attributes
    ----------
    values : ndarray, shape (paths, count)
        Each path's exponents, the largest first; 2 neurons of them unless fewer were asked for.
    own : ndarray, shape (paths, 2 neurons)
        Each path's union over neurons of -g + mean log s and -1/tau, the largest first.
    halves : ndarray, shape (paths, count)
        As `values`, of half the time: mean of the two halves.
    note : str
        Empty, or why the intervals are infinite.

    Notes
    -----
    The intervals of `exponents` include how much these change from half the time to the whole.

    Examples
    --------
    >>> from lifcore.models import LIF
    >>> from lifcore.stability import network_spectrum
    >>> found = network_spectrum(LIF(tau=0.2), T=50.0, paths=4, seed=1)
    >>> found.values.shape
    (4, 2)
    """

    values: np.ndarray = field(repr=False)
    own: np.ndarray = field(repr=False)
    halves: np.ndarray = field(repr=False)
    note: str = ""

    @property
    def exponents(self) -> tuple[Estimate, ...]:
        """The exponents, the largest first."""
        found = []
        for whole, half in zip(self.values.T, self.halves.T, strict=True):
            e, change = mean(whole), mean(half - whole)
            bias = BIAS * (abs(change.mean) + 2.0 * change.standard_error)
            rounding = 1e-12 * abs(e.mean)
            error = math.hypot(e.standard_error, bias) + rounding
            error = math.inf if self.note else error
            found.append(estimate(e.mean, error, e.freedom))
        return tuple(found)
