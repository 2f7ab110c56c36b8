r"""How often a spike crosses slowly: the paper's bounds, and what exact paths show.

Spikes with speed in dA come at the rate A rho_t(V_th, I_th + A) dA. If rho_t <= rho on the
threshold line for all t <= T, then

.. math::

    P(\text{some spike in } [0, T] \text{ has } A < \alpha)
        &\le \tfrac12 T \rho\, \alpha^2, \\
    E \sum_{\text{spikes} \le T} A^{-2} 1\{A \ge \alpha\}
        &\le \alpha_0^{-2}\, E N_T + T \rho \log(\alpha_0/\alpha), \qquad \alpha_0 > \alpha.

In the stationary state rho is `Stationary.rho_max`. For another initial law whose density is at
most K times the stationary one, rho_t is at most K times the stationary density for ever, since
the law of the process depends monotonically on the initial one: take rho = K rho_max.
"""

from __future__ import annotations

import math
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from lifcore import checks
from lifcore.evidence.proportions import Proportion, proportion
from lifcore.models.neuron import LIF, one_neuron
from lifcore.runs.feasible import check_run
from lifcore.runs.simulate import simulate, simulate_spikes
from lifcore.runs.starts import Start, random_start


def slow_spike_bound(rho: float, T: float, alpha: np.ndarray | float) -> np.ndarray:
    """Return the bound T rho alpha²/2 on the probability of a spike slower than alpha.

    Parameters
    ----------
    rho : float
        Upper bound of the density on the threshold line, 1/(unit of V · unit of I).
    T : float
        Horizon.
    alpha : float or ndarray
        Speeds.

    Returns
    -------
    ndarray
        Of the shape of `alpha`; above 1 it says nothing.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a positive finite number.

    Examples
    --------
    >>> float(slow_spike_bound(rho=2.0, T=3.0, alpha=0.5))
    0.75
    """
    rho, T = checks.real("rho", rho, above=0.0), checks.real("T", T, above=0.0)
    return 0.5 * T * rho * checks.positive("alpha", alpha) ** 2


def inverse_square_bound(
    rate: float, rho: float, T: float, alpha: np.ndarray | float
) -> np.ndarray:
    """Return the logarithmic bound on the sum of 1/A² over spikes with A >= alpha.

    The free speed alpha_0 of the bound is set where the bound is smallest, at
    sqrt(2 rate / rho), or to alpha where that is larger.

    Parameters
    ----------
    rate : float
        Mean number of spikes in [0, T], divided by T.
    rho, T : float
        As in `slow_spike_bound`.
    alpha : float or ndarray
        Speeds.

    Returns
    -------
    ndarray
        Of the shape of `alpha`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a positive finite number.

    Examples
    --------
    >>> float(inverse_square_bound(rate=0.5, rho=1.0, T=1.0, alpha=1.0))
    0.5
    """
    rate = checks.real("rate", rate, above=0.0)
    rho, T = checks.real("rho", rho, above=0.0), checks.real("T", T, above=0.0)
    alpha = checks.positive("alpha", alpha)
    alpha_0 = np.maximum(math.sqrt(2.0 * rate / rho), alpha)
    return T * (rate / alpha_0**2 + rho * np.log(alpha_0 / alpha))


