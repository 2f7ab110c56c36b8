"""Counted probabilities: their intervals cover, also where nothing was seen."""

import numpy as np
import pytest
from scipy import stats

from lifcore.evidence import Claim, proportion


@pytest.mark.parametrize("trials", [1, 2, 10, 300])
@pytest.mark.parametrize("truth", [1e-3, 0.1, 0.5, 0.97])
def test_intervals_cover_at_any_size(truth, trials):
    hits = np.arange(trials + 1)
    weight = stats.binom.pmf(hits, trials, truth)
    for level in (0.95, 0.999):
        ends = np.array([proportion(int(k), trials).interval(level) for k in hits])
        covered = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
        assert weight @ covered >= level


def test_none_seen_is_not_none_at_all():
    none = proportion(0, 1000)
    assert none.mean == none.low == 0.0
    assert none.high == pytest.approx(1.0 - 0.025 ** (1 / 1000))
    assert Claim("p", "p", 0.005, none, kind="bound").verdict == "fails"
    assert Claim("p", "p", 0.01, none, kind="bound").verdict == "holds"


@pytest.mark.parametrize(("hits", "trials"), [(0, 0), (-1, 3), (4, 3)])
def test_bad_counts_are_refused(hits, trials):
    with pytest.raises(ValueError, match="hits"):
        proportion(hits, trials)
