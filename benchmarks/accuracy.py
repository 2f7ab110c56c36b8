"""Time to a given error of the rate: every scheme, the stationary solver, Brian2 and NEST.

    python benchmarks/accuracy.py [--repeat N] [--quick] [--brian2 PYTHON] [--nest PYTHON]
                                  [--json FILE]

Three neurons alone, those of `lifcore.probes.NOISY_RUNS`, to a relative error of the rate of 1 %,
0.1 % and 0.01 %. The step is the largest that keeps to the error, as all smaller ones do:

- Euler's, and so Brian2's, and the exponential scheme's from their rates at a step, computed
  without sampling (`lifcore.advice`); Euler with bits has Gaussian Euler's constant to a few per
  cent (weak-order chapter), and is given the same step;
- NEST's from the rate of the exponential scheme with the weaker noise that passes its synapse
  (chapter on other simulators);
- the interpolated scheme's from the bias that coupled paths show at five steps: the upper ends of
  their 99.9 % intervals, continued by h**1.5 below the last, and none above the first.

A run then takes F/(r e**2) units of time, with F the Fano factor of the exact counts, so that its
standard error is e r: the same for all that sample, but for the long run, whose F is what is left
of it. A unit of time costs 1/h steps; seconds are
processor time of one core, of the fastest of some runs that alternate between the schemes, without
compiling and building. The stationary solver's is one solution, whose error is below all of these.
PYTHON has Brian2, or NEST; without one its rows are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from lifcore import LIF, simulate
from lifcore.advice.grid_rates import exact_rate, grid_rate
from lifcore.evidence.statistics import ratio
from lifcore.probes import NOISY_RUNS
from lifcore.runs.observables import spike_count
from lifcore.stationary import solve_threshold
from lifcore.weak import long_runs, weak_errors

NEURONS = {run.regime: run.lif for run in NOISY_RUNS[::3]}
ERRORS = (0.01, 0.001, 0.0001)
COARSE = 2.0 ** -np.arange(2.0, 7.0)
SIZES = 2.0 ** -np.arange(2.0, 13.0)
OURS = {
    "euler": ("euler", "gauss"),
    "euler, bits": ("euler", "bits"),
    "long run, bits": ("euler", "bits"),
    "exponential": ("exponential", "gauss"),
    "interpolated": ("interpolated", "gauss"),
    "exact": ("exact", "gauss"),
}
TARGET, AT = 50.0, 0.001
FOREIGN = {"Brian2, C++ standalone": "brian2", "NEST, iaf_psc_exp": "nest"}
RULE = {"Brian2, C++ standalone": "euler", "NEST, iaf_psc_exp": "nest", "euler, bits": "euler",
        "long run, bits": "euler"}  # fmt: skip


def rate_of(lif: LIF, h: float, rule: str) -> float:
    """Stationary rate of an update rule at a step."""
    if rule == "nest":
        weaker = -np.expm1(-h / lif.tau) * lif.tau / h
        return grid_rate(replace(lif, sigma=lif.sigma * weaker), h, "exponential")
    return grid_rate(lif, h, rule)


def step_for(lif: LIF, rule: str, error: float) -> float:
    """Largest step, of a fine geometric row, up to which the rate keeps to a relative error."""
    exact, kept = exact_rate(lif), 0.0
    for h in np.geomspace(1e-5, 0.5 * lif.tau, 400):
        if abs(rate_of(lif, float(h), rule) / exact - 1.0) > error:
            break
        kept = float(h)
    return kept


def interpolated_bias(lif: LIF, blocks: int) -> tuple[list[float], list[float], float]:
    """Relative biases at `COARSE`, upper ends of their moduli, and the exact Fano factor."""
    found = weak_errors(
        lif, {"N": spike_count}, h=COARSE, T=16.0, times=[8.0], paths=256 * blocks, seed=1,
        scheme="interpolated",
    )  # fmt: skip
    exact, *levels = found.sums[0, -1] - found.sums[0, 0]
    rate = ratio(exact, found.sizes).mean
    biases = [ratio(row - exact, found.sizes) for row in levels]
    ends = [max(map(abs, bias.interval(0.999))) / rate for bias in biases]
    counts = simulate(
        lif, h=0.125, T=64.0, paths=8192, seed=2, scheme="exact", start=(0.5, lif.mu)
    ).spike_counts
    return [bias.mean / rate for bias in biases], ends, float(counts.var() / counts.mean())


def fano_of_long_run(lif: LIF, h: float, blocks: int) -> float:
    """Variance over mean of a long run's count, less what it owes to the noise."""
    T = round(64.0 / h) * h
    run = long_runs(
        lif, {}, h=h, T=T, paths=256 * blocks, seed=3, noise="bits", burn_in=round(8.0 / h) * h
    )
    found = run.batches[0, 0]
    return float(found.var(ddof=1) * 256 * T / found.mean())


