"""Every public name stands on its package's API page, and every module with one is on it."""

import ast
import json
import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
import yaml

import lifcore
from api_pages import homes, own_names

ROOT = Path(__file__).parents[2]
API = ROOT / "book" / "api"
PACKAGES = sorted(module.name for module in iter_modules(lifcore.__path__) if module.ispkg)
#: Imported by name, since it needs Matplotlib; so its package does not hand it on.
BY_NAME = {"lifcore.evidence.plots"}


def modules(package):
    return [m.name for m in iter_modules(import_module(f"lifcore.{package}").__path__)]


def page(name):
    return (API / f"{name}.md").read_text(encoding="utf-8")


def table(text):
    """The names in a page's table, in order."""
    assert text.count(".. autosummary::") == 1
    return re.findall(r"^   ~([\w.]+)$", text.split(".. autosummary::")[1], re.MULTILINE)


def test_every_package_has_a_page_in_the_contents():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    (reference,) = [part for part in toc["parts"] if part.get("caption") == "Reference"]
    (index,) = [c for c in reference["chapters"] if c["file"] == "book/api/index"]
    listed = [section["file"] for section in index["sections"]]
    assert sorted(listed) == [f"book/api/{name}" for name in PACKAGES]
    linked = re.findall(r"\[`lifcore\.(\w+)`\]\((\w+)\.md\)", page("index"))
    assert [f"book/api/{name}" for name, file in linked if name == file] == listed


@pytest.mark.parametrize("package", PACKAGES)
def test_page_begins_with_a_table_of_the_public_names(package):
    text = page(package)
    listed = table(text)
    assert text.index("autosummary") < text.index("automodule")
    assert len(listed) == len(set(listed))
    more = set(listed) - set(homes(f"lifcore.{package}").values())
    assert set(listed) >= set(homes(f"lifcore.{package}").values())
    assert {name.rpartition(".")[0] for name in more} <= BY_NAME


def test_index_lists_what_is_imported_from_the_top():
    assert sorted(table(page("index"))) == sorted(homes("lifcore").values())


@pytest.mark.parametrize("package", PACKAGES)
def test_page_documents_every_module(package):
    documented = re.findall(
        r"^## ?#? (lifcore[\w.]+)\n\n```{eval-rst}\n\.\. automodule:: ([\w.]+)\n   :members:\n```$",
        page(package).replace("### ", "## "),
        re.MULTILINE,
    )
    assert all(title == module for title, module in documented)
    named = [f"lifcore.{package}.{name}" for name in modules(package)]
    assert sorted(module for _, module in documented) == [m for m in sorted(named) if own_names(m)]


def test_kernels_come_last():
    for package in PACKAGES:
        handed_on = {home.rpartition(".")[0] for home in homes(f"lifcore.{package}").values()}
        order = re.findall(r"automodule:: ([\w.]+)", page(package))
        public = [module in handed_on or module in BY_NAME for module in order]
        assert public == sorted(public, reverse=True), package


def imports():
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lifcore"):
                yield from ((path.stem, node.module, alias.name) for alias in node.names)


def test_every_name_that_a_chapter_imports_has_an_entry_to_link_to():
    found = list(imports())
    assert len({chapter for chapter, _, _ in found}) > 5
    missing = []
    for chapter, module, name in found:
        is_package = hasattr(import_module(module), "__path__")
        here = homes(module) if is_package else {f"{module}.{n}" for n in own_names(module)}
        if f"{module}.{name}" not in here:
            missing.append((chapter, module, name))
    assert missing == []
