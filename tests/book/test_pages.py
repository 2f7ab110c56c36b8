"""What the pages have beyond their text: seen on a small book built with the real settings."""

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

import notebooks
import pages
from lifcore.evidence import markdown_table

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ROW = {
    "statement": "order of $V$",
    "expectation": "1 ± 0.05",
    "measurement": ["1.01", "[0.99, 1.03]"],
    "verdict": "holds",
}
TEXT = r"""# A chapter

Words about the frobnication of $h^{1/2}$ and $\sigma \le 1$ with $\underbrace{x}_{y}$ here.

```{prf:theorem} One
:label: thm-small-one
A box.
```

```{prf:theorem} Two
:label: thm-small-two
Another.
```

$$y$$ (eq-twice)
"""


def notebook():
    code = "from lifcore import couple\nfrom lifcore.runs import HISTORY"
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": TEXT},
        {
            "cell_type": "code",
            "execution_count": 1,
            "metadata": {},
            "source": code,
            "outputs": [
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {"text/markdown": markdown_table([ROW, ROW]), "text/plain": "rows"},
                }
            ],
        },
    ]
    form = {"metadata": notebooks.METADATA, "nbformat": 4, "nbformat_minor": 5}
    return {"cells": cells, **form}


def build(root, **environment):
    """Build a book of two pages and one API page with the settings of this one."""
    folders = ("_static", "tools", "book/images", "book/data", "book/calculator")
    for name in ("_config.yml", *folders, "book/references.bib"):
        source, target = ROOT / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    first = "# First\n\n## Get the code\n\nClone {repository}`the repository`.\n\n"
    first += "$$x$$ (eq-twice)\n"
    (root / "book/introduction.md").write_text(first)
    (root / "book/chapter.ipynb").write_text(json.dumps(notebook()))
    (root / "book/api").mkdir()
    shutil.copy(ROOT / "book/api/runs.md", root / "book/api/runs.md")
    files = "".join(f"\n  - file: book/{name}" for name in ("chapter", "api/runs"))
    (root / "_toc.yml").write_text(f"format: jb-book\nroot: book/introduction\nchapters:{files}\n")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GITHUB_")}
    done = subprocess.run(
        [sys.executable, "tools/book.py", "--keep-going", "."],
        cwd=root,
        env=clean | {"PYTHONPATH": str(ROOT), "PYDEVD_DISABLE_FILE_VALIDATION": "1"} | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (root / "complaints").write_text(done.stderr)
    return root / "_build/html"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    address = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "someone/which-dt"}
    return build(tmp_path_factory.mktemp("book"), **address)


@pytest.fixture(scope="module")
def chapter(site):
    return (site / "book/chapter.html").read_text(encoding="utf-8")


def test_first_lines_say_how_to_run_a_chapter(site, chapter):
    (lines,) = re.findall(r'</h1>\s*<p class="first-lines">(.*?)</p>', chapter, re.DOTALL)
    (download,) = re.findall(r'href="([^"]*\.ipynb)" download', lines)
    assert (site / "book" / download).resolve().is_file()
    assert 'href="introduction.html#get-the-code"' in lines
    assert "python -m lifcore verify --chapter chapter" in lines
    assert 'href="https://github.com/someone/which-dt"' in lines
    first = (site / "book/introduction.html").read_text(encoding="utf-8")
    assert 'class="first-lines"><a href="#get-the-code"' in first
    assert 'id="get-the-code"' in first


def test_a_label_on_two_pages_is_complained_of(site):
    complaints = (site.parents[1] / "complaints").read_text()
    assert "label 'eq-twice' is given by book/chapter and book/introduction" in complaints
    assert complaints.count("is given by") == 1
    assert "serial read" not in complaints


def test_repository_is_linked_from_text_and_header(site):
    first = (site / "book/introduction.html").read_text(encoding="utf-8")
    assert re.search(r'Clone <a [^>]*href="https://github.com/someone/which-dt"', first)
    assert re.search(r'btn-source-repository-button|title="Source repository"', first)


def test_a_chapter_opens_in_binder_with_the_library_installed(site, chapter):
    (address,) = set(re.findall(r'href="(https://mybinder\.org/[^"]+)"', chapter))
    assert address == (
        "https://mybinder.org/v2/gh/someone/which-dt/main?urlpath=lab/tree/book/chapter.ipynb"
    )
    first = (site / "book/introduction.html").read_text(encoding="utf-8")
    assert "mybinder" not in first
    listed = (ROOT / ".binder/requirements.txt").read_text().split("\n")
    assert listed == ["-r ../requirements.txt", "-e .", ""]
    assert (ROOT / ".binder" / listed[0].removeprefix("-r ")).resolve().is_file()


