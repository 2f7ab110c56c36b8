"""The schemes by name; a new one is registered here."""

from __future__ import annotations

from lifcore.schemes.current_first import CURRENT_FIRST
from lifcore.schemes.euler import EULER
from lifcore.schemes.exact import EXACT
from lifcore.schemes.exponential import EXPONENTIAL
from lifcore.schemes.frozen import FROZEN
from lifcore.schemes.interpolated import INTERPOLATED
from lifcore.schemes.late_reset import LATE_RESET
from lifcore.schemes.late_subtraction import LATE_SUBTRACTION
from lifcore.schemes.scheme import Scheme
from lifcore.schemes.subtraction import SUBTRACTION

_OF_EULER: tuple[Scheme, ...] = (EULER, CURRENT_FIRST, SUBTRACTION, LATE_RESET, LATE_SUBTRACTION)
_OF_THE_FLOW: tuple[Scheme, ...] = (EXPONENTIAL, FROZEN, INTERPOLATED, EXACT)

SCHEMES = {scheme.name: scheme for scheme in (*_OF_EULER, *_OF_THE_FLOW)}
"""All of them; `lifcore.simulate` takes any of these names."""

GRID_SCHEMES = tuple(name for name, scheme in SCHEMES.items() if scheme.on_grid)
"""Names of those that see spikes at the ends of steps, and are measured by the exact one."""

NETWORK_SCHEMES = tuple(name for name, scheme in SCHEMES.items() if not scheme.alone)
"""Names of those that move networks, and neurons with a refractory time."""
