"""What the weights alone say of a network with loops: gain along cycles, bounds of rates."""

from __future__ import annotations

import numpy as np
from scipy import sparse, special
from scipy.sparse import csgraph
from scipy.sparse import linalg as sparse_linalg

from lifcore import checks
from lifcore.models.networks import Recurrent

DENSE = 1000
"""Neurons up to which an eigenvalue is computed from the full matrix."""

LEVELS = np.linspace(0.0, 0.9, 46)
"""Shares of the way from reset to threshold that `rate_bound` tries."""

TERMS = 200
"""Synapses along a path up to which `rate_bound` adds up a large network's input."""

SLACK = 1e-9
"""How far above the least bound, relative, that of a large network may be."""


def cycle_gain(model: Recurrent) -> float:
    r"""Return the gain along cycles of synapses.

    It is the spectral radius of :math:`\tau_k |w_{kj}| / (V_{th} - V_r)_k`: a spike brings its
    target the charge tau w, and a spike costs V the way from reset to threshold. So a spike causes
    no more than this many spikes along a cycle, on average over the synapses of a long one. Delays
    and refractory times have no part in it; the latter only make such spikes fewer.

    Parameters
    ----------
    model : Recurrent
        The network.

    Returns
    -------
    float
        0 without cycles.

    Raises
    ------
    TypeError, ValueError
        If it is not a Recurrent network, or tau is infinite: then the charge of a spike is, too.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> cycle_gain(Recurrent(LIF(tau=0.5), [[0.0, 0.5], [-0.5, 0.0]]))
    0.25
    """
    checks.instance("model", model, Recurrent)
    checks.no_poisson("model", model)
    return _perron(_charges(model, abs(sparse.csr_array(model.weights))))


def kick_norm(model: Recurrent) -> np.ndarray:
    r"""Return how strongly spikes at random times shake each neuron.

    It is :math:`\tau_k \lVert w_k \rVert_2 / (V_{th} - V_r)_k`, the root of the sum of squares of
    what the synapses of neuron k bring, in units of the way from reset to threshold: for errors of
    either sign it is what the cycle gain, a sum, is for rates.

    Parameters
    ----------
    model : Recurrent
        The network.

    Returns
    -------
    ndarray, shape (neurons,)

    Raises
    ------
    TypeError, ValueError
        As `cycle_gain`.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> kick_norm(Recurrent(LIF(tau=0.5), [[0.0, 0.6], [-0.8, 0.6]])).tolist()
    [0.3, 0.5]
    """
    checks.instance("model", model, Recurrent)
    checks.no_poisson("model", model)
    charges = _charges(model, sparse.csr_array(model.weights))
    return np.sqrt(np.asarray(charges.power(2).sum(axis=1)).ravel())


def _charges(model: Recurrent, weights: sparse.csr_array) -> sparse.csr_array:
    """Return what weights bring their targets by a spike, in units of the way to threshold."""
    tau = model.column("tau")
    if np.isinf(tau).any():
        raise ValueError("tau = inf: a spike brings an infinite charge; allowed: a finite tau")
    way = model.column("v_th") - model.column("v_reset")
    charges = sparse.csr_array(weights, copy=True)
    charges.data *= np.repeat(tau / way, np.diff(charges.indptr))
    return charges


def _perron(matrix: sparse.csr_array) -> float:
    """Return the spectral radius of a matrix without negative entries.

    It is the largest of those of its strong components, which cycles hold together.
    """
    parts, label = csgraph.connected_components(matrix, connection="strong")
    radius = float(matrix.diagonal().max())
    for part in np.flatnonzero(np.bincount(label, minlength=parts) > 1):
        own = np.flatnonzero(label == part)
        whole = own.size == label.size
        radius = max(radius, _largest_eigenvalue(matrix if whole else matrix[own][:, own]))
    return radius


