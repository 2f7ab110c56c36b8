"""The command line: bad calls, and a tiny book from its call to its table and its JSON."""

import json
import os
import re
import subprocess
import sys

import pytest

import lifcore
from lifcore.commands import verify
from lifcore.commands.report import SECONDS, beside, chapter_list
from lifcore.commands.verify import main

KEYS = {"id", "chapter", "statement", "expected", "estimate", "low", "high", "verdict"}

CLAIM = """
from lifcore import Claim, Claims, estimate
claims = Claims([Claim("{id}", "$x = 5$", 5.0, estimate(seed + scale, 0.001, 31), tolerance=0.1)])
claims
"""


def notebook(*sources, tags=("parameters",)):
    def cell(source, tags=()):
        return {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell{len(source)}",
            "metadata": {"tags": list(tags)},
            "outputs": [],
            "source": source,
        }

    return {
        "cells": [cell(sources[0], tags), *map(cell, sources[1:])],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


@pytest.fixture
def book(tmp_path, monkeypatch):
    """Three chapters, a page that is none, and a table of contents."""
    folder = tmp_path / "book"
    folder.mkdir()
    chapters = {
        "second": notebook("seed, scale = 4, 1", CLAIM.format(id="sum"), "claims.check()"),
        "first": notebook(
            "seed, scale = 4, 1",
            CLAIM.format(id="one"),
            "import os\nassert os.environ['LIFCORE_EXECUTOR'] == 'threads:1'",
        ),
        "broken": notebook(
            "seed, scale = 4, 1", CLAIM.format(id="one"), "raise RuntimeError('oh')"
        ),
        "page": notebook("1 + 1", tags=()),
    }
    for name, content in chapters.items():
        (folder / f"{name}.ipynb").write_text(json.dumps(content))
    (tmp_path / "_toc.yml").write_text("chapters:\n- file: book/first\n- file: book/second\n")
    monkeypatch.setattr(verify, "BOOK", folder)
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    return folder


@pytest.fixture
def no_work(book, monkeypatch):
    def work(*_):
        raise AssertionError("a chapter was run")

    monkeypatch.setattr(verify, "run_chapter", work)


BAD_CALLS = [
    ([], r"required: command"),
    (["check"], r"invalid choice: 'check'"),
    (
        ["verify", "--chapter", "third"],
        r"--chapter: 'third' is unknown; allowed: first, second, broken",
    ),
    (["verify", "--chapter", "first", "page"], r"'page' is unknown"),
    (["verify", "--chapter"], r"--chapter: expected at least one argument"),
    (["verify", "--seed", "x"], r"--seed: 'x'; allowed: an integer >= 0"),
    (["verify", "--seed", "-1"], r"--seed"),
    (["verify", "--seed=-1"], r"--seed: '-1'; allowed: an integer >= 0"),
    (["verify", "--seed", "1.5"], r"--seed: '1\.5'; allowed"),
    (["verify", "--seed", ""], r"--seed: ''; allowed"),
    (["verify", "--scale", "0"], r"--scale: '0'; allowed: an integer >= 1"),
    (["verify", "--scale", "many"], r"--scale: 'many'; allowed: an integer >= 1"),
    (["verify", "--json", "{tmp}"], r"--json: '.*' cannot be written \(Is a directory\)"),
    (
        ["verify", "--json", "{tmp}/no/where.json"],
        r"cannot be written \(No such file or directory\)",
    ),
    (
        ["verify", "--executor", "cluster"],
        r"--executor: executor = 'cluster' is unknown; allowed: thr",
    ),
    (["verify", "--executor", "threads:0"], r"--executor: executor = 'threads:0' is unknown"),
    (["verify", "--json", "/dev/null"], r"--json: '/dev/null' cannot be written \(not a regular f"),
    (["verify", "--resume"], r"--resume: needs --json FILE"),
    (["verify", "--quick"], r"unrecognized arguments: --quick"),
]


@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=lambda x: " ".join(x)[:40])
@pytest.mark.usefixtures("no_work")
def test_bad_calls(call, message, tmp_path, capsys):
    assert main([word.replace("{tmp}", str(tmp_path)) for word in call]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert re.search(message, err), err


@pytest.mark.usefixtures("no_work")
def test_a_bad_call_leaves_no_file_behind(tmp_path):
    target = tmp_path / "claims.json"
    assert main(["verify", "--json", str(target), "--chapter", "third"]) == 2
    assert not target.exists()
    target.write_text("kept")
    assert main(["verify", "--json", str(target), "--seed", "x"]) == 2
    assert target.read_text() == "kept"


@pytest.mark.usefixtures("no_work")
def test_no_book_beside_the_package(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(verify, "BOOK", tmp_path / "nowhere")
    assert main(["verify"]) == 2
    assert "no book/ folder" in capsys.readouterr().err


@pytest.mark.usefixtures("no_work")
def test_help(capsys):
    assert main(["verify", "--help"]) == 0
    out = capsys.readouterr().out
    assert "--chapter" in out
    assert out.split("chapters, and about")[1].split()[-3:] == ["first", "second", "broken"]


def test_every_chapter_has_its_usual_time():
    assert list(SECONDS) == [path.stem for path in verify.chapters()]
    assert f"\n  recurrent       {SECONDS['recurrent']} s" in chapter_list(SECONDS)


def test_as_a_process():
    done = subprocess.run(
        [sys.executable, "-m", "lifcore", "verify", "--chapter", "nowhere"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("python -m lifcore: argument --chapter: 'nowhere' is unknown")


def test_chapters_come_in_the_order_of_the_contents(book):
    assert [path.stem for path in verify.chapters(book)] == ["first", "second", "broken"]


def test_a_run_that_holds(book, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LIFCORE_EXECUTOR", "threads:2")
    target = tmp_path / "claims.json"
    call = [
        "verify",
        "--chapter",
        "first",
        "--seed",
        "3",
        "--scale",
        "2",
        "--executor",
        "threads:1",
    ]
    assert main([*call, "--json", str(target)]) == 0
    (row,) = json.loads(target.read_text())
    assert row.keys() >= KEYS
    meta = json.loads(beside(target).read_text())
    assert (meta["seed"], meta["scale"], meta["stream_version"]) == (3, 2, lifcore.STREAM_VERSION)
    assert meta["versions"].keys() == {"lifcore", "python", "numpy", "numba", "scipy"}
    # 3 + 2: both parameters have arrived, and replaced those of the chapter.
    assert (row["id"], row["chapter"], row["estimate"]) == ("one", "first", 5.0)
    assert row["low"] < 5.0 < row["high"]
    assert row["verdict"] == "holds"
    assert "first.one" in capsys.readouterr().out
    assert os.environ["LIFCORE_EXECUTOR"] == "threads:2"
    stored = json.loads((book / "first.ipynb").read_text())
    assert stored["cells"][1]["outputs"] == []  # the chapter itself is not changed


def test_a_run_with_a_failed_verdict(book, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("LIFCORE_EXECUTOR", raising=False)
    target = tmp_path / "claims.json"
    assert main(["verify", "--chapter", "second", "--seed", "9", "--json", str(target)]) == 1
    (row,) = json.loads(target.read_text())  # the failed check adds no row of its own
    assert (row["estimate"], row["verdict"]) == (10.0, "fails")
    assert "1 claims, 1 failed" in capsys.readouterr().out
    assert "LIFCORE_EXECUTOR" not in os.environ


def test_a_published_failure_that_holds_at_another_seed_is_no_failure(book):
    published = notebook(
        "seed, scale = 4, 1", CLAIM.format(id="one"), "claims.check(fails=['one'])"
    )
    (book / "first.ipynb").write_text(json.dumps(published))
    assert main(["verify", "--chapter", "first", "--seed", "3", "--scale", "2"]) == 0


def test_a_chapter_that_stops(book, tmp_path, capsys):
    target = tmp_path / "claims.json"
    assert main(["verify", "--chapter", "broken", "--json", str(target)]) == 1
    claim, run = json.loads(target.read_text())
    assert claim["verdict"] == "holds"
    assert run.keys() >= KEYS
    assert (run["id"], run["chapter"], run["verdict"]) == ("run", "broken", "fails")
    assert run["statement"] == "the chapter runs (RuntimeError: oh)"
    assert "broken.run" in capsys.readouterr().out


def test_claims_of_each_chapter_once_and_in_order(book, monkeypatch, capsys):
    calls = []

    def run(path, parameters):
        calls.append((path.stem, parameters))
        return []

    monkeypatch.setattr(verify, "run_chapter", run)
    assert main(["verify", "--chapter", "second", "first", "--chapter", "second"]) == 1  # no claims
    assert calls == [("second", {}), ("first", {})]
    calls.clear()
    main(["verify", "--seed", "7"])
    assert calls == [(name, {"seed": 7}) for name in ("first", "second", "broken")]
    assert "0 claims, 0 failed" in capsys.readouterr().out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"lifcore {lifcore.__version__}\n"


def test_a_chapter_without_its_option_is_suggested(book, capsys):
    assert main(["verify", "second"]) == 2
    assert capsys.readouterr().err.endswith("did you mean --chapter second?\n")


def test_ctrl_c_keeps_what_is_finished(book, tmp_path, monkeypatch, capsys):
    def run(path, parameters):
        if path.stem == "second":
            raise KeyboardInterrupt
        return real(path, parameters)

    real, target = verify.run_chapter, tmp_path / "claims.json"
    monkeypatch.setattr(verify, "run_chapter", run)
    monkeypatch.setenv("LIFCORE_EXECUTOR", "threads:1")
    call = ["verify", "--chapter", "first", "second", "--json", str(target)]
    assert main([*call, "--executor", "threads:1"]) == verify.INTERRUPTED
    out, err = capsys.readouterr()
    assert "1 claims, 0 failed" in out
    assert "1 of 2 chapters were not run to their end" in out
    assert "Traceback" not in out + err
    assert [row["chapter"] for row in json.loads(target.read_text())] == ["first"]
