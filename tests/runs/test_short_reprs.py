"""What a cell shows whose last line is a result: a line or two, however many paths it has."""

import numpy as np
import pytest

from lifcore import LIF, Feedforward, Recurrent, couple, simulate
from lifcore.loops import truncations
from lifcore.runs.observables import spike_count
from lifcore.stability import exponent_by_tangent, network_spectrum
from lifcore.strong import crossing_speeds, error_profile
from lifcore.weak import boundary_strip, long_runs, weak_errors, white_rates

N = LIF(mu=1.5)
RING = Recurrent(N, np.roll(0.1 * np.eye(4), 1, axis=0))
CHAIN = Feedforward([N, LIF()], [[[0.4]]])
P = {"T": 4.0, "paths": 600, "seed": 1}
RESULTS = {
    "simulate": lambda: simulate(N, h=0.125, **P),
    "couple": lambda: couple(N, h=[0.125, 0.25], **P),
    "histories": lambda: couple(N, h=[0.125, 0.25], **P).histories,
    "pairs": lambda: couple(N, h=[0.125, 0.25], **P).spike_pairs(0.3),
    "truncations": lambda: truncations(RING, depth=1, h=[0.125], **P),
    "profile": lambda: error_profile(CHAIN, h=[0.125], times=[1.0, 2.0], blocks=4, seed=1),
    "weak": lambda: weak_errors(N, {"N": spike_count}, h=[0.125], **P),
    "long": lambda: long_runs(N, {}, h=[0.125], **P),
    "white": lambda: white_rates(N, 0.5, h=[0.125], **P),
    "strip": lambda: boundary_strip(N, h=[0.125], **P),
    "exponent": lambda: exponent_by_tangent(N, **P),
    "spectrum": lambda: network_spectrum(N, T=4.0, paths=4, seed=1, settle=1.0),
    "speeds": lambda: crossing_speeds(N, settle=1.0, **P),
}


@pytest.mark.parametrize("kind", RESULTS)
def test_results_are_shown_in_short(kind):
    shown = repr(RESULTS[kind]())
    assert len(shown) < 400
    assert shown.count("\n") < 5
