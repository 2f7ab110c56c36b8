"""How a network moves: layer by layer, or with loops, step by step."""

from lifcore.networks.synapses import Synapses, by_source

__all__ = ["Synapses", "by_source"]
