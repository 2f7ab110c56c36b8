"""How one neuron moves: Euler–Maruyama, and the exact solution."""

from lifcore.schemes.euler import EULER, EulerStep, euler_step
from lifcore.schemes.exact import EXACT, ExactStep, exact_step
from lifcore.schemes.exponential import EXPONENTIAL
from lifcore.schemes.scheme import Scheme

SCHEMES = {scheme.name: scheme for scheme in (EULER, EXPONENTIAL, EXACT)}
"""The schemes by name; a new one is registered here."""

GRID_SCHEMES = tuple(name for name, scheme in SCHEMES.items() if scheme.on_grid)
"""Names of those that see spikes at the ends of steps, and are measured by the exact one."""

__all__ = [
    "GRID_SCHEMES",
    "SCHEMES",
    "EulerStep",
    "ExactStep",
    "Scheme",
    "euler_step",
    "exact_step",
]
