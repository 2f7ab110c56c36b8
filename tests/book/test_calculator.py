"""The calculator of *Which dt?* in a real browser: its numbers are the library's, its fields speak.

Needs what `test_browser` needs; without a browser all but the tables' own tests are skipped.
"""

import json
import math

import numpy as np
import pytest

from calculator_tables import Table
from in_browser import DESK, PHONE, WIDE, needs_browser, wait, window
from lifcore import LIF
from lifcore.advice.grid_rates import LEAK, exact_rate, missed, never_rests
from lifcore.advice.rate_steps import largest_rate_step
from lifcore.advice.rates import RateErrors
from lifcore.models.physical import Physical
from lifcore.stationary import exponential_rate, solve_threshold
from site_under_test import ROOT

PAGE = "book/which_dt.html"
TABLES = ROOT / "book/data/calculator.json"
NAMES = ("C_m", "tau_m", "tau_syn", "V_th", "V_reset", "E_L", "I_e", "noise_sd")
ASK = """
return arguments[0].map((text) => {
  const question = window.whichDt.read("physical", text);
  if (!question.neuron) return { errors: question.errors };
  const found = window.whichDt.answer(question);
  if (found.refused) return { refused: found.refused };
  const schemes = {};
  for (const [name, { step, error, unsure }] of Object.entries(found.schemes))
    schemes[name] = { step, error, unsure };
  return { rate: found.rate, memory: found.memory, schemes };
});
"""
TYPE = """
const input = document.getElementById(`calculator-${arguments[0]}`);
input.value = arguments[1];
input.dispatchEvent(new Event("input", { bubbles: true }));
"""
SHOWN = "return document.querySelector('.calculator .answer').innerText"


@pytest.fixture(scope="module")
def stored():
    return json.loads(TABLES.read_text(encoding="utf-8"))


@pytest.fixture
def page(address, browser):
    window(browser, DESK)
    browser.get(f"{address}/{PAGE}")
    wait(lambda: "a spike every" in browser.execute_script(SHOWN), "the first answer")
    return browser


def random_neurons(rng, count):
    """Neurons in mV, ms, pA as people have them, and some that fire without any input."""
    for _ in range(count):
        tau_m, rest = rng.uniform(5.0, 40.0), rng.uniform(-75.0, -60.0)
        drop = rng.uniform(5.0, 25.0)
        threshold = rest + drop
        reset = threshold - drop * rng.uniform(0.2, 1.2)
        capacity = rng.uniform(100.0, 400.0)
        tau_syn = tau_m * 10.0 ** rng.uniform(-1.6, 1.2)
        sd = drop * 10.0 ** rng.uniform(-1.4, 0.0)  # of V
        mean = drop * rng.uniform(max(0.3, 1.0 - 3.5 * sd / drop), 4.0)
        noise = sd * capacity / tau_m * math.sqrt((tau_syn + tau_m) / tau_syn)
        values = (capacity, tau_m, tau_syn, threshold, reset, rest, mean * capacity / tau_m, noise)
        yield dict(zip(NAMES, map(float, values), strict=True))


def test_tables_are_small_and_know_how_far_they_are_off(stored):
    assert TABLES.stat().st_size < 2_000_000
    assert stored["errors"]["neurons"] >= 400
    assert stored["errors"]["rate"] < 3e-3
    assert max(stored["errors"]["euler"], stored["errors"]["exponential"]) < 0.05  # of an error
    assert stored["errors"]["exponent"] < 1e-3


@pytest.mark.parametrize(
    "neuron",
    [
        LIF(mu=1.5, sigma=0.3, tau=0.5),
        LIF(mu=1.0, sigma=1.0, tau=1.0),
        LIF(g=0.05, v_th=20.0, v_reset=10.0, mu=0.8, sigma=0.6, tau=5.0),
    ],
)
def test_tables_hold_rates_and_exponents(stored, neuron):
    names = ("rate", "late", "exponent")
    table, left = Table({name: np.array(stored[name]) for name in names}), stored["errors"]
    law = solve_threshold(neuron)
    assert table.rate(neuron) == pytest.approx(law.rate, rel=2 * left["rate"])
    assert float(table.find("exponent", neuron)) == pytest.approx(
        law.lyapunov_exponent / neuron.g, abs=2 * left["exponent"]
    )
    errors = RateErrors(neuron, "euler", "rate", 1e-5)
    h = 0.3 * errors.top
    off = left["euler"] * (left["small"] + abs(errors.smooth(h)))
    assert table.error(neuron, "euler", h) == pytest.approx(errors.smooth(h), abs=off)


