"""Classes of spike histories, by hand and against a slow classification."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifcore.runs.histories import HISTORY, MATCHED, TERMINAL, compare, pair_up
from lifcore.schemes.state import SPIKE

T = 10.0


def table(series):
    """A spike table from [exact, level 0, level 1, ...], each a list of times for each lane."""
    rows = [
        (lane, 0, s, time, 0.5 + time, 0.0)
        for s, lanes in enumerate(series)
        for lane, times in enumerate(lanes)
        for time in times
    ]
    return np.array(sorted(rows, key=lambda row: row[3]), SPIKE)


def slow_class(exact, euler, tolerance, horizon):
    """The definition, word by word."""
    exact = [t for t in exact if t <= horizon]
    euler = [t for t in euler if t <= horizon]
    if any(abs(a - b) > tolerance for a, b in zip(exact, euler, strict=False)):
        return HISTORY
    if len(exact) == len(euler):
        return MATCHED
    longer = max(exact, euler, key=len)
    if abs(len(exact) - len(euler)) == 1 and horizon - longer[-1] <= tolerance:
        return TERMINAL
    return HISTORY


CASES = {
    "no spikes": ([], [], MATCHED),
    "one close pair": ([3.0], [3.25], MATCHED),
    "Euler early": ([3.25], [3.0], MATCHED),
    "at the tolerance": ([3.0], [3.5], MATCHED),
    "beyond the tolerance": ([3.0], [3.625], HISTORY),
    "only exact, long before T": ([3.0], [], HISTORY),
    "only Euler, long before T": ([], [3.0], HISTORY),
    "only exact, just before T": ([9.75], [], TERMINAL),
    "only Euler, just before T": ([], [9.75], TERMINAL),
    "only exact, at T": ([10.0], [], TERMINAL),
    "only exact, at the tolerance before T": ([9.5], [], TERMINAL),
    "only exact, beyond it": ([9.375], [], HISTORY),
    "two extra": ([], [9.75, 9.875], HISTORY),
    "two missing": ([9.75, 9.875], [], HISTORY),
    "missed in the middle": ([1.0, 4.0, 7.0], [1.0, 7.0], HISTORY),
    "missed at the end": ([1.0, 4.0, 9.75], [1.125, 4.125], TERMINAL),
    "terminal, but an earlier pair is far apart": ([1.0, 9.75], [2.0], HISTORY),
    "shifted by one": ([1.0, 2.0, 3.0], [2.0, 3.0, 4.0], HISTORY),
    "many close pairs": ([1.0, 2.0, 3.0], [1.25, 2.25, 3.25], MATCHED),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_classes(case):
    exact, euler, expected = case
    ((comparison, slowest),) = compare(table([[exact], [euler]]), 1, 1, [T])
    assert comparison.classify(0.5).tolist() == [[expected]]
    assert slow_class(exact, euler, 0.5, T) == expected
    assert comparison.extra.tolist() == [[len(euler) - len(exact)]]
    assert slowest.tolist() == [
        [0.5 + spikes[0] if spikes else np.inf] for spikes in (exact, euler)
    ]


def test_slowest_is_the_smallest_speed_up_to_the_horizon():
    spikes = np.array(
        [(0, 0, 0, 1.0, 2.0, 0.0), (0, 0, 0, 3.0, 0.25, 0.0), (0, 0, 1, 1.0, 0.1, 0.0)], SPIKE
    )
    early, late = compare(spikes, 1, 2, [2.0, 4.0])
    assert early[1].tolist() == [[2.0, np.inf], [0.1, np.inf]]
    assert late[1].tolist() == [[0.25, np.inf], [0.1, np.inf]]


def test_grid_times_that_rounding_puts_past_the_horizon():
    exact, euler = [0.29], [0.1 * 3]  # 0.30000000000000004
    ((comparison, _),) = compare(table([[exact], [euler]]), 1, 1, [0.3])
    assert comparison.extra.tolist() == [[0]]


def test_tolerance_by_level():
    ((comparison, _),) = compare(table([[[3.0]], [[3.25]], [[3.25]]]), 2, 1, [T])
    assert comparison.classify(np.array([[0.5], [0.125]])).tolist() == [[MATCHED], [HISTORY]]


# Multiples of 1/8 meet the tolerances exactly, so that borders are tested too.
times = st.lists(st.integers(1, 100), unique=True, max_size=6).map(
    lambda n: [k / 8 for k in sorted(n)]
)
lanes = st.lists(st.tuples(times, times, times), min_size=1, max_size=4)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    lanes, st.integers(1, 24), st.lists(st.integers(1, 100), min_size=1, max_size=3, unique=True)
)
def test_random_tables(lanes, tolerance, horizons):
    tolerance, horizons = tolerance / 8, [n / 8 for n in sorted(horizons)]
    series = [list(s) for s in zip(*lanes, strict=True)]
    spikes = table(series)
    for horizon, (comparison, _) in zip(
        horizons, compare(spikes, 2, len(lanes), horizons), strict=True
    ):
        kinds = comparison.classify(tolerance)
        for level in range(2):
            for lane, (exact, *euler) in enumerate(lanes):
                assert kinds[level, lane] == slow_class(exact, euler[level], tolerance, horizon)
    for level in range(2):
        first, second = pair_up(spikes, level, 2, len(lanes))
        expected = [
            (lane, a, b)
            for lane, (exact, *euler) in enumerate(lanes)
            for a, b in zip(exact, euler[level], strict=False)
        ]
        found = zip(
            spikes["lane"][first], spikes["time"][first], spikes["time"][second], strict=True
        )
        assert [tuple(row) for row in found] == expected
        assert (spikes["lane"][first] == spikes["lane"][second]).all()
        assert (spikes["series"][first] == 0).all()
        assert (spikes["series"][second] == level + 1).all()


def test_empty_table():
    ((comparison, slowest),) = compare(np.empty(0, SPIKE), 2, 3, [T])
    assert (comparison.classify(0.1) == MATCHED).all()
    assert comparison.extra.shape == (2, 3)
    assert (slowest == np.inf).all()
    assert [part.size for part in pair_up(np.empty(0, SPIKE), 0, 2, 3)] == [0, 0]
