"""What lifcore is compared with: the formulas of the book, written once more, slowly and plainly.

Nothing here imports lifcore: every oracle takes the neuron's parameters from its attributes.
"""

import heapq
import itertools

import numpy as np
from scipy import integrate, linalg, optimize, special

from lifcore.noise.keyed import Source
from lifcore.schemes.refinement import Begin, Jumps, pieces, refine, whole_step
from lifcore.schemes.state import SPIKE, Label, Recording

BLOCK = 256


def streams(seed, block):
    """The documented streams of a block: a spawned child, and that child's own first child."""
    child = np.random.SeedSequence(seed).spawn(block + 1)[block]
    steps = np.random.Generator(np.random.SFC64(child))
    refinement = np.random.Generator(np.random.SFC64(child.spawn(1)[0]))
    return steps, refinement


def euler(neuron, h, dw, v, i):
    """Euler–Maruyama; dw has shape (steps, paths). Returns V, I, counts and every spike.

    A spike is (path, time, speed, lag), in order of path and time. After the step of a spike V
    stays at the reset for t_ref / h steps, rounded.
    """
    v, i = np.array(v, dtype=float), np.array(i, dtype=float)
    counts, free_from = np.zeros(v.shape, int), np.zeros(v.shape, int)
    spikes = []
    for n, increment in enumerate(dw):
        v_new = v + h * (i - neuron.g * v)
        v_new = np.where(n >= free_from, v_new, neuron.v_reset)
        above = v_new >= neuron.v_th
        free_from[above] = n + 1 + round(neuron.t_ref / h)
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


def neuron_streams(seed, block, neuron):
    """The documented streams of one neuron of a network in a block."""
    child = np.random.SeedSequence(seed).spawn(block + 1)[block]
    if neuron > 0:
        child = child.spawn(neuron + 1)[neuron]
    steps = np.random.Generator(np.random.SFC64(child))
    refinement = np.random.Generator(np.random.SFC64(child.spawn(1)[0]))
    return steps, refinement


def euler_network(neurons, weights, h, dw, delay_steps=None):
    """Euler–Maruyama of a network; weights[target, source] over all neurons.

    dw has shape (steps, neurons, paths). A spike of a step enters I at the step's end, or
    delay_steps[target, source] later. Returns
    V, I and counts of shape (neurons, paths), and the steps of spikes as (step, neuron, path).
    """
    column = {
        name: np.array([[getattr(neuron, name)] for neuron in neurons])
        for name in ("g", "v_th", "v_reset", "tau", "mu", "sigma", "t_ref")
    }
    hold, free_from = np.rint(column["t_ref"] / h), np.zeros(dw.shape[1:])
    v = np.broadcast_to(column["v_reset"], dw.shape[1:]).copy()
    i = np.broadcast_to(column["mu"], dw.shape[1:]).copy()
    counts, spikes = np.zeros(dw.shape[1:], int), []
    due = np.zeros(
        (dw.shape[0] + (0 if delay_steps is None else np.max(delay_steps)) + 1, *dw.shape[1:])
    )
    for n, increment in enumerate(dw):
        v_new = v + h * (i - column["g"] * v)
        v_new = np.where(n >= free_from, v_new, column["v_reset"])
        above = v_new >= column["v_th"]
        free_from = np.where(above, n + 1 + hold, free_from)
        spikes += [(n, *where) for where in np.argwhere(above)]
        i = i + h * (1.0 / column["tau"]) * (column["mu"] - i) + column["sigma"] * increment
        if delay_steps is None:
            i = i + weights @ above
        else:
            for target, source in np.argwhere(weights):
                due[n + delay_steps[target, source], target] += (
                    weights[target, source] * above[source]
                )
            i = i + due[n]
        v = np.where(above, column["v_reset"], v_new)
        counts += above
    return v, i, counts, spikes


