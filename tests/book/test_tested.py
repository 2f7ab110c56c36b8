"""Claims, boxes, experiments and entries of the API lead to each other."""

import json
import re

import pytest

import answers
import tested
from lifcore.commands import chapters, stored_claims
from site_under_test import ROOT

BOOK = ROOT / "book"
EVERY = tested.everything(BOOK)


def text(source):
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", "", source)).strip()


def test_every_claim_is_said_to_test_something():
    stored = {(path.stem, c["id"]) for path in chapters(BOOK) for c in stored_claims(path)}
    assert {(one.chapter, one.name) for one in EVERY} == stored
    assert len(EVERY) == len(stored) > 300


def test_what_is_after_the_paper_tests_a_box():
    paper = {(p.stem, c["id"]) for p in chapters(BOOK) for c in stored_claims(p) if c["paper"]}
    assert len(paper) > 90
    assert [one for one in EVERY if (one.chapter, one.name) in paper and one.box == "own"] == []


def test_every_theorem_and_proposition_is_tested():
    boxes = {
        label
        for path in chapters(BOOK)
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        for label in re.findall(
            r"\{prf:(?:theorem|proposition)\}[^\n]*\n:label: ([\w-]+)", "".join(cell["source"])
        )
    }
    assert len(boxes) > 20
    assert boxes - {one.box for one in EVERY} == set()


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"A": {"thm": ["or"]}, "B": {"own": ["or"]}}, "stands twice"),
        ({"A": {"thm": ["error"]}}, "'order' is not said"),
        ({"A": {"thm": ["order", "error"]}}, r"begins with \['error'\]"),
    ],
)
def test_a_claim_without_a_place_and_a_place_without_a_claim_are_refused(said, complaint):
    claim = {"id": "order", "measurement": ["1", "—"], "verdict": "holds"}
    with pytest.raises(ValueError, match=complaint):
        tested.assign("x", [claim], said)


def test_ids_of_rows_differ():
    ids = [(one.chapter, one.row) for one in EVERY]
    assert len(set(ids)) == len(ids)
    assert answers.row_id("order, h²") == "claim-order-h-xb2"


@pytest.fixture(scope="module")
def page(site):
    return lambda name: (site / f"book/{name}.html").read_text(encoding="utf-8")


def row(html, anchor):
    """The statement cell of a row, and the row's text."""
    (found,) = re.findall(rf'<tr[^>]* id="{re.escape(anchor)}">(.*?)</tr>', html, re.DOTALL)
    return found.split("</td>")[0], text(found)


def test_rows_say_what_they_test_and_boxes_lead_back(page):
    lost = []
    for one in EVERY:
        html = page(one.chapter)
        cell, shown = row(html, one.row)
        assert one.mean in shown
        assert shown.endswith(one.verdict)
        assert 'class="tests"' in cell
        if one.box == "own":
            continue
        (home,) = re.findall(rf'href="([\w.]*)#{one.box}">(?:Theorem|Prop|Conj|Def|Alg|Rem)', cell)
        home = home.removesuffix(".html") or one.chapter
        box = page(home).split(f'id="{one.box}"')[1].split("</details>")[0]
        back = f"#{one.row}" if home == one.chapter else f"{one.chapter}.html#{one.row}"
        if f'href="{back}"' not in box:
            lost.append((one.chapter, one.name))
    assert lost == []


def test_rows_of_the_ledger_are_those_of_the_chapters(page):
    ledger = page("ledger")
    for one in EVERY:
        cell, shown = row(ledger, f"{one.chapter}-{one.row}".replace("_", "-"))
        statement = text(row(page(one.chapter), one.row)[0].split('<p class="tests">')[0])
        assert shown.startswith(statement)
        assert f'href="{one.chapter}.html#' in cell
        if one.box != "own":
            assert f"#{one.box}" in cell


def test_a_box_names_its_experiments_and_functions_and_these_name_it(page):
    html = page("weak_order")
    box = html.split('id="weak-strip"')[1].split("</details>")[0]
    assert 'href="#the-boundary-strip-measured"' in box
    functions = re.findall(r'href="(api/\w+)\.html#([\w.]+)">', box)
    assert functions
    for name, anchor in functions:
        entry = page(name).split(f'id="{anchor}"')[1].split('class="sig sig-object')[0]
        assert re.search(r'class="tests">Tests .*weak_order\.html#weak-strip"', entry), anchor


def test_numbers_in_the_text_lead_to_their_rows(page):
    links = re.findall(
        r'class="measured reference internal" href="(\w+)\.html#([^"]+)"', page("map")
    )
    assert len(links) > 8
    for chapter, anchor in links:
        row(page(chapter), anchor)
