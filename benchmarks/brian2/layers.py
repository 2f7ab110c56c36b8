"""The benchmark's layered network in Brian2's C++ standalone mode; prints seconds of the run alone.

    python benchmarks/brian2/layers.py LAYERS NEURONS PATHS STEPS WEIGHT

Run by `benchmarks/layers.py` in an environment of its own, as Brian2 asks for an older NumPy. All
paths are one group a layer, with the synapses within each path.
"""

import sys
from itertools import pairwise

import numpy as np
from brian2 import NeuronGroup, Synapses
from standalone import best_run, standalone

layers, neurons, paths, steps = (int(text) for text in sys.argv[1:5])
weight, h = float(sys.argv[5]), 2.0**-10

equations = """
dv/dt = (current - v) / second : 1
dcurrent/dt = (1.5 - current) / (0.5 * second) + 0.3 * xi * second**-0.5 : 1
"""
with standalone(h):
    groups, synapses = [], []
    for _ in range(layers):
        group = NeuronGroup(
            neurons * paths, equations, threshold="v >= 1", reset="v = 0", method="euler"
        )
        group.current = 1.5
        groups.append(group)
    source, target = np.divmod(np.arange(neurons * neurons), neurons)
    first = neurons * np.arange(paths)[:, None]
    for before, after in pairwise(groups):
        projection = Synapses(before, after, on_pre=f"current_post += {weight!r}")
        projection.connect(i=(first + source).ravel(), j=(first + target).ravel())
        synapses.append(projection)
    print(best_run([*groups, *synapses], steps, h))
