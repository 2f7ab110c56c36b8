"""The built site without a browser: links, sizes, numbers in the text, bibliography."""

import os
import re
from html import unescape
from urllib.parse import unquote, urlsplit

import pytest
import yaml

import answers
import lean
from lifcore.commands import chapters, stored_claims
from site_under_test import ROOT, anchors, is_stale


@pytest.fixture(scope="module")
def written(site):
    return {path: path.read_text(encoding="utf-8") for path in sorted(site.rglob("*.html"))}


def broken(written):
    """Every internal link that leads to no file, or to no place on its page."""
    places = {path: anchors(html) for path, html in written.items()}
    lost = set()
    for page, html in written.items():
        for address in re.findall(r'\b(?:href|src)="([^"]*)"', html):
            parts = urlsplit(unescape(address))
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            known = target.is_file() and (target not in places or places[target])
            anchor = unquote(parts.fragment)
            if not known or (target in places and anchor and anchor not in places[target]):
                lost.add((page.name, address))
    return sorted(lost)


def test_internal_links_and_anchors_resolve(written):
    assert len(written) > 50
    assert broken(written) == []


def test_a_lost_page_and_a_lost_anchor_are_found(tmp_path):
    page = tmp_path / "a.html"
    html = '<p id="here"><a href="#here"></a><a href="#gone"></a><a href="b.html"></a></p>'
    page.write_text(html)
    assert broken({page: html}) == [("a.html", "#gone"), ("a.html", "b.html")]


def test_no_page_links_to_a_file_of_one_machine(written):
    assert not [path for path, html in written.items() if "file://" in html or str(ROOT) in html]


def test_site_is_under_30_megabytes(site):
    total = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    assert total < 30_000_000


def test_a_missing_or_older_site_is_stale(tmp_path):
    for name in ("_config.yml", "_toc.yml"):
        (tmp_path / name).write_text("")
    built = tmp_path / "html"
    assert is_stale(built, tmp_path)
    built.mkdir()
    (built / "searchindex.js").write_text("")
    assert not is_stale(built, tmp_path)
    later = (built / "searchindex.js").stat().st_mtime + 5
    os.utime(tmp_path / "_toc.yml", (later, later))
    assert is_stale(built, tmp_path)


def test_icons_that_a_page_shows_are_kept():
    script = '{bell:[1,2,[],"f0f3","M1"],"x-ray":[1,2,[97,"rays"],"f497",["M2","M3"]]}'
    assert lean.fewer_icons(script, {"bell"}) == '{bell:[1,2,[],"f0f3","M1"],}'
    assert lean.fewer_icons(script, {"rays", "bell"}) == script
    assert lean.fewer_icons(script, set()) == "{}"


BOOK = ROOT / "book"
MAP = (BOOK / "map.md").read_text(encoding="utf-8")


def test_map_has_every_wording_of_the_paper_that_is_tested():
    tested = {
        f"{path.stem}: {claim['paper']}"
        for path in chapters(BOOK)
        for claim in stored_claims(path)
        if claim["paper"]
    }
    assert set(re.findall(r"\{verdicts\}`([^`]+)`", MAP)) == tested


def test_map_and_boxes_lead_to_each_other(site):
    page = (site / "book/map.html").read_text(encoding="utf-8")
    boxes = set(re.findall(r"\{prf:ref\}`([^`]+)`", MAP))
    assert len(boxes) >= 9
    for label in boxes:
        assert f'id="map-{label}"' in page
        (name,) = set(re.findall(rf'href="(\w+)\.html#{label}"', page))
        chapter = (site / f"book/{name}.html").read_text(encoding="utf-8")
        assert f'href="map.html#map-{label}">On the map of the paper</a>' in chapter


def test_numbers_of_the_first_page_are_those_of_the_claims(site):
    source = (BOOK / "introduction.md").read_text(encoding="utf-8")
    page = (site / "book/introduction.html").read_text(encoding="utf-8")
    named = re.findall(r"\{(measured|expected)\}`([^`]+)`", source)
    shown = re.findall(
        r'class="(measured|expected) reference internal" href="([^"]+)">([^<]+)</a>', page
    )
    assert len(named) == len(shown) >= 10
    for (kind, name), (as_, _, text) in zip(named, shown, strict=True):
        chapter, _, claim = name.partition(": ")
        (found,) = [c for c in stored_claims(BOOK / f"{chapter}.ipynb") if c["id"] == claim]
        mean, interval = found["measurement"]
        assert kind == as_ == "measured"
        assert unescape(text) == f"{mean} {interval}"


@pytest.mark.parametrize(
    "text", ["nowhere: order", "weak_order", "weak_order: no such claim", "weak_order:"]
)
def test_a_number_that_no_chapter_stores_is_refused(text):
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        answers.measured(text, BOOK)
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        answers.verdicts(text, BOOK) if text != "weak_order:" else answers.measured(text, BOOK)


def test_counts_name_what_fails():
    assert answers.counted(["fails"]) == "fails"
    assert answers.counted(["holds, not sharp"] * 2) == "all 2 hold (all not sharp)"
    assert answers.counted(["holds", "fails", "fails"]) == "1 of 3 hold, 2 fail"


def test_first_page_and_map_type_no_measured_number():
    text = (BOOK / "introduction.md").read_text(encoding="utf-8").split("## Why a book")[0] + MAP
    bare = re.sub(r"\{\w+(:\w+)?\}`[^`]*`|\$[^$]*\$|arXiv:[\d.]+|99\.9 %", "", text)
    assert re.findall(r"\d+\.\d+|\[\d", bare) == []


ENTRY = re.compile(r"@\w+\{(\w+),(.*?)\n\}", re.DOTALL)
REFERENCES = ENTRY.findall((BOOK / "references.bib").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("key", "fields"), REFERENCES, ids=[key for key, _ in REFERENCES])
def test_reference_has_an_identifier_and_author_year(key, fields):
    given = dict(re.findall(r"^\s*(\w+)\s*=\s*\{(.*)\},$", fields, re.MULTILINE))
    doi, arxiv = given.get("doi", ""), given.get("eprint", "")
    assert re.fullmatch(r"10\.\d{4,9}/[^\s{}]+", doi) or (
        given.get("archiveprefix") == "arXiv" and re.fullmatch(r"\d{4}\.\d{5}", arxiv)
    )
    assert re.fullmatch(r"\d{4}", given["year"])
    assert {"author", "title"} <= set(given)
    family = re.sub(r"[^a-z]", "", given["author"].split(",")[0].lower())
    assert key == f"{family}{given['year']}"


def test_citations_are_by_author_and_year(site):
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    assert config["sphinx"]["config"]["bibtex_reference_style"] == "author_year"
    page = (site / "book/map.html").read_text(encoding="utf-8")
    assert re.search(r"Dou <em>et al\.</em>, 2026</a>", page)
    listed = (site / "book/references.html").read_text(encoding="utf-8")
    assert listed.count("https://doi.org/") >= 25
