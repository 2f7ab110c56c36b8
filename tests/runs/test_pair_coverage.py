"""Intervals of coupled paths at the fewest paths that have one."""

from dataclasses import replace

import numpy as np
import pytest

from intervals import assert_covers
from lifcore import LIF, couple

NOISY = LIF(mu=1.0, sigma=1.0, tau=1.0)


@pytest.mark.parametrize("size", [2, 8])
def test_mean_square_errors_cover(size):
    # Mean squares of rare misses are skewed, so that so few paths are taken where all are alike:
    # before the first spike the error of V is Gaussian but for a few.
    whole = couple(NOISY, h=[0.25], T=0.5, paths=size * 4000, seed=2)
    squares = (whole.v_euler - whole.v)[0, :, 0] ** 2
    groups = [slice(k, k + size) for k in range(0, size * 400, size)]

    def of(own):
        return replace(
            whole, **{n: getattr(whole, n)[own] for n in ("v", "i", "spike_counts")},
            **{n: getattr(whole, n)[:, own] for n in ("v_euler", "i_euler", "spike_counts_euler")},
        )  # fmt: skip

    found = [of(own).mean_square_error()[0] for own in groups]
    assert found[0].mean == pytest.approx(squares[groups[0]].mean())
    assert_covers(found, float(np.mean(squares)), levels=[0.5])
