"""The reference: its law below threshold, its spikes, and its independence of the step."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from lifcore import LIF, constant_drive_period, couple, ks_distance, mean, ratio, simulate
from lifcore.schemes.crossings import first_crossing, top
from lifcore.schemes.exact import exact_step
from lifcore.schemes.free_step import flow_block, work
from lifcore.schemes.state import State
from oracles import linear_flow, mckean, refined_step, standard_errors_off, state_at, streams

NEURONS = [
    LIF(g=0.7, tau=0.4, sigma=0.8, mu=0.6),
    LIF(g=2.0, tau=0.5, sigma=1.3, mu=-0.4),
    LIF(g=5.0, tau=1.5, sigma=0.5, mu=1.0),
    LIF(g=0.0, tau=np.inf, sigma=1.0, mu=0.3),
]
BALANCED = LIF(g=1.0, mu=1.0, sigma=1.0, tau=1.0)


def free(neuron, **changes):
    """The same neuron with its threshold out of reach."""
    return dataclasses.replace(neuron, v_th=1e6, **changes)


def exact(neuron, **request):
    return simulate(neuron, scheme="exact", **request)


# --- below threshold ----------------------------------------------------------------------------


@pytest.mark.parametrize("neuron", NEURONS, ids=lambda n: f"g={n.g},tau={n.tau:g}")
@pytest.mark.parametrize("h", [2.0, 0.25, 2.0**-7])
def test_subthreshold_motion_without_noise(neuron, h):
    quiet = free(neuron, sigma=0.0)
    run = exact(quiet, h=h, T=2.0, paths=1, seed=1, start=(-0.3, 2.0))
    expected, _ = state_at(quiet, 2.0, -0.3, 2.0)
    assert run.v[0, 0] == pytest.approx(expected[0], abs=1e-12)
    assert run.i[0, 0] == pytest.approx(expected[1], abs=1e-12)


@pytest.mark.parametrize("neuron", NEURONS, ids=lambda n: f"g={n.g},tau={n.tau:g}")
@pytest.mark.parametrize("h", [2.0, 0.25, 2.0**-5])
def test_subthreshold_mean_and_covariance(neuron, h):
    # 12 cases with two means and three moments each, against 4 standard errors.
    n = 32768
    run = exact(free(neuron), h=h, T=2.0, paths=n, seed=2, start=(-0.3, 2.0))
    centre, covariance = state_at(neuron, 2.0, -0.3, 2.0)
    sample = np.stack([run.v[:, 0], run.i[:, 0]]) - centre[:, None]
    off = sample.mean(axis=1) / np.sqrt(np.diag(covariance) / n)
    assert np.abs(off).max() < 4.0
    assert np.abs(standard_errors_off(sample, covariance)).max() < 4.0


@pytest.mark.parametrize("neuron", NEURONS, ids=lambda n: f"g={n.g},tau={n.tau:g}")
@pytest.mark.parametrize("h", [4.0, 0.5, 2.0**-4])
def test_grid_values_follow_from_the_documented_stream(neuron, h):
    # (steps, 3, 256) normals of the block's stream, whatever refinement draws from its own.
    # At h = 4 every step is halved, and V comes out of the sum of its pieces.
    steps = int(4.0 / h)
    run = exact(free(neuron), h=h, T=4.0, paths=256, seed=3, noise="numpy")
    normals = streams(3, 0)[0].standard_normal((steps, 3, 256))
    m, b, _ = linear_flow(neuron, h)
    factor = exact_step(free(neuron), h).flow.noise
    state = np.zeros((2, 256))
    for z in normals:
        state = m @ state + b[:, None] + (factor @ z)[[2, 1]]
    assert run.v[:, 0] == pytest.approx(state[0], rel=1e-10, abs=1e-11)
    assert run.i[:, 0] == pytest.approx(state[1] + neuron.mu, rel=1e-12, abs=1e-12)
    assert not run.spike_counts.any()


def test_flow_block_clears_a_lane_only_below_the_threshold():
    # The suspects, from the formulas: the cubic's Bézier points within 6 bridge deviations of the
    # threshold. Lanes lie so close to that border that 2 % of any constant moves some across it.
    neuron, h, n = LIF(g=1.0, mu=1.0, sigma=1.0, tau=0.5), 0.01, 100_000
    rng = np.random.default_rng(3)
    v, i = rng.uniform(0.9985, 1.0, n), rng.normal(1.0, 0.1, n)
    normals = rng.standard_normal((3, n))
    room = work(n, 0)
    room.normals[:] = normals
    step = exact_step(neuron, h)
    found = flow_block(step, State(v, i, np.zeros(n, np.int64)), room)
    end, suspect = room.end, room.suspect
    m, b, _ = linear_flow(neuron, h)
    _, eta_i, eta_v = step.flow.noise @ normals
    v1, i1 = m @ [v, i - 1.0] + b[:, None] + [eta_v, 1.0 + eta_i]
    assert end == pytest.approx(np.array([v1, i1]), abs=1e-14)
    highest = np.max([v, v1, v + h / 3.0 * (i - v), v1 - h / 3.0 * (i1 - v1)], axis=0)
    expected = highest >= 1.0 - 6.0 * np.sqrt(h**3 / 192.0)
    assert found == suspect.sum()
    assert np.array_equal(suspect, expected)
    assert 0.2 < suspect.mean() < 0.8


# --- spikes without noise -----------------------------------------------------------------------


@pytest.mark.parametrize("h", [4.0, 1.0, 0.25, 2.0**-7])
@pytest.mark.parametrize(
    "neuron",
    [
        LIF(mu=1.5, sigma=0.0),
        LIF(g=0.4, v_th=2.0, v_reset=-0.7, mu=1.1, sigma=0.0, tau=2.0),
        LIF(g=0.0, mu=0.7, sigma=0.0, tau=np.inf),
        LIF(g=3.0, mu=3.3, sigma=0.0),
    ],
    ids=["plain", "reset below 0", "no leak", "fast leak"],
)
def test_constant_drive(neuron, h):
    run = exact(neuron, h=h, T=16.0, paths=1, seed=1)
    period = constant_drive_period(neuron)
    times = run.spikes(0)
    assert len(times) == int(16.0 / period)
    assert np.abs(np.diff(times, prepend=0.0) - period).max() < 1e-10
    assert np.abs(run.crossing_speeds(0) - (neuron.mu - neuron.i_th)).max() < 1e-8
    end, _ = state_at(neuron, 16.0 - times[-1], neuron.v_reset, neuron.mu)
    assert run.v[0, 0] == pytest.approx(end[0], abs=1e-9)


@pytest.mark.filterwarnings("ignore:mu = 1500")  # it says what is meant here
def test_several_spikes_in_one_piece_of_a_step():
    neuron = LIF(v_reset=-0.3, mu=1500.0, sigma=0.0)
    run = exact(neuron, h=0.125, T=0.125, paths=1, seed=1)
    period, step = constant_drive_period(neuron), exact_step(neuron, 0.125)
    assert step.bridges.length[step.root_depth] > 2.0 * period
    times = run.spikes(0)
    assert len(times) == int(0.125 / period)
    assert np.abs(np.diff(times, prepend=0.0) - period).max() < 1e-10
    assert run.crossing_speeds(0) == pytest.approx(np.full(len(times), 1499.0), rel=1e-9)


def relaxing_spikes(neuron, current, T):
    """Spike times and currents of a noiseless neuron whose current relaxes to mu, and V at T."""
    g, a, mu = neuron.g, 1.0 / neuron.tau, neuron.mu
    times, currents, at, i = [], [], 0.0, current
    while True:

        def v(s, i=i):
            free = neuron.v_reset * np.exp(-g * s) + mu * (1.0 - np.exp(-g * s)) / g
            return free + (i - mu) * (np.exp(-a * s) - np.exp(-g * s)) / (g - a)

        grid = np.linspace(0.0, T - at, 3001)
        above = np.flatnonzero(v(grid) >= neuron.v_th)
        if above.size == 0:
            return np.array(times), np.array(currents), v(T - at)
        s = optimize.brentq(
            lambda s: v(s) - neuron.v_th, grid[above[0] - 1], grid[above[0]], xtol=1e-14
        )
        at, i = at + s, mu + (i - mu) * np.exp(-a * s)
        times.append(at)
        currents.append(i)


@pytest.mark.parametrize("h", [3.0, 0.375, 2.0**-6 * 3.0])
def test_relaxing_drive(h):
    neuron = LIF(g=1.3, v_th=1.2, v_reset=-0.2, tau=0.8, mu=1.4, sigma=0.0)
    run = exact(neuron, h=h, T=3.0, paths=1, seed=1, start=(neuron.v_reset, 6.0))
    times, currents, end = relaxing_spikes(neuron, 6.0, 3.0)
    assert len(times) == 3
    assert run.spikes(0) == pytest.approx(times, abs=1e-9)
    assert run.crossing_speeds(0) == pytest.approx(currents - neuron.i_th, abs=1e-7)
    assert run.v[0, 0] == pytest.approx(end, abs=1e-9)
    assert run.i[0, 0] == pytest.approx(1.4 + 4.6 * np.exp(-3.0 / 0.8), abs=1e-12)


def test_balance_of_current_and_spikes():
    # (v_th - v_reset) N_T = V_0 - V_T + ∫ (I - gV) dt, by the trapezoid rule with its end
    # correction between the grid's points and the spikes: an error of about dt^4/720.
    neuron = LIF(g=1.3, v_th=1.2, v_reset=-0.2, tau=0.8, mu=1.4, sigma=0.0)
    dt, T = 2.0**-6, 3.0
    grid = np.arange(dt, T, dt)
    run = couple(neuron, h=[dt], T=T, paths=2, seed=1, start=(-0.2, 6.0), times=grid)
    looks = [*run.snapshots, run]
    times = simulate(neuron, h=dt, T=T, paths=2, seed=1, start=(-0.2, 6.0), scheme="exact").spikes(
        0
    )

    def current(t):
        return neuron.mu + (6.0 - neuron.mu) * np.exp(-t / neuron.tau)

    nodes = [(0.0, neuron.v_reset, False)]
    nodes += [(look.T, look.v[0, 0], False) for look in looks]
    nodes += [(s, neuron.v_th, True) for s in times]
    nodes.sort()
    total = 0.0
    for (t0, v0, spike), (t1, v1, _) in pairwise(nodes):
        v0 = neuron.v_reset if spike else v0
        f0, f1 = current(t0) - neuron.g * v0, current(t1) - neuron.g * v1
        d0 = (neuron.mu - current(t0)) / neuron.tau - neuron.g * f0
        d1 = (neuron.mu - current(t1)) / neuron.tau - neuron.g * f1
        length = t1 - t0
        total += 0.5 * length * (f0 + f1) + length**2 / 12.0 * (d0 - d1)
    jumps = (neuron.v_th - neuron.v_reset) * run.spike_counts[0, 0]
    assert jumps == pytest.approx(neuron.v_reset - run.v[0, 0] + total, abs=1e-7)


# --- spikes with noise --------------------------------------------------------------------------


@pytest.mark.parametrize("h", [2.0, 0.125, 2.0**-8])
@pytest.mark.parametrize(
    "neuron",
    [BALANCED, LIF(mu=1.5, sigma=0.3, v_reset=-0.4), LIF(g=0.0, tau=np.inf, mu=0.5, sigma=0.7)],
    ids=["balanced", "mean-driven", "perfect integrator"],
)
def test_every_reset_is_a_decaying_jump_of_the_free_path(neuron, h):
    # The system is linear, so that on the same noise V is the path without threshold minus
    # (v_th - v_reset) exp(-g (T - s)) for each spike s: an identity for every path.
    request = {"h": h, "T": 6.0, "paths": 512, "seed": 4}
    run, without = exact(neuron, **request), exact(free(neuron), **request)
    spikes = run.all_spikes()
    jumps = (neuron.v_th - neuron.v_reset) * np.exp(-neuron.g * (6.0 - spikes["time"]))
    rebuilt = without.v[:, 0] - np.bincount(spikes["path"], jumps, 512)
    assert np.abs(run.v[:, 0] - rebuilt).max() < 1e-9
    assert np.array_equal(run.i, without.i)
    assert np.array_equal(np.bincount(spikes["path"], minlength=512), run.spike_counts[:, 0])


def test_spikes_are_upward_crossings_in_order():
    run = exact(BALANCED, h=0.25, T=8.0, paths=2048, seed=5)
    spikes = run.all_spikes()
    assert (spikes["speed"] > 0.0).all()
    assert (spikes["lag"] == 0.0).all()
    assert ((spikes["time"] > 0.0) & (spikes["time"] <= 8.0)).all()
    same = np.diff(spikes["path"]) == 0
    assert (np.diff(spikes["time"])[same] > 0.0).all()
    assert (run.v < BALANCED.v_th).all()


@pytest.fixture(scope="module")
def by_step():
    """Runs that differ in the reference's step alone, and share no noise; with their spikes."""
    runs = {
        h: exact(BALANCED, h=h, T=4.0, paths=40_000, seed=seed)
        for h, seed in [(1.0, 6), (2.0**-2, 7), (2.0**-3, 8), (2.0**-8, 9)]
    }
    return {h: (run, run.all_spikes()) for h, run in runs.items()}


