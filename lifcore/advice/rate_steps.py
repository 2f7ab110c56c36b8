"""The step for a rate: the largest within a tolerance, settled on the grid where it can be."""

from __future__ import annotations

from lifcore.advice.rates import RateErrors
from lifcore.advice.search import largest_step

KNOWN = 0.08
"""Share of the tolerance to which the error of an advised step is known, as a standard error."""

ON_GRID = "equation on the strip, exact on the grid"
"""How an error that leaves nothing out was found."""


def largest_rate_step(errors: RateErrors, tolerance: float) -> tuple[float, str]:
    """Return the largest step that keeps to a tolerance, as smaller ones do, and what limits it.

    Steps at which the error is not known to `KNOWN` of the tolerance are not advised either, and
    only such of which a refractory time is a whole multiple.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> errors = RateErrors(LIF(mu=1.5, sigma=0.0), "exponential", "interval", 1e-4)
    >>> h, limit = largest_rate_step(errors, 0.01)
    >>> round(h * errors.exact, 4), limit
    (0.0099, "the interval's error")
    """
    top, limit = errors.top, errors.limit
    if errors.left_out(top) > KNOWN * tolerance:
        low, limit = 0.0, "how well the error is known at large steps"
        for _ in range(40):
            middle = 0.5 * (low + top)
            low, top = (
                (middle, top) if errors.left_out(middle) < KNOWN * tolerance else (low, middle)
            )
    h = largest_step(errors.size, top, tolerance)
    limit = limit if h >= top * (1.0 - 1e-9) else f"the {errors.quantity}'s error"
    return errors.whole(h) if h > 0.0 else h, limit


def settled(
    errors: RateErrors, h: float, tolerance: float | None
) -> tuple[float, float, float, str]:
    """Return a step, its error, a standard error, and how it was found: on the grid if possible.

    A step that was given stays; one that was found is shortened if it turns out too long.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> errors = RateErrors.of(LIF(mu=0.8, sigma=0.8), "euler", "rate", 0.01)
    >>> h, error, uncertainty, _ = settled(errors, 0.05, 0.01)
    >>> h < 0.05, abs(error) + uncertainty <= 0.01
    (True, True)
    >>> settled(errors, 0.05, None)[3]
    'equation on the strip, exact on the grid'
    """
    asked = h
    for _ in range(8):
        found, method = errors.on_grid(h), ON_GRID
        if found is None:
            method = errors.method
            found = errors.at(h), errors.uncertainty(h)
            if h == asked:  # what the search has seen is all there is
                break
        off = abs(found[0]) + found[1]
        if tolerance is None or off <= tolerance:
            break
        h *= max(0.5, 0.98 * tolerance / off)
    else:
        found, method = (errors.at(h), errors.uncertainty(h)), errors.method
    return h, *found, method
