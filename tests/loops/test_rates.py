"""The gain along loops of synapses, and the bound of the rates."""

import dataclasses
import time

import numpy as np
import pytest
from scipy import integrate, sparse, stats

from circuits import LAYERED, LOOPS, MATRICES, POPULATION, SHARED
from lifcore import LIF, Recurrent, couple, mean, simulate
from lifcore.loops.rates import DENSE, LEVELS, cycle_gain, kick_norm, rate_bound

# --- gain ---------------------------------------------------------------------------------------


def test_gain_of_small_networks():
    rng = np.random.default_rng(1)
    ring = np.roll(np.diag([0.2, -0.4, 0.8, -0.1]), 1, axis=0)
    assert cycle_gain(Recurrent(LIF(), ring)) == pytest.approx(0.5 * 0.0064**0.25, rel=1e-12)
    assert cycle_gain(Recurrent(LIF(), [[-0.6]])) == pytest.approx(0.3, rel=1e-12)
    assert cycle_gain(Recurrent(LIF(), np.tril(np.ones((9, 9)), -1))) == 0.0
    assert cycle_gain(Recurrent(LIF(), LAYERED)) == 0.0
    assert cycle_gain(Recurrent(LIF(), LAYERED + np.diag([0, 0, 0.3, 0, 0, 0]))) == 0.15
    for _ in range(5):
        order = rng.permutation(6)
        assert cycle_gain(Recurrent(LIF(), LAYERED[np.ix_(order, order)])) == 0.0
    # Units of each target: tau, and the way from reset to threshold.
    way = POPULATION.v_th - POPULATION.v_reset
    for kind in (np.array, sparse.csc_array):
        whole = (POPULATION.tau / way)[:, None] * abs(LOOPS.weights)
        expected = abs(np.linalg.eigvals(whole)).max()
        assert cycle_gain(Recurrent(POPULATION, kind(LOOPS.weights))) == pytest.approx(expected)


def test_synapses_of_weight_zero_close_no_loop(monkeypatch):
    monkeypatch.setattr("lifcore.loops.rates.DENSE", 20)
    size = np.append(np.full(59, 0.5), 0.0)
    ring = sparse.csr_array((size, (np.arange(1, 61) % 60, np.arange(60))), (60, 60))
    assert ring.nnz == 60
    assert cycle_gain(Recurrent(LIF(), ring)) == 0.0


def test_gain_of_a_large_network():
    n, degree = DENSE + 200, 5
    rng = np.random.default_rng(2)
    sources = np.concatenate([rng.choice(n, degree, replace=False) for _ in range(n)])
    signs = np.where(rng.random(n) < 0.8, 0.1, -0.1)
    tau = rng.uniform(0.2, 1.0, n)
    weights = sparse.csr_array(
        (signs[sources] / np.repeat(tau, degree), (np.repeat(np.arange(n), degree), sources)),
        (n, n),
    )
    neuron = LIF(tau=tau, v_th=2.0, v_reset=0.5)
    assert cycle_gain(Recurrent(neuron, weights)) == pytest.approx(0.5 / 1.5, rel=1e-9)
    one = sparse.block_diag([weights, np.array([[9.0]])])  # a part of its own
    own = LIF(tau=np.append(tau, 0.5), v_th=2.0, v_reset=0.5)
    assert cycle_gain(Recurrent(own, one)) == pytest.approx(3.0, rel=1e-9)
    assert cycle_gain(Recurrent(neuron, sparse.tril(weights, -1))) == 0.0


# --- rate ---------------------------------------------------------------------------------------


def bound_at(net, share, deviation):
    """The bound at one level, from quadrature and a dense solve; None where the gain is 1."""
    way = net.column("v_th") - net.column("v_reset")
    dense = net.weights.toarray() if sparse.issparse(net.weights) else net.weights
    left = way * (1.0 - share)
    x = net.column("v_reset") + share * way
    matrix = net.column("tau")[:, None] * np.maximum(dense, 0.0) / left[:, None]
    if abs(np.linalg.eigvals(matrix)).max() >= 1.0:
        return None
    means, free = net.column("mu") - net.column("g") * x, []
    for m, s in zip(means, deviation, strict=True):
        if s == 0.0:
            free.append(max(m, 0.0))
            continue
        y = np.linspace(max(0.0, m - 12.0 * s), max(0.0, m + 12.0 * s), 4001)
        free.append(integrate.simpson(y * stats.norm.pdf(y, m, s), y))
    return np.linalg.solve(np.eye(way.size) - matrix, np.array(free) / left)


