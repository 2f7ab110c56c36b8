"""Weak errors, the boundary strip, long runs, white noise in V, and multilevel Monte Carlo."""

import math

import numpy as np
import pytest
from oracles import euler, state_at, streams

from lifcore import LIF, couple, estimate, simulate
from lifcore.fokker_planck import stationary
from lifcore.longrun import euler_law, long_runs, rate_parts
from lifcore.multilevel import multilevel, plain_monte_carlo
from lifcore.observables import hill, sine_of_current, smooth_step, spike_count, voltage_square
from lifcore.pairs import check_observables, ladder, ladder_states
from lifcore.plain import plain_plan
from lifcore.strip import boundary_strip, strip_constants
from lifcore.weak import weak_errors
from lifcore.white import SHIFT, siegert_rate, white_rates

NEURON = LIF(mu=1.4, sigma=0.6, v_reset=-0.2)
BALANCED = LIF(g=1.0, mu=1.0, sigma=1.0, tau=1.0)
DRIVEN = LIF(g=1.0, mu=1.5, sigma=0.3, tau=0.5)
OBSERVABLES = {"V": smooth_step, "I": sine_of_current, "both": hill, "N": spike_count}
REQUEST = {"h": [0.25, 0.125, 0.0625], "T": 2.0, "paths": 600, "seed": 31}


def run(**changes):
    return weak_errors(NEURON, OBSERVABLES, **{**REQUEST, **changes})


def inside(e, value, level=0.9999):
    low, high = e.interval(level)
    assert low <= value <= high, (low, value, high)


# --- pairs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("h", [[0.125, 0.0625, 0.03125], [0.5, 0.25, 0.05], [0.05, 0.5]], ids=str)
def test_pairs_are_those_of_couple(h):
    found = run(h=h, T=4.0, times=[2.0], paths=300)
    pairs = couple(NEURON, h=h, T=4.0, paths=300, seed=31, times=[2.0])
    for look, state in enumerate((*pairs.snapshots, pairs)):
        for k, f in enumerate(OBSERVABLES.values()):
            exact = f(state.v, state.i, state.spike_counts)[:, 0]
            assert found.sums[k, look, 0].sum() == pytest.approx(exact.sum(), rel=1e-13)
            for level in range(len(h)):
                values = f(
                    state.v_euler[level, :, 0],
                    state.i_euler[level, :, 0],
                    state.spike_counts_euler[level, :, 0],
                )
                assert found.sums[k, look, 1 + level].sum() == pytest.approx(
                    values.sum(), rel=1e-13
                )
    assert found.sizes.tolist() == [256, 44]


def test_a_pair_without_the_exact_solution_is_plain_euler():
    sequence = np.random.SeedSequence(31)
    pair = ladder(NEURON, np.array([0.25, 0.125]), [1.0, 3.0], sequence, (-0.2, 1.4), exact=False)
    v, i, n = ladder_states(pair, 1)
    assert v.shape == (2, 2, 256)
    dw = math.sqrt(0.125) * streams(31, 1)[0].standard_normal((24, 256))
    for level, increments in enumerate((dw, dw.reshape(12, 2, 256).sum(axis=1))):
        begin = np.full(256, -0.2), np.full(256, 1.4)
        v_end, i_end, counts, _ = euler(NEURON, [0.125, 0.25][level], increments, *begin)
        assert v[level, 1] == pytest.approx(v_end, abs=1e-12)
        assert i[level, 1] == pytest.approx(i_end, abs=1e-12)
        assert np.array_equal(n[level, 1], counts)


def test_any_executor_gives_the_same_bits(one_thread, processes):
    found = run()
    for pool in (one_thread, processes):
        assert np.array_equal(found.sums, run(executor=pool).sums)


def test_more_paths_do_not_change_the_earlier_blocks():
    assert np.array_equal(run(paths=512).sums, run(paths=1024).sums[..., :2])


# --- weak errors ---------------------------------------------------------------------------


