"""Neurons alone, with noise in their current, in Brian2's C++ standalone mode; prints two numbers.

    python benchmarks/brian2/accuracy.py NEURONS STEPS REPEAT H MU SIGMA TAU

Run by `benchmarks/accuracy.py`. The numbers are seconds of processor time of the fastest of REPEAT
runs, without compiling, and spikes. Preferences are Brian2's own; spikes are counted as part of the
reset, at a cost for those neurons only that spike.
"""

import sys

from brian2 import NeuronGroup
from standalone import best_run, standalone

neurons, steps, repeat = (int(text) for text in sys.argv[1:4])
h, mu, sigma, tau = (float(text) for text in sys.argv[4:])

equations = f"""
dv/dt = (current - v) / second : 1
dcurrent/dt = ({mu!r} - current) / ({tau!r} * second) + {sigma!r} * xi * second**-0.5 : 1
so_far : integer
"""
with standalone(h):
    group = NeuronGroup(
        neurons, equations, threshold="v >= 1", reset="v = 0; so_far += 1", method="euler"
    )
    group.current = mu
    print(best_run([group], steps, h, repeat), group.so_far[:].sum())
