"""xoshiro256++ in lanes, against its authors' code run word by word, and lane by lane."""

import numpy as np
import pytest

from lifcore.noise.lanes import lane_states, next_word, next_words, unit
from lifcore.noise.streams import child

# the reference implementation's first outputs from the state (1, 2, 3, 4)
KNOWN = [
    41943041, 58720359, 3588806011781223, 3591011842654386, 9228616714210784205,
    9973669472204895162, 14011001112246962877, 12406186145184390807, 15849039046786891736,
    10450023813501588000,
]  # fmt: skip
MASK = (1 << 64) - 1


def reference(state, count):
    """The generator in Python's whole numbers."""
    a, b, c, d = (int(word) for word in state)

    def rotated(x, k):
        return ((x << k) | (x >> (64 - k))) & MASK

    found = []
    for _ in range(count):
        found.append((rotated((a + d) & MASK, 23) + a) & MASK)
        t = (b << 17) & MASK
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= t
        d = rotated(d, 45)
    return found


def test_known_answers():
    states = np.array([[1], [2], [3], [4]], np.uint64)
    assert [int(next_word(states, 0)) for _ in KNOWN] == KNOWN == reference((1, 2, 3, 4), 10)


def test_all_lanes_move_as_each_does_alone():
    states = lane_states(np.random.SeedSequence(3), 2, 1, 70)
    begun, words = states.copy(), np.empty(70, np.uint64)
    rows = []
    for _ in range(5):
        next_words(states, 0, words)
        rows.append(words.copy())
    for lane in (0, 1, 63, 64, 69):
        expected = reference(begun[:, lane], 5)
        assert [int(row[lane]) for row in rows] == expected
        alone = begun.copy()
        assert [int(next_word(alone, lane)) for _ in range(5)] == expected
        assert (alone[:, lane] == states[:, lane]).all()


@pytest.mark.parametrize("size", [4, 7])
def test_lanes_begin_at_the_words_that_numpy_generates(size):
    for seed in (np.random.SeedSequence(3, pool_size=size), np.random.SeedSequence(pool_size=size)):
        own = child(seed, 2, 1)
        states = lane_states(seed, 2, 1, 70)
        assert (states.T.ravel() == own.generate_state(280, np.uint64)).all()


def test_fewer_lanes_are_the_first_of_more_and_every_place_has_its_own():
    seed = np.random.SeedSequence(1)
    whole = lane_states(seed, 0, 0)
    assert (lane_states(seed, 0, 0, 5) == whole[:, :5]).all()
    others = [whole, lane_states(seed, 1, 0), lane_states(seed, 0, 1), lane_states(seed, 1, 1)]
    columns = np.concatenate(others, axis=1).T
    assert np.unique(columns, axis=0).shape[0] == 4 * 256
    assert (columns != 0).any(axis=1).all()  # zero would stay zero


@pytest.mark.parametrize(
    ("word", "value"), [(0, 0.0), (1 << 63, 0.5), (MASK, 1.0 - 2.0**-52), (1 << 12, 2.0**-52)]
)
def test_a_word_becomes_a_number_from_zero_to_below_one(word, value):
    assert unit(np.uint64(word)) == value
