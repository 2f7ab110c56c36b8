"""Physical units: every conversion against a calculation by hand, and what is refused."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifcore.models.inputs import current_noise
from lifcore.models.neuron import LIF
from lifcore.models.nir_nodes import to_nir
from lifcore.models.physical import Physical
from lifcore.models.simulators import from_nest, from_pynn, to_nest, to_pynn
from lifcore.stationary.threshold_equation import solve_threshold

CELL = {"C_m": 250, "tau_m": 10, "tau_syn_ex": 0.5, "V_th": -50, "V_reset": -65, "E_L": -65}
PYNN = {
    "cm": 0.25,
    "tau_m": 10,
    "tau_syn_E": 0.5,
    "v_thresh": -50,
    "v_reset": -65,
    "v_rest": -65,
}


def close(value):
    return pytest.approx(value, rel=1e-9)


def test_nest_by_hand():
    # V unit: -50 + 65 = 15 mV. Current unit: 250 pF 15 mV / 10 ms = 375 pA. mu = 400/375 = 16/15.
    # tau = 0.5/10. sigma = (200/375) sqrt(2/0.05) = (8/15) sqrt(40) = 0.5333... 6.32455532034.
    cell = from_nest(**CELL, I_e=400, noise_sd=200)
    assert (cell.time_unit, cell.voltage_unit, cell.current_unit, cell.rest) == (10, 15, 375, -65)
    lif = cell.lif
    assert (lif.g, lif.v_th, lif.v_reset) == (1.0, 1.0, 0.0)
    assert lif.tau == close(0.05)
    assert lif.mu == close(1.06666666667)
    assert lif.sigma == close(3.37309617085)
    # sd of V: 200 pA through 10 ms / 250 pF = 0.04 mV/pA gives 8 mV, times 1/sqrt(21) = 0.21821789.
    assert cell.V_sd == close(1.74574312189)
    # 0.1 ms is 1/100 of 10 ms; 0.3 per 10 ms are 30 Hz; half way up from -65 is -57.5 mV.
    assert (cell.h(0.1), cell.hz(0.3), cell.mv(0.5)) == (close(0.01), close(30.0), -57.5)
    assert (cell.ms(2.5), cell.pa(1.6)) == (25.0, 600.0)


def test_reset_above_rest_and_a_threshold_below_it():
    # Reset 6 of 15 mV above rest; then a cell at rest 5 mV above threshold: unit 15, v_th = -1/3.
    assert from_nest(**CELL | {"V_reset": -59}).lif.v_reset == close(0.4)
    with pytest.warns(UserWarning, match=r"E_L = -45 mV is not below V_th = -50 mV"):
        cell = from_nest(**CELL | {"E_L": -45})
    assert cell.voltage_unit == 15.0
    assert (cell.lif.v_th, cell.lif.v_reset) == (close(-1 / 3), close(-4 / 3))
    assert cell.mv(cell.lif.v_th) == close(-50.0)


def test_poisson_input_by_hand():
    # Potjans & Diesmann 2014: 1600 inputs at 8 Hz are 12.8 events a ms of 87.8 pA. Mean: 12.8 87.8
    # 0.5 = 561.92 pA. Variance: 12.8 87.8^2 0.25 = 3.2 7708.84 = 24668.288, sd 157.0614147.
    cell = from_nest(**CELL, rates=12_800, weights=87.8, I_e=10)
    assert cell.I_e == close(571.92)
    assert cell.noise_sd == pytest.approx(157.0614147, rel=1e-8)
    assert (cell.lif.g, cell.lif.tau) == (1.0, close(0.05))
    # An event makes I jump by 87.8/375 and V rise by at most 0.15 mV, as published: the two
    # exponentials differ most at ln(20) 0.5 10/9.5 = 1.577 ms.
    u = np.linspace(0, 10, 100_001)
    assert np.ptp(87.8 / 250 * (np.exp(-u / 10) - np.exp(-u / 0.5)) * 5 / 9.5) == pytest.approx(
        0.15, abs=5e-5
    )
    # Excitation 5000 Hz of 40 pA, inhibition 2000 Hz of -80 pA: mean 0.5 (200 - 160) = 20 pA,
    # variance 0.25 (5 1600 + 2 6400) = 5200.
    both = from_nest(**CELL, rates=[5000, 2000], weights=[40, -80])
    assert (both.I_e, both.noise_sd) == (close(20.0), close(72.1110255093))


def test_noise_of_the_potential_by_hand():
    # 8 mV / sqrt(21) from above: back to 200 pA.
    assert from_nest(**CELL, V_sd=1.7457431218879391).noise_sd == close(200.0)
    # Two inputs of 50 pA: 2 r 2500 0.5/2 = 40000 gives r = 32 a ms.
    cell = from_nest(**CELL, noise_sd=200)
    assert cell.poisson_rate(50) == close(32_000.0)
    back = from_nest(**CELL, rates=[32_000, 32_000], weights=[50, -50])
    assert (back.I_e, back.noise_sd) == (0.0, close(200.0))


def test_filtered_poisson_input_has_these_moments():
    # Shot noise by simulation: the formulas above are not used.
    rng = np.random.default_rng(1)
    events, horizon, tau = 400_000, 100_000.0, 2.0
    times = np.sort(rng.uniform(0, horizon, events))  # 4 a ms
    at = rng.uniform(50, horizon, 20_000)
    first, last = np.searchsorted(times, at - 40 * tau), np.searchsorted(times, at)
    current = [
        30.0 * np.exp((times[i:j] - t) / tau).sum() for i, j, t in zip(first, last, at, strict=True)
    ]
    mean, sd = current_noise(C_m=250, tau_m=10, tau_syn=tau, rates=4000, weights=30)
    # 50 000 correlation times: standard errors of 0.3 % of sd in the mean and 0.7 % in sd.
    assert np.mean(current) == pytest.approx(mean, abs=0.03 * sd)
    assert np.std(current) == pytest.approx(sd, rel=0.03)


@pytest.mark.filterwarnings("ignore:tau_syn")
@pytest.mark.parametrize(
    ("cell", "t_ref", "rate"),
    [  # Siegert's formula, where t_ref is added to the interval: the current is white in the end
        ({"tau_m": 20, "V_th": 20, "V_reset": 10, "I_e": 225, "V_sd": 12.5**0.5}, 0, 20.4216),
        (
            {"tau_m": 10, "V_th": 15, "V_reset": 0, "I_e": 375, "V_sd": 0.75**0.5},
            2,
            27.1095934,
        ),
    ],
    ids=["threshold 20 mV", "NEST's test of siegert_neuron"],
)
def test_rate_in_hz_of_white_noise(cell, t_ref, rate):
    """As tau_syn -> 0 with the potential's sd kept; errors in powers of its root."""
    c_m = 250  # 225 pA through 20 ms / 250 pF: 18 mV; 375 pA through 10 ms / 250 pF: 15 mV
    rates = []
    for tau_syn in (0.004, 0.016, 0.064):
        neuron = from_nest(C_m=c_m, tau_syn_ex=tau_syn, E_L=0, t_ref=t_ref, **cell)
        rates.append(neuron.hz(solve_threshold(neuron.lif).rate))
    finer, coarser = 2 * rates[0] - rates[1], 2 * rates[1] - rates[2]
    assert (4 * finer - coarser) / 3 == pytest.approx(rate, rel=1e-4)


