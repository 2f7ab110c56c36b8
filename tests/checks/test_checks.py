"""Validation: what is accepted, in which form it comes back, and the words of a refusal.

What simulate() and couple() refuse is tested with them.
"""

import fractions
import math

import numpy as np
import pytest

from lifcore import checks


@pytest.mark.parametrize(
    "value", [2, 2.0, np.float32(2.0), np.float64(2.0), np.int8(2), fractions.Fraction(2)], ids=repr
)
def test_real_numbers_become_floats(value):
    assert checks.real("x", value) == 2.0
    assert type(checks.real("x", value)) is float


def test_limits_of_real():
    assert checks.real("x", 0, at_least=0.0) == 0.0
    assert checks.real("x", 0.5, above=0.0, at_most=0.5) == 0.5
    assert checks.real("x", math.inf, above=0.0, infinite=True) == math.inf
    for bad, limits, allowed in [
        (0.0, {"above": 0.0}, r"allowed: a number > 0$"),
        (-0.5, {"at_least": 0.0}, r"allowed: a number >= 0$"),
        (math.inf, {}, r"allowed: a finite number$"),
        (-math.inf, {"infinite": True}, r"allowed: a finite number or inf$"),
        (math.nan, {"infinite": True}, r"allowed: a finite number or inf$"),
        (3.5, {"at_most": 3.0}, r"allowed: a number <= 3$"),
        (0.6, {"above": 0.0, "at_most": 0.5}, r"allowed: a number > 0 and <= 0\.5$"),
        (5, {"at_least": 6.0, "at_most": 9.0}, r"allowed: a number >= 6 and <= 9$"),
        (math.inf, {"at_most": 9.0}, r"allowed: a number <= 9$"),
        (0.0, {"above": 0.0, "hint": "raise it"}, r"allowed: a number > 0; raise it$"),
    ]:
        with pytest.raises(ValueError, match=allowed):
            checks.real("x", bad, **limits)


def test_count_and_index_come_back_as_int():
    assert type(checks.count("n", np.int64(3))) is int
    assert type(checks.index("k", np.int64(0), 1)) is int
    assert checks.count("n", 0, at_least=0) == 0


def test_seed_keeps_a_sequence():
    sequence = np.random.SeedSequence(1)
    assert checks.seed(sequence) is sequence
    assert checks.seed(2**200).entropy == 2**200


@pytest.mark.parametrize(
    ("h", "T", "n"),
    [(0.1, 0.3, 3), (1 / 3, 1.0, 3), (2.0**-20, 1.0, 2**20), (0.1, 1e6, 10**7), (5, 5, 1)],
)
def test_steps(h, T, n):
    assert checks.steps(h, T) == (float(h), float(T), n)


@pytest.mark.parametrize(("h", "T"), [(0.1, 0.35), (0.1, 0.05), (0.3, 1.0), (0.1, 1.0 + 1e-7)])
def test_steps_that_do_not_fit(h, T):
    with pytest.raises(ValueError, match=r"is not a multiple of h = .*for example h = "):
        checks.steps(h, T)


def test_the_step_that_is_proposed_fits():
    for h, T in [(0.3, 1.0), (0.7, 0.5), (0.11, 2.0)]:
        with pytest.raises(ValueError) as refusal:
            checks.steps(h, T)
        proposed = float(str(refusal.value).split("for example h = ")[1])
        assert checks.steps(proposed, T)[0] <= h


def test_levels():
    sizes, T, multiples = checks.levels((0.6, 0.1, 0.3), 1.2)
    assert (sizes.tolist(), T, multiples.tolist()) == ([0.6, 0.1, 0.3], 1.2, [6, 1, 3])
    assert checks.levels(np.float64(0.1), 1)[0].tolist() == [0.1]


def test_times():
    assert checks.times([], 0.1, 1.0) == [1.0]
    assert checks.times(np.array([0.1, 0.3]), 0.1, 1.0) == [0.1, 0.3, 1.0]


def test_stability_limit_is_open():
    with pytest.warns(UserWarning, match=r"^h = 1\.9999 is above 1/g = 1: .* V past its rest"):
        checks.euler_stable(1.9999, {"g": 1.0, "1/tau": 0.0})
    with pytest.warns(UserWarning, match=r"above tau = 0\.5: .* I past .*; use h <= 0\.5"):
        checks.euler_stable(0.6, {"g": 1.0, "1/tau": 2.0})
    checks.euler_stable(1.0, {"g": 1.0, "1/tau": 0.5})  # at most one time constant: no word
    with pytest.raises(ValueError, match=r"h = 2\.0 is beyond .* 2/\(g\) = 2; allowed: h < 2"):
        checks.euler_stable(2.0, {"g": 1.0})


def test_memory_says_how_large(monkeypatch):
    monkeypatch.setattr(
        "os.sysconf", lambda name: {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2**18}[name]
    )
    checks.memory("the paths", 2.0**30)
    with pytest.raises(
        ValueError, match=r"^the paths would take 1\.5 GiB, this machine has 1\.0 GiB"
    ):
        checks.memory("the paths", 1.5 * 2.0**30)


def test_memory_without_sysconf(monkeypatch):
    def unknown(_):
        raise OSError

    monkeypatch.setattr("os.sysconf", unknown)
    checks.memory("the paths", 1e30)


def test_start():
    arguments = {"default": (0.0, 1.2), "v_th": 1.0, "i_th": 1.0}
    assert checks.start(None, 1, **arguments) == (0.0, 1.2)
    assert checks.start((0, -1), 1, **arguments) == (0.0, -1.0)
    assert checks.start((1.0, 0.9), 5, **arguments) == (1.0, 0.9)
    given = np.array([0.1, 0.2])
    v, i = checks.start((given, 3), 2, **arguments)
    assert (v.tolist(), i.tolist()) == ([0.1, 0.2], [3.0, 3.0])
    v[0] = 9.0
    assert given[0] == 0.1  # the caller's array is not shared


def test_instance_and_one_of():
    checks.instance("x", 1, int)
    with pytest.raises(TypeError, match=r"x = 1 is a int; allowed: builtins\.str"):
        checks.instance("x", 1, str)
    with pytest.raises(ValueError, match=r"x = 'c' is unknown; allowed: 'a' or 'b'"):
        checks.one_of("x", "c", ("a", "b"))


@pytest.mark.parametrize("value", [1e3, np.float64(1000), np.float32(1000), 1000])
def test_a_whole_float_is_a_count(value):
    assert checks.count("paths", value) == 1000
    assert type(checks.count("paths", value)) is int


@pytest.mark.parametrize("value", [2.5, np.nan, np.inf, "3", True, None])
def test_other_values_are_no_counts(value):
    with pytest.raises(TypeError, match=r"^paths = .*; allowed: an integer >= 1"):
        checks.count("paths", value)


class Series:
    def __array__(self, dtype=None, copy=None):
        return np.array([0.5, 0.25], dtype)


def test_a_series_of_steps_and_times():
    assert checks.levels(Series(), 1.0)[0].tolist() == [0.5, 0.25]
    assert checks.levels((0.5, 0.25), 1.0)[0].tolist() == [0.5, 0.25]
    with pytest.raises(TypeError, match=r"^h\[0\] = '1'"):
        checks.levels(["1"], 1.0)