def _largest_eigenvalue(block: sparse.csr_array) -> float:
    if block.shape[0] > DENSE:
        # Shifted, since the eigenvalues of a cycle all have one modulus.
        shift = float(block.sum(axis=1).mean())
        moved = sparse_linalg.LinearOperator(
            block.shape, matvec=lambda x: block @ x + shift * x, dtype=np.float64
        )
        try:
            found = sparse_linalg.eigs(
                moved, 1, v0=np.ones(block.shape[0]), ncv=10, return_eigenvectors=False
            )
            return float(abs(found[0])) - shift
        except sparse_linalg.ArpackNoConvergence:
            pass  # a long sparse cycle, say: then by all eigenvalues
    return float(np.abs(np.linalg.eigvals(block.toarray())).max())


def rate_bound(model: Recurrent, h: float | None = None) -> np.ndarray:
    r"""Return an upper bound of every neuron's rate, from means and variances alone.

    For any level x in [V_r, V_th) every spike needs V to climb from x to V_th, in which time the
    current in excess of g x is at least the way: pathwise (V_th - x) N_T <= int (I - g x)^+ dt. The
    mean of the free current's part is a Gaussian integral; excitatory synapses add at the most
    tau w to the integral for every spike of a source. So

    .. math:: r \le (1 - M)^{-1} q, \quad M_{kj} = \frac{\tau_k w_{kj}^+}{V_{th} - x}, \quad
        q_k = \frac{\mathrm{E}(I^0_k - g x)^+}{V_{th} - x},

    if the spectral radius of M is below 1. The least of these bounds over x is returned. It holds
    on [0, T] for paths that begin at rest (V = V_r, I = mu), and for any others in the long run;
    for Euler as well if h <= 1/g and h <= tau, beyond which a spike's trace changes its sign.
    Neither delays nor pauses, in which V does not climb, change this; in the long run the latter
    bound r by 1/t_ref, too, and what sources do at most bounds their targets then.

    Parameters
    ----------
    model : Recurrent
        The network.
    h : float, optional
        Euler's step, by which its current varies more; by default the bound of the exact solution.

    Returns
    -------
    ndarray, shape (neurons,)
        Spikes per unit of time; inf where loops of excitation may feed themselves.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or tau is infinite.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> rate_bound(Recurrent(LIF(mu=1.5, sigma=0.0), np.zeros((1, 1)))).tolist()
    [1.5]
    """
    checks.instance("model", model, Recurrent)
    checks.no_poisson("model", model)
    variance = model.column("sigma") ** 2 * model.column("tau") / 2.0
    if h is not None:
        fastest = max(1e-300, *model.neuron.decay_rates.values())
        h = checks.real("h", h, above=0.0, at_most=1.0 / fastest, hint="the proof needs it")
        variance = variance / (1.0 - 0.5 * h * model.column("a"))
    deviation = np.sqrt(variance)
    v_th, v_reset = model.column("v_th"), model.column("v_reset")
    charges = _charges(model, sparse.csr_array(model.weights).maximum(0.0))
    t_ref = model.column("t_ref")
    fewest = np.divide(1.0, t_ref, out=np.full(v_th.size, np.inf), where=t_ref > 0.0)
    levels = LEVELS[_perron(charges) < (1.0 - 1e-9) * (1.0 - LEVELS)]
    if levels.size == 0 and np.isinf(fewest).all():
        return fewest
    numbers = (model.column("mu"), model.column("g"), deviation, v_th, v_reset)
    table = np.stack(numbers, axis=1)
    if (table == table[0]).all():
        kinds, kind = table[:1], np.zeros(v_th.size, np.intp)
    else:
        kinds, kind = np.unique(table, axis=0, return_inverse=True)
    mu, g, spread, top, bottom = kinds.T[:, :, None]

    def free(levels: np.ndarray) -> np.ndarray:  # b, shape (kinds, levels)
        x = bottom + levels * (top - bottom)
        return _positive_part(mu - g * x, np.broadcast_to(spread, x.shape)) / (top - x)

    bound = np.full(v_th.size, np.inf)
    if v_th.size > DENSE:
        bound = _least_sum(charges, 1.0 / (1.0 - levels), free(levels), kind)
    else:
        for level, column in zip(levels, free(levels)[kind].T, strict=True):
            bound = np.minimum(bound, _solve(charges / (1.0 - level), column))
    if np.isinf(fewest).all():
        return bound
    return _less_often(charges, np.minimum(bound, fewest), free(LEVELS)[kind])


