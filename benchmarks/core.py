"""Time the kernels on one core against plain NumPy in the same run, and watch their memory.

    python benchmarks/core.py [--repeat N] [--quick]

Figures are nanoseconds for one neuron-step (for the coupled run: for one finest step of one
path, all levels and the reference included), the best of several repetitions.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from lifcore import LIF, couple, simulate
from lifcore.noise.flow import exact_flow
from lifcore.noise.sources import NOISES

NEURON = LIF(g=1.0, mu=1.5, sigma=0.3, tau=0.5)
LEVELS = 2.0 ** -np.arange(3.0, 11.0)
TARGETS = {"euler": 6.0, "coupled": 60.0}


def numpy_euler(h: float, steps: int, paths: int, width: int) -> int:
    """Euler–Maruyama as one writes it in NumPy, `width` paths at a time; returns the spikes."""
    spikes, rng, n = 0, np.random.Generator(np.random.SFC64(1)), NEURON
    for _ in range(paths // width):
        v, i = np.full(width, n.v_reset), np.full(width, n.mu)
        for _ in range(steps):
            dw = np.sqrt(h) * rng.standard_normal(width)
            v, i = v + h * (i - n.g * v), i + h * (n.mu - i) / n.tau + n.sigma * dw
            above = v >= n.v_th
            spikes += int(above.sum())
            v[above] = n.v_reset
    return spikes


def numpy_coupled(steps: int, paths: int, width: int) -> int:
    """Euler at all levels beside the exact flow, whose spikes are left to the grid."""
    h, n = float(LEVELS.min()), NEURON
    flow, rng, spikes = exact_flow(n, h), np.random.Generator(np.random.SFC64(1)), 0
    ratios = [round(level / h) for level in LEVELS]
    for _ in range(paths // width):
        v, i = np.full(width, n.v_reset), np.full(width, n.mu)
        states = [(v.copy(), i.copy()) for _ in LEVELS]
        total = np.zeros(width)
        at_step = [total] * len(LEVELS)
        for k in range(1, steps + 1):
            dw, eta_i, eta_v = flow.noise @ rng.standard_normal((3, width))
            x = i - n.mu
            v = flow.decay_v * v + flow.gain * x + flow.drift + eta_v
            i = n.mu + flow.decay_i * x + eta_i
            above = v >= n.v_th
            spikes += int(above.sum())
            v[above] = n.v_reset
            total = total + dw
            for level, ratio in enumerate(ratios):
                if k % ratio == 0:
                    step, (v_h, i_h) = h * ratio, states[level]
                    v_h, i_h = (
                        v_h + step * (i_h - n.g * v_h),
                        i_h + step * (n.mu - i_h) / n.tau + n.sigma * (total - at_step[level]),
                    )
                    v_h[v_h >= n.v_th] = n.v_reset
                    states[level], at_step[level] = (v_h, i_h), total
    return spikes


def best(work: Callable[[], object], repeat: int) -> float:
    """Seconds of the fastest of some repetitions."""
    times = []
    for _ in range(repeat):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def peak_memory(steps: int) -> dict[str, float]:
    """Growth of this new process's peak memory, in MiB, by runs of so many steps."""
    h, growth = 2.0**-10, {}
    with ThreadPoolExecutor(1) as pool:

        def run(name: str, count: int) -> None:
            if name == "coupled":
                couple(NEURON, h=LEVELS, T=count * h, paths=1024, seed=1, executor=pool)
            else:
                simulate(NEURON, h=h, T=count * h, paths=1024, seed=1, scheme=name, executor=pool)

        for name in ("euler", "exact", "coupled"):
            run(name, 128)  # load or compile the kernels
            before = high_water()
            run(name, steps)
            growth[name] = high_water() - before
    return growth


