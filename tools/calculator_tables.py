"""Fill the tables of the calculator in the page *Which dt?*: rates and exponents of all neurons.

A neuron's rate in membrane times depends on three numbers only: g tau, and the distances of the
threshold from the mean of V without a threshold, and from the reset, in standard deviations of that
V. A scheme's rate is the exact one of a changed neuron with late resets (`lifcore.weak.rate_bias`),
so that one table of how late resets slow a neuron down gives the error at every step. Both are
Chebyshev interpolants, and so is the Lyapunov exponent; how far they are off is measured on neurons
between the nodes, and stored with them.

    python tools/calculator_tables.py
"""

from __future__ import annotations

import contextlib
import json
import math
import multiprocessing
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
from numpy.polynomial import chebyshev
from scipy.fft import dctn
from scipy.interpolate import BarycentricInterpolator

from lifcore.advice.grid_rates import late_rate, never_rests
from lifcore.advice.rates import RateErrors
from lifcore.advice.renewal import renewal_exponent
from lifcore.models.neuron import LIF
from lifcore.stationary import FreeProcess, solve_threshold
from lifcore.weak.rate_bias import charged, euler_law

DATA = Path("book/data/calculator.json")
#: Nodes in log(g tau), in the threshold's distance, in log of the drop, and in the lateness.
NODES = (12, 32, 12, 3)
#: Largest g tau and drop, the smallest: a changed neuron leaves the range that is answered for.
TIMES, DROPS = (0.0144, 22.5), (0.5, 52.0)
#: The threshold's distance from the mean: at most, above it; and below it, in drops.
ABOVE, BELOW = 4.1, 15.1
#: Nodes of a line in the distance that may be filled from the others.
MISSING = 4
#: Lateness, over the sum of 1/g, tau and the mean interval, all inverted.
LATEST = 0.8
#: What is answered for. Beyond it a neuron is silent, or none that anybody uses.
ASKED_TIMES, ASKED_DROPS, ASKED_ABOVE, ASKED_BELOW = (0.02, 16.0), (0.6, 50.0), 4.0, 15.0
SEED, TRIED = 20260321, 400
#: Relative error of a rate below which the tables are off by a share of this, and not of it.
SMALL = 0.01
#: Solutions at the nodes; delete it to solve again.
ROWS = Path("_build/calculator_rows.npy")


def neuron(time: float, distance: float, drop: float) -> LIF:
    """Return the neuron with V in standard deviations of the free V, and 1/g as unit of time."""
    sigma = math.sqrt(2.0 * (1.0 + time)) / time
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return LIF(g=1.0, v_th=drop, v_reset=0.0, tau=time, mu=drop - distance, sigma=sigma)


def logarithmic(low: float, high: float, x: float) -> float:
    """Return what lies at x in [-1, 1] between two positive numbers, on a logarithmic scale."""
    return low * (high / low) ** (0.5 * (1.0 + x))


def distance(drop: float, x: float) -> float:
    """Return the threshold's distance at x in [-1, 1]."""
    low, high = math.asinh(-BELOW * drop), math.asinh(ABOVE)
    return math.sinh(low + 0.5 * (1.0 + x) * (high - low))


def precise(model: LIF, late: float) -> float:
    """Return a rate as precisely as it can be had."""
    for tolerance in (2e-6, 2e-5, 2e-4):
        try:
            return late_rate(model, late, tolerance)
        except RuntimeError:
            continue
    return late_rate(model, late, 1e-3)


def exponent(model: LIF) -> float:
    """Return the Lyapunov exponent, by whichever equation holds."""
    if never_rests(model):
        return renewal_exponent(model)
    for tolerance in (1e-4, 1e-3):
        try:
            return float(solve_threshold(model, tolerance=tolerance).lyapunov_exponent)
        except RuntimeError:
            continue
    return float(solve_threshold(model, tolerance=1e-2).lyapunov_exponent)