PAIRS = [(1.0, 2.0**-2), (2.0**-2, 2.0**-3), (2.0**-3, 2.0**-8), (1.0, 2.0**-8)]


def agree(one, other):
    """Whether two independent estimates differ by less than 4 standard errors."""
    return abs(one.mean - other.mean) < 4.0 * np.hypot(one.standard_error, other.standard_error)


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_no_result_depends_on_the_step(by_step, pair):
    (coarse, coarse_spikes), (fine, fine_spikes) = (by_step[h] for h in pair)
    assert agree(mean(coarse.spike_counts[:, 0]), mean(fine.spike_counts[:, 0]))
    assert agree(mean(coarse.v[:, 0]), mean(fine.v[:, 0]))
    assert agree(mean(np.cos(coarse.v[:, 0])), mean(np.cos(fine.v[:, 0])))
    tables = coarse_spikes, fine_spikes
    for slowest in (0.05, 0.1, 0.3, 0.7, 1.0, 1.4, 2.0):
        shares = []
        for run, spikes in zip((coarse, fine), tables, strict=True):
            below = np.bincount(spikes["path"], spikes["speed"] < slowest, 40_000)
            shares.append(ratio(below, run.spike_counts[:, 0]))
        assert agree(*shares), f"P(A < {slowest})"


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_first_spike_times_do_not_depend_on_the_step(by_step, pair):
    # Two-sample Kolmogorov–Smirnov over all paths, those without a spike being tied at the end.
    samples = []
    for h in pair:
        _, spikes = by_step[h]
        first = np.full(40_000, np.inf)
        paths, index = np.unique(spikes["path"], return_index=True)
        first[paths] = spikes["time"][index]
        samples.append(np.minimum(first, 4.0))
    assert stats.ks_2samp(*samples).statistic < 1.95 * np.sqrt(2.0 / 40_000)  # p = 0.001


