"""Errors of averages: weak order, the boundary strip, long runs, and what an accuracy costs."""

from lifcore.weak.errors import WeakErrors, weak_errors
from lifcore.weak.longrun import LongRuns, RateParts, euler_law, long_runs, rate_parts
from lifcore.weak.multilevel import Multilevel, multilevel
from lifcore.weak.plain import PlainPlan, plain_monte_carlo, plain_plan
from lifcore.weak.strip import BoundaryStrip, boundary_strip, strip_constants
from lifcore.weak.white import SHIFT, WhiteRates, siegert_rate, white_rates

__all__ = [
    "SHIFT",
    "BoundaryStrip",
    "LongRuns",
    "Multilevel",
    "PlainPlan",
    "RateParts",
    "WeakErrors",
    "WhiteRates",
    "boundary_strip",
    "euler_law",
    "long_runs",
    "multilevel",
    "plain_monte_carlo",
    "plain_plan",
    "rate_parts",
    "siegert_rate",
    "strip_constants",
    "weak_errors",
    "white_rates",
]