def test_errors_of_the_current_have_a_closed_form():
    # E sin I is sin(mean) exp(-variance / 2) for the Gaussian currents of either kind.
    h, start = [0.25, 0.125], (0.0, 2.0)
    found = weak_errors(NEURON, OBSERVABLES, h=h, T=1.0, paths=200_000, seed=5, start=start)
    at, covariance = state_at(NEURON, 1.0, 0.0, 2.0)
    exact = math.sin(at[1]) * math.exp(-covariance[1, 1] / 2)
    inside(found.exact("I"), exact)
    for size, error in zip(h, found.errors("I"), strict=True):
        keep = (1 - size / NEURON.tau) ** round(1 / size)
        variance = NEURON.sigma**2 * size * (1 - keep**2) / (1 - (1 - size / NEURON.tau) ** 2)
        euler_mean = NEURON.mu + keep * (2.0 - NEURON.mu)
        truth = math.sin(euler_mean) * math.exp(-variance / 2) - exact
        inside(error, truth)
        assert error.standard_error < 0.1 * abs(truth)


def test_order_is_one_and_a_wrong_scheme_is_seen():
    request = {"h": 2.0 ** -np.arange(4, 7), "T": 1.0, "seed": 7, "times": np.arange(1, 8) / 8}
    found = weak_errors(BALANCED, OBSERVABLES, paths=60_000, start=(0.0, 1.7), **request)
    window = (0.125, 0.75)
    for name in ("V", "both"):
        assert found.order(name, window).order.mean == pytest.approx(1.0, abs=0.08)
    constant = found.constant("both", window)
    assert found.errors("both", window)[-1].mean * 2**6 == pytest.approx(constant.mean, rel=0.1)
    # What the check would say of a scheme with 2 % more noise: no order at all.
    noisy = weak_errors(
        LIF(g=1.0, mu=1.0, sigma=1.02, tau=1.0), OBSERVABLES, paths=60_000, start=(0.0, 1.7),
        **request,
    )  # fmt: skip
    off = noisy.values("both", window)[1:] - found.values("both", window)[0]
    slope = np.polyfit(np.log(request["h"]), np.log(np.abs(off.sum(axis=1))), 1)[0]
    assert abs(slope - 1.0) > 0.1


def test_extrapolation_is_the_linear_combination():
    found = run(paths=5120)
    h, extrapolated = found.extrapolated("N")
    assert h.tolist() == [0.125, 0.0625]
    coarse, middle, fine = (e.mean for e in found.errors("N"))
    assert [e.mean for e in extrapolated] == pytest.approx([2 * middle - coarse, 2 * fine - middle])
    assert found.constant("N").mean == pytest.approx((4 * fine - middle) / 0.125)
    with pytest.raises(ValueError, match="no step and its double"):
        run(h=[0.25]).extrapolated("N")


def test_extrapolation_gains_an_order():
    request = {"h": 2.0 ** -np.arange(2, 6), "T": 1.5, "times": np.arange(1, 6) / 4, "seed": 11}
    found = weak_errors(BALANCED, OBSERVABLES, paths=60_000, start=(0.0, 1.7), **request)
    assert found.extrapolated_order("both", (0.25, 1.5)).order.mean == pytest.approx(2.2, abs=0.3)


# --- bad input -----------------------------------------------------------------------------


def never(*_):
    raise AssertionError("work was begun")


@pytest.mark.parametrize(
    ("observable", "error", "text"),
    [
        (lambda v, i, n: v[0], ValueError, r"returns shape \(10,\)"),
        (lambda v, i, n: v.mean(), ValueError, r"returns shape \(\)"),
        (lambda v, i, n: v - v.mean(), ValueError, "mixes paths"),
        (lambda v, i, n: np.log(v - 0.5), ValueError, "is nan at V"),
        (lambda v, i, n: v / 0.0, ValueError, "allowed: finite numbers"),
        (lambda v, i, n: v + 1j, TypeError, "complex128 values"),
        (lambda v, i, n: v.astype(str), TypeError, "allowed: real numbers"),
        (lambda v: v, ValueError, "raised TypeError"),
        (lambda v, i, n: undefined, ValueError, "raised NameError"),  # noqa: F821
        (3, TypeError, r"a function of \(V, I, N\)"),
    ],
)
def test_bad_observables_are_refused_before_any_work(monkeypatch, observable, error, text):
    monkeypatch.setattr("lifcore.weak.map_blocks", never)
    monkeypatch.setattr("lifcore.plain.map_blocks", never)
    monkeypatch.setattr("lifcore.longrun.map_blocks", never)
    with pytest.raises(error, match=text):
        weak_errors(NEURON, {"mine": observable}, **REQUEST)
    with pytest.raises(error, match=text):
        long_runs(NEURON, {"mine": observable}, h=0.1, T=1.0, paths=512, seed=1)
    with pytest.raises(error, match=text):
        multilevel(NEURON, observable, T=1.0, coarsest=0.25, half_width=0.1, seed=1)
    with pytest.raises(error, match=text):
        plain_monte_carlo(NEURON, observable, T=1.0, h=0.25, paths=512, seed=1)


