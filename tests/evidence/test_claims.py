"""Verdicts: what holds, what fails, and what is too vague to tell."""

import json
import math

import numpy as np
import pytest
from scipy import stats

from lifcore import Claim, Claims, estimate, ks_distance
from lifcore.evidence.claims import FAILS, HOLDS, MIME, NOT_SHARP, markdown_table, rounded


def claim(mean, error, **options):
    return Claim(
        "id", "a statement", options.pop("expected", 1.0), estimate(mean, error, 31), **options
    )


# The 99.9 % interval of 31 degrees of freedom is 3.633 standard errors to each side.
CASES = [
    ("equality", 0.05, 1.0, 0.0, HOLDS),
    ("equality", 0.05, 1.01, 0.01, HOLDS),
    ("equality", 0.05, 1.02, 0.01, FAILS),  # biased: the interval leaves the tolerance
    ("equality", 0.05, 0.98, 0.01, FAILS),
    ("equality", 0.05, 1.0, 0.02, FAILS),  # too wide to tell
    ("equality", 0.05, 1.05, 0.0, HOLDS),
    ("equality", 0.05, 1.0501, 0.0, FAILS),
    ("bound", 0.0, 0.9, 0.01, HOLDS),
    ("bound", 0.0, 1.0, 0.0, HOLDS),
    ("bound", 0.0, 0.99, 0.01, FAILS),  # the estimate is below, its interval is not
    ("bound", 0.0, 1.1, 0.001, FAILS),
    ("bound", 0.0, -50.0, 1.0, HOLDS),
    ("order", 0.05, 1.0, 0.01, HOLDS),
    ("order", 0.05, 0.98, 0.01, FAILS),
    ("order", 0.05, 1.0, 0.02, FAILS),
    ("order", 0.05, 1.5, 0.01, NOT_SHARP),
    ("order", 0.05, 1.06, 0.01, HOLDS),  # perhaps sharp: not shown to be better
    ("order", 0.05, 0.5, 0.01, FAILS),
    ("order", 0.05, 0.75, 0.01, FAILS),
]


@pytest.mark.parametrize(("kind", "tolerance", "mean", "error", "verdict"), CASES)
def test_verdicts(kind, tolerance, mean, error, verdict):
    assert claim(mean, error, kind=kind, tolerance=tolerance).verdict == verdict


@pytest.mark.parametrize("kind", ["equality", "bound", "order"])
@pytest.mark.parametrize("error", [math.nan, math.inf])
def test_no_interval_fails(kind, error):
    assert claim(1.0, error, kind=kind, tolerance=0.5).verdict == FAILS


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"expected": math.nan, "tolerance": 0.1}, r"expected = nan is out of range"),
        ({"tolerance": math.nan}, r"tolerance = nan is out of range; allowed: a number >= 0"),
        ({"tolerance": -0.1}, r"tolerance = -0\.1 is out of range"),
        ({}, r"tolerance = 0\.0; allowed for an equality: a number > 0"),
        (
            {"kind": "limit"},
            r"kind = 'limit' is unknown; allowed: 'equality' or 'bound' or 'order'",
        ),
    ],
)
def test_bad_claims(options, message):
    with pytest.raises(ValueError, match=message):
        claim(1.0, 0.1, **options)


def test_an_estimate_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match=r"estimate\.mean = nan is out of range"):
        claim(math.nan, 0.1, tolerance=0.1)


def test_interval_has_the_level_of_claims():
    low, high = claim(1.0, 0.1, tolerance=0.1).interval
    assert high - 1.0 == pytest.approx(1.0 - low) == pytest.approx(0.1 * stats.t.ppf(0.9995, 31))


def test_dictionary():
    row = claim(0.9987654321, 0.001, tolerance=0.05, paper="abstract").as_dict()
    assert json.loads(json.dumps(row)) == row
    assert list(row) == [
        "id", "statement", "kind", "expected", "tolerance", "estimate", "low", "high",
        "verdict", "expectation", "measurement", "paper",
    ]  # fmt: skip
    assert (row["estimate"], row["low"], row["high"]) == (0.9988, 0.9951, 1.0024)
    assert row["verdict"] == HOLDS
    assert row["expectation"] == "1 ± 0.05"
    assert row["measurement"] == ["0.9988", "[0.9951, 1.0024]"]


def test_dictionary_of_an_endless_interval_is_json():
    row = claim(1.0, math.inf, kind="bound").as_dict()
    assert json.loads(json.dumps(row, allow_nan=False))["high"] == "inf"


