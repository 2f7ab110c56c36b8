"""Evidence for the noise: a thousand million normals, and a battery of tests on the raw words.

    python benchmarks/normals.py [--normals N] [--json FILE]
    python benchmarks/normals.py --words | dieharder -a -g 200 -k 2 -Y 1 | tee battery.txt
    python benchmarks/normals.py --battery battery.txt --json FILE

The first draws the normals of `noise="gauss"` as runs do, lanes by blocks by neurons, and compares
their moments, their distribution, their tails, and the correlation of neighbours (lanes, steps,
blocks and neurons) with those of independent normals. Every figure is in standard errors, or a
probability that truth would show one as large. The second writes words without end, as the lanes of
one block give them in turn, for any battery that reads raw bits; dieharder is a Debian package. The
third adds a battery's results to those that are stored.

Source: R. G. Brown, Dieharder: a random number test suite, version 3.31.1.
https://webhome.phy.duke.edu/~rgb/General/dieharder.php
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from scipy import special, stats

from lifcore.noise.lanes import lane_states, next_words
from lifcore.noise.sources import fill, source
from lifcore.noise.streams import BLOCK

SEED, NEURONS, ROWS = 1, 4, 4096
BINS = 2**16
TAILS = (3.0, 4.0, 5.0, 6.0)


@njit(nogil=True)
def _draw(own, out):
    fill(own, out, out.shape[1], 1.0)


@njit(nogil=True)
def _write(states, out):
    for row in out:
        next_words(states, 0, row)


def drawn(count: int) -> Iterator[np.ndarray]:
    """Yield normals, shape (neurons, steps, lanes), block by block."""
    root = np.random.SeedSequence(SEED)
    for block in range(-(-count // (NEURONS * ROWS * BLOCK))):
        out = np.empty((NEURONS, ROWS, BLOCK))
        for neuron in range(NEURONS):
            _draw(source("gauss", root, block, neuron, BLOCK), out[neuron])
        yield out


def evidence(count: int) -> dict[str, Any]:
    """Return what the normals look like."""
    powers, histogram, tails = np.zeros(9), np.zeros(BINS, np.int64), np.zeros((2, len(TAILS)))
    neighbours = dict.fromkeys(("lanes", "steps", "blocks", "neurons"), 0.0)
    pairs = Counter[str]()
    before, total = None, 0
    for z in drawn(count):
        total += z.size
        power = np.ones_like(z)
        for p in range(1, 9):
            power *= z
            powers[p] += power.sum()
        place = np.minimum((special.ndtr(z) * BINS).astype(np.int64), BINS - 1)
        histogram += np.bincount(place.ravel(), minlength=BINS)
        for k, edge in enumerate(TAILS):
            tails[:, k] += np.count_nonzero(z < -edge), np.count_nonzero(z > edge)
        beside = {"lanes": (z[..., 1:], z[..., :-1]), "steps": (z[:, 1:], z[:, :-1]),
                  "neurons": (z[1:], z[:-1])}  # fmt: skip
        if before is not None:
            beside["blocks"] = z, before
        for name, (x, y) in beside.items():
            neighbours[name] += float(np.vdot(x, y))
            pairs[name] += x.size
        before = z
    moments = {}
    for p in range(1, 9):
        truth, square = (special.factorial2(q - 1) if q % 2 == 0 else 0.0 for q in (p, 2 * p))
        moments[str(p)] = (powers[p] / total - truth) / math.sqrt((square - truth**2) / total)
    steps = np.cumsum(histogram) / total - np.arange(1, BINS + 1) / BINS
    distance = float(np.abs(steps).max())
    chi = float(((histogram - total / BINS) ** 2).sum() / (total / BINS))
    expected = total * special.ndtr(-np.array(TAILS))
    return {
        "normals": total,
        "moments, in standard errors": {p: round(z, 2) for p, z in moments.items()},
        "Kolmogorov-Smirnov, p": round(float(special.kolmogorov(distance * math.sqrt(total))), 4),
        f"chi square in {BINS} equal bins, p": round(float(stats.chi2.sf(chi, BINS - 1)), 4),
        "tails": {
            f"{edge:g}": {
                "below": int(tails[0, k]), "above": int(tails[1, k]),
                "expected": round(float(expected[k]), 1),
                "p": round(min(1.0, min(_two_sided(n, expected[k]) for n in tails[:, k]) * 2), 4),
            }
            for k, edge in enumerate(TAILS)
        },
        "correlations, in standard errors": {
            name: round(value / math.sqrt(pairs[name]), 2) for name, value in neighbours.items()
        },
    }  # fmt: skip


def _two_sided(count: float, mean: float) -> float:
    """Probability that a Poisson number is at least as far out to its side, doubled."""
    return 2.0 * min(stats.poisson.cdf(count, mean), stats.poisson.sf(count - 1, mean))


def battery(file: Path) -> dict[str, Any]:
    """Return what dieharder has said: how many tests, and those it did not pass."""
    rows = [
        [cell.strip() for cell in line.split("|")]
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.count("|") == 5 and not line.startswith("#") and "test_name" not in line
    ]
    return {
        "tests": len(rows),
        "verdicts": dict(Counter(row[5] for row in rows)),
        "not passed": [" ".join(row) for row in rows if row[5] != "PASSED"],
    }


def words() -> None:
    """Write words without end, until nobody reads them."""
    states, out = lane_states(np.random.SeedSequence(SEED), 0), np.empty((ROWS, BLOCK), np.uint64)
    while True:
        _write(states, out)
        sys.stdout.buffer.write(out.tobytes())


def main() -> None:
    """Measure and store, or write words."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--normals", type=float, default=1e9, help="how many (1e9)")
    parser.add_argument("--words", action="store_true", help="write raw words to the output")
    parser.add_argument("--battery", type=Path, metavar="FILE", help="what dieharder has printed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to store it")
    options = parser.parse_args()
    if options.words:
        try:
            words()
        except BrokenPipeError:
            sys.stderr.close()  # the reader is done
        return
    found = (
        {"battery": battery(options.battery)} if options.battery else evidence(int(options.normals))
    )
    print(json.dumps(found, indent=1))
    if options.json:
        kept = json.loads(options.json.read_text("utf-8")) if options.json.exists() else {}
        kept |= {"date": datetime.now(UTC).date().isoformat(), "seed": SEED, **found}
        options.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
