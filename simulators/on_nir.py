"""NIR's reference semantics: the equations of its LIF and CubaLIF, solved by SciPy.

NIR names equations and no step. So a node is written to a file and read back, and its linear
equations are solved by the exponential of their matrix, with the crossings as roots of V.
"""

import tempfile
from pathlib import Path

import nir
import numpy as np
from scipy.linalg import expm
from scipy.optimize import brentq

PACKAGE = "nir"


def read_back(node):
    """Return a node as another reader gets it."""
    with tempfile.TemporaryDirectory() as folder:
        nir.write(Path(folder, "graph.nir"), nir.NIRGraph.from_list(node))
        nodes = nir.read(Path(folder, "graph.nir")).nodes.values()
    return next(n for n in nodes if isinstance(n, type(node)))


def matrix(tau_mem, v_leak, r, tau_syn=np.inf):
    """Return A of d(V, I, 1)/dt = A (V, I, 1)."""
    v_row = [-1.0 / tau_mem, r / tau_mem, v_leak / tau_mem]
    return np.array([v_row, [0.0, -1.0 / tau_syn, 0.0], [0.0, 0.0, 0.0]])


def crossing(system, state, length, threshold):
    """Return when V first exceeds the threshold within a length of time, or None."""

    def above(t):
        return (expm(system * t) @ state)[0] - threshold

    grid = np.linspace(0.0, length, 65)
    values = [above(t) for t in grid]
    for before, after, value in zip(grid, grid[1:], values[1:], strict=False):
        if value > 1e-15:  # not the rounding of a V that stays on the threshold
            return brentq(above, before, after, xtol=1e-15, rtol=1e-15)
    return None


def solve(e, system, jump, node):
    """Return the trace of (V, I, 1) from grid point to grid point."""
    threshold, v_reset = node.v_threshold[0], node.v_reset[0]
    state, spikes, rows = np.array([e.v, e.i, 1.0]), [], []
    for n in range(e.steps + 1):
        state[1] += jump(n * e.dt)
        rows.append(state.copy())
        t, end = n * e.dt, (n + 1) * e.dt
        while n < e.steps and (s := crossing(system(t), state, end - t, threshold)) is not None:
            state = expm(system(t) * s) @ state
            state[0], t = v_reset, t + s
            spikes.append(t)
        state = expm(system(n * e.dt) * (end - t)) @ state
    times = [n * e.dt for n in range(e.steps + 1)]
    return {"times": times, "v": [r[0] for r in rows], "i": [r[1] for r in rows], "spikes": spikes}


def ones(**values):
    """Return the parameters of one neuron as arrays."""
    return {key: np.array([float(value)]) for key, value in values.items()}


def lif(e):
    """Run an experiment on nir.LIF, whose I is the drive; it has no synapse."""
    if e.i or e.inputs or e.refractory:
        return None
    node = read_back(nir.LIF(**ones(tau=e.tau_m, r=1, v_leak=0, v_threshold=e.v_th, v_reset=0)))

    def system(t):
        return matrix(node.tau[0], node.v_leak[0] + node.r[0] * e.drive * (t >= e.onset), 0.0)

    found = solve(e, system, lambda t: 0.0, node)
    del found["i"]
    return found


def cuba_lif(e):
    """Run an experiment on nir.CubaLIF; the drive is v_leak, and w_in = tau_syn."""
    if e.onset or e.refractory:
        return None
    node = read_back(
        nir.CubaLIF(
            **ones(tau_syn=e.tau_s, tau_mem=e.tau_m, r=1, v_leak=e.drive, w_in=e.tau_s),
            **ones(v_threshold=e.v_th, v_reset=0),
        )
    )
    system = matrix(node.tau_mem[0], node.v_leak[0], node.r[0], node.tau_syn[0])

    def jump(t):
        weight = sum(weight for time, weight in e.inputs if time == t)
        return node.w_in[0] / node.tau_syn[0] * weight

    return solve(e, lambda t: system, jump, node)


VARIANTS = {"LIF": lif, "CubaLIF": cuba_lif}
