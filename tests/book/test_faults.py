"""Wrong programs: their patches apply, what they turn is seen, and the page counts what has run."""

import os
import subprocess
import sys

import pytest

import fault_runs
import faults
import faults_page
from faults import CONTROL, Fault
from lifcore.evidence.claims import FAILS
from site_under_test import ROOT

EVERY = faults.faults()


def test_there_are_many_of_every_kind():
    kinds = [fault.kind for fault in EVERY]
    assert len(EVERY) >= 80
    assert all(kinds.count(kind) >= 3 for kind in faults.KINDS)
    assert kinds.count("physical") >= 60


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: fault.name)
def test_each_patch_applies_once_and_leaves_python(fault):
    compile(faults.patched(fault), fault.file, "exec")
    assert fault.module in faults.modules()
    assert faults.reaches(fault, fault.chapter)
    assert fault.tests
    assert all((ROOT / path).is_file() for path in fault.tests.split())


FLOW = Fault(
    "x", "", "physical", "model", "", "lifcore/noise/flow.py", "chain=chain", "chain=2 * chain"
)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"old": "nowhere"}, "found 0 times"),
        ({"old": "chain"}, "found 9 times"),
        ({"new": "chain=chain  # the same"}, "changes nothing"),
    ],
)
def test_a_patch_that_does_not_apply_or_does_nothing_is_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        faults.patched(FLOW._replace(**change))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[a]\nbreaks = 'x'", "missing"),
        ("[a]\ncolour = 'x'", "unexpected"),
        ("[a]\n" + "\n".join(f"{n} = ''" for n in Fault._fields[1:]), "kind = ''"),
    ],
)
def test_a_fault_without_its_entries_is_refused(tmp_path, text, complaint):
    (tmp_path / "one.toml").write_text(text)
    with pytest.raises(ValueError, match=complaint):
        faults.faults(tmp_path)


def test_a_name_given_twice_is_refused(tmp_path):
    entry = "[a]\n" + "\n".join(f"{n} = 'physical'" for n in Fault._fields[1:])
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text(entry)
    with pytest.raises(ValueError, match="given twice"):
        faults.faults(tmp_path)


def notebook(verdict, estimate=1.0, printed="1"):
    claim = {"id": "c", "verdict": verdict, "estimate": estimate}
    claim |= dict.fromkeys(("low", "high", "expected", "tolerance"), 0.0)
    from lifcore.evidence.claims import MIME

    outputs = [
        {"output_type": "stream", "name": "stdout", "text": printed},
        {"output_type": "display_data", "data": {MIME: [claim]}},
    ]
    return {"cells": [{"cell_type": "code", "source": "x", "outputs": outputs}]}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (notebook("holds"), notebook("holds"), "untouched"),
        (notebook("holds"), notebook(FAILS), "caught by 1 of 1: c"),
        (notebook(FAILS), notebook("holds"), "caught by 1 of 1: c"),
        (notebook("holds"), notebook("holds", 2.0), "not caught; 1 claims and 1 outputs moved"),
        (
            notebook("holds"),
            notebook("holds", 1.0, "2"),
            "not caught; 0 claims and 1 outputs moved",
        ),
    ],
)
def test_what_turns_a_verdict_is_caught_and_what_moves_a_number_is_not(before, after, said):
    assert fault_runs.outcome(fault_runs.compare(before, after, "")) == said


def test_kernels_are_kept_only_of_what_a_fault_cannot_reach():
    stale = faults.outdated("lifcore.schemes.euler")
    # The loops do not import Euler: it is handed to them by the type of a step.
    assert "lifcore.schemes.lanes" not in faults.reach_of("lifcore.schemes.lanes") - stale
    assert {"lifcore.schemes.lanes", "lifcore.networks.grid"} <= stale
    assert "lifcore.noise.gauss" not in stale
    plain = next(fault for fault in EVERY if fault.name == "exact-leak-1-percent")
    jitted = next(fault for fault in EVERY if fault.name == "exact-reset-1-percent")
    constant = next(fault for fault in EVERY if fault.name == "three-points-2-percent")
    assert [faults.reaches_kernels(f) for f in (plain, jitted, constant)] == [False, True, True]


def test_own_chapters_come_first_and_quick_ones_before_slow_ones():
    cells = fault_runs.due([CONTROL, *EVERY], ["recurrent", "model"], {"recurrent": 9, "model": 1})
    own = [n for n, (fault, chapter) in enumerate(cells) if fault.chapter == chapter]
    assert cells[0] == (CONTROL, "model")
    assert own == [n for n in range(len(own) + 2) if cells[n][0] is not CONTROL]
    assert len(set(cells)) == len(cells)


def test_a_record_is_whole_or_not_at_all_and_knows_changed_patches(tmp_path):
    path = tmp_path / "faults.json"
    cell = {"fault": EVERY[0].name, "chapter": "model", "patch": EVERY[0].digest}
    faults.store({"versions": {"numpy": "1"}, "cells": [cell]}, path)
    assert faults.load(path)["cells"] == [cell]
    assert [p.name for p in tmp_path.iterdir()] == ["faults.json"]
    assert len(faults.known(faults.load(path), EVERY)) == 1
    assert faults.known({"cells": [cell | {"patch": "other"}]}, EVERY) == {}
    assert faults.load(tmp_path / "none.json") == {"cells": []}