def driven_neuron(neuron, arrivals, T, v, i):
    """Spike times and speeds of a neuron without noise, from (v, i), driven by (time, size) jumps.

    Between events V and I are sums of exponentials; a crossing is bracketed on a fine grid and
    found by Brent's method.
    """
    a, g = 1.0 / neuron.tau, neuron.g

    def state(u, v, i):
        x = i - neuron.mu
        rest = neuron.mu / g
        kernel = u * np.exp(-g * u) if a == g else (np.exp(-a * u) - np.exp(-g * u)) / (g - a)
        return rest + (v - rest) * np.exp(-g * u) + x * kernel, neuron.mu + x * np.exp(-a * u)

    found, now, released = [], 0.0, 0.0
    events = [*sorted(arrivals), (T, 0.0)]
    for time, size in events:
        while now < time:
            if now < released:  # V rests, I goes on
                until = min(released, time)
                i, now = state(until - now, v, i)[1], until
                continue
            length = time - now
            grid = np.linspace(0.0, length, 4000)
            height = state(grid, v, i)[0] - neuron.v_th
            up = np.flatnonzero((height[1:] >= 0.0) & (height[:-1] < 0.0))
            if up.size == 0:
                v, i = state(length, v, i)
                break
            u = optimize.brentq(
                lambda u, v=v, i=i: state(u, v, i)[0] - neuron.v_th,
                grid[up[0]], grid[up[0] + 1], xtol=1e-14,
            )  # fmt: skip
            i = state(u, v, i)[1]
            now += u
            found.append((now, i - g * neuron.v_th))
            v, released = neuron.v_reset, now + neuron.t_ref
        i, now = i + size, time
    return found


def path_increments(seed, path, shape, h, common=0.0):
    """Brownian increments of one path of a network with loops, from its documented stream.

    `shape` is (steps, neurons). A step's common normal, if there is a common share, comes first.
    """
    child = np.random.SeedSequence(seed).spawn(path + 1)[path]
    stream = np.random.Generator(np.random.SFC64(child))
    if common == 0.0:
        return np.sqrt(h) * stream.standard_normal(shape)
    z = stream.standard_normal((shape[0], shape[1] + 1))
    return np.sqrt(h * (1.0 - common)) * z[:, 1:] + np.sqrt(h * common) * z[:, :1]


def euler_path(neurons, weights, h, dw, delays=0.0):
    """Euler–Maruyama on one path of a network, neuron by neuron; dw has shape (steps, neurons).

    A spike of step n enters I at the end of step n + delay/h, and V is held for t_ref/h steps after
    that of a spike, both rounded. Returns V, I and every spike as (neuron, time, speed, lag), in
    order of neuron and time.
    """
    v, i = (np.array([getattr(x, name) for x in neurons], float) for name in ("v_reset", "mu"))
    spikes, held = [], np.zeros(len(neurons))
    late = np.rint(np.broadcast_to(delays, np.shape(weights)) / h).astype(int)
    to_come = np.zeros((len(dw) + late.max() + 1, len(neurons)))
    for n, increment in enumerate(dw):
        for j, own in enumerate(neurons):
            v_new = v[j] + h * (i[j] - own.g * v[j])
            if held[j] > 0:
                held[j], v_new = held[j] - 1, own.v_reset
            elif v_new >= own.v_th:
                lag = h * (v_new - own.v_th) / (v_new - v[j])
                spikes.append((j, (n + 1) * h, i[j] - own.g * own.v_th, lag))
                v_new, held[j] = own.v_reset, round(own.t_ref / h)
                for k in range(len(neurons)):
                    to_come[n + late[k, j], k] += weights[k, j]
            i[j] += h / own.tau * (own.mu - i[j]) + own.sigma * increment[j]
            v[j] = v_new
        i += to_come[n]
    return v, i, sorted(spikes)


def _free_state(neuron, u, v, i):
    # V and I a time u after (v, i), without noise and threshold; g > 0 and tau finite.
    a, g, x, rest = 1.0 / neuron.tau, neuron.g, i - neuron.mu, neuron.mu / neuron.g
    kernel = u * np.exp(-g * u) if a == g else (np.exp(-a * u) - np.exp(-g * u)) / (g - a)
    return rest + (v - rest) * np.exp(-g * u) + x * kernel, neuron.mu + x * np.exp(-a * u)