def test_an_observable_that_fails_on_the_way_names_itself():
    with pytest.raises(ValueError, match=r"observables\['late'\] is nan at V = .*, N = [4-9]"):
        weak_errors(
            DRIVEN, {"late": lambda v, i, n: np.where(n > 3, np.nan, v)}, h=0.125, T=16.0,
            paths=256, seed=1,
        )  # fmt: skip
    # N reaches 6 in the trial states, so that a failure there is found before the run.
    with pytest.raises(ValueError, match="is nan"):
        check_observables({"early": lambda v, i, n: np.where(n > 5, np.nan, v)}, DRIVEN)


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"h": [0.25, 0.1]}, ValueError, "does not nest"),
        ({"h": [4.0, 2.0], "T": 4.0}, ValueError, "stability limit"),
        ({"paths": 0}, ValueError, "paths = 0"),
        ({"T": 0.3}, ValueError, "not a multiple"),
        ({"times": [0.125]}, ValueError, r"times\[0\]"),
        ({"start": (2.0, 0.0)}, ValueError, "start"),
        ({"seed": -1}, ValueError, "seed"),
        ({"executor": 3}, TypeError, "executor"),
        ({"paths": 10**15}, ValueError, "GiB"),
    ],
)
def test_bad_requests(changes, error, text):
    with pytest.raises(error, match=text):
        run(**changes)


def test_bad_questions():
    found = run()
    with pytest.raises(ValueError, match="unknown"):
        found.errors("W")
    with pytest.raises(ValueError, match="window"):
        found.errors("V", (0.1, 0.2))
    for bad in ({}, [spike_count], {"N": None}, {3: spike_count}):
        with pytest.raises((TypeError, ValueError), match="observables"):
            check_observables(bad, NEURON)
    with pytest.raises(TypeError, match="model"):
        weak_errors(3, OBSERVABLES, **REQUEST)


# --- the strip -----------------------------------------------------------------------------


def test_the_strip_agrees_with_single_steps():
    # The same exact paths, step by step, and Euler's decision by the formula.
    strip = boundary_strip(NEURON, h=[0.25], T=10.0, paths=256, seed=3)
    missed = extra = 0
    states = [
        simulate(NEURON, h=0.25, T=0.25 * k, paths=256, seed=3, scheme="exact")
        for k in range(1, 42)
    ]
    v, i, n = np.full(256, -0.2), np.full(256, 1.4), np.zeros(256)
    for state in states[:40]:
        decided = v + 0.25 * (i - NEURON.g * v) >= NEURON.v_th
        fired = state.spike_counts[:, 0] > n
        missed += int((fired & ~decided).sum())
        extra += int((decided & ~fired).sum())
        v, i, n = state.v[:, 0], state.i[:, 0], state.spike_counts[:, 0]
    assert (int(strip.missed.sum()), int(strip.extra.sum())) == (missed, extra)
    assert strip.steps == 40 * 256


def test_strip_laws_and_constants():
    h = 2.0 ** -np.arange(2, 7)
    for neuron, slow in ((BALANCED, 0.7), (DRIVEN, 0.9)):
        strip = boundary_strip(neuron, h=h, T=24.0, paths=12_800, seed=1, burn_in=8.0)
        both, difference = strip_constants(neuron, stationary(neuron, cells=None))
        assert strip.disagreement[-1].mean / h[-1] ** 1.5 == pytest.approx(both, rel=0.05)
        # The imbalance approaches its law like h^(1/4) where grazing matters.
        ratio = strip.imbalance[-2].mean / h[-2] ** 2 / difference
        assert slow < ratio < 1.1
        assert strip.imbalance_order().order.mean == pytest.approx(2.0, abs=0.15)
    # A threshold 1 % off in one of the two would make the imbalance of first order.
    assert strip.disagreement_order().order.mean == pytest.approx(1.55, abs=0.1)


