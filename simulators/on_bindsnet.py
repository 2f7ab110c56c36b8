"""BindsNET: LIFNodes and CurrentLIFNodes; V moves by the input itself, so that is scaled."""

import calls
import torch
from bindsnet.network.nodes import CurrentLIFNodes, LIFNodes

torch.set_default_dtype(torch.float64)
PACKAGE = "bindsnet"


def made(kind, e, **options):
    """Return a layer of one neuron that begins at V."""
    cell = kind(1, thresh=e.v_th, reset=0.0, refrac=e.refractory, tc_decay=e.tau_m, **options)
    cell.double()  # some of its constants are kept in single precision; these are exact in it
    cell.compute_decays(e.dt)
    cell.set_batch_size(1)
    cell.v[:] = e.v
    return cell


def lif_nodes(e):
    """Run an experiment without a synapse; the drive is the input."""
    if e.i or e.inputs:
        return None
    cell, (alpha, _) = made(LIFNodes, e, rest=0.0), calls.factors(e)

    def call(n):
        cell.forward(torch.tensor([[(1.0 - alpha) * calls.drive(e, n)]]))
        return cell.v.item(), None, cell.s.item()

    return calls.record(e, call)


def current_lif_nodes(e):
    """Run an experiment with a synapse; the drive is the potential of rest."""
    if e.onset or e.refractory:
        return None
    cell, (alpha, _) = made(CurrentLIFNodes, e, rest=e.drive, tc_i_decay=e.tau_s), calls.factors(e)
    cell.i[:] = (1.0 - alpha) * e.i

    def call(n):
        cell.forward(torch.tensor([[(1.0 - alpha) * calls.arrived(e, n)]]))
        return cell.v.item(), cell.i.item() / (1.0 - alpha), cell.s.item()

    return calls.record(e, call)


VARIANTS = {"LIFNodes": lif_nodes, "CurrentLIFNodes": current_lif_nodes}
