"""How a network moves: layer by layer, or with loops, step by step."""

from lifcore.networks.as_matrix import as_recurrent
from lifcore.networks.drawn import draw_synapses
from lifcore.networks.synapses import Synapses, by_source

__all__ = ["Synapses", "as_recurrent", "by_source", "draw_synapses"]
