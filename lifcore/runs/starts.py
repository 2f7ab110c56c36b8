r"""Where paths begin: as asked for, or such that they are stationary, and how long they settle.

Without input the current is stationary by itself: it is drawn from its law, a normal one of mean
mu and variance sigma² tau/2. The potential begins at a uniformly random phase of the orbit on
which a constant current would carry it, from v_reset to v_th in the time `constant_drive_period`:
a nearly periodic neuron forgets its phase so slowly that no settling would make it random. If the
current does not reach the threshold the potential begins at its rest. What is left of this start,
and what input does, is forgotten in `settling_time`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from lifcore import checks
from lifcore.models.networks import Feedforward, Recurrent, network
from lifcore.models.neuron import LIF, constant_drive_period
from lifcore.noise.exponentials import each, exp, log1p
from lifcore.noise.streams import BLOCK, block_count, child

Start = tuple[float, float] | tuple[np.ndarray, np.ndarray]

SETTLING = 16.0
"""Settling time over the time scale by which a start is forgotten: e^-16 of it is left."""

_START = 2**32 - 1  # the child of a request's seed for starts; blocks are the children from 0 on


class Rows(NamedTuple):
    """Those rows of an array of starts that a block needs, and the number of their first path.

    Examples
    --------
    >>> Rows(256, np.zeros(3)).first
    256
    """

    first: int
    values: np.ndarray


def own_start(run: Any, block: int) -> Any:
    """Return a request with the start of one block only, to be sent to where it is computed.

    Parameters
    ----------
    run : dataclass
        A request with a ``start``, whose blocks have ``width`` paths, or BLOCK.
    block : int
        Index of the block.

    Examples
    --------
    >>> from lifcore import LIF, simulate
    >>> run = simulate(LIF(), h=0.5, T=1.0, paths=300, seed=1, start=(np.zeros(300), 0.0))._run
    >>> own_start(run, 1).start[0].values.size
    44
    """
    if run.start is None or not isinstance(run.start[0], np.ndarray):
        return run
    first = block * getattr(run, "width", BLOCK)
    last = first + getattr(run, "width", BLOCK)
    return replace(run, start=tuple(Rows(first, part[first:last].copy()) for part in run.start))


def initial_state(start: Any, block: int, default: Start, width: int = BLOCK) -> np.ndarray:
    """Return a block's (V, I), shape (2, neurons, width).

    Parameters
    ----------
    start : pair or None
        Two numbers, two arrays of shape (paths,) or (paths, neurons), or two `Rows` of such; None
        is `default`.
    block : int
        Index of the block.
    default : pair
        Two numbers, or two arrays of shape (neurons,); lanes past the last path start there.
    width : int, optional
        Paths in a block.

    Examples
    --------
    >>> initial_state(None, 0, (0.0, 1.2))[:, 0, 0].tolist()
    [0.0, 1.2]
    """
    state = np.empty((2, np.size(default[0]), width))
    for k, part in enumerate(state):
        part[:] = np.reshape(default[k], (-1, 1))
        value: Any = None if start is None else start[k]
        first = block * width
        if isinstance(value, Rows):
            value, first = value.values, first - value.first
        if isinstance(value, np.ndarray):
            own = value[first : first + width].reshape(-1, part.shape[0]).T
            part[:, : own.shape[1]] = own
        elif value is not None:
            part[:] = value
    return state


def random_start(
    model: LIF | Feedforward | Recurrent, paths: int, seed: int | np.random.SeedSequence
) -> tuple[np.ndarray, np.ndarray]:
    """Draw V and I of all paths: stationary currents, and random phases.

    Parameters
    ----------
    model : LIF, Feedforward or Recurrent
        The neuron or network; the neurons' input is left out of account.
    paths : int
        Number of paths; more of them leave the first ones as they are.
    seed : int or SeedSequence
        The request's seed; streams of its blocks are not touched.

    Returns
    -------
    v, i : ndarray, shape (paths, neurons)
        As `lifcore.runs.simulate` takes them for its `start`.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or the model has what this does not support.

    Examples
    --------
    >>> v, i = random_start(LIF(mu=1.5, sigma=0.0), 512, np.random.SeedSequence(1))
    >>> v.shape, bool((v >= 0.0).all() and (v < 1.0).all()), bool((i == 1.5).all())
    ((512, 1), True, True)
    """
    net, paths, root = network("model", model), checks.count("paths", paths), checks.seed(seed)
    blocks = [start_of_block(net, root, block)[:2] for block in range(block_count(paths))]
    v, i = np.concatenate(blocks, axis=2)[:, :, :paths]
    return np.ascontiguousarray(v.T), np.ascontiguousarray(i.T)


def start_of_block(
    model: LIF | Feedforward | Recurrent,
    seed: np.random.SeedSequence,
    block: int,
    h: float | None = None,
) -> np.ndarray:
    """Return the start of a block: V, I and for how long V is still held, (3, neurons, BLOCK).

    Phases may lie in a refractory time. With ``h`` they are those of Euler's orbit, a whole number
    of steps after a reset, and V is held for so many steps. (Of a phase between them the next reset
    makes one of these, but not all with the same chance.)

    Examples
    --------
    >>> start_of_block(LIF(), np.random.SeedSequence(1), 0).shape
    (3, 1, 256)
    """
    neurons = network("model", model, refractory=True).neurons
    stream = np.random.Generator(np.random.SFC64(child(seed, _START, block)))
    state = np.zeros((3, len(neurons), BLOCK))
    for j, lif in enumerate(neurons):
        normal, phase = stream.standard_normal(BLOCK), stream.random(BLOCK)
        state[1, j] = lif.mu + current_spread(lif) * normal
        current = lif.mu + _slow_spread(lif) * normal
        if h is not None:
            lif, current, phase, state[2, j] = _on_the_grid(lif, current, phase, h)
        elif lif.t_ref > 0.0:
            phase, state[2, j] = _of_the_way(lif, current, phase)
        state[0, j] = _potential(lif, current, phase)
    return state


def _on_the_grid(
    lif: LIF, current: np.ndarray, phase: np.ndarray, h: float
) -> tuple[LIF, np.ndarray, np.ndarray, np.ndarray]:
    """Return a neuron, currents and phases whose exact orbits are Euler's at its steps.

    The phases are those of the way to the threshold; with them comes for how many steps V is held
    before it sets out.
    """
    hold = float(checks.held_steps(lif.t_ref, h))
    share = -math.log1p(-lif.g * h) / (lif.g * h) if 0.0 < lif.g * h < 1.0 else 1.0
    lif, current = replace(lif, g=share * lif.g), share * current
    period = _way(lif, current)
    since = np.floor(phase * (np.ceil(period / h) + hold)) - hold
    held = np.where(current > lif.i_th, np.maximum(-since, 0.0), 0.0)
    return lif, current, np.maximum(since, 0.0) * h / period, held


def _of_the_way(lif: LIF, current: np.ndarray, phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return phases of the way to the threshold, of phases that are of the pause before it too.

    With them comes for how long V is held before it sets out.
    """
    way = _way(lif, current)
    since = phase * (way + lif.t_ref) - lif.t_ref
    held = np.where(current > lif.i_th, np.maximum(-since, 0.0), 0.0)
    return np.maximum(since, 0.0) / way, held


