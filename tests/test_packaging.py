"""The lists that say the same thing twice agree."""

import os
import re
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import lifcore

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def make(*arguments):
    # Without the settings of a make that may be running these tests.
    environment = {k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MAKELEVEL"}}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )


def requirements(lines):
    lines = (line.split("#")[0].strip() for line in lines)
    found = [Requirement(line) for line in lines if line]
    return {canonicalize_name(r.name): r for r in found if canonicalize_name(r.name) != "lifcore"}


PINNED = requirements((ROOT / "requirements.txt").read_text().splitlines())
EXTRAS = PROJECT["optional-dependencies"].values()
DECLARED = requirements(chain(PROJECT["dependencies"], *EXTRAS))


def test_versions_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert PROJECT["version"] == lifcore.__version__ == citation["version"]


def test_requirements_list_what_the_project_declares():
    assert set(PINNED) == set(DECLARED)


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_pin_stays_inside_the_declared_range(name):
    # The lowest and the highest release that a pin names must both be admitted.
    for bound in PINNED[name].specifier:
        if bound.operator in {">=", "=="}:
            assert bound.version in DECLARED[name].specifier
    declared_caps = {str(s) for s in DECLARED[name].specifier if s.operator == "<"}
    pinned_caps = {str(s) for s in PINNED[name].specifier if s.operator == "<"}
    assert not declared_caps or declared_caps == pinned_caps


def test_citation_names_the_book_and_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    assert citation["title"] == config["title"]
    (paper,) = [r for r in citation["references"] if r["type"] == "article"]
    assert paper["url"].endswith("2603.10854")
    assert [a["family-names"] for a in paper["authors"]] == ["Dou", "Chen", "Lin", "Xiao"]


def test_address_of_the_repository_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    named = citation.get("repository-code", ""), PROJECT.get("urls", {}).get("Repository", "")
    assert named == (config["repository"]["url"],) * 2


def test_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    listed = set(re.findall(r"^  make (\w+)", make("help").stdout, re.MULTILINE))
    assert listed == set(phony.split())


def test_makefile_refuses_an_old_python(tmp_path):
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\ncase "$1" in -V) echo "Python 3.9.2";; *) exit 1;; esac\n')
    old.chmod(0o755)
    # -W: the stamp's prerequisite counts as new, so the set-up is due; nothing is installed.
    result = make("-W", "requirements.txt", f"PYTHON={old}", "setup")
    assert result.returncode != 0
    assert "needs Python 3.11 or newer" in result.stderr
    assert "Python 3.9.2" in result.stderr


def test_every_chapter_file_exists():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = [toc["root"]] + [c["file"] for part in toc["parts"] for c in part["chapters"]]
    missing = [f for f in files if not list(ROOT.glob(f"{f}.*"))]
    assert missing == []
