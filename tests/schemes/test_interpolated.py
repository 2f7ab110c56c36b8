"""Interpolated spikes: closed forms, orders on nested grids of one noise, what is refused."""

import numpy as np
import pytest

from circuits import LOOPS, MIXED
from lifcore import LIF, constant_drive_period, couple, fit_order, simulate, step_size
from lifcore.runs.observables import spike_count
from lifcore.schemes import GRID_SCHEMES, INTERPOLATED, NETWORK_SCHEMES
from lifcore.stationary import solve_threshold
from lifcore.weak.errors import weak_errors

SCHEME = INTERPOLATED.name
START = 0.3 / 256.0  # what the start of a run of 256 can leave in its rate
CORNER = LIF(mu=1.0, sigma=1.0, tau=1.0)
"""At the rheobase, where many crossings are slow and excursions within a step frequent."""


def test_without_a_spike_it_is_the_exact_solution_at_every_level():
    quiet = LIF(g=0.7, tau=0.4, sigma=0.8, mu=0.6, v_th=1e9)
    pairs = couple(quiet, h=[1.0, 0.5, 0.125], T=4.0, paths=300, seed=1, scheme=SCHEME)
    for v, i in zip(pairs.v_euler, pairs.i_euler, strict=True):
        np.testing.assert_allclose(v, pairs.v, atol=1e-12)
        np.testing.assert_allclose(i, pairs.i, atol=1e-12)


def test_constant_drive_has_order_four_in_every_spike_and_in_the_state():
    # No noise: what is left is the cubic's distance from V, h⁴ V''''/384, over the speed.
    neuron = LIF(mu=1.5, sigma=0.0)
    period = constant_drive_period(neuron)
    worst, state = [], []
    for h in (0.25, 0.125, 0.0625, 0.03125):
        run = simulate(neuron, h=h, T=20.0, paths=1, seed=1, scheme=SCHEME)
        times = run.spikes(0)
        assert times.size == int(20.0 / period)
        late = times - period * np.arange(1, times.size + 1)
        worst.append(np.abs(late).max())
        state.append(abs(run.v[0, 0] - 1.5 * -np.expm1(-(20.0 % period))))
        np.testing.assert_allclose(run.crossing_speeds(0), 0.5, rtol=h**3)
    ratios = np.array(worst[:-1]) / worst[1:], np.array(state[:-1]) / state[1:]
    assert ((ratios[0] > 14.0) & (ratios[0] < 18.0)).all()
    assert ((ratios[1] > 14.0) & (ratios[1] < 18.0)).all()


def test_a_current_that_moves_is_seen_by_the_cubic():
    # I decays within the step: a straight line would leave an error of order h².
    neuron = LIF(g=0.0, mu=0.0, sigma=0.0, tau=1.0)
    true = -np.log(1.0 - 1.0 / 1.5)  # V = 1.5 (1 - exp(-t)), once
    sizes, off = (0.5, 0.25, 0.125, 0.0625), []
    for h in sizes:
        run = simulate(neuron, h=h, T=2.0, paths=1, seed=1, scheme=SCHEME, start=(0.0, 1.5))
        off.append(abs(run.spikes(0)[0] - true))
    assert np.log2(off[0] / off[-1]) / 3.0 > 3.3


def test_a_perfect_integrator_is_exact():
    neuron = LIF(g=0.0, tau=np.inf, mu=0.7, sigma=0.0)
    run = simulate(neuron, h=0.5, T=20.5, paths=1, seed=1, scheme=SCHEME)
    np.testing.assert_allclose(run.spikes(0), np.arange(1, 15) / 0.7, rtol=1e-13)
    assert run.v[0, 0] == pytest.approx(0.7 * 20.5 - 14.0, rel=1e-12)


def test_a_second_spike_of_a_step_is_that_of_the_next_steps_beginning():
    # V gains 4/3 a step: crossings at 3/8, 6/8, 9/8 and 12/8, the end of step three; the next,
    # at 15/8, is the second of its step, and after it no step is without one.
    neuron = LIF(g=0.0, tau=np.inf, mu=8.0 / 3.0, sigma=0.0)
    run = simulate(neuron, h=0.5, T=3.0, paths=1, seed=1, scheme=SCHEME)
    np.testing.assert_allclose(run.spikes(0), [0.375, 0.75, 1.125, 1.5, 2.0, 2.5], rtol=1e-13)
    assert run.v[0, 0] == 1.0


