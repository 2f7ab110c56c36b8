"""Networks by populations: the laws of what is drawn, the same network as a matrix, and errors."""

import dataclasses
import pickle
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import stats

from lifcore import LIF, Recurrent, couple, simulate
from lifcore.models import (
    Normal,
    PoissonInput,
    Population,
    Populations,
    Projection,
    microcircuit,
    synapse_number,
)
from lifcore.models.microcircuit import CELL
from lifcore.networks import as_recurrent, draw_synapses
from lifcore.networks.drawn import bundles_at

NEURON = LIF(t_ref=0.25, mu=1.3)
TWO = [
    Population("E", 2500, NEURON, PoissonInput(2.0, 0.1)),
    Population("I", 700, dataclasses.replace(NEURON, mu=1.1)),
]
MANY = Projection("I", "E", synapses=200_000, weight=Normal(-0.1, 0.05, most=0.0), delay=0.25)
CHANCE = Projection(
    "E", "I", probability=0.02, weight=0.1, delay=Normal(0.5, 0.25, least=0.125, most=1.0)
)
DENSE = Projection("I", "I", probability=0.8, weight=Normal(-0.02, 0.002), delay=0.125)
MODEL = Populations(TWO, [MANY, CHANCE, DENSE], seed=5, resolution=0.0625)
RUN = {"h": 0.0625, "T": 4.0, "seed": 1}


def synapses(model):
    """Source, target, weight and delay of every synapse."""
    bundles, _ = draw_synapses(model)
    parts, neurons = bundles.first.shape[0], bundles.first.shape[1] - 1
    counts = np.diff(bundles.first, axis=1)
    source = np.repeat(np.tile(np.arange(neurons), parts), counts.ravel())
    base = np.repeat(np.arange(parts) * bundles.part, counts.sum(axis=1))
    one = bundles.synapse
    return source, base + one["target"], one["weight"], model.delay_times[one["delay"]]


def of_projection(model, projection):
    source, target, weight, delay = synapses(model)
    ends = model.of(projection.source), model.of(projection.target)
    inside = (source >= ends[0].start) & (source < ends[0].stop)
    inside &= (target >= ends[1].start) & (target < ends[1].stop)
    return (
        source[inside] - ends[0].start, target[inside] - ends[1].start,
        weight[inside], delay[inside],
    )  # fmt: skip


def uniform(places, size):
    """Whether places are as multinomial counts of equal chance are, by chi square."""
    return stats.chisquare(np.bincount(places, minlength=size)).pvalue > 1e-4


# --- the laws -----------------------------------------------------------------------------------


def test_a_number_of_synapses_is_drawn_with_repetition():
    source, target, weight, delay = of_projection(MODEL, MANY)
    assert source.size == 200_000
    assert uniform(source, 700)
    assert uniform(target, 2500)
    pairs = np.bincount(source * 2500 + target, minlength=700 * 2500)
    mean = 200_000 / (700 * 2500)
    doubled = stats.poisson.sf(1, mean) * pairs.size
    assert abs((pairs > 1).sum() - doubled) < 4.5 * np.sqrt(doubled)
    assert np.all(delay == 0.25)
    assert weight.max() <= 0.0
    law = stats.truncnorm(-np.inf, 2.0, -0.1, 0.05)
    assert stats.kstest(weight, law.cdf).pvalue > 1e-4


@pytest.mark.parametrize("projection", [CHANCE, DENSE], ids=["few", "most"])
def test_a_probability_is_that_of_every_pair(projection):
    source, target, _, _ = of_projection(MODEL, projection)
    sizes = [MODEL.sizes[MODEL.names.index(n)] for n in (projection.source, projection.target)]
    p, pairs = projection.probability, sizes[0] * sizes[1]
    assert np.unique(source * sizes[1] + target).size == source.size
    assert abs(source.size - p * pairs) < 4.5 * np.sqrt(pairs * p * (1 - p))
    for places, size, other in ((source, sizes[0], sizes[1]), (target, sizes[1], sizes[0])):
        counts = np.bincount(places, minlength=size)
        # binomial in each neuron: the sum of squares is a chi square of so many degrees
        off = ((counts - p * other) ** 2).sum() / (other * p * (1 - p))
        assert abs(off - size) < 4.5 * np.sqrt(2.0 * size)


