"""Every stored trace of a package is reproduced by the rule named for it, and no other trace is."""

import copy
import json
import math
from dataclasses import asdict
from pathlib import Path

import pytest

from lifcore.probes import EXPERIMENTS, NOISY_RUNS, Rule, name_scheme, probe

TRACES = Path(__file__).parents[2] / "simulators" / "traces"
STORED = {path.stem: json.loads(path.read_text()) for path in sorted(TRACES.glob("*.json"))}
VARIANTS = [(name, variant) for name, found in STORED.items() for variant in found["variants"]]

#: Choices that the stored experiments settle, and the offsets of the stamps of states and spikes.
EXPONENTIAL = "exponential on the grid or exponential, current first or exponential, current frozen"
EULER = "plain Euler or semi-implicit Euler, current first"
NORSE = ("plain Euler", "decayed once", ">", "to 0", "in the step", "not told", -1, -1)
BRIAN2 = ("after the decay", ">=", "to 0", "in the step", "rounded down", 0, -1)
SINABS = ("exponential, current first", "decayed once", ">=")
EXPECTED = {
    ("brian2", "euler"): ("plain Euler", *BRIAN2),
    ("brian2", "exact"): ("exponential on the grid", *BRIAN2),
    ("brian2", "exponential_euler"): ("exponential, current frozen", *BRIAN2),
    ("sinabs", "LIF"): (
        *SINABS, "by subtraction, several", "in the step", "not told", -1, -1
    ),
    ("sinabs", "LIF, SingleSpike, MembraneReset"): (
        *SINABS, "to 0", "in the step", "not told", -1, -1
    ),
    ("nest", "iaf_psc_exp"): (
        "exponential on the grid", "at its time", ">=", "to 0", "in the step", "rounded up", 0, 0
    ),
    ("norse", "lif_step"): NORSE,
    ("norse", "lif_feed_forward_step"): NORSE,
    ("snntorch", "Leaky"): (
        EXPONENTIAL, "not told", ">", "by subtraction", "a step late", "none", -1, -1
    ),
    ("snntorch", "Leaky, reset_delay=False"): (
        EXPONENTIAL, "not told", ">", "by subtraction", "in the step", "not told", -1, -1
    ),
    ("snntorch", 'Leaky, reset_mechanism="zero"'): (
        EXPONENTIAL, "not told", ">", "to 0", "a step late", "none", -1, -1
    ),
    ("snntorch", "Synaptic"): (
        "exponential, current first", "after the decay", "not told", "by subtraction",
        "a step late", "none", -1, -1,
    ),
    ("spikingjelly", "LIFNode"): (
        EULER, "not told", ">=", "to 0", "in the step", "not told", -1, -1
    ),
    ("spikingjelly", "LIFNode, v_reset=None"): (
        EULER, "not told", ">=", "by subtraction", "in the step", "not told", -1, -1
    ),
}  # fmt: skip


def fingerprint(answers):
    return probe(lambda e: answers.get(e.name))


def test_every_adapter_has_traces_and_every_trace_an_adapter():
    folder = TRACES.parent
    adapters = {path.stem.removeprefix("on_") for path in folder.glob("on_*.py")}
    assert adapters == set(STORED) == {path.stem for path in (folder / "pins").glob("*.txt")}
    assert VARIANTS
    assert set(VARIANTS) == set(EXPECTED)


@pytest.mark.parametrize("name", STORED)
def test_traces_are_of_the_pinned_package(name):
    pins = (TRACES.parent / "pins" / f"{name}.txt").read_text().split()
    assert f"{STORED[name]['package']}=={STORED[name]['version']}" in pins


@pytest.mark.parametrize("name", STORED)
def test_file_has_sorted_keys_and_full_doubles(name):
    text = (TRACES / f"{name}.json").read_text()
    assert text == json.dumps(STORED[name], sort_keys=True, indent=1) + "\n"


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_named_rule_reproduces_the_traces(name, variant):
    named = name_scheme(fingerprint(STORED[name]["variants"][variant]))
    assert named.rules, named.difference
    seen = tuple(named.choice(kind) for kind in Rule.__dataclass_fields__)
    assert (*seen, named.state_offset, named.spike_offset) == EXPECTED[name, variant]
    # the rules without a synapse have the packages' arithmetic, bit by bit
    assert named.worst <= (0.0 if "not told" in EXPECTED[name, variant][1] else 1e-12)


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
@pytest.mark.parametrize("key", ["v", "i", "times", "spikes"])
def test_no_value_can_change_unseen(name, variant, key):
    """Each experiment's last value moved by 1e-11, or its last stamp by a step: none of these."""
    answers = STORED[name]["variants"][variant]
    good = name_scheme(fingerprint(answers)).rules
    for experiment, answer in answers.items():
        if not answer.get(key):
            continue
        changed = copy.deepcopy(answers)
        moved = EXPERIMENTS[experiment].dt if key in ("times", "spikes") else 1e-11
        changed[experiment][key][-1] += moved
        named = name_scheme(fingerprint(changed))
        assert not set(named.rules) & set(good), experiment
        if not named.rules:
            assert experiment in named.difference or math.isinf(named.worst)


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_sixth_digit_is_seen(name, variant):
    """A relative change of a millionth in any one value of V is none of the rules named."""
    answers = STORED[name]["variants"][variant]
    good = name_scheme(fingerprint(answers)).rules
    for experiment, answer in answers.items():
        k = max(range(len(answer["v"])), key=lambda k, v=answer["v"]: abs(v[k]))
        if answer["v"][k] == 0.0:
            continue
        changed = copy.deepcopy(answers)
        changed[experiment]["v"][k] *= 1.0 + 1e-6
        assert not set(name_scheme(fingerprint(changed)).rules) & set(good), experiment


@pytest.mark.parametrize("name", ["brian2", "nest"])
def test_noisy_runs_are_those_of_the_package(name):
    stored = STORED[name]["noisy"]
    assert [{k: v for k, v in entry.items() if k != "spikes"} for entry in stored] == [
        asdict(run) for run in NOISY_RUNS
    ]
    assert all(len(entry["spikes"]) == entry["batches"] for entry in stored)
