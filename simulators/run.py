"""Probe packages, each in an environment of its own, and store their traces.

python simulators/run.py [--check] [NAME ...]; without a name, all. With --check nothing is
stored: the answers to the experiments must be the stored ones. PYTHON names the interpreter
that the environments are made with, SIMULATORS where they are kept. A package that cannot be
installed or run is named with its pins, and its rules are told from its stored traces.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from lifcore.probes import EXPERIMENTS, NOISY_RUNS, name_scheme, probe

HERE = Path(__file__).parent
ENVIRONMENTS = Path(os.environ.get("SIMULATORS", HERE.parent / "_build" / "simulators"))
# the pinned versions of these take no other
INTERPRETERS = {"brainpy": "python3.12", "brian2": "python3.13", "lava": "python3.10"}
NAMES = sorted(path.stem for path in (HERE / "pins").glob("*.txt"))


class UnusableError(Exception):
    """A package could not be installed or run."""


def install_command(name):
    """Return the command that installs a package into its environment."""
    python, pins = ENVIRONMENTS / name / "bin" / "python", HERE / "pins" / f"{name}.txt"
    quiet = ["--quiet", "--disable-pip-version-check"]
    return [str(part) for part in (python, "-m", "pip", "install", *quiet, "-r", pins)]


def unusable(name, what):
    """Return the error that names a package's pins and the command that installs it."""
    pins = ", ".join((HERE / "pins" / f"{name}.txt").read_text(encoding="utf-8").split())
    command = " ".join(install_command(name))
    return UnusableError(f"{name} {what}. It is pinned as {pins}, and installed by\n  {command}")


def interpreter(name):
    """Return the Python that a package's environment is made with.

    pyenv has commands for all of its versions, which fail unless one of them was chosen.
    """
    wanted = INTERPRETERS.get(name) or os.environ.get("PYTHON", "python3")
    number = wanted.removeprefix("python")
    others = sorted(Path.home().glob(f".pyenv/versions/{number}.*/bin/{wanted}"))
    for one in (wanted, *map(str, others)):
        if (
            shutil.which(one)
            and subprocess.run([one, "-c", ""], capture_output=True).returncode == 0
        ):
            return one
    return wanted


def environment(name):
    """Return the interpreter of a package's environment, which is made if there is none."""
    folder = ENVIRONMENTS / name
    if not (folder / "installed").exists():
        try:
            subprocess.run([interpreter(name), "-m", "venv", "--clear", folder], check=True)
            subprocess.run(install_command(name), check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise unusable(name, f"is not installed ({error})") from error
        (folder / "installed").touch()
    return folder / "bin" / "python"


def traces(name, noisy=()):
    """Return what a package answers to the experiments, and to noisy runs."""
    python = environment(name)
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder, "experiments.json"), Path(folder, "traces.json")
        asked = {
            "experiments": [asdict(e) for e in EXPERIMENTS.values()],
            "noisy": [asdict(run) for run in noisy],
        }
        given.write_text(json.dumps(asked), encoding="utf-8")
        try:
            command = [python, HERE / "adapter.py", name, given, out]
            subprocess.run(command, cwd=folder, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise unusable(name, f"was installed and does not run ({error})") from error
        return json.loads(out.read_text(encoding="utf-8"))


def tell(name, found, mark=""):
    """Say which rule each variant of a package runs."""
    for variant, answers in found["variants"].items():
        fingerprint = probe(lambda e, answers=answers: answers.get(e.name))
        named = name_scheme(fingerprint)
        print(f"{name} {found['version']}, {variant}{mark}: {named}; worst {named.worst:.1e}")


def same(found, stored):
    """Whether two answers are the same: values to 1e-12, since libraries round on each machine."""
    if found is None or found.keys() != stored.keys():
        return False
    for part, values in stored.items():
        if values is None or found[part] is None:
            alike = values is found[part]
        else:
            alike = len(values) == len(found[part])
            alike = alike and np.allclose(found[part], values, rtol=1e-12, atol=1e-12)
        if not alike:
            return False
    return True


def differs(name, found, stored):
    """Say where a package's answers are not the stored ones; return whether they differ."""
    places = [
        f"{variant}, {experiment}"
        for variant, answers in stored["variants"].items()
        for experiment, answer in answers.items()
        if not same(found["variants"].get(variant, {}).get(experiment), answer)
    ]
    for place in places:
        print(f"{name}: other answer than of {stored['date']} in {place}", file=sys.stderr)
    return bool(places)


def main(arguments):
    """Probe the packages and say which rule each runs.

    Returns 1 if answers differ from the stored ones, else 3 if a package could not be used, else 0.
    """
    check = "--check" in arguments
    names = [name for name in arguments if name != "--check"]
    for name in names:
        if name not in NAMES:
            sys.exit(f"NAME = {name!r} is no package here; allowed: {', '.join(NAMES)}")
    changed = unused = 0
    for name in names or NAMES:
        path = HERE / "traces" / f"{name}.json"
        stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        try:
            found = traces(name, () if check else NOISY_RUNS)
        except UnusableError as error:
            unused += 1
            print(error, file=sys.stderr)
            if stored:
                tell(name, stored, f" (stored traces of {stored['date']})")
            continue
        tell(name, found)  # what is no trace is refused before it is stored
        if check:
            changed += differs(name, found, stored)
        else:
            text = json.dumps(found, sort_keys=True, indent=1)
            path.write_text(text + "\n", encoding="utf-8")
    return 1 if changed else 3 if unused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
