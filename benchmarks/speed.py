"""What a neuron-step costs, here and elsewhere, and how costs grow: the book's page *Speed*.

    python benchmarks/speed.py [--repeat N] [--quick] [--brian2 PYTHON] [--nest PYTHON]
                               [--json FILE]

Three cases: one neuron alone, the layers of `benchmarks/layers.py`, and the network with loops of
`benchmarks/recurrent.py`; Euler, noise and synapses included. Figures are nanoseconds of processor
time of one core for one neuron-step, the fastest of some runs that alternate between those who are
compared, without compiling and building. Beside each stands by what the slowest of these runs was
slower, which tells how noisy the machine was. Threads are timed by the clock on the wall and want
an idle machine. PYTHON has Brian2, or NEST; without one, it is listed as not installed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import layers
import numpy as np
import recurrent
from accuracy import foreign_seconds, processor, version_of
from column import ours as column_run
from core import LEVELS, NEURON, numpy_euler

from lifcore import couple, simulate
from lifcore.models import microcircuit

H = 2.0**-6
COLUMN = 0.1
TEXTS = {
    "A": "one neuron, 1024 paths",
    "B": f"{layers.LAYERS} layers of {layers.NEURONS}, {layers.PATHS} paths",
    "C": f"{recurrent.NEURONS} neurons with loops, {recurrent.INPUTS} inputs each",
}
EXAMPLES = """
import doctest, importlib, pkgutil, lifcore
for found in pkgutil.walk_packages(lifcore.__path__, "lifcore."):
    if not found.name.endswith("__main__"):
        assert doctest.testmod(importlib.import_module(found.name)).failed == 0, found.name
