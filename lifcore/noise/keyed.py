r"""Streams whose state a kernel can set: many paths by one generator, and normals by a key.

A network with loops moves as a whole, so a path has one stream for all of its neurons:
``step_generator`` of the path's index in :mod:`lifcore.noise.streams`. A kernel carries many
paths, each of which continues from a **seat**, the four words that are the state of NumPy's SFC64.

In such a network one step of a neuron is searched again whenever another spike arrives in it,
and the loop-truncated networks search it with other arrivals. The path must be the same each
time, whatever was halved before. So there the three normals of a halving are a function of path,
neuron, step and place in the tree of halves: these are the three words on which SFC64 starts,
and NumPy's ziggurat draws them.
"""

from __future__ import annotations

import ctypes
from typing import NamedTuple

import numpy as np
from numba import njit

from lifcore.noise.dispatch import borrowing
from lifcore.noise.streams import child, step_generator

ROUNDS = 18
"""Numbers thrown away after seating SFC64 on three raw words, as its author does."""

NEURON_SHIFT = 40
"""The second word is the neuron times 2**40, plus the step."""

COMMON = (1 << 24) - 1
"""What stands for the neuron where the noise is common to all."""


class Noise(NamedTuple):
    """The noise of some paths: where their streams are, and the first words of their keys.

    Examples
    --------
    >>> noise_of_paths(np.random.SeedSequence(1), 2, 5).seats.shape
    (3, 4)
    """

    seats: np.ndarray
    words: np.ndarray


def noise_of_paths(seed: np.random.SeedSequence, first: int, last: int) -> Noise:
    """Return the noise of the paths from `first` to `last` - 1, at its beginning.

    A path's stream is `lifcore.noise.step_generator` of its index; the first word of its keys
    is the first that the stream's own first child generates.

    Examples
    --------
    >>> noise = noise_of_paths(np.random.SeedSequence(1), 0, 3)
    >>> bool((noise.seats[1] == noise_of_paths(np.random.SeedSequence(1), 1, 2).seats).all())
    True
    """
    seats, words = np.empty((last - first, 4), np.uint64), np.empty(last - first, np.uint64)
    for k, path in enumerate(range(first, last)):
        seats[k] = step_generator(seed, path).bit_generator.state["state"]["state"]
        words[k] = child(seed, path, 0).generate_state(1, np.uint64)[0]
    return Noise(seats, words)


class Stream(NamedTuple):
    """A generator and a view of its state.

    Examples
    --------
    >>> stream().state.size
    4
    """

    generator: np.random.Generator
    state: np.ndarray


def stream() -> Stream:
    """Return a generator that a kernel can seat where it likes.

    Raises
    ------
    RuntimeError
        If this NumPy keeps SFC64's state in another order than is known.

    Examples
    --------
    >>> one = stream()
    >>> one.state[:] = np.random.SFC64(3).state["state"]["state"]
    >>> one.generator.random() == np.random.Generator(np.random.SFC64(3)).random()
    True
    """
    bits = np.random.SFC64(0)
    words = (ctypes.c_uint64 * 4).from_address(bits.ctypes.state_address)
    state = np.ctypeslib.as_array(words)
    if not np.array_equal(state, bits.state["state"]["state"]):
        raise RuntimeError("NumPy's SFC64 has an unknown layout; install the pinned NumPy")
    return Stream(np.random.Generator(bits), state)


class Source(NamedTuple):
    """Where refinement gets its normals from.

    ``state`` is a view of the generator's own state, to seat it on a key; empty for a source
    that is read in turn. ``word`` is the key's first word. ``own`` and ``common`` are the
    shares (roots of the variances) of a neuron's own noise and of that common to all.

    Examples
    --------
    >>> z, again = np.empty(3), np.empty(3)
    >>> source = Source(*stream(), np.uint64(7), 1.0, 0.0)
    >>> draw(source, 2, 5, 1, z); draw(source, 3, 5, 1, again); draw(source, 2, 5, 1, again)
    >>> bool((z == again).all())
    True
    """

    generator: np.random.Generator
    state: np.ndarray
    word: np.uint64
    own: float
    common: float


@njit(nogil=True, cache=True)
def in_turn(generator):
    """Return a source that draws from a generator in turn."""
    return Source(generator, np.empty(0, np.uint64), np.uint64(0), 1.0, 0.0)


@borrowing()
def draw(source, neuron, step, place, z):
    """Fill `z` with the normals of one halving."""
    if source.state.size > 0:
        _seat(source, neuron, step, place)
    for r in range(z.size):
        z[r] = source.own * source.generator.standard_normal()
    if source.common > 0.0:
        _seat(source, np.int64(COMMON), step, place)
        for r in range(z.size):
            z[r] += source.common * source.generator.standard_normal()


@borrowing()
def _seat(source, neuron, step, place):
    state = source.state
    state[0] = source.word
    state[1] = (np.uint64(neuron) << np.uint64(NEURON_SHIFT)) + np.uint64(step)
    state[2] = np.uint64(place)
    state[3] = np.uint64(1)
    for _ in range(ROUNDS):
        source.generator.random()
