"""Neurons alone in NEST, with noise through the synapse; prints seconds and spikes.

    python benchmarks/nest/accuracy.py NEURONS STEPS REPEAT H MU SIGMA TAU

Run by `benchmarks/accuracy.py`. The neurons are `iaf_psc_exp`, C_m = tau_m = 1024 ms, so that a
step is a whole number of its tics. Their noise, drawn once a step, passes through the synapse, with
an amplitude that makes the variance of the current at the steps right, as in
`simulators/on_nest.py`; spikes go to a recorder that counts them. Seconds are processor time of the
fastest of REPEAT runs, without building.
"""

import math
import sys
import time

import nest

neurons, steps, repeat = (int(text) for text in sys.argv[1:4])
h, mu, sigma, tau = (float(text) for text in sys.argv[4:])
UNIT = 1024.0
dt = round(h * UNIT, 3)  # a whole number of NEST's tics of 1 µs
nest.verbosity = nest.VerbosityLevel.ERROR
nest.resolution = dt
group = nest.Create(
    "iaf_psc_exp",
    neurons,
    params={
        "C_m": UNIT, "tau_m": UNIT, "tau_syn_ex": tau * UNIT, "tau_syn_in": tau * UNIT,
        "E_L": 0.0, "V_th": 1.0,
        "V_reset": 0.0, "t_ref": 0.0, "V_m": nest.random.uniform(0.0, 1.0), "I_e": mu,
    },
)  # fmt: skip
fade = math.exp(-dt / (tau * UNIT))
std = sigma * math.sqrt(tau / 2.0) * math.sqrt(1.0 - fade**2) / (1.0 - fade)
source = nest.Create("noise_generator", params={"mean": 0.0, "std": std, "dt": dt})
nest.Connect(source, group, syn_spec={"receptor_type": 1, "delay": dt})
recorder = nest.Create("spike_recorder", params={"record_to": "memory"})
nest.Connect(group, recorder, syn_spec={"delay": dt})
nest.Prepare()
times = []
for _ in range(repeat):
    before = recorder.n_events
    begun = time.process_time()
    nest.Run(steps * dt)
    times.append(time.process_time() - begun)
print(min(times), recorder.n_events - before)
