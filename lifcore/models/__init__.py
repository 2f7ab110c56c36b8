"""What is simulated: a neuron, layers of neurons, networks with loops."""

from lifcore.models.networks import Feedforward, Network, Recurrent, network
from lifcore.models.neuron import LIF, constant_drive_period, one_neuron

__all__ = [
    "LIF",
    "Feedforward",
    "Network",
    "Recurrent",
    "constant_drive_period",
    "network",
    "one_neuron",
]
