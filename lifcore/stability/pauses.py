r"""The exponent with a refractory time: blocks of paths, with or without a copy, through pauses.

A copy that comes to the threshold a distance dV behind, at the speed A, is late by dV/A. While both
are held they differ in nothing but this lag. When V moves on, with the speed
A' = I(s + t_ref) - g V_r, the copy is behind by A' dV/A (before the other, if A' < 0), and
distances have not shrunk since the spike:

.. math:: \lambda_V = -g\,(1 - r\,t_{ref}) + r\,E \log|A'/A|.
"""

from __future__ import annotations

import numpy as np

from lifcore.models.neuron import LIF
from lifcore.noise.exponentials import each, log
from lifcore.noise.sources import both_sources
from lifcore.noise.streams import BLOCK
from lifcore.runs.starts import start_of_block
from lifcore.schemes.copies import Flock, Rescaling
from lifcore.schemes.euler import euler_step
from lifcore.schemes.exact import exact_step
from lifcore.schemes.held_copies import held_flock_block
from lifcore.schemes.portions import portions
from lifcore.schemes.scheme import entry
from lifcore.schemes.state import State, Streams
from lifcore.schemes.tangents import held_euler_tangent, sums
from lifcore.stability.exponents import phase_norm
from lifcore.strong.flux import step_for


def lag_speed(lif: LIF) -> float:
    """Return the speed by which a lag of a held neuron counts as a distance of V.

    An exponent does not depend on it. That of a release under the mean current, or under the least
    one that carries V to the threshold, keeps small what a path begins and ends with.

    Examples
    --------
    >>> lag_speed(LIF(mu=1.5)), lag_speed(LIF(mu=0.5, v_reset=-1.0)), lag_speed(LIF(g=0.0, mu=0.0))
    (1.5, 2.0, 1.0)
    """
    speed = max(lif.mu, lif.i_th) - lif.g * lif.v_reset
    return speed if speed > 0.0 else 1.0


def _lags(lif: LIF, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the logarithms of what turns lags at both ends into distances."""
    return float(log(lag_speed(lif))) * ((after > 0.0).astype(float) - (before > 0.0))


def paused_block(
    lif: LIF, distance: float, settle: float, T: float, seed: np.random.SeedSequence, block: int
) -> tuple[np.ndarray, ...]:
    """Carry a block of exact paths with a refractory time, each with a copy if `distance` > 0.

    Parameters
    ----------
    lif : LIF
        The neuron.
    distance : float
        Of the copy, over v_th - v_reset.
    settle, T : float
        Time before, and time to average over.
    seed : SeedSequence
        Of the request.
    block : int
        Index of the block.

    Returns
    -------
    grown, logs, counts, drive, norm : ndarray, shape (BLOCK,)
        Logarithms of what distances have grown by, along the copies and by saltation without the
        leak of the whole time; spikes; the noise; and what the phases at both ends make of it.

    Raises
    ------
    RuntimeError
        If V crosses the threshold, or sets out from the reset, with the speed 0.

    Examples
    --------
    >>> lif = LIF(mu=1.5, sigma=0.0, t_ref=0.25)
    >>> grown, _, _, _, norm = paused_block(lif, 1e-6, 0.0, 20.0, np.random.SeedSequence(1), 0)
    >>> bool(abs(grown - norm).max() < 1e-6)
    True
    """
    v, i, waits = start_of_block(lif, seed, block)[:, 0]
    streams, speed = Streams(*both_sources("gauss", seed, block)), lag_speed(lif)
    d, limit = distance * (lif.v_th - lif.v_reset), 0.01 * (lif.v_th - lif.v_reset)
    copies = int(distance > 0.0)
    for time in (settle, T):
        begin, total, before = phase_norm(lif, v), sums(BLOCK), waits
        held = np.repeat(before[:, None], copies + 1, axis=1)
        # A copy of a neuron that is held is one that is released a little later.
        held[:, 1:] += np.where(held[:, 1:] > 0.0, d / speed, 0.0)
        apart = np.where(held[:, 1:] > 0.0, 0.0, d)
        flock, rescaling = Flock(v, i, apart, held), Rescaling(d, limit, np.zeros(apart.shape))
        h = step_for(lif, time) if time > 0.0 else 1.0
        step = exact_step(lif, h)
        for first, last in portions(0, round(time / h), share=time / (settle + T)):
            held_flock_block(step, last - first, streams, flock, rescaling, total)
        waits = held[:, 0].copy()
    logs = total.logs + lif.g * (total.counts * lif.t_ref + before - waits)
    logs += _lags(lif, before, waits)
    if not np.isfinite(logs).all():
        raise RuntimeError("a crossing or a release with the speed 0; allowed: any other speed")
    lag = speed * np.abs(held[:, 1:] - held[:, :1])
    with np.errstate(divide="ignore"):
        far = np.where(np.all(held > 0.0, axis=1, keepdims=True), lag, np.abs(apart))
        grown = (rescaling.growth + each(log, far / (d or 1.0))).sum(axis=1)
    return grown, logs, total.counts, total.drive, phase_norm(lif, v) - begin


def paused_euler_block(
    lif: LIF, h: float, settle: float, T: float, seed: np.random.SeedSequence, block: int
) -> tuple[np.ndarray, ...]:
    """Carry a block of Euler paths with a refractory time.

    Parameters
    ----------
    lif, settle, T, seed, block
        As of `paused_block`.
    h : float
        Euler's step.

    Returns
    -------
    logs, counts, drive, norm : ndarray, shape (BLOCK,)
        As those of `paused_block`, with the leak of Euler's steps.

    Examples
    --------
    >>> lif = LIF(mu=1.5, sigma=0.0, t_ref=0.25)
    >>> paused_euler_block(lif, 0.125, 0.0, 8.0, np.random.SeedSequence(1), 0)[1].max().item()
    6
    """
    v, i, held = start_of_block(lif, seed, block, h)[:, 0]
    streams = Streams(*both_sources("gauss", seed, block))
    euler = entry(euler_step([lif], h), 0)
    for time in (settle, T):
        begin, total, before = phase_norm(lif, v), sums(BLOCK), held.copy()
        state = State(v, i, total.counts, held)
        for first, last in portions(0, round(time / h), share=time / (settle + T)):
            held_euler_tangent(euler, last - first, streams.steps, state, total)
    leak = -float(log(1.0 - lif.g * h))  # of a step
    logs = total.logs + leak * (total.counts * euler.hold + before - held)
    return logs + _lags(lif, before, held), total.counts, total.drive, phase_norm(lif, v) - begin