def test_bad_strips():
    for changes, text in (
        ({"burn_in": -1.0}, "burn_in"),
        ({"burn_in": 0.3}, "not a multiple"),
        ({"h": [4.0]}, "not a multiple|stability"),
        ({"paths": 0}, "paths"),
    ):
        with pytest.raises(ValueError, match=text):
            boundary_strip(NEURON, **{"h": [0.25], "T": 2.0, "paths": 9, "seed": 1, **changes})


# --- long runs -----------------------------------------------------------------------------


def test_eulers_current_is_an_exact_one_of_other_constants():
    h = 0.125
    other = euler_law(NEURON, h)
    assert math.exp(-h / other.tau) == pytest.approx(1 - h / NEURON.tau, rel=1e-14)
    step = other.sigma**2 * other.tau / 2 * (1 - math.exp(-2 * h / other.tau))
    assert step == pytest.approx(NEURON.sigma**2 * h, rel=1e-13)
    for bad in (0.0, 0.5, 1.0, "x"):
        with pytest.raises((TypeError, ValueError), match="h ="):
            euler_law(NEURON, bad)


def test_balance_and_moments():
    # (V_th - V_r) N = V_0 - V_T + sum h (I - gV) - overshoots, so the rate follows from E V.
    h = 1 / 16
    runs = long_runs(
        DRIVEN, {"V": lambda v, i, n: v, "V²": voltage_square}, h=[2 * h, h], T=64.0,
        paths=4096, seed=2, burn_in=16.0,
    )  # fmt: skip
    law = stationary(DRIVEN, cells=None)
    rate, v = runs.averages("rate")[1], runs.averages("V")[1]
    lost = DRIVEN.mu - DRIVEN.g * v.mean - rate.mean  # mean overshoot a unit of time
    speed = simulate(DRIVEN, h=h, T=16.0, paths=2000, seed=3).all_spikes()["speed"].mean()
    assert lost == pytest.approx(rate.mean * h * speed / 2, rel=0.1)
    assert runs.order("V", law.moments.mean_v).order.mean == pytest.approx(1.04, abs=0.03)
    square = law.moments.var_v + law.moments.mean_v**2
    assert runs.order("V²", square).order.mean == pytest.approx(1.0, abs=0.05)


def test_rate_bias_from_its_parts():
    neuron = LIF(mu=2.4, sigma=2.4, tau=0.25)
    runs = long_runs(neuron, {}, h=[1 / 16, 1 / 32], T=40.0, paths=8192, seed=4, burn_in=10.0)
    bias = [e.mean - stationary(neuron, cells=None).rate for e in runs.averages("rate")]
    parts = rate_parts(neuron)
    assert (4 * bias[1] - bias[0]) * 16 == pytest.approx(sum(parts), rel=0.06)
    assert sum(parts[:2]) > 0.5  # without the reset's part it would be of the other sign


def test_bad_long_runs():
    request = {"h": [0.25, 0.125], "T": 2.0, "paths": 512, "seed": 1}
    for changes, text in (
        ({"paths": 256}, "paths"),
        ({"burn_in": 0.3}, "not a multiple"),
        ({"burn_in": -1}, "burn_in"),
    ):
        with pytest.raises(ValueError, match=text):
            long_runs(NEURON, {}, **{**request, **changes})
    with pytest.raises(ValueError, match="unknown"):
        long_runs(NEURON, {}, **request).averages("V")


# --- white noise in V ----------------------------------------------------------------------

MILLIVOLTS = LIF(g=1 / 20, v_th=20.0, v_reset=10.0, mu=18 / 20)  # mV and ms


