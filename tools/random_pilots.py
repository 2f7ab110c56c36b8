"""Ask for steps by pilot for the random neurons of the chapter *Which dt?*, measure, and store.

The neurons are those of `book/data/random_neurons.json`. The true errors at the advised step, and
at three times that step, come from coupled runs with noise of their own, read off here and not by
what the advice is made of.

    python tools/random_pilots.py
"""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path

import numpy as np

from lifcore import couple, mean, ratio, step_size
from lifcore.evidence.statistics import Estimate
from lifcore.models.neuron import LIF
from lifcore.runs.coupled_ensemble import CoupledEnsemble

DATA = Path("book/data")
SEED, INTERVALS, SHORTEST, LONGEST = 20260314, 5.0, 5.0, 200.0
#: A spike time is right to a share of the mean interval, V to one of the threshold.
TOLERANCES = {"spike_time": 0.05, "state": 0.1, "count": 0.1}
PRECISE = 0.02  # of the tolerance: the standard error to which the advised step is measured
STEPS, FEWEST, MOST = 1.5e7, 1024, 2**16  # steps of a first run, and its paths; the most paths


def root(square: Estimate) -> tuple[float, float]:
    """Return the root of a mean square, and its standard error."""
    value = math.sqrt(square.mean)
    return value, 0.5 * square.standard_error / value if value > 0.0 else 0.0


def true_error(run: CoupledEnsemble, quantity: str) -> tuple[float, float]:
    """Return a quantity's error and its standard error, from the spikes and states of a run."""
    if quantity == "state":
        return root(mean((run.v_euler[0, :, 0] - run.v[:, 0]) ** 2))
    most = 0.25 * run.T / max(run.spike_counts.mean(), 1.0)  # further apart, spikes are no match
    if quantity == "spike_time":
        (pairs,) = run.spike_pairs(most)
        squares = np.bincount(pairs.path, pairs.delay**2, run.v.shape[0])
        return root(ratio(squares, np.bincount(pairs.path, minlength=run.v.shape[0]) * 1.0))
    extra = run.spike_counts_euler[0, :, 0] != run.spike_counts[:, 0]
    (pairs,) = run.spike_pairs(run.T)  # the k-th spikes, however far apart
    apart = np.bincount(pairs.path, np.abs(pairs.delay) > most, run.v.shape[0]) > 0
    share = mean((extra | apart).astype(float))
    return share.mean, share.standard_error


def measured(
    neuron: LIF, quantity: str, h: float, horizon: float, goal: float, seed: np.random.SeedSequence
) -> tuple[float, float]:
    """Return the error at `h` and its standard error: at most `goal`, if MOST paths tell that."""
    first, second = seed.spawn(2)
    paths = int(min(max(STEPS * h / horizon, FEWEST), MOST))
    error = true_error(couple(neuron, h=[h], T=horizon, paths=paths, seed=first), quantity)
    if error[1] <= goal:
        return error
    # A run of its own: one that goes on where a first look ended is biased by that look.
    enough = math.ceil(min(1.2 * paths * (error[1] / goal) ** 2, MOST))
    return true_error(couple(neuron, h=[h], T=horizon, paths=enough, seed=second), quantity)


def main() -> None:
    """Ask, measure and store."""
    names = ("g", "v_th", "v_reset", "tau", "mu", "sigma")
    neurons = json.loads((DATA / "random_neurons.json").read_text())["neurons"]
    seeds = iter(np.random.SeedSequence(SEED).spawn(3 * len(neurons)))
    rows = []
    for k, stored in enumerate(neurons):
        neuron = LIF(**{name: stored[name] for name in names})
        interval = 1.0 / stored["rate"]
        horizon = float(f"{min(max(INTERVALS * interval, SHORTEST), LONGEST):.6g}")
        for quantity, share in TOLERANCES.items():
            own, tolerance = next(seeds), share * (interval if quantity == "spike_time" else 1.0)
            try:
                advice = step_size(neuron, tolerance=tolerance, quantity=quantity, T=horizon)
            except ValueError as refusal:
                rows.append({"neuron": k, "quantity": quantity, "refused": str(refusal)})
                continue
            row = {"neuron": k, "quantity": quantity, "T": horizon, "h": advice.h}
            row |= {"tolerance": tolerance, "limit": advice.limit}
            for factor, seed in zip((1, 3), own.spawn(2), strict=True):
                h = horizon / math.ceil(horizon / (factor * advice.h) * (1.0 - 1e-9))
                if factor > 1 and h >= min(1.0 / neuron.g, neuron.tau):
                    continue
                goal = PRECISE * tolerance if factor == 1 else math.inf
                error = measured(neuron, quantity, h, horizon, goal, seed)
                row[f"at {factor}"] = [float(f"{x:.4g}") for x in error]
            rows.append(
                {n: float(f"{x:.6g}") if isinstance(x, float) else x for n, x in row.items()}
            )
            print(rows[-1], flush=True)
    head = json.dumps({"date": date.today().isoformat(), "seed": SEED})[:-1]
    lines = ",\n  ".join(json.dumps(row) for row in rows)
    (DATA / "random_pilots.json").write_text(head + ', "rows": [\n  ' + lines + "\n]}\n")


if __name__ == "__main__":
    main()
