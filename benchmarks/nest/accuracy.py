"""Neurons alone in NEST, with noise through the synapse; prints seconds and spikes.

    python benchmarks/nest/accuracy.py NEURONS STEPS REPEAT H MU SIGMA TAU

Run by `benchmarks/accuracy.py`. The neurons are those of `benchmarks/nest/neurons.py`; spikes go to
a recorder that counts them.
"""

import sys

from neurons import noisy_neurons, tell_best_run

neurons, steps, repeat = (int(text) for text in sys.argv[1:4])
group, dt = noisy_neurons(neurons, *(float(text) for text in sys.argv[4:]))
tell_best_run(group, steps, dt, repeat)
