"""SpikingJelly: LIFNode, whose tau is in steps and whose input is scaled by 1/tau."""

import calls
import torch
from spikingjelly.activation_based import neuron

torch.set_default_dtype(torch.float64)
PACKAGE = "spikingjelly"


def node(v_reset):
    """Return the function that runs an experiment with a reset to a value, or by subtraction."""

    def run(e):
        if e.i or e.inputs or e.refractory:
            return None
        cell = neuron.LIFNode(tau=e.tau_m / e.dt, v_threshold=e.v_th, v_reset=v_reset)
        cell.v = torch.tensor([e.v])

        def call(n):
            spike = cell(torch.tensor([calls.drive(e, n)]))
            return cell.v.item(), None, spike.item()

        return calls.record(e, call)

    return run


VARIANTS = {"LIFNode": node(0.0), "LIFNode, v_reset=None": node(None)}
