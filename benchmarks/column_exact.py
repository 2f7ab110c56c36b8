"""A small column with noise in place of Poisson input: rates by two schemes, and exactly.

    python benchmarks/column_exact.py [--share SHARE] [--seconds T] [--seeds N] [--json FILE]

SHARE is that of the neurons and of the inputs. For each seed one network, whose delays are
multiples of 0.5 ms so that every step represents it, and one start, into which the exact solution
has settled; noise of its own for each run, since paths on one noise part within 0.1 s. Seeds that
FILE has already are not run again: choose N, then let it run to the end, whatever comes out.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from stored_runs import earlier, keep

from lifcore import simulate
from lifcore.models import diffusion_approximation, microcircuit
from lifcore.models.microcircuit import CELL
from lifcore.networks.as_matrix import as_recurrent

RUNS = (
    ("exact", 0.1), ("euler", 0.5), ("euler", 0.1), ("euler", 0.02),
    ("exponential", 0.5), ("exponential", 0.1), ("exponential", 0.02),
)  # fmt: skip
SETTLE = 200.0  # ms


def main() -> None:
    """Run, print and store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=0.05, help="(default: 0.05)")
    parser.add_argument("--seconds", type=float, default=0.5, help="of a run (default: 0.5)")
    parser.add_argument("--seeds", type=int, default=2, help="of network and noise (default: 2)")
    parser.add_argument("--json", type=Path, help="where to store what was found")
    options = parser.parse_args()
    T = 1000.0 * options.seconds
    settings = dict.fromkeys(("neurons", "inputs"), options.share) | {"seconds": options.seconds}
    runs = earlier(options.json, settings)
    there = {run["seed"] for run in runs}
    for seed in sorted(set(range(1, options.seeds + 1)) - there):
        small = microcircuit(options.share, options.share, seed=seed, resolution=0.5)
        model = as_recurrent(diffusion_approximation(small))
        rng, neurons = np.random.default_rng(seed), sum(small.sizes)
        v = np.minimum(rng.normal(7.0 / 15.0, 10.0 / 15.0, (1, neurons)), 0.99)
        start = v, model.column("mu")[None].copy()
        run = {"paths": 1, "scheme": "exact", "h": CELL.h(0.1)}
        settled = simulate(model, T=CELL.h(SETTLE), seed=seed, start=start, **run)
        start = np.minimum(settled.v, 0.999), settled.i
        for number, (scheme, dt) in enumerate(RUNS):
            begun = time.process_time()
            noise = np.random.SeedSequence([seed, number])
            found = simulate(
                model, h=CELL.h(dt), T=CELL.h(T), paths=1, seed=noise, scheme=scheme, start=start
            )
            rates = [
                round(float(found.spike_counts[:, small.of(n)].mean()) / options.seconds, 4)
                for n in small.names
            ]
            runs.append({"seed": seed, "dt": dt, "scheme": scheme, "rate": rates})
            used = time.process_time() - begun
            print(seed, dt, f"{scheme:12s}", *(f"{r:6.2f}" for r in rates), f"{used:6.1f} s")
        if options.json:  # after each seed, so that what is done is kept
            keep(options.json, settings | {"populations": list(small.names)}, runs)


if __name__ == "__main__":
    main()
