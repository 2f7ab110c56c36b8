"""The cortical column at three steps by two schemes: rates, irregularity, correlation.

    python benchmarks/column_steps.py [--neurons SHARE] [--inputs SHARE] [--seconds T] [--seeds N]
                                      [--json FILE]

For each seed one network and one start, after a third of a second of settling; noise of its own for
each step and scheme. At 0.5 ms delays are multiples of 0.5 ms, since shorter ones do not fit into
that step: this is another network, as it is in any simulator on such a grid. Seeds that FILE has
already are not run again: choose N, then let it run to the end, whatever comes out.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from stored_runs import earlier, keep

from lifcore import simulate_spikes
from lifcore.models import microcircuit
from lifcore.models.microcircuit import CELL

STEPS, SCHEMES = (0.5, 0.1, 0.02), ("euler", "exponential")  # ms
SETTLE, BIN = 350.0, 5.0  # ms


def irregularity(neuron: np.ndarray, when: np.ndarray) -> float:
    """Return the mean CV2 of neighbouring intervals (Holt et al. 1996), NaN if there are none."""
    order = np.lexsort((when, neuron))
    gaps, one = np.diff(when[order]), np.diff(neuron[order]) == 0
    pair = one[1:] & one[:-1]
    a, b = gaps[:-1][pair], gaps[1:][pair]
    return float(np.mean(2.0 * np.abs(a - b) / (a + b))) if a.size else float("nan")


def correlation(neuron: np.ndarray, when: np.ndarray, size: int, T: float) -> float:
    """Return the mean correlation of counts in bins over all pairs of neurons that spiked."""
    bins = round(T / BIN)
    at = np.minimum((when / BIN).astype(int), bins - 1)
    counts = np.zeros((size, bins))
    np.add.at(counts, (neuron, at), 1.0)
    counts = counts[counts.any(axis=1)]
    counts -= counts.mean(axis=1, keepdims=True)
    counts /= counts.std(axis=1, keepdims=True)
    n = len(counts)
    return float((np.mean(counts.sum(axis=0) ** 2) - n) / (n * (n - 1)))


def main() -> None:
    """Run, print and store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=float, default=0.05, help="share (default: 0.05)")
    parser.add_argument("--inputs", type=float, default=0.1, help="share (default: 0.1)")
    parser.add_argument("--seconds", type=float, default=1.0, help="of a run (default: 1)")
    parser.add_argument("--seeds", type=int, default=2, help="of network and noise (default: 2)")
    parser.add_argument("--json", type=Path, help="where to store what was found")
    options = parser.parse_args()
    T = 1000.0 * options.seconds
    settings = {name: getattr(options, name) for name in ("neurons", "inputs", "seconds")}
    runs = earlier(options.json, settings)
    there = {run["seed"] for run in runs}
    for seed in sorted(set(range(1, options.seeds + 1)) - there):
        begun = time.process_time()
        for dt in STEPS:
            resolution = max(dt, 0.1)
            model = microcircuit(options.neurons, options.inputs, seed=seed, resolution=resolution)
            rng, neurons = np.random.default_rng(seed), sum(model.sizes)
            v = np.minimum(rng.normal(7.0 / 15.0, 10.0 / 15.0, (1, neurons)), 0.99)
            for scheme in SCHEMES:
                noise = np.random.SeedSequence([seed, round(100 * dt), SCHEMES.index(scheme)])
                spikes = simulate_spikes(
                    model, h=CELL.h(dt), T=CELL.h(SETTLE + T), paths=1, seed=noise,
                    scheme=scheme, start=(v, np.zeros_like(v)),
                )  # fmt: skip
                when = spikes["time"] * CELL.time_unit - SETTLE
                found = {"seed": seed, "dt": dt, "scheme": scheme}
                found |= {"rate": [], "irregularity": [], "correlation": []}
                for name, size in zip(model.names, model.sizes, strict=True):
                    part = model.of(name)
                    own = (when > 0.0) & (spikes["neuron"] >= part.start)
                    own &= spikes["neuron"] < part.stop
                    who = spikes["neuron"][own] - part.start
                    found["rate"].append(round(who.size / size / options.seconds, 4))
                    found["irregularity"].append(round(irregularity(who, when[own]), 4))
                    found["correlation"].append(round(correlation(who, when[own], size, T), 6))
                runs.append(found)
                print(seed, dt, f"{scheme:12s}", *(f"{r:6.2f}" for r in found["rate"]), flush=True)
        print(f"seed {seed}: {time.process_time() - begun:.0f} s of processor time", flush=True)
        if options.json:  # after each seed, so that what is done is kept
            keep(options.json, settings | {"populations": list(model.names)}, runs)


if __name__ == "__main__":
    main()
