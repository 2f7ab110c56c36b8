"""Noise of whole networks, path by path: by one generator, or in lanes that are its neurons."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lifcore.noise.dispatch import kernel, only_jitted
from lifcore.noise.gauss import fill_lanes
from lifcore.noise.keyed import stream
from lifcore.noise.lanes import lane_states
from lifcore.noise.streams import step_generator

AHEAD = 8
"""Steps whose noise is drawn at once, in lanes: states are read and written once for all of them,
and what they draw still fits into the processor's second cache."""


class Seated(NamedTuple):
    """NumPy's normals: a generator, a view of its state, and where each path is in its stream.

    Examples
    --------
    >>> path_source("numpy", np.random.SeedSequence(1), (0, 2), 10).seats.shape
    (2, 4)
    """

    generator: np.random.Generator
    state: np.ndarray
    seats: np.ndarray


class Lanes(NamedTuple):
    """Normals in lanes: states of all neurons and of what is common to them, a row a path.

    ``one`` is room for a normal of a call.

    Examples
    --------
    >>> path_source("gauss", np.random.SeedSequence(1), (0, 2), 10).states.shape
    (2, 4, 10)
    """

    states: np.ndarray
    common: np.ndarray
    one: np.ndarray


def path_source(
    noise: str, seed: np.random.SeedSequence, paths: tuple[int, int], neurons: int
) -> Any:
    """Return the noise of the paths from the first to before the last, at its beginning.

    Examples
    --------
    >>> type(path_source("gauss", np.random.SeedSequence(1), (0, 2), 10)).__name__
    'Lanes'
    """
    numbers = range(*paths)
    if noise == "numpy":
        generators = [step_generator(seed, path) for path in numbers]
        return Seated(
            *stream(), np.array([g.bit_generator.state["state"]["state"] for g in generators])
        )
    return Lanes(
        np.stack([lane_states(seed, path, 0, neurons) for path in numbers]),
        np.stack([lane_states(seed, path, 1, 1) for path in numbers]),
        np.empty((1, 1)),
    )


def of_paths(source: Any, first: int, last: int) -> Any:
    """Return the part of a source that some paths draw from, as views.

    Examples
    --------
    >>> whole = path_source("gauss", np.random.SeedSequence(1), (0, 3), 10)
    >>> of_paths(whole, 1, 2).states.shape
    (1, 4, 10)
    """
    if isinstance(source, Seated):
        return source._replace(seats=source.seats[first:last])
    return source._replace(states=source.states[first:last], common=source.common[first:last])


def changing(source: Any) -> list[np.ndarray]:
    """Return the arrays that say how far the paths of a source are.

    Examples
    --------
    >>> len(changing(path_source("numpy", np.random.SeedSequence(1), (0, 3), 10)))
    1
    """
    return [source.seats] if isinstance(source, Seated) else [source.states, source.common]


def begin_path(source: Any, path: int) -> None:
    """Go to a path's stream; to be called from jitted code, as what follows.

    Examples
    --------
    >>> begin_path(None, 0)
    Traceback (most recent call last):
    TypeError: NoneType: noise is drawn in jitted code only
    """
    raise only_jitted(source)


def end_path(source: Any, path: int) -> None:
    """Keep where a path's stream is.

    Examples
    --------
    >>> end_path(None, 0)
    Traceback (most recent call last):
    TypeError: NoneType: noise is drawn in jitted code only
    """
    raise only_jitted(source)


def steps_ahead(source: Any) -> int:
    """Return how many steps of a tile are to be drawn at once.

    A generator is common to all tiles, and so must go from one to the next within a step.

    Examples
    --------
    >>> steps_ahead(None)
    Traceback (most recent call last):
    TypeError: NoneType: noise is drawn in jitted code only
    """
    raise only_jitted(source)


def common_normal(source: Any, path: int) -> float:
    """Return a normal that is common to all neurons.

    Examples
    --------
    >>> common_normal(None, 0)
    Traceback (most recent call last):
    TypeError: NoneType: noise is drawn in jitted code only
    """
    raise only_jitted(source)


def fill_tile(
    source: Any, path: int, neurons: tuple[int, int], out: np.ndarray, scale: float
) -> None:
    """Fill the beginning of each row of `out` with normals of some neurons, times `scale`.

    `neurons` are the first of them, and how many.

    Examples
    --------
    >>> fill_tile(None, 0, (0, 3), np.empty((1, 3)), 1.0)
    Traceback (most recent call last):
    TypeError: NoneType: noise is drawn in jitted code only
    """
    raise only_jitted(source)


@kernel(begin_path, Seated)
def _sit(source, path):
    source.state[:] = source.seats[path]


@kernel(end_path, Seated)
def _stand(source, path):
    source.seats[path] = source.state


@kernel(steps_ahead, Seated, borrows=True)
def _one_ahead(source):
    return 1


@kernel(steps_ahead, Lanes, borrows=True)
def _some_ahead(source):
    return AHEAD


@kernel(common_normal, Seated, borrows=True)
def _common_numpy(source, path):
    return source.generator.standard_normal()


@kernel(fill_tile, Seated, borrows=True)
def _fill_numpy(source, path, neurons, out, scale):
    for r in range(out.shape[0]):
        for k in range(neurons[1]):
            out[r, k] = scale * source.generator.standard_normal()


@kernel(begin_path, Lanes, borrows=True)
def _begin_lanes(source, path):
    pass  # every lane has a state of its own


@kernel(end_path, Lanes, borrows=True)
def _end_lanes(source, path):
    pass


@kernel(common_normal, Lanes, borrows=True)
def _common_lanes(source, path):
    fill_lanes(source.common[path], np.int64(0), np.int64(1), source.one, 1.0)
    return source.one[0, 0]


@kernel(fill_tile, Lanes, borrows=True)
def _fill_tile_lanes(source, path, neurons, out, scale):
    fill_lanes(source.states[path], neurons[0], neurons[1], out, scale)
