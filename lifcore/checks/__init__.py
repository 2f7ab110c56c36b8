"""Validation of everything a user hands to lifcore, in one place.

Every function returns the value in the form the rest of the package expects, or
raises an error that names the argument, shows its value and says what is allowed.
"""

from lifcore.checks.extremes import computable, feasible, finite, within_range
from lifcore.checks.grids import (
    delay_steps,
    delays_on_grid,
    euler_stable,
    exact_affordable,
    held_steps,
    levels,
    steps,
    times,
)
from lifcore.checks.models import spikes, start, volleys
from lifcore.checks.physical import absent, known, milliseconds, numeric, required
from lifcore.checks.sizes import memory, of_blocks
from lifcore.checks.strict import grid_times, whole_steps
from lifcore.checks.supported import (
    DELAYED,
    POISSON,
    REFRACTORY,
    no_delays,
    no_poisson,
    no_refractory,
)
from lifcore.checks.values import (
    column,
    count,
    index,
    instance,
    one_of,
    positive,
    real,
    reals,
    seed,
    sequence,
)
from lifcore.checks.weights import delays, layers_delays, square_weights, weights

__all__ = [
    "DELAYED",
    "POISSON",
    "REFRACTORY",
    "absent",
    "column",
    "computable",
    "count",
    "delay_steps",
    "delays",
    "delays_on_grid",
    "euler_stable",
    "exact_affordable",
    "feasible",
    "finite",
    "grid_times",
    "held_steps",
    "index",
    "instance",
    "known",
    "layers_delays",
    "levels",
    "memory",
    "milliseconds",
    "no_delays",
    "no_poisson",
    "no_refractory",
    "numeric",
    "of_blocks",
    "one_of",
    "positive",
    "real",
    "reals",
    "required",
    "seed",
    "sequence",
    "spikes",
    "square_weights",
    "start",
    "steps",
    "times",
    "volleys",
    "weights",
    "whole_steps",
    "within_range",
]