def test_a_chapter_opens_in_colab_as_a_copy_that_installs_the_library(chapter, tmp_path):
    (address,) = set(re.findall(r'href="(https://colab\.[^"]+)"', chapter))
    assert address == (
        "https://colab.research.google.com/github/someone/which-dt/blob/colab/book/chapter.ipynb"
    )
    done = [
        sys.executable,
        ROOT / "tools/colab.py",
        "https://github.com/someone/which-dt",
        tmp_path,
    ]
    subprocess.run(done, check=True)
    names = {path.name for path in (ROOT / "book").glob("*.ipynb")}
    assert {path.name for path in (tmp_path / "book").iterdir()} == names
    for name in names:
        first, *rest = json.loads((tmp_path / "book" / name).read_text())["cells"]
        assert "%pip install --quiet ./which-dt\n%cd -q which-dt/book" in first["source"]
        assert rest == json.loads((ROOT / "book" / name).read_text())["cells"]


def test_nothing_is_linked_while_no_repository_is_known():
    assert pages.repository({}, {"GITHUB_REPOSITORY": "someone/which-dt"}) == ""
    lines = pages.first_lines("book/ledger", lambda name, _=0: name, "", "book/ledger.ipynb")
    assert "http" not in lines
    assert "verify" not in lines


def test_settings_name_the_repository_first():
    named = {"repository_url": "https://example.org/here"}
    environment = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "a/b"}
    assert pages.repository(named, environment) == "https://example.org/here"
    assert pages.repository({}, environment) == "https://github.com/a/b"


def test_no_page_loads_thebe(site):
    written = [path.read_text(encoding="utf-8") for path in site.rglob("*.html")]
    assert len(written) > 5
    assert not any("thebe" in text.lower() for text in written)


def test_no_inline_script_declares_a_constant_twice(chapter):
    declared = Counter(re.findall(r"<script>\s*(?:const|let) (\w+)", chapter))
    assert declared
    assert max(declared.values()) == 1


def test_ids_of_a_page_are_unique(chapter):
    (article,) = re.findall(r"<article.*</article>", chapter, re.DOTALL)
    count = Counter(re.findall(r'\bid="([^"]+)"', article))
    assert "thm-small-one" in count
    assert [name for name, times in count.items() if times > 1] == []


def test_claims_are_marked_and_the_style_sheet_knows_their_header(chapter):
    assert re.search(r'<table class="[^"]*\bclaims\b', chapter)
    assert tuple(markdown_table([]).splitlines()[0].strip("| ").split(" | ")) == pages.CLAIMS
    style = (ROOT / "_static/book.css").read_text(encoding="utf-8")
    rules = r'table\.claims td:nth-child\((\d)\)::before { content: "(.*)"; }'
    found = {int(n): heading for n, heading in re.findall(rules, style)}
    assert found == {n: pages.CLAIMS[n - 1] for n in (2, 3, 4)}


def test_names_in_code_and_their_entries_point_at_each_other(site, chapter):
    for target in ("coupling.couple", "histories.HISTORY"):
        assert f'href="../book/api/runs.html#lifcore.runs.{target}"' in chapter
    entries = (site / "book/api/runs.html").read_text(encoding="utf-8")
    couple = entries.split('id="lifcore.runs.coupling.couple"')[1].split("</dl>\n</section>")[0]
    assert re.search(r'class="used-in">Used in <a [^>]*href="../chapter.html"', couple)
    assert entries.count('class="used-in"') == 2


def test_public_names_stand_before_the_others_of_their_module(site):
    entries = (site / "book/api/runs.html").read_text(encoding="utf-8")
    ids = re.findall(r'<dt class="[^"]*" id="lifcore\.runs\.executors\.(\w+)"', entries)
    assert ids[:2] == ["usable_cores", "named_executor"]
    assert "map_blocks" in ids


def test_signatures_show_short_names_and_no_private_fields(site):
    entries = (site / "book/api/runs.html").read_text(encoding="utf-8")
    signatures = re.findall(r'<dt class="sig .*?</dt>', entries, re.DOTALL)
    text = [re.sub("<.*?>", "", signature) for signature in signatures]
    (ensemble,) = [t for t in text if "class" in t and "Ensemble(" in t and "Coupled" not in t]
    assert "spike_counts: ndarray" in ensemble
    assert not any("~" in t or "factory" in t or re.search(r"\b_[a-z]+:", t) for t in text)


@pytest.fixture(scope="module")
def address(site):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (Debian's package chromium)")
def test_search_excerpts_are_free_of_tex(address, tmp_path):
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
    more = f"--disable-sync --disable-dev-shm-usage --user-data-dir={tmp_path}"
    page = f"{address}/search.html?q=frobnication"
    command = [
        CHROMIUM,
        *flags.split(),
        *more.split(),
        "--virtual-time-budget=10000",
        "--dump-dom",
        page,
    ]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    (excerpt,) = re.findall(r'<p class="context">(.*?)</p>', dom, re.DOTALL)
    plain = re.sub("<.*?>", "", excerpt)
    assert "frobnication of h^(1/2) and σ ≤ 1 with … here" in plain
    assert not set(plain) & set("\\{}$")
    assert "Run it yourself" not in plain
