"""lifcore: Euler–Maruyama for leaky integrate-and-fire neurons against the exact solution."""

from lifcore.blocks import STREAM_VERSION
from lifcore.claims import Claim, Claims, ks_distance
from lifcore.coupling import CoupledEnsemble, couple
from lifcore.fokker_planck import Stationary, stationary
from lifcore.model import LIF, Feedforward, Recurrent, constant_drive_period
from lifcore.simulate import Ensemble, simulate, simulate_spikes
from lifcore.statistics import Estimate, Order, estimate, fit_order, mean, ratio

__version__ = "0.1.0"

__all__ = [
    "LIF",
    "STREAM_VERSION",
    "Claim",
    "Claims",
    "CoupledEnsemble",
    "Ensemble",
    "Estimate",
    "Feedforward",
    "Order",
    "Recurrent",
    "Stationary",
    "constant_drive_period",
    "couple",
    "estimate",
    "fit_order",
    "ks_distance",
    "mean",
    "ratio",
    "simulate",
    "simulate_spikes",
    "stationary",
]