def test_siegert():
    assert 1000 * siegert_rate(MILLIVOLTS, 5 / math.sqrt(20)) == pytest.approx(20.4216, abs=5e-5)
    # NEST's test of siegert_neuron: 27.1095934379 Hz with a refractory time of 2 ms
    nest = LIF(g=1 / 10, v_th=15.0, v_reset=0.0, mu=15 / 10)
    rate = siegert_rate(nest, math.sqrt(1.5) / math.sqrt(10.0))
    assert 1000 / (1 / rate + 2.0) == pytest.approx(27.1095934379, rel=1e-9)
    # little noise: the period of a constant drive
    assert siegert_rate(LIF(mu=1.5), 1e-3) == pytest.approx(1 / math.log(3.0), rel=1e-5)
    for bad in (0.0, -1.0, math.nan, "x"):
        with pytest.raises((TypeError, ValueError), match="noise"):
            siegert_rate(MILLIVOLTS, bad)


def test_eulers_rate_is_that_of_a_raised_threshold():
    s = 5 / math.sqrt(20)
    found = white_rates(MILLIVOLTS, s, h=[0.4, 0.1], T=1000.0, paths=4096, seed=1, burn_in=100.0)
    rates = [1000 * (found.exact + e.mean) for e in found.errors]
    assert rates[1] == pytest.approx(19.48, abs=0.08)
    for h, rate in zip(found.h, rates, strict=True):
        shifted = 1000 * siegert_rate(MILLIVOLTS, s, SHIFT * s * math.sqrt(h))
        assert rate == pytest.approx(shifted, abs=0.25 * (20.4216 - shifted))
    assert found.order().order.mean == pytest.approx(0.45, abs=0.07)


def test_white_noise_bits_and_bad_input(one_thread):
    request = {"h": [0.25, 0.125], "T": 4.0, "paths": 512, "seed": 9}
    found = white_rates(DRIVEN, 0.5, **request)
    again = white_rates(DRIVEN, 0.5, **request, executor=one_thread)
    assert np.array_equal(found.rates, again.rates)
    one = white_rates(DRIVEN, 0.5, **{**request, "h": 0.125})
    assert np.array_equal(one.rates[0], found.rates[1])
    with pytest.raises(ValueError, match="stability"):
        white_rates(DRIVEN, 0.5, **{**request, "h": 2.0})
    with pytest.raises(ValueError, match="paths"):
        white_rates(DRIVEN, 0.5, **{**request, "paths": 256})
    with pytest.raises(ValueError, match=r"model\.g"):
        siegert_rate(LIF(g=0.0), 0.5)


# --- multilevel ----------------------------------------------------------------------------

COUNT = {"T": 4.0, "coarsest": 0.125}
NOISY = LIF(mu=1.5, sigma=0.5, tau=0.5)


def test_multilevel_covers_the_truth():
    exact = simulate(NOISY, h=0.25, T=4.0, paths=120_000, seed=77, scheme="exact")
    truth = exact.spike_counts.mean()
    found = [
        multilevel(NOISY, spike_count, half_width=0.05, seed=seed, **COUNT) for seed in range(40)
    ]
    assert sum(one.low <= truth <= one.high for one in found) >= 36
    assert all(one.high - one.low <= 0.1 * (1 + 1e-9) for one in found)
    # and not by being far too wide: they spread over a good part of their width
    assert np.std([one.mean for one in found]) > 0.005


def test_multilevel_levels():
    found = multilevel(NOISY, spike_count, half_width=0.02, seed=5, **COUNT)
    h = [level.h for level in found.levels]
    assert h == [0.125 / 2**k for k in range(len(h))]
    assert found.mean == pytest.approx(sum(level.mean for level in found.levels))
    paths = [level.paths for level in found.levels]
    assert paths == sorted(paths, reverse=True)
    for a, b in zip(found.levels[1:], found.levels[2:], strict=False):
        assert 0.3 < b.variance / a.variance < 0.7  # O(h)
    error = math.sqrt(sum(level.variance / level.paths for level in found.levels))
    assert found.high - found.mean == pytest.approx(found.bias + 1.959964 * error)
    assert found.bias <= 0.01


