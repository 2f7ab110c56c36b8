"""What is simulated: a neuron, layers of neurons, networks with loops."""

from lifcore.models.brian import from_brian2, to_brian2
from lifcore.models.inputs import current_noise
from lifcore.models.networks import Feedforward, Network, Recurrent, network
from lifcore.models.neuron import LIF, constant_drive_period, one_neuron
from lifcore.models.nir_nodes import from_nir, to_nir
from lifcore.models.physical import Physical
from lifcore.models.simulators import from_nest, from_pynn, to_nest, to_pynn

__all__ = [
    "LIF",
    "Feedforward",
    "Network",
    "Physical",
    "Recurrent",
    "constant_drive_period",
    "current_noise",
    "from_brian2",
    "from_nest",
    "from_nir",
    "from_pynn",
    "network",
    "one_neuron",
    "to_brian2",
    "to_nest",
    "to_nir",
    "to_pynn",
]
