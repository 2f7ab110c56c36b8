"""Pathwise errors, and the slow crossings that make them."""

from lifcore.strong.flux import (
    CrossingSpeeds,
    crossing_speeds,
    inverse_square_bound,
    slow_spike_bound,
)
from lifcore.strong.profiles import Profile, error_profile
from lifcore.strong.trains import coupled_trains, van_rossum, victor_purpura

__all__ = [
    "CrossingSpeeds",
    "Profile",
    "coupled_trains",
    "crossing_speeds",
    "error_profile",
    "inverse_square_bound",
    "slow_spike_bound",
    "van_rossum",
    "victor_purpura",
]
