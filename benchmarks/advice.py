"""Time a neuron-step of each scheme, as the costs stored in `lifcore.advice.result` are.

    python benchmarks/advice.py

Nanoseconds of one core: a step on the grid, and for the exact scheme a unit of time (g = 1).
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from lifcore import LIF, simulate
from lifcore.advice.result import EXACT_RELAXATION, EXACT_SPIKE, SECONDS_PER_STEP

NEURONS = (LIF(mu=1.5, sigma=0.3), LIF(mu=0.8, sigma=0.6), LIF(tau=0.05, mu=1.2, sigma=2.0))
PATHS, T = 1024, 20.0


def main() -> None:
    """Print the measured costs beside the stored ones."""
    with ThreadPoolExecutor(1) as pool:
        for neuron in NEURONS:
            for scheme, h in (("euler", 0.02), ("exponential", 0.02), ("exact", 0.2 * neuron.tau)):
                best, spikes = float("inf"), 0.0
                for _ in range(5):
                    begun = time.process_time()
                    run = simulate(
                        neuron, h=h, T=T, paths=PATHS, seed=1, scheme=scheme, executor=pool
                    )
                    best = min(best, time.process_time() - begun)
                    spikes = float(run.spike_counts.mean()) / T
                stored = SECONDS_PER_STEP.get(
                    scheme, EXACT_SPIKE * spikes + EXACT_RELAXATION / neuron.tau
                )
                found = best / PATHS / T * (h if scheme != "exact" else 1.0)
                print(
                    f"tau = {neuron.tau:4g}, mu = {neuron.mu:3g}, {scheme:>12}: "
                    f"{1e9 * found:7.1f} ns, stored {1e9 * stored:7.1f} ns"
                )


if __name__ == "__main__":
    main()
