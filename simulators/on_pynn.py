"""PyNN over NEST: IF_curr_exp, with PyNN's default precision of spikes and on the grid."""

import pyNN.nest as sim

PACKAGE = "PyNN"
DELAY = 1.0


def if_curr_exp(precision, shortest):
    """Return the function that runs an experiment; cm = tau_m makes a current one of voltage.

    Off the grid a refractory time of less than a step is refused; no current can be recorded.
    """

    def run(e):
        fires = e.spikes > 0 or e.v >= e.v_th
        if e.i or (fires and e.refractory < shortest):
            return None
        sim.setup(timestep=e.dt, min_delay=e.dt, spike_precision=precision)
        cell = sim.Population(
            1,
            sim.IF_curr_exp(
                cm=e.tau_m,
                tau_m=e.tau_m,
                tau_syn_E=e.tau_s,
                tau_syn_I=e.tau_s,
                v_rest=0.0,
                v_reset=0.0,
                v_thresh=e.v_th,
                tau_refrac=max(e.refractory, shortest),
                i_offset=0.0 if e.onset else e.drive,
            ),
        )
        cell.initialize(v=e.v)
        cell.record(["v", "spikes"])
        if e.onset:
            cell.inject(sim.DCSource(amplitude=e.drive, start=e.onset))
        for time, weight in e.inputs:
            source = sim.Population(1, sim.SpikeSourceArray(spike_times=[time - DELAY]))
            synapse = sim.StaticSynapse(weight=weight, delay=DELAY)
            sim.Projection(source, cell, sim.AllToAllConnector(), synapse)
        sim.run(e.steps * e.dt)
        (segment,) = cell.get_data().segments
        (v,) = segment.analogsignals
        times = [float(t) for t in v.times.rescale("ms")]
        spikes = [float(t) for t in segment.spiketrains[0].times.rescale("ms")]
        sim.end()
        spikes = [t for t in spikes if t <= times[-1]]
        return {"times": times, "v": v.magnitude[:, 0], "spikes": spikes}

    return run


VARIANTS = {
    "IF_curr_exp": if_curr_exp("off_grid", 0.5),
    'IF_curr_exp, spike_precision="on_grid"': if_curr_exp("on_grid", 0.0),
}
