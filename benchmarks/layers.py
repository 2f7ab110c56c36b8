"""Time a layered network on one core, and Brian2's C++ standalone mode beside it.

    python benchmarks/layers.py [--repeat N] [--quick] [--brian2 PYTHON]

3 layers of 100 neurons, all to all, 200 paths, 10240 steps of 1/1024. Figures are nanoseconds for
one neuron-step, noise and synapses included, the best of several repetitions; only the paths asked
for are counted, though the noise of a block of 256 is always drawn. PYTHON has Brian2 installed; by
default it is the one that `make bench` sets up.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from core import high_water, in_new_process

from lifcore import LIF, Feedforward, simulate

LAYERS, NEURONS, PATHS, WEIGHT, H = 3, 100, 200, 0.005, 2.0**-10
TARGET, TARGET_RATIO = 5.0, 4.0
BRIAN2 = Path(__file__).parents[1] / "_build" / "brian2" / "bin" / "python"
NETWORK = Feedforward(
    [LIF(mu=1.5, sigma=0.3, tau=0.5)] * LAYERS, [np.full((NEURONS, NEURONS), WEIGHT)] * (LAYERS - 1)
)


def seconds(steps: int, scheme: str = "euler", h: float = H) -> float:
    """Processor time of one run on one core, as Brian2 tells its own."""
    with ThreadPoolExecutor(1) as pool:
        begun = time.process_time()
        simulate(NETWORK, h=h, T=steps * h, paths=PATHS, seed=1, scheme=scheme, executor=pool)
        return time.process_time() - begun


def peak_memory(steps: int) -> float:
    """Growth of this new process's peak memory by a run of so many steps, in MiB."""
    seconds(64)
    before = high_water()
    seconds(steps)
    return high_water() - before


def brian2(python: str, script: str, *arguments: object) -> list[float]:
    """Return the numbers that a script of the folder brian2 prints last."""
    path = Path(__file__).parent / "brian2" / script
    done = subprocess.run(
        [python, str(path), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"Brian2 failed:\n{done.stderr}")
    return [float(text) for text in done.stdout.splitlines()[-1].split()]


def command_line(description: str, repeat: int, quick: str) -> argparse.Namespace:
    """Return the options of a benchmark that has Brian2 beside it."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--repeat", type=int, default=repeat, help=f"repetitions ({repeat})")
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--brian2", metavar="PYTHON", default=str(BRIAN2), help="with Brian2")
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    options = command_line(__doc__.splitlines()[0], 5, "a tenth of the steps")
    steps = 1024 if options.quick else 10240
    count = LAYERS * NEURONS * PATHS * steps
    seconds(64), seconds(64, "exact")  # compile
    ours = min(seconds(steps) for _ in range(options.repeat)) / count * 1e9
    print(f"\n{LAYERS} layers x {NEURONS} neurons, {PATHS} paths, {steps} steps, one core: ns")
    print(f"Euler, lifcore                        {ours:8.2f}")
    print(f"target: {TARGET:g} ns, {'met' if ours <= TARGET else 'missed'}")
    if Path(options.brian2).exists():
        network = LAYERS, NEURONS, PATHS, steps, WEIGHT
        (theirs,) = brian2(options.brian2, "layers.py", *network)
        theirs *= 1e9 / count
        ratio = theirs / ours
        print(f"Euler, Brian2, C++ standalone         {theirs:8.2f} {ratio:6.1f}x")
        print(f"target: {TARGET_RATIO:g}x, {'met' if ratio >= TARGET_RATIO else 'missed'}")
    for k in (4, 6, 8, 10):
        exact = seconds(2**k, "exact", 2.0**-k) / (LAYERS * NEURONS * PATHS * 2**k) * 1e9
        print(f"exact, h = 1/{2**k:<5d}                     {exact:8.2f}")
    if Path("/proc/self/status").exists():
        print("\ngrowth of peak memory in a new process, Euler, MiB")
        for many in (2048, 4096, 8192):
            print(f"{many:6d} steps {in_new_process(peak_memory, many):8.1f}")


if __name__ == "__main__":
    main()