@needs_browser
def test_two_hundred_random_neurons(page, stored):
    rng = np.random.default_rng(20260322)
    neurons = list(random_neurons(rng, 200))
    asked = [
        {**neuron, "dt": neuron["tau_m"] * 10.0 ** rng.uniform(-3.0, -1.5), "tolerance": 1.0}
        for neuron in neurons
    ]
    answers = page.execute_script(ASK, asked)
    wrong, seen = [], 0
    for text, found in zip(asked, answers, strict=True):
        if "refused" in found:
            continue
        seen += 1
        cell = Physical(**{name: text[name] for name in NAMES})
        for scheme, one in found["schemes"].items():
            errors = RateErrors.of(cell.lif, scheme, "rate", 0.01)
            h, left = cell.h(text["dt"]), stored["errors"]
            if found["rate"] * cell.tau_m != pytest.approx(
                errors.exact, rel=2 * left["rate"] + errors.precision
            ):
                wrong.append((text, "rate", found["rate"] * cell.tau_m, errors.exact))
            if h <= errors.top and abs(one["error"] - errors.smooth(h)) > one["unsure"]:
                wrong.append((text, scheme, one, errors.smooth(h)))
            # What it may be off counts against the tolerance; searches end within 3 %.
            off = left[scheme] * (left["small"] + 0.01)
            off += LEAK * cell.h(one["step"]) ** 2 if never_rests(cell.lif) else 0.0
            off += missed(cell.lif, cell.h(one["step"]), scheme)
            steps = [cell.ms(largest_rate_step(errors, e)[0]) for e in (0.01 - off, 0.01)]
            if not 0.95 * steps[0] <= one["step"] <= 1.05 * steps[1]:
                wrong.append((text, scheme, one, steps))
    assert wrong == []
    assert seen > 150


@needs_browser
def test_what_exponential_euler_misses_is_in_its_interval(page):
    asked = [
        Physical(C_m=250, tau_m=20, tau_syn=tau, V_th=-50, V_reset=-65, E_L=-65, I_e=i, noise_sd=s)
        for tau, i, s in ((10.0, 150.0, 75.0), (10.0, 170.0, 100.0), (5.0, 130.0, 120.0))
    ]
    texts = [{name: getattr(cell, name) for name in NAMES} for cell in asked]
    for dt in (2.0, 0.5):
        answers = page.execute_script(ASK, [{**text, "dt": dt, "tolerance": 1.0} for text in texts])
        for cell, found in zip(asked, answers, strict=True):
            one = found["schemes"]["exponential"]
            true = exponential_rate(cell.lif, cell.h(dt)) / exact_rate(cell.lif) - 1.0
            assert 0.05 * abs(true) < abs(one["error"] - true) < 2.0 * one["unsure"]


@needs_browser
@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("C_m", "-1", "above 0"),
        ("tau_m", "ten", "above 0"),
        ("tau_m", "1,000", "with a decimal point"),
        ("tau_m", "1e999", "above 0"),
        ("E_L", "0x10", "a number"),
        ("tau_syn", "", "above 0"),
        ("V_reset", "-40", "below the threshold"),
        ("noise_sd", "-3", "0 or"),
        ("dt", "0", "above 0"),
        ("tolerance", "200", "between 0 and 100"),
    ],
)
def test_fields_say_what_is_allowed(page, name, text, says):
    page.execute_script(TYPE, name, text)
    error = f"return document.getElementById('calculator-{name}-error').innerText"
    wait(lambda: says in page.execute_script(error), f"{name} = {text}")
    assert "No answer yet" in page.execute_script(SHOWN)
    invalid = f"return document.getElementById('calculator-{name}').ariaInvalid"
    assert page.execute_script(invalid) == "true"


@needs_browser
def test_beyond_the_tables_it_gives_the_command(page):
    page.execute_script(TYPE, "I_e", "100")
    page.execute_script(TYPE, "noise_sd", "10")
    wait(lambda: "No answer from the tables" in page.execute_script(SHOWN), "the refusal")
    assert "python -m lifcore advise --C-m 250" in page.execute_script(SHOWN)
    page.execute_script(TYPE, "noise_sd", "100")
    page.execute_script(TYPE, "I_e", "330")
    page.execute_script(TYPE, "E_L", "\u221265")
    wait(lambda: "a spike every" in page.execute_script(SHOWN), "an answer again")


@needs_browser
def test_without_noise_it_is_a_closed_form(page):
    values = (250.0, 10.0, 2.0, -50.0, -65.0, -65.0, 600.0, 0.0)
    text = dict(zip(NAMES, values, strict=True)) | {"dt": 0.1, "tolerance": 1.0}
    (found,) = page.execute_script(ASK, [text])
    assert found["rate"] == pytest.approx(1.0 / (10.0 * math.log(24.0 / 9.0)), rel=1e-9)
    (silent,) = page.execute_script(ASK, [text | {"I_e": 300.0}])
    assert "does not reach" in silent["refused"]


@needs_browser
def test_no_other_page_loads_it(browser, address):
    loaded = "return [...document.scripts].filter((s) => s.src.includes('calculator')).length"
    for page, scripts in ((PAGE, 4), ("book/introduction.html", 0)):
        browser.get(f"{address}/{page}")
        assert browser.execute_script(loaded) == scripts


@needs_browser
def test_plot_and_phone(page):
    assert page.execute_script("return document.querySelectorAll('.calculator canvas').length") == 1
    window(page, PHONE)
    page.execute_script("window.dispatchEvent(new Event('resize'))")
    wait(lambda: page.execute_script(WIDE) == [], "a plot as wide as a phone")


@needs_browser
def test_it_answers_when_the_page_is_opened_as_a_file(browser, site):
    browser.get((site / PAGE).as_uri())
    wait(lambda: "a spike every" in browser.execute_script(SHOWN), "an answer from a file")
