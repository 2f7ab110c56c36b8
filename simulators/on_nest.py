"""NEST: iaf_psc_exp. C_m = tau_m, so that a current is in units of the voltage that it holds."""

import math

import nest
import numpy as np

PACKAGE = "nest-simulator"
DELAY = 1.0


def iaf_psc_exp(e):
    """Run an experiment; a current at time 0 cannot be set, only arrive."""
    if e.i:
        return None
    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.resolution = e.dt
    neuron = nest.Create(
        "iaf_psc_exp",
        params={
            "C_m": e.tau_m,
            "tau_m": e.tau_m,
            "tau_syn_ex": e.tau_s,
            "E_L": 0.0,
            "V_th": e.v_th,
            "V_reset": 0.0,
            "t_ref": e.refractory,
            "V_m": e.v,
            "I_e": 0.0 if e.onset else e.drive,
        },
    )
    for time, weight in e.inputs:
        source = nest.Create("spike_generator", params={"spike_times": [time - DELAY]})
        nest.Connect(source, neuron, syn_spec={"weight": weight, "delay": DELAY})
    meter = nest.Create("multimeter", params={"record_from": ["V_m", "I_syn_ex"], "interval": e.dt})
    recorder = nest.Create("spike_recorder")
    nest.Connect(meter, neuron, syn_spec={"delay": e.dt})
    nest.Connect(neuron, recorder, syn_spec={"delay": e.dt})
    if e.onset:
        nest.Simulate(e.onset)
        neuron.I_e = e.drive
    nest.Simulate(e.steps * e.dt - e.onset)
    seen = meter.events
    times = seen["times"]
    spikes = [t for t in recorder.events["times"] if t <= times[-1]]
    return {"times": times, "v": seen["V_m"], "i": seen["I_syn_ex"], "spikes": spikes}


def spike_counts(run):
    """Count the spikes of neurons whose noise, drawn once a step, passes through the synapse.

    A noise x of standard deviation s makes I' = a I + (1 - a) x, with a = exp(-dt/tau_s); so
    s (1 - a)/sqrt(1 - a^2) is that of I.
    """
    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.resolution = run.dt
    nest.rng_seed = run.seed
    fade = math.exp(-run.dt / run.tau_s)
    neurons = nest.Create(
        "iaf_psc_exp",
        run.neurons,
        params={
            "C_m": run.tau_m,
            "tau_m": run.tau_m,
            "tau_syn_ex": run.tau_s,
            "tau_syn_in": run.tau_s,
            "E_L": 0.0,
            "V_th": 1.0,
            "V_reset": 0.0,
            "t_ref": 0.0,
            "V_m": nest.random.uniform(0.0, 1.0),
            "I_e": run.mu,
        },
    )
    std = run.sd * math.sqrt(1.0 - fade**2) / (1.0 - fade)
    source = nest.Create("noise_generator", params={"mean": 0.0, "std": std, "dt": run.dt})
    through_synapse = {"receptor_type": 1, "delay": run.dt}
    nest.Connect(source, neurons, syn_spec=through_synapse)
    recorder = nest.Create("spike_recorder", params={"start": run.burn_in})
    nest.Connect(neurons, recorder, syn_spec={"delay": run.dt})
    nest.Simulate(run.burn_in + run.time)
    senders = np.array(recorder.events["senders"]) - neurons[0].global_id
    return np.bincount(senders, minlength=run.neurons)


VARIANTS = {"iaf_psc_exp": iaf_psc_exp}
