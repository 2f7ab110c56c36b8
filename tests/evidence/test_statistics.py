"""Intervals that cover what they should, and orders that are recovered."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from lifcore.evidence.orders import fit_order
from lifcore.evidence.proportions import mean_share
from lifcore.evidence.statistics import (
    BATCHES,
    batch_sums,
    estimate,
    jackknife,
    mean,
    mean_square,
    ratio,
)

REPETITIONS = 1000


def coverage(estimates, truth, level):
    inside = sum(low <= truth <= high for low, high in (e.interval(level) for e in estimates))
    return inside


def assert_covers(estimates, truth):
    """Both levels, within the 99.9 % limits of a binomial count."""
    for level in (0.95, 0.999):
        low, high = stats.binom.ppf([0.0005, 0.9995], len(estimates), level)
        assert low <= coverage(estimates, truth, level) <= high, level


def test_mean_covers():
    rng = np.random.default_rng(41)
    assert_covers([mean(rng.exponential(2.0, 3200)) for _ in range(REPETITIONS)], 2.0)


def test_ratio_covers():
    # Spikes per path, correlated with what is counted of them, as in P(A < a).
    rng = np.random.default_rng(42)
    estimates = []
    for _ in range(REPETITIONS):
        counts = rng.poisson(3.0, 3200)
        estimates.append(ratio(rng.binomial(counts, 0.2), counts))
    assert_covers(estimates, 0.2)


def test_order_covers():
    # Levels share their paths, and the error is that of a mean of squares.
    rng = np.random.default_rng(43)
    h = np.array([0.4, 0.2, 0.1])
    orders, constants = [], []
    for _ in range(REPETITIONS):
        common = rng.standard_normal(3200)
        own = rng.standard_normal((3, 3200))
        values = 2.0 * h[:, None] ** 1.5 * (0.8 * common + 0.6 * own) ** 2
        fit = fit_order(h, values)
        orders.append(fit.order)
        constants.append(fit.constant)
    assert_covers(orders, 1.5)
    assert_covers(constants, 2.0)


def test_mean_by_hand():
    values = np.arange(1.0, 65.0)
    found = mean(values)
    batches = values.reshape(32, 2).mean(axis=1)
    assert found.mean == pytest.approx(32.5, rel=1e-15)
    # For batches of one size the jackknife is the standard error of their means.
    assert found.standard_error == pytest.approx(batches.std(ddof=1) / np.sqrt(32), rel=1e-12)
    assert found.freedom == 31
    half = stats.t.ppf(0.975, 31) * found.standard_error
    assert (found.low, found.high) == pytest.approx((32.5 - half, 32.5 + half))
    assert found.interval(0.95) == pytest.approx((found.low, found.high))
    assert all(type(x) is float for x in (found.mean, found.low, found.high, found.standard_error))


@pytest.mark.parametrize("n", [2, 31, 320, 1001])
def test_jackknife_is_ratio_and_mean(n):
    rng = np.random.default_rng(45)
    values = np.stack([rng.normal(3.0, 1.0, n), rng.exponential(2.0, n)])

    def parts(found):
        return found.mean, found.low, found.high, found.standard_error, found.freedom

    found = jackknife(lambda means: means[0] / means[1], values)
    assert parts(found) == pytest.approx(parts(ratio(*values)), rel=1e-11)
    assert found.freedom == min(n, 32) - 1
    found = jackknife(lambda means: means, values[0])
    assert parts(found) == pytest.approx(parts(mean(values[0])), rel=1e-11)


def test_jackknife_weighs_batches_by_their_sizes():
    # Two batches, of one path and of two; the means are those of all other paths.
    values = np.arange(1.0, 34.0) ** 2
    sizes = batch_sums(values)[1]
    assert sorted(set(sizes)) == [1, 2]
    edges = np.concatenate([[0], np.cumsum(sizes)])
    without = np.array([np.delete(values, np.s_[a:b]).mean() ** 2 for a, b in pairwise(edges)])
    shapes = set()

    def square(means):
        shapes.add(means.shape)
        return means[2, 1] ** 2

    found = jackknife(square, np.broadcast_to(values, (3, 2, 33)))
    assert shapes == {(3, 2)}
    assert found.mean == pytest.approx(values.mean() ** 2, rel=1e-14)
    spread = ((without - without.mean()) ** 2).sum()
    assert found.standard_error == pytest.approx(np.sqrt(31 / 32 * spread), rel=1e-12)


def test_jackknife_covers():
    # A correlation: not linear in its means.
    rng, estimates = np.random.default_rng(46), []
    for _ in range(REPETITIONS):
        x, y = rng.standard_normal((2, 3210))
        y = 0.6 * x + 0.8 * y
        estimates.append(
            jackknife(
                lambda m: (m[2] - m[0] * m[1]) / np.sqrt((m[3] - m[0] ** 2) * (m[4] - m[1] ** 2)),
                np.stack([x, y, x * y, x * x, y * y]),
            )
        )
    assert_covers(estimates, 0.6)


def test_few_values():
    with pytest.raises(ValueError, match=r"values has 1 entries; allowed: at least 2"):
        jackknife(lambda means: means, np.array([1.0]))
    assert mean(np.array([1.0, 3.0])).freedom == 1
    assert mean([1, 2, 3]).mean == 2.0
    for few in (np.array([1.0]), np.array([])):
        with pytest.raises(ValueError, match=r"values has \d entries; allowed: at least 2"):
            mean(few)


@pytest.mark.parametrize("shape", [(), (64, 1), (32, 2), (2, 2, 16)])
def test_neurons_are_not_taken_for_paths(shape):
    many, one = np.ones(shape), np.ones(64)
    calls = {
        "values": [lambda: mean(many), lambda: mean_share(many)],
        "squares": [lambda: mean_square(many)],
        "numerator": [lambda: ratio(many, many), lambda: ratio(many, one)],
        "denominator": [lambda: ratio(one, many)],
    }
    for name, functions in calls.items():
        for function in functions:
            with pytest.raises(ValueError) as refused:
                function()
            assert (
                str(refused.value) == f"{name} has shape {shape}; allowed: (n,), one value a path"
            )


def test_both_parts_of_a_ratio_are_of_the_same_paths():
    with pytest.raises(ValueError, match=r"numerator has shape \(4,\) and denominator \(3,\)"):
        ratio(np.ones(4), np.ones(3))
    with pytest.raises(ValueError, match="denominator has 1 entries; allowed: at least 2"):
        ratio(np.ones(4), np.ones(1))
    with pytest.raises(ValueError, match=r"values has shape \(\); allowed: \(\.\.\., n\)"):
        jackknife(lambda means: means, 3.0)


def test_batches_are_consecutive_and_hold_all():
    values = np.random.default_rng(1).random((3, 1001))
    sums, sizes = batch_sums(values)
    assert sums.shape == (3, BATCHES)
    assert sizes.sum() == 1001
    assert set(sizes) <= {31, 32}
    edges = np.concatenate([[0], np.cumsum(sizes)])
    assert sums[1, 4] == pytest.approx(values[1, edges[4] : edges[5]].sum(), rel=1e-14)


def test_constant_values_have_an_interval_of_no_width():
    found = mean(np.full(100, 0.5))
    assert (found.mean, found.low, found.high) == (0.5, 0.5, 0.5)


def test_estimate_with_a_normal_interval():
    found = estimate(1.0, 0.5, np.inf)
    assert found.high == pytest.approx(1.0 + 1.959964 * 0.5, rel=1e-6)


@pytest.mark.parametrize("root", [False, True])
@pytest.mark.parametrize("power", [-0.5, 1.0, 2.5])
def test_power_laws_are_recovered(power, root):
    h = np.array([0.1, 0.8, 0.2])
    error = 3.0 * h**power
    values = np.outer(error**2 if root else error, np.ones(50))
    fit = fit_order(h, values, root=root)
    assert fit.order.mean == pytest.approx(power, abs=1e-12)
    assert fit.constant.mean == pytest.approx(3.0, rel=1e-12)
    assert [local.mean for local in fit.local] == pytest.approx([power] * 2, abs=1e-12)


def test_local_orders_go_from_coarse_to_fine():
    h = np.array([0.1, 0.4, 0.2])
    values = np.outer([1.0, 8.0, 4.0], np.ones(50))  # 0.4 to 0.2: order 1; 0.2 to 0.1: order 2
    assert [round(x.mean, 12) for x in fit_order(h, values).local] == [1.0, 2.0]


def test_conditional_means():
    h = np.array([0.2, 0.1])
    weights = np.tile([1.0, 0.0, 2.0, 1.0], (2, 16))
    values = weights * (5.0 * h)[:, None]
    fit = fit_order(h, values, weights=weights)
    assert fit.order.mean == pytest.approx(1.0, abs=1e-12)
    assert fit.constant.mean == pytest.approx(5.0, rel=1e-12)


def test_precise_levels_weigh_more():
    # The coarsest level is off the law but all noise, and must not move the slope.
    rng = np.random.default_rng(44)
    h = np.array([0.4, 0.2, 0.1])
    values = np.outer(h, np.ones(3200)) * (1.0 + 1e-4 * rng.standard_normal((3, 3200)))
    values[0] = 0.8 * rng.exponential(1.0, 3200)
    assert fit_order(h, values).order.mean == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("h", "values", "message"),
    [
        ([0.1], np.ones((1, 64)), r"h has shape \(1,\) and values \(1, 64\); allowed"),
        ([0.1, 0.2], np.ones((3, 64)), r"h has shape \(2,\) and values \(3, 64\); allowed"),
        ([0.1, 0.2], np.ones(64), r"h has shape \(2,\) and values \(64,\); allowed"),
        ([[0.1, 0.2]], np.ones((1, 64)), r"h has shape \(1, 2\)"),
        ([0.2, 0.1], np.zeros((2, 64)), r"the error at h = 0\.2 is not positive in every batch"),
        (
            [0.2, 0.1],
            np.stack([np.ones(64), -np.ones(64)]),
            r"the error at h = 0\.1 is not positive",
        ),
        ([0.2, 0.1], np.full((2, 64), np.nan), r"values holds NaN"),
        ([0.2, 0.1], np.ones((2, 1)), r"values has 1 entries; allowed: at least 2"),
    ],
)
def test_bad_fits(h, values, message):
    with pytest.raises(ValueError, match=message):
        fit_order(h, values)


def test_estimates_have_no_order():
    with pytest.raises(TypeError, match="values holds no plain numbers"):
        fit_order([0.2, 0.1], [estimate(0.2, 0.1, 3), estimate(0.1, 0.1, 3)])


def test_smallest_sizes_cover():
    rng = np.random.default_rng(47)
    assert_covers([mean(rng.normal(2.0, 1.0, 2)) for _ in range(REPETITIONS)], 2.0)
    tops, bottoms = rng.normal(1.0, 0.02, (2, REPETITIONS, 2))
    pairs = list(zip(tops, bottoms, strict=True))
    assert_covers([ratio(a, b) for a, b in pairs], 1.0)
    assert_covers([jackknife(lambda m: m[0] / m[1], np.stack(p)) for p in pairs], 1.0)
    h = np.array([0.4, 0.2, 0.1])
    two = [h[:, None] * rng.normal(1.0, 0.02, (3, 2)) for _ in range(REPETITIONS)]
    assert_covers([fit_order(h, values).order for values in two], 1.0)


@pytest.mark.parametrize(
    ("h", "values", "weights", "error", "message"),
    [
        ([0.2, 0.1], [mean(np.ones(4))] * 2, None, TypeError, "values holds no plain numbers"),
        ([0.2, 0.1], [[1.0, 2.0], [1.0]], None, TypeError, "rows of different lengths"),
        ([0.2, 0.1], [["a"], ["b"]], None, TypeError, "values holds no plain numbers"),
        ([0.2, 0.1], [[1.0, np.nan], [1.0, 2.0]], None, ValueError, "values holds NaN"),
        ([0.2, 0.2], np.ones((2, 9)), None, ValueError, "distinct step sizes"),
        ([0.2, -0.1], np.ones((2, 9)), None, ValueError, r"h holds -0\.1; allowed"),
        (["a", "b"], np.ones((2, 9)), None, TypeError, "h = "),
        ([0.2, 0.1], np.ones((2, 9)), np.ones(9), ValueError, "weights has shape"),
        ([0.2], np.ones((1, 9)), None, ValueError, "at least 2 levels"),
    ],
)
def test_an_order_says_what_it_is_fitted_to(h, values, weights, error, message):
    with pytest.raises(error, match=message):
        fit_order(h, values, weights)
