"""The benchmark's recurrent network in NEST; prints seconds and spikes.

    python benchmarks/nest/recurrent.py FILE STEPS REPEAT H MU SIGMA TAU

Run by `benchmarks/speed.py`. FILE is that of `benchmarks/brian2/recurrent.py`; the neurons are
those of `benchmarks/nest/neurons.py`, delays are one step. It is timed on one thread, without
making the synapses.
"""

import sys

import nest
import numpy as np
from neurons import noisy_neurons, tell_best_run

steps, repeat = (int(text) for text in sys.argv[2:4])
drawn = np.load(sys.argv[1])
group, dt = noisy_neurons(int(drawn["sizes"].sum()), *(float(text) for text in sys.argv[4:]))
ids = np.array(group.tolist())
weights = drawn["weights"][(drawn["source"] >= drawn["sizes"][0]).astype(int)]
nest.Connect(
    ids[drawn["source"]], ids[drawn["target"]], "one_to_one",
    {"weight": weights, "delay": np.full(weights.size, dt)},
)  # fmt: skip
tell_best_run(group, steps, dt, repeat)
