"""Every function that takes an executor, small, with what it returns as bytes."""

import hashlib
from dataclasses import fields, is_dataclass

import numpy as np

from lifcore import LIF, Feedforward, Recurrent, couple, simulate
from lifcore.loops import truncations
from lifcore.runs import simulate_spikes
from lifcore.runs.observables import spike_count
from lifcore.stability import (
    exponent_by_growth,
    exponent_by_tangent,
    network_spectrum,
    synchronise,
)
from lifcore.strong import crossing_speeds, error_profile
from lifcore.strong.trains import coupled_trains
from lifcore.weak import (
    boundary_strip,
    grid_rate,
    long_runs,
    multilevel,
    plain_monte_carlo,
    weak_errors,
    white_rates,
)

N = LIF(mu=1.5)
H, T, SEED = 1 / 8, 2.0, 5
RING = Recurrent(LIF(mu=np.linspace(1.2, 1.6, 100)), np.roll(0.1 * np.eye(100), 1, axis=0))
CHAIN = Feedforward([N, LIF()], [[[0.4]]])
STARTS = (np.linspace(-0.5, 0.5, 700), np.linspace(1.0, 1.5, 700))
RUN = {"h": H, "T": T, "paths": 700, "seed": SEED}
PAIRS = {**RUN, "h": [H, 2 * H]}
NET = {"h": H, "T": T, "paths": 5, "seed": SEED}


FUNCTIONS = {
    "simulate": lambda e: simulate(N, **RUN, executor=e).v,
    "exact": lambda e: simulate(N, **RUN, scheme="exact", start=STARTS, executor=e).v,
    "gauss": lambda e: simulate(N, **RUN, noise="gauss", executor=e).v,
    "layers": lambda e: simulate(CHAIN, **RUN, scheme="exponential", executor=e).v,
    "loops": lambda e: simulate(RING, **NET, scheme="exact", executor=e).v,
    "loops, Euler": lambda e: simulate(RING, **NET, executor=e).v,
    "spikes": lambda e: simulate_spikes(N, **RUN, start=STARTS, executor=e),
    "all spikes": lambda e: simulate(N, **RUN, executor="threads:1").all_spikes(executor=e),
    "couple": lambda e: couple(N, **PAIRS, start=STARTS, executor=e),
    "couple loops": lambda e: couple(RING, **{**NET, "h": [H]}, executor=e),
    "spike pairs": lambda e: couple(N, **PAIRS, executor="threads:1").spike_pairs(0.5, executor=e),
    "trains": lambda e: coupled_trains(couple(N, **PAIRS, executor="threads:1"), executor=e),
    "profile": lambda e: error_profile(CHAIN, h=[H], times=[T], blocks=3, seed=SEED, executor=e),
    "speeds": lambda e: crossing_speeds(N, T=T, paths=300, seed=SEED, executor=e),
    "truncations": lambda e: truncations(RING, depth=1, h=[H], T=T, paths=3, seed=SEED, executor=e),
    "weak errors": lambda e: weak_errors(N, {"N": spike_count}, **PAIRS, executor=e),
    "strip": lambda e: boundary_strip(N, h=[H], T=T, paths=700, seed=SEED, burn_in=1.0, executor=e),
    "plain": lambda e: plain_monte_carlo(N, spike_count, **RUN, executor=e),
    "multilevel": lambda e: multilevel(
        N, spike_count, coarsest=H, T=T, half_width=0.1, seed=SEED, executor=e
    ),
    "white": lambda e: white_rates(N, 0.5, h=[H], T=T, paths=700, seed=SEED, executor=e),
    "long runs": lambda e: long_runs(N, {}, h=[H], T=T, paths=700, seed=SEED, executor=e),
    "grid rate": lambda e: grid_rate(N, H, T=T, burn_in=1.0, paths=1100, seed=SEED, executor=e),
    "tangent": lambda e: exponent_by_tangent(N, T=T, paths=300, seed=SEED, settle=1.0, executor=e),
    "growth": lambda e: exponent_by_growth(N, T=T, paths=300, seed=SEED, settle=1.0, executor=e),
    "synchrony": lambda e: synchronise(N, [0.0, 0.5], T=T, paths=300, seed=SEED, executor=e),
    "spectrum": lambda e: network_spectrum(CHAIN, T=T, paths=4, seed=SEED, settle=1.0, executor=e),
}


def bits(found):
    """Return a checksum of what a function returned, arrays by their bytes."""
    if is_dataclass(found):
        found = [getattr(found, f.name) for f in fields(found) if f.name != "_run"]
    if isinstance(found, dict):
        found = list(found.items())
    if isinstance(found, list | tuple):
        found = "".join(map(bits, found)).encode()
    elif isinstance(found, np.ndarray):
        found = np.ascontiguousarray(found).tobytes()
    else:
        found = repr(found).encode()
    return hashlib.sha256(found).hexdigest()
