"""Brian2: the equations as users write them, by three of its methods; threshold v >= 1."""

import brian2 as b2
from brian2 import ms

b2.prefs.codegen.target = "numpy"
PACKAGE = "brian2"
EQUATIONS = """
dv/dt = (current + drive - v) / tau_m : 1 (unless refractory)
dcurrent/dt = -current / tau_s : 1
drive : 1
"""


def method(name):
    """Return the function that runs an experiment by one method."""

    def run(e):
        b2.start_scope()
        b2.defaultclock.dt = e.dt * ms
        scope = {"tau_m": e.tau_m * ms, "tau_s": e.tau_s * ms, "v_th": e.v_th}
        group = b2.NeuronGroup(
            1,
            EQUATIONS,
            threshold="v >= v_th",
            reset="v = 0",
            refractory=e.refractory * ms,
            method=name,
            namespace=scope,
        )
        group.v, group.current, group.drive = e.v, e.i, 0.0 if e.onset else e.drive
        state = b2.StateMonitor(group, ["v", "current"], record=True)
        spikes = b2.SpikeMonitor(group)
        network = b2.Network(group, state, spikes)
        if e.inputs:
            n = len(e.inputs)
            at = [time for time, _ in e.inputs] * ms
            source = b2.SpikeGeneratorGroup(n, range(n), at)
            synapses = b2.Synapses(source, group, "w : 1", on_pre="current_post += w")
            synapses.connect()
            synapses.w = [weight for _, weight in e.inputs]
            network.add(source, synapses)
        if e.onset:
            network.run(e.onset * ms)
            group.drive = e.drive
        network.run((e.steps * e.dt - e.onset) * ms)
        # seconds become ms with an error in the last place, which is no statement about time
        times, fired = ([round(float(t / ms), 9) for t in x.t] for x in (state, spikes))
        return {
            "times": times,
            "v": state.v[0],
            "i": state.current[0],
            "spikes": [t for t in fired if t + e.dt <= times[-1]],
        }

    return run


def spike_counts(run):
    """Count the spikes of neurons whose current has a white noise, by Euler's method."""
    b2.start_scope()
    b2.seed(run.seed)
    b2.defaultclock.dt = run.dt * ms
    tau_m, tau_s = run.tau_m * ms, run.tau_s * ms
    scope = {"tau_m": tau_m, "tau_s": tau_s, "mu": run.mu, "sd": run.sd}
    group = b2.NeuronGroup(
        run.neurons,
        """
        dv/dt = (current - v) / tau_m : 1
        dcurrent/dt = (mu - current) / tau_s + sd * sqrt(2 / tau_s) * xi : 1
        """,
        threshold="v >= 1",
        reset="v = 0",
        method="euler",
        namespace=scope,
    )
    group.v, group.current = "rand()", run.mu
    spikes = b2.SpikeMonitor(group, record=False)
    network = b2.Network(group, spikes)
    network.run(run.burn_in * ms)
    before = spikes.count[:].copy()
    network.run(run.time * ms)
    return spikes.count[:] - before


VARIANTS = {name: method(name) for name in ("euler", "exact", "exponential_euler")}