@pytest.mark.parametrize(
    ("kind", "text"), [("equality", "1 ± 0.5"), ("bound", "≤ 1"), ("order", "≥ 1 − 0.5")]
)
def test_expectation(kind, text):
    assert claim(1.0, 0.1, kind=kind, tolerance=0.5).expectation == text


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [
        (0.98321, 0.013, ("0.983", "[0.970, 0.996]")),
        (123.4, 20.0, ("123", "[103, 143]")),
        (1.0, 0.0, ("1", "—")),
        (1e-9, 1e-10, ("1e-09", "[9e-10, 1.1e-09]")),
        (1.0, math.nan, ("1.000000000000"[:1], "[nan, nan]")),
    ],
)
def test_rounding(value, half, text):
    assert rounded(value, value - half, value + half) == text


def test_check_names_every_failure():
    good = Claim("good", "s", 1.0, estimate(1.0, 0.0, 31), tolerance=0.1)
    low = Claim("low", "s", 1.0, estimate(0.5, 0.0, 31), tolerance=0.1)
    high = Claim("high", "s", 1.0, estimate(1.5, 0.0, 31), kind="bound")
    Claims([good]).check()
    with pytest.raises(AssertionError, match=r"^low: expected 1 ± 0\.1, measured 0\.5 —; high: "):
        Claims([good, low, high]).check()
    assert [c.id for c in Claims([good, low])] == ["good", "low"]


def test_ids_are_distinct():
    one = claim(1.0, 0.1, tolerance=0.1)
    for claims in ([], [one, one]):
        with pytest.raises(ValueError, match=r"allowed: one or more, all distinct"):
            Claims(claims)


def test_display():
    bundle = Claims([claim(1.0, 0.001, tolerance=0.1)])._repr_mimebundle_(
        include=None, exclude=None
    )
    assert set(bundle) == {"text/markdown", "text/plain", MIME}
    assert bundle["text/plain"] == "id: 1.0000 [0.9964, 1.0036], holds"
    assert bundle[MIME][0]["id"] == "id"
    assert json.dumps(bundle)


@pytest.mark.parametrize(
    "statement", [r"$E|V - V^h|^2$", r"$\|W\|$", "a | b", "two\nlines", "plain, $x_1$"]
)
def test_a_statement_stays_in_its_cell(statement):
    # markdown-it, which Jupyter Book uses, keeps a pipe in a cell if a backslash stands before
    # it, and takes that backslash away.
    from markdown_it import MarkdownIt

    one = Claim("id", statement, 1.0, estimate(1.0, 0.001, 31), tolerance=0.1)
    table = markdown_table([one.as_dict()])
    assert len(table.splitlines()) == 3
    tokens = MarkdownIt("commonmark").enable("table").parse(table)
    cells = [token.content for token in tokens if token.type == "inline"]
    assert len(cells) == 10
    assert cells[5] == statement.replace("\n", " ")
    assert cells[9] == "**holds**"


@pytest.mark.parametrize("n", [1, 2, 1000])
def test_ks_distance_is_scipys(n):
    sample = np.random.default_rng(51).normal(0.1, 1.0, n)
    expected = stats.kstest(sample, stats.norm.cdf).statistic
    found = ks_distance(sample, stats.norm.cdf(sample))
    assert found.mean == pytest.approx(expected, rel=1e-12)
    # The 95 % half-width of Dvoretzky, Kiefer and Wolfowitz.
    assert found.high - found.mean == pytest.approx(
        math.sqrt(math.log(2 / 0.05) / (2 * n)), rel=1e-9
    )


def test_ks_distance_needs_a_sample():
    with pytest.raises(ValueError, match=r"sample is empty; allowed: one or more values"):
        ks_distance(np.array([]), np.array([]))


def test_a_failure_that_the_chapter_publishes():
    true = Claim("true", "x <= 1", 1.0, estimate(0.5, 0.0, 31), kind="bound")
    false = Claim("false", "x <= 1", 1.0, estimate(2.0, 0.0, 31), kind="bound")
    claims = Claims([true, false])
    claims.check(fails=["false"])
    with pytest.raises(AssertionError, match=r"^false: expected ≤ 1, measured 2 —$"):
        claims.check()
    with pytest.raises(AssertionError, match=r"^true: .* said to fail; false: .* measured 2 —$"):
        claims.check(fails=["true"])
    with pytest.raises(ValueError, match=r"fails has \['other'\]; allowed: ids of the claims"):
        claims.check(fails=["other", "false"])


def test_a_narrow_interval_is_printed_wide_enough_to_be_one():
    assert rounded(1.004729, 1.004643, 1.004815) == ("1.004729", "[1.004643, 1.004815]")
    assert rounded(2.34e-9, 2.3e-9, 2.38e-9)[1] != "[2e-09, 2e-09]"
    assert rounded(1.0, -np.inf, np.inf) == ("1", "[-inf, inf]")
