"""Norse: lif_step and lif_feed_forward_step, with times in ms and the drive as v_leak."""

import calls
import torch
from norse.torch.functional import lif

torch.set_default_dtype(torch.float64)
PACKAGE = "norse"


def stepped(step):
    """Return the function that runs an experiment by one of the step functions."""

    def run(e):
        if e.refractory:
            return None
        v, i = torch.tensor([[e.v]]), torch.tensor([[e.i]])

        def call(n):
            nonlocal v, i
            p = lif.LIFParameters(
                tau_syn_inv=torch.tensor(1.0 / e.tau_s),
                tau_mem_inv=torch.tensor(1.0 / e.tau_m),
                v_leak=torch.tensor(calls.drive(e, n)),
                v_th=torch.tensor(e.v_th),
                v_reset=torch.tensor(0.0),
            )
            spike, v, i = step(torch.tensor([[float(calls.arrived(e, n))]]), v, i, p, e.dt)
            return v.item(), i.item(), spike.item()

        return calls.record(e, call)

    return run


def _recurrent(x, v, i, p, dt):
    state = lif.LIFState(z=torch.zeros_like(v), v=v, i=i)
    spike, state = lif.lif_step(x, state, torch.ones(1, 1), torch.zeros(1, 1), p, dt)
    return spike, state.v, state.i


def _feed_forward(x, v, i, p, dt):
    spike, state = lif.lif_feed_forward_step(x, lif.LIFFeedForwardState(v=v, i=i), p, dt)
    return spike, state.v, state.i


VARIANTS = {"lif_step": stepped(_recurrent), "lif_feed_forward_step": stepped(_feed_forward)}
