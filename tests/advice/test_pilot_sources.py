"""Where a pilot's budget ends before its answer is measured, it is not carried from afar."""

import numpy as np
import pytest

from lifcore import LIF, couple, step_size

STEADY = LIF(g=1.0, v_reset=0.217541524, tau=4.03504967, mu=2.42639957, sigma=0.512492152)
SELDOM = LIF(g=1.0, v_reset=0.155757716, tau=1.61258937, mu=0.500610763, sigma=0.339665642)
REGULAR = LIF(g=1.0, tau=2.0, mu=1.5, sigma=1e-4)


def test_state_of_a_neuron_whose_error_is_saturated_at_coarse_steps():
    advice = step_size(STEADY, tolerance=0.1, quantity="state", T=5.0)
    run = couple(STEADY, h=[advice.h], T=5.0, paths=4096, seed=5)
    squares = (run.v_euler[0, :, 0] - run.v[:, 0]) ** 2
    low = squares.mean() - 3.3 * squares.std() / np.sqrt(squares.size)
    assert low < 0.1**2 < 9.0 * squares.mean()  # it was 0.28 at a step carried from half a tau


def test_histories_of_a_neuron_that_spikes_seldom():
    advice = step_size(SELDOM, tolerance=0.1, quantity="count", T=200.0)
    run = couple(SELDOM, h=[advice.h], T=200.0, paths=2048, seed=5)
    matched = run.probabilities(0.25 * 200.0 / run.spike_counts.mean()).matched[0]
    # one spike that is out of step alone is no mismatch there: the share is less than the chance
    assert 1.0 - matched.interval(0.999)[1] < 0.1


@pytest.mark.parametrize("tolerance", [0.1, 0.02])
def test_histories_that_differ_always_or_never(tolerance):
    # of the steps 1/2, 1/4, 1/8 only the last has no spike up to T that the exact neuron has not
    advice = step_size(REGULAR, tolerance=tolerance, quantity="count", T=1.0)
    assert advice.h == pytest.approx(0.125)
    assert 0.0 <= advice.error.high <= tolerance
