"""lifcore: Euler–Maruyama for leaky integrate-and-fire neurons against the exact solution."""

import lifcore.checks.cache  # noqa: F401  before any kernel is defined
from lifcore.advice import Advice, error_at, step_size
from lifcore.evidence.claims import Claim, Claims, ks_distance
from lifcore.evidence.orders import Order, fit_order
from lifcore.evidence.statistics import Estimate, estimate, mean, ratio
from lifcore.models.networks import Feedforward, Recurrent
from lifcore.models.neuron import LIF, constant_drive_period
from lifcore.noise.streams import STREAM_VERSION
from lifcore.runs.coupled_ensemble import CoupledEnsemble
from lifcore.runs.coupling import couple
from lifcore.runs.ensemble import Ensemble
from lifcore.runs.simulate import simulate, simulate_spikes
from lifcore.stationary.fokker_planck import Stationary, stationary
from lifcore.weak.rate_bias import RateParts, rate_parts

__version__ = "0.1.0"

__all__ = [
    "LIF",
    "STREAM_VERSION",
    "Advice",
    "Claim",
    "Claims",
    "CoupledEnsemble",
    "Ensemble",
    "Estimate",
    "Feedforward",
    "Order",
    "RateParts",
    "Recurrent",
    "Stationary",
    "constant_drive_period",
    "couple",
    "error_at",
    "estimate",
    "fit_order",
    "ks_distance",
    "mean",
    "rate_parts",
    "ratio",
    "simulate",
    "simulate_spikes",
    "stationary",
    "step_size",
]
