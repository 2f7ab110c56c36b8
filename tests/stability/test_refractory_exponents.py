"""The exponent with a refractory time by three routes: flux, speeds along paths, and two paths."""

import numpy as np

from lifcore import LIF, Recurrent, simulate_spikes
from lifcore.evidence.statistics import mean
from lifcore.stability import exponent_by_flux

PAUSED = LIF(mu=1.2, sigma=0.6, tau=0.5, t_ref=0.25)
NEURONS, FIRST, LAST = 64, 3, 6


def table_of(spikes, paths):
    """Times and speeds of each neuron's spikes number FIRST to LAST, shape (neurons, spikes)."""
    which = spikes["path"] * NEURONS + spikes["neuron"]
    edges = np.searchsorted(which, np.arange(paths * NEURONS + 1))
    assert (np.diff(edges) > LAST).all()
    rows = edges[:-1, None] + np.arange(FIRST, LAST + 1)
    return spikes["time"][rows], spikes["speed"][rows]


def log_release(lif, speed):
    """E log |I(s + t_ref) - g V_r| given the current of a spike: that of a Gaussian."""
    decay = np.exp(-lif.a * lif.t_ref)
    centre = lif.mu + (speed + lif.i_th - lif.mu) * decay - lif.g * lif.v_reset
    spread = lif.sigma * np.sqrt(0.5 * lif.tau * (1.0 - decay**2))
    ends = np.linspace(-8.0, 8.0, 4002)
    z = 0.5 * (ends[1:] + ends[:-1])
    density = np.exp(-0.5 * z**2)
    at = np.linspace(centre.min(), centre.max(), 400)
    value = [(density * np.log(np.abs(x + spread * z))).sum() / density.sum() for x in at]
    return np.interp(centre, at, value)


def test_two_paths_and_speeds_give_the_exponent_of_the_flux():
    # delta s, how much later a copy spikes, is multiplied from spike to spike by
    # |I(s + t_ref) - g V_r| exp(-g free time) / A at the next one: the saltation of the pause.
    paths, request = 800, {"h": 0.125, "T": 60.0, "seed": 3, "scheme": "exact"}
    net = Recurrent(PAUSED, np.zeros((NEURONS, NEURONS)))
    v, i = np.zeros((paths, NEURONS)), np.full((paths, NEURONS), PAUSED.mu)
    (time, speed), (again, _) = (
        table_of(simulate_spikes(net, paths=paths, start=(v + more, i), **request), paths)
        for more in (0.0, 1e-5)
    )
    apart, span = np.abs(again - time), time[:, -1] - time[:, 0]
    growth = np.log(apart[:, -1] / apart[:, 0])
    free = span - (LAST - FIRST) * PAUSED.t_ref
    logs = log_release(PAUSED, speed[:, :-1]) - np.log(speed[:, 1:])
    tangent = logs.sum(axis=1) - PAUSED.g * free
    flux = exponent_by_flux(PAUSED)
    interval = (LAST - FIRST) / flux.rate
    expected = flux.estimate.mean * interval
    # Both along the same paths, and speeds against the law: half a percent, 99.9 % intervals.
    for values in (growth - tangent, tangent - expected, growth - expected):
        low, high = mean(values).interval(0.999)
        assert low <= 0.0 <= high
    low, high = mean(growth - tangent).interval(0.999)
    assert max(abs(low), abs(high)) < 0.005 * abs(expected)


def test_speeds_along_long_paths_give_the_exponent_of_the_flux():
    T, settle, paths = 400.0, 16.0, 8192
    spikes = simulate_spikes(PAUSED, h=0.125, T=T, paths=paths, seed=5, scheme="exact")
    spikes = spikes[spikes["time"] > settle]
    logs = log_release(PAUSED, spikes["speed"]) - np.log(spikes["speed"])
    held = np.minimum(T - spikes["time"], PAUSED.t_ref)
    values = np.bincount(spikes["path"], logs + PAUSED.g * held, paths) / (T - settle) - PAUSED.g
    expected = exponent_by_flux(PAUSED).estimate.mean
    low, high = mean(values / expected).interval(0.999)
    assert low <= 1.0 <= high
    assert high - low < 0.01


def test_a_constant_drive_is_neutral():
    lif = LIF(mu=1.5, sigma=0.0, t_ref=0.25)
    assert abs(exponent_by_flux(lif).estimate.mean) < 1e-10