"""
BRIAN2, NEST = "Brian2, C++ standalone", "NEST, iaf_psc_exp"


def alone(steps: int, paths: int = 1024, threads: int = 1, **request: Any) -> None:
    """Run case A."""
    with ThreadPoolExecutor(threads) as pool:
        simulate(
            NEURON, **{"h": H, "T": steps * H, "seed": 1} | request, paths=paths, executor=pool
        )


def layered(steps: int, threads: int = 1, paths: int = layers.PATHS, **request: Any) -> None:
    """Run case B."""
    h = layers.H
    with ThreadPoolExecutor(threads) as pool:
        simulate(layers.NETWORK, h=h, T=steps * h, paths=paths, seed=1, executor=pool, **request)


def looped(network: Any, steps: int, threads: int = 1, **request: Any) -> None:
    """Run case C, a path on each thread."""
    h = recurrent.H
    with ThreadPoolExecutor(threads) as pool:
        simulate(network, h=h, T=steps * h, paths=threads, seed=1, executor=pool, **request)


def silent(work: Callable[[], Any]) -> Callable[[], None]:
    """Return a work that tells nothing of what it has done."""

    def run() -> None:
        work()

    return run


def timed(
    works: dict[Any, Callable[[], Any]], repeat: int, clock: Callable[[], float] = time.process_time
) -> dict[Any, tuple[float, float]]:
    """Return the least seconds of each, in turn, and by what factor the slowest took longer.

    What a work returns, if it does, are its seconds as another process told them.
    """
    found: dict[Any, list[float]] = {key: [] for key in works}
    for _ in range(repeat):
        for key, work in works.items():
            begun = clock()
            told = work()
            found[key].append(clock() - begun if told is None else told)
    return {key: (min(times), max(times) / min(times)) for key, times in found.items()}


def compared(options: argparse.Namespace, network: Any, file: Path) -> list[dict[str, Any]]:
    """Time the three cases, everybody in turn."""
    few = 8 if options.quick else 1
    a, b, c = 65_536 // few, 4096 // few, 4000 // few
    counts = {"A": a * 1024, "B": b * 300 * layers.PATHS, "C": c * recurrent.NEURONS}
    numbers = NEURON.mu, NEURON.sigma, NEURON.tau
    loops = recurrent.NEURON
    inside = loops.mu, loops.sigma, loops.tau
    shape = layers.LAYERS, layers.NEURONS, layers.PATHS, b, layers.WEIGHT
    works: dict[tuple[str, str], Callable[[], Any]] = {}
    shares = {}
    for noise in ("gauss", "bits", "three", "numpy"):
        works["A", f"lifcore, {noise}"] = partial(alone, a, noise=noise)
        works["B", f"lifcore, {noise}"] = partial(layered, b, noise=noise)
    for noise in ("gauss", "numpy"):  # with loops there are no others
        works["C", f"lifcore, {noise}"] = partial(looped, network, c, noise=noise)
    works["A", "NumPy"] = silent(partial(numpy_euler, H, a // 64, 1024, 256))
    shares["A", "NumPy"] = 64
    if options.brian2:
        of = partial(partial, foreign_seconds, options.brian2)
        works["A", BRIAN2] = of("brian2/accuracy.py", 4096, a // 16, 1, H, *numbers)
        works["B", BRIAN2] = of("brian2/layers.py", *shape)
        works["C", BRIAN2] = of("brian2/recurrent.py", file, c, 1, recurrent.H, *inside)
        shares["A", BRIAN2] = 4
    if options.nest:
        of = partial(partial, foreign_seconds, options.nest)
        works["A", NEST] = of("nest/accuracy.py", 4096, a // 64, 1, H, *numbers)
        works["C", NEST] = of("nest/recurrent.py", file, c // 4, 1, recurrent.H, *inside)
        shares |= {("A", NEST): 16, ("C", NEST): 4}
    for (_, who), work in works.items():
        if who.startswith("lifcore"):
            work()  # compile
    rows = []
    for (case, who), (seconds, spread) in timed(works, options.repeat).items():
        cost = seconds * shares.get((case, who), 1) / counts[case] * 1e9
        rows.append({"case": case, "who": who, "ns": round(cost, 3), "spread": round(spread, 2)})
        print(f"{case}  {who:28s} {cost:9.2f} ns   slowest {spread:.2f} times", flush=True)
    return rows


def others(options: argparse.Namespace) -> dict[str, float]:
    """Time the coupled run, the exact scheme, one path, and a first call."""
    T = 2.0 if options.quick else 8.0
    works: dict[Any, Callable[[], Any]] = {
        f"exact, 1/{2**k}": partial(alone, round(T * 2**k), scheme="exact", h=2.0**-k, T=T)
        for k in range(2, 8)
    }
    with ThreadPoolExecutor(1) as pool:
        request = {"h": LEVELS, "T": T, "paths": 1024, "seed": 1, "executor": pool}
        works["coupled"] = silent(partial(couple, NEURON, **request))
        for paths in (1, 256):
            works[f"paths, {paths}"] = partial(
                alone, 2**16, paths=paths, scheme="exact", h=2.0**-5, T=2.0**11
            )
        for work in works.values():
            work()
        best = {name: seconds for name, (seconds, _) in timed(works, options.repeat).items()}
    exact = min(seconds for name, seconds in best.items() if name.startswith("exact"))
    first, warm = cold_and_warm(
        "from lifcore import LIF, simulate; simulate(LIF(), h=.1, T=1., paths=1, seed=1)"
    )
    print("the examples of all modules, for what they compile", flush=True)
    empty, full = cold_and_warm(EXAMPLES)
    return {
        "coupled, eight levels and reference, ns per finest step": round(
            best["coupled"] / (T * 1024 / LEVELS.min()) * 1e9, 2
        ),
        "exact, one neuron, ns per unit of time": round(exact / (T * 1024) * 1e9, 1),
        "exact, one path over 256": round(best["paths, 1"] / best["paths, 256"], 4),
        "first call with an empty cache, s": round(first, 1),
        "import and first call from a warm cache, s": round(warm, 2),
        "compiling what the examples of all functions call, s": round(empty - full, 1),
    }


def cold_and_warm(code: str) -> list[float]:
    """Return seconds of a program with an empty cache of kernels, and with that filled by it."""
    with tempfile.TemporaryDirectory() as cache:
        call = partial(
            subprocess.run, [sys.executable, "-c", code], check=True, capture_output=True,
            env={**os.environ, "NUMBA_CACHE_DIR": cache},
        )  # fmt: skip
        return [timed({0: silent(call)}, 1, time.perf_counter)[0][0] for _ in "ab"]


def threads(options: argparse.Namespace, network: Any) -> dict[str, float]:
    """Return how many times as fast two threads are as one, by the clock on the wall."""
    few = 8 if options.quick else 1
    works: dict[Any, Callable[[], Any]] = {}
    for count in (1, 2):
        works["A", count] = partial(alone, 131_072 // few, paths=1024 * count, threads=count)
        works["B", count] = partial(layered, 16_384 // few, count, 256 * count)  # whole blocks
        works["C", count] = partial(looped, network, 4000 // few, count)
    best = timed(works, options.repeat, time.perf_counter)
    found = {case: round(2.0 * best[case, 1][0] / best[case, 2][0], 2) for case in TEXTS}
    model, T = microcircuit(COLUMN, COLUMN, seed=1), 1000.0
    runs = {count: lambda count=count: column_run(model, 1, T, count)["wall"] for count in (1, 2)}
    walls = timed(runs, options.repeat, time.perf_counter)
    return found | {"one column": round(walls[1][0] / walls[2][0], 2)}


def growth(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return costs against paths, steps, neurons and inputs, and their slopes on logarithms."""
    steps = 500 if options.quick else 2000
    sizes = {
        "paths of one neuron": [(n, partial(alone, 8192, n)) for n in 256 * 4 ** np.arange(4)],
        "steps of one neuron": [(n, partial(alone, n, 256)) for n in 8192 * 4 ** np.arange(4)],
        "neurons with loops": [
            (n, partial(looped, recurrent.balanced(n, recurrent.INPUTS), steps))
            for n in (1250, 2500, 5000, 10_000, 20_000)
        ],
        "inputs of each of 10 000": [
            (n, partial(looped, recurrent.balanced(recurrent.NEURONS, n), steps))
            for n in (25, 50, 100, 200, 400)
        ],
    }
    rows = []
    for what, works in sizes.items():
        best = timed({int(n): work for n, work in works}, options.repeat)
        seconds = [found[0] for found in best.values()]
        slope = np.polyfit(np.log(list(best)[-3:]), np.log(seconds[-3:]), 1)[0]
        rows.append(
            {
                "what": what, "sizes": list(best), "seconds": [round(s, 4) for s in seconds],
                "slope": round(float(slope), 2),
            }
        )  # fmt: skip
        print(f"{what}: {rows[-1]['seconds']} s at {list(best)}, slope {slope:.2f}", flush=True)
    return rows


