"""Lava: LIF in floating point. du, dv are Euler's factors; V moves by u itself, so u is scaled."""

import calls
import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF

PACKAGE = "lava-nc"


def lif(e):
    """Run an experiment; its inputs go to the neuron's port without a synapse in between."""
    if e.refractory:
        return None
    share = e.dt / e.tau_m
    cell = LIF(
        shape=(1,),
        u=share * e.i,
        v=e.v,
        du=e.dt / e.tau_s,
        dv=share,
        bias_mant=share * calls.drive(e, 0),
        vth=e.v_th,
    )
    arrivals = [[share * calls.arrived(e, n) for n in range(e.steps)]]
    Source(data=np.array(arrivals)).s_out.connect(cell.a_in)
    fired = Sink(shape=(1,), buffer=e.steps)
    cell.s_out.connect(fired.a_in)

    def call(n):
        if n and n * e.dt == e.onset:
            cell.bias_mant.set(np.array([share * e.drive]))
        cell.run(condition=RunSteps(1), run_cfg=Loihi2SimCfg(select_tag="floating_pt"))
        return cell.v.get()[0], cell.u.get()[0] / share, fired.data.get()[0, n]

    try:
        return calls.record(e, call)
    finally:
        cell.stop()


VARIANTS = {"LIF": lif}
