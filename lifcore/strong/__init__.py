"""Pathwise errors, and the slow crossings that make them."""

from lifcore.strong.flux import (
    CrossingSpeeds,
    crossing_speeds,
    inverse_square_bound,
    slow_spike_bound,
)
from lifcore.strong.profiles import Profile, error_profile

__all__ = [
    "CrossingSpeeds",
    "Profile",
    "crossing_speeds",
    "error_profile",
    "inverse_square_bound",
    "slow_spike_bound",
]
