"""The stationary law without sampling: rate, flux through the threshold, Lyapunov exponent."""

from lifcore.stationary.finite_volumes import CellSolution, solve_on_cells
from lifcore.stationary.fokker_planck import Stationary, stationary
from lifcore.stationary.free_process import FreeProcess, Moments
from lifcore.stationary.late_reset import late_reset_rate
from lifcore.stationary.sampled_equation import exponential_rate
from lifcore.stationary.strip_equation import euler_rate
from lifcore.stationary.threshold_equation import solve_threshold
from lifcore.stationary.threshold_law import ThresholdLaw

__all__ = [
    "CellSolution",
    "FreeProcess",
    "Moments",
    "Stationary",
    "ThresholdLaw",
    "euler_rate",
    "exponential_rate",
    "late_reset_rate",
    "solve_on_cells",
    "solve_threshold",
    "stationary",
]
