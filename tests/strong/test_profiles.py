"""Errors layer by layer: the summaries are means of what couple() returns path by path."""

import numpy as np
import pytest

from circuits import MIXED
from lifcore import LIF, couple
from lifcore.strong.profiles import error_profile

REQUEST = {"h": [0.25, 0.125], "times": [1.0, 2.5, 6.0], "blocks": 2, "seed": 21}


def test_profile_is_a_mean_over_paths_and_neurons():
    profile = error_profile(MIXED, tolerance=0.5, **REQUEST)
    run = couple(MIXED, h=[0.25, 0.125], T=6.0, times=[1.0, 2.5], paths=512, seed=21)
    assert profile.times.tolist() == [1.0, 2.5, 6.0]
    assert profile.square.shape == (3, 2, 3, 16)
    assert profile.rate.shape == (3, 3, 16)

    def batches(values):  # (levels, paths) to (levels, 16)
        return values.reshape(len(values), 16, 32).mean(axis=2)

    for number, size in enumerate(MIXED.sizes):
        own = MIXED.layer(number)
        for k, look in enumerate((*run.snapshots, run)):
            square = batches(look.layer_errors(number)) / size
            assert profile.square[number, :, k] == pytest.approx(square, abs=1e-12)
            extra = (look.spike_counts_euler - look.spike_counts)[..., own].mean(axis=2)
            assert profile.extra[number, :, k] == pytest.approx(batches(extra), abs=1e-12)
            rate = look.spike_counts[:, own].mean(axis=1)[None] / look.T
            assert profile.rate[number, k] == pytest.approx(batches(rate)[0], abs=1e-12)
            parts = look.parts(0.5, layer=number)
            for name in ("matched", "terminal", "history"):
                found = getattr(profile, name)[number, :, k].mean(axis=1) * size
                expected = [e.mean for e in getattr(parts, name)]
                assert found == pytest.approx(expected, abs=1e-12)


def test_one_neuron_is_a_network_of_one_layer():
    profile = error_profile(LIF(), h=[0.5], times=np.array([0.5, 1.0]), blocks=1, seed=1)
    assert profile.square.shape == (1, 1, 2, 8)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"times": []}, ValueError, r"times is empty; allowed: one or more times"),
        ({"times": 3.0}, TypeError, r"times = 3\.0 is a float; allowed: a list or tuple"),
        ({"times": [1.0, 1.0]}, ValueError, r"times\[0\] = 1\.0; allowed: increasing multiples"),
        ({"blocks": 0}, ValueError, r"blocks = 0 is out of range"),
        ({"tolerance": 0.0}, ValueError, r"tolerance = 0\.0 is out of range"),
        ({"start": (np.zeros(3), 0.0)}, ValueError, r"start: V has shape \(3,\)"),
        ({"h": [0.3, 0.2]}, ValueError, r"does not nest"),
    ],
    ids=str,
)
def test_bad_requests(changes, error, message):
    with pytest.raises(error, match=message):
        error_profile(MIXED, **REQUEST | changes)
