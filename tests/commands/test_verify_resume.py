"""Runs that are ended before their end: what is kept, what is gone on with, what is refused."""

import contextlib
import errno
import hashlib
import json
import os
import re
import sys
import time

import pytest

from lifcore.commands import claims_file, verify
from lifcore.commands.claims_file import ClaimsFile
from lifcore.commands.report import beside
from lifcore.commands.time_left import Forecast, Lines
from lifcore.commands.verify import main

NAMES = ["first", "second", "third"]


def row(chapter, seed, **other):
    return {
        "chapter": chapter, "id": "one", "statement": "$x$", "expected": 1.0, "estimate": seed,
        "low": 0.5, "high": 1.5, "verdict": "holds", "expectation": "1", "measurement": ["1", "±"],
        **other,
    }  # fmt: skip


@pytest.fixture
def book(tmp_path, monkeypatch):
    """Three chapters that take no time; `calls` are the chapters that ran, `fail` what one does."""
    folder = tmp_path / "book"
    folder.mkdir()
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "outputs": [], "source": ""}
    for name in NAMES:
        (folder / f"{name}.ipynb").write_text(json.dumps({"cells": [cell]}))
    (tmp_path / "_toc.yml").write_text("".join(f"- file: book/{name}\n" for name in NAMES))
    monkeypatch.setattr(verify, "BOOK", folder)
    calls, fail = [], {}

    def run(path, parameters):
        calls.append(path.stem)
        if path.stem in fail:
            raise fail[path.stem]
        return [row(path.stem, parameters.get("seed", 1))]

    monkeypatch.setattr(verify, "run_chapter", run)
    return folder, calls, fail


@pytest.fixture
def target(tmp_path):
    return tmp_path / "claims.json"


def stored(target):
    return [claim["chapter"] for claim in json.loads(target.read_text())]


def left_beside(target):
    return sorted(path.name for path in target.parent.iterdir() if path.is_file())


