"""Arbor: lif_cell, whose V jumps at an event: it has neither a synaptic nor a constant current."""

import arbor
from arbor import units

PACKAGE = "arbor"


class Recipe(arbor.recipe):
    """One cell that begins at V."""

    def __init__(self, e):
        """Keep the experiment."""
        arbor.recipe.__init__(self)
        self.e = e

    def num_cells(self):
        """Return the number of cells."""
        return 1

    def cell_kind(self, gid):
        """Return the kind of a cell."""
        return arbor.cell_kind.lif

    def cell_description(self, gid):
        """Return a cell."""
        return arbor.lif_cell(
            "source",
            "target",
            tau_m=self.e.tau_m * units.ms,
            V_th=self.e.v_th * units.mV,
            E_L=0.0 * units.mV,
            E_R=0.0 * units.mV,
            V_m=self.e.v * units.mV,
            t_ref=self.e.refractory * units.ms,
        )

    def probes(self, gid):
        """Return what is recorded."""
        return [arbor.lif_probe_voltage(tag="v")]

    def global_properties(self, kind):
        """Return what cells share."""
        return arbor.neuron_cable_properties()


def lif_cell(e):
    """Run an experiment."""
    if e.i or e.inputs or e.drive:
        return None
    simulation = arbor.simulation(Recipe(e))
    simulation.record(arbor.spike_recording.local)
    sampled = simulation.sample((0, "v"), arbor.regular_schedule(e.dt * units.ms))
    simulation.run(tfinal=e.steps * e.dt * units.ms, dt=e.dt * units.ms)
    ((rows, _),) = simulation.samples(sampled)
    spikes = [time for _, time in simulation.spikes()]
    return {"times": rows[:, 0], "v": rows[:, 1], "spikes": spikes}


VARIANTS = {"lif_cell": lif_cell}
