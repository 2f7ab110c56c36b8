"""What lifcore is compared with: the formulas of the book, written once more, slowly and plainly.

Nothing here imports lifcore: every oracle takes the neuron's parameters from its attributes.
"""

import numpy as np
from scipy import integrate, linalg, special

BLOCK = 256


def streams(seed, block):
    """The documented streams of a block: a spawned child, and that child's own first child."""
    child = np.random.SeedSequence(seed).spawn(block + 1)[block]
    steps = np.random.Generator(np.random.SFC64(child))
    refinement = np.random.Generator(np.random.SFC64(child.spawn(1)[0]))
    return steps, refinement


def euler(neuron, h, dw, v, i):
    """Euler–Maruyama; dw has shape (steps, paths). Returns V, I, counts and every spike.

    A spike is (path, time, speed, lag), in order of path and time.
    """
    v, i = np.array(v, dtype=float), np.array(i, dtype=float)
    counts = np.zeros(v.shape, int)
    spikes = []
    for n, increment in enumerate(dw):
        v_new = v + h * (i - neuron.g * v)
        above = v_new >= neuron.v_th
        for k in np.flatnonzero(above):
            lag = h * (v_new[k] - neuron.v_th) / (v_new[k] - v[k])
            spikes.append((k, (n + 1) * h, i[k] - neuron.g * neuron.v_th, lag))
        i = i + h * (1.0 / neuron.tau) * (neuron.mu - i) + neuron.sigma * increment
        v = np.where(above, neuron.v_reset, v_new)
        counts += above
    return v, i, counts, sorted(spikes)


def linear_flow(neuron, t):
    """Mean map and noise covariance of (V, I - mu) without threshold over a time t.

    By matrix exponentials (Van Loan 1978): returns the matrix M, the vector b and the
    covariance C of (V, I - mu) -> M (V, I - mu) + b + noise.
    """
    a = 1.0 / neuron.tau
    drift = np.array([[-neuron.g, 1.0, neuron.mu], [0.0, -a, 0.0], [0.0, 0.0, 0.0]])
    whole = linalg.expm(drift * t)
    matrix = drift[:2, :2]
    noise = np.diag([0.0, neuron.sigma**2])
    block = linalg.expm(np.block([[-matrix, noise], [np.zeros((2, 2)), matrix.T]]) * t)
    return whole[:2, :2], whole[:2, 2], block[2:, 2:].T @ block[:2, 2:]


def state_at(neuron, t, v, i):
    """Mean and covariance of (V, I) at time t, without threshold, from (v, i)."""
    m, b, c = linear_flow(neuron, t)
    return m @ [v, i - neuron.mu] + b + [0.0, neuron.mu], c


def mckean(horizon):
    """McKean's joint law of return time and speed of integrated Brownian motion, up to a horizon.

    Started at its threshold with speed -1. Returns the probability of a return by then and the
    distribution functions of time and speed given a return, on grids.
    """
    t = np.geomspace(1e-2, horizon, 2000)  # before that, exp(-1.5/t) is below 1e-65
    u = np.concatenate([[0.0], np.geomspace(1e-4, 60.0, 800)])
    at = t[:, None]
    density = (
        np.sqrt(3.0) * u / (np.pi * at**2)
        * np.exp(np.maximum(-2.0 * (1.0 - u + u * u) / at, -700.0))
        * special.erf(np.sqrt(6.0 * u / at))
    )  # fmt: skip
    law_t = integrate.cumulative_trapezoid(integrate.trapezoid(density, u, axis=1), t, initial=0.0)
    law_u = integrate.cumulative_trapezoid(integrate.trapezoid(density, t, axis=0), u, initial=0.0)
    return law_t[-1], (t, law_t / law_t[-1]), (u, law_u / law_u[-1])


def standard_errors_off(sample, covariance):
    """Deviations of a zero-mean sample's second moments from a covariance, in standard errors.

    For a Gaussian sample the standard error of moment jk is sqrt((C_jj C_kk + C_jk²)/n).
    `sample` has shape (variables, n).
    """
    n = sample.shape[1]
    moments = sample @ sample.T / n
    variances = np.diag(covariance)
    error = np.sqrt((np.outer(variances, variances) + covariance**2) / n)
    return (moments - covariance) / error
