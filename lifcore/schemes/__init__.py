"""How one neuron moves: Euler–Maruyama, and the exact solution."""

from lifcore.schemes.euler import EulerStep, euler_step
from lifcore.schemes.exact import ExactStep, exact_step

__all__ = ["EulerStep", "ExactStep", "euler_step", "exact_step"]