def test_the_page_calls_what_has_not_run_not_run():
    m = faults_page.matrix({"cells": []})
    said = "\n".join(line for kind in faults.KINDS for line in faults_page.of_kind(m, kind))
    assert said.count("| — | — | ") == len(EVERY)
    assert "**0 have been run**" in "\n".join(faults_page.summary(m))
    assert "\n".join(faults_page.unbroken(m)).count("not run") == len(m.names)
    assert [*faults_page.uncaught(m)] == ["None of those that were run."]


def test_the_page_counts_what_was_caught_and_what_was_not():
    one, other = EVERY[0], EVERY[1]
    base = {"moved": 3, "of": 20, "texts": 1, "stopped": "", "ran": "2020-01-01", "library": "l"}
    cells = [
        base | {"fault": one.name, "chapter": one.chapter, "patch": one.digest, "caught": ["a"]},
        base | {"fault": other.name, "chapter": other.chapter, "patch": other.digest, "caught": []},
    ]
    m = faults_page.matrix({"cells": cells})
    text = "\n".join(faults_page.summary(m))
    assert "**2 have been run**" in text
    assert "**1 were caught by a claim of that chapter**" in text
    assert any(f"(`{other.name}`)" in line for line in faults_page.uncaught(m))
    assert not any(f"(`{one.name}`)" in line for line in faults_page.uncaught(m))


def test_bad_calls_are_refused_before_anything_runs(capsys):
    for call in (["--fault", "no such"], ["--chapter", "no such"]):
        with pytest.raises(SystemExit) as stop:
            fault_runs.main(call)
        assert stop.value.code == 2
        assert "allowed: " in capsys.readouterr().err


def test_every_stored_cell_is_of_a_fault_and_a_chapter_that_there_are():
    record = faults.load()
    names = {path.stem for path in faults.chapters()} | {faults.TESTS}
    assert {cell["chapter"] for cell in record["cells"]} <= names
    faulty = {fault.name for fault in [CONTROL, *EVERY]}
    assert {cell["fault"] for cell in record["cells"]} <= faulty
    assert len(faults.known(record, EVERY)) > 40


SMALL = {
    "siegert-1-percent": """
from lifcore.weak import siegert_rate
white = siegert_rate(LIF(v_th=15.0, mu=15.0, tau=1.0, sigma=1.0), 1.5**0.5)
one = 1000.0 / (2.0 + 1000.0 * 0.01 / white)  # 10 ms, and 2 ms refractory; NEST's own test
claim("rate", 27.1095934379, one, 1e-6)
""",
    "equality-by-overlap": """
wide = Claim("wide", "", 1.0, estimate(1.0, 1.0, 31), tolerance=0.1)
claim("too wide to hold", 1.0, float(wide.verdict == "fails"), 0.5)
""",
    "errors-times-0-7": """
sample = np.random.default_rng(1).standard_normal((400, 256))
ends = [mean(one).interval(0.95) for one in sample]
claim("missed by 95 %", 0.05, np.mean([not low <= 0.0 <= high for low, high in ends]), 0.035)
""",
    "jackknife-factor": """
sample = np.random.default_rng(1).standard_normal((400, 256))
missed = np.mean([not e.low <= 0.0 <= e.high for e in map(mean, sample)])
claim("missed by 95 %", 0.05, missed, 0.035)
""",
    "small-steps-wrong-covariance": """
from scipy.integrate import quad
from lifcore.noise import chain_covariance
third = quad(lambda u: (1.0 - (1.0 + u) * np.exp(-u)) ** 2, 0.0, 0.5)[0]  # g = 1/tau = 1
claim("variance of int V", 1.0, chain_covariance(1.0, 1.0, 0.5)[2, 2] / third, 1e-6)
""",
    "gain-without-the-way-to-threshold": """
from lifcore.loops import cycle_gain
pair = Recurrent(LIF(v_th=2.0, tau=0.5), [[0.0, 1.0], [1.0, 0.0]])
claim("gain", 0.25, cycle_gain(pair), 1e-12)
""",
    "blocks-share-their-seed": """
from lifcore.noise.lanes import lane_states
one, other = (lane_states(np.random.SeedSequence(1), block) for block in (0, 1))
claim("words in common", 0.0, float((one == other).mean()), 1e-3)
""",
    "saltation-weights-transposed": """
from lifcore.stability.propagator import saltate
basis = np.array([[1.0, 0.0, 0.0, 0.0]])
saltate(np.ones(2), np.zeros(2), np.array([[0.0, 0.0], [0.5, 0.0]]), 0, 2.0, basis)
claim("V of the target", 0.25, basis[0, 1], 1e-12)
""",
}
"""A claim that is small enough to be run for real, for some of the faults."""

BEFORE = """
import numpy as np
from lifcore import LIF, Claim, Claims, Recurrent, estimate, mean
def claim(name, expected, value, tolerance):
    Claims([Claim(name, "", expected, estimate(value, 0.0, 31), tolerance=tolerance)]).check()
"""


@pytest.mark.parametrize("name", SMALL)
def test_small_claims_hold_and_their_fault_is_caught(name, tmp_path):
    exec(BEFORE + SMALL[name], {})
    fault = next(fault for fault in EVERY if fault.name == name)
    tree = faults.lay_out(fault, tmp_path / "tree")
    environment = os.environ | {"PYTHONPATH": str(tree), "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    done = subprocess.run(
        [sys.executable, "-c", BEFORE + SMALL[name]],
        cwd=tree, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1].startswith("AssertionError: "), done.stderr
