"""Time a network with loops on one core, and Brian2's C++ standalone mode beside it.

    python benchmarks/recurrent.py [--repeat N] [--quick] [--brian2 PYTHON]

A balanced network of 10^4 neurons, four fifths of them excitatory, each with 100 inputs drawn at
random in the same shares; noise makes it spike irregularly, at about 8 Hz. A unit of time is the
membrane's time constant, 20 ms; a run is 1 s of 10^4 steps of 0.1 ms, one path. Weights go as the
root of the inverse number of inputs, so that any number of them brings the same mean and variance.

Figures are nanoseconds for one neuron-step, with noise, synaptic events, and what `simulate` does
before and after, the best of several repetitions; an event is one spike at one synapse. Brian2
runs the same synapses; its figure is the best of as many runs, without compiling or making synapses
(its settings are told in `benchmarks/brian2/recurrent.py`). Both are processor time, the only one
that Brian2 tells; two threads are timed by the clock on the wall and want an idle machine. PYTHON
has Brian2 installed; by default it is the one that `make bench` sets up.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from core import high_water, in_new_process
from layers import brian2, command_line
from scipy import sparse

from lifcore import LIF, Recurrent, simulate

NEURONS, INPUTS, SECOND, H = 10_000, 100, 50.0, 0.005
NEURON = LIF(g=1.0, mu=0.75, sigma=1.5, tau=0.25)
WEIGHT, INHIBITION = 0.1, 4.0  # an excitatory synapse among 100, and how much an inhibitory one is
TARGET, TARGET_RATIO = 7.0, 2.5


def balanced(neurons: int, inputs: int) -> Recurrent:
    """Return the network with so many neurons, and so many inputs each, none twice."""
    rng = np.random.default_rng(1)
    excitatory, own = neurons * 4 // 5, inputs * 4 // 5
    sources = np.empty((neurons, inputs), np.int32)
    for row in sources:
        row[:own] = rng.choice(excitatory, own, replace=False)
        row[own:] = excitatory + rng.choice(neurons - excitatory, inputs - own, replace=False)
    weight = WEIGHT * (INPUTS / inputs) ** 0.5
    weights = np.empty(sources.shape)
    weights[:, :own], weights[:, own:] = weight, -INHIBITION * weight
    first = np.arange(neurons + 1) * inputs
    matrix = sparse.csr_array((weights.ravel(), sources.ravel(), first), (neurons, neurons))
    return Recurrent(NEURON, matrix)


def run(
    network: Recurrent,
    steps: int,
    scheme: str = "euler",
    h: float = H,
    threads: int = 1,
    repeat: int = 1,
    clock: Callable[[], float] = time.process_time,
) -> tuple[float, float]:
    """Return the best time of one path on each thread, and spikes per neuron and unit of time."""
    times = []
    with ThreadPoolExecutor(threads) as pool:
        request = {"h": h, "T": steps * h, "paths": threads, "seed": 1, "scheme": scheme}
        for _ in range(repeat):
            begun = clock()
            ensemble = simulate(network, executor=pool, **request)
            times.append(clock() - begun)
    return min(times), float(ensemble.spike_counts.mean()) / (steps * h)


def store(network: Recurrent, file: Path) -> None:
    """Write the synapses as other simulators read them."""
    synapses = network.weights.tocsc().tocoo()  # by source, which is the faster order
    excitatory = NEURONS * 4 // 5
    np.savez(
        file,
        source=synapses.col,
        target=synapses.row,
        sizes=[excitatory, NEURONS - excitatory],
        weights=[synapses.data.max(), synapses.data.min()],
    )


def beside(python: str, network: Recurrent, steps: int, repeat: int) -> tuple[float, float]:
    """Return the same two numbers for Brian2."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "synapses.npz"
        store(network, file)
        numbers = steps, repeat, H, NEURON.mu, NEURON.sigma, NEURON.tau
        seconds, spikes = brian2(python, "recurrent.py", file, *numbers)
    return seconds, spikes / (NEURONS * steps * H)


def peak_memory(inputs: int) -> float:
    """Growth of this new process's peak memory by drawing a network and running it, in MiB."""
    run(balanced(1000, 20), 16)  # load or compile the kernels
    before = high_water()
    run(balanced(NEURONS, inputs), 16)
    return high_water() - before


def main() -> None:
    """Print the tables."""
    options = command_line(__doc__.splitlines()[0], 5, "a fifth of the steps")
    steps = 2000 if options.quick else 10_000
    small = balanced(1000, INPUTS)
    run(small, 16), run(small, 16, "exact")  # compile

    network = balanced(NEURONS, INPUTS)
    best, rate = run(network, steps, repeat=options.repeat)
    ours = best / (NEURONS * steps) * 1e9
    print(f"\n{NEURONS} neurons, {INPUTS} inputs each, {steps} steps of {H}, one core: ns")
    print(
        f"Euler, lifcore                        {ours:8.2f}         {rate * SECOND:6.2f} Hz, "
        f"{rate * H * INPUTS:.3f} events a step"
    )
    print(f"target: {TARGET:g} ns, {'met' if ours <= TARGET else 'missed'}")
    if Path(options.brian2).exists():
        seconds, theirs = beside(options.brian2, network, steps, options.repeat)
        ratio = seconds / best
        print(
            f"Euler, Brian2, C++ standalone         {ours * ratio:8.2f} {ratio:6.2f}x "
            f"{theirs * SECOND:6.2f} Hz, {100 * (theirs / rate - 1):+.1f} %"
        )
        print(f"target: {TARGET_RATIO:g}x, {'met' if ratio >= TARGET_RATIO else 'missed'}")
    one, two = (
        run(network, steps, threads=k, repeat=options.repeat, clock=time.perf_counter)[0]
        for k in (1, 2)
    )
    print(f"two paths on two threads take         {two / one:8.2f}  times as long as one on one")

    print("\nneurons  inputs       ns      Hz  events a step")
    table = []
    for neurons, inputs in (
        *((NEURONS * 2**k // 8, INPUTS) for k in range(5)),
        *((NEURONS, INPUTS * 2**k // 4) for k in range(4)),
    ):
        best, rate = run(balanced(neurons, inputs), steps, repeat=options.repeat)
        cost, events = best / (neurons * steps) * 1e9, rate * H * inputs
        table.append((events, cost))
        print(f"{neurons:7d} {inputs:7d} {cost:8.2f} {rate * SECOND:7.2f} {events:14.3f}")
    slope, constant = np.polyfit(*np.array(table[-4:]).T, 1)
    print(f"{NEURONS} neurons: {constant:.2f} ns + {slope:.2f} ns an event")

    count = small.sizes[0]
    print(f"\nexact, {count} neurons, {INPUTS} inputs each: ns, and seconds a unit of time")
    for k in (3, 5, 6, 7, 9, 10):
        many = 5 * 2**k
        best, _ = run(small, many, "exact", 2.0**-k, repeat=options.repeat)
        print(f"h = 1/{2**k:<5d} {best / (count * many) * 1e9:10.1f} {best / 5:8.4f}")

    if Path("/proc/self/status").exists():
        print("\ngrowth of peak memory in a new process, Euler: MiB, and bytes a synapse")
        for inputs in (50, 100, 200, 400):
            growth = in_new_process(peak_memory, inputs)
            share = growth * 2**20 / (NEURONS * inputs)
            print(f"{inputs:4d} inputs {growth:8.1f} {share:8.1f}")


if __name__ == "__main__":
    main()