def _less_often(charges: sparse.csr_array, bound: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Return what a bound bounds in turn: what sources do at most is what arrives at most."""
    for _ in range(TERMS):
        before = bound
        bound = np.minimum(bound, (free + (charges @ bound)[:, None] / (1.0 - LEVELS)).min(axis=1))
        if (before - bound <= SLACK * before).all():
            break
    return bound


def _least_sum(
    charges: sparse.csr_array, scales: np.ndarray, free: np.ndarray, kind: np.ndarray
) -> np.ndarray:
    r"""Return the least over levels of :math:`\sum_m (s C)^m b`, for the charges C scaled by s.

    If neurons are of few kinds, all levels share the powers of C, applied to one vector a kind.

    Parameters
    ----------
    charges : csr_array, shape (neurons, neurons)
        Without negative entries.
    scales : ndarray, shape (levels,)
        Factors s.
    free : ndarray, shape (kinds, levels)
        b, for each kind of neuron.
    kind : ndarray of int, shape (neurons,)
        Of which kind each is.
    """
    least = np.full(kind.size, np.inf)
    shared = free.shape[0] < scales.size
    powers = [np.eye(free.shape[0])[kind]] if shared else []
    for scale, column in zip(scales, free.T, strict=True):
        powers, mix = (powers, column) if shared else ([column[kind, None]], np.ones(1))
        total = term = powers[0] @ mix
        for m in range(1, TERMS):
            if (total >= least).all():
                break  # this level is the least for no neuron
            if m == len(powers):
                powers.append(charges @ powers[-1])
            later = powers[m] @ (mix * scale**m)
            total = total + later
            rest, gap = _bracket(later, term)
            if (gap <= SLACK * total).all():
                least = np.minimum(least, total + rest)
                break
            term = later
        else:  # the ratios along a long cycle never settle
            least = np.minimum(least, _solve(charges * scale, column[kind]))
    return least


def _bracket(later: np.ndarray, term: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return an upper bound of what follows the term `later` of a sum, and how far off it may be.

    As no entry is negative, the ratios of a term's entries to those of the term before bracket all
    later ratios (Collatz and Wielandt), and the rest is between two geometric series.
    """
    reached = term > 0.0
    unknown = np.full(later.size, np.inf)
    if (later[~reached] > 0.0).any():
        return unknown, unknown
    ratio = later[reached] / term[reached]
    high = ratio.max(initial=0.0)
    low = ratio.min(initial=high)
    if high >= 1.0:
        return unknown, unknown
    rest = high / (1.0 - high)
    return rest * later, (rest - low / (1.0 - low)) * later


def _solve(matrix: sparse.csr_array, right: np.ndarray) -> np.ndarray:
    """Solve (1 - matrix) x = right, directly if it is small or if iterations stagnate."""
    identity = sparse.eye_array(right.size, format="csr")
    whole = sparse.csr_array(identity - matrix)
    if right.size <= DENSE:
        return np.linalg.solve(whole.toarray(), right)
    found, failed = sparse_linalg.gmres(whole, right, rtol=1e-10, maxiter=50)
    return sparse_linalg.spsolve(whole.tocsc(), right) if failed else found


def _positive_part(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return E max(X, 0) of Gaussian variables."""
    scaled = np.divide(mean, deviation, out=np.zeros_like(mean), where=deviation > 0.0)
    density = np.exp(-0.5 * scaled**2) / np.sqrt(2.0 * np.pi)
    return np.where(
        deviation > 0.0, mean * special.ndtr(scaled) + deviation * density, np.maximum(mean, 0.0)
    )
