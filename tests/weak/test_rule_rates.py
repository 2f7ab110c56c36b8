"""Rates of update rules: against the kernels of the schemes, and against steps by hand."""

import math

import numpy as np
import pytest

from lifcore import LIF, mean, simulate
from lifcore.noise.flow import exact_flow
from lifcore.probes import NOISY_RUNS
from lifcore.probes.rules import UPDATES
from lifcore.runs.starts import random_start
from lifcore.weak import IMPULSES, NOISY_UPDATES, rule_rates
from lifcore.weak.rule_rates import _Run

FAST = LIF(mu=2.4, sigma=2.4, tau=0.25)


def rates(h=0.0625, updates=NOISY_UPDATES, seed=5):
    return rule_rates(FAST, h=h, T=16.0, paths=4096, seed=seed, updates=updates)


@pytest.fixture(scope="module")
def found():
    return dict(zip(NOISY_UPDATES, rates(), strict=True))


@pytest.mark.parametrize(
    ("update", "scheme"), [("plain Euler", "euler"), ("exponential on the grid", "exponential")]
)
def test_the_kernel_of_the_scheme_has_the_same_rate(found, update, scheme):
    paths, burn_in, T, h = 4096, 16.0, 32.0, 0.0625
    start = random_start(FAST, paths, np.random.SeedSequence(3))
    counts = [
        simulate(FAST, h=h, T=t, paths=paths, seed=4, scheme=scheme, start=start).spike_counts
        for t in (burn_in, T)
    ]
    other = mean((counts[1] - counts[0])[:, 0] / (T - burn_in))
    own = mean(found[update])
    gap = math.hypot(own.standard_error, other.standard_error)
    assert abs(own.mean - other.mean) < 4.0 * gap
    # such a gap tells a rate from that of the next scheme
    rivals = [mean(found[name]).mean for name in ("plain Euler", "exponential on the grid")]
    assert 4.0 * gap < 0.25 * abs(rivals[0] - rivals[1])


def test_controls_do_not_move_the_mean_but_narrow_it(found):
    """The rows' means are rates: (V_th - V_r) N = V_0 - V_T + the integral of I - gV - losses."""
    raw = simulate(FAST, h=0.0625, T=16.0, paths=4096, seed=9, scheme="euler").spike_counts
    assert found["plain Euler"].std() < 0.6 * (raw[:, 0] / 16.0).std()


class Given:
    """A generator of given normals."""

    def __init__(self, values):
        self.values = np.array(values)

    def standard_normal(self, shape):
        assert shape == self.values.shape
        return self.values


@pytest.mark.parametrize("update", NOISY_UPDATES)
def test_two_steps_by_hand(update):
    """The first step fires in path 1 and not in path 0; the reset is seen by the second."""
    lif, h = LIF(g=1.0, tau=0.5, mu=1.2, sigma=0.6), 0.125
    flow, a, b = exact_flow(lif, h), math.exp(-0.125), math.exp(-0.25)
    normals = [[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0]]
    white, for_i, for_v = flow.noise @ np.array(normals)
    v, i = np.array([0.25, 0.95]), np.array([1.0, 3.0])
    run = _Run(lif, h, v.copy(), i.copy(), (update,))
    want = v.copy()
    euler = i.copy()
    exact = i.copy()
    for n in range(2):
        run.step(Given(normals))
        euler_new = euler + h * (1.2 - euler) / 0.5 + 0.6 * white
        exact_new = 1.2 + b * (exact - 1.2) + for_i
        gain = 0.5 / (1.0 - 0.5) * (a - b)
        propagated = a * want + gain * (exact - 1.2) + (1 - a) * 1.2
        want = {
            "plain Euler": want + h * (euler - want),
            "semi-implicit Euler, current first": want + h * (euler_new - want),
            "exponential on the grid": propagated + for_v,
            "exponential, current frozen": a * want + (1 - a) * exact,
            "exponential, current first": a * want + (1 - a) * exact_new,
            IMPULSES: propagated,
        }[update]
        want = np.where(want >= 1.0, 0.0, want)
        euler, exact = euler_new, exact_new
        assert run.v[0] == pytest.approx(want, abs=1e-14)
        if n == 0:
            assert run.spikes.tolist() == [[0.0, 1.0]]
            assert run.v[0, 1] == 0.0


def test_updates_see_one_noise_and_rates_repeat():
    one = rates(updates=("exponential on the grid",))
    two = rates(updates=("plain Euler", "exponential on the grid"))
    assert np.array_equal(one[0], two[1])
    assert not np.array_equal(one, rates(updates=("exponential on the grid",), seed=6))
    root = np.random.SeedSequence(5)  # which no call changes
    assert np.array_equal(rates(updates=("exponential on the grid",), seed=root), one)
    assert np.array_equal(rates(updates=("exponential on the grid",), seed=root), one)


def test_noisy_runs_are_those_neurons():
    run = NOISY_RUNS[0]
    assert run.lif.sigma * math.sqrt(run.lif.tau / 2.0) == pytest.approx(run.sd)
    assert [r.dt for r in NOISY_RUNS[:3]] == [1.0, 0.5, 0.25]
    assert set(UPDATES) < set(NOISY_UPDATES)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"h": 0.2}, "h = 0.2"),
        ({"h": -0.1}, "h"),
        ({"paths": 100}, "paths"),
        ({"updates": ("Heun",)}, "updates = 'Heun'"),
        ({"T": 0.3}, "T"),
        ({"model": LIF(sigma=0.0)}, "sigma > 0"),
    ],
)
def test_bad_arguments_are_refused(change, words):
    given = {"model": FAST, "h": 0.0625, "T": 1.0, "paths": 512, "seed": 1} | change
    with pytest.raises(ValueError, match=words):
        rule_rates(given.pop("model"), **given)


@pytest.mark.parametrize("update", NOISY_UPDATES)
def test_the_noise_of_the_step_is_in_the_potential_that_the_threshold_sees(update):
    """The same step with and without its noise, which alone lifts V over the threshold."""
    lif, h = LIF(g=1.0, tau=0.5, mu=1.0, sigma=0.6), 0.125
    fired = []
    for size in (0.0, 1.0):
        # W, I and V all rise; V starts a part of a step's noise below the threshold
        run = _Run(lif, h, np.array([0.995]), np.array([1.0]), (update,))
        normals = size * np.linalg.solve(exact_flow(lif, h).noise, [[0.5], [0.2], [0.02]])
        run.step(Given(normals))
        fired.append(run.spikes[0, 0])
    in_the_step = update not in ("plain Euler", "exponential, current frozen", IMPULSES)
    assert fired == [0.0, float(in_the_step)]
