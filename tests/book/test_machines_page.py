"""Other machines: what is compared, what is stored, and what the page says."""

import json

import pytest

import machines

REPORT = """<testsuites><testsuite>
<testcase name="Cell 0" /><testcase name="Cell 1"><failure message="no" /></testcase>
<testcase name="Cell 2"><skipped /></testcase><testcase name="Cell 3"><error /></testcase>
</testsuite></testsuites>"""
ROW = {"python": "3.12.1", "numpy": "2.4.6", "processor": machines.PLAIN, "chapter": "model"}
ROW |= {"cells": 16, "different": [], "code": "new", "ran": "2026-01-02"}


def test_a_report_names_what_differs():
    assert machines.outcome(REPORT) == {"cells": 4, "different": ["Cell 1", "Cell 3"]}


def test_a_chapter_has_one_row_a_machine():
    rows = machines.add([ROW], ROW | {"processor": machines.AS_IT_IS})
    assert len(rows) == 2
    rows = machines.add(rows, ROW | {"cells": 17})
    assert [row["cells"] for row in rows] == [16, 17]


def test_the_table_says_what_differs_and_what_is_old():
    rows = [ROW, ROW | {"chapter": "layers", "different": ["Cell 3"], "code": "before", "cells": 4}]
    last = list(machines.table(rows, {"model": "new", "layers": "now", "faq": "x"}))[-1]
    assert last == (
        f"| 3.12.1 | 2.4.6 | {machines.PLAIN} | 2 of 3 | 20 | layers: Cell 3 | layers |"
    )


def test_outputs_are_part_of_the_digest(tmp_path):
    source = (machines.ROOT / "book" / "model.ipynb").read_text("utf-8")
    notebook = json.loads(source)
    path = tmp_path / "model.ipynb"
    path.write_text(source, "utf-8")
    own = machines.digest(path)
    cell = next(cell for cell in notebook["cells"] if cell.get("outputs"))
    cell["outputs"] = []
    path.write_text(json.dumps(notebook), "utf-8")
    assert machines.digest(path) != own


def test_a_finished_chapter_is_not_run_again(tmp_path, monkeypatch, capsys):
    ran = []
    monkeypatch.setattr(machines, "STORE", tmp_path / "machines.json")
    monkeypatch.setattr(
        machines, "environment", lambda python: machines.Path(machines.sys.executable)
    )
    monkeypatch.setattr(
        machines, "run", lambda *what: ran.append(what[1:]) or {"cells": 1, "different": []}
    )
    for _ in "ab":
        assert machines.main(["python3", "--chapter", "model"]) == 0
    assert ran == [(name, "model") for name in machines.PROCESSORS]
    assert [path.name for path in tmp_path.iterdir()] == ["machines.json"]
    monkeypatch.setattr(machines, "run", lambda *_: {"cells": 1, "different": ["Cell 0"]})
    assert machines.main(["python3", "--chapter", "faq"]) == 1
    assert machines.main(["python3", "--chapter", "model"]) == 0  # what is stored stays


def test_an_unknown_python_is_named(capsys):
    with pytest.raises(SystemExit) as stop:
        machines.main(["python3", "no-such-python"])
    assert stop.value.code == 2
    assert "'no-such-python' is not found" in capsys.readouterr().err
