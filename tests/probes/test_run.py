"""A package that is missing or broken is named with its pins, the command, and stored rows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SIMULATORS = Path(__file__).parents[2] / "simulators"
STORED = {path: path.read_bytes() for path in (SIMULATORS / "traces").glob("*.json")}


def run(*arguments, **environment):
    *names, folder = arguments
    return subprocess.run(
        [sys.executable, SIMULATORS / "run.py", *names],
        env=os.environ | {"SIMULATORS": str(folder)} | environment,
        capture_output=True,
        text=True,
    )


def shows_stored_rows(done, name, what, folder):
    found = json.loads((SIMULATORS / "traces" / f"{name}.json").read_text())
    pins = (SIMULATORS / "pins" / f"{name}.txt").read_text().split()
    assert done.returncode == 3
    assert f"{name} {what}" in done.stderr
    assert f"pinned as {', '.join(pins)}, and installed by\n  {folder / name}" in done.stderr
    assert f"-m pip install --quiet --disable-pip-version-check -r {SIMULATORS}" in done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(found["variants"])
    for variant in found["variants"]:
        mark = f"{name} {found['version']}, {variant} (stored traces of {found['date']}): update: "
        assert sum(line.startswith(mark) for line in lines) == 1
    assert {path: path.read_bytes() for path in STORED} == STORED


@pytest.fixture
def interpreter(tmp_path):
    """Return a function that puts a script in the place of a package's interpreter."""

    def put(name, script):
        python = tmp_path / name / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f"#!{sys.executable}\n{script}")
        python.chmod(0o755)
        (tmp_path / name / "installed").touch()

    return put


def test_package_that_cannot_be_installed(tmp_path):
    done = run("nest", tmp_path, PYTHON="no-such-python")
    shows_stored_rows(done, "nest", "is not installed ([Errno 2]", tmp_path)


def test_package_that_fails_to_import(tmp_path, interpreter):
    interpreter("sinabs", "raise ImportError('no sinabs')")
    done = run("sinabs", tmp_path)
    assert "ImportError: no sinabs" in done.stderr
    shows_stored_rows(done, "sinabs", "was installed and does not run", tmp_path)


def test_environment_without_its_interpreter(tmp_path, interpreter):
    interpreter("brian2", "")
    (tmp_path / "brian2" / "bin" / "python").unlink()
    shows_stored_rows(run("brian2", tmp_path), "brian2", "was installed and does not", tmp_path)


def test_answers_that_are_no_traces_are_not_stored(tmp_path, interpreter):
    found = json.loads((SIMULATORS / "traces" / "norse.json").read_text())
    found["variants"]["lif_step"]["drive"]["v"][3] = float("nan")
    interpreter("norse", f"import sys\nopen(sys.argv[-1], 'w').write({json.dumps(found)!r})")
    done = run("norse", tmp_path)
    assert done.returncode == 1
    assert "experiment 'drive': v[3] = nan" in done.stderr
    assert {path: path.read_bytes() for path in STORED} == STORED


def test_check_finds_an_answer_that_is_not_the_stored_one(tmp_path, interpreter):
    found = json.loads((SIMULATORS / "traces" / "norse.json").read_text())
    text = "import sys\nopen(sys.argv[-1], 'w').write("
    interpreter("norse", f"{text}{json.dumps(found)!r})")
    assert run("--check", "norse", tmp_path).returncode == 0
    found["variants"]["lif_step"]["decay"]["v"][3] *= 1.0 + 1e-6
    (tmp_path / "norse" / "bin" / "python").write_text(
        f"#!{sys.executable}\n{text}{json.dumps(found)!r})"
    )
    done = run("--check", "norse", tmp_path)
    assert done.returncode == 1
    date = found["date"]
    assert done.stderr == f"norse: other answer than of {date} in lif_step, decay\n"
    assert {path: path.read_bytes() for path in STORED} == STORED


def test_unknown_name(tmp_path):
    done = run("genesis", tmp_path)
    assert done.returncode == 1
    assert "NAME = 'genesis' is no package here; allowed: annarchy, arbor" in done.stderr