def test_delays_are_rounded_and_redrawn():
    delay = of_projection(MODEL, CHANCE)[3]
    assert np.array_equal(delay, 0.0625 * np.rint(delay / 0.0625))
    assert delay.min() == 0.125
    assert delay.max() == 1.0
    law = stats.truncnorm(-1.5, 2.0, 0.5, 0.25)
    edges = np.arange(0.125, 1.0 + 0.0625, 0.0625)
    chance = np.diff(law.cdf(np.concatenate([[0.0], edges[:-1] + 0.03125, [2.0]])))
    counts = np.array([(delay == d).sum() for d in edges])
    assert stats.chisquare(counts, chance * delay.size).pvalue > 1e-4


def test_no_and_all_pairs():
    model = Populations(
        TWO,
        [
            Projection("I", "I", probability=0.0, weight=0.1),
            Projection("I", "E", probability=1.0, weight=0.1),
        ],
        seed=1,
    )
    source, target, _, _ = synapses(model)
    assert np.unique(source * 2500 + target).size == source.size == 700 * 2500


def test_memory_is_eight_bytes_a_synapse():
    assert draw_synapses(MODEL)[0].synapse.itemsize == 8


def test_number_from_probability():
    pairs = 50 * 40
    k = synapse_number(0.1, 50, 40)
    assert 1.0 - (1.0 - 1.0 / pairs) ** k == pytest.approx(0.1, abs=1.0 / pairs)
    with pytest.raises(ValueError, match=r"probability = 1\.0 is out of range; allowed: >= 0"):
        synapse_number(1.0, 5, 5)


# --- the same, whoever draws and runs it --------------------------------------------------------


def test_threads_draw_the_same():
    whole = synapses(MODEL)
    again = pickle.loads(pickle.dumps(MODEL))
    assert "_drawn" not in again.__dict__
    with ThreadPoolExecutor(3) as pool:
        draw_synapses(again, pool.map)
    for one, other in zip(whole, synapses(again), strict=True):
        assert np.array_equal(one, other)
    other = Populations(TWO, MODEL.projections, seed=6, resolution=0.0625)
    assert not np.array_equal(synapses(other)[2][:100], whole[2][:100])


@pytest.mark.parametrize("scheme", ["euler", "frozen", "exponential"])
def test_is_the_same_as_a_matrix(scheme):
    model = Populations(TWO, [CHANCE, DENSE], seed=5, resolution=0.0625, common=0.2)
    net = as_recurrent(model)
    assert isinstance(net, Recurrent)
    assert net.weights.nnz == synapses(model)[0].size
    own, other = (simulate(x, paths=2, scheme=scheme, **RUN) for x in (model, net))
    assert own.spike_counts.sum() > 1000
    for name in ("v", "i", "spike_counts"):
        assert np.array_equal(getattr(own, name), getattr(other, name)), name
    assert np.array_equal(own.all_spikes(), other.all_spikes())


@pytest.mark.parametrize("delay", [0.0, 0.25])
def test_a_matrix_has_no_synapses_of_weight_0(delay):
    small = [
        Population("E", 30, dataclasses.replace(NEURON, mu=1.6)),
        Population("I", 20, dataclasses.replace(NEURON, mu=1.5)),
    ]
    ways = [
        Projection("E", "I", probability=0.5, weight=0.0, delay=2.0 * delay),
        Projection("I", "E", probability=0.5, weight=-0.2, delay=delay),
    ]
    model = Populations(small, ways, seed=5, resolution=0.0625)
    net = as_recurrent(model)
    assert net.sizes == (50,)
    assert net.weights.nnz == (synapses(model)[2] != 0.0).sum() > 0
    assert net.delay_range == (delay, delay)
    own, other = (simulate(x, paths=4, **RUN) for x in (model, net))
    assert own.spike_counts.sum() > 100
    for name in ("v", "i", "spike_counts"):
        assert np.array_equal(getattr(own, name), getattr(other, name)), name
    none = as_recurrent(Populations(small, ways[:1], seed=5, resolution=0.0625))
    assert none.weights.nnz == 0


