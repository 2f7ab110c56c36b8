"""snnTorch: Leaky and Synaptic, with the exact beta; its inputs are not scaled, so ours are."""

import calls
import snntorch
import torch

torch.set_default_dtype(torch.float64)
PACKAGE = "snntorch"


def leaky(**options):
    """Return the function that runs an experiment on Leaky."""

    def run(e):
        if e.i or e.inputs or e.refractory:
            return None
        beta, _ = calls.factors(e)
        cell = snntorch.Leaky(beta=beta, threshold=e.v_th, **options)
        mem = torch.tensor([e.v])

        def call(n):
            nonlocal mem
            spike, mem = cell(torch.tensor([(1.0 - beta) * calls.drive(e, n)]), mem)
            return mem.item(), None, spike.item()

        return calls.record(e, call)

    return run


def synaptic(**options):
    """Return the function that runs an experiment on Synaptic."""

    def run(e):
        if e.drive or e.refractory:
            return None
        beta, alpha = calls.factors(e)
        cell = snntorch.Synaptic(alpha=alpha, beta=beta, threshold=e.v_th, **options)
        syn, mem = torch.tensor([(1.0 - beta) * e.i]), torch.tensor([e.v])

        def call(n):
            nonlocal syn, mem
            spike, syn, mem = cell(torch.tensor([(1.0 - beta) * calls.arrived(e, n)]), syn, mem)
            return mem.item(), syn.item() / (1.0 - beta), spike.item()

        return calls.record(e, call)

    return run


VARIANTS = {
    "Leaky": leaky(),
    "Leaky, reset_delay=False": leaky(reset_delay=False),
    'Leaky, reset_mechanism="zero"': leaky(reset_mechanism="zero"),
    "Synaptic": synaptic(),
}
