"""How one neuron moves: Euler–Maruyama, exponential Euler, and the exact solution."""

from lifcore.schemes.euler import EULER, EulerStep, euler_step
from lifcore.schemes.exact import EXACT, ExactStep, exact_step
from lifcore.schemes.exponential import EXPONENTIAL
from lifcore.schemes.registry import GRID_SCHEMES, SCHEMES
from lifcore.schemes.scheme import Scheme

__all__ = [
    "EULER",
    "EXACT",
    "EXPONENTIAL",
    "GRID_SCHEMES",
    "SCHEMES",
    "EulerStep",
    "ExactStep",
    "Scheme",
    "euler_step",
    "exact_step",
]