def deviation_of(net, h=None):
    """Stationary deviation of the free current: the exact one, or that of Euler's recursion."""
    if h is None:
        return np.array([n.sigma * np.sqrt(0.5 * n.tau) for n in net.neurons])
    return np.array([n.sigma * np.sqrt(h / (1.0 - (1.0 - h / n.tau) ** 2)) for n in net.neurons])


@pytest.mark.parametrize("h", [None, 0.01, 0.25])
@pytest.mark.parametrize("kind", ["none", *MATRICES])
def test_bound_is_its_formula(kind, h):
    weights = MATRICES.get(kind, np.zeros((5, 5)))
    best = set()
    for scale, mu, sigma in (
        (1.0, 1.0, 1.0),
        (0.3, 1.0, [1.0, 0.0, 1.0, 0.1, 3.0]),
        (0.3, 0.3, 0.3),
    ):
        columns = {"mu": POPULATION.mu * mu, "sigma": POPULATION.sigma * sigma}
        lif = dataclasses.replace(POPULATION, **columns)
        net = Recurrent(lif, scale * weights)
        deviation = deviation_of(net, h)
        each = [bound_at(net, share, deviation) for share in LEVELS]
        each = np.array([bound for bound in each if bound is not None])
        best |= set(each.argmin(axis=0).tolist())
        assert rate_bound(net, h) == pytest.approx(each.min(axis=0), rel=1e-7)
        thin = Recurrent(lif, sparse.csr_array(net.weights))
        assert np.array_equal(rate_bound(thin, h), rate_bound(net, h))
    assert 0 in best
    assert max(best) > 5


def test_bound_without_noise_and_input():
    lif = LIF(mu=np.array([1.5, 0.9, 3.0, -1.0]), g=0.8, v_reset=-0.5, sigma=0.0)
    x = -0.5 + 1.5 * LEVELS
    expected = np.maximum(lif.mu[:, None] - 0.8 * x, 0.0) / (1.0 - x)
    found = rate_bound(Recurrent(lif, np.zeros((4, 4))))
    assert found == pytest.approx(expected.min(axis=1), rel=1e-12)
    assert found[3] == 0.0
    run = simulate(
        Recurrent(lif, np.zeros((4, 4))), h=0.5, T=200.0, paths=1, seed=1, scheme="exact"
    )
    assert (run.spike_counts[0] / 200.0 <= found).all()
    assert run.spike_counts[0, 0] / 200.0 > 0.6 * found[0]


def test_perfect_integrators_attain_the_bound():
    # V grows by all that enters: way N = mu T + tau W N, but for what is still on its way.
    mu, tau, T = np.array([1.0, 1.5, 0.7, 2.0, 1.2]), 0.4, 500.0
    lif = LIF(g=0.0, mu=mu, tau=tau, v_th=1.5, v_reset=-0.5, sigma=0.0)
    equal = Recurrent(lif, 0.5 * (1.0 - np.eye(5)))
    rates = rate_bound(equal)
    assert rates == pytest.approx(np.linalg.solve(2.0 * np.eye(5) - tau * equal.weights, mu))
    run = simulate(equal, h=1.0, T=T, paths=1, seed=1, scheme="exact")
    assert run.spike_counts[0] / T == pytest.approx(rates, abs=4.0 / T)
    run = simulate(equal, h=0.2, T=T, paths=1, seed=1)
    assert (run.spike_counts[0] / T < rates).all()
    # Alike: mu / (way - tau w (N - 1)).
    alike = Recurrent(LIF(g=0.0, mu=1.5, tau=0.4, sigma=0.0), 0.3 * (1.0 - np.eye(5)))
    assert rate_bound(alike) == pytest.approx(np.full(5, 1.5 / (1.0 - 0.4 * 0.3 * 4)), rel=1e-9)


def test_too_much_excitation_has_no_bound():
    for gain, finite in ((0.98, True), (1.0, False), (1.02, False)):
        net = Recurrent(LIF(), np.full((4, 4), gain / (0.5 * 4)))
        assert np.isfinite(rate_bound(net)).all() == finite
        assert np.isfinite(rate_bound(Recurrent(LIF(), -net.weights))).all()
    # Inhibition counts neither for the bound nor against it.
    apart = Recurrent(POPULATION, np.maximum(LOOPS.weights, 0.0))
    assert np.array_equal(rate_bound(LOOPS), rate_bound(apart))
    stronger = Recurrent(POPULATION, np.where(LOOPS.weights < 0.0, -9.0, LOOPS.weights))
    assert np.array_equal(rate_bound(LOOPS), rate_bound(stronger))
    none = Recurrent(POPULATION, MATRICES["inhibitory"])
    assert np.array_equal(rate_bound(none), rate_bound(Recurrent(POPULATION, np.zeros((5, 5)))))
    assert (rate_bound(LOOPS, 0.25) > rate_bound(LOOPS)).all()


