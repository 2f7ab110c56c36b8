"""Noise in place of Poisson input: same mean, variance and numbers; what is refused."""

import numpy as np
import pytest

from lifcore import LIF, simulate
from lifcore.models import (
    PoissonInput,
    Population,
    Populations,
    Projection,
    diffusion_approximation,
    microcircuit,
)
from lifcore.networks.as_matrix import as_recurrent


def test_inputs_add_up_beside_the_neurons_own_noise():
    inputs = [PoissonInput(50.0, 0.2), PoissonInput(80.0, -0.1)]
    own = LIF(mu=0.3, sigma=0.4, tau=0.25, t_ref=0.2)
    found = diffusion_approximation(Populations([Population("E", 5, own, inputs)], [], seed=1))
    (neuron,) = found.layers
    assert neuron.mu == pytest.approx(0.3 + 0.25 * (50.0 * 0.2 - 80.0 * 0.1))
    assert neuron.sigma**2 == pytest.approx(0.4**2 + 50.0 * 0.2**2 + 80.0 * 0.1**2)
    assert neuron.t_ref == 0.2
    assert found.populations[0].poisson == ()


def test_the_column_keeps_its_numbers_of_synapses_and_fits_a_matrix():
    column = microcircuit(0.02, 0.02, seed=3)
    found = diffusion_approximation(column)
    assert found.expected_synapses == pytest.approx(column.expected_synapses)
    matrix = as_recurrent(found)
    off = (matrix.weights.nnz - column.expected_synapses) / np.sqrt(column.expected_synapses)
    assert abs(off) < 4.5
    assert matrix.poisson == ()


def test_noise_has_the_mean_and_variance_of_the_events():
    free, h, many = LIF(mu=0.0, sigma=0.0, tau=0.25, v_th=1e6), 1 / 64, 80_000
    events = Populations([Population("E", many, free, PoissonInput(400.0, 0.05))], [], seed=1)
    run = {"h": h, "T": 4.0, "paths": 1, "scheme": "exponential"}
    grows = h / 0.25  # events are undecayed at the end of their step, noise is exact there
    for model, mean, variance in (
        (diffusion_approximation(events), 1.0, 1.0),
        (events, grows / -np.expm1(-grows), 2.0 * grows / -np.expm1(-2.0 * grows)),
    ):
        found = simulate(model, seed=2, start=(0.0, 5.0), **run).i[0]
        expected = 400.0 * 0.05**2 * 0.25 / 2.0 * variance
        assert abs(found.mean() - 5.0 * mean) < 4.5 * np.sqrt(expected / many)
        assert found.var() == pytest.approx(expected, rel=4.5 * np.sqrt(2.2 / many))


@pytest.mark.parametrize(
    ("population", "synapses", "complaint"),
    [
        (Population("E", 3, LIF(), PoissonInput([1.0, 2.0, 3.0], 0.1)), 1, r"poisson\[0\] of 'E'"),
        (Population("E", 3, LIF()), 10, r"projections\[0\].*10 synapses for 9 pairs"),
    ],
)
def test_what_has_no_counterpart_is_refused(population, synapses, complaint):
    loop = Projection("E", "E", synapses=synapses, weight=0.1, delay=0.1)
    with pytest.raises(ValueError, match=complaint):
        diffusion_approximation(Populations([population], [loop], seed=1))
    with pytest.raises(TypeError, match="model"):
        diffusion_approximation(LIF())
