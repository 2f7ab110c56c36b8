"""Claims: a statement, what it expects, what was measured, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lifcore import checks
from lifcore.evidence.statistics import CLAIM_LEVEL, Estimate, estimate

HOLDS, NOT_SHARP, FAILS = "holds", "holds, not sharp", "fails"
"""The three verdicts."""
SAID = "said to fail"  # what a check calls a claim that holds though its chapter says otherwise

MIME = "application/vnd.lifcore.claims+json"
"""Type under which a notebook stores its claims beside the table that people read."""

KINDS = ("equality", "bound", "order")
"""What a claim can say of a number: it equals, it is at most, it is an exponent of at least."""


@dataclass(frozen=True)
class Claim:
    """A statement about one number, judged by the number's 99.9 % interval.

    Parameters
    ----------
    id : str
        Short name, unique within the chapter.
    statement : str
        The precise form, in Markdown.
    expected : float
        The value, the upper bound, or the exponent that is claimed.
    estimate : Estimate
        What was measured.
    kind : {"equality", "bound", "order"}, optional
        An *equality* holds if the whole interval lies within `tolerance` of `expected`: a
        biased estimate fails, and so does one too wide to tell. A *bound* holds if the whole
        interval is at most `expected`. An *order* (exponent) holds if the whole interval is
        at least `expected` - `tolerance`, and is not sharp if it is above `expected` +
        `tolerance`.
    tolerance : float, optional
        See `kind`; for an equality it must be positive.
    paper : str, optional
        What the paper's abstract says of it.

    Raises
    ------
    TypeError, ValueError
        If a number is NaN, the kind is unknown, or an equality has no tolerance.

    Examples
    --------
    >>> from lifcore.evidence.statistics import estimate
    >>> Claim("order", "order 1", 1.0, estimate(1.01, 0.005, 31), tolerance=0.05).verdict
    'holds'
    """

    id: str
    statement: str
    expected: float
    estimate: Estimate
    kind: str = "equality"
    tolerance: float = 0.0
    paper: str = ""

    def __post_init__(self) -> None:
        checks.one_of("kind", self.kind, KINDS)
        checks.real("expected", self.expected)
        checks.real("tolerance", self.tolerance, at_least=0.0)
        checks.real("estimate.mean", self.estimate.mean)
        if self.kind == "equality" and self.tolerance == 0.0:
            raise ValueError("tolerance = 0.0; allowed for an equality: a number > 0")

    @property
    def interval(self) -> tuple[float, float]:
        """The 99.9 % interval of the estimate."""
        return self.estimate.interval(CLAIM_LEVEL)

    @property
    def verdict(self) -> str:
        """One of ``holds``, ``holds, not sharp`` and ``fails``."""
        low, high = self.interval
        # Each test is written so that a NaN fails it.
        if self.kind == "equality":
            inside = (
                low >= self.expected - self.tolerance and high <= self.expected + self.tolerance
            )
            return HOLDS if inside else FAILS
        if self.kind == "bound":
            return HOLDS if high <= self.expected else FAILS
        if not low >= self.expected - self.tolerance:
            return FAILS
        return NOT_SHARP if low > self.expected + self.tolerance else HOLDS

    @property
    def expectation(self) -> str:
        """What is expected, in words."""
        if self.kind == "bound":
            return f"≤ {self.expected:.3g}"
        if self.kind == "order":
            return f"≥ {self.expected:.3g} − {self.tolerance:.2g}"
        return f"{self.expected:.6g} ± {self.tolerance:.2g}"

    @property
    def measurement(self) -> tuple[str, str]:
        """The estimate and its interval, rounded to what the interval supports."""
        low, high = self.interval
        return rounded(self.estimate.mean, low, high)

    def as_dict(self) -> dict[str, Any]:
        """Return the claim and its verdict as plain values, numbers rounded for storage.

        Examples
        --------
        >>> from lifcore.evidence.statistics import estimate
        >>> Claim("one", "x = 1", 1.0, estimate(1.0, 0.01, 31), tolerance=0.1).as_dict()["verdict"]
        'holds'
        """
        low, high = self.interval
        digits = _digits(low, high)

        def short(value: float) -> float | str:
            number = value if low < high else float(f"{value:.6g}")
            return round(number, digits) if math.isfinite(value) else str(value)

        return {
            "id": self.id,
            "statement": self.statement,
            "kind": self.kind,
            # what is computed without an interval differs in its last digits between machines
            **{key: float(f"{getattr(self, key):.6g}") for key in ("expected", "tolerance")},
            "estimate": short(self.estimate.mean),
            "low": short(low),
            "high": short(high),
            "verdict": self.verdict,
            "expectation": self.expectation,
            "measurement": list(self.measurement),
            "paper": self.paper,
        }


def _digits(low: float, high: float) -> int:
    """Return how many decimals show the half-width of an interval with two figures."""
    half = 0.5 * (high - low)
    return max(0, 1 - math.floor(math.log10(half))) if 0.0 < half < math.inf else 12


def rounded(value: float, low: float, high: float) -> tuple[str, str]:
    """Return a value and its interval as text, rounded to what the interval supports.

    Parameters
    ----------
    value, low, high : float
        The value and its interval.

    Returns
    -------
    tuple of str
        The value, and ``[low, high]``.

    Examples
    --------
    >>> rounded(0.98321, 0.9702, 0.9962)
    ('0.983', '[0.970, 0.996]')
    """
    digits = _digits(low, high)
    if high <= low:
        return f"{value:.3g}", "—"
    if digits > 5:  # significant figures: enough of them not to print [1, 1] around 1.0047
        most = max(abs(low), abs(high))
        n = max(3, digits + math.floor(math.log10(most)) + 1) if math.isfinite(most) else 3
        return f"{value:.{n}g}", f"[{low:.{n}g}, {high:.{n}g}]"
    return f"{value:.{digits}f}", f"[{low:.{digits}f}, {high:.{digits}f}]"


class Claims:
    """The claims of a chapter: a table to read, and a check that raises.

    Parameters
    ----------
    claims : iterable of Claim
        With distinct ids.

    Raises
    ------
    ValueError
        If two claims share their id, or there is none.

    Examples
    --------
    >>> from lifcore.evidence.statistics import estimate
    >>> claims = Claims([Claim("one", "1 = 1", 1.0, estimate(1.0, 0.0, 9), tolerance=1e-9)])
    >>> claims.check()
    """

    def __init__(self, claims: Iterable[Claim]) -> None:
        self._claims = tuple(claims)
        ids = [claim.id for claim in self._claims]
        if not ids or len(set(ids)) < len(ids):
            raise ValueError(f"claims have the ids {ids}; allowed: one or more, all distinct")

    def __iter__(self) -> Iterator[Claim]:
        return iter(self._claims)

    def check(self, fails: Collection[str] = ()) -> None:
        """Raise AssertionError with every claim whose verdict is not the one the chapter publishes.

        `fails` has the ids that the chapter says fail: that one of them holds is a reason, too.

        Examples
        --------
        >>> from lifcore.evidence.statistics import estimate
        >>> bound = Claim("bound", "x is at most 1", 1.0, estimate(2.0, 0.0, 31), kind="bound")
        >>> Claims([bound]).check()
        Traceback (most recent call last):
        AssertionError: bound: expected ≤ 1, measured 2 —
        """
        if unknown := set(fails) - {claim.id for claim in self}:
            raise ValueError(f"fails has {sorted(unknown)}; allowed: ids of the claims")
        wrong = [c for c in self if (c.verdict == FAILS) != (c.id in fails)]
        assert not wrong, "; ".join(
            f"{c.id}: expected {c.expectation}, measured {' '.join(c.measurement)}"
            + f", {SAID}" * (c.id in fails)
            for c in wrong
        )

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        rows = [claim.as_dict() for claim in self]
        return {
            "text/markdown": markdown_table(rows),
            "text/plain": "\n".join(
                f"{r['id']}: {' '.join(r['measurement'])}, {r['verdict']}" for r in rows
            ),
            MIME: rows,
        }


def markdown_table(rows: Iterable[dict[str, Any]]) -> str:
    """Return claims, as given by `Claim.as_dict`, as a Markdown table.

    Examples
    --------
    >>> markdown_table([]).splitlines()[0]
    '| statement | expected | measured | 99.9 % interval | verdict |'
    """
    lines = [
        "| statement | expected | measured | 99.9 % interval | verdict |",
        "|:--|:--|--:|:--|:--|",
    ]
    for row in rows:
        value, interval = row["measurement"]
        statement = " ".join(row["statement"].splitlines()).replace("|", r"\|")
        lines.append(
            f"| {statement} | {row['expectation']} | {value} | {interval} | **{row['verdict']}** |"
        )
    return "\n".join(lines)


def ks_distance(sample: np.ndarray, cdf: np.ndarray) -> Estimate:
    r"""Return the Kolmogorov–Smirnov distance of a sample from a law, with its interval.

    The interval is that of the Dvoretzky–Kiefer–Wolfowitz inequality at 95 %, carried to
    higher levels as if it were normal, which is wider than the inequality; to lower ones it is not.

    Parameters
    ----------
    sample : ndarray, shape (n,)
        Independent values.
    cdf : ndarray, shape (n,)
        The law's distribution function at `sample`.

    Returns
    -------
    Estimate
        Largest distance of the distribution functions.

    Raises
    ------
    ValueError
        If the sample is empty.

    Examples
    --------
    >>> x = np.array([0.25, 0.75])
    >>> ks_distance(x, x).mean
    0.25
    """
    n = len(sample)
    if n == 0:
        raise ValueError("sample is empty; allowed: one or more values")
    at = np.sort(np.asarray(cdf, dtype=np.float64))
    steps = np.arange(n + 1) / n
    distance = float(max((at - steps[:-1]).max(), (steps[1:] - at).max()))
    # sqrt(log(2/0.05)/(2n)) is the 95 % half-width, which is 1.96 standard errors.
    return estimate(distance, math.sqrt(math.log(40.0) / (2.0 * n)) / 1.959963984540054, math.inf)
