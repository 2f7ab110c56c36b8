"""Noise by key: it is NumPy's, it is independent, and a search repeats it."""

import itertools

import numpy as np
import pytest
from scipy import stats

from lifcore import LIF, Recurrent, simulate
from lifcore.networks.kinds import exact_kinds, guard_of
from lifcore.noise.keyed import COMMON, Source, draw, noise_of_paths, stream
from lifcore.schemes.exact import exact_step
from oracles import keyed_normals, refined_step

WORD = 0xDEADBEEF12345678
NO_JUMPS = np.empty(0), np.empty(0)


def keyed(word=WORD, common=0.0):
    return Source(*stream(), np.uint64(word), np.sqrt(1.0 - common), np.sqrt(common))


def drawn(source, *key):
    z = np.empty(3)
    draw(source, *key, z)
    return z


# --- whose noise it is --------------------------------------------------------------------------


def test_noise_of_a_path_is_its_documented_one():
    noise = noise_of_paths(np.random.SeedSequence(7), 3, 6)
    for k in range(3):
        child = np.random.SeedSequence(7).spawn(4 + k)[3 + k]
        assert np.array_equal(noise.seats[k], np.random.SFC64(child).state["state"]["state"])
        word = child.spawn(1)[0].generate_state(1, np.uint64)[0]
        assert noise.words[k] == word
    assert len({*noise.words.tolist(), *noise.seats.ravel().tolist()}) >= 3 + 9


def test_a_seated_stream_goes_on_as_numpy_does():
    one, expected = stream(), np.random.Generator(np.random.SFC64(3))
    one.state[:] = np.random.SFC64(3).state["state"]["state"]
    assert np.array_equal(one.generator.standard_normal(10), expected.standard_normal(10))
    kept = one.state.copy()
    later = one.generator.standard_normal(5)
    one.state[:] = kept
    assert np.array_equal(one.generator.standard_normal(5), later)


KEYS = [(0, 0, 1), (1, 0, 1), (0, 1, 1), (1999, 12345, 2**30 + 7), (3, 2**39, 2**40 + 1)]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_keyed_normals_are_those_of_numpy(key):
    assert np.array_equal(drawn(keyed(), *key), keyed_normals(WORD, *key))
    own, shared = keyed_normals(WORD, *key), keyed_normals(WORD, COMMON, *key[1:])
    expected = np.sqrt(0.7) * own + np.sqrt(0.3) * shared
    assert drawn(keyed(common=0.3), *key) == pytest.approx(expected, abs=1e-15)
    assert np.array_equal(drawn(keyed(common=1.0), *key), shared)


def test_keys_do_not_depend_on_what_was_drawn_before():
    source = keyed()
    first = [drawn(source, *key) for key in KEYS]
    source.generator.standard_normal(17)
    for key, z in zip(reversed(KEYS), reversed(first), strict=True):
        assert np.array_equal(drawn(source, *key), z)


def test_normals_of_neighbouring_keys_are_independent_normals():
    # A block of keys, and all that are one or two further in any of the words.
    source, grid = keyed(), (12, 60, 60)
    z = np.array([drawn(source, k, n, 1 + p) for k, n, p in np.ndindex(grid)]).reshape(*grid, 3)
    assert stats.kstest(z.ravel(), "norm").pvalue > 1e-4
    assert len(np.unique(z)) == z.size > 1e5
    for shift in itertools.product(range(3), repeat=3):
        head = z[tuple(slice(0, n - s) for n, s in zip(grid, shift, strict=True))]
        tail = z[tuple(slice(s, None) for s in shift)]
        for a, b in itertools.product(range(3), repeat=2):
            if shift == (0, 0, 0) and a >= b:
                continue
            for power in (1, 2):  # the squares too: dependence need not be linear
                x, y = head[..., a] ** power, tail[..., b] ** power
                x, y = x - x.mean(), y - y.mean()
                correlation = (x * y).mean() / np.sqrt((x * x).mean() * (y * y).mean())
                # 468 of them: 5 standard errors come about by chance once in 4000 times.
                assert abs(correlation) < 5.0 / np.sqrt(x.size), (shift, a, b, power)


