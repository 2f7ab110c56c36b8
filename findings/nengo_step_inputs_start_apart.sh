#!/usr/bin/env bash
# Expected: inputs of Nengo that step up at t = 5 ms (a function of time, the processes Piecewise and
#   PresentInput) are the same input; and a filter applied to a signal afterwards, Lowpass(tau).filt,
#   gives what the same filter gives on a connection or probe.
# Seen: a node's function and Piecewise are asked at the end of the step: the value of 5 ms acts in the
#   step from 4 to 5 ms, and shows at 5 ms. PresentInput starts with the next step, and shows at 6 ms.
#   A Lowpass synapse in the simulation answers one step after its input, filt in the same step.
# Why it matters: two stimuli "from 5 ms on" move a neuron one step apart, and a decoded signal is
#   shifted by a step against one filtered offline. Latencies and a comparison with a simulator whose
#   input acts from its time on are off by dt: an error of first order that is the input's.
# Versions: nengo 4.1.0, numpy 2.3.5 (Python 3.11). Date: 2026-11-28.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check nengo==4.1.0 numpy==2.3.5
cd "$work"
cat > run.py <<'PY'
import nengo
import numpy as np
from nengo.processes import Piecewise, PresentInput

print("nengo", nengo.__version__)
DT, AT, TAU, TAU_RC = 0.001, 0.005, 0.01, 0.02


def probed(output, synapse=None):
    """Stamps (ms) and values of a node's output, and the membrane that it drives."""
    with nengo.Network() as network:
        node = nengo.Node(output)
        cell = nengo.Ensemble(
            1, 1, gain=[1.0], bias=[0.0],
            neuron_type=nengo.LIF(
                tau_rc=TAU_RC, initial_state={"voltage": nengo.dists.Choice([0.0])}
            ),
        )
        nengo.Connection(node, cell.neurons, synapse=None)
        signal = nengo.Probe(node, synapse=synapse)
        voltage = nengo.Probe(cell.neurons, "voltage")
    with nengo.Simulator(network, dt=DT, progress_bar=False) as sim:
        sim.run_steps(12)
    return np.round(1000 * sim.trange(), 6), sim.data[signal][:, 0], sim.data[voltage][:, 0]


inputs = {
    "function of t": lambda t: float(t > AT - DT / 2) * 0.5,
    "Piecewise": Piecewise({AT: [0.5]}),
    "PresentInput": PresentInput([[0.0], [0.5]], AT),
}
moves = {}
for name, given in inputs.items():
    times, x, v = probed(given)
    moves[name] = (times[x > 0][0], times[v > 0][0])
    print(f"{name:14} of {1000 * AT:g} ms: shows at {moves[name][0]:g} ms, moves V by "
          f"{moves[name][1]:g} ms")
assert moves["function of t"] == moves["Piecewise"] == (5.0, 5.0)
assert moves["PresentInput"] == (6.0, 6.0)

impulse = lambda t: float(abs(t - AT) < DT / 2)
times, x, _ = probed(impulse)
_, online, _ = probed(impulse, nengo.Lowpass(TAU))
offline = nengo.Lowpass(TAU).filt(x[:, None], dt=DT, y0=0)[:, 0]
first = times[x > 0][0], times[online > 0][0], times[offline > 0][0]
print("an impulse at {:g} ms, filtered by a probe from {:g} ms, by filt from {:g} ms".format(*first))
assert first == (5.0, 6.0, 5.0)
assert np.allclose(online[1:], offline[:-1], rtol=1e-12), "one step apart, else the same"
print("behaviour as described")
PY
venv/bin/python -W ignore run.py