def test_pynn_by_hand():
    # nF and nA are 1000 pF and pA.
    cell = from_pynn(**PYNN, i_offset=0.4, noise_sd=0.2, tau_refrac=0, tau_syn_I=0.5)
    assert cell == from_nest(**CELL, I_e=400, noise_sd=200)
    assert to_pynn(cell) == PYNN | {"i_offset": 0.4, "tau_refrac": 0.0, "tau_syn_I": 0.5}
    jumps = from_pynn(**PYNN, rates=[12_800], weights=[0.0878])
    assert jumps.I_e == close(561.92)
    assert from_pynn(**PYNN, rates=12_800, weights=0.0878) == jumps


positive = st.floats(0.2, 900.0)
cells = st.builds(
    lambda c, m, s, rest, up, down, mean, sd: Physical(
        C_m=c,
        tau_m=m,
        tau_syn=s,
        V_th=rest + up,
        V_reset=rest + up - down,
        E_L=rest,
        I_e=mean,
        noise_sd=sd,
    ),
    *(positive, positive, positive, st.floats(-90, 40), st.floats(1, 60), st.floats(1, 60)),
    *(st.floats(-1e4, 1e4), st.floats(0, 1e4)),
)


@pytest.mark.filterwarnings("ignore:mu = ")  # of a drive that nobody has
@given(cells)
@settings(max_examples=200, deadline=None)
def test_there_and_back(cell):
    nest = from_nest(**to_nest(cell), noise_sd=cell.noise_sd)
    pynn = from_pynn(**to_pynn(cell), noise_sd=cell.noise_sd / 1000)
    units = {"time_unit": cell.time_unit, "voltage_unit": cell.voltage_unit}
    twin = Physical.from_lif(cell.lif, **units, C_m=cell.C_m, E_L=cell.E_L)
    free = from_nest(**to_nest(cell), V_sd=cell.V_sd)
    for other in (nest, pynn, twin, free):
        for name, value in vars(cell).items():
            assert getattr(other, name) == pytest.approx(value, rel=1e-9, abs=1e-9), name
    assert cell.h(cell.ms(0.3)) == close(0.3)


