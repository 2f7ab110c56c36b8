r"""Where a scheme on the grid gets the noise of its steps from: four kinds, one way to ask them.

``"numpy"`` is NumPy's own generator and ziggurat, drawn lane after lane. The others have a stream
for each lane, moved side by side: ``"gauss"`` draws normals (`lifcore.noise.gauss`); ``"bits"``
and ``"three"`` draw numbers of two and three values, :math:`\pm 1`, and :math:`\pm\sqrt 3` with
probability 1/6 each and 0 otherwise, whose moments are a normal's up to the third and the fifth.
These keep the weak order one of Euler's scheme where coefficients are smooth, and are for
averages only: no Brownian path has such increments.

Source: P. E. Kloeden and E. Platen, Numerical Solution of Stochastic Differential Equations.
Springer (1992), section 14.1. doi:10.1007/978-3-662-12616-5.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from lifcore.noise.dispatch import kernel, only_jitted
from lifcore.noise.gauss import fill_lanes, next_normals
from lifcore.noise.keyed import Source, draw, in_turn
from lifcore.noise.lanes import as_float, lane_states, next_words, unit
from lifcore.noise.streams import BLOCK, refinement_generator, step_generator

NOISES = ("numpy", "gauss", "bits", "three")
"""Names of the kinds of noise."""

PATHWISE = ("numpy", "gauss")
"""Those that are increments of a Brownian path."""

_U = np.uint64
_SIGN, _LAST = _U(1 << 63), _U(63)
_ROOT_3 = math.sqrt(3.0)
DIGITS = 8
"""Three-point numbers that are made of one word: its 52 upper bits as digits to the base 6."""


class Gauss(NamedTuple):
    """Normals in lanes: the lanes' states.

    Examples
    --------
    >>> source("gauss", np.random.SeedSequence(1), 0, 0, 3).states.shape
    (4, 3)
    """

    states: np.ndarray


class Bits(NamedTuple):
    """Bits in lanes: the words in use, and how many of their bits are used up.

    Examples
    --------
    >>> source("bits", np.random.SeedSequence(1), 0, 0, 3).used
    array([64])
    """

    states: np.ndarray
    words: np.ndarray
    used: np.ndarray


class Three(NamedTuple):
    """Three-point numbers in lanes: fractions still to be turned into digits, and digits used.

    Examples
    --------
    >>> source("three", np.random.SeedSequence(1), 0, 0, 3).used
    array([8])
    """

    states: np.ndarray
    words: np.ndarray
    rest: np.ndarray
    used: np.ndarray


def source(noise: str, seed: np.random.SeedSequence, block: int, neuron: int, lanes: int) -> Any:
    """Return the source of a neuron's steps in a block, at its beginning.

    Parameters
    ----------
    noise : str
        One of `NOISES`.
    seed : SeedSequence
        The request's seed; it is not changed.
    block, neuron : int
        Whose noise.
    lanes : int
        How many lanes of the block are run.

    Examples
    --------
    >>> type(source("numpy", np.random.SeedSequence(1), 0, 0, 3)).__name__
    'Generator'
    """
    if noise == "numpy":
        return step_generator(seed, block, neuron)
    states = lane_states(seed, block, neuron, lanes)
    if noise == "gauss":
        return Gauss(states)
    words = np.zeros(lanes, np.uint64)
    if noise == "bits":
        return Bits(states, words, np.array([64]))
    return Three(states, words, np.zeros(lanes), np.array([DIGITS]))


def refinement_source(
    noise: str, seed: np.random.SeedSequence, block: int, neuron: int, lanes: int
) -> Any:
    """Return the source of what refines a neuron's steps: "numpy" or "gauss".

    In lanes each refines its own path, whatever the others do.

    Examples
    --------
    >>> refinement_source("gauss", np.random.SeedSequence(1), 0, 0, 3).states.shape
    (4, 3)
    """
    if noise == "numpy":
        return refinement_generator(seed, block, neuron)
    return Gauss(lane_states(seed, block, neuron, lanes, 0))


def both_sources(
    noise: str, seed: np.random.SeedSequence, block: int, neuron: int = 0, lanes: int = BLOCK
) -> tuple[Any, Any]:
    """Return the sources of a neuron's steps and of their refinement.

    Examples
    --------
    >>> len(both_sources("gauss", np.random.SeedSequence(1), 0))
    2
    """
    return (
        source(noise, seed, block, neuron, lanes),
        refinement_source(noise, seed, block, neuron, lanes),
    )


class OneLane(NamedTuple):
    """A lane of normals in lanes, to refine its path.

    Examples
    --------
    >>> OneLane(np.ones((4, 8), np.uint64), 3).lane
    3
    """

    states: np.ndarray
    lane: int


def refining(source: Any) -> Any:
    """Return what `of_lane` takes, made once for all lanes; to be called from jitted code.

    Examples
    --------
    >>> refining(None)
    Traceback (most recent call last):
    TypeError: NoneType: noise is drawn in jitted code only
    """
    raise only_jitted(source)


def of_lane(source: Any, lane: int) -> Any:
    """Return where a lane's refinement gets its normals from.

    Examples
    --------
    >>> of_lane(None, 0)
    Traceback (most recent call last):
    TypeError: NoneType: noise is drawn in jitted code only
    """
    raise only_jitted(source)


def halving_normals(source: Any, key: tuple[int, int], place: int, z: np.ndarray) -> None:
    """Fill `z` with the normals of a halving; a `key` is a neuron and a step.

    Examples
    --------
    >>> halving_normals(None, (0, 0), 1, np.empty(3))
    Traceback (most recent call last):
    TypeError: NoneType: noise is drawn in jitted code only
    """
    raise only_jitted(source)


@kernel(refining, np.random.Generator)
def _refining_numpy(source):
    return in_turn(source)


@kernel(refining, Gauss)
def _refining_lanes(source):
    return source


@kernel(of_lane, Source)
def _of_any_lane(source, lane):
    return source


@kernel(of_lane, Gauss)
def _of_one_lane(source, lane):
    return OneLane(source.states, lane)


@kernel(halving_normals, Source, borrows=True)
def _halving_keyed(source, key, place, z):
    draw(source, key[0], key[1], place, z)


@kernel(halving_normals, OneLane, borrows=True)
def _halving_lane(source, key, place, z):
    next_normals(source.states, source.lane, z, 1.0)


def fill(source: Any, out: np.ndarray, width: int, scale: float) -> None:
    """Fill `out`, shape (rows, lanes), row by row, times `scale`; to be called from jitted code.

    A generator is moved by `width` normals a row, whether there are as many lanes or fewer.

    Examples
    --------
    >>> from numba import njit
    >>> bits = source("bits", np.random.SeedSequence(1), 0, 0, 256)
    >>> out = np.empty((3, 256))
    >>> njit(lambda source, out: fill(source, out, 256, 0.5))(bits, out)
    >>> np.unique(out).tolist()
    [-0.5, 0.5]
    """
    raise only_jitted(source)


@kernel(fill, np.random.Generator, borrows=True)
def _fill_numpy(source, out, width, scale):
    for r in range(out.shape[0]):
        for k in range(out.shape[1]):
            out[r, k] = scale * source.standard_normal()
        for _ in range(out.shape[1], width):
            source.standard_normal()


@kernel(fill, Gauss, borrows=True)
def _fill_gauss(source, out, width, scale):
    fill_lanes(source.states, np.int64(0), out.shape[1], out, scale)


@kernel(fill, Bits, borrows=True)
def _fill_bits(source, out, width, scale):
    states, words, used = source
    signed = np.float64(scale).view(np.uint64)
    for r in range(out.shape[0]):
        if used[0] == 64:
            next_words(states, 0, words)
            used[0] = 0
        place = _LAST - _U(used[0])  # the bit becomes the sign of a double
        for k in range(out.shape[1]):
            out[r, k] = as_float(((words[k] << place) & _SIGN) ^ signed)
        used[0] += 1


@kernel(fill, Three, borrows=True)
def _fill_three(source, out, width, scale):
    states, words, rest, used = source
    size = scale * _ROOT_3
    for r in range(out.shape[0]):
        if used[0] == DIGITS:
            next_words(states, 0, words)
            for k in range(out.shape[1]):
                rest[k] = unit(words[k])
            used[0] = 0
        for k in range(out.shape[1]):
            six = 6.0 * rest[k]
            digit = math.floor(six)
            rest[k] = six - digit
            out[r, k] = -size if digit == 0.0 else (size if digit == 1.0 else 0.0)
        used[0] += 1