def main() -> None:
    """Measure, print, and store if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5, help="repetitions (5)")
    parser.add_argument("--quick", action="store_true", help="an eighth of the steps")
    parser.add_argument(
        "--brian2", metavar="PYTHON", default=str(layers.BRIAN2), help="with Brian2"
    )
    parser.add_argument("--nest", metavar="PYTHON", help="with NEST")
    parser.add_argument("--json", metavar="FILE", help="where to store all of it")
    options = parser.parse_args()
    distributions = {BRIAN2: ("brian2", "brian2"), NEST: ("nest", "nest-simulator")}
    versions = {name: version(name) for name in ("numpy", "numba")}
    for name, (option, package) in distributions.items():
        python = getattr(options, option)
        if python and Path(python).exists():
            versions[name] = version_of(python, package)
        else:
            setattr(options, option, None)
            print(f"{name} is not installed (--{option} PYTHON)")
    network = recurrent.balanced(recurrent.NEURONS, recurrent.INPUTS)
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "synapses.npz"
        recurrent.store(network, file)
        rows = compared(options, network, file)
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": processor(),
        "versions": versions,
        "load before": round(busy, 2),
        "cases": TEXTS,
        "rows": rows,
        "threads": threads(options, network),
        "others": others(options),
        "growth": growth(options),
    }
    for part in ("threads", "others"):
        for name, value in found[part].items():
            print(f"{part}: {name}: {value}")
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
