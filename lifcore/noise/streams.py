"""Blocks of paths, and the random streams that belong to them.

A block is 256 paths, whose streams depend on the seed, on the block's index and on a path's place
in it only. So results do not depend on how many paths are asked for, nor on which thread, process
or machine simulates which block. The generators of this module are NumPy's: one for a block.
"""

from __future__ import annotations

import numpy as np

BLOCK = 256
"""Paths in a block."""

STREAM_VERSION = 2
"""Version of the contract that ties seeds to noise; a change of it changes every number."""


def generators(
    seed: np.random.SeedSequence, block: int, neuron: int = 0
) -> tuple[np.random.Generator, np.random.Generator]:
    """Return the two streams of a neuron in a block: for the steps, and for bridge refinement.

    Each neuron of a network has streams of its own, so that a neuron's noise does not depend
    on how many others there are. The first of neuron 0 is that of the block-th child of
    `seed`, as ``seed.spawn`` would make it; that of neuron j > 0 is that of this child's child
    number j; and the second is that of the first child of the first.

    Parameters
    ----------
    seed : SeedSequence
        The request's seed; it is not changed.
    block : int
        Index of the block.
    neuron : int, optional
        Index of the neuron.

    Returns
    -------
    steps, refinement : numpy.random.Generator
        SFC64 generators.

    Examples
    --------
    >>> steps, refinement = generators(np.random.SeedSequence(1), 0)
    >>> type(steps.bit_generator).__name__
    'SFC64'
    """
    return step_generator(seed, block, neuron), refinement_generator(seed, block, neuron)


def step_generator(
    seed: np.random.SeedSequence, block: int, neuron: int = 0
) -> np.random.Generator:
    """Return the first of the two streams, for runs that refine nothing.

    Examples
    --------
    >>> seed = np.random.SeedSequence(1)
    >>> generators(seed, 0)[0].random() == step_generator(seed, 0).random()
    True
    """
    return _generator(seed, block, *((neuron,) if neuron > 0 else ()))


def refinement_generator(
    seed: np.random.SeedSequence, block: int, neuron: int = 0
) -> np.random.Generator:
    """Return the second of the two streams.

    Examples
    --------
    >>> seed = np.random.SeedSequence(1)
    >>> generators(seed, 0)[1].random() == refinement_generator(seed, 0).random()
    True
    """
    # Neuron 0 has no number of its own: child 0 of its key is its refinement.
    return _generator(seed, block, *((neuron,) if neuron > 0 else ()), 0)


def _generator(seed: np.random.SeedSequence, *key: int) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(child(seed, *key)))


def child(seed: np.random.SeedSequence, *key: int) -> np.random.SeedSequence:
    """Return the descendant of a seed that ``spawn`` would make, without changing the seed.

    Examples
    --------
    >>> seed = np.random.SeedSequence(1)
    >>> child(seed, 2).spawn_key == seed.spawn(3)[2].spawn_key
    True
    """
    return np.random.SeedSequence(
        entropy=seed.entropy, spawn_key=(*seed.spawn_key, *key), pool_size=seed.pool_size
    )


def block_count(paths: int, width: int = BLOCK) -> int:
    """Return the number of blocks of `width` paths that hold `paths` paths.

    Examples
    --------
    >>> block_count(257)
    2
    """
    return -(-paths // width)
