"""Draw the random neurons of the chapter *Which dt?*, ask for their steps, and store both.

The advice on sixty neurons takes a minute or two, more than a page should; so the page reads
`book/data/random_neurons.json`, asks again for a part of them, and measures the errors of all.

    python tools/random_neurons.py
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import date
from pathlib import Path

import numpy as np

from lifcore.advice import step_size
from lifcore.advice.grid_rates import exact_rate
from lifcore.models.neuron import LIF

FILE = Path(__file__).parents[1] / "book" / "data" / "random_neurons.json"
SEED, NEURONS, TOLERANCE, SILENT = 20260311, 60, 0.01, 0.01


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


def main() -> None:
    """Draw, ask and store."""
    rng = np.random.default_rng(SEED)
    rows: list[dict[str, object]] = []
    silent = 0
    while len(rows) < NEURONS:
        neuron = draw(rng)
        try:
            rate = exact_rate(neuron, 1e-4)
        except (ValueError, RuntimeError):
            rate = 0.0  # so far below the threshold that the solver finds no spikes
        if rate < SILENT:
            silent += 1
            continue
        advice = step_size(neuron, tolerance=TOLERANCE, quantity="rate")
        fields = {k: float(f"{v:.9g}") for k, v in asdict(neuron).items()}
        found = {"rate": rate, "h": advice.h, "predicted": advice.error.mean}
        rows.append(fields | {k: float(f"{v:.6g}") for k, v in found.items()})
    head = {"date": date.today().isoformat(), "seed": SEED, "tolerance": TOLERANCE}
    head |= {"silent": silent, "silent_below": SILENT}
    lines = ",\n  ".join(json.dumps(row) for row in rows)
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(head)[:-1] + ', "neurons": [\n  ' + lines + "\n]}\n")


if __name__ == "__main__":
    main()