def test_normals_of_neighbouring_paths_are_independent():
    # The words of paths are random, but what if they were numbers in a row?
    z = np.array([drawn(keyed(word), 0, 5, 1) for word in range(20000)])
    assert stats.kstest(z.ravel(), "norm").pvalue > 1e-4
    for a, b in itertools.product(range(3), repeat=2):
        assert abs((z[:-1, a] * z[1:, b]).mean()) < 4.5 / np.sqrt(20000)


# --- the same path, searched again --------------------------------------------------------------


def searched(step, source, state, normals, jumps, key=(4, 9)):
    pairs = np.column_stack(jumps)
    return refined_step(step, state, normals, source, jumps=pairs, key=key, label=(0, 4, 0))


@pytest.mark.parametrize("common", [0.0, 0.5])
@pytest.mark.parametrize("h", [2.0, 0.25, 2.0**-6, 2.0**-11])
def test_later_arrivals_change_no_bit_of_what_came_before(h, common):
    rng, source = np.random.default_rng(3), keyed(common=common)
    step = exact_step(LIF(sigma=0.8, mu=1.3), h)
    early, moved = 0, 0
    for case in range(1200):
        speed = rng.uniform(-0.2, 2.0)
        near = rng.uniform(-0.5, 1.5) * h * speed + rng.normal() * 0.2 * h**1.5
        state = (min(1.0 - abs(near), 1.0), 1.0 + speed)
        normals, count = rng.normal(size=3), int(rng.integers(1, 5))
        times = np.sort(rng.uniform(0.0, h, count))
        sizes = rng.normal(size=count) * rng.choice([0.3, 2.0, 0.5 / h])
        key = (4, case)
        _, whole = searched(step, source, state, normals, (times, sizes), key)
        for fewer in range(count):
            some = (times[:fewer], sizes[:fewer])
            _, spikes = searched(step, source, state, normals, some, key)
            one, other = spikes[spikes["time"] < times[fewer]], whole[whole["time"] < times[fewer]]
            assert np.array_equal(one, other), (case, fewer)
            early += one.size
            moved += not np.array_equal(spikes, whole)
    assert early > 300
    assert moved > 300


def test_a_jump_at_the_very_time_of_a_spike_comes_after_it():
    rng, source = np.random.default_rng(5), keyed()
    total = 0
    for h in (2.0, 0.25, 2.0**-6, 2.0**-11):
        step = exact_step(LIF(sigma=0.8, mu=1.8), h)
        for case in range(400):
            normals, key = rng.normal(size=3), (4, case)
            state = (1.0 - rng.uniform(0.0, 1.0) * h, 1.8)
            _, spikes = searched(step, source, state, normals, NO_JUMPS, key)
            for k, time in enumerate(spikes["time"]):
                for size in (2.0, -3.0):
                    arrival = (np.array([time]), np.array([size]))
                    _, again = searched(step, source, state, normals, arrival, key)
                    assert np.array_equal(again[: k + 1], spikes[: k + 1])
                total += 1
    assert total > 600


@pytest.mark.parametrize("weight", [0.0, 3.0])
def test_no_step_is_skipped_that_a_search_would_find_a_spike_in(weight):
    # Neurons that may just graze the threshold, and one without noise that drives all others.
    h, neurons, paths, rng = 2.0**-4, 400, 15, np.random.default_rng(6)
    weights = np.zeros((neurons, neurons))
    weights[1:, 0] = weight * rng.normal(size=neurons - 1)
    sigma = np.full(neurons, 0.6)
    sigma[0] = 0.0
    net = Recurrent(LIF(mu=1.0, sigma=sigma), weights)
    speed = rng.uniform(-0.5, 0.5, (paths, neurons))
    v = 1.0 - rng.uniform(0.0, 0.02, (paths, neurons))
    v[:, 0], speed[:, 0] = 1.0 - 0.3 * h * 2.0, 2.0
    request = {"h": h, "paths": paths, "seed": 4, "scheme": "exact", "start": (v, v + speed)}
    first, second = (simulate(net, T=steps * h, **request) for steps in (1, 2))
    noise, step = noise_of_paths(np.random.SeedSequence(4), 0, paths), exact_step(net.neurons[1], h)
    hidden = np.zeros(2, int)
    for path in range(paths):
        one = np.random.Generator(np.random.SFC64(np.random.SeedSequence(4).spawn(paths)[path]))
        normals, source = one.standard_normal((2, 3, neurons)), keyed(noise.words[path])
        (time,) = first.spikes(path, 0)
        begin = v[path], v[path] + speed[path]
        for n, run in enumerate((first, second)):
            for k in range(1, neurons):
                arrivals = NO_JUMPS if n else (np.array([time]), weights[[k], 0])
                state, own = (begin[0][k], begin[1][k]), normals[n, :, k].copy()
                end, _ = searched(step, source, state, own, arrivals, (k, n))
                assert abs(run.v[path, k] - end[0]) < 1e-12
                assert abs(run.i[path, k] - end[1]) < 1e-12
                hidden[n] += end[2]
            begin = run.v[path], run.i[path]
    assert second.spike_counts[:, 1:].sum() == hidden.sum()
    assert (hidden > 100).all()