def high_water() -> float:
    """Peak memory of this process in MiB; Linux alone tells it without that of its parent."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1024.0


def in_new_process(function: Callable[..., Any], *arguments: object) -> Any:
    """Return what a function returns in a process of its own, for a peak never falls."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7, help="repetitions (default: 7)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the paths")
    options = parser.parse_args()
    blocks = 2 if options.quick else 16
    paths, steps = 256 * blocks, 4096
    h = 2.0**-10
    rows: list[tuple[str, float, float | None]] = []
    with ThreadPoolExecutor(1) as pool:

        def run(
            scheme: str, h: float, T: float, paths: int, noise: str = "numpy"
        ) -> Callable[[], object]:
            return lambda: simulate(
                NEURON, h=h, T=T, paths=paths, seed=1, scheme=scheme, noise=noise, executor=pool
            )

        def coupled() -> object:
            return couple(NEURON, h=LEVELS, T=steps * h, paths=paths, seed=1, executor=pool)

        run("euler", h, 16 * h, 256)()  # compile first
        run("exact", h, 16 * h, 256)()
        couple(NEURON, h=LEVELS, T=1.0, paths=256, seed=1, executor=pool)

        def time_of(work: Callable[[], object], count: int, repeat: int = options.repeat) -> float:
            return best(work, repeat) / count * 1e9

        euler = time_of(run("euler", h, steps * h, paths), steps * paths)
        slow = max(1, options.repeat // 3)
        few = 256 * max(1, blocks // 8)
        block = time_of(lambda: numpy_euler(h, steps, few, 256), steps * few, slow)
        whole = time_of(lambda: numpy_euler(h, steps // 8, paths, paths), steps // 8 * paths, slow)
        rows += [
            ("Euler, lifcore", euler, None),
            ("Euler, NumPy, 256 paths at a time", block, block / euler),
            (f"Euler, NumPy, {paths} paths at a time", whole, whole / euler),
        ]
        for noise in NOISES[1:]:
            run("euler", h, 16 * h, 256, noise)()
            own = time_of(run("euler", h, steps * h, paths, noise), steps * paths)
            one = time_of(run("euler", h, steps * h, 1, noise), steps, slow)
            every = time_of(run("euler", h, steps * h, 256, noise), steps, slow)
            share = f"one path {one / every:.3f} of 256"
            rows.append((f"Euler, noise={noise!r} ({share})", own, euler / own))
        pair = time_of(coupled, steps * paths)
        block = time_of(lambda: numpy_coupled(steps, few, 256), steps * few, slow)
        whole = time_of(lambda: numpy_coupled(steps // 8, paths, paths), steps // 8 * paths, slow)
        rows += [
            ("coupled, 8 levels and reference, lifcore", pair, None),
            ("coupled, NumPy without refinement, 256 paths", block, block / pair),
            (f"coupled, NumPy without refinement, {paths} paths", whole, whole / pair),
        ]
        for k in (2, 4, 6, 8, 10):
            count = 4 * 2**k * few
            exact = time_of(run("exact", 2.0**-k, 4.0, few), count, options.repeat)
            rows.append(
                (f"exact, h = 1/{2**k} ({exact * 2**k / 1e3:.1f} µs a unit of time)", exact, None)
            )

    print(f"{'ns per neuron-step, one core, noise included':58s} {'ns':>9s} {'ratio':>7s}")
    for name, value, ratio in rows:
        print(f"{name:58s} {value:9.1f} " + (f"{ratio:6.1f}x" if ratio else ""))
    for name, value in (("euler", euler), ("coupled", pair)):
        verdict = "met" if value <= TARGETS[name] else "missed"
        print(f"target for {name}: {TARGETS[name]:g} ns, {verdict}")

    if Path("/proc/self/status").exists():
        print("\ngrowth of peak memory in a new process, 1024 paths, MiB")
        print("  steps    euler    exact  coupled")
        for count in (4096, 8192, 16384, 32768):
            found = in_new_process(peak_memory, count)
            print(f"{count:7d} " + " ".join(f"{value:8.1f}" for value in found.values()))


if __name__ == "__main__":
    main()
