r"""The Lyapunov exponent of one neuron, by three routes.

Between spikes a perturbation of V decays at the rate g, and at a spike of speed A the reset
multiplies it by the saltation factor, the speed just after over the speed just before:

.. math:: s(A) = 1 + \frac{g (V_{th} - V_r)}{A}, \qquad
    \lambda_V = -g + \int_0^\infty j(A) \log s(A)\,dA,

j being the flux density of spikes by speed. The other exponent, of the current, is -1/tau.

* `exponent_by_flux` integrates the formula, with a flux that no random number entered;
* `exponent_by_tangent` averages log s along exact paths (or Euler's);
* `lifcore.stability.exponent_by_growth` lets two nearby exact paths run on one noise, without s.

With a refractory time s is the speed I - g V_r at the release over A, and V does not shrink while
it is held.
"""

from __future__ import annotations

import math
from concurrent.futures import Executor

import numpy as np

from lifcore import checks
from lifcore.evidence.statistics import estimate
from lifcore.models.neuron import LIF, constant_drive_period, one_neuron
from lifcore.noise.exponentials import each, log1p
from lifcore.noise.sources import both_sources
from lifcore.noise.streams import BLOCK, block_count
from lifcore.runs.executors import map_blocks
from lifcore.runs.progress import LEAST
from lifcore.runs.starts import start_of_block
from lifcore.schemes.euler import euler_step
from lifcore.schemes.exact import exact_step
from lifcore.schemes.portions import portions
from lifcore.schemes.scheme import entry
from lifcore.schemes.state import SPIKE, State, Streams, nowhere
from lifcore.schemes.tangents import euler_tangent, exact_tangent, sums
from lifcore.stability.exponents import (
    RESTING,
    Exponent,
    controlled,
    never_spikes,
    phase_norm,
    resting,
    stationary_times,
    stretches,
    time_average,
)
from lifcore.stability.pauses import paused_block, paused_euler_block
from lifcore.stationary.fokker_planck import stationary
from lifcore.strong.flux import CrossingSpeeds, step_for


def exponent_by_flux(lif: LIF, speeds: CrossingSpeeds | None = None) -> Exponent:
    """Return the exponent by the flux formula.

    Parameters
    ----------
    lif : LIF
        The neuron. Without noise the flux is a single speed, and the formula is done by hand. With
        a refractory time see `lifcore.stationary.ThresholdLaw`.
    speeds : CrossingSpeeds, optional
        If given, the flux is that of these samples instead of the Fokker-Planck equation's.

    Returns
    -------
    Exponent
        With the solver's estimated error as standard error, or the samples' own.

    Raises
    ------
    TypeError, ValueError
        If the solver has no stationary flux (with g = 0, say; give `speeds` then), or `speeds`
        is not ordered by path or has a speed that is not positive.

    Examples
    --------
    >>> round(exponent_by_flux(LIF(mu=1.0, sigma=1.0, tau=1.0)).estimate.mean, 5)
    -0.60343
    """
    one_neuron("lif", lif, refractory=speeds is None)
    kick = lif.g * (lif.v_th - lif.v_reset)
    period = constant_drive_period(lif)
    spiking = math.isfinite(period)
    if speeds is not None:
        checks.instance("speeds", speeds, CrossingSpeeds)
        paths, T = checks.count("speeds.paths", speeds.paths), speeds.T
        if speeds.speed.size != speeds.path.size:
            raise ValueError(
                f"speeds has {speeds.speed.size} speeds of {speeds.path.size} paths; allowed: "
                "as many of one as of the other"
            )
        if speeds.speed.size == 0:
            note = f"{RESTING} ({paths} paths of {T:g})"
            return resting(lif, np.full(paths, -lif.g), note, stretches(lif, T))
        if (np.diff(speeds.path) < 0).any() or not 0 <= speeds.path[0] <= speeds.path[-1] < paths:
            raise ValueError(
                "speeds.path is not sorted or names a path that there is not; allowed: "
                f"from 0 to {paths - 1} in order, as crossing_speeds returns them"
            )
        logs = each(log1p, kick / checks.positive("speeds.speed", speeds.speed))
        values = np.bincount(speeds.path, logs, paths) / T - lif.g
        rate = speeds.speed.size / (paths * T)
        # Speeds do not say at which phases a path begins and ends: two of them, uniform each.
        phases = lif.g * period * math.sqrt(1 / 6) / (T * math.sqrt(paths)) if spiking else 0.0
        found, note = time_average(values, speeds.speed.size, stretches(lif, T))
        error = math.hypot(found.standard_error, phases) + 1e-12 * (lif.g + rate)
        found = estimate(found.mean, error, found.freedom)
        return Exponent(found, rate, note, values=values)
    if lif.sigma == 0.0:
        if not spiking:
            return resting(lif, np.empty(0), RESTING)
        moving = 1.0 - lif.t_ref / period  # V does not leak while it is held
        value = -lif.g * moving + log1p(kick / (lif.mu - lif.i_th)) / period
        return Exponent(estimate(value, 0.0, math.inf), 1.0 / period, "constant drive: neutral")
    if never_spikes(lif):
        return resting(lif, np.empty(0), RESTING)
    law = stationary(lif, cells=None)
    found = estimate(law.lyapunov_exponent, law.errors["lyapunov_exponent"], math.inf)
    return Exponent(found, law.rate)