def test_multilevel_cost_law():
    steps, scaled, plain = [], [], []
    for width in (0.04, 0.01):
        found = [
            multilevel(NOISY, spike_count, half_width=width, seed=s, **COUNT) for s in range(4)
        ]
        steps.append(sum(one.steps for one in found))
        scaled.append(sum(one.steps / len(one.levels) ** 2 for one in found))
        plain.append(sum(one.plain.steps for one in found))
    assert plain[1] / plain[0] == pytest.approx(64.0, rel=0.4)  # eps^-3
    assert 6.0 < scaled[1] / scaled[0] < 22.0  # eps^-2, the pilot included
    assert steps[1] / steps[0] < 0.7 * plain[1] / plain[0]


def test_multilevel_bits(one_thread, processes):
    request = {"half_width": 0.1, "seed": 8, **COUNT}
    found = multilevel(NOISY, spike_count, **request)
    for pool in (one_thread, processes):
        assert multilevel(NOISY, spike_count, executor=pool, **request) == found


def test_multilevel_refuses_what_it_cannot_afford():
    with pytest.raises(ValueError, match=r"about \d\.\de\+\d\d neuron-steps.*budget = 1\.0e\+07"):
        multilevel(NOISY, spike_count, half_width=1e-4, budget=1e7, seed=1, **COUNT)
    for changes, text in (
        ({"half_width": 0.0}, "half_width"),
        ({"half_width": 1e-12, "budget": 1e300}, "needs a step below"),
        ({"confidence": 1.0}, "confidence"),
        ({"confidence": 0.0}, "confidence"),
        ({"budget": -1.0}, "budget"),
        ({"coarsest": 0.3}, "not a multiple"),
        ({"coarsest": 1.0}, "stability"),
        ({"start": (2.0, 0.0)}, "start"),
    ):
        with pytest.raises(ValueError, match=text):
            multilevel(NOISY, spike_count, **{"half_width": 0.1, "seed": 1, **COUNT, **changes})


def test_plain_plan():
    asked = {"T": 4.0, "coarsest": 0.125, "half_width": 0.1, "confidence": 0.95}
    plan = plain_plan(slope=-2.0, variance=3.0, **asked)
    assert plan.h == pytest.approx(0.05 / 2.0)  # its bias is half of the half-width
    error = math.sqrt(3.0 / plan.paths)
    assert 0.9 < 1.959964 * error / 0.05 <= 1.0
    assert plan.steps == plan.paths * round(4.0 / plan.h)
    assert plain_plan(slope=0.1, variance=3.0, **asked).h == 0.125
    assert plain_plan(slope=-2.1, variance=3.0, **asked).h == pytest.approx(4.0 / 168)
    for changes, text in (
        ({"slope": math.nan}, "slope"),
        ({"variance": -1.0}, "variance"),
        ({"T": 0.0}, "T ="),
        ({"coarsest": 0.0}, "coarsest"),
        ({"half_width": 0.0}, "half_width"),
        ({"confidence": 1.0}, "confidence"),
        ({"confidence": "x"}, "confidence"),
    ):
        with pytest.raises((TypeError, ValueError), match=text):
            plain_plan(**{"slope": 1.0, "variance": 1.0, **asked, **changes})


def test_plain_monte_carlo_meets_the_accuracy_it_was_planned_for():
    exact = simulate(NOISY, h=0.25, T=4.0, paths=120_000, seed=77, scheme="exact")
    truth = exact.spike_counts.mean()
    plan = multilevel(NOISY, spike_count, half_width=0.02, seed=3, **COUNT).plain
    found = [
        plain_monte_carlo(NOISY, spike_count, h=plan.h, T=4.0, paths=plan.paths, seed=seed)
        for seed in range(60)
    ]
    squares = [(one.mean - truth) ** 2 for one in found]
    allowed = math.hypot(0.5, 0.5 / 1.959964) * 0.02
    assert math.sqrt(np.mean(squares)) == pytest.approx(allowed, rel=0.25)


def test_plain_monte_carlo():
    found = plain_monte_carlo(NOISY, spike_count, h=0.125, T=4.0, paths=5120, seed=1)
    alone = simulate(NOISY, h=0.125, T=4.0, paths=5120, seed=1).spike_counts
    assert found.mean == pytest.approx(alone.mean(), rel=1e-14)
    e = estimate(found.mean, found.standard_error, math.inf)
    assert (e.low, e.high) == pytest.approx((found.low, found.high))
