"""Rockpool: LIF with NumPy. V moves by the current itself, so that is scaled by 1 - alpha."""

import calls
import numpy as np
from rockpool.nn.modules import LIF

PACKAGE = "rockpool"


def lif(**options):
    """Return the function that runs an experiment; the drive is the neuron's bias."""

    def run(e):
        if e.refractory:
            return None
        alpha, _ = calls.factors(e)
        cell = LIF(1, tau_mem=e.tau_m, tau_syn=e.tau_s, dt=e.dt, threshold=e.v_th, **options)
        cell.vmem = np.array([e.v])
        cell.isyn = np.array([[(1.0 - alpha) * e.i]])

        def call(n):
            cell.bias = np.array([(1.0 - alpha) * calls.drive(e, n)])
            spikes, state, _ = cell(np.array([[[(1.0 - alpha) * calls.arrived(e, n)]]]))
            cell.vmem, cell.isyn = state["vmem"], state["isyn"]
            cell.spikes = state["spikes"]
            return cell.vmem.item(), cell.isyn.item() / (1.0 - alpha), spikes.item()

        return calls.record(e, call)

    return run


VARIANTS = {"LIF": lif(), "LIF, max_spikes_per_dt=1": lif(max_spikes_per_dt=1)}
