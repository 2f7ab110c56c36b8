"""Stale outputs are found, by the chapter's name and with the command that refreshes it."""

import copy
import json
from pathlib import Path

import pytest

import notebooks
import sources

ROOT = Path(__file__).parents[2]
STORED = sorted((ROOT / "book").glob("*.ipynb"))


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_outputs_were_stored_with_this_library(path):
    assert notebooks.stale(notebooks.read(path), path) == []


@pytest.fixture
def house(tmp_path):
    """A library of two packages, of which a chapter reaches one module a package."""
    files = {
        "lifcore/__init__.py": "from lifcore.runs import couple, simulate",
        "lifcore/models/__init__.py": "from lifcore.models.lif import LIF",
        "lifcore/models/lif.py": "class LIF:\n    g = 1.0",
        "lifcore/runs/__init__.py": "from .pairs import couple\nfrom .single import simulate",
        "lifcore/runs/pairs.py": "def couple():\n    return 2",
        "lifcore/runs/single.py": "def simulate():\n    from lifcore.models import LIF",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def moved(house, name, text, chapter="from lifcore import simulate"):
    """Whether a chapter's fingerprint moves when a file of the library is changed."""
    sources.tree.cache_clear()
    before = sources.fingerprint(chapter, house)
    (house / name).write_text(text)
    sources.tree.cache_clear()
    return sources.fingerprint(chapter, house) != before


def test_a_changed_number_moves_the_fingerprint(house):
    assert moved(house, "lifcore/models/lif.py", "class LIF:\n    g = 1.5")


def test_a_changed_operator_moves_the_fingerprint(house):
    (house / "lifcore/models/lif.py").write_text("def f(a, b):\n    return a < b")
    assert moved(house, "lifcore/models/lif.py", "def f(a, b):\n    return a <= b")


def test_docstrings_comments_and_lines_do_not(house):
    text = '"""Models."""\n\n\nclass LIF:\n    """It."""\n\n    g = 1.0  # leak\n    """g"""\n'
    assert not moved(house, "lifcore/models/lif.py", text)


def test_a_module_out_of_reach_does_not(house):
    assert not moved(house, "lifcore/runs/pairs.py", "def couple():\n    return 3")
    assert moved(house, "lifcore/runs/pairs.py", "def couple():\n    return 4", "import lifcore")


@pytest.mark.parametrize(
    "chapter",
    [
        "from lifcore.runs import couple",
        "from lifcore.runs.pairs import couple",
        "from lifcore import runs",
        "import lifcore.runs as runs",
        "def late():\n    from lifcore import couple",
    ],
)
def test_every_way_to_import_reaches_the_module(house, chapter):
    assert moved(house, "lifcore/runs/pairs.py", "def couple():\n    return 3", chapter)


def test_a_name_handed_on_from_elsewhere_moves_it(house):
    text = "from .pairs import couple\nfrom .pairs import couple as simulate"
    assert moved(house, "lifcore/runs/__init__.py", text)


def test_message_names_the_chapter_and_the_command():
    path = ROOT / "book" / "model.ipynb"
    stored = copy.deepcopy(notebooks.read(path))
    stored["metadata"]["lifcore"] = {"sources": "0"}
    (line,) = notebooks.stale(stored, path)
    assert line.startswith("model: ")
    assert line.endswith("make notebooks NOTEBOOKS=book/model.ipynb")


def test_stamp_renews_the_fingerprint_and_nothing_else(tmp_path):
    before = notebooks.read(ROOT / "book" / "model.ipynb")
    before["metadata"]["lifcore"] = {"ran": "2026-03-01", "sources": "0"}
    path = tmp_path / "model.ipynb"
    notebooks.write(before, path)
    assert notebooks.main(["stale", str(path)]) == 1
    assert notebooks.main(["stamp", str(path)]) == 0
    assert notebooks.main(["stale", str(path)]) == 0
    after = json.loads(path.read_text())
    assert after["metadata"]["lifcore"].pop("sources") != before["metadata"]["lifcore"].pop(
        "sources"
    )
    assert after == before


def test_a_run_is_recorded_and_tidying_again_keeps_the_record():
    stored = notebooks.read(ROOT / "book" / "model.ipynb")
    first, last = notebooks.code_cells(stored)[0], notebooks.code_cells(stored)[-1]
    first["metadata"]["execution"] = {"iopub.status.busy": "2026-03-01T23:59:50.5Z"}
    last["metadata"]["execution"] = {"shell.execute_reply": "2026-03-02T00:00:10.400000Z"}
    record = notebooks.tidy(stored)["metadata"]["lifcore"]
    assert (record["ran"], record["seconds"]) == ("2026-03-01", 20)
    assert record["sources"] == notebooks.library(stored)
    assert set(record["versions"]) == {"python", *notebooks.VERSIONS}
    assert notebooks.tidy(copy.deepcopy(stored)) == stored
