"""Lyapunov exponents with a refractory time by three routes, each to half a percent.

    python benchmarks/paused_exponents.py [--seeds N] [--json FILE]

Neurons driven by their mean, balanced, and driven by fluctuations, with two refractory times each.
Stored are, a seed, the means of batches of 256 paths of T = 1024: of the tangent average, of the
growth of two copies, and of the tangent average along those. Seeds that FILE has already are not
run again: choose N, then let it run to the end, whatever comes out.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from stored_runs import earlier, keep

from lifcore import LIF
from lifcore.stability import exponent_by_growth, exponent_by_tangent

T, BATCH = 1024.0, 256
PAUSES = [0.1, 0.4]
NEURONS = {
    "mean-driven": {"mu": 1.5, "sigma": 0.3, "tau": 0.5},
    "balanced": {"mu": 1.0, "sigma": 1.0, "tau": 1.0},
    "fluctuations": {"mu": 0.8, "sigma": 0.5, "tau": 0.5},
}
PATHS = {"mean-driven": [8192, 512], "balanced": [512, 256], "fluctuations": [512, 256]}
"""Paths a seed: of the tangent average, and of the growth. The first exponent is near zero."""


def batches(values: np.ndarray) -> list[float]:
    """Return the means of batches of paths as they are stored."""
    return [float(f"{value:.9g}") for value in values.reshape(-1, BATCH).mean(axis=1)]


def main() -> None:
    """Run, print and store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1, help="runs of each neuron (default: 1)")
    parser.add_argument("--json", type=Path, help="where to store what was found")
    options = parser.parse_args()
    settings = {"T": T, "batch": BATCH, "neurons": NEURONS, "paths": PATHS}
    runs = earlier(options.json, settings)
    there = {(run["seed"], run["neuron"], run["t_ref"]) for run in runs}
    for seed in range(1, options.seeds + 1):
        for number, (neuron, values) in enumerate(NEURONS.items()):
            for place, t_ref in enumerate(PAUSES):
                if (seed, neuron, t_ref) in there:
                    continue
                begun, lif = time.process_time(), LIF(**values, t_ref=t_ref)
                many, few = PATHS[neuron]
                one, two = np.random.SeedSequence([seed, number, place]).spawn(2)
                tangent = exponent_by_tangent(lif, T=T, paths=many, seed=one)
                growth = exponent_by_growth(lif, T=T, paths=few, seed=two)
                runs.append(
                    {
                        "seed": seed, "neuron": neuron, "t_ref": t_ref,
                        "tangent": batches(tangent.values),
                        "growth": batches(growth.values),
                        "same paths": batches(growth.same_paths),
                    }
                )  # fmt: skip
                spent = time.process_time() - begun
                print(f"{neuron}, t_ref {t_ref}, seed {seed}: {spent:.0f} CPU s", flush=True)
                if options.json:
                    keep(options.json, settings, runs)


if __name__ == "__main__":
    main()