def _way(lif: LIF, current: np.ndarray) -> np.ndarray:
    """Return the times from reset to threshold under constant currents, very long ones if never."""
    gap, speed = lif.v_th - lif.v_reset, np.maximum(current - lif.i_th, 1e-100)
    return gap / speed if lif.g == 0.0 else np.log1p(lif.g * gap / speed) / lif.g


def settling_time(model: LIF | Feedforward | Recurrent) -> float:
    """Return the time in which what `random_start` leaves to be forgotten is forgotten.

    For a single neuron that is 16/g, or 64 periods of a neuron that always spikes if these are
    shorter (a neuron with hardly any leak). Input needs 16 tau as well. 1/g is that of V while it
    is free (`leak_time`).

    Examples
    --------
    >>> settling_time(LIF()), settling_time(LIF(tau=1e6)), settling_time(LIF(g=1e-6)) < 100
    (16.0, 16.0, True)
    """
    net = network("model", model, refractory=True)
    times = []
    for lif in net.neurons:
        leak = leak_time(lif)
        own = min(leak, 4.0 * constant_drive_period(lif, lif.mu - 4.0 * _slow_spread(lif)))
        if math.isinf(own) or len(net.neurons) > 1 or isinstance(net, Recurrent):
            own = max(0.0 if math.isinf(own) else own, 0.0 if math.isinf(lif.tau) else lif.tau)
        times.append(own)
    return SETTLING * max(times)


def leak_time(lif: LIF) -> float:
    """Return the time in which V is free for 1/g, as it does not leak while it is held.

    Between two pauses V is free for 1/g or, if the mean drive makes it spike sooner, for less.

    Examples
    --------
    >>> leak_time(LIF(g=2.0)), leak_time(LIF(mu=0.5, t_ref=0.5)), leak_time(LIF(g=0.0))
    (0.5, 1.5, inf)
    """
    leak = 1.0 / lif.g if lif.g > 0.0 else math.inf
    if lif.t_ref == 0.0:
        return leak
    return leak * (1.0 + lif.t_ref / min(leak, constant_drive_period(lif) - lif.t_ref))


def current_spread(lif: LIF) -> float:
    """Return the standard deviation of the stationary current, 0 where there is none.

    Examples
    --------
    >>> current_spread(LIF(sigma=2.0, tau=0.5))
    1.0
    """
    return 0.0 if math.isinf(lif.tau) else lif.sigma * math.sqrt(0.5 * lif.tau)


def _slow_spread(lif: LIF) -> float:
    """Return the part of the current's spread that lasts for an interval between spikes."""
    leak = 1.0 / lif.g if lif.g > 0.0 else math.inf
    time = min(leak, constant_drive_period(lif))
    if math.isinf(lif.tau) or math.isinf(time):
        return 0.0
    return current_spread(lif) * lif.tau / (lif.tau + time)


def _potential(lif: LIF, current: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """Return V at some phases, 0 to 1, of its orbit under constant currents; else at rest."""
    gap = lif.v_th - lif.v_reset
    above = current > lif.i_th
    speed = np.where(above, current - lif.i_th, 1.0)
    if lif.g == 0.0:
        return np.where(above, lif.v_reset + gap * phase, lif.v_reset)
    left = each(exp, -phase * each(log1p, lif.g * gap / speed))  # of the way from v_reset to rest
    spiking = lif.v_reset + (speed / lif.g + gap) * (1.0 - left)
    highest = np.nextafter(lif.v_th, -math.inf)
    return np.minimum(np.where(above, spiking, current / lif.g), highest)
