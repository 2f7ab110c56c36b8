"""Late resets, against resets that are made late in a simulation."""

import numpy as np
import pytest

from lifcore import LIF
from lifcore.noise.flow import exact_flow
from lifcore.stationary import solve_threshold
from lifcore.stationary.late_reset import late_reset_rate

STRONG = LIF(mu=2.4, sigma=2.4, tau=0.25)


def slopes(lif, mean_speed, *, late=0.02, h=1 / 128, T=48.0, burn_in=8.0, paths=3000):
    """Rate's slope in the delay, path by path: a loss that follows the speed, and one that is mean.

    Exact steps between spikes; a crossing is where the line through the step's ends meets the
    threshold. The same noise drives delays of both signs.
    """
    flow, drop = exact_flow(lif, h), lif.v_th - lif.v_reset
    rng = np.random.default_rng(11)
    sign = np.array([1.0, -1.0, 1.0, -1.0])[:, None]
    follows = np.array([1.0, 1.0, 0.0, 0.0])[:, None]
    v, i = np.full((4, paths), lif.v_reset), np.full(paths, lif.mu)
    counts = np.zeros((4, paths))
    for n in range(round(T / h)):
        _, eta_i, eta_v = flow.noise @ rng.standard_normal((3, paths))
        x = i - lif.mu
        ended = lif.mu + flow.decay_i * x + eta_i
        reached = flow.decay_v * v + flow.gain * x + flow.drift + eta_v
        above = reached >= lif.v_th
        share = np.where(above, (lif.v_th - v) / np.where(above, reached - v, 1.0), 0.0)
        speed = np.maximum(i + share * (ended - i) - lif.i_th, 0.0)
        gain = mean_speed + follows * (speed - mean_speed) + lif.g * drop
        loss = (drop + sign * late * gain) * np.exp(-lif.g * h * (1.0 - share))
        v, i = reached - above * loss, ended
        if n * h >= burn_in:
            counts += above
    per = counts / (T - burn_in) / (2.0 * late)
    return per[0] - per[1], per[2] - per[3]


def solved(lif, mean_speed):
    """The same two slopes from the threshold equation."""
    late, drop = 0.002, lif.v_th - lif.v_reset

    def lowered(d):
        reset = lif.v_reset - d * (mean_speed + lif.g * drop)
        neuron = LIF(lif.g, lif.v_th, reset, lif.tau, lif.mu, lif.sigma)
        return solve_threshold(neuron, tolerance=1e-7).rate

    follows = [late_reset_rate(lif, d, tolerance=1e-7) for d in (late, -late)]
    return [
        np.subtract(*rates) / (2 * late) for rates in (follows, [lowered(late), lowered(-late)])
    ]


def test_a_loss_that_follows_the_speed_costs_more_than_one_of_the_mean_speed():
    law = solve_threshold(STRONG, tolerance=1e-7)
    speed = np.linspace(1e-4, 20.0, 20_001)
    flux = law.flux_density(speed)
    mean_speed = (flux * speed).sum() / flux.sum()
    simulated, predicted = slopes(STRONG, mean_speed), solved(STRONG, mean_speed)
    for paths, value in [
        *zip(simulated, predicted, strict=True),
        (np.subtract(*simulated), np.subtract(*predicted)),
    ]:
        error = paths.std() / np.sqrt(paths.size)
        assert abs(paths.mean() - value) < 4.0 * error + 0.01 * abs(value)
    assert np.subtract(*predicted) == pytest.approx(-0.0607, abs=0.002)
    assert np.subtract(*simulated).mean() < -0.04
