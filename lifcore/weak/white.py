r"""The contrast: white noise in V itself, where plain Euler has weak order 1/2.

.. math:: dV = (\mu - gV)\,dt + s\,dW, \qquad V \to V_r \text{ at } V_{th},

the limit tau -> 0, sigma tau = s of the neuron of this book. V crosses the threshold wildly,
and Euler, which looks at the grid only, misses crossings between grid points: its bias is that of
a threshold raised by :math:`-\zeta(1/2)/\sqrt{2\pi}\; s\sqrt h`, to leading order
(Broadie, Glasserman and Kou 1997; Gobet and Menozzi 2010).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import scipy
from numba import njit
from scipy import special

from lifcore import checks
from lifcore.evidence.orders import Order, fit_order
from lifcore.evidence.statistics import Estimate, mean
from lifcore.models.neuron import LIF, one_neuron
from lifcore.noise.sources import fill, source
from lifcore.noise.streams import BLOCK, block_count
from lifcore.runs.executors import map_blocks
from lifcore.runs.starts import start_of_block
from lifcore.schemes.lanes import AHEAD
from lifcore.schemes.portions import portions

SHIFT = 0.5825971579390106
"""-zeta(1/2)/sqrt(2 pi): the threshold's shift in units of s sqrt(h)."""


def siegert_rate(model: LIF, noise: float, shift: float = 0.0) -> float:
    r"""Return the rate of a neuron with white noise in V (Siegert 1951).

    .. math::

        \frac1r = \frac{\sqrt\pi}{g} \int_{y_r}^{y_{th}} e^{u^2} (1 + \operatorname{erf} u)\,du,
        \qquad y = \frac{gV - \mu}{s\sqrt g}

    Parameters
    ----------
    model : LIF
        g > 0, v_th, v_reset and mu; its tau and sigma play no part.
    noise : float
        Noise strength s, (unit of V)/sqrt(time).
    shift : float, optional
        Added to the threshold.

    Returns
    -------
    float
        Spikes per unit time.

    Raises
    ------
    TypeError, ValueError
        If `noise` or g is not a positive number, or `shift` not a finite one that leaves the
        threshold above v_reset.

    Examples
    --------
    >>> neuron = LIF(g=1 / 20, v_th=20.0, v_reset=10.0, mu=18 / 20)  # mV, ms
    >>> round(1000 * siegert_rate(neuron, 5 / 20**0.5), 4)  # Hz
    20.4216
    """
    one_neuron("model", model)
    checks.real("model.g", model.g, above=0.0)
    scale = checks.real("noise", noise, above=0.0) * math.sqrt(model.g)
    top = model.v_th + checks.real("shift", shift)
    if top <= model.v_reset:
        raise ValueError(
            f"shift = {shift!r} puts the threshold at {top:g}, not above v_reset = "
            f"{model.v_reset:g}; allowed: > {model.v_reset - model.v_th:g}"
        )
    low, high = ((model.g * v - model.mu) / scale for v in (model.v_reset, top))
    # Over V, not u: as g -> 0 the limits in u are large and close, and their digits are lost.
    # The integrand grows up to e^{peak²}, which is taken out lest it overflow.
    peak = max(low, high, 0.0)
    if math.exp(-peak * peak) == 0.0:
        return 0.0

    def scaled(v: float) -> float:
        u = (model.g * v - model.mu) / scale
        if u > 0.0:
            below = model.g * (v - top) / scale if peak == high else u - peak
            return (1.0 + special.erf(u)) * math.exp(below * (u + peak))
        return special.erfcx(-u) * math.exp(-peak * peak)

    # With little noise the integrand is a peak at the threshold, which a rule that starts from the
    # whole interval does not find. It is below e^{-35} at 40 widths from there.
    width = 20.0 * scale / (model.g * peak) if peak == high > 9.0 else math.inf
    begin = max(model.v_reset, top - width)
    integral = scipy.integrate.quad(scaled, begin, top, epsabs=0.0, limit=200)[0]
    return math.exp(-peak * peak) * scale / (math.sqrt(math.pi) * integral)


@dataclass(frozen=True)
class WhiteRates:
    """Euler's rates under white noise in V, at several step sizes.

    Attributes
    ----------
    h : ndarray, shape (levels,)
        Step sizes, in the order asked for.
    rates : ndarray, shape (levels, blocks)
        Rate of each block of 256 paths, less what it owes to the block's mean noise: that noise
        acts as a change of mu, and Siegert's formula says what that is worth.
    exact : float
        Siegert's rate.

    Examples
    --------
    >>> found = white_rates(LIF(mu=1.5), 0.5, h=[0.1], T=20.0, paths=2560, seed=1)
    >>> found.rates.shape, round(found.exact, 1)
    ((1, 10), 1.0)
    """

    h: np.ndarray
    rates: np.ndarray = field(repr=False)
    exact: float

    @property
    def errors(self) -> tuple[Estimate, ...]:
        """Euler's rate less Siegert's, one Estimate per h."""
        return tuple(mean(row - self.exact) for row in self.rates)

    def order(self, target: Sequence[float] | np.ndarray | None = None) -> Order:
        """Fit a power of h to the distance of the rates from Siegert's, or from a `target` per h.

        Raises
        ------
        ValueError
            If a distance has no definite sign: use more paths.

        Examples
        --------
        >>> found = white_rates(LIF(mu=1.5), 0.5, h=[0.1, 0.05], T=50.0, paths=9000, seed=1)
        >>> 0.3 < found.order().order.mean < 0.7
        True
        """
        goal = np.full(self.h.size, self.exact) if target is None else np.asarray(target)
        distance = self.rates - goal[:, None]
        return fit_order(self.h, np.sign(distance[int(np.argmax(self.h))].sum()) * distance)


