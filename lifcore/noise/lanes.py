r"""xoshiro256++ in lanes: a stream of 64-bit words for each path of a block, moved side by side.

The generator of Blackman and Vigna is four words of state and a dozen of shifts, additions
and exclusive ors, which a processor does for several lanes at once. A lane's state is a path's own,
so that a path's noise does not depend on how many others run beside it.

Source: D. Blackman and S. Vigna, Scrambled linear pseudorandom number generators. ACM Transactions
on Mathematical Software 47 (2021), 36. doi:10.1145/3460772.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from lifcore.noise.dispatch import borrowing
from lifcore.noise.streams import BLOCK, child

_U = np.uint64
_UNIT = _U(0x3FF0000000000000)  # the bits of 1.0
_SHIFTS = tuple(_U(n) for n in (12, 16, 17, 19, 23, 32, 41, 45))
_12, _16, _17, _19, _23, _32, _41, _45 = _SHIFTS
_HALF = _U((1 << 32) - 1)


def lane_states(
    seed: np.random.SeedSequence, block: int, neuron: int = 0, lanes: int = BLOCK, *part: int
) -> np.ndarray:
    """Return the states of a neuron's lanes in a block, at their beginning.

    Parameters
    ----------
    seed : SeedSequence
        The request's seed; it is not changed.
    block, neuron : int
        Which block, and which neuron of the network.
    lanes : int, optional
        How many of the block's lanes; fewer are the first of more.
    *part : int
        Which other noise of the neuron, if it has several.

    Returns
    -------
    ndarray of uint64, shape (4, lanes)

    Examples
    --------
    >>> few, all_of_them = (lane_states(np.random.SeedSequence(1), 0, 0, n) for n in (3, 256))
    >>> bool((few == all_of_them[:, :3]).all())
    True
    """
    states = np.empty((4, lanes), np.uint64)
    seat_lanes(child(seed, block, neuron, *part).pool, states)
    return states


@borrowing()
def seat_lanes(pool, states):
    """Fill states, shape (4, lanes), lane after lane with the words that a SeedSequence generates.

    `pool` is its own. NumPy's `SeedSequence.generate_state`, which takes a hundred times longer.
    """
    hashing, at = _U(0x8B51F9DD), 0
    for lane in range(states.shape[1]):
        for r in range(4):
            word = _U(0)
            for half in range(2):
                x = (_U(pool[at]) ^ hashing) & _HALF
                hashing = (hashing * _U(0x58F38DED)) & _HALF
                x = (x * hashing) & _HALF
                x ^= x >> _16
                word |= x << (_32 * _U(half))
                at = at + 1 if at + 1 < pool.size else 0
            states[r, lane] = word


@borrowing()
def next_words(states, first, words):
    """Move lanes from `first` on by one word, and write it; `states` has shape (4, lanes)."""
    for j in range(words.size):
        k = first + j
        a, b, c, d = states[0, k], states[1, k], states[2, k], states[3, k]
        x = a + d
        words[j] = ((x << _23) | (x >> _41)) + a
        shifted = b << _17
        c ^= a
        d ^= b
        states[1, k] = b ^ c
        states[0, k] = a ^ d
        states[2, k] = c ^ shifted
        states[3, k] = (d << _45) | (d >> _19)


@borrowing()
def next_word(states, lane):
    """Move one lane by one word, and return it."""
    a, b, c, d = states[0, lane], states[1, lane], states[2, lane], states[3, lane]
    x = a + d
    c ^= a
    d ^= b
    states[2, lane] = c ^ (b << _17)
    states[1, lane] = b ^ c
    states[0, lane] = a ^ d
    states[3, lane] = (d << _45) | (d >> _19)
    return ((x << _23) | (x >> _41)) + a


@intrinsic
def as_float(typingctx, word):
    """Return the double that has these bits."""

    def generate(context, builder, signature, args):
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.uint64), generate


@borrowing()
def unit(word):
    """Return the upper 52 bits of a word as a number in [0, 1)."""
    return as_float((word >> _12) | _UNIT) - 1.0