def test_layers_of_strong_excitation_have_a_bound(monkeypatch):
    # No loops, so no feedback: every neuron has 1.6 times the rate of its source, and its own.
    monkeypatch.setattr("lifcore.loops.rates.LEVELS", np.zeros(1))
    chain = Recurrent(LIF(g=0.0, mu=1.5, tau=1.0, sigma=0.0), np.diag(np.full(39, 1.6), -1))
    expected = np.linalg.solve(np.eye(40) - chain.weights, np.full(40, 1.5))
    assert rate_bound(chain) == pytest.approx(expected, rel=1e-6)


def large(kind, neurons=300, seed=4):
    """A network for both ways of solving: its weights, excitatory gain 0.6 along the loops."""
    rng = np.random.default_rng(seed)
    weights = sparse.random_array((neurons, neurons), density=0.03, rng=rng)
    if kind == "ring":
        size = rng.uniform(0.1, 1.9, neurons)
        turn = np.arange(neurons)
        weights = sparse.csr_array((size, ((turn + 1) % neurons, turn)), (neurons, neurons))
    elif kind == "layered":
        weights = sparse.tril(weights, -1)
    elif kind == "apart":  # two parts of different gain, and neurons without input
        weights = sparse.block_diag([weights, 0.3 * weights, sparse.csr_array((9, 9))])
    net = Recurrent(LIF(tau=0.5), sparse.csr_array(weights))
    gain = cycle_gain(net) or 1.0
    return sparse.csr_array(weights) * (0.6 / gain)


@pytest.mark.parametrize("kind", ["random", "ring", "layered", "apart"])
@pytest.mark.parametrize("alike", [True, False])
def test_large_networks_have_the_bound_of_small_ones(kind, alike, monkeypatch):
    weights = large(kind)
    n, rng = weights.shape[0], np.random.default_rng(5)
    mu = 1.2 if alike else rng.uniform(-0.5, 2.0, n)
    sigma = 0.6 if alike else rng.choice([0.0, 0.5], n)
    net = Recurrent(LIF(mu=mu, sigma=sigma), weights)
    dense = rate_bound(net)
    monkeypatch.setattr("lifcore.loops.rates.DENSE", 20)
    found = rate_bound(net)
    # No further above than what is allowed, nor below than rounding.
    assert found == pytest.approx(dense, rel=3e-9, abs=1e-9)
    assert (found >= dense - 1e-9 * (1.0 + dense)).all()
    assert np.isfinite(found).all()


def test_the_bound_of_a_large_network_takes_seconds_at_most():
    n, degree, rng = 100_000, 10, np.random.default_rng(1)
    sources = rng.integers(0, n, n * degree)
    weights = sparse.csr_array(
        (np.where(sources < 0.8 * n, 1.0, -4.0), (np.repeat(np.arange(n), degree), sources)), (n, n)
    )
    net = Recurrent(LIF(), weights * (0.5 / (0.5 * 0.8 * degree)))
    begun = time.process_time()
    found = rate_bound(net)
    # 0.7 s of one core; the system of equations of each level by itself takes a minute.
    assert time.process_time() - begun < 5.0
    # r = M r + b at the best level of a mean neuron: the mean over the network of the formula.
    assert found.mean() == pytest.approx(1.2 / (1.0 - 0.5), rel=0.05)


FAST = LIF(mu=1.0, sigma=3.0, tau=0.05)


@pytest.mark.parametrize("scheme", ["exact", "euler"])
@pytest.mark.parametrize(
    ("net", "h"),
    [
        (LOOPS, 0.25),
        (SHARED, 0.5),
        (Recurrent(POPULATION, MATRICES["excitatory"]), 0.25),
        (Recurrent(LIF(sigma=2.0, mu=0.2), np.full((6, 6), 0.2)), 0.5),
        (Recurrent(FAST, np.full((4, 4), 2.0)), 0.05),
        (Recurrent(FAST, np.zeros((2, 2))), 0.05),
    ],
)
def test_rates_are_below_the_bound(net, h, scheme):
    T = max(30.0 * h, 6.0)
    run = simulate(net, h=h, T=T, paths=400, seed=12, scheme=scheme)
    bound = rate_bound(net, h if scheme == "euler" else None)
    for k, column in enumerate(run.spike_counts.T):
        rate = mean(column / T)
        assert rate.interval(0.998)[1] < bound[k]
        assert rate.mean > 0.05 * bound[k]