def test_rate_of_the_mean_driven_neuron():
    # A published trial value, 0.907; the counts of the same paths at two horizons give the
    # stationary rate without the transient, and its 99.9 % interval must lie within 0.003.
    neuron = LIF(g=1.0, mu=1.5, sigma=0.3, tau=0.5)
    early, late = (
        exact(neuron, h=2.0**-5, T=T, paths=8192, seed=10).spike_counts[:, 0] for T in (16.0, 80.0)
    )
    low, high = mean((late - early) / 64.0).interval(0.999)
    assert 0.904 < low < high < 0.910


def test_integrated_brownian_motion_returns_by_mckeans_law():
    # McKean (1963): started at the threshold with speed -1. Only the first return matters, so
    # that the reset is put far below, where a path has nothing more to do up to T.
    neuron = LIF(g=0.0, tau=np.inf, mu=0.0, sigma=1.0, v_th=1.0, v_reset=-50.0)
    paths, T = 340_000, 8.0
    spikes = exact(neuron, h=1.0, T=T, paths=paths, seed=11, start=(1.0, -1.0)).all_spikes()
    _, index = np.unique(spikes["path"], return_index=True)
    first = spikes[index]
    chance, (t, law_t), (u, law_u) = mckean(T)
    assert len(first) >= 100_000
    error = np.sqrt(chance * (1.0 - chance) / paths)
    assert abs(len(first) / paths - chance) < 4.0 * error
    limit = 1.95 / np.sqrt(len(first))  # p = 0.001
    assert ks_distance(first["time"], np.interp(first["time"], t, law_t)).mean < limit
    assert ks_distance(first["speed"], np.interp(first["speed"], u, law_u)).mean < limit


