"""The schedule by hand, against its law, and the page *At scale*."""

import inspect
import json
import math
import re
from itertools import product

import pytest
import yaml

import at_scale_page
import schedule as schedule_module
from lifcore.runs.executors import AHEAD
from schedule import law, schedule
from site_under_test import ROOT

KEPT = json.loads((ROOT / "book/data/at_scale.json").read_text(encoding="utf-8"))
PAGE = (ROOT / "book/at_scale.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("blocks", "workers", "sender", "overhead", "ahead", "wall"),
    [
        ([], 3, 1.0, 1.0, 4, 0.0),
        ([2.0], 1, 0.5, 0.25, 4, 2.75),
        ([1.0, 1.0, 1.0], 1, 0.0, 0.5, 4, 4.5),
        ([3.0, 1.0, 1.0, 1.0], 2, 0.0, 0.0, 4, 3.0),  # the others beside the long one
        ([1.0, 1.0, 1.0, 3.0], 2, 0.0, 0.0, 4, 4.0),  # the long one last
        ([1.0] * 5, 4, 2.0, 0.0, 4, 11.0),  # workers wait: five sendings and the last block
        ([1.0] * 3, 1, 0.5, 0.0, 1, 4.5),  # one ahead: each is sent when the last is done
        ([1.0] * 3, 1, 0.5, 0.0, 2, 3.5),  # two: while one is worked on the next is sent
    ],
)
def test_small_schedules_by_hand(blocks, workers, sender, overhead, ahead, wall):
    assert schedule(blocks, workers, sender, overhead, ahead) == wall


GRID = list(product([1, 2, 7, 100, 1001], [1, 2, 3, 16, 300], [0.0, 0.01, 0.3, 2.0]))


def faults_of_the_law(walls_by):
    """Return where a schedule is shorter than the law, or longer by more than its beginning."""
    found = []
    for number, workers, sender in GRID:
        wall = walls_by([1.0] * number, workers, sender, 0.25)
        least = law(number, workers, 1.0, sender, 0.25)
        beginning = min(number, workers) * sender + 1.25
        if not least - 1e-9 <= wall <= least + beginning + 1e-9:
            found.append((number, workers, sender, wall, least))
    return found


def test_equal_blocks_take_what_the_law_says_and_a_beginning():
    assert faults_of_the_law(schedule) == []


def test_a_schedule_without_its_sender_or_overhead_is_found():
    def careless(what, replacement):
        source = inspect.getsource(schedule_module)
        assert source.count(what) == 1
        names = {}
        exec(
            source.replace(what, replacement).replace("from __future__ import annotations", ""),
            names,
        )
        return names["schedule"]

    assert faults_of_the_law(careless("sent += sender", "pass"))
    assert faults_of_the_law(careless("block + overhead\n", "block\n"))


def test_unequal_blocks_keep_within_the_bounds_of_list_scheduling():
    blocks = [1.0 + (7 * k % 11) / 3.0 for k in range(200)]
    for workers in (1, 3, 20, 150):
        wall, share = schedule(blocks, workers, 0.0, 0.0), sum(blocks) / workers
        assert max(share, max(blocks)) <= wall + 1e-9
        assert wall <= share + max(blocks) + 1e-9


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"workers": 0}, "workers = 0"),
        ({"workers": 2.0}, r"workers = 2\.0"),
        ({"workers": True}, "workers = True"),
        ({"ahead": 0}, "ahead = 0"),
        ({"sender": -1.0}, r"sender = -1\.0"),
        ({"overhead": math.nan}, "overhead = nan"),
        ({"blocks": [1.0, math.inf]}, r"blocks\[1\] = inf"),
        ({"blocks": [-1.0]}, r"blocks\[0\] = -1\.0"),
    ],
)
def test_broken_inputs_of_the_schedule(change, said):
    with pytest.raises(ValueError, match=said):
        schedule(**{"blocks": [1.0], "workers": 1, "sender": 0.0, "overhead": 0.0} | change)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"number": -1}, "number = -1"),
        ({"number": 1.5}, r"number = 1\.5"),
        ({"workers": 0}, "workers = 0"),
        ({"block": math.nan}, "block = nan"),
    ],
)
def test_broken_inputs_of_the_law(change, said):
    right = {"number": 1, "workers": 1, "block": 1.0, "sender": 0.0, "overhead": 0.0}
    with pytest.raises(ValueError, match=said):
        law(**right | change)


@pytest.mark.parametrize("name", at_scale_page.PARTS)
def test_every_part_can_be_written_and_is_on_the_page(name):
    assert all(isinstance(line, str) for line in at_scale_page.PARTS[name](KEPT))
    assert f"```{{at-scale}} {name}\n```" in PAGE


def test_what_is_stored_is_of_this_library():
    assert KEPT["ahead"] == AHEAD
    assert set(KEPT["executors"]) == {"processes", "dask"}
    for case, one in KEPT["cases"].items():
        neurons = 1 if case == "one neuron" else int(case.split()[0])
        assert one["neuron-steps"] == one["paths"] * one["steps"] * neurons
        assert one["result bytes"] >= 24 * one["paths"] * neurons
        number = at_scale_page.number_of_blocks(one)
        assert 0 <= number * one["neuron-steps"] - 10**14 < one["neuron-steps"]


def test_the_law_holds_of_the_plan():
    for case in KEPT["cases"]:
        for workers in at_scale_page.WORKERS:
            simulated, expected = at_scale_page.walls(KEPT, case, workers)
            assert simulated == pytest.approx(expected, rel=0.01)


def test_a_run_off_its_schedule_is_not_counted_as_near():
    task = {"sender": 0.0, "overhead": 0.0}
    row = {"case": "A", "steps": 9, "tasks": 3, "workers": 2, "seconds": 2.1, "spread": 1.0}
    kept = {
        "ahead": 4,
        "cases": {"A": {"block seconds": [1.0]}},
        "executors": {"processes": {"A": task}},
        "walls": [row, row | {"workers": 1}],
    }
    lines = at_scale_page.check(kept)
    assert "| A | 3 | 2 | 2 s | 2.1 s | +5% |" in lines
    assert lines[-1] == "Within 10% of the schedule: 1 of 2."


def test_the_page_has_no_figure_of_its_own():
    prose = re.sub(r"^```.*?^```", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    prose = re.sub(r"`[^`]*`|\$10\^\{14\}\$", "", prose)
    assert re.findall(r"\d", prose) == []
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    (reference,) = [part for part in toc["parts"] if part.get("caption") == "Reference"]
    files = [one["file"] for one in reference["chapters"]]
    assert files.index("book/at_scale") == files.index("book/speed") + 1


SHOWN = re.findall(r"^```\{code-block\} python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.filterwarnings("ignore")
def test_what_the_page_says_to_run_on_a_cluster_runs():
    distributed = pytest.importorskip("distributed", reason="pip install lifcore[cluster]")
    (shown,) = [block for block in SHOWN if "tcp://HOST:8786" in block]
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        small = shown.replace("tcp://HOST:8786", cluster.scheduler_address)
        exec(small.replace("T=1000.0", "T=1.0"), {"__name__": "block"})


def test_what_the_page_says_of_mpi_compiles():
    (shown,) = [block for block in SHOWN if "MPIPoolExecutor" in block]
    compile(shown, "<block>", "exec")