def exponent_by_tangent(
    lif: LIF,
    *,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    settle: float | None = None,
    scheme: str = "exact",
    h: float | None = None,
    executor: Executor | str | None = None,
) -> Exponent:
    r"""Return the exponent as a time average of log s(A) along paths.

    For Euler the leak's part is log(1 - g h)/h, by which its own steps contract; s is taken at
    the speed I - g v_th of the step's start, as Euler has no other. With a refractory time V does
    not shrink while it is held, and the factor of a spike is that of its release
    (:mod:`lifcore.stability.pauses`).

    Parameters
    ----------
    lif : LIF
        The neuron.
    T : float
        Time over which to average.
    paths : int
        Number of paths, at least 2.
    seed : int or SeedSequence
        As in `lifcore.runs.simulate`.
    settle : float, optional
        Time before, in which the law becomes stationary, from stationary currents and random
        phases (`lifcore.runs.starts`); by default 16/g, or 64 periods if these are shorter.
    scheme : {"exact", "euler"}, optional
        Whose paths.
    h : float, optional
        Euler's step, of which T and `settle` are whole multiples.
    executor : concurrent.futures.Executor or str, optional
        Where to compute; by default threads on all cores of this machine.

    Returns
    -------
    Exponent
        Of each path's value its regression on the mean noise along the path, which has the
        mean zero, is subtracted (from 64 paths on). The interval is infinite, and the note says
        so, with fewer than ten spikes on all paths or fewer than 30 stretches of twice the slower
        of 1/g and tau.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or settling by default would take hours.
    RuntimeError
        If a spike has a crossing speed that is not positive.

    Examples
    --------
    >>> found = exponent_by_tangent(LIF(mu=1.0, sigma=1.0, tau=1.0), T=50.0, paths=512, seed=1)
    >>> found.estimate.low < -0.6034 < found.estimate.high
    True
    """
    one_neuron("lif", lif, refractory=True)
    scheme = checks.one_of("scheme", scheme, ("exact", "euler"))
    if scheme == "exact" and h is not None:
        raise ValueError(f"h = {h!r} for exact paths; allowed: none, their step has no influence")
    decay, step = lif.g, None
    if scheme == "euler":
        step = checks.steps(h, T)[0]
        checks.euler_stable(step, lif.decay_rates)
        if lif.g * step >= 1.0:
            raise ValueError(f"h = {h!r} is not below 1/g = {1.0 / lif.g!r}; allowed: g h < 1")
        decay = -log1p(-lif.g * step) / step
    T, settle, paths = stationary_times(lif, T, settle, paths, step)
    sizes = [step or step_for(lif, time) if time > 0.0 else 1.0 for time in (settle, T)]
    if scheme == "euler" and settle > 0.0:
        checks.steps(sizes[0], settle)
    root = checks.seed(seed)
    tasks = [(lif, scheme, sizes, settle, T, root, b) for b in range(block_count(paths))]
    blocks = map_blocks(
        _tangent_block, tasks, executor, f"tangent average, {scheme}",
        BLOCK * len(tasks) * (settle / sizes[0] + T / sizes[1]), LEAST[scheme],
    )  # fmt: skip
    logs, counts, drive, norm = (np.concatenate(part)[:paths] for part in zip(*blocks, strict=True))
    if not counts.any():
        note = f"{RESTING} ({paths} paths of {T:g})"
        return resting(lif, np.full(paths, -decay), note, stretches(lif, T), decay)
    values = controlled((logs - norm) / T - decay, drive)
    rate = float(counts.mean()) / T
    found, note = time_average(values, int(counts.sum()), stretches(lif, T), 1e-12 * (decay + rate))
    return Exponent(found, rate, note, values=values)


def _tangent_block(
    lif: LIF, scheme: str, sizes: list[float], settle: float, T: float,
    seed: np.random.SeedSequence, block: int, room: int = 4 * BLOCK,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    if lif.t_ref > 0.0 and scheme == "exact":
        return paused_block(lif, 0.0, settle, T, seed, block)[1:]
    if lif.t_ref > 0.0:
        return paused_euler_block(lif, sizes[1], settle, T, seed, block)
    v, i, _ = start_of_block(lif, seed, block)[:, 0]
    streams, slowest = Streams(*both_sources("gauss", seed, block)), math.inf
    for h, time in zip(sizes, (settle, T), strict=True):
        begin = phase_norm(lif, v)
        total, steps = sums(BLOCK), round(time / h)
        state = State(v, i, total.counts)
        one_step = nowhere(0)._replace(spikes=np.empty(room, SPIKE))
        euler, exact = entry(euler_step([lif], h), 0), exact_step(lif, h)
        for first, last in portions(0, steps, share=time / (settle + T)):
            if scheme == "euler":
                euler_tangent(euler, last - first, streams.steps, state, total)
                continue
            needed = exact_tangent(exact, last - first, streams, state, one_step, total)
            if needed > room:  # more spikes in one step than there was room for: once more
                return _tangent_block(lif, scheme, sizes, settle, T, seed, block, 2 * needed)
        slowest = min(slowest, float(total.slowest[0]))
    if slowest <= 0.0:
        raise RuntimeError(f"a crossing speed of {slowest:g}; allowed: above 0")
    return total.logs, total.counts, total.drive, phase_norm(lif, v) - begin