def test_threads_run_the_same():
    runs = [simulate(MODEL, paths=1, executor=f"threads:{k}", **RUN) for k in (1, 2, 3)]
    for run in runs[1:]:
        assert np.array_equal(run.v, runs[0].v)
        assert np.array_equal(run.spike_counts, runs[0].spike_counts)


def test_a_matrix_holds_one_synapse_a_pair():
    with pytest.raises(ValueError, match="model has two synapses from one neuron to another"):
        as_recurrent(MODEL)


def test_steps_of_the_grid_round_delays():
    bundles = bundles_at(MODEL, 0.125)
    times = MODEL.delay_times
    used = np.unique(draw_synapses(MODEL)[0].synapse["delay"])
    assert np.array_equal(bundles.steps[used], np.rint(times[used] / 0.125))
    with pytest.raises(ValueError, match=r"h = 0.25: a delay of 0.125 is less than a step"):
        simulate(MODEL, h=0.25, T=1.0, paths=1, seed=1)


def test_the_column_has_the_published_numbers():
    column = microcircuit(seed=1)
    assert sum(column.sizes) == 77169
    assert column.expected_synapses == pytest.approx(0.299e9, rel=0.002)
    weights = {(p.source, p.target): p.weight.mean * CELL.current_unit for p in column.projections}
    assert weights["L23E", "L23I"] == pytest.approx(87.8, abs=0.05)
    assert weights["L23I", "L23E"] == pytest.approx(-351.2, abs=0.2)
    assert weights["L4E", "L23E"] == pytest.approx(175.6, abs=0.1)
    own = column.poisson[0]
    assert own.rate[0] == pytest.approx(8.0 * 1600 * 0.01)
    assert all(lif.mu == 0.0 and lif.t_ref == 0.2 and lif.sigma == 0.0 for lif in column.layers)


def test_a_small_column_keeps_mean_and_variance_of_its_input():
    small, whole = microcircuit(0.2, 0.25, seed=1), microcircuit(seed=1)
    rates = dict(zip(whole.names, (0.86, 2.80, 4.45, 5.93, 7.59, 8.64, 1.09, 7.88), strict=True))

    def moments(column, k):
        name, size = column.names[k], column.sizes[k]
        own = [p for p in column.projections if p.target == name]
        events = [(p.synapses / size * rates[p.source] * 0.01, p.weight.mean) for p in own]
        poisson = column.populations[k].poisson[0]
        events.append((poisson.rate, poisson.weight))
        mean = column.layers[k].mu + 0.05 * sum(r * w for r, w in events)
        return mean, 0.025 * sum(r * w**2 for r, w in events)

    for k in range(8):
        np.testing.assert_allclose(moments(small, k), moments(whole, k), rtol=0.002, atol=1e-3)


def test_the_column_refuses_other_shares():
    for name in ("neurons", "inputs"):
        with pytest.raises(ValueError, match=f"{name} = 1.5 is out of range"):
            microcircuit(**{name: 1.5}, seed=1)


def test_the_column_names_what_is_too_small_or_too_long():
    with pytest.raises(
        ValueError, match=r"^neurons = 0\.0004 leaves none of L5I; allowed: above 0"
    ):
        microcircuit(0.0004, 0.01, seed=1)
    assert min(microcircuit(0.0005, 0.01, seed=1).sizes) == 1
    with pytest.raises(
        ValueError, match=r"^resolution = 4\.0 is out of range; allowed: .* <= 3\.75"
    ):
        microcircuit(0.01, 0.01, seed=1, resolution=4.0)
    assert microcircuit(0.01, 0.01, seed=1, resolution=3.75).resolution == 0.375
    for tiny in (1e-9, 1e-300):
        with pytest.raises(ValueError, match=r"^resolution = .*: delays up to .* have .* values;"):
            microcircuit(0.01, 0.01, seed=1, resolution=tiny)


