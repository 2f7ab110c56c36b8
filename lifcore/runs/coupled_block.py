"""A block of coupled paths: the exact solution on the finest grid, a scheme at every level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifcore import checks
from lifcore.models.networks import Feedforward, Network, Recurrent, network
from lifcore.networks.events import Events
from lifcore.networks.layers import Recorder, run_layers
from lifcore.networks.passages import Grids
from lifcore.networks.paths import run_paths
from lifcore.networks.series import ITSELF, Series, refractory, setup, start_state
from lifcore.networks.series import room as room_of
from lifcore.noise.keyed import noise_of_paths
from lifcore.noise.sources import NOISES, PATHWISE, both_sources
from lifcore.noise.streams import BLOCK, block_count
from lifcore.runs.coupled_neuron import CoupledState, Levels, couple_neuron
from lifcore.runs.executors import portion
from lifcore.runs.feasible import check_run
from lifcore.runs.histories import compare, pair_up
from lifcore.runs.progress import LEAST
from lifcore.runs.starts import Start, initial_state
from lifcore.schemes import GRID_SCHEMES, SCHEMES
from lifcore.schemes.exact import exact_step
from lifcore.schemes.scheme import levels as constants_of_levels
from lifcore.schemes.scheme import of_neuron
from lifcore.schemes.state import Arrivals, Recording, Span, State, Streams, holds


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
    scheme: str
    noise: str

    @property
    def work(self) -> tuple[float, float]:
        """Exact steps of all neurons, whole blocks of them without loops, and the least of one."""
        moved = self.paths
        if not isinstance(self.model, Recurrent):
            moved = self.width * block_count(self.paths, self.width)
        return float(self.stops[-1]) * sum(self.model.sizes) * moved, LEAST["exact"]


def plan(
    model: object,
    h: object,
    T: object,
    paths: object,
    seed: object,
    start: object,
    times: object,
    scheme: object = "euler",
    noise: object = "gauss",
    strict: object = False,
) -> tuple[Coupling, list[float], int]:
    """Validate a request; return what any block needs, the times to look, and the paths.

    Parameters
    ----------
    model, h, T, paths, seed, start, times, scheme, noise, strict
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
    loops = isinstance(model, Recurrent)
    net = network("model", model, refractory=True, delays=True, poisson=loops)
    scheme = checks.one_of("scheme", scheme, GRID_SCHEMES)
    sizes, T, multiples = checks.levels(h, T)
    for lif in net.layers:
        SCHEMES[scheme].check(float(sizes.max()), lif.decay_rates)
        checks.held_steps(lif.t_ref, float(sizes.max()))
    for size in (float(sizes.max()), float(sizes.min())):
        checks.delays_on_grid(net.delays, size)
    for size in sizes:
        checks.whole_steps(net, float(size), strict)
    paths = checks.count("paths", paths)
    looks = checks.times(times, float(sizes.min()), T)
    begin = None
    if start is not None:
        begin = checks.start(start, paths, net.at_rest, net.column("v_th"), net.column("i_th"))
    for size in (float(sizes.max()), float(sizes.min())):
        check_run(net, ("exact", scheme), size, T, begin)
    order = np.argsort(sizes)
    finest = float(sizes.min())
    stops = tuple(checks.steps(finest, t)[2] for t in looks)
    width = BLOCK
    if isinstance(net, Recurrent):
        neurons = net.sizes[0]
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
        scheme=scheme,
        noise=_pathwise(noise),
    )
    return run, looks, paths


def _pathwise(noise: object) -> str:
    """Return the name of a kind of noise whose increments have a Brownian path."""
    name = checks.one_of("noise", noise, NOISES)
    if name not in PATHWISE:
        allowed = " and ".join(repr(kind) for kind in PATHWISE)
        raise ValueError(
            f"noise = {name!r} has no path that the exact solution could follow; "
            f"allowed where paths are compared: {allowed}"
        )
    return name


def _simulate_block(run: Coupling, block: int) -> list[tuple[np.ndarray, ...]]:
    """Simulate a block; return (V, I, counts, Euler's V and I) at each stop, and the spikes."""
    if isinstance(run.model, Recurrent):
        return _simulate_recurrent(run, run.model, block)
    assert isinstance(run.model, Feedforward)
    neurons, levels, scheme = run.model.neurons, run.h.size, SCHEMES[run.scheme]
    v, i = initial_state(run.start, block, run.model.at_rest)
    v_h, i_h = (np.repeat(part[:, None], levels, axis=1) for part in (v, i))
    counts, held = np.zeros(v.shape, np.int64), holds(neurons, BLOCK)
    held_h = [np.zeros((levels, part.size)) for part in held]
    pending = np.zeros((len(neurons), levels, scheme.components, BLOCK))
    streams = [Streams(*both_sources(run.noise, run.seed, block, j)) for j in range(len(neurons))]
    steps = constants_of_levels(scheme, neurons, run.h[run.order])
    exact = [exact_step(neuron, run.finest) for neuron in neurons]
    per_series = np.ones(levels + 1, np.int64)
    per_series[run.order + 1] = run.per_level
    grids = Grids(np.concatenate([[run.finest], run.h]), per_series, exact=True)
    recorder = Recorder(BLOCK * (levels + 1) * 64)

    def carry(
        j: int, begin: int, end: int, arrivals: Arrivals, keep: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        own = State(v[j], i[j], counts[j], held[j])
        state = CoupledState(own, v_h[j], i_h[j], pending[j], held_h[j])
        ladder = Levels(of_neuron(steps, j), run.per_level, run.order)
        span = Span(j, begin, end, scheme.components, BLOCK)

        def kernel(recording: Recording) -> None:
            couple_neuron(exact[j], ladder, span, streams[j], state, arrivals, recording)

        return recorder.run(kernel, end - begin, streams[j], [*state.exact, *state[1:]])

    looked: list[tuple[np.ndarray, ...]] = []
    spikes: list[np.ndarray] = []
    for kept in run_layers(run.model, carry, run.stops, grids, record=True):
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
    components = SCHEMES[run.scheme].components
    state = start_state(series, v, i, components, refractory=refractory(model))
    looked: list[tuple[np.ndarray, ...]] = []
    spikes: list[np.ndarray] = []
    noise = noise_of_paths(run.seed, first, last)
    recorder = Recorder((last - first) * series.count * room_of(model, run.T))
    ready = setup(model, series, run.finest, SCHEMES[run.scheme])
    events = Events(model, ready, run.seed, first, last) if model.poisson else None
    for kept in run_paths(ready, noise, state, run.stops, recorder, events):
        spikes.append(kept)
        # Paths last, and series first: exact, then the scheme's.
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
    spikes["time"] = np.minimum(spikes["time"], run.T)  # steps times h may exceed it as floats
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