def interpolated_step(ends: list[float], error: float) -> float:
    """Largest step by measured upper ends, or by the law below the finest of them."""
    for h, end in zip(COARSE, ends, strict=True):
        if end <= error:
            return float(h)
    return float(COARSE[-1] * (error / ends[-1]) ** (2.0 / 3.0))


def takes(name: str, h: float, lif: LIF) -> bool:
    """Whether a scheme takes a step."""
    return OURS[name][0] != "euler" or h < lif.tau


def own_cost(lif: LIF, name: str, h: float, steps: float) -> float:
    """Nanoseconds of one core for a unit of time of one neuron."""
    scheme, noise = OURS[name]
    paths = 1024
    # a run's beginning costs as much as thousands of steps with bits
    count = max(16, round((1 if name == "exact" else 16) * steps / paths))
    request = {"h": h, "T": count * h, "paths": paths, "seed": 1, "noise": noise}
    with ThreadPoolExecutor(1) as pool:
        begun = time.process_time()
        if name.startswith("long"):
            long_runs(lif, {}, executor=pool, **request)
        else:
            simulate(lif, scheme=scheme, executor=pool, **request)
        return (time.process_time() - begun) / (count * h * paths) * 1e9


def foreign_seconds(python: str, script: str, *arguments: object) -> float:
    """Return the seconds that a script in another environment prints, on one thread."""
    path = Path(__file__).parent / script
    done = subprocess.run(
        [python, str(path), *map(str, arguments)],
        capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"{script} failed:\n{done.stderr}")
    return float(done.stdout.splitlines()[-1].split()[0])


def foreign_cost(python: str, folder: str, lif: LIF, h: float, repeat: int) -> float:
    """Nanoseconds of another simulator for a unit of time of one neuron."""
    neurons, steps = 4096, 4096
    numbers = (neurons, steps, repeat, h, lif.mu, lif.sigma, lif.tau)
    seconds = foreign_seconds(python, f"{folder}/accuracy.py", *numbers)
    return seconds / (neurons * steps * h) * 1e9


