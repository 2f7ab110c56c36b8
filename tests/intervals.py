"""Coverage of intervals, for functions that return them, at their smallest size."""

from collections.abc import Iterable, Sequence

from scipy import stats

from lifcore import Estimate


def assert_covers(
    found: Sequence[Estimate], truth: float, levels: Iterable[float] = (0.5, 0.95)
) -> None:
    """The intervals cover `truth` as often as they say, within binomial limits.

    The level of one half is there because intervals that are far too wide cover always.
    """
    for level in levels:
        inside = sum(low <= truth <= high for low, high in (e.interval(level) for e in found))
        low, high = stats.binom.ppf([0.0005, 0.9995], len(found), level)
        assert low <= inside <= high, f"{inside} of {len(found)} at {level}"
