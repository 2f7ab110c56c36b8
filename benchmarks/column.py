"""The cortical column of Potjans and Diesmann: time, memory and rates, and NEST beside it.

    python benchmarks/column.py [--neurons SHARE] [--inputs SHARE] [--seconds T] [--seeds N]
                                [--threads N] [--nest PYTHON] [--json FILE]

Exponential Euler at 0.1 ms, after half a second of settling; the published rates are those of the
whole column. NEST 3.10 (`iaf_psc_exp`, in an environment of its own) runs the same populations,
with numbers of synapses, weights and delays from the same laws, on as many threads; by default it
is not run. Its rates and ours are compared by the differences of their means over seeds, in
standard errors. Processor time is told beside the clock's, which wants an idle machine. With
`--json` the rates and times of each seed are stored, with versions and date, as the chapter and
the page *Speed* read them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from accuracy import processor

from lifcore import simulate
from lifcore.models import Populations, microcircuit
from lifcore.models.microcircuit import CELL, PUBLISHED_RATES
from lifcore.networks import draw_synapses

STEP, SETTLE = 0.1, 500.0  # ms


def ours(model: Populations, seed: int, T: float, threads: int) -> dict:
    """Return seconds and spikes of one run of T ms."""
    rng, neurons = np.random.default_rng(seed), sum(model.sizes)
    v = np.minimum(rng.normal(7.0 / 15.0, 10.0 / 15.0, (1, neurons)), 0.99)
    run = {"h": CELL.h(STEP), "paths": 1, "scheme": "exponential", "executor": f"threads:{threads}"}
    settled = simulate(model, T=CELL.h(SETTLE), seed=seed, start=(v, np.zeros_like(v)), **run)
    start = np.minimum(settled.v, 0.999), settled.i
    begun, used = time.perf_counter(), time.process_time()
    ensemble = simulate(model, T=CELL.h(T), seed=seed + 1000, start=start, **run)
    return {
        "wall": time.perf_counter() - begun,
        "cpu": time.process_time() - used,
        "spikes": {n: int(ensemble.spike_counts[:, model.of(n)].sum()) for n in model.names},
    }


def in_nest(python: str, model: Populations, seed: int, T: float, threads: int) -> dict:
    """Return the same of NEST, with the seconds that building took."""
    unit, hz = CELL.current_unit, 1000.0 / CELL.time_unit
    told = {
        "threads": threads, "seed": seed, "settle": SETTLE, "T": T,
        "cell": {
            "C_m": CELL.C_m, "tau_m": CELL.tau_m, "E_L": CELL.E_L, "V_th": CELL.V_th,
            "V_reset": CELL.V_reset, "t_ref": CELL.t_ref, "tau_syn_ex": CELL.tau_syn,
            "tau_syn_in": CELL.tau_syn,
        },
        "populations": [
            {
                "name": one.name, "size": one.size, "I_e": one.neuron.mu * unit,
                "rate": one.poisson[0].rate * hz, "weight": one.poisson[0].weight * unit,
            }
            for one in model.populations
        ],
        "projections": [
            {
                "source": one.source, "target": one.target, "number": one.synapses,
                "weight": (one.weight.mean * unit, one.weight.sd * unit),
                "delay": (one.delay.mean * CELL.time_unit, one.delay.sd * CELL.time_unit),
            }
            for one in model.projections
        ],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "column.json"
        file.write_text(json.dumps(told))
        script = Path(__file__).parent / "nest" / "column.py"
        found = subprocess.run([python, script, file], capture_output=True, text=True)
    if found.returncode != 0:
        raise SystemExit(f"NEST stopped with status {found.returncode}:\n{found.stderr[-2000:]}")
    return json.loads(found.stdout.strip().splitlines()[-1])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=float, default=0.1, help="share (default: 0.1)")
    parser.add_argument("--inputs", type=float, default=0.1, help="share (default: 0.1)")
    parser.add_argument("--seconds", type=float, default=1.0, help="of a run (default: 1)")
    parser.add_argument("--seeds", type=int, default=3, help="of network and noise (default: 3)")
    parser.add_argument("--threads", type=int, default=2, help="(default: 2)")
    parser.add_argument("--nest", help="a Python that has NEST")
    parser.add_argument("--json", type=Path, help="where to store rates, versions and date")
    options = parser.parse_args()
    T, rates, times = 1000.0 * options.seconds, {"lifcore": [], "NEST": []}, {}
    versions = {"numpy": version("numpy"), "numba": version("numba")}
    load = round(os.getloadavg()[0], 1)
    print(f"load {load} on {os.cpu_count()} cores")
    for seed in range(1, options.seeds + 1):
        model = microcircuit(options.neurons, options.inputs, seed=seed)
        begun = time.perf_counter()
        draw_synapses(model)
        built = time.perf_counter() - begun
        own = {"build": built, **ours(model, seed, T, options.threads)}
        runs = {"lifcore": own}
        if options.nest:
            runs["NEST"] = in_nest(options.nest, model, seed, T, options.threads)
            versions["nest"] = runs["NEST"]["version"]
        for name, run in runs.items():
            rates[name].append(
                [
                    run["spikes"][n] / (s * T / 1000.0)
                    for n, s in zip(model.names, model.sizes, strict=True)
                ]
            )
            wall, cpu = (run[clock] / options.seconds for clock in ("wall", "cpu"))
            seconds = {"build": run["build"], "wall": wall, "processor": cpu}
            times.setdefault(name, []).append({k: round(x, 2) for k, x in seconds.items()})
            print(
                f"{name:8s} seed {seed}: building {run['build']:6.1f} s, a second of the column "
                f"{wall:6.2f} s, processor {cpu:6.2f}",
                flush=True,
            )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{model.expected_synapses:.3g} synapses, peak memory {peak:.2f} GiB")
    print("rates, Hz " + " ".join(f"{name:>6s}" for name in model.names))
    print("published " + " ".join(f"{rate:6.2f}" for rate in PUBLISHED_RATES))
    table = {name: np.array(found) for name, found in rates.items() if found}
    for name, found in table.items():
        print(f"{name:9s} " + " ".join(f"{rate:6.2f}" for rate in found.mean(axis=0)))
    if options.json:
        kept = {
            "date": datetime.now(UTC).date().isoformat(),
            "versions": versions,
            "neurons": options.neurons,
            "inputs": options.inputs,
            "seconds": options.seconds,
            "threads": options.threads,
            "processor": processor(),
            "load before": load,
            "synapses": round(model.expected_synapses),
            "peak GiB": round(peak, 2),
            "times": times,
            "populations": list(model.names),
            "rates": {name: found.round(4).tolist() for name, found in table.items()},
        }
        options.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    if len(table) == 2 and options.seeds > 1:
        one, other = table.values()
        error = np.sqrt((one.var(axis=0, ddof=1) + other.var(axis=0, ddof=1)) / options.seeds)
        off = (one.mean(axis=0) - other.mean(axis=0)) / error
        print("off, s.e. " + " ".join(f"{x:6.1f}" for x in off))


if __name__ == "__main__":
    main()
