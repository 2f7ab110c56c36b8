"""Draw the random neurons of the chapter *Which dt?*, ask for their steps, measure, and store.

Advice on sixty neurons, and errors measured to a tenth of the tolerance and better, take minutes,
more than a page should; so the page reads `book/data/random_neurons.json` and does a part again.

    python tools/random_neurons.py            all of it
    python tools/random_neurons.py measure    only the errors, at the steps that are stored
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
from lifcore.advice.grid_rates import exact_rate
from lifcore.models.neuron import LIF
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


def measure(row: dict[str, Any], seed: np.random.SeedSequence) -> dict[str, Any]:
    """Return a row with its measured errors: at the advised step, and at longer ones."""
    neuron = LIF(**{k: row[k] for k in ("g", "v_th", "v_reset", "tau", "mu", "sigma")})

    def error(
        factor: float, own: np.random.SeedSequence, precision: float, most: float
    ) -> list[float]:
        found = precise_grid_rate(
            neuron,
            factor * row["h"],
            rate=row["rate"],
            precision=precision,
            seed=own,
            most=most,
        )
        relative = found.mean / row["rate"] - 1.0, found.standard_error / row["rate"]
        return [float(f"{value:.4g}") for value in relative]

    seeds = seed.spawn(1 + len(LONGER))
    factors = [f for f in LONGER if f * row["h"] <= min(1.0 / neuron.g, neuron.tau)]
    longer = [[f, *error(f, own, 2e-3, 8e6)] for f, own in zip(factors, seeds[1:], strict=False)]
    return row | {"measured": error(1.0, seeds[0], 1e-4, 1.6e8), "longer": longer}


def main() -> None:
    """Draw, ask, measure and store."""
    if "measure" in sys.argv[1:]:
        stored = json.loads(FILE.read_text())
        rows, silent = stored["neurons"], stored["silent"]
    else:
        rows, silent = drawn()
    seeds = np.random.SeedSequence(SEED).spawn(len(rows))
    print(f"{len(rows)} neurons have their steps", flush=True)
    rows = [measure(row, own) for row, own in zip(rows, seeds, strict=True)]
    head = {"date": date.today().isoformat(), "seed": SEED, "tolerance": TOLERANCE}
    head |= {"silent": silent, "silent_below": SILENT}
    lines = ",\n  ".join(json.dumps(row) for row in rows)
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(head)[:-1] + ', "neurons": [\n  ' + lines + "\n]}\n")


if __name__ == "__main__":
    main()