def row(at: tuple[float, float, float]) -> list[float]:
    """Return logarithm of the rate, its slopes in the lateness, and the exponent at a node.

    What cannot be solved is nan.
    """
    time, drop = logarithmic(*TIMES, at[0]), logarithmic(*DROPS, at[2])
    model = neuron(time, distance(drop, at[1]), drop)
    found = np.full(2 + NODES[3], math.nan)
    with contextlib.suppress(RuntimeError, ValueError):
        rate = precise(model, 0.0)
        found[0] = math.log(rate)
        for k, x in enumerate(chebyshev.chebpts1(NODES[3]), 1):
            lateness = 0.5 * LATEST * (1.0 + x)
            late = lateness / (1.0 + 1.0 / time + rate)
            found[k] = math.log(precise(model, late) / rate) / lateness
    with contextlib.suppress(RuntimeError, ValueError):
        found[-1] = exponent(model)
    return found.tolist()


def completed(values: np.ndarray) -> np.ndarray:
    """Fill the few nodes that cannot be solved from the others in the threshold's distance.

    Raises
    ------
    ValueError
        If they are not few.
    """
    nodes = chebyshev.chebpts1(NODES[1])
    for i, k, q in np.argwhere(np.isnan(values).any(axis=1)):
        line = values[i, :, k, q]
        known = ~np.isnan(line)
        if np.count_nonzero(~known) > MISSING:
            raise ValueError(f"{np.count_nonzero(~known)} nodes of a line cannot be solved")
        line[~known] = BarycentricInterpolator(nodes[known], line[known])(nodes[~known])
    return values


def coefficients(values: np.ndarray) -> np.ndarray:
    """Return the Chebyshev coefficients of values at nodes of the first kind, along all axes."""
    found = dctn(np.flip(values), type=2, norm="forward")  # of nodes in falling order
    for axis in range(values.ndim):
        found[(slice(None),) * axis + (slice(1, None),)] *= 2.0
    return found


def fill(workers: int) -> dict[str, np.ndarray]:
    """Return the coefficients of all tables."""
    grids = np.meshgrid(*(chebyshev.chebpts1(n) for n in NODES[:3]), indexing="ij")
    nodes = list(zip(*(grid.ravel().tolist() for grid in grids), strict=True))
    if not ROWS.is_file():
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            rows = list(counted(pool.imap(row, nodes, chunksize=8), len(nodes)))
        ROWS.parent.mkdir(exist_ok=True)
        np.save(ROWS, rows)
    values = completed(np.load(ROWS).reshape(*NODES[:3], -1))
    return {
        "rate": coefficients(values[..., 0]),
        "late": coefficients(values[..., 1 : 1 + NODES[3]]),
        "exponent": coefficients(values[..., -1]),
    }


class Table:
    """Rates and exponents from the tables, as the calculator's scripts find them.

    Examples
    --------
    >>> Table({"rate": np.zeros((1, 1, 1))}).rate(neuron(1.0, 0.5, 2.0))
    1.0
    """

    def __init__(self, tables: dict[str, np.ndarray]) -> None:
        self.tables = tables

    def find(self, name: str, model: LIF) -> np.ndarray:
        """Return a table's value at a neuron: the coefficients of what else it depends on."""
        free = FreeProcess(model)
        sd = math.sqrt(free.var_v)
        drop, above = free.drop / sd, -free.mean_v / sd
        low, high = math.asinh(-BELOW * drop), math.asinh(ABOVE)
        found = self.tables[name]
        for x in (
            _place(*TIMES, model.g * model.tau),
            2.0 * (math.asinh(above) - low) / (high - low) - 1.0,
            _place(*DROPS, drop),
        ):
            found = chebyshev.chebval(x, found)  # along the first axis
        return found

    def rate(self, model: LIF, late: float = 0.0) -> float:
        """Return a rate, of a neuron whose resets are late."""
        log = float(self.find("rate", model))
        if late > 0.0:
            lateness = late * model.g * (1.0 + 1.0 / (model.g * model.tau) + math.exp(log))
            slopes = self.find("late", model)
            log += lateness * float(chebyshev.chebval(2.0 * lateness / LATEST - 1.0, slopes))
        return model.g * math.exp(log)

    def error(self, model: LIF, scheme: str, h: float) -> float:
        """Return the relative error of a scheme's rate."""
        changed = model if scheme == "exponential" else charged(euler_law(model, h), h)
        return self.rate(changed, 0.5 * h) / self.rate(model) - 1.0


