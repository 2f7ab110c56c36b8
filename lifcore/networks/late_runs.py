"""Runs of `lifcore.networks.late`: several paths on one thread, or several threads on one path."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np

from lifcore.models.networks import Recurrent
from lifcore.models.populations import Populations
from lifcore.networks.bundles import Bundles, bundled
from lifcore.networks.drawn import bundles_at
from lifcore.networks.events import INPUTS
from lifcore.networks.grid import TILE
from lifcore.networks.late import (
    Drawing,
    Net,
    clear,
    draw_commons,
    end_part,
    help_path,
    late_paths,
)
from lifcore.networks.late_room import room
from lifcore.networks.layers import Recorder
from lifcore.networks.synapses import by_source, on_grid, rates_and_weights
from lifcore.networks.turns import turns
from lifcore.noise.counts import count_tables
from lifcore.noise.lanes import lane_states
from lifcore.noise.paths import AHEAD, Seated, changing, of_paths, path_source
from lifcore.schemes.portions import path_portions
from lifcore.schemes.scheme import Scheme
from lifcore.schemes.state import NO_SPIKES, Recording, State, nowhere


def is_late(model: Any) -> bool:
    """Return whether a network with loops has delays, refractory times or Poisson input.

    Examples
    --------
    >>> from lifcore.models import LIF
    >>> is_late(Recurrent(LIF(), np.zeros((2, 2)))), is_late(Recurrent(LIF(t_ref=1.0), [[0.0]]))
    (False, True)
    """
    if isinstance(model, Populations):
        return True
    late = model.delay_range[1] > 0.0 or bool(np.any(np.asarray(model.neuron.t_ref) > 0.0))
    return late or len(model.poisson) > 0


def net_of(model: Any, h: float, bundles: Bundles) -> Net:
    """Return what drives the neurons of a network in steps of `h`.

    Examples
    --------
    >>> from lifcore.models import LIF, PoissonInput
    >>> model = Recurrent(LIF(), np.eye(2), poisson=PoissonInput(4.0, 0.5))
    >>> net_of(model, 0.5, bundled(by_source(model.weights), 2)).counts.kind.tolist()
    [[0, 0]]
    """
    rates, weights = rates_and_weights(model)
    tiles = [weights[:, k : k + TILE] for k in range(0, weights.shape[1], TILE)]
    even = [(tile == tile[:, :1]).all(axis=1) for tile in tiles]
    return Net(bundles, model.common, count_tables(h * rates), weights, np.stack(even, axis=1))


def _constants(model: Populations, scheme: Scheme, h: float) -> Any:
    """Return a scheme's constants of all neurons; those of a population are worked out once."""
    parts = []
    for lif, size in zip(model.layers, model.sizes, strict=True):
        own = scheme.constants([lif] if lif.size is None else lif.neurons(size), h)
        parts.append([np.broadcast_to(part, (size, *part.shape[1:])) for part in own])
    return type(own)(*(np.concatenate(part) for part in zip(*parts, strict=True)))


class _Run:
    """One request: the constants, the noise and the state of its paths."""

    def __init__(
        self,
        model: Any,
        scheme: Scheme,
        h: float,
        seed: np.random.SeedSequence,
        paths: tuple[int, int],
        noise: str,
    ) -> None:
        neurons = sum(model.sizes)
        if isinstance(model, Recurrent):
            synapses = on_grid(by_source(model.weights, model.delays), h)
            self.step, bundles = scheme.constants(model, h), bundled(synapses, neurons)
        else:
            self.step, bundles = _constants(model, scheme, h), bundles_at(model, h)
        self.net = net_of(model, h, bundles)
        source = path_source(noise, seed, paths, neurons)
        ahead = 1 if isinstance(source, Seated) else AHEAD
        self.components = scheme.components
        self.room = room(self.step, scheme.components, bundles, ahead, len(model.poisson))
        inputs = len(model.poisson)
        words = np.empty((paths[1] - paths[0], inputs, 4, neurons), np.uint64)
        for p in range(*paths):
            for m in range(inputs):
                words[p - paths[0], m] = lane_states(seed, p, INPUTS + m, neurons)
        self.drawing = Drawing(source, words)

    def of(self, first: int, last: int) -> Drawing:
        """Return what some paths draw from."""
        return Drawing(of_paths(self.drawing.normals, first, last), self.drawing.words[first:last])


