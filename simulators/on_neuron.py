"""NEURON: IntFire4, which has a synapse but no drive. A weight is the height of its potential."""

import math

from neuron import h

PACKAGE = "neuron"
h.load_file("stdrun.hoc")


def int_fire_4(e):
    """Run an experiment from event to event; V and I are read at the steps."""
    if e.drive or e.refractory:
        return None
    cell = h.IntFire4()
    cell.taue, cell.taum = e.tau_s, e.tau_m
    cell.taui1, cell.taui2 = (e.tau_s + e.tau_m) / 2.0, e.tau_m - 0.5  # in this order, and unused
    rates = 1.0 / e.tau_s - 1.0 / e.tau_m
    turn = math.log(e.tau_m / e.tau_s) / rates
    height = math.exp(-turn / e.tau_m) - math.exp(-turn / e.tau_s)
    scale = height * e.tau_s / (e.tau_m - e.tau_s)  # of a weight that makes I = 1
    synapse = h.NetCon(None, cell)
    synapse.delay, synapse.weight[0] = 0.0, 1.0
    spikes, out = h.Vector(), h.NetCon(cell, None)
    out.record(spikes)
    weights = {time: scale * sum(w for t, w in e.inputs if t == time) for time, _ in e.inputs}
    sources = []
    for time, weight in weights.items():
        synapse = h.NetCon(None, cell)
        synapse.delay, synapse.weight[0] = 0.0, weight
        sources.append((synapse, time))
    start = h.FInitializeHandler(lambda: [s.event(time) for s, time in sources])
    h.dt, h.steps_per_ms = e.dt, round(1.0 / e.dt)
    h.finitialize()
    cell.m, cell.e = e.v, scale * e.i
    rows = []
    for _ in range(e.steps + 1):
        rows.append((h.t, cell.M(), e.tau_m * cell.E()))
        h.fadvance()
    del start, out
    times, v, i = zip(*rows, strict=True)
    spikes = [t for t in spikes if t <= times[-1]]
    return {"times": times, "v": v, "i": i, "spikes": spikes}


VARIANTS = {"IntFire4": int_fire_4}