def test_runs_agree_with_each_other():
    neuron = LIF(mu=1.5)
    run = simulate(neuron, h=0.125, T=8.0, paths=300, seed=6, scheme=SCHEME)
    pairs = couple(neuron, h=[0.125], T=8.0, paths=300, seed=6, scheme=SCHEME)
    assert np.array_equal(run.v, pairs.v_euler[0])
    assert np.array_equal(run.spike_counts, pairs.spike_counts_euler[0])
    table = run.all_spikes()
    assert np.array_equal(np.bincount(table["path"], minlength=300), run.spike_counts[:, 0])
    assert (table["lag"] == 0.0).all()
    assert (table["speed"] > 0.0).all()
    steps = table["time"] / 0.125
    assert np.abs(steps - np.rint(steps)).mean() > 0.2  # they lie anywhere in a step
    layer = simulate(LIF(mu=np.array([1.5, 1.5])), h=0.125, T=8.0, paths=300, seed=6, scheme=SCHEME)
    assert np.array_equal(layer.v[:, 0], run.v[:, 0])


def test_the_first_spike_is_off_by_the_bridge_over_the_speed():
    # Var of a bridge of integrated noise at u h: s² h³ u³ (1 - u)³ / 3, of mean s² h³ / 420.
    neuron = LIF(mu=2.0, sigma=0.4)
    for h in (1 / 16, 1 / 64):
        pairs = couple(neuron, h=[h], T=1.5, paths=51_200, seed=9, scheme=SCHEME)
        (found,) = pairs.spike_pairs(tolerance=h)
        first = np.unique(found.path, return_index=True)[1]
        square = found.delay[first] ** 2
        law = neuron.sigma**2 * h**3 / 420.0 * (found.speed[first] ** -2.0).mean()
        assert square.mean() / law == pytest.approx(1.0, abs=0.06)
        error = found.delay[first].std() / np.sqrt(first.size)
        assert abs(found.delay[first].mean()) < 4.0 * error


def test_orders():
    h = 2.0 ** -np.arange(1.0, 5.0)
    pairs = couple(CORNER, h=h, T=4.0, paths=256_000, seed=7, scheme=SCHEME)
    low, high = fit_order(h, pairs.square_errors).order.interval(0.999)
    assert 2.0 * INTERPOLATED.strong_order - 0.2 < low
    assert high < 2.0 * INTERPOLATED.strong_order + 0.2
    squares = np.array(
        [
            np.bincount(found.path, found.delay**2, minlength=256_000)
            for found in pairs.spike_pairs(tolerance=h)
        ]
    )
    low, high = fit_order(h, squares).order.interval(0.999)
    assert 2.0 * INTERPOLATED.spike_time_order - 0.3 < low
    assert high < 2.0 * INTERPOLATED.spike_time_order + 0.3
    found = weak_errors(
        CORNER, {"N": spike_count}, h=h, T=8.0, paths=153_600, seed=8, scheme=SCHEME
    )
    low, high = found.order("N").order.interval(0.999)
    assert INTERPOLATED.weak_order - 0.15 < low
    assert high < INTERPOLATED.weak_order + 0.15


def test_the_rate_of_a_mean_driven_neuron_is_right_at_a_step_of_a_quarter():
    neuron = LIF(mu=1.5, sigma=0.3)
    run = simulate(neuron, h=0.25, T=256.0, paths=2048, seed=5, scheme=SCHEME, start=(0.5, 1.5))
    rate = run.spike_counts[:, 0] / 256.0
    error = rate.std() / np.sqrt(2048.0)
    assert (
        abs(rate.mean() - solve_threshold(neuron).rate) < 4.0 * error + 0.3 / 256.0
    )  # of the start
    assert error < 1e-3


@pytest.mark.parametrize("net", [MIXED, LOOPS], ids=["layers", "loops"])
@pytest.mark.parametrize("run", [simulate, couple])
def test_networks_are_refused(net, run):
    assert SCHEME not in NETWORK_SCHEMES
    assert SCHEME in GRID_SCHEMES
    with pytest.raises(ValueError, match=r"'interpolated' takes neurons without input.*'euler'"):
        run(net, h=0.25, T=1.0, paths=3, seed=1, scheme=SCHEME)


def test_other_things_that_it_cannot_do_are_refused_by_name():
    pause = LIF(t_ref=0.25)
    for run in (simulate, couple):
        with pytest.raises(ValueError, match=r"t_ref = 0\.25: scheme = 'interpolated'"):
            run(pause, h=0.25, T=1.0, paths=3, seed=1, scheme=SCHEME)
    with pytest.raises(ValueError, match=r"t_ref = 0\.25: scheme = 'interpolated'"):
        weak_errors(pause, {"N": spike_count}, h=[0.25], T=1.0, paths=300, seed=1, scheme=SCHEME)
    with pytest.raises(ValueError, match=r"noise = 'bits'.*'interpolated' takes 3"):
        simulate(LIF(), h=0.25, T=1.0, paths=3, seed=1, scheme=SCHEME, noise="bits")
    with pytest.raises(ValueError, match=r"scheme = 'interpolated' is unknown; allowed: 'euler'"):
        step_size(LIF(), tolerance=0.01, quantity="rate", scheme=SCHEME)