def version_of(python: str, package: str) -> str:
    """Version of a package in another environment."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def solver_seconds(lif: LIF) -> float:
    """Processor seconds of one solution of the equation on the threshold."""
    begun = time.process_time()
    solve_threshold(lif)
    return time.process_time() - begun


def measure(options: argparse.Namespace, pythons: dict[str, str]) -> dict[str, Any]:
    """Return all that is stored: steps, costs, and the table."""
    blocks, steps = (40, 1e6) if options.quick else (800, 4e6)
    curves: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    for regime, lif in NEURONS.items():
        biases, ends, fano = interpolated_bias(lif, blocks)
        rate = exact_rate(lif)
        rules = ("euler", "exponential", "nest")
        needed = {(rule, e): step_for(lif, rule, e) for rule in rules for e in ERRORS}
        needed |= {("interpolated", e): interpolated_step(ends, e) for e in ERRORS}
        best: dict[tuple[str, float], float] = {}
        asked = {
            (name, needed[RULE.get(name, name), e])
            for name in OURS
            if name != "exact"
            for e in ERRORS
        }
        asked |= {(name, float(h)) for name in OURS for h in SIZES if takes(name, h, lif)}
        asked = sorted(asked | {("exact", 0.2 * lif.tau)})
        solver = float("inf")
        for name in OURS:
            own_cost(lif, name, 0.0625, 1e5)  # compile
        for _ in range(options.repeat):
            for key in asked:
                best[key] = min(best.get(key, float("inf")), own_cost(lif, *key, steps))
            for name, python in pythons.items():
                h = needed[RULE[name], AT]
                cost = foreign_cost(python, FOREIGN[name], lif, h, 3) * h
                best[name, 0.0] = min(best.get((name, 0.0), float("inf")), cost)
            solver = min(solver, solver_seconds(lif))
        curves[regime] = {
            name: {f"{h:.6g}": round(best[name, float(h)], 2) for h in SIZES if takes(name, h, lif)}
            for name in OURS
        }
        exact = min(cost for (name, _), cost in best.items() if name == "exact")
        left = fano_of_long_run(lif, needed["euler", AT], blocks)
        for error in ERRORS:
            for name in (*OURS, *pythons):
                time_needed = (left if name.startswith("long") else fano) / (rate * error**2)
                h = 0.0 if name == "exact" else needed[RULE.get(name, name), error]
                if name == "exact":
                    cost = exact
                elif name in pythons:
                    cost = best[name, 0.0] / h
                else:
                    cost = best[name, h]
                rows.append(
                    {
                        "neuron": regime, "error": error, "scheme": name, "h": float(f"{h:.4g}"),
                        "ns_per_step": float(f"{cost * h:.4g}"),
                        "ns_per_time": float(f"{cost:.4g}"),
                        "seconds": float(f"{cost * time_needed / 1e9:.4g}"),
                    }
                )  # fmt: skip
            rows.append(
                {
                    "neuron": regime, "error": error, "scheme": "stationary solver", "h": 0.0,
                    "ns_per_step": 0.0, "ns_per_time": 0.0, "seconds": float(f"{solver:.4g}"),
                }
            )  # fmt: skip
        curves[regime] |= {
            "interpolated bias": {
                f"{h:.6g}": [float(f"{b:.3g}"), float(f"{e:.3g}")]
                for h, b, e in zip(COARSE, biases, ends, strict=True)
            },
            "fano": round(fano, 4),
            "fano of a long run": round(left, 4),
        }
        show(regime, rows)
    versions = {name: version(name) for name in ("numpy", "numba")}
    versions |= {name: version_of(pythons[name], DISTRIBUTION[name]) for name in pythons}
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "processor": processor(),
        "versions": versions,
        "curves": curves,
        "rows": rows,
    }


DISTRIBUTION = {"Brian2, C++ standalone": "brian2", "NEST, iaf_psc_exp": "nest-simulator"}


def processor() -> str:
    """Name of the processor, if Linux tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def show(regime: str, rows: list[dict[str, Any]]) -> None:
    """Print the table of one neuron."""
    print(f"\n{regime}: seconds of one core, in brackets times the interpolated scheme's")
    print(f"{'':24s}" + "".join(f"{f'{100 * e:g} %':>30s}" for e in ERRORS))
    own = [row for row in rows if row["neuron"] == regime]
    least = {row["error"]: row["seconds"] for row in own if row["scheme"] == "interpolated"}
    for name in dict.fromkeys(row["scheme"] for row in own):
        cells = []
        for row in (one for one in own if one["scheme"] == name):
            step = f"h = {row['h']:.2g}, " if row["h"] else ""
            times = row["seconds"] / least[row["error"]]
            cells.append(f"{step}{row['seconds']:.3g} ({times:.3g}x)")
        print(f"{name:24s}" + "".join(f"{cell:>30s}" for cell in cells), flush=True)


def main() -> None:
    """Measure, print, and store if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3, help="repetitions (3)")
    parser.add_argument("--quick", action="store_true", help="fewer paths")
    default = Path(__file__).parents[1] / "_build" / "brian2" / "bin" / "python"
    parser.add_argument("--brian2", metavar="PYTHON", default=str(default), help="with Brian2")
    parser.add_argument("--nest", metavar="PYTHON", help="with NEST")
    parser.add_argument("--json", metavar="FILE", help="where to store all of it")
    options = parser.parse_args()
    given = {name: getattr(options, folder) for name, folder in FOREIGN.items()}
    pythons = {name: python for name, python in given.items() if python and Path(python).exists()}
    found = measure(options, pythons)
    for regime in NEURONS:
        at = {r["scheme"]: r["seconds"] for r in found["rows"]
              if r["neuron"] == regime and r["error"] == AT}  # fmt: skip
        samplers = {name: at[name] for name in OURS}
        best = min(samplers, key=lambda name: samplers[name])
        for name in pythons:
            times = at[name] / at[best]
            verdict = "met" if times >= TARGET else "missed"
            print(f"{regime}, {100 * AT:g} %: {name} takes {times:.0f} times {best}'s: {verdict}")
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