# --- pieces -------------------------------------------------------------------------------------

value = st.floats(-3.0, 3.0, allow_subnormal=False)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.floats(-3.0, -1e-6), value, value, value)
def test_first_crossing_is_the_first_upward_root(f0, f1, m0, m1):
    c3, c2 = 2.0 * (f0 - f1) + m0 + m1, 3.0 * (f1 - f0) - 2.0 * m0 - m1
    u, slope = first_crossing(f0, f1, m0, m1)
    grid = np.linspace(0.0, 1.0, 20001)
    values = ((c3 * grid + c2) * grid + m0) * grid + f0
    above = np.flatnonzero(values >= 1e-9)
    if u < 0.0:
        assert above.size == 0
        return
    assert ((c3 * u + c2) * u + m0) * u + f0 == pytest.approx(0.0, abs=1e-12)
    assert slope == pytest.approx((3.0 * c3 * u + 2.0 * c2) * u + m0, abs=1e-12)
    assert slope >= -1e-7
    assert (values[grid < u - 1e-3] < 1e-9).all()
    if above.size:
        assert u <= grid[above[0]] + 1e-9


def test_first_crossing_of_a_line_and_of_a_parabola():
    assert first_crossing(-1.0, 1.0, 2.0, 2.0) == pytest.approx((0.5, 2.0), abs=1e-14)
    u, slope = first_crossing(-1.0, 1.0, 3.0, 1.0)  # -1 + 3u - u²
    assert u == pytest.approx((3.0 - np.sqrt(5.0)) / 2.0, abs=1e-14)
    assert slope == pytest.approx(np.sqrt(5.0), abs=1e-13)
    assert first_crossing(-1.0, -1.0, 0.0, 0.0) == (-1.0, 0.0)
    assert first_crossing(-1.0, -1.0, 8.0, -8.0)[0] == pytest.approx(0.5 - 0.5 / np.sqrt(2.0))


