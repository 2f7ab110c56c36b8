"""Networks with loops: truncation, causal chains, gains and rates, synchrony."""

from lifcore.loops.chains import chain_lengths
from lifcore.loops.rates import cycle_gain, kick_norm, rate_bound
from lifcore.loops.synchrony import coincidences, correlogram
from lifcore.loops.truncation import Truncations, truncations

__all__ = [
    "Truncations",
    "chain_lengths",
    "coincidences",
    "correlogram",
    "cycle_gain",
    "kick_norm",
    "rate_bound",
    "truncations",
]
