"""What the book's page *At scale* plans with: what a block and a task take, and two workers.

    python benchmarks/at_scale.py [--repeat N] [--quick] [--json FILE]

Two cases: blocks of one neuron, and paths of a network with loops. Measured are

- bytes of a task as an executor gets it, of its result, and of the model if it is sent apart;
- seconds of some blocks, processor time of this process;
- seconds that a task without a block takes: processor time of the process that hands it out and
  of the worker, by processes and, if it is installed, by dask on this machine, of the scheduler
  too, which is a process of its own;
- by the clock on the wall: runs on one worker and on two, which want an idle machine.

The page compares the last with what follows from the others.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import pickle
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import recurrent
from accuracy import processor
from core import NEURON

from lifcore import LIF, simulate
from lifcore.noise.streams import BLOCK
from lifcore.runs.ensemble import final_block
from lifcore.runs.executors import AHEAD, Blocks, map_blocks
from lifcore.runs.workers import LARGE, Common, Processes

BLOCKS, RUN = 10, 5
"""Blocks that are timed by themselves, and those of a run: odd, so that one of two waits."""

TASKS = 2000
"""Tasks without a block."""

SHORT = 5000
"""Steps of a run that compiles; of the network already a path is a task of its own."""

NEURONS = 1000
CASES = {
    "one neuron": (NEURON, 2.0**-6, 2_000_000),
    f"{NEURONS} neurons with loops": (
        recurrent.balanced(NEURONS, recurrent.INPUTS), recurrent.H, 500_000,
    ),
}  # fmt: skip
"""Model, h, and the steps of a block."""


def request(case: str, steps: int, blocks: int) -> dict[str, Any]:
    """Return what `simulate` is asked for, so many blocks of it."""
    model, h, _ = CASES[case]
    paths = blocks * (BLOCK if isinstance(model, LIF) else 1)
    return {"model": model, "h": h, "T": steps * h, "paths": paths, "seed": 1}


def nothing(run: Any, block: int, paths: int) -> tuple[np.ndarray, ...]:
    """Return what a block of `run` does, as large, without running it."""
    shape = run.width, sum(run.model.sizes)
    return np.zeros(shape), np.zeros(shape), np.zeros(shape, np.int64)


def planned(case: str, steps: int) -> Any:
    """Return the run that `simulate` makes of a request; it is compiled here by a short one."""
    short = simulate(**request(case, SHORT, 1), executor="threads:1")._run
    return replace(short, steps=steps, T=steps * short.h)


def here(run: Any) -> dict[str, Any]:
    """Time blocks in this process, and weigh a task of them and its result."""
    seconds, paths = [], run.width * BLOCKS
    for block in range(BLOCKS):
        begun = time.process_time()
        results = final_block(run, block, paths)
        seconds.append(round(time.process_time() - begun, 4))
    model = len(pickle.dumps(run.model))
    with Processes(1) as pool, Common(pool, run) as common:
        task = len(pickle.dumps(common.call(final_block, (run, 0, paths))))
    return {
        "paths": run.width,
        "steps": run.steps,
        "neuron-steps": run.width * run.steps * sum(run.model.sizes),
        "block seconds": seconds,
        "task bytes": task,
        "result bytes": len(pickle.dumps(results)),
        "model bytes": model if model >= LARGE else 0,
    }


def without_blocks(
    run: Any, tasks: int, executor: Executor, worker: Callable[[], float]
) -> dict[str, float]:
    """Return the seconds of a task without a block: of this process, of workers, on the wall.

    ``worker()`` tells the processor time of all workers.
    """
    clocks = (time.process_time, worker, time.perf_counter)
    begun = [clock() for clock in clocks]
    map_blocks(nothing, Blocks(lambda b: (run, b, tasks), tasks), executor, "nothing")
    names = ("sender", "overhead", "wall")
    return {
        name: (clock() - at) / tasks for name, clock, at in zip(names, clocks, begun, strict=True)
    }


def compiled(case: str) -> int:
    """Compile, and rest so that other workers get a task like this; tell which worker it was."""
    simulate(**request(case, SHORT, 1), executor="threads:1")
    time.sleep(0.5)
    return os.getpid()


def warm(pool: Executor, case: str, workers: int) -> None:
    """Have all workers compile."""
    ready: set[int] = set()
    while len(ready) < workers:
        ready |= set(pool.map(compiled, [case] * workers))


def least(found: list[dict[str, float]]) -> dict[str, float]:
    """Return the least of each figure."""
    return {name: float(f"{min(one[name] for one in found):.3g}") for name in found[0]}


def by_dask(runs: dict[str, Any], tasks: int, repeat: int) -> dict[str, dict[str, float]]:
    """Return the same with dask: a scheduler and a worker, each a process of its own."""
    from distributed import Client
    from distributed.deploy.subprocess import SubprocessCluster

    with (
        SubprocessCluster(
            n_workers=1, threads_per_worker=1, worker_kwargs={"nthreads": 1},
            scheduler_kwargs={"host": "127.0.0.1", "dashboard": False},
        ) as local,
        Client(local) as client,
        client.get_executor() as pool,
    ):  # fmt: skip

        def worker() -> float:
            return sum(client.run(time.process_time).values())

        def both(run: Any, tasks: int) -> dict[str, float]:
            begun = client.run_on_scheduler(time.process_time)
            found = without_blocks(run, tasks, pool, worker)
            more = client.run_on_scheduler(time.process_time) - begun
            return found | {"scheduler": more / tasks}

        for run in runs.values():
            both(run, 10)  # imports
        return {
            case: least([both(run, tasks) for _ in range(repeat)]) for case, run in runs.items()
        }


def by_processes(
    runs: dict[str, Any], tasks: int, repeat: int
) -> tuple[dict[str, dict[str, float]], list[dict[str, Any]]]:
    """Return the same with processes, and the walls of runs on one worker and on two."""
    walls: dict[tuple[str, int, int], list[float]] = {}
    empty: dict[str, list[dict[str, float]]] = {case: [] for case in runs}
    with Processes(1) as one, Processes(2) as two:
        for case in runs:
            warm(one, case, 1)
            warm(two, case, 2)
        for _ in range(repeat):
            for case, run in runs.items():
                alone = without_blocks(
                    run, tasks, one, lambda: one.submit(time.process_time).result()
                )
                empty[case].append(alone)
                both = without_blocks(run, tasks, two, lambda: 0.0)
                for workers, found in ((1, alone), (2, both)):
                    walls.setdefault((case, 0, workers), []).append(found["wall"] * tasks)
                for workers, pool in ((1, one), (2, two)):
                    begun = time.perf_counter()
                    simulate(**request(case, run.steps, RUN), executor=pool)
                    walls.setdefault((case, run.steps, workers), []).append(
                        time.perf_counter() - begun
                    )
    rows = [
        {
            "case": case, "steps": steps, "tasks": RUN if steps else tasks, "workers": workers,
            "seconds": round(min(found), 4), "spread": round(max(found) / min(found), 2),
        }
        for (case, steps, workers), found in walls.items()
    ]  # fmt: skip
    return {case: least(found) for case, found in empty.items()}, rows


def main() -> None:
    """Measure, print, and store if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3, help="repetitions (3)")
    parser.add_argument("--quick", action="store_true", help="an eighth of the steps and tasks")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to store all of it")
    options = parser.parse_args()
    os.environ["LIFCORE_PROGRESS"] = "off"
    few = 8 if options.quick else 1
    busy, tasks = os.getloadavg()[0], TASKS // few
    runs = {case: planned(case, steps // few) for case, (_, _, steps) in CASES.items()}
    cases = {case: here(run) for case, run in runs.items()}
    own, walls = by_processes(runs, tasks, options.repeat)
    executors, packages = {"processes": own}, ["numpy", "numba"]
    if importlib.util.find_spec("distributed"):
        executors["dask"] = by_dask(runs, tasks // 4, options.repeat)
        packages.append("distributed")
    else:
        print("dask is not installed: pip install 'lifcore[cluster]'")
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": processor(),
        "versions": {name: version(name) for name in packages},
        "load before": round(busy, 2),
        "ahead": AHEAD,
        "cases": cases,
        "executors": executors,
        "walls": walls,
    }
    for part in ("cases", "executors"):
        for name, values in found[part].items():
            print(f"{name}: {values}")
    for row in walls:
        print(row)
    if options.json:
        new = options.json.with_name(f".{options.json.name}.new")  # whole or not at all
        new.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        new.replace(options.json)


if __name__ == "__main__":
    main()