def test_climbs_need_excess_current():
    # (V_th - x) N <= int (I - g x)^+ along every path, and the input adds tau w+ a spike at most.
    net, T, fine = LOOPS, 4.0, 1 / 64
    request = {"h": [fine], "T": T, "paths": 40, "seed": 3}
    times = np.arange(1, round(T / fine)) * fine
    run = couple(net, times=times, **request)
    free = couple(Recurrent(POPULATION, np.zeros((5, 5))), times=times, **request)
    inputs = run.spike_counts @ np.maximum(net.weights, 0.0).T * net.column("tau")
    ratio = 0.0
    for share in (0.0, 0.3, 0.6, 0.9):
        x = net.column("v_reset") + share * (net.column("v_th") - net.column("v_reset"))
        spent = (net.column("v_th") - x) * run.spike_counts
        with_input, without = (
            fine * sum(np.maximum(look.i - net.column("g") * x, 0.0) for look in (*r.snapshots, r))
            for r in (run, free)
        )
        assert (spent <= with_input + 0.05).all()
        assert (with_input <= without + inputs + 0.05).all()
        ratio = max(ratio, (spent.sum(axis=0) / with_input.sum(axis=0)).max())
    assert ratio > 0.6


def test_gain_of_a_large_ring(monkeypatch):
    # All eigenvalues are on one circle.
    monkeypatch.setattr("lifcore.loops.rates.DENSE", 100)
    n, rng = 300, np.random.default_rng(3)
    size = rng.uniform(0.1, 0.5, n)
    ring = sparse.csr_array((size, (np.arange(1, n + 1) % n, np.arange(n))), (n, n))
    expected = 0.5 * np.exp(np.log(size).mean())
    assert cycle_gain(Recurrent(LIF(), ring)) == pytest.approx(expected, rel=1e-6)


def test_steps_beyond_tau_have_no_bound():
    # A spike's trace then changes its sign from step to step: inhibition excites.
    net = Recurrent(LIF(g=1.0, tau=0.5, mu=0.0, sigma=0.01), [[-10.0]])
    with pytest.warns(UserWarning, match=r"h = 0\.75 is above tau = 0\.5"):
        run = simulate(net, h=0.75, T=30.0, paths=1, seed=1, start=(0.99, 1.5))
    assert run.spike_counts[0, 0] > 10
    assert rate_bound(net)[0] < 0.01
    with pytest.raises(ValueError, match=r"h = 0\.75 is out of range; allowed: .* <= 0\.5"):
        rate_bound(net, 0.75)


def test_bad_input_is_refused():
    for call in (cycle_gain, kick_norm, rate_bound):
        with pytest.raises(TypeError, match=r"model = .* is a LIF; allowed: .*Recurrent"):
            call(LIF())
        with pytest.raises(ValueError, match=r"tau = inf: .*; allowed: a finite tau"):
            call(Recurrent(LIF(tau=np.array([0.5, np.inf])), np.zeros((2, 2))))
    for h, error in (("a", TypeError), (0.0, ValueError), (-0.1, ValueError), (np.nan, ValueError)):
        with pytest.raises(error, match="h = "):
            rate_bound(LOOPS, h)
    for lif, h in ((LIF(g=2.0), 0.6), (LIF(tau=0.2), 0.5)):
        with pytest.raises(ValueError, match="h = "):
            rate_bound(Recurrent(lif, [[0.0]]), h)
    assert rate_bound(Recurrent(LIF(g=2.0, tau=1.0), [[0.0]]), 0.5) > 0.0


def test_kick_norm_is_that_of_each_row():
    way = POPULATION.v_th - POPULATION.v_reset
    rows = POPULATION.tau / way * np.sqrt((np.asarray(LOOPS.weights) ** 2).sum(axis=1))
    for kind in (np.array, sparse.csc_array):
        assert kick_norm(Recurrent(POPULATION, kind(LOOPS.weights))) == pytest.approx(rows)
    assert (kick_norm(Recurrent(LIF(), -np.ones((4, 4)))) == 0.5 * 2.0).all()
