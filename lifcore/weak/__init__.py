"""Errors of averages: weak order, the boundary strip, long runs, and what an accuracy costs."""

from lifcore.weak.decisions import euler_fires
from lifcore.weak.errors import WeakErrors, weak_errors
from lifcore.weak.grid_rate import crossing_chance, free_law, grid_rate, precise_grid_rate
from lifcore.weak.longrun import LongRuns, long_runs
from lifcore.weak.multilevel import Multilevel, multilevel
from lifcore.weak.plain import PlainPlan, plain_monte_carlo, plain_plan
from lifcore.weak.rate_bias import RateParts, euler_law, rate_parts
from lifcore.weak.rule_rates import IMPULSES, NOISY_UPDATES, rule_rates
from lifcore.weak.strip import BoundaryStrip, boundary_strip, strip_constants
from lifcore.weak.white import SHIFT, WhiteRates, siegert_rate, white_rates

__all__ = [
    "IMPULSES",
    "NOISY_UPDATES",
    "SHIFT",
    "BoundaryStrip",
    "LongRuns",
    "Multilevel",
    "PlainPlan",
    "RateParts",
    "WeakErrors",
    "WhiteRates",
    "boundary_strip",
    "crossing_chance",
    "euler_fires",
    "euler_law",
    "free_law",
    "grid_rate",
    "long_runs",
    "multilevel",
    "plain_monte_carlo",
    "plain_plan",
    "precise_grid_rate",
    "rate_parts",
    "rule_rates",
    "siegert_rate",
    "strip_constants",
    "weak_errors",
    "white_rates",
]
