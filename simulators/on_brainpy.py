"""BrainPy: LifRef with an Expon synapse, by its default method and by Euler's, in doubles."""

import brainpy as bp
import brainpy.math as bm
import calls

bm.set_platform("cpu")
bm.enable_x64()
PACKAGE = "brainpy"


def lif_ref(method):
    """Return the function that runs an experiment by one method; the drive is the input."""

    def run(e):
        bm.set_dt(e.dt)
        cell = bp.dyn.LifRef(
            1,
            V_rest=0.0,
            V_reset=0.0,
            V_th=e.v_th,
            tau=e.tau_m,
            tau_ref=e.refractory,
            method=method,
        )
        synapse = bp.dyn.Expon(1, tau=e.tau_s, method=method)
        arriving = bp.dyn.HalfProjAlignPost(
            comm=bp.dnn.Identity(), syn=synapse, out=bp.dyn.CUBA(), post=cell
        )
        cell.V[:], synapse.g[:] = e.v, e.i

        def call(n):
            bp.share.save(t=n * e.dt, dt=e.dt, i=n)
            arriving(bm.asarray([float(calls.arrived(e, n))]))
            spikes = cell(calls.drive(e, n))
            return cell.V[0].item(), synapse.g[0].item(), spikes[0].item()

        return calls.record(e, call)

    return run


VARIANTS = {"LifRef": lif_ref("exp_auto"), 'LifRef, method="euler"': lif_ref("euler")}