@pytest.mark.filterwarnings("ignore:mu = ")  # of a drive that nobody has
@given(cells, st.floats(0.5, 4.0), st.floats(0.5, 4.0))
@settings(max_examples=50, deadline=None)
def test_units_do_not_move_the_dimensionless_neuron(cell, potential, capacitance):
    """Scale the potentials and the capacitance, the currents with them."""
    current = potential * capacitance
    twin = Physical(
        C_m=capacitance * cell.C_m,
        tau_m=cell.tau_m,
        tau_syn=cell.tau_syn,
        V_th=potential * cell.V_th + 7,
        V_reset=potential * cell.V_reset + 7,
        E_L=potential * cell.E_L + 7,
        I_e=current * cell.I_e,
        noise_sd=current * cell.noise_sd,
    )
    for name, value in vars(cell.lif).items():
        assert getattr(twin.lif, name) == pytest.approx(value, rel=1e-9, abs=1e-9), name


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"C_m": -250}, ValueError, "C_m = -250 is out of range; allowed: a number > 0"),
        ({"C_m": math.nan}, ValueError, "C_m = nan is out of range"),
        ({"C_m": "250"}, TypeError, "C_m = '250' is a str"),
        ({"tau_m": 0}, ValueError, "tau_m = 0 is out of range; allowed: a number > 0"),
        ({"V_th": -70}, ValueError, "V_reset = -65.0 mV is not below V_th = -70.0 mV; allowed"),
        ({"E_L": math.nan}, ValueError, "E_L = nan is out of range"),
        ({"I_e": math.inf}, ValueError, "I_e = inf is out of range"),
        ({"noise_sd": -1}, ValueError, "noise_sd = -1 is out of range"),
        ({"V_sd": -1}, ValueError, "V_sd = -1 is out of range"),
        ({"noise_sd": 1, "V_sd": 1}, TypeError, "noise is given as noise_sd and as V_sd; allowed"),
        ({"rates": [1.0]}, TypeError, "weights missing; allowed: rates and weights together"),
        ({"rates": [1.0, 2], "weights": 3.0}, ValueError, "2 rates and 1 weights"),
        ({"rates": [-1.0], "weights": [3]}, ValueError, "rates[0] = -1.0 is out of range"),
        ({"rates": [1.0], "weights": "3"}, TypeError, "weights[0] = '3' is a str"),
        ({"t_ref": -2.0}, ValueError, "t_ref = -2.0 is out of range; allowed: a number >= 0"),
        ({"delta": 1.0}, ValueError, "delta = 1.0: the model has no escape noise"),
        ({"tau_syn_in": 2.0}, ValueError, "tau_syn_in = 2.0 differs from tau_syn_ex = 0.5"),
        ({"tau_syn": 2.0}, TypeError, "did you mean tau_syn_in or tau_syn_ex?"),
        (
            {"v_th": 2.0},
            TypeError,
            "v_th is no parameter of iaf_psc_exp that this model knows; did",
        ),
        ({"xyz": 2.0}, TypeError, "model knows; allowed: C_m"),
    ],
    ids=repr,
)
def test_refused(change, error, message):
    with pytest.raises(error, match=re.escape(message)):
        from_nest(**CELL | change)


def test_missing_parameters_are_named():
    with pytest.raises(TypeError, match=r"iaf_psc_exp: tau_m, V_th missing"):
        from_nest(**{n: v for n, v in CELL.items() if n not in ("tau_m", "V_th")})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cm": -0.25}, "cm = -0.25 is out of range"),
        ({"v_thresh": -70}, "v_reset = -65.0 mV is not below v_thresh = -70.0 mV"),
        ({"tau_syn_I": 3.0}, "tau_syn_I = 3.0 differs from tau_syn_E = 0.5"),
        ({"tau_refrac": -0.1}, "tau_refrac = -0.1 is out of range"),
        ({"noise_sd": -1.0}, "noise_sd = -1.0 is out of range"),
    ],
    ids=repr,
)
def test_pynn_errors_speak_pynn(change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        from_pynn(**PYNN | change)
    with pytest.raises(TypeError, match=r"C_m is no parameter of IF_curr_exp"):
        from_pynn(**PYNN, C_m=3.0)


def test_what_has_no_effect_is_accepted():
    plain = from_nest(**CELL)
    assert from_nest(**CELL, t_ref=0, tau_syn_in=0.5, delta=0, rho=0.01, I_e=0) == plain
    positive = {"rates": 100.0, "weights": 3.0}
    assert from_nest(**CELL, **positive, tau_syn_in=2.0) == from_nest(**CELL, **positive)


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [("tau_m", 0.02, "s"), ("tau_m", 20_000, "us"), ("tau_syn_ex", 0.005, "s")],
)
def test_unusual_time_constants_are_warned_of(name, value, unit):
    message = rf"{name.removesuffix('_ex')} = {value:g} ms is unusual .* was it meant in {unit}\?"
    with pytest.warns(UserWarning, match=message):
        from_nest(**CELL | {name: value})
    assert from_nest(**CELL | {name: 0.1}).lif.g == 1.0  # the limit itself is not


