"""Nengo: LIF. A drive is a Node's output, an input an impulse through a Lowpass synapse."""

import nengo
import numpy as np

PACKAGE = "nengo"


def lif(e):
    """Run an experiment; a synapse begins empty."""
    if e.i:
        return None
    dt = e.dt / 1000.0
    fade = np.exp(-e.dt / e.tau_s)

    def drive(t):
        return e.drive if round(t / dt) * e.dt >= e.onset else 0.0

    def impulse(t):
        return sum(w for time, w in e.inputs if round(t / dt) * e.dt == time) / (1.0 - fade)

    with nengo.Network() as network:
        cells = nengo.Ensemble(
            1,
            1,
            gain=[1.0],
            bias=[0.0],
            neuron_type=nengo.LIF(
                tau_rc=e.tau_m / 1000.0,
                tau_ref=e.refractory / 1000.0,
                initial_state={"voltage": nengo.dists.Choice([e.v])},
            ),
        )
        nengo.Connection(nengo.Node(drive), cells.neurons, synapse=None)
        synapse = nengo.Connection(
            nengo.Node(impulse), cells.neurons, synapse=nengo.Lowpass(e.tau_s / 1000.0)
        )
        voltage = nengo.Probe(cells.neurons, "voltage")
        current = nengo.Probe(synapse)
        spikes = nengo.Probe(cells.neurons)
    with nengo.Simulator(network, dt=dt, progress_bar=False) as simulator:
        simulator.run_steps(e.steps)
    times = [round(1000.0 * float(t), 9) for t in simulator.trange()]
    return {
        "times": times,
        "v": simulator.data[voltage][:, 0],
        "i": simulator.data[current][:, 0],
        "spikes": [t for t, s in zip(times, simulator.data[spikes][:, 0], strict=True) if s > 0],
    }


VARIANTS = {"LIF": lif}
