"""The schemes by name; a new one is registered here."""

from __future__ import annotations

from lifcore.schemes.euler import EULER
from lifcore.schemes.exact import EXACT
from lifcore.schemes.exponential import EXPONENTIAL
from lifcore.schemes.interpolated import INTERPOLATED

SCHEMES = {scheme.name: scheme for scheme in (EULER, EXPONENTIAL, INTERPOLATED, EXACT)}
"""All of them; `lifcore.simulate` takes any of these names."""

GRID_SCHEMES = tuple(name for name, scheme in SCHEMES.items() if scheme.on_grid)
"""Names of those that see spikes at the ends of steps, and are measured by the exact one."""

NETWORK_SCHEMES = tuple(name for name, scheme in SCHEMES.items() if not scheme.alone)
"""Names of those that move networks, and neurons with a refractory time."""