def test_from_lif_refuses_what_has_no_units():
    units = {"time_unit": 20, "voltage_unit": 15, "C_m": 200}
    with pytest.raises(ValueError, match=r"lif.g = 0.0 is out of range.*time constant is 1/g"):
        Physical.from_lif(LIF(g=0.0), **units)
    with pytest.raises(ValueError, match=r"lif.tau = inf is out of range"):
        Physical.from_lif(LIF(tau=math.inf), **units)
    with pytest.raises(ValueError, match=r"voltage_unit = 0 is out of range"):
        Physical.from_lif(LIF(), **units | {"voltage_unit": 0})
    with pytest.raises(TypeError, match=r"neuron = .* is a LIF; allowed: lifcore.Physical"):
        to_nest(LIF())


@pytest.mark.parametrize("name", ["C_m", "tau_m", "tau_syn"])
@pytest.mark.parametrize("noise", [{"V_sd": 2.0}, {"rates": 1.0, "weights": 2.0}, {}], ids=str)
def test_noise_refuses_units_that_are_none(name, noise):
    cell = {"C_m": 250.0, "tau_m": 10.0, "tau_syn": 0.5}
    for value in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match=rf"^{name} = {value} is out of range; allowed: "):
            current_noise(**cell | {name: value}, **noise)
    with pytest.raises(TypeError, match=rf"^{name} = '1' is a str; allowed: a number > 0"):
        current_noise(**cell | {name: "1"}, **noise)


@pytest.mark.parametrize(
    ("method", "name"),
    [("h", "dt"), ("ms", "time"), ("hz", "rate"), ("mv", "v"), ("pa", "current")],
)
def test_conversions_take_numbers(method, name):
    convert = getattr(from_nest(**CELL), method)
    for value in ("1", None, object(), ["a"], [[1.0], [1.0, 2.0]]):
        with pytest.raises(TypeError, match=rf"^{name} = .*; allowed: a number, or an array of"):
            convert(value)
    assert convert([1.0, 2.0]).tolist() == convert(np.array([1.0, 2.0])).tolist()
    assert convert(np.array([1.0, 2.0]))[1] == convert(2.0)
    assert math.isnan(convert(math.nan))  # what was not measured stays so


def test_where_nest_begins_has_no_effect():
    state = {"V_m": -70.0, "I_syn_ex": 0.0, "I_syn_in": 0.0}
    assert from_nest(**CELL, **state) == from_nest(**CELL)


def test_refractory_time_there_and_back():
    cell = from_nest(**CELL, t_ref=2.0)
    assert cell.lif.t_ref == 2.0 / CELL["tau_m"]
    assert to_nest(cell)["t_ref"] == 2.0
    assert to_pynn(cell)["tau_refrac"] == 2.0
    assert from_pynn(**PYNN, tau_refrac=2.0) == from_nest(**CELL, t_ref=2.0)
    back = Physical.from_lif(cell.lif, time_unit=10, voltage_unit=15, C_m=250, E_L=-65)
    assert back.t_ref == pytest.approx(2.0, rel=1e-14)
    with pytest.raises(ValueError, match=r"t_ref = 2\.0: a CubaLIF node has no refractory time"):
        to_nir(cell)


@pytest.mark.parametrize(
    "slip", [{"C_m": 250e-12}, {"V_th": -0.05, "V_reset": -0.065, "E_L": -0.065}]
)
def test_farads_and_volts_are_warned_of(slip):
    cell = from_nest(**CELL | slip, I_e=400.0, noise_sd=200.0)
    with pytest.warns(UserWarning, match="more than 50 times within 1/g"):
        assert cell.lif.mu > 1000.0
