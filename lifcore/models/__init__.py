"""What is simulated: a neuron, layers of neurons, networks with loops."""

from lifcore.models.brian import from_brian2, to_brian2
from lifcore.models.diffusion import diffusion_approximation
from lifcore.models.inputs import current_noise
from lifcore.models.microcircuit import microcircuit
from lifcore.models.networks import Feedforward, Network, Recurrent, network
from lifcore.models.neuron import LIF, constant_drive_period, one_neuron
from lifcore.models.nir_nodes import from_nir, to_nir
from lifcore.models.physical import Physical
from lifcore.models.poisson import PoissonInput
from lifcore.models.populations import Populations
from lifcore.models.projections import Normal, Population, Projection, synapse_number
from lifcore.models.simulators import from_nest, from_pynn, to_nest, to_pynn

__all__ = [
    "LIF",
    "Feedforward",
    "Network",
    "Normal",
    "Physical",
    "PoissonInput",
    "Population",
    "Populations",
    "Projection",
    "Recurrent",
    "constant_drive_period",
    "current_noise",
    "diffusion_approximation",
    "from_brian2",
    "from_nest",
    "from_nir",
    "from_pynn",
    "microcircuit",
    "network",
    "one_neuron",
    "synapse_number",
    "to_brian2",
    "to_nest",
    "to_nir",
    "to_pynn",
]