def _place(low: float, high: float, value: float) -> float:
    return 2.0 * math.log(value / low) / math.log(high / low) - 1.0


def drawn(count: int) -> list[tuple[LIF, float]]:
    """Return random neurons of the range, and for each a share of its largest step."""
    rng = np.random.default_rng(SEED)
    found: list[tuple[LIF, float]] = []
    while len(found) < count:
        time = logarithmic(*ASKED_TIMES, rng.uniform(-1.0, 1.0))
        drop = logarithmic(*ASKED_DROPS, rng.uniform(-1.0, 1.0))
        ends = math.asinh(-ASKED_BELOW * drop), math.asinh(ASKED_ABOVE)
        model = neuron(time, math.sinh(rng.uniform(*ends)), drop)
        found.append((model, 2.0 ** rng.uniform(-6.0, 0.0)))
    return found


def off(task: tuple[dict[str, np.ndarray], LIF, float]) -> list[float]:
    """Return by how much the tables are off: rate, errors of both schemes, exponent.

    An error of a scheme is off by a share of itself, and of `SMALL`.
    """
    table, (model, share) = Table(task[0]), task[1:]
    found = [table.rate(model) / precise(model, 0.0) - 1.0]
    for scheme in ("euler", "exponential"):
        truth = RateErrors(model, scheme, "rate", 1e-5)
        h = share * truth.top
        error = truth.smooth(h)
        found.append((table.error(model, scheme, h) - error) / (SMALL + abs(error)))
    return [*found, float(table.find("exponent", model)) - exponent(model) / model.g]


def measure(tables: dict[str, np.ndarray], workers: int) -> np.ndarray:
    """Return how far off the tables are, at most and in 95 of 100, on neurons between the nodes."""
    tasks = [(tables, *one) for one in drawn(TRIED)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        rows = list(counted(pool.imap(off, tasks), len(tasks)))
    return np.abs(np.array(rows))


def counted(rows: Iterable[list[float]], count: int) -> Iterator[list[float]]:
    """Pass rows on, and say how many there were."""
    for k, found in enumerate(rows, 1):
        if k % 16 == 0 or k == count:
            print(f"\r{k} of {count} neurons", end="", file=sys.stderr, flush=True)
        yield found
    print(file=sys.stderr)


def main() -> None:
    """Fill, measure and store."""
    workers = os.cpu_count() or 1
    tables = {name: np.vectorize(shortened)(found) for name, found in fill(workers).items()}
    apart = measure(tables, workers)
    names = ("rate", "euler", "exponential", "exponent")
    worst = dict(zip(names, apart.max(axis=0).tolist(), strict=True))
    store = {
        "date": date.today().isoformat(),
        "times": TIMES, "drops": DROPS, "above": ABOVE, "below": BELOW, "latest": LATEST,
        "range": {
            "time": ASKED_TIMES, "drop": ASKED_DROPS, "above": ASKED_ABOVE, "below": ASKED_BELOW,
        },
        "errors": {
            "neurons": TRIED, "small": SMALL,
            **{name: float(f"{found:.2g}") for name, found in worst.items()},
        },
        **{name: found.tolist() for name, found in tables.items()},
    }  # fmt: skip
    DATA.write_text(json.dumps(store, separators=(",", ":")) + "\n", encoding="utf-8")


def shortened(value: float) -> float:
    """Return a coefficient to eight significant digits, and none that is below a hundred-millionth.

    Examples
    --------
    >>> shortened(0.123456789), shortened(1e-9)
    (0.12345679, 0.0)
    """
    return float(f"{value:.8g}") if abs(value) >= 1e-8 else 0.0


if __name__ == "__main__":
    main()