def test_first_crossing_leaves_downwards_and_comes_back():
    # A start at the threshold itself is no crossing; the return is.
    u, slope = first_crossing(0.0, 1.0, -1.0, 4.0)
    assert u > 0.0
    assert slope > 0.0


@settings(max_examples=300, deadline=None, derandomize=True)
@given(value, value, value, value)
def test_top_bounds_the_cubic(f0, f1, m0, m1):
    grid = np.linspace(0.0, 1.0, 401)
    c3, c2 = 2.0 * (f0 - f1) + m0 + m1, 3.0 * (f1 - f0) - 2.0 * m0 - m1
    cubic = ((c3 * grid + c2) * grid + m0) * grid + f0
    assert cubic.max() <= top(f0, f1, m0 / 3.0, m1 / 3.0) + 1e-12


def test_depths_follow_the_fastest_time_scale():
    step = exact_step(LIF(g=1.0, tau=0.5, sigma=0.3), 1.0)
    assert (
        step.bridges.length[step.first_depth]
        <= 0.5 / 4.0
        < 2 * step.bridges.length[step.first_depth]
    )
    assert step.bridges.length[step.root_depth] <= 0.5 / 200.0
    # Without any time scale a step is judged as it is.
    line = exact_step(LIF(g=0.0, tau=np.inf, sigma=0.0), 1.0)
    assert line.first_depth <= 2


@pytest.mark.parametrize(
    ("sigma", "current", "splits"),
    # sigma sqrt(h) over the crossing speed: 0.6 %, 3 % and 30 %, against a limit of 1 %.
    [(0.2, 2.0, False), (1.0, 2.0, True), (1.0, 1.1, True)],
)
def test_a_crossing_is_accepted_only_if_steep(sigma, current, splits):
    h = 2.0**-10
    step = exact_step(LIF(mu=current, sigma=sigma), h)
    stream, untouched = (np.random.Generator(np.random.SFC64(1)) for _ in range(2))
    v = 1.0 - 0.5 * h * (current - 1.0)  # half a step below the threshold
    _, spikes = refined_step(step, (v, current), np.zeros(3), stream, room=4)
    assert spikes.size == 1
    assert (stream.standard_normal() != untouched.standard_normal()) == splits
