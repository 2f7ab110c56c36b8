"""Other seeds: how far claims are from their limits, what is stored, and what the page says."""

import json

import pytest

import false_alarms
import seeds
from lifcore.evidence.claims import MIME

CLAIM = {"kind": "equality", "expected": 1.0, "tolerance": 0.1, "verdict": "holds"}
CLAIM |= {"estimate": 1.02, "low": 0.98, "high": 1.06}


def test_a_margin_is_in_half_widths():
    assert seeds.margin(CLAIM) == 2.0
    assert seeds.margin(CLAIM | {"estimate": 0.98, "low": 0.94, "high": 1.02}) == 2.0
    bound = CLAIM | {"kind": "bound", "expected": 1.12, "tolerance": 0.0}
    assert seeds.margin(bound) == 2.5
    assert seeds.margin(CLAIM | {"kind": "order", "tolerance": 0.12}) == 3.5


def test_a_margin_agrees_with_the_verdict_where_rounding_does_not():
    edge = CLAIM | {"estimate": 1.06, "low": 1.02, "high": 1.1}
    assert seeds.margin(edge) == 1.0
    assert seeds.margin(edge | {"verdict": "fails"}) == 0.999
    assert seeds.margin(CLAIM | {"estimate": 1.3, "low": 1.26, "high": 1.34}) == 1.0
    assert (
        seeds.margin(CLAIM | {"estimate": 1.14, "low": 1.1, "high": 1.18, "verdict": "fails"}) == -1
    )


def test_without_an_interval_the_verdict_is_all():
    exact = CLAIM | {"low": 1.02, "high": 1.02}
    assert seeds.margin(exact) is None
    assert seeds.shown(seeds.margin(exact | {"verdict": "fails"})) == "fails"
    endless = CLAIM | {"low": "-inf", "high": "inf", "verdict": "fails"}
    assert seeds.margin(endless) == 0.0
    stopped = {"id": "run", "estimate": None, "low": None, "high": None, "verdict": "fails"}
    assert seeds.shown(seeds.margin(stopped)) == "fails"


def test_what_is_stored_is_not_run_again(tmp_path):
    kept, store = {}, tmp_path / "seeds.json"
    seeds.add(kept, "model", "new", 1, [CLAIM | {"id": "one"}])
    seeds.save(kept, store)
    assert [path.name for path in tmp_path.iterdir()] == ["seeds.json"]
    kept = seeds.load(store)
    assert kept["model"]["runs"] == {"1": {"one": 2.0}}
    assert list(seeds.left(kept, [1, 2], {"model": "new"})) == [("model", 2)]
    assert list(seeds.left(kept, [1], {"model": "other"})) == [("model", 1)]
    seeds.add(kept, "model", "other", 3, [CLAIM | {"id": "one"}])
    assert list(kept["model"]["runs"]) == ["3"]


def test_runs_are_of_a_chapter_s_code_and_of_its_own_numbers(tmp_path):
    path = tmp_path / "model.ipynb"
    source = (seeds.BOOK / "model.ipynb").read_text()

    def digest(change):
        cells = json.loads(source)["cells"]
        change(cells)
        path.write_text(json.dumps(json.loads(source) | {"cells": cells}))
        return seeds.digest(path)

    def first(cells, kind):
        return next(cell for cell in cells if cell["cell_type"] == kind)

    def claim(cells):
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        return next(rows[0] for output in outputs if (rows := output.get("data", {}).get(MIME)))

    own = seeds.digest(seeds.BOOK / "model.ipynb")
    assert digest(lambda cells: None) == own
    assert digest(lambda cells: first(cells, "markdown").update(source="Prose.")) == own
    assert digest(lambda cells: claim(cells).update(statement="Words.")) == own
    assert digest(lambda cells: first(cells, "code").update(source="seed = 7")) != own
    assert digest(lambda cells: claim(cells).update(estimate=0.5)) != own
    assert digest(lambda cells: claim(cells).update(verdict="fails")) != own


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    store = tmp_path / "seeds.json"
    seeds.save({"model": 1}, store)
    monkeypatch.setattr(
        seeds.Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full"))
    )
    with pytest.raises(OSError, match="full"):
        seeds.save({"model": 2}, store)
    assert json.loads(store.read_text()) == {"model": 1}


def test_the_page_counts_alarms_of_rows_that_hold_only():
    runs = {"1": {"a": 2.0, "b": 0.5, "c": None}, "2": {"a": 0.9, "b": "fails", "c": "fails"}}
    runs["4"] = {"a": 4.0, "gone": 0.1, "run": "fails"}
    kept = {"model": {"code": "x", "ran": "2026-01-02", "runs": runs}}
    held = {"model": {"a": True, "b": False, "c": True}}
    every = list(false_alarms.runs(kept, held))
    lines = false_alarms.chapters(every, kept, held)
    assert lines[0].startswith("**8 verdicts, 3 false alarms:**")
    assert "| {doc}`model` | 2026-01-02 | 1–2, 4 | 8 | 3 | 2 of 2 fail again |" in lines
    lines = false_alarms.alarms(every, kept, held)
    assert "| {claim-name}`model: a` | 2 |" in lines
    assert "| {claim-name}`model: c` | 2 |" in lines
    assert "| {doc}`model` stopped | 4 |" in lines


def test_every_stored_chapter_is_one_of_the_book():
    kept = seeds.load()
    assert all((seeds.BOOK / f"{chapter}.ipynb").is_file() for chapter in kept)
