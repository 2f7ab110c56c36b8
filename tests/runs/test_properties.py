"""A sample of `benchmarks/properties.py`: any parameters run, or are refused by name."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import properties


def test_any_parameters_run_or_are_refused_by_name(capsys):
    assert properties.main(60) == 0
    ends = eval(capsys.readouterr().out)
    assert min(ends["ran"], ends["refused"]) >= 5  # neither all of one nor all of the other
