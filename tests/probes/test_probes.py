"""Rules name themselves by their outputs; others are refused; bad runs say what is missing."""

import dataclasses

import pytest

from lifcore.probes import EXPERIMENTS, Rule, all_rules, as_run, name_scheme, probe

PLAIN = Rule("plain Euler", "at its time", ">=", "to 0", "in the step", "rounded up")
RULES = all_rules()


@pytest.mark.parametrize("rule", RULES[:: len(RULES) // 30], ids=str)
def test_every_choice_is_told_from_the_outputs(rule):
    named = name_scheme(probe(as_run(rule, state=-1, spike=-1)))
    assert named.rules == (rule,)
    assert (named.state_offset, named.spike_offset, named.worst) == (-1, -1, 0.0)


def test_one_step_by_hand():
    # V = 1/4, I = 1, b = 1/2, tau_m = 10, tau_s = 2, dt = 1/2
    e = EXPERIMENTS["one step"]
    expected = {
        "plain Euler": (0.25 + 0.05 * 1.25, 0.75),
        "semi-implicit Euler, current first": (0.25 + 0.05 * 1.0, 0.75),
    }
    for update, (v_new, i_new) in expected.items():
        v, i, _ = dataclasses.replace(PLAIN, update=update).run(e)
        assert v[1] == pytest.approx(v_new, abs=1e-15)
        assert i[1] == i_new


@pytest.mark.parametrize("kind", [field.name for field in dataclasses.fields(Rule)])
def test_a_misspelt_choice_is_refused(kind):
    with pytest.raises(ValueError, match=f"^{kind} = 'Plain Euler' is unknown; allowed: '"):
        dataclasses.replace(PLAIN, **{kind: "Plain Euler"})
    with pytest.raises(TypeError, match=f"^{kind} = 1 is a int; allowed: '"):
        dataclasses.replace(PLAIN, **{kind: 1})


def test_exponential_on_the_grid_does_not_depend_on_the_step():
    e = EXPERIMENTS["decay"]
    fine = dataclasses.replace(e, dt=e.dt / 8, steps=8 * e.steps)
    exact = dataclasses.replace(PLAIN, update="exponential on the grid")
    assert exact.run(e)[0] == pytest.approx(exact.run(fine)[0][::8], rel=1e-13)
    frozen = dataclasses.replace(PLAIN, update="exponential, current frozen")
    assert abs(frozen.run(e)[0][-1] - exact.run(e)[0][-1]) > 1e-3


def test_spike_off_by_a_step_in_one_experiment_is_none_of_these():
    def run(e):
        found = as_run(PLAIN)(e)
        if e.name == "refractory":
            found["spikes"] = [t + e.dt for t in found["spikes"]]
        return found

    named = name_scheme(probe(run))
    assert named.rules == ()
    assert named.difference.startswith("refractory: spike at")


def test_what_was_not_run_is_not_told():
    run = as_run(PLAIN)
    named = name_scheme(probe(lambda e: None if e.refractory else run(e)))
    assert named.choice("refractory") == "not told"
    assert named.choice("update") == "plain Euler"


@pytest.mark.parametrize(
    ("experiment", "change", "words"),
    [
        (
            "drive",
            {"times": [1.0, 0.5], "v": [0.0, 0.0], "i": []},
            "times are not sorted: 0.5 after",
        ),
        ("drive", {"spikes": [3.0, 2.0, 5.0]}, "spikes are not sorted: 2.0 after 3.0"),
        ("decay", {"v": [float("nan")] * 13}, r"v\[0\] = nan"),
        ("decay", {"v": [0.0]}, "1 values of v at 13 times"),
        ("drive", {"spikes": [1.0]}, "1 spikes; at least 3 are needed"),
        ("decay", {"times": [], "v": [], "i": []}, "0 recorded values"),
    ],
)
def test_bad_run_says_what_is_missing(experiment, change, words):
    def run(e):
        return as_run(PLAIN)(e) | (change if e.name == experiment else {})

    with pytest.raises(ValueError, match=f"'{experiment}'.*{words}"):
        probe(run)


def test_run_without_spikes_key_is_refused():
    with pytest.raises(ValueError, match="returned no spikes"):
        probe(lambda e: {"times": [0.0, 0.5], "v": [0.0, 0.0]})


def test_what_is_no_simulator_is_refused():
    with pytest.raises(TypeError, match="not callable"):
        probe(None)
    with pytest.raises(ValueError, match="None to every experiment"):
        probe(lambda e: None)


def test_bad_fingerprint_is_refused():
    with pytest.raises(ValueError, match="no trace"):
        name_scheme({})
    with pytest.raises(ValueError, match="experiment = 'other'"):
        name_scheme({"other": probe(as_run(PLAIN))["decay"]})
    with pytest.raises(ValueError, match="tolerance"):
        name_scheme(probe(as_run(PLAIN)), tolerance=-1.0)
