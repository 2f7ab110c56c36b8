"""Draw the random neurons of the chapter *Which dt?*, ask for their steps, measure, and store.

Advice on sixty neurons, their true errors by equations for the stationary law on the grid, and long
runs that check those equations, take minutes, more than a page should; so the page reads
`book/data/random_neurons.json` and does a part again.

    python tools/random_neurons.py            all of it
    python tools/random_neurons.py errors     only the errors, at the steps that are stored
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from lifcore.advice import step_size
from lifcore.advice.grid_rates import exact_rate, never_rests
from lifcore.advice.one_step import step_map
from lifcore.advice.renewal_grid import renewal_grid_rate
from lifcore.models.neuron import LIF
from lifcore.stationary import euler_rate
from lifcore.weak import precise_grid_rate

FILE = Path(__file__).parents[1] / "book" / "data" / "random_neurons.json"
SEED, NEURONS, TOLERANCE, SILENT = 20260311, 60, 0.01, 0.01
#: Steps over the advised one, to see whether the advice was timid.
LONGER = (3.0, 4.0, 5.5, 8.0)


def draw(rng: np.random.Generator) -> LIF:
    """Return a neuron with g = 1, V_th = 1: tau, mu and the free standard deviation log-uniform."""
    tau, mu, spread = (
        math.exp(rng.uniform(math.log(low), math.log(high)))
        for low, high in ((0.02, 20.0), (0.3, 4.0), (0.02, 1.0))
    )
    reset = rng.uniform(0.0, 0.8) if rng.random() < 0.5 else 0.0
    current = spread * math.sqrt((1.0 + tau) / tau)  # V has the variance of I times tau/(1 + tau)
    sigma = current * math.sqrt(2.0 / tau)
    return LIF(g=1.0, v_th=1.0, v_reset=reset, tau=tau, mu=mu, sigma=sigma)


def drawn() -> tuple[list[dict[str, float]], int]:
    """Return the neurons with their rates and advice, and how many were silent."""
    rng = np.random.default_rng(SEED)
    rows: list[dict[str, float]] = []
    silent = 0
    while len(rows) < NEURONS:
        neuron = draw(rng)
        try:
            rate = exact_rate(neuron, 2e-4)
        except (ValueError, RuntimeError):
            rate = 0.0  # so far below the threshold that the solver finds no spikes
        if rate < SILENT:
            silent += 1
            continue
        advice = step_size(neuron, tolerance=TOLERANCE, quantity="rate")
        fields = {k: float(f"{v:.9g}") for k, v in asdict(neuron).items()}
        low, high = advice.error.interval(0.999)
        found = {"rate": rate, "h": advice.h, "predicted": advice.error.mean}
        found |= {"stated": 0.5 * (high - low)}
        rows.append(fields | {k: float(f"{v:.6g}") for k, v in found.items()})
    return rows, silent


def true_error(neuron: LIF, h: float, precision: float) -> float:
    """Return Euler's relative error at a step, by an equation that is exact on the grid.

    For a drive that never rests it is the renewal equation, otherwise that on the strip, its grid
    refined until it changes by less than `precision`, or ten times that where the grid grows very
    large.
    """
    rate = renewal_grid_rate(neuron, step_map(neuron, h, "euler")) if never_rests(neuron) else None
    if rate is None:
        try:
            rate = euler_rate(neuron, h, tolerance=precision)
        except RuntimeError:
            rate = euler_rate(neuron, h, tolerance=10.0 * precision, work=1e11)
    return rate / exact_rate(neuron, 0.1 * precision) - 1.0


def long_run(
    row: dict[str, Any], h: float, precision: float, most: float, seed: np.random.SeedSequence
) -> list[float]:
    """Return an error and its standard error by a long run."""
    found = precise_grid_rate(
        neuron_of(row), h, rate=row["rate"], precision=precision, seed=seed, most=most
    )
    pair = found.mean / row["rate"] - 1.0, found.standard_error / row["rate"]
    return [float(f"{value:.4g}") for value in pair]


def neuron_of(row: dict[str, Any]) -> LIF:
    """Return the neuron of a row."""
    return LIF(**{k: row[k] for k in ("g", "v_th", "v_reset", "tau", "mu", "sigma")})


def measure(row: dict[str, Any], seed: np.random.SeedSequence) -> dict[str, Any]:
    """Return a row with its true errors, at the advised step and at longer ones, and a long run."""
    neuron, seeds = neuron_of(row), seed.spawn(1 + len(LONGER))
    longer = []
    for factor, own in zip(LONGER, seeds[1:], strict=True):
        h = factor * row["h"]
        if h >= min(1.0 / neuron.g, neuron.tau):
            break
        try:
            error = true_error(neuron, h, 1e-3)
        except (ValueError, RuntimeError):
            # a fast current takes V from reset to threshold in a step, or the grid is too large
            error = long_run(row, h, 2e-3, 8e6, own)[0]
        longer.append([factor, float(f"{error:.3g}")])
    true = float(f"{true_error(neuron, row['h'], 2e-5):.4g}")
    return (
        row
        | {"true": true, "run": long_run(row, row["h"], 2e-4, 3e7, seeds[0])}
        | {"longer": longer}
    )


def main() -> None:
    """Draw, ask, measure and store."""
    if "errors" in sys.argv[1:]:
        stored = json.loads(FILE.read_text())
        rows, silent = stored["neurons"], stored["silent"]
    else:
        rows, silent = drawn()
    seeds = np.random.SeedSequence(SEED).spawn(len(rows))
    print(f"{len(rows)} neurons have their steps", flush=True)
    for k, own in enumerate(seeds):
        rows[k] = measure(rows[k], own)
        print(k + 1, rows[k]["predicted"], rows[k]["true"], rows[k]["run"], flush=True)
    head = {"date": date.today().isoformat(), "seed": SEED, "tolerance": TOLERANCE}
    head |= {"silent": silent, "silent_below": SILENT}
    lines = ",\n  ".join(json.dumps(row) for row in rows)
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(head)[:-1] + ', "neurons": [\n  ' + lines + "\n]}\n")


if __name__ == "__main__":
    main()
