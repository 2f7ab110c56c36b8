"""The benchmark's recurrent network in Brian2's C++ standalone mode; prints seconds and spikes.

    python benchmarks/brian2/recurrent.py FILE STEPS REPEAT H MU SIGMA TAU

Run by `benchmarks/recurrent.py` in an environment of its own, as Brian2 asks for an older NumPy.
FILE has the synapses: `source` and `target`, `weights` of the excitatory ones, which come first,
and of the inhibitory ones, and the `sizes` of the two populations.

The seconds are those of the run alone, of the fastest of REPEAT: neither of compiling nor of making
the synapses. Preferences are Brian2's own, nothing is monitored, weights are constants in the code
of one projection a population, which is faster than one number a synapse, and spikes are counted
as part of the reset, at a cost for those neurons only that spike.
"""

import sys

import numpy as np
from brian2 import NeuronGroup, Synapses
from standalone import best_run, standalone

steps, repeat = (int(text) for text in sys.argv[2:4])
h, mu, sigma, tau = (float(text) for text in sys.argv[4:])
drawn = np.load(sys.argv[1])
source, target, sizes = drawn["source"], drawn["target"], drawn["sizes"].tolist()

equations = f"""
dv/dt = (current - v) / second : 1
dcurrent/dt = ({mu!r} - current) / ({tau!r} * second) + {sigma!r} * xi * second**-0.5 : 1
so_far : integer
"""
with standalone(h):
    group = NeuronGroup(
        sum(sizes), equations, threshold="v >= 1", reset="v = 0; so_far += 1", method="euler"
    )
    group.current = mu
    projections, first = [], 0
    for size, weight in zip(sizes, drawn["weights"], strict=True):
        own = (first <= source) & (source < first + size)
        projection = Synapses(
            group[first : first + size], group, on_pre=f"current_post += {float(weight)!r}"
        )
        projection.connect(i=source[own] - first, j=target[own])
        projections.append(projection)
        first += size
    print(best_run([group, *projections], steps, h, repeat), group.so_far[:].sum())