# --- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Projection("E", "I", probability=1.2, weight=0.1),
            "E -> I: probability = 1.2 is out of range; allowed: a number >= 0 and <= 1",
        ),
        (
            lambda: Projection("E", "I", probability=-0.1, weight=0.1),
            "E -> I: probability = -0.1 is out of range",
        ),
        (
            lambda: Projection("E", "I", synapses=-1, weight=0.1),
            "E -> I: synapses = -1 is out of range; allowed: an integer >= 0",
        ),
        (
            lambda: Projection("E", "I", synapses=1, weight=0.1, delay=-1.0),
            "E -> I: delay = -1.0 is out of range; allowed: a number >= 0",
        ),
        (
            lambda: Projection("E", "I", synapses=1, weight=0.1, delay=Normal(1.0, 0.5)),
            "may be negative; allowed: least >= 0",
        ),
        (
            lambda: Populations(TWO, [Projection("E", "X", synapses=1, weight=0.1)], seed=1),
            "projections[0] (E -> X): there is no population 'X'; allowed: E, I",
        ),
        (lambda: MODEL.of("L4"), "there is no population 'L4'; allowed: E, I"),
        (lambda: Population("E", 0, LIF()), "E: size = 0 is out of range; allowed: an integer"),
        (
            lambda: Population("E", 3, LIF(mu=[1.0, 2.0])),
            "E: neuron has arrays of 2 values, size = 3; allowed: numbers, or one value a neuron",
        ),
        (
            lambda: Population("E", 3, LIF(), PoissonInput([1.0, 2.0], 0.1)),
            "E: poisson[0] has arrays of 2 values for 3 neurons",
        ),
        (
            lambda: Populations([TWO[0], TWO[0]], [], seed=1),
            "two are called 'E'; allowed: different names",
        ),
        (lambda: Populations([], [], seed=1), "populations is empty; allowed: one Population"),
        (
            lambda: Populations(TWO, [CHANCE], seed=1),
            "is random, resolution = None; allowed: a number > 0",
        ),
        (
            lambda: Populations(TWO, [MANY], seed=1, resolution=0.1),
            "delay = 0.25 is no whole multiple of resolution = 0.1; allowed: multiples of it",
        ),
        (
            lambda: Populations(TWO, [CHANCE], seed=1, resolution=1e-6),
            "resolution = 1e-06: delays up to 1 have 1000001 values; allowed: up to 65536",
        ),
        (
            lambda: Populations(TWO, [Projection("E", "E", synapses=10**13, weight=0.1)], seed=1),
            "1e+13 synapses of 3200 neurons would take 74505.8 GiB, this machine has",
        ),
        (
            lambda: Populations(
                [Population("E", 3, LIF()), Population("I", 3, LIF(tau=0.3))], [], 1, common=0.5
            ),
            "common = 0.5, but tau differs between neurons",
        ),
        (lambda: Normal(0.0, 1.0, least=5.0), "leave less than 0.001 of a normal distribution"),
        (lambda: Normal(0.0, -1.0), "sd = -1.0 is out of range; allowed: a number >= 0"),
    ],
)
def test_numbers_that_do_not_fit(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Projection("E", "I", weight=0.1), "synapses = None, probability = None; allowed:"),
        (
            lambda: Projection("E", "I", synapses=3, probability=0.5, weight=0.1),
            "synapses = 3, probability = 0.5; allowed: one of the two",
        ),
        (lambda: Projection("E", "I", synapses=3), "E -> I: weight missing; allowed: a number or"),
        (lambda: Projection("E", "I", synapses=2.5, weight=0.1), "synapses = 2.5 is a float"),
        (lambda: Population("E", 3, 4), "E: neuron = 4 is a int"),
        (lambda: Populations(["E"], [], seed=1), "populations[0] = 'E' is a str"),
        (lambda: couple(MODEL, h=[0.1], T=1.0, paths=1, seed=1), "allowed: lifcore.LIF, lifcore."),
    ],
)
def test_things_that_are_something_else(make, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        make()


def test_the_exact_scheme_refuses_by_name():
    with pytest.raises(ValueError, match="simulate with scheme = 'exact' does not support"):
        simulate(MODEL, scheme="exact", paths=1, **RUN)