def simulate_late(
    model: Any,
    scheme: Scheme,
    h: float,
    steps: int,
    seed: np.random.SeedSequence,
    first: int,
    v: np.ndarray,
    i: np.ndarray,
    recorder: Recorder | None,
    noise: str,
    threads: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Simulate paths from number `first` on, V and I being changed in place.

    Parameters
    ----------
    model, scheme, h, steps, seed, first, v, i, noise
        As in `lifcore.networks.paths.simulate_paths`.
    recorder : Recorder or None
        Whose buffer to record spikes in, if they are wanted.
    threads : int
        How many work on a path. NumPy's noise is one stream, and takes one.

    Returns
    -------
    counts : ndarray of int64, shape (paths, neurons)
    spikes : ndarray of SPIKE
        Portion by portion, in any order within one.

    Examples
    --------
    >>> from lifcore.models import LIF
    >>> from lifcore.schemes import EULER
    >>> v, i = np.zeros((2, 3)), np.full((2, 3), 2.0)
    >>> ring = Recurrent(LIF(t_ref=0.25), np.roll(0.1 * np.eye(3), 1, axis=0), delays=0.5)
    >>> seed = np.random.SeedSequence(1)
    >>> counts, _ = simulate_late(ring, EULER, 1 / 64, 640, seed, 0, v, i, None, "gauss", 1)
    >>> bool(counts.min() > 2)
    True
    """
    run = _Run(model, scheme, h, seed, (first, first + v.shape[0]), noise)
    whole = State(v, i, np.zeros(v.shape, np.int64), np.zeros(v.shape, np.int32))
    several = threads > 1 and noise != "numpy" and run.room.fired.shape[1] > 1
    found = [NO_SPIKES]
    with ExitStack() as stack:
        helpers = stack.enter_context(ThreadPoolExecutor(threads - 1)) if several else None
        for one, last, begin, end in path_portions(v.shape[0], 0, steps):
            for p in range(one, last) if several else [one]:
                until = p + 1 if several else last
                moved, drawing = State(*(part[p:until] for part in whole)), run.of(p, until)
                span = begin, end, steps, run.components
                kernel: Callable[[Recording], None] = (
                    partial(late_paths, run.step, run.net, run.room, span, drawing, moved)
                    if helpers is None
                    else partial(_together, helpers, threads, run, span, drawing, moved)
                )
                if recorder is None:
                    kernel(nowhere(0))
                    continue
                arrays = [*changing(drawing.normals), drawing.words, *moved]
                arrays += [
                    run.room.ring,
                    run.room.fired,
                    run.room.ahead,
                    run.room.events,
                ]
                spikes, _ = recorder.run(kernel, 0, [], arrays)
                spikes["lane"] += p
                found.append(spikes)
    return whole.counts, np.concatenate(found)


def _together(
    helpers: ThreadPoolExecutor,
    threads: int,
    run: _Run,
    span: tuple[int, int, int, int],
    drawing: Drawing,
    state: State,
    recording: Recording,
) -> None:
    """Advance one path by several threads, this one among them."""
    begin, end, whole, components = span
    own, commons = State(*(part[0] for part in state)), np.empty((end - begin, components))
    if begin == 0:
        clear(run.room, own)
    draw_commons(run.step, run.net.common, drawing.normals, 0, commons)
    parts = run.room.fired.shape[1]
    counters = turns(parts, begin)

    def help(thread: int) -> None:
        own_parts = thread * parts // threads, (thread + 1) * parts // threads
        n = begin
        while n < end:
            turn = counters, n, begin, end, commons
            n = help_path(run.step, run.net, run.room, turn, own_parts, drawing, own, recording)
            time.sleep(0)  # somebody else has this core

    others = [helpers.submit(help, thread) for thread in range(1, threads)]
    help(0)
    for other in others:
        other.result()
    if end == whole:
        for part in range(parts):
            end_part(run.net, run.room, part, end, own)
