"""The step for a rate: the largest within a tolerance, settled on the grid where it can be."""

from __future__ import annotations

from lifcore.advice.grid_rates import missed
from lifcore.advice.rates import RateErrors
from lifcore.advice.search import largest_step
from lifcore.stationary.sampled_equation import exponential_rate
from lifcore.stationary.strip_equation import euler_rate

KNOWN = 0.08
"""Share of the tolerance to which the error of an advised step is known, as a standard error."""

EQUATIONS = {
    "euler": (euler_rate, "equation on the strip, exact on the grid"),
    "exponential": (exponential_rate, "equation below the threshold, exact on the grid"),
}
"""By scheme, the rate on the grid that leaves nothing out, and what it is called."""


def on_grid(errors: RateErrors, h: float) -> tuple[float, float] | None:
    """Return the error at a step by the equation on the grid, which leaves nothing out.

    With it comes its standard error, a tenth of what the expansion leaves out or the precision
    of the rates. None where that would be no gain, where the equation does not hold, or where its
    grid is too large.

    Examples
    --------
    >>> from lifcore.models.neuron import LIF
    >>> errors = RateErrors(LIF(mu=0.8, sigma=0.8), "euler", "rate", 1e-4)
    >>> found, _ = on_grid(errors, 0.05)
    >>> 0.0 < found - errors.at(0.05) < 0.01
    True
    """
    left_out = errors.left_out(h)
    known = max(errors.precision, 0.1 * left_out)
    unseen = left_out + missed(errors.model, h, errors.scheme)
    if unseen <= errors.precision or errors.uncertainty(h) <= known:
        return None
    rate, _ = EQUATIONS[errors.scheme]
    try:
        return errors.relative(rate(errors.model, h, tolerance=min(known, 1e-2))), known
    except (ValueError, RuntimeError):
        return None


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
        found, method = on_grid(errors, h), EQUATIONS[errors.scheme][1]
        if found is None:
            method = errors.method
            found = errors.at(h), errors.uncertainty(h)
            if h == asked and missed(errors.model, h, errors.scheme) == 0.0:
                break  # the search has seen all of that
        off = abs(found[0]) + found[1]
        if tolerance is None or off <= tolerance:
            break
        h = errors.whole(h * max(0.5, 0.98 * tolerance / off))
    else:
        found, method = (errors.at(h), errors.uncertainty(h)), errors.method
    return h, *found, method
