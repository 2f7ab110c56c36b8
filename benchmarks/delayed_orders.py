"""Orders of neurons near the threshold with refractory times and delays, from many paths.

    python benchmarks/delayed_orders.py [--fine] [--seeds N] [--json FILE]

Each seed runs 4096 paths of 16 neurons to T = 4, exact and Euler on one noise: neurons alone, with
a refractory time; and one network of them with delays too. Stored are, a batch of 256 paths, the
mean-square error of V and the bias of a neuron's spike count. Seeds that FILE has already are not
run again: choose N, then let it run to the end, whatever comes out.

With `--fine` it is the network only, to T = 2 and from h = 1/128 on: the first runs showed that a
wrong spike begets others there, so often at longer steps and in a longer time that they overlap and
hide part of the order. These have noise of their own, since the range was chosen by the others.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from stored_runs import earlier, keep

from lifcore import LIF, Recurrent, couple
from lifcore.loops import kick_norm

SIZE, PATHS, BATCH = 16, 4096, 256
COARSE, FINE = (4.0, 2.0 ** -np.arange(4, 11)), (2.0, 2.0 ** -np.arange(7, 11))
NEURON = LIF(mu=1.2, sigma=0.6, tau=0.5, t_ref=0.25)
KICK = 0.25


def network() -> Recurrent:
    """Return sixteen neurons, inhibition and excitation alike, with pauses and delays of 1/4."""
    rng = np.random.default_rng(1)
    weights = np.where(np.arange(SIZE) % 2, 1.0, -1.0) * rng.uniform(0.5, 1.5, (SIZE, SIZE))
    np.fill_diagonal(weights, 0.0)
    weights *= KICK / kick_norm(Recurrent(NEURON, weights)).max()
    return Recurrent(NEURON, weights, delays=0.25)


KINDS = {"alone": lambda: (NEURON, SIZE), "network": lambda: (network(), 1)}
"""What is run, and how many paths of it make one of 16 neurons."""


def batches(values: np.ndarray) -> list[list[float]]:
    """Return the means of batches of paths, shape (levels, batches), as they are stored."""
    means = values.reshape(len(values), -1, BATCH).mean(axis=2)
    return [[float(f"{value:.6g}") for value in row] for row in means]


def main() -> None:
    """Run, print and store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1, help="4096 paths each (default: 1)")
    parser.add_argument("--fine", action="store_true", help="the network at fine steps only")
    parser.add_argument("--json", type=Path, help="where to store what was found")
    options = parser.parse_args()
    T, steps = FINE if options.fine else COARSE
    kinds = [(2, "network")] if options.fine else list(enumerate(KINDS))
    settings = {"T": T, "h": steps.tolist(), "paths": PATHS, "neurons": SIZE}
    runs = earlier(options.json, settings)
    there = {(run["seed"], run["kind"]) for run in runs}
    for seed in range(1, options.seeds + 1):
        for number, kind in kinds:
            if (seed, kind) in there:
                continue
            begun = time.process_time()
            model, copies = KINDS[kind]()
            noise = np.random.SeedSequence([seed, number])
            pairs = couple(model, h=steps, T=T, paths=PATHS * copies, seed=noise)
            levels = len(steps)
            square = pairs.square_errors.reshape(levels, PATHS, -1).sum(axis=2) / SIZE
            more = pairs.spike_counts - pairs.spike_counts_euler
            bias = more.reshape(levels, PATHS, -1).mean(axis=2)
            runs.append(
                {"seed": seed, "kind": kind, "square": batches(square), "bias": batches(bias)}
            )
            print(f"{kind}, seed {seed}: {time.process_time() - begun:.0f} CPU s", flush=True)
            if options.json:
                keep(options.json, settings, runs)


if __name__ == "__main__":
    main()
