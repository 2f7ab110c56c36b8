"""Time the coupled pairs against uncoupled Euler, and against NumPy, on one core.

    python benchmarks/weak.py [--repeat N] [--quick]

Figures are nanoseconds for one neuron-step, noise included, the best of several repetitions. A
pair (h, 2h) takes three steps for each two of h; the target is half of Euler's throughput.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from lifcore import LIF, simulate
from lifcore.runs.pairs import ladder, ladder_states
from lifcore.weak.strip import boundary_strip

NEURON = LIF(mu=1.5, sigma=0.3, tau=0.5)
STEPS = 2048


def numpy_pair(h: float, steps: int, width: int) -> int:
    """Run a pair (h, 2h) of Euler as one writes it in NumPy; returns the spikes of both."""
    rng, n, spikes = np.random.Generator(np.random.SFC64(1)), NEURON, 0
    states = [(np.full(width, n.v_reset), np.full(width, n.mu)) for _ in range(2)]
    for _ in range(steps // 2):
        dw = np.sqrt(h) * rng.standard_normal((2, width))
        for k, (size, increments) in enumerate(((h, dw), (2 * h, dw.sum(axis=0)[None]))):
            v, i = states[k]
            for increment in increments:
                v, i = v + size * (i - n.g * v), i + size * (n.mu - i) / n.tau + n.sigma * increment
                above = v >= n.v_th
                spikes += int(above.sum())
                v[above] = n.v_reset
            states[k] = v, i
    return spikes


def best(work: Callable[[], object], count: int, repeat: int) -> float:
    """Nanoseconds for one of `count` steps, the fastest of some repetitions; the first compiles."""
    work()
    times = []
    for _ in range(repeat):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times) / count * 1e9


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7, help="repetitions (default: 7)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the paths")
    options = parser.parse_args()
    blocks, h = (1 if options.quick else 10), 2.0**-8
    count, start = STEPS * 256 * blocks, (NEURON.v_reset, NEURON.mu)

    def of(sizes: list[float], exact: bool) -> float:
        run = ladder(NEURON, np.array(sizes), [STEPS * h], np.random.SeedSequence(1), start, exact)
        work = lambda: [ladder_states(run, b) for b in range(blocks)]  # noqa: E731
        return best(work, count, options.repeat)

    with ThreadPoolExecutor(1) as pool:

        def alone(scheme: str) -> float:
            request = {"T": STEPS * h, "paths": 256 * blocks, "seed": 1, "scheme": scheme}
            return best(
                lambda: simulate(NEURON, h=h, executor=pool, **request), count, options.repeat
            )

        euler, exact = alone("euler"), alone("exact")
        request = {"T": STEPS * h, "paths": 256 * blocks, "seed": 1, "executor": pool}
        strip = best(
            lambda: boundary_strip(NEURON, h=[8 * h, 4 * h, 2 * h, h], **request),
            count, options.repeat,
        )  # fmt: skip
    pair = of([h, 2 * h], False)
    rows = [
        ("Euler alone", euler),
        ("pair (h, 2h), each step of h", pair),
        ("pair (h, 2h), each of its steps", pair / 1.5),
        ("pair (h, 2h) in NumPy, each step of h", best(
            lambda: numpy_pair(h, STEPS, 256), STEPS * 256, options.repeat)),
        ("exact alone", exact),
        ("pair (exact, h)", of([h], True)),
        ("exact and five levels, each step of the finest", of([h * 2**k for k in range(5)], True)),
        ("boundary strip, four levels, each step of the finest", strip),
    ]  # fmt: skip
    for name, value in rows:
        print(f"{name:55s}{value:7.1f} ns")
    verdict = "met" if pair <= 2.0 * euler else "missed"
    print(f"target, a pair at half of Euler's throughput at least: {verdict} ({euler / pair:.2f})")


if __name__ == "__main__":
    main()
