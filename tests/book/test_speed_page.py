"""The page *Speed* says what is stored, what is missing, and how noisy the machine was."""

import json

import pytest

import speed_page
from site_under_test import ROOT

KEPT = {
    "date": "2026-01-02", "processor": "P", "versions": {"numpy": "1"}, "load before": 0.1,
    "cases": {"A": "one", "B": "layers"},
    "rows": [
        {"case": "A", "who": "lifcore, gauss", "ns": 2.0, "spread": 1.0},
        {"case": "A", "who": "NumPy", "ns": 50.0, "spread": 1.5},
        {"case": "B", "who": "lifcore, gauss", "ns": 4.0, "spread": 1.1},
    ],
}  # fmt: skip


def test_a_busy_machine_and_a_missing_peer_are_told():
    (told,) = speed_page.machine(KEPT)
    assert "at most 1.5 times the fastest, as on a busy machine" in told
    lines = speed_page.steps(KEPT)
    assert "| NumPy | 50 ns, 25 × | — |" in lines
    assert lines[-2:] == [
        "Brian2, C++ standalone was not installed.", "NEST, iaf_psc_exp was not installed.",
    ]  # fmt: skip


@pytest.mark.parametrize("name", speed_page.PARTS)
def test_every_part_can_be_written_from_what_is_stored(name):
    write, file = speed_page.PARTS[name]
    kept = json.loads((ROOT / "book" / "data" / file).read_text(encoding="utf-8"))
    assert all(isinstance(line, str) for line in write(kept))


def test_the_stored_noise_is_normal():
    # A thousand million: an error of 1e-4 in the variance would be 2.2 standard errors.
    kept = json.loads((ROOT / "book" / "data" / "normals.json").read_text(encoding="utf-8"))
    assert kept["normals"] >= 1e9
    figures = [*kept["moments, in standard errors"].values()]
    figures += kept["correlations, in standard errors"].values()
    assert len(figures) == 12
    assert max(map(abs, figures)) < 4.0
    probabilities = [kept[name] for name in kept if name.endswith(", p")]
    probabilities += [one["p"] for one in kept["tails"].values()]
    assert len(probabilities) == 6
    assert min(probabilities) > 1e-3
    assert kept["battery"]["verdicts"].get("FAILED", 0) == 0