@dataclass(frozen=True)
class CrossingSpeeds:
    """Crossing speeds of the spikes in (0, T] of independent paths.

    Attributes
    ----------
    speed : ndarray, shape (spikes,)
        Crossing speeds, by path and in order of time.
    path : ndarray, shape (spikes,)
        Whose they are.
    paths : int
        Number of paths.
    T : float
        Horizon.

    Examples
    --------
    >>> CrossingSpeeds(np.array([0.4]), np.array([0]), paths=1, T=2.0).speed.tolist()
    [0.4]
    """

    speed: np.ndarray
    path: np.ndarray
    paths: int
    T: float

    def counts_below(self, alpha: np.ndarray | float) -> np.ndarray:
        """Return each path's number of spikes slower than each alpha.

        Parameters
        ----------
        alpha : float or ndarray, shape (levels,)
            Speeds.

        Returns
        -------
        ndarray, shape (levels, paths)

        Raises
        ------
        TypeError, ValueError
            If a speed is not a positive finite number.

        Examples
        --------
        >>> speeds = CrossingSpeeds(np.array([0.1, 0.3]), np.array([0, 2]), 3, 1.0)
        >>> speeds.counts_below(0.2).tolist()
        [[1.0, 0.0, 0.0]]
        """
        levels = np.atleast_1d(checks.positive("alpha", alpha))
        return self._sums(np.ones(self.speed.size), [self.speed < a for a in levels])

    def probability_below(self, alpha: float) -> Proportion:
        """Return the probability that some spike of a path is slower than alpha.

        Its interval is that of counts (Clopper and Pearson 1934), right also where none was seen.

        Examples
        --------
        >>> speeds = CrossingSpeeds(np.array([0.1, 0.15]), np.array([0, 0]), 2, 1.0)
        >>> speeds.probability_below(0.2).mean
        0.5
        """
        return proportion(int((self.counts_below(alpha)[0] > 0.0).sum()), self.paths)

    def inverse_squares(self, alpha: np.ndarray | float) -> np.ndarray:
        """Return each path's sum of 1/A² over its spikes with A >= alpha.

        A^-4 has no mean: for an alpha of which few spikes are below ten times, an interval of the
        mean over paths does not cover.

        Parameters
        ----------
        alpha : float or ndarray, shape (levels,)
            Speeds.

        Returns
        -------
        ndarray, shape (levels, paths)

        Raises
        ------
        TypeError, ValueError
            If a speed is not a positive finite number.

        Examples
        --------
        >>> speeds = CrossingSpeeds(np.array([0.1, 0.5]), np.array([0, 0]), 1, 1.0)
        >>> speeds.inverse_squares(0.2).tolist()
        [[4.0]]
        """
        levels = np.atleast_1d(checks.positive("alpha", alpha))
        return self._sums(self.speed**-2.0, [self.speed >= a for a in levels])

    def _sums(self, values: np.ndarray, chosen: list[np.ndarray]) -> np.ndarray:
        return np.array(
            [
                np.bincount(self.path[kept], weights=values[kept], minlength=self.paths)
                for kept in chosen
            ]
        )


def step_for(lif: LIF, T: float) -> float:
    """Return a step for the exact scheme that divides T, an eighth of the fastest time scale.

    Accuracy does not depend on it, only cost: a coarser one is refined more often near the
    threshold, a finer one takes more steps far from it.

    Examples
    --------
    >>> step_for(LIF(tau=0.5), 1.0)
    0.0625
    """
    steps = 8.0 * max(lif.g, lif.a) * T
    if steps >= 2**53:
        raise ValueError(
            f"T = {T!r} is {steps / 8.0:.1e} times the shortest of 1/g and tau; allowed: fewer "
            "than 1e15"
        )
    step = T / max(1, math.ceil(steps))
    check_run(lif, ("exact",), step, T)
    return step


def crossing_speeds(
    lif: LIF,
    *,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    settle: float | None = None,
    start: Start | None = None,
    executor: Executor | str | None = None,
) -> CrossingSpeeds:
    """Sample crossing speeds by the exact scheme, slow ones as accurately as fast ones.

    Parameters
    ----------
    lif : LIF
        The neuron.
    T : float
        Time in which spikes are collected.
    paths : int
        Number of paths.
    seed : int or SeedSequence
        As in `simulate`.
    settle : float, optional
        If given, spikes are collected only after this time, from then on for a time T: for a
        stationary start. Several times 1/g will do, as paths then begin with stationary currents
        and random phases (`lifcore.runs.starts`).
    start : pair, optional
        Initial (V, I), as in `simulate`.
    executor : concurrent.futures.Executor or str, optional
        As in `simulate`.

    Returns
    -------
    CrossingSpeeds

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.

    Examples
    --------
    >>> speeds = crossing_speeds(LIF(), T=5.0, paths=512, seed=1)
    >>> bool((speeds.speed > 0.0).all())
    True
    """
    one_neuron("lif", lif)
    T = checks.real("T", T, above=0.0)
    own = checks.seed(seed)
    if settle is not None:
        settle = checks.real("settle", settle, above=0.0)
        first, own = (
            np.random.SeedSequence(own.entropy, spawn_key=(*own.spawn_key, k)) for k in (0, 1)
        )
        if start is None:
            start = random_start(lif, checks.count("paths", paths), first)
        settled = simulate(
            lif, h=step_for(lif, settle), T=settle, paths=paths, seed=first, scheme="exact",
            start=start, executor=executor,
        )  # fmt: skip
        start = settled.v[:, 0], settled.i[:, 0]
    spikes = simulate_spikes(
        lif, h=step_for(lif, T), T=T, paths=paths, seed=own, scheme="exact", start=start,
        executor=executor,
    )  # fmt: skip
    return CrossingSpeeds(spikes["speed"].copy(), spikes["path"].copy(), paths, T)