def white_rates(
    model: LIF,
    noise: float,
    *,
    h: Sequence[float] | np.ndarray | float,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    burn_in: float = 0.0,
    executor: Executor | str | None = None,
) -> WhiteRates:
    """Measure the rate of plain Euler under white noise in V.

    Parameters
    ----------
    model : LIF
        g > 0, v_th, v_reset and mu; its tau and sigma play no part.
    noise : float
        Noise strength s, (unit of V)/sqrt(time).
    h : sequence of float
        Distinct nested step sizes; each has its own noise.
    T : float
        Time over which spikes are counted, a whole multiple of every h.
    paths : int
        Number of paths, rounded up to whole blocks of 256; at least two blocks.
    seed : int or SeedSequence
        As in `lifcore.runs.simulate`.
    burn_in : float, optional
        Time before, in which the law becomes stationary: a whole multiple of every h or 0. If
        it is not 0, paths begin in random phases.
    executor : concurrent.futures.Executor or str, optional
        Where to compute; by default threads on all cores of this machine.

    Returns
    -------
    WhiteRates

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; the message names it and says what is allowed.

    Examples
    --------
    >>> found = white_rates(LIF(mu=1.5), 0.5, h=[0.1], T=20.0, paths=2560, seed=1, burn_in=5.0)
    >>> found.errors[0].mean < 0.0
    True
    """
    exact = siegert_rate(model, noise)
    sizes, T, _ = checks.levels(h, T)
    checks.euler_stable(float(sizes.max()), {"g": model.g})
    checks.feasible([model], float(sizes.min()), T, exact=False)
    burn_in = checks.real("burn_in", burn_in, at_least=0.0)
    root, blocks = checks.seed(seed), block_count(checks.count("paths", paths, at_least=257))
    counts, drive = np.empty((2, sizes.size, blocks))
    for k, size in enumerate(sizes):
        skipped = checks.steps(float(size), burn_in)[2] if burn_in > 0.0 else 0
        steps = checks.steps(float(size), T)[2]
        # A level's noise depends on its number of steps, not on what else is asked for.
        own = np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, skipped + steps))
        tasks = [(model, float(noise), float(size), skipped, steps, own, b) for b in range(blocks)]
        label, count = f"white noise, h = {size:g}", float(skipped + steps) * BLOCK * blocks
        found = map_blocks(_white_block, tasks, executor, label, count)
        counts[k], drive[k] = np.array(found).T / (BLOCK * T)
    # The mean of dW is known: what the rate owes to its deviation is subtracted. The slope is
    # computed, since one fitted to the blocks would take a degree of freedom from few of them.
    step = 1e-4 * noise * math.sqrt(model.g)
    above, below = (
        siegert_rate(replace(model, mu=model.mu + change), noise) for change in (step, -step)
    )
    slope = noise * (above - below) / (2.0 * step)
    return WhiteRates(sizes, counts - slope * drive, exact)


def _white_block(
    model: LIF,
    noise: float,
    h: float,
    burn_in: int,
    steps: int,
    seed: np.random.SeedSequence,
    block: int,
) -> tuple[float, float]:
    stream = source("gauss", seed, block, 0, BLOCK)
    v = np.full(BLOCK, model.v_reset)
    if burn_in > 0:  # no burn-in makes the phase of a regular neuron random
        v = start_of_block(replace(model, sigma=0.0), seed, block, h)[0, 0]
    spread = noise * math.sqrt(h)
    step = _WhiteStep(model.g, model.mu, model.v_th, model.v_reset, h, spread)
    all_steps, none = burn_in + steps, (0, 0.0)
    for begin, end in portions(0, burn_in, share=burn_in / all_steps):
        _white_euler(step, end - begin, stream, v, none)
    spikes, total = none
    for begin, end in portions(0, steps, share=steps / all_steps):
        spikes, total = _white_euler(step, end - begin, stream, v, (spikes, total))
    return spikes, total * math.sqrt(h)


class _WhiteStep(NamedTuple):
    g: float
    mu: float
    v_th: float
    v_reset: float
    h: float
    spread: float


@njit(nogil=True, cache=True)
def _white_euler(step, steps, stream, v, before):
    """Advance a block in place; return its spikes and its sum of normals, added to those before."""
    g, mu, v_th, v_reset, h, spread = step
    spikes, total = before
    normals = np.empty((AHEAD, v.size))
    for first in range(0, steps, AHEAD):
        rows = min(AHEAD, steps - first)
        fill(stream, normals[:rows], v.size, 1.0)
        for row in range(rows):
            for lane in range(v.size):
                z = normals[row, lane]
                v_new = v[lane] + h * (mu - g * v[lane]) + spread * z
                above = v_new >= v_th
                spikes += above
                total += z
                v[lane] = v_reset if above else v_new
    return spikes, total
