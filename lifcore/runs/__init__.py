"""Runs of a model: ensembles, coupled paths, spike histories, and where blocks are computed."""

from lifcore.runs.coupled_ensemble import CoupledEnsemble, Parts, SpikePairs
from lifcore.runs.coupling import couple
from lifcore.runs.ensemble import Ensemble
from lifcore.runs.executors import named_executor, usable_cores
from lifcore.runs.histories import HISTORY, MATCHED, TERMINAL, Comparison
from lifcore.runs.observables import (
    hill,
    near_threshold,
    sine_of_current,
    smooth_step,
    spike_count,
    threshold_bump,
    voltage_square,
)
from lifcore.runs.simulate import simulate, simulate_spikes
from lifcore.runs.starts import random_start, settling_time

__all__ = [
    "HISTORY",
    "MATCHED",
    "TERMINAL",
    "Comparison",
    "CoupledEnsemble",
    "Ensemble",
    "Parts",
    "SpikePairs",
    "couple",
    "hill",
    "named_executor",
    "near_threshold",
    "random_start",
    "settling_time",
    "simulate",
    "simulate_spikes",
    "sine_of_current",
    "smooth_step",
    "spike_count",
    "threshold_bump",
    "usable_cores",
    "voltage_square",
]