def _next_crossing(neuron, v, i, limit):
    # V' is a sum of two exponentials, so that it has one zero at most: V turns there.
    a, g, x = 1.0 / neuron.tau, neuron.g, i - neuron.mu
    w = v - neuron.mu / g
    with np.errstate(all="ignore"):
        if a == g:
            turn = np.float64(x - g * w) / (g * x)
        else:
            turn = np.log(np.float64(g * (x - w * (g - a))) / (a * x)) / (g - a)
    edges = [0.0, turn, limit] if 0.0 < turn < limit else [0.0, limit]

    def height(u):
        return _free_state(neuron, u, v, i)[0] - neuron.v_th

    for left, right in itertools.pairwise(edges):
        if height(left) < 0.0 <= height(right):
            return optimize.brentq(height, left, right, xtol=1e-15)
    return np.inf


def event_driven(neurons, weights, T, v, i, delays=0.0):
    """Solve a network without noise, from one event to the next; weights[target, source].

    `delays` is a number, or a matrix like the weights. Events are crossings, arrivals, and
    releases of V, which is held at the reset for t_ref after a spike. Returns V and I at T and
    every spike as (time, neuron, speed), in order of time. At one time spikes come before arrivals,
    so that a spike resets its neuron first and enters its targets' currents then.
    """
    v, i, since = np.array(v, float), np.array(i, float), np.zeros(len(neurons))
    delays, released = np.broadcast_to(delays, np.shape(weights)), np.zeros(len(neurons))

    def move(k, now):
        if since[k] < released[k]:
            until = min(now, released[k])
            i[k], since[k] = _free_state(neurons[k], until - since[k], v[k], i[k])[1], until
        v[k], i[k] = _free_state(neurons[k], now - since[k], v[k], i[k])
        since[k] = now

    def ahead(k):
        start = min(max(since[k], released[k]), T)
        current = _free_state(neurons[k], start - since[k], v[k], i[k])[1]
        return start + _next_crossing(neurons[k], v[k], current, T - start)

    coming, spikes, arrivals = np.array([ahead(k) for k in range(len(neurons))]), [], []
    while True:
        due = arrivals[0][0] if arrivals else np.inf
        if min(coming.min(), due) >= T:
            break
        if coming.min() <= due:
            j, now = int(np.argmin(coming)), coming.min()
            move(j, now)
            spikes.append((now, j, i[j] - neurons[j].g * neurons[j].v_th))
            v[j], released[j] = neurons[j].v_reset, now + neurons[j].t_ref
            coming[j] = ahead(j)
            for k in np.flatnonzero(weights[:, j]):
                heapq.heappush(arrivals, (now + delays[k, j], len(spikes), int(k), weights[k, j]))
            continue
        now, _, k, weight = heapq.heappop(arrivals)
        move(k, now)
        i[k] += weight
        coming[k] = ahead(k)
    for k in range(len(neurons)):
        move(k, T)
    return v, i, spikes


def keyed_normals(word, neuron, step, place):
    """Three normals of SFC64 seated on three words: the documented noise of one halving."""
    bits = np.random.SFC64()
    words = np.array([word, (neuron << 40) + step, place, 1], np.uint64)
    bits.state = bits.state | {"state": {"state": words}, "has_uint32": 0, "uinteger": 0}
    generator = np.random.Generator(bits)
    generator.random(18)
    return generator.standard_normal(3)


def refined_step(step, state, normals, source, *, jumps=(), key=(0, 0), label=(0, 0, 0), room=200):
    """Run the refinement kernel on one step of one neuron; return (V, I, count) and its spikes.

    `source` is a generator, or a source by key; `jumps` are pairs of times and sizes.
    """
    if isinstance(source, np.random.Generator):
        source = Source(source, np.empty(0, np.uint64), np.uint64(0), 1.0, 0.0)
    times, sizes = np.array(jumps, dtype=float).reshape(-1, 2).T.copy()
    spikes, recorded = np.empty(room, SPIKE), np.zeros(1, np.int64)
    stack = pieces(len(step.bridges.rows) - 1)
    whole_step(step, np.reshape(normals, (3, 1)), 0, stack)
    end = refine(
        step,
        Begin(0.0, *state),
        stack,
        source,
        key,
        Jumps(times, sizes),
        Label(*label),
        Recording(spikes, recorded, recorded),
    )
    assert end[2] == recorded[0] <= room
    return end, spikes[: recorded[0]]