ENDS = {
    "ctrl-c": (KeyboardInterrupt(), verify.INTERRUPTED),
    "disk": (OSError(errno.ENOSPC, "No space left on device"), 2),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_run_that_was_ended_is_gone_on_with(how, book, target, capsys):
    (_, calls, fail), (error, status) = book, ENDS[how]
    fail["second"] = error
    call = ["verify", "--seed", "3", "--json", str(target)]
    assert main(call) == status
    assert stored(target) == ["first"]
    out, err = capsys.readouterr()
    assert "2 of 3 chapters were not run to their end; --resume goes on" in out
    assert "Traceback" not in out + err
    assert ("No space left on device" in err) == (how == "disk")
    fail.clear()
    calls.clear()
    assert main([*call, "--resume"]) == 0
    assert calls == ["second", "third"]
    assert "resumed: 1 of 3 chapters are finished\n[2/3] second" in capsys.readouterr().out
    resumed, meta = target.read_bytes(), json.loads(beside(target).read_text())
    assert [one["name"] for one in meta["chapters"]] == NAMES
    main(call)
    assert target.read_bytes() == resumed  # as in one go
    assert left_beside(target) == ["_toc.yml", "claims.json", "claims.json.meta.json"]


def test_nothing_to_resume_and_nothing_left(book, target, capsys):
    _, calls, _ = book
    call = ["verify", "--json", str(target), "--resume"]
    assert main(call) == 0
    assert calls == NAMES
    calls.clear()
    before = target.read_bytes()
    assert main(call) == 0
    assert (calls, target.read_bytes()) == ([], before)
    assert "3 claims, 0 failed" in capsys.readouterr().out


def test_a_chapter_that_stopped_runs_again(book, target, monkeypatch):
    _, calls, _ = book
    run = verify.run_chapter

    def stops(path, parameters):
        found = run(path, parameters)
        return [row(path.stem, 1, id="run", verdict="fails")] if path.stem == "first" else found

    call = ["verify", "--json", str(target)]
    monkeypatch.setattr(verify, "run_chapter", stops)
    assert main(call) == 1
    monkeypatch.setattr(verify, "run_chapter", run)
    calls.clear()
    assert main([*call, "--resume"]) == 0
    assert calls == ["first"]
    assert stored(target) == NAMES


def finish(target, *more):
    assert main(["verify", "--seed", "3", "--json", str(target), *more]) == 0


def cut(target):
    target.write_bytes(target.read_bytes()[:-40])


def of_another_seed(target):
    finish(target, "--seed", "4")


def retold(target, content, **other):
    """Change the file, and what is told of it too: its checksum is right."""
    target.write_bytes(content)
    meta = json.loads(beside(target).read_text())
    meta["sha256"][1] = hashlib.sha256(content).hexdigest()
    beside(target).write_text(json.dumps({**meta, **other}))


FOREIGN = {
    "cut off": (cut, "it is not the file that 'claims.json.meta.json' tells of"),
    "empty": (lambda t: t.write_text(""), "it is not the file that"),
    "changed": (lambda t: t.write_text(t.read_text().replace("1.5", "2.5")), "it is not the file"),
    "alone": (lambda t: beside(t).unlink(), "'claims.json.meta.json', which says how it came abou"),
    "meta cut": (lambda t: cut(beside(t)), "'claims.json.meta.json' is damaged"),
    "meta list": (lambda t: beside(t).write_text("[1]"), "'claims.json.meta.json' is damaged"),
    "meta of old": (lambda t: beside(t).write_text('{"seed": 3}'), "is damaged, or not a record"),
    "meta deep": (lambda t: beside(t).write_text("[" * 10**5), "is damaged, or not a record"),
    "meta without chapters": (lambda t: retold(t, t.read_bytes(), chapters=[]), "is damaged, or n"),
    "meta with a digest": (lambda t: retold(t, t.read_bytes(), sha256=["x"]), "is damaged, or not"),
    "no JSON": (lambda t: retold(t, b"xx"), r"no claim of a finished chapter \(.JSONDecodeErr"),
    "no text": (lambda t: retold(t, b"\xff"), r"no claim of a finished chapter \(.UnicodeDeco"),
    "no list": (lambda t: retold(t, b"null"), r"no claim of a finished chapter \(.TypeError"),
    "an object": (lambda t: retold(t, b'{"a": 1}'), r"no claim of a finished chapter \(.TypeErr"),
    "numbers": (lambda t: retold(t, b"[1]"), r"no claim of a finished chapter \(.TypeError"),
    "half a claim": (
        lambda t: retold(t, b'[{"chapter": "first"}]'),
        r"no claim of a finished .* \(.KeyError: 'id'",
    ),
    "claim of another": (
        lambda t: retold(t, json.dumps([row("fourth", 3)]).encode()),
        r"no claim .* \('fourth'\)",
    ),
    "binary": (lambda t: beside(t).write_bytes(b"\xff\xfe"), "is damaged, or not a record"),
    "seed": (of_another_seed, "its seed is 4, that of this run 3"),
    "scale": (lambda t: finish(t, "--scale", "2"), "its scale is 2, that of this run None"),
    "chapters": (
        lambda t: finish(t, "--chapter", "second"),
        r"its chapters_asked_for is \['second",
    ),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_damaged_and_foreign_files_are_refused(kind, book, target, capsys):
    _, calls, _ = book
    finish(target)
    damage, message = FOREIGN[kind]
    damage(target)
    calls.clear()
    capsys.readouterr()
    files = {name: (target.parent / name).read_bytes() for name in left_beside(target)}
    assert main(["verify", "--seed", "3", "--json", str(target), "--resume"]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines()), calls) == ("", 1, [])
    assert re.search(message, err), err
    assert files == {name: (target.parent / name).read_bytes() for name in left_beside(target)}


def test_another_notebook_of_that_name_is_refused(book, target, capsys):
    finish(target)
    chapter = book[0] / "second.ipynb"
    chapter.write_text(chapter.read_text().replace('"source": ""', '"source": "1"'))
    assert main(["verify", "--seed", "3", "--json", str(target), "--resume"]) == 2
    assert "its notebooks is" in capsys.readouterr().err


@pytest.mark.parametrize("place", range(1, 9))
def test_killed_at_any_moment_of_writing(place, target, monkeypatch):
    """The file is whole after each step of writing, and never tells of more than it holds."""
    about = {"seed": 1, "chapters_asked_for": NAMES}

    class Killed(BaseException):
        pass

    steps = 0

    def dies(function):
        def call(*arguments, **more):
            nonlocal steps
            steps += 1
            if steps == place:
                raise Killed
            return function(*arguments, **more)

        return call

    with ClaimsFile(target, about) as kept:
        kept.add("first", 1.0, [row("first", 1)])
        old = target.read_bytes()
        with monkeypatch.context() as patched, contextlib.suppress(Killed):
            patched.setattr(os, "fsync", dies(os.fsync))
            patched.setattr(os, "replace", dies(os.replace))
            kept.add("second", 1.0, [row("second", 1)])
    with ClaimsFile(target, about) as again:
        done = again.resume(NAMES)
    assert [one["chapter"] for one in again.rows] == done
    assert done == (["first", "second"] if place > 4 else ["first"])
    assert (target.read_bytes() == old) == (place <= 4)
    assert left_beside(target) == ["claims.json", "claims.json.meta.json"]


def test_a_full_disk_leaves_the_file_as_it_was(book, target, monkeypatch, capsys):
    def full(stream):
        raise OSError(errno.ENOSPC, "No space left on device")

    real, writes = os.fsync, []

    def fsync(stream):
        writes.append(stream)
        return real(stream) if len(writes) <= 2 else full(stream)

    monkeypatch.setattr(claims_file.os, "fsync", fsync)
    assert main(["verify", "--json", str(target)]) == 2
    out, err = capsys.readouterr()
    assert err.splitlines() == [
        f"python -m lifcore: No space left on device; {target} holds the chapters before it: "
        "--resume goes on"
    ]
    assert "second.one" in out  # the table has what the disk has not
    assert stored(target) == ["first"]
    assert left_beside(target) == ["_toc.yml", "claims.json", "claims.json.meta.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="no locks of files")
def test_a_second_run_on_one_file_is_refused(book, target, capsys):
    _, calls, _ = book
    with ClaimsFile(target, {}):
        link = target.with_name("link.json")
        link.symlink_to(target)
        for name in (target, link):
            assert main(["verify", "--json", str(name)]) == 2
            (line,) = capsys.readouterr().err.splitlines()
            assert f"'{name}' is being written by another run" in line
        assert main(["verify", "--json", str(target.with_name("other.json"))]) == 0
    calls.clear()
    assert main(["verify", "--json", str(link)]) == 0
    assert calls == NAMES
    assert link.is_symlink()
    assert stored(target) == NAMES


@pytest.mark.parametrize("name", ["circle.json", "zero\0.json", "missing/claims.json", ""])
def test_paths_that_cannot_be_written_are_named_first(name, book, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "circle.json").symlink_to("circle.json")
    assert main(["verify", "--json", name]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines()), book[1]) == ("", 1, [])
    assert f"argument --json: {name or '.'!r} cannot be written (" in err
    assert left_beside(tmp_path / "x") == ["_toc.yml"]


def test_modes_are_those_of_other_files(book, target):
    before = os.umask(0o027)
    try:
        main(["verify", "--json", str(target)])
    finally:
        os.umask(before)
    assert target.stat().st_mode & 0o777 == 0o640


def test_time_left():
    forecast = Forecast(["model", "layers"], 10)
    assert forecast.left() == 1600.0
    assert forecast.left("model", 50.0) == 1550.0
    assert forecast.left("model", 400.0) == 2800.0  # twice as slow as usual
    assert forecast.after("model", 100.0) == "; about 12 minutes left"
    assert forecast.after("layers", 700.0) == ""


def test_a_long_chapter_says_what_is_left(monkeypatch, capfd):
    with Forecast(["model"], 100).running("model", every=0.05):
        time.sleep(0.2)
    assert capfd.readouterr().err == ""
    monkeypatch.setenv("LIFCORE_PROGRESS", "on")
    with Forecast(["model"], 100).running("model", every=0.05):
        time.sleep(0.2)
    said = capfd.readouterr().err
    assert said.startswith("lifcore: model: 0.0 minutes so far, about 33 minutes left\n")
    Forecast(["layers"], 100).announce()
    Forecast(["layers"], 1).announce()
    assert capfd.readouterr().out == "1 chapter, usually about 3.9 hours on two cores\n"


def test_only_lifcores_own_lines_of_a_chapter_pass(capsys):
    lines = Lines(sys.stdout)
    lines.write("warning\nlifcore: exact: about 2.0 hours more at the present speed\n 3%|  |\r")
    lines.flush()
    assert capsys.readouterr().out.count("\n") == 1


def test_want_of_memory_is_named(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "book"
    folder.mkdir()
    from test_verify import notebook

    monkeypatch.setattr(verify, "BOOK", folder)
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    killed = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    sources = {"asks": "import numpy as np\nnp.zeros((10**6, 10**9))", "killed": killed}
    for name, source in sources.items():
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook("seed, scale = 4, 1", source)))
    assert main(["verify"]) == 1
    out = capsys.readouterr().out
    assert out.count("stopped for want of memory") == 2
    assert re.search(r"asks: the chapter runs \(\w*MemoryError: Unable to allocate", out), out
    assert (
        "killed: the chapter runs (DeadKernelError: Kernel died, as a rule for want of memo" in out
    )
