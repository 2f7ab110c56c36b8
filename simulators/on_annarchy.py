"""ANNarchy: the equations as users write them, by two of its methods; threshold v >= 1."""

import os
import sys
from functools import cache
from pathlib import Path

import ANNarchy

# it compiles with the first python3 on the path, which has to be this one
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
PACKAGE = "ANNarchy"


@cache
def compiled(method, dt, refractory):
    """Return a network of one neuron with two sources of inputs, compiled once."""
    network = ANNarchy.Network(dt=dt)
    cell = network.create(
        1,
        ANNarchy.Neuron(
            parameters={"tau_m": 10.0, "tau_s": 2.0, "drive": 0.0, "v_th": 1.0},
            equations=f"""
                tau_m * dv/dt = g_exc + drive - v : {method}
                tau_s * dg_exc/dt = -g_exc : {method}
            """,
            spike="v >= v_th",
            reset="v = 0.0",
            refractory=refractory,
        ),
    )
    sources = network.create(ANNarchy.SpikeSourceArray(spike_times=[[], []]))
    synapses = network.connect(sources, cell, target="exc")
    synapses.all_to_all(weights=1.0, force_multiple_weights=True)
    monitor = network.monitor(cell, ["v", "g_exc", "spike"])
    network.compile(directory=f"annarchy_{method}_{refractory}/")
    return network, cell, sources, synapses, monitor


def method(name):
    """Return the function that runs an experiment by one method."""

    def run(e):
        network, cell, sources, synapses, monitor = compiled(name, e.dt, e.refractory)
        given = [*e.inputs, *[(0.0, 0.0)] * 2][:2]
        sources.spike_times = [[t - e.dt] if w else [] for t, w in given]  # the least delay
        network.reset(populations=True, monitors=True)
        cell.tau_m, cell.tau_s, cell.v_th = e.tau_m, e.tau_s, e.v_th
        cell.v, cell.g_exc, cell.drive = e.v, e.i, 0.0 if e.onset else e.drive
        for rank, (_, weight) in enumerate(given):
            synapses.dendrite(0)[rank].w = weight
        if e.onset:
            network.simulate(e.onset)
            cell.drive = e.drive
        network.simulate((e.steps + 1) * e.dt - e.onset)
        # the monitor keeps v as it is after a step, and g_exc as it was before
        v, i = monitor.get("v")[:-1, 0], monitor.get("g_exc")[1:, 0]
        spikes = [n * e.dt for n in monitor.get("spike")[0] if n < e.steps]
        return {"times": [n * e.dt for n in range(e.steps)], "v": v, "i": i, "spikes": spikes}

    return run


VARIANTS = {"explicit": method("explicit"), "exponential": method("exponential")}
