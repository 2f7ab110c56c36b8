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
FIRST = "exponential, current first"
FROZEN = "exponential, current frozen"
PROPAGATOR = "exponential on the grid"
EXACT = "exact, off the grid"
IN_STEP = ("to 0", "in the step")
CALLS = ("not told", "from its time", -1, -1)  # of most libraries without a clock
NORSE = ("plain Euler", "decayed once", ">", *IN_STEP, *CALLS)
BRIAN2 = ("after the decay", ">=", *IN_STEP, "rounded down", "from its time", 0, -1)
HELD_LONGER = (*IN_STEP, "rounded down, on top", "from its time", -1, -1)
NEST = ("rounded up", "from its time", 0, 0)
LATE = ("a step late", "none", "from its time", -1, -1)
SEVERAL = "by subtraction, several"
NIR = (EXACT, "at its time", ">", "to 0", "at the crossing", "not told")
EXPECTED = {
    ("annarchy", "explicit"): ("plain Euler", "at its time", ">=", *HELD_LONGER),
    ("annarchy", "exponential"): (FROZEN, "at its time", ">=", *HELD_LONGER),
    ("arbor", "lif_cell"): (f"{EXACT} or {EXPONENTIAL}", *["not told"] * 6, 0, None),
    ("bindsnet", "LIFNodes"): (
        EXPONENTIAL, "not told", ">=", *IN_STEP, "rounded up", "from its time", -1, -1
    ),
    ("bindsnet", "CurrentLIFNodes"): (
        FIRST, "after the decay", ">=", *IN_STEP, "not told", "not told", -1, -1
    ),
    ("brainpy", "LifRef"): (FIRST, "after the decay", ">=", *HELD_LONGER),
    ("brainpy", 'LifRef, method="euler"'): (
        "semi-implicit Euler, current first", "after the decay", ">=", *HELD_LONGER
    ),
    ("brian2", "euler"): ("plain Euler", *BRIAN2),
    ("brian2", "exact"): (PROPAGATOR, *BRIAN2),
    ("brian2", "exponential_euler"): (FROZEN, *BRIAN2),
    ("lava", "LIF"): (
        "semi-implicit Euler, current first", "after the decay", ">", *IN_STEP, *CALLS
    ),
    ("nengo", "LIF"): (
        FROZEN, "at its time", ">", *IN_STEP, "from the crossing", "a step early", 0, 0
    ),
    ("nest", "iaf_psc_exp"): (PROPAGATOR, "at its time", ">=", *IN_STEP, *NEST),
    ("neuron", "IntFire4"): (
        EXACT, "at its time", "> 0.999999, by Newton's steps", "to 0", "at the crossing",
        "not told", "not told", 0, 0,
    ),
    ("nir", "LIF"): (*NIR, "from its time", 0, 0),
    ("nir", "CubaLIF"): (*NIR, "not told", 0, 0),
    ("norse", "lif_step"): NORSE,
    ("norse", "lif_feed_forward_step"): NORSE,
    ("pynn", "IF_curr_exp"): (
        EXACT, "at its time", "> or >=", "to 0", "at the crossing", *NEST
    ),
    ("pynn", 'IF_curr_exp, spike_precision="on_grid"'): (
        PROPAGATOR, "at its time or decayed once", ">=", *IN_STEP, *NEST
    ),
    ("rockpool", "LIF"): (FIRST, "decayed once", ">=", SEVERAL, "in the step", *CALLS),
    ("rockpool", "LIF, max_spikes_per_dt=1"): (
        FIRST, "decayed once", ">=", "by subtraction", "in the step", *CALLS
    ),
    ("sinabs", "LIF"): (FIRST, "decayed once", ">=", SEVERAL, "in the step", *CALLS),
    ("sinabs", "LIF, SingleSpike, MembraneReset"): (
        FIRST, "decayed once", ">=", *IN_STEP, *CALLS
    ),
    ("snntorch", "Leaky"): (EXPONENTIAL, "not told", ">", "by subtraction", *LATE),
    ("snntorch", "Leaky, reset_delay=False"): (
        EXPONENTIAL, "not told", ">", "by subtraction", "in the step", *CALLS
    ),
    ("snntorch", 'Leaky, reset_mechanism="zero"'): (EXPONENTIAL, "not told", ">", "to 0", *LATE),
    ("snntorch", "Synaptic"): (
        FIRST, "after the decay", "not told", "by subtraction", "a step late", "none",
        "not told", -1, -1,
    ),
    ("spikingjelly", "LIFNode"): (EULER, "not told", ">=", *IN_STEP, *CALLS),
    ("spikingjelly", "LIFNode, v_reset=None"): (
        EULER, "not told", ">=", "by subtraction", "in the step", *CALLS
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
    # the rules without a synapse have the packages' arithmetic, bit by bit; but Arbor decays V from
    # its last event, not from step to step
    bits = "not told" in EXPECTED[name, variant][1] and name != "arbor"
    assert named.worst <= (0.0 if bits else 1e-12)


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
