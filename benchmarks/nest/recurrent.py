"""The benchmark's recurrent network in NEST; prints seconds and spikes.

    python benchmarks/nest/recurrent.py FILE STEPS REPEAT H MU SIGMA TAU

Run by `benchmarks/speed.py`. FILE is that of `benchmarks/brian2/recurrent.py`; neurons and their
noise are those of `benchmarks/nest/accuracy.py`, delays are one step. Seconds are processor time of
the fastest of REPEAT runs on one thread, without making the synapses.
"""

import math
import sys
import time

import nest
import numpy as np

steps, repeat = (int(text) for text in sys.argv[2:4])
h, mu, sigma, tau = (float(text) for text in sys.argv[4:])
drawn = np.load(sys.argv[1])
UNIT = 1024.0
dt = round(h * UNIT, 3)
nest.verbosity = nest.VerbosityLevel.ERROR
nest.resolution = dt
group = nest.Create(
    "iaf_psc_exp",
    int(drawn["sizes"].sum()),
    params={
        "C_m": UNIT, "tau_m": UNIT, "tau_syn_ex": tau * UNIT, "tau_syn_in": tau * UNIT,
        "E_L": 0.0, "V_th": 1.0,
        "V_reset": 0.0, "t_ref": 0.0, "V_m": nest.random.uniform(0.0, 1.0), "I_e": mu,
    },
)  # fmt: skip
ids = np.array(group.tolist())
weights = drawn["weights"][(drawn["source"] >= drawn["sizes"][0]).astype(int)]
nest.Connect(
    ids[drawn["source"]], ids[drawn["target"]], "one_to_one",
    {"weight": weights, "delay": np.full(weights.size, dt)},
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
