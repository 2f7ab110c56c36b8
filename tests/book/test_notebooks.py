"""The stored notebooks can be compared by nbval, all of them and every cell."""

import copy
import json
from pathlib import Path

import pytest
import yaml

import notebooks

ROOT = Path(__file__).parents[2]
STORED = sorted((ROOT / "book").glob("*.ipynb"))


def code(source, count, outputs=(), tags=()):
    return {
        "cell_type": "code",
        "execution_count": count,
        "metadata": {"tags": list(tags)} if tags else {},
        "outputs": list(outputs),
        "source": source,
    }


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def display(mime, data):
    return {"output_type": "display_data", "metadata": {}, "data": {mime: data}}


@pytest.fixture
def good(tmp_path):
    """A tiny notebook that obeys every rule, read back from a file."""
    notebook = {
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": "# A path like /home/me in prose"},
            code("seed = 1", 1, tags=["parameters"]),
            code(["total = 2\n", "print(total)"], 2, [stream(["2\n"])]),
            code("table", 3, [display("text/markdown", "| $x$ |\n|---|\n| 1/2 |")]),
            code("", None),
        ],
        "metadata": copy.deepcopy(notebooks.METADATA),
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path = tmp_path / "chapter.ipynb"
    path.write_text(json.dumps(notebook))
    return notebooks.read(path)


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_stored_notebook_has_no_problem(path):
    assert notebooks.problems(notebooks.read(path), path.stem) == []


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_stored_notebook_is_tidy(path):
    stored = notebooks.read(path)
    assert notebooks.tidy(copy.deepcopy(stored)) == stored, "run make notebooks"


def test_every_notebook_is_in_the_table_of_contents():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = {toc["root"]} | {c["file"] for part in toc["parts"] for c in part["chapters"]}
    assert {f"book/{path.stem}" for path in STORED} <= files


def test_good_notebook_passes(good):
    assert notebooks.problems(good, "chapter") == []


def test_ledger_needs_no_parameters(good):
    good["cells"][1]["metadata"] = {}
    assert notebooks.problems(good, "ledger") == []
    assert any("parameters" in line for line in notebooks.problems(good, "chapter"))


def test_missing_and_wrong_counts_are_found(good):
    good["cells"][1]["execution_count"] = None
    good["cells"][2]["execution_count"] = 7
    found = notebooks.problems(good, "chapter")
    assert len(found) == 2
    assert "no execution count" in found[0]
    assert "count 7, not 2" in found[1]


def test_other_kernel_is_found(good):
    good["metadata"]["kernelspec"]["name"] = "my-env"
    assert any("my-env" in line for line in notebooks.problems(good, "chapter"))


@pytest.mark.parametrize(
    "tag", ["nbval-ignore-output", "NBVAL_IGNORE_OUTPUT", "nbval-skip", "raises-exception"]
)
def test_tags_that_avoid_comparison_are_found(good, tag):
    good["cells"][2]["metadata"]["tags"] = [tag]
    assert any("is marked" in line for line in notebooks.problems(good, "chapter"))


@pytest.mark.parametrize("comment", ["# NBVAL_IGNORE_OUTPUT", "  #NBVAL_SKIP"])
def test_comments_that_avoid_comparison_are_found(good, comment):
    good["cells"][2]["source"] = f"{comment}\nprint(total)"
    assert any("is marked" in line for line in notebooks.problems(good, "chapter"))


def test_hidden_output_is_found(good):
    good["cells"][2]["source"] = "plt.plot(x);\n"
    assert any("';'" in line for line in notebooks.problems(good, "chapter"))


@pytest.mark.parametrize(
    ("output", "word"),
    [
        ({"output_type": "error", "ename": "ValueError", "traceback": []}, "ValueError"),
        (stream("RuntimeWarning: overflow", name="stderr"), "stderr"),
        (display("image/svg+xml", "<svg/>"), "SVG"),
        (display("text/plain", ["[np.float64(0.5)]"]), "np.float64"),
        (display("text/html", "<p>saved to /work/book</p>"), "/work/"),
        (stream("File '/home/me/x.py'"), "/home/"),
        (stream("/root/.cache"), "/root/"),
        (stream("in /tmp/tmp123"), "/tmp/"),
    ],
)
def test_bad_output_is_found(good, output, word):
    good["cells"][2]["outputs"].append(output)
    assert any(word in line for line in notebooks.problems(good, "chapter"))


def test_tidy_removes_what_changes_and_keeps_what_counts(good):
    untidy = copy.deepcopy(good)
    untidy["metadata"]["language_info"]["version"] = "3.11.7"
    untidy["cells"][2]["metadata"]["execution"] = {"iopub.execute_input": "2026-03-01T12:00:00Z"}
    assert untidy != good
    notebooks.tidy(untidy)
    assert untidy["metadata"].pop("lifcore")["ran"] == "2026-03-01"
    assert untidy == good
    assert good["cells"][1]["metadata"]["tags"] == ["parameters"]


def test_command_line_reports_and_fails(good, tmp_path, capsys):
    path = tmp_path / "chapter.ipynb"
    notebooks.write(good, path)
    assert notebooks.main(["check", str(path)]) == 0
    good["cells"][2]["execution_count"] = None
    notebooks.write(good, path)
    assert notebooks.main(["check", str(path)]) == 1
    assert "no execution count" in capsys.readouterr().err


def test_readme_shows_the_chapter_s_own_figure():
    stored = notebooks.first_picture(notebooks.read(ROOT / "book" / "strong_bound.ipynb"))
    assert (ROOT / "book" / "images" / "strong_error.png").read_bytes() == stored


def test_printed_pieces_are_joined_and_nothing_else():
    pieces = [stream("a\n"), stream("b"), stream("c\n"), display("text/plain", "x"), stream("d")]
    joined = notebooks.merge_streams(pieces)
    assert [notebooks.text(o.get("text", "x")) for o in joined] == ["a\nbc\n", "x", "d"]


def test_captions_and_alternative_texts_survive_tidying(good):
    shown = {"figure": {"caption": "A path."}, "image": {"alt": "A curve rises."}}
    good["cells"][2]["metadata"] = {"tags": ["hide-input"], "mystnb": shown, "execution": {}}
    notebooks.tidy(good)
    assert good["cells"][2]["metadata"] == {"tags": ["hide-input"], "mystnb": shown}