def test_a_step_is_clear_only_if_short_and_well_below_the_threshold():
    neurons = [LIF(sigma=0.6), LIF(sigma=0.2, v_th=1.5), LIF(sigma=0.6, tau=0.1)]
    kinds = exact_kinds(neurons, 0.125)
    spread = np.sqrt(0.125**3 / 192.0)
    assert guard_of(kinds, 0) == pytest.approx(1.0 - 6.0 * 0.6 * spread, abs=1e-12)
    assert guard_of(kinds, 1) == pytest.approx(1.5 - 6.0 * 0.2 * spread, abs=1e-12)
    assert guard_of(kinds, 2) == -np.inf  # beyond a quarter of its fastest time scale


def test_refinement_by_key_has_the_law_of_that_in_turn():
    # From one state through a long step: times and speeds of the first two spikes, and the end.
    step = exact_step(LIF(sigma=0.9, mu=1.6), 3.0)
    generator = np.random.Generator(np.random.SFC64(8))
    rng, found = np.random.default_rng(9), {"key": [], "turn": []}
    source = keyed()
    for case in range(6000):
        for kind in found:
            chosen = source if kind == "key" else generator
            (*_, count), spikes = refined_step(
                step, (0.0, 1.6), rng.normal(size=3), chosen, key=(2, case)
            )
            row = [(s["time"], s["speed"]) for s in spikes[:2]]
            row += [(9.0, 0.0)] * (2 - len(row))
            found[kind].append([x for pair in row for x in pair] + [count])
    one, other = (np.array(values) for values in found.values())
    for x, y in zip(one.T, other.T, strict=True):
        assert stats.ks_2samp(x, y).pvalue > 1e-4
    between = (one[:, 2] - one[:, 0], other[:, 2] - other[:, 0])
    assert stats.ks_2samp(*between).pvalue > 1e-4
    assert (one[:, 4] >= 2).sum() > 1000


def test_refinement_by_key_draws_a_brownian_path():
    # A neuron that spikes 400 times in a step tells its current all along it, by its speeds.
    step = exact_step(LIF(g=0.0, tau=np.inf, mu=400.0, sigma=64.0), 1.0)
    rng, source, paths = np.random.default_rng(10), keyed(), 1500
    grid, current = np.linspace(0.0, 1.0, 9), np.empty((paths, 9))
    for case in range(paths):
        end, own = refined_step(
            step, (0.0, 400.0), rng.normal(size=3), source, key=(2, case), room=900
        )
        times, speeds = np.r_[0.0, own["time"], 1.0], np.r_[400.0, own["speed"], end[1]]
        current[case] = np.interp(grid, times, speeds)
    x = np.diff(current, axis=1) / (64.0 * np.sqrt(1.0 / 8.0))
    moments = x.T @ x / paths
    off = np.abs(moments - np.eye(8)) * np.sqrt(paths / (1.0 + np.eye(8)))
    # Between two spikes the current is not a line: that takes 1 % of the variance.
    assert off.max() < 4.5
    assert abs(np.trace(moments) / 8.0 - 0.99) < 4.5 * np.sqrt(2.0 / (8 * paths))
