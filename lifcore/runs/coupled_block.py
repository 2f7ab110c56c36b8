"""A block of coupled paths: the exact solution on the finest grid, and Euler at every level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from lifcore import checks
from lifcore.models.networks import Feedforward, Network, Recurrent, network
from lifcore.networks.layers import Recorder, run_layers
from lifcore.networks.paths import run_paths
from lifcore.networks.series import ITSELF, Series, room, setup, start_state
from lifcore.noise.keyed import noise_of_paths
from lifcore.noise.streams import BLOCK, generators
from lifcore.runs.ensemble import Start, initial_state
from lifcore.runs.executors import portion
from lifcore.runs.histories import compare, pair_up
from lifcore.schemes.euler import EulerStep, advance, euler_step, record_crossed
from lifcore.schemes.exact import exact_advance_driven, exact_step
from lifcore.schemes.signals import Signals, deliver


@dataclass(frozen=True)
class Coupling:
    """A validated request, from which any of its blocks can be computed anywhere.

    ``order[k]`` is the position in ``h`` of the k-th finest level; ``per_level[k]`` the
    number of finest steps in one of its own; ``stops`` are the times to look at, in finest steps.
    ``width`` is the number of paths in a block.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> run = plan(LIF(), [0.5], 1.0, 256, 1, None, [])[0]
    >>> compare_block(run, 0)[0][0].shape
    (1, 256)
    """

    model: Network
    h: np.ndarray
    order: np.ndarray
    per_level: np.ndarray
    finest: float
    stops: tuple[int, ...]
    T: float
    seed: np.random.SeedSequence
    start: Start | None
    paths: int
    width: int


def plan(
    model: object,
    h: object,
    T: object,
    paths: object,
    seed: object,
    start: object,
    times: object,
) -> tuple[Coupling, list[float], int]:
    """Validate a request; return what any block needs, the times to look, and the paths.

    Parameters
    ----------
    model, h, T, paths, seed, start, times
        As in `lifcore.runs.couple`.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> plan(LIF(), [0.5, 0.25], 1.0, 3, 1, None, [])[0].stops
    (4,)
    """
    net = network("model", model)
    sizes, T, multiples = checks.levels(h, T)
    for lif in net.layers:
        checks.euler_stable(float(sizes.max()), lif.decay_rates)
    paths = checks.count("paths", paths)
    looks = checks.times(times, float(sizes.min()), T)
    begin = None
    if start is not None:
        begin = checks.start(start, paths, net.at_rest, net.column("v_th"), net.column("i_th"))
    order = np.argsort(sizes)
    finest = float(sizes.min())
    stops = tuple(checks.steps(finest, t)[2] for t in looks)
    width = BLOCK
    if isinstance(net, Recurrent):
        neurons = net.sizes[0]
        checks.exact_size(neurons, paths * stops[-1])
        checks.volleys(net.weights, net.column, float(sizes.max()))
        width = portion(neurons * (1 + sizes.size), stops[-1])
    run = Coupling(
        model=net,
        h=sizes,
        order=order,
        per_level=multiples[order],
        finest=finest,
        stops=stops,
        T=T,
        seed=checks.seed(seed),
        start=begin,
        paths=paths,
        width=width,
    )
    return run, looks, paths


def _simulate_block(run: Coupling, block: int) -> list[tuple[np.ndarray, ...]]:
    """Simulate a block; return (V, I, counts, Euler's V and I) at each stop, and the spikes."""
    if isinstance(run.model, Recurrent):
        return _simulate_recurrent(run, run.model, block)
    assert isinstance(run.model, Feedforward)
    neurons, levels = run.model.neurons, run.h.size
    v, i = initial_state(run.start, block, run.model.at_rest)
    v_h, i_h = (np.repeat(part[:, None], levels, axis=1) for part in (v, i))
    counts = np.zeros(v.shape, np.int64)
    dw = np.zeros((len(neurons), levels, BLOCK))  # increments of steps that are not full yet
    streams = [generators(run.seed, block, j) for j in range(len(neurons))]
    euler, sizes = euler_step(neurons, run.finest), run.h[run.order]
    pull = np.array([euler_step(neurons, float(h)).pull for h in sizes])
    exact = [exact_step(neuron, run.finest) for neuron in neurons]
    per_series = np.ones(levels + 1, np.int64)
    per_series[run.order + 1] = run.per_level
    recorder = Recorder(BLOCK * (levels + 1) * 64)

    def carry(
        j: int, begin: int, end: int, signals: Signals, weight: np.ndarray, keep: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        state = v[j], i[j], counts[j], v_h[j], i_h[j], dw[j]

        def kernel(spikes: np.ndarray, recorded: np.ndarray, marks: np.ndarray) -> None:
            _couple_neuron(
                exact[j], euler, j, sizes, pull, run.per_level, run.order, begin, end, *streams[j],
                *state, signals, weight, spikes, recorded, marks,
            )  # fmt: skip

        return recorder.run(kernel, end - begin, streams[j], state)

    looked: list[tuple[np.ndarray, ...]] = []
    spikes: list[np.ndarray] = []
    for kept in run_layers(run.model, carry, run.stops, per_series, record=True):
        spikes += kept
        levels_first = (part.swapaxes(0, 1).copy() for part in (v_h, i_h))
        looked.append((v.copy(), i.copy(), counts.copy(), *levels_first))
    return [*looked, (np.concatenate(spikes),)]


def _simulate_recurrent(
    run: Coupling, model: Recurrent, block: int
) -> list[tuple[np.ndarray, ...]]:
    """Return the same for a network with loops."""
    first, last = block * run.width, min((block + 1) * run.width, run.paths)
    v, i = (
        part.T[: last - first] for part in initial_state(run.start, block, model.at_rest, run.width)
    )
    levels = run.h.size
    per_step = np.empty(levels, np.int64)
    per_step[run.order] = run.per_level
    series = Series((ITSELF,), (ITSELF,) * levels, tuple(per_step.tolist()))
    state = start_state(series, v, i)
    looked: list[tuple[np.ndarray, ...]] = []
    spikes: list[np.ndarray] = []
    noise = noise_of_paths(run.seed, first, last)
    recorder = Recorder((last - first) * series.count * room(model, run.T))
    for kept in run_paths(setup(model, series, run.finest), noise, state, run.stops, recorder):
        spikes.append(kept)
        # Paths last, and series first: exact, then Euler's.
        v, i, counts = (part.transpose(1, 2, 0).copy() for part in state[:3])
        looked.append((v[0], i[0], counts[0], v[1:], i[1:]))
    return [*looked, (np.concatenate(spikes),)]


def compare_block(run: Coupling, block: int) -> list[tuple[np.ndarray, ...]]:
    """Return what `CoupledEnsemble` holds of a block, at each stop; paths are the last axis.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> run = plan(LIF(), [0.5], 1.0, 256, 1, None, [])[0]
    >>> len(compare_block(run, 0)[0])
    9
    """
    *looked, (spikes,) = _simulate_block(run, block)
    levels, (neurons, lanes) = run.h.size, looked[0][0].shape
    # One history a neuron and path.
    own = spikes.copy()
    own["lane"] += lanes * own["neuron"]
    times = [run.finest * stop for stop in run.stops]
    compared = compare(own, levels, neurons * lanes, times)
    return [
        (
            *state,
            *(part.reshape(levels, neurons, lanes) for part in comparison),
            slowest.reshape(levels + 1, neurons, lanes),
        )
        for state, (comparison, slowest) in zip(looked, compared, strict=True)
    ]


def pair_block(
    run: Coupling, block: int, paths: int, tolerance: np.ndarray
) -> list[tuple[np.ndarray, ...]]:
    """Return the columns of `SpikePairs` of a block, one tuple per level.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> run = plan(LIF(), [0.5], 1.0, 256, 1, None, [])[0]
    >>> len(pair_block(run, 0, 256, np.array([1.0]))[0])
    6
    """
    *_, (spikes,) = _simulate_block(run, block)
    spikes = spikes[spikes["lane"] < paths - block * run.width]
    own = spikes.copy()
    own["lane"] += run.width * own["neuron"]
    pairs: list[tuple[np.ndarray, ...]] = []
    for level, allowed in enumerate(tolerance):
        chosen = pair_up(own, level, run.h.size, run.width * sum(run.model.sizes))
        exact, euler = (spikes[k] for k in chosen)
        delay = euler["time"] - exact["time"]
        far = np.abs(delay) > allowed
        # A history counts up to its first pair that is too far apart: pairs are in order of time.
        lost = np.cumsum(far)
        opens = np.ones(far.size, np.bool_)
        opens[1:] = (np.diff(exact["lane"]) != 0) | (np.diff(exact["neuron"]) != 0)
        keep = lost == np.maximum.accumulate(np.where(opens, lost - far, 0))
        pairs.append(
            (
                exact["lane"][keep] + block * run.width,
                exact["neuron"][keep],
                exact["time"][keep],
                exact["speed"][keep],
                delay[keep],
                euler["lag"][keep],
            )
        )
    return pairs


@njit(nogil=True, cache=True)
def _couple_neuron(
    exact, euler, j, h, pull, per_level, order, begin, finish, stream, refinement,
    v, i, counts, v_h, i_h, dw, signals, weight, spikes, recorded, marks,
):  # fmt: skip
    """Advance one neuron of a block on the finest grid, and Euler at every level with it.

    From finest step `begin` to `finish`; `dw` carries the noise of unfinished steps along.

    Levels go from the finest to the coarsest: `euler` with h[k] and pull[k] is the step of
    level k, which takes per_level[k] finest ones; order[k] says which row of `v_h`, `i_h` is
    level k's. Series 0 of `signals` is the exact solution, series row + 1 Euler's.
    """
    lanes = v.size
    levels = h.size
    normals = np.empty((3, lanes))
    end = np.empty((2, lanes))
    suspect = np.empty(lanes, np.bool_)
    before = np.empty((3, lanes))
    crossed = np.empty(lanes, np.bool_)
    root = exact.flow.noise[0, 0]
    for n in range(begin, finish):
        exact_advance_driven(
            exact, j, n * exact.flow.h, stream, refinement, v, i, normals, end, suspect,
            counts, 0, spikes, recorded, signals, n - begin, weight,
        )  # fmt: skip
        for lane in range(lanes):
            dw[0, lane] = root * normals[0, lane]
        # Level k moves when its step is full, and hands its increment to the next coarser.
        for k in range(levels):
            row = order[k]
            step = EulerStep(
                h[k], euler.g, pull[k], euler.mu, euler.sigma,
                euler.v_th, euler.v_reset, euler.i_th,
            )  # fmt: skip
            taken = (n + 1) // per_level[k]
            if advance(step, j, v_h[row], i_h[row], dw[k], before, crossed) > 0:
                time = taken * step.h
                record_crossed(step, j, row + 1, time, before, crossed, spikes, recorded)
            deliver(signals, row + 1, taken - 1 - begin // per_level[k], weight, i_h[row])
            if k + 1 == levels:
                for lane in range(lanes):
                    dw[k, lane] = 0.0
                break
            for lane in range(lanes):
                dw[k + 1, lane] += dw[k, lane]
                dw[k, lane] = 0.0
            if (n + 1) % per_level[k + 1] != 0:
                break
        marks[n - begin + 1] = recorded[0]
