"""The noisy neurons of the benchmarks in NEST, and the time that a run of them takes."""

import math
import time

import nest

UNIT = 1024.0
"""Milliseconds in a unit of time, so that a step is a whole number of NEST's tics of 1 µs."""


def noisy_neurons(count, h, mu, sigma, tau):
    """Make `iaf_psc_exp` neurons with noise through the synapse; return them and dt.

    Their noise, drawn once a step, has an amplitude that makes the variance of the current at the
    steps right, as in `simulators/on_nest.py`.
    """
    dt = round(h * UNIT, 3)
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.resolution = dt
    group = nest.Create(
        "iaf_psc_exp",
        count,
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
    return group, dt


def tell_best_run(group, steps, dt, repeat):
    """Print the processor time of the fastest of some runs, without building, and its spikes."""
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
