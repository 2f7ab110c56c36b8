"""How one neuron moves: Euler–Maruyama, exponential Euler, interpolated spikes, and exactly."""

from lifcore.schemes.euler import EULER, EulerStep, euler_step
from lifcore.schemes.exact import EXACT, ExactStep, exact_step
from lifcore.schemes.exponential import EXPONENTIAL
from lifcore.schemes.interpolated import INTERPOLATED
from lifcore.schemes.registry import GRID_SCHEMES, NETWORK_SCHEMES, SCHEMES
from lifcore.schemes.scheme import Scheme

__all__ = [
    "EULER",
    "EXACT",
    "EXPONENTIAL",
    "GRID_SCHEMES",
    "INTERPOLATED",
    "NETWORK_SCHEMES",
    "SCHEMES",
    "EulerStep",
    "ExactStep",
    "Scheme",
    "euler_step",
    "exact_step",
]
