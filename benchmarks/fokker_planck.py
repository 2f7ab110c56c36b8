"""Time the stationary solve against cells alone and against a simulation as exact as it is.

    python benchmarks/fokker_planck.py [--repeat N] [--quick]

Figures are processor seconds, so that several threads of a linear algebra library do not look
like one core; the best of several repetitions.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from lifcore import LIF, simulate, stationary
from lifcore.stationary.finite_volumes import solve_on_cells
from lifcore.stationary.threshold_equation import solve_threshold

NEURONS = {
    "balanced": LIF(mu=1.0, sigma=1.0, tau=1.0),
    "mean-driven": LIF(mu=1.5, sigma=0.3, tau=0.5),
    "fluctuation-driven": LIF(mu=0.5, sigma=0.5, tau=1.0),
    "fast current": LIF(mu=1.0, sigma=3.0, tau=0.05),
}
TARGET_SECONDS, TARGET_MIB = 3.0, 1024.0


def best(work: Callable[[], object], repeat: int) -> float:
    """Processor seconds of the fastest of some repetitions."""
    times = []
    for _ in range(repeat):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def simulation(lif: LIF, accuracy: float, paths: int) -> float:
    """Processor seconds for a simulated rate whose relative standard error is `accuracy`.

    A short run gives seconds and error; the seconds needed grow like the error to the power -2.
    """
    with ThreadPoolExecutor(1) as pool:

        def run(paths: int) -> object:
            return simulate(
                lif, h=0.25, T=32.0, paths=paths, seed=1, scheme="exact", executor=pool
            ).spike_counts

        run(256)  # compile first
        begun = time.process_time()
        counts = run(paths)
        seconds = time.process_time() - begun
    error = counts.std() / counts.mean() / paths**0.5
    return seconds * (error / accuracy) ** 2


def peak_memory(cells: int | None) -> float:
    """Peak memory, in MiB, of a new process that imports lifcore and solves once if asked to."""
    if cells is not None:
        stationary(NEURONS["balanced"], cells=cells)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7, help="repetitions (default: 7)")
    parser.add_argument("--quick", action="store_true", help="fewer paths and repetitions")
    options = parser.parse_args()
    repeat = 1 if options.quick else options.repeat
    paths = 512 if options.quick else 4096

    print("peak memory of a new process")
    peaks = {}
    for what, count in (("import only", None), ("160 cells (default)", 160), ("400 cells", 400)):
        # A process each, and before this one grows: a peak never falls, and children inherit it.
        with multiprocessing.get_context("spawn").Pool(1) as pool_of_one:
            peaks[count] = pool_of_one.apply(peak_memory, (count,))
        print(f"{what:20s} {peaks[count]:8.1f} MiB")
    verdict = "met" if peaks[160] <= TARGET_MIB else "missed"
    print(f"target for the default solve: {TARGET_MIB:g} MiB, {verdict}\n")

    slowest = 0.0
    print(f"{'processor seconds':58s} {'s':>9s} {'ratio':>9s}")
    for name, lif in NEURONS.items():
        default = best(lambda lif=lif: stationary(lif), repeat)
        slowest = max(slowest, default)
        alone = best(lambda lif=lif: solve_threshold(lif), repeat)
        finest = best(lambda lif=lif: solve_on_cells(lif, cells=400), max(1, repeat // 7))
        cells = solve_on_cells(lif)
        accuracy = cells.errors["rate"] / cells.rate
        simulated = simulation(lif, accuracy, paths)
        rows = [
            ("stationary, as it comes", default),
            ("threshold equation alone", alone),
            ("cells alone, 400 a side", finest),
            (f"simulation, rate as sure as on 160 cells ({accuracy:.1e})", simulated),
        ]
        print(name)
        for what, seconds in rows:
            print(f"  {what:56s} {seconds:9.2f} {seconds / default:8.1f}x")
    verdict = "met" if slowest <= TARGET_SECONDS else "missed"
    print(f"target for the slowest default solve: {TARGET_SECONDS:g} s, {verdict}")


if __name__ == "__main__":
    main()
