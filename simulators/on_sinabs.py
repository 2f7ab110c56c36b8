"""Sinabs: LIF. Its taus are in steps; a drive goes into V directly if there is no synapse only."""

import calls
import sinabs.activation
import sinabs.layers
import torch

torch.set_default_dtype(torch.float64)
PACKAGE = "sinabs"


def layer(reset, spikes):
    """Return the function that runs an experiment with one kind of reset."""

    def run(e):
        synaptic = bool(e.i or e.inputs)
        if e.refractory or (synaptic and e.drive):
            return None
        cell = sinabs.layers.LIF(
            tau_mem=e.tau_m / e.dt,
            tau_syn=e.tau_s / e.dt if synaptic else None,
            spike_threshold=torch.tensor(e.v_th),
            reset_fn=reset(),
            spike_fn=spikes,
        )
        cell.double()  # its taus are kept in single precision; these are exact in it
        cell.init_state_with_shape((1, 1))
        cell.v_mem = torch.tensor([[e.v]])
        if synaptic:
            cell.i_syn = torch.tensor([[e.i]])

        def call(n):
            x = float(calls.arrived(e, n)) if synaptic else calls.drive(e, n)
            spike = cell(torch.tensor([[[x]]]))
            return cell.v_mem.item(), cell.i_syn.item() if synaptic else None, spike.item()

        with torch.no_grad():
            return calls.record(e, call)

    return run


VARIANTS = {
    "LIF": layer(sinabs.activation.MembraneSubtract, sinabs.activation.MultiSpike),
    "LIF, SingleSpike, MembraneReset": layer(
        sinabs.activation.MembraneReset, sinabs.activation.SingleSpike
    ),
}
