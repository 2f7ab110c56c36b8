"""How one neuron moves: Euler–Maruyama, exponential Euler, interpolated spikes, and exactly.

And the update rules of other programs: the current first, a frozen current, reset by subtraction,
and resets a step late.
"""

from lifcore.schemes.current_first import CURRENT_FIRST
from lifcore.schemes.euler import EULER, EulerStep, euler_step
from lifcore.schemes.exact import EXACT, ExactStep, exact_step
from lifcore.schemes.exponential import EXPONENTIAL
from lifcore.schemes.frozen import FROZEN
from lifcore.schemes.interpolated import INTERPOLATED
from lifcore.schemes.late_reset import LATE_RESET
from lifcore.schemes.late_subtraction import LATE_SUBTRACTION
from lifcore.schemes.registry import GRID_SCHEMES, NETWORK_SCHEMES, SCHEMES
from lifcore.schemes.scheme import Scheme
from lifcore.schemes.subtraction import SUBTRACTION

__all__ = [
    "CURRENT_FIRST",
    "EULER",
    "EXACT",
    "EXPONENTIAL",
    "FROZEN",
    "GRID_SCHEMES",
    "INTERPOLATED",
    "LATE_RESET",
    "LATE_SUBTRACTION",
    "NETWORK_SCHEMES",
    "SCHEMES",
    "SUBTRACTION",
    "EulerStep",
    "ExactStep",
    "Scheme",
    "euler_step",
    "exact_step",
]
