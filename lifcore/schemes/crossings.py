"""Where a cubic first rises through the threshold, and what a jump of the current adds to V."""

from __future__ import annotations

import math

from lifcore.noise.dispatch import borrowing
from lifcore.noise.exponentials import exp, expm1

CLEARANCE = 6.0
"""A piece is clear of spikes if its cubic stays this many bridge deviations off."""

STEEPNESS = 0.01
"""A crossing is accepted if the slope's noise inside its piece is below this share of it."""


@borrowing()
def first_crossing(f0, f1, m0, m1):
    """Return where on [0, 1] the cubic first rises through zero, and its slope there.

    f0, f1 are its values at the ends and m0, m1 its slopes. Returns (-1, 0) if it does not.
    """
    c3 = 2.0 * (f0 - f1) + m0 + m1
    c2 = 3.0 * (f1 - f0) - 2.0 * m0 - m1
    # Between the turning points the cubic is monotone: search piece by piece.
    u1, u2 = 1.0, 1.0
    disc = c2 * c2 - 3.0 * c3 * m0
    if disc > 0.0:
        # The stable pair of roots of 3 c3 u² + 2 c2 u + m0, none lost when c3 is tiny.
        q = -(c2 + math.copysign(math.sqrt(disc), c2))
        r1 = q / (3.0 * c3) if c3 != 0.0 else 1.0
        r2 = m0 / q if q != 0.0 else 1.0
        u1 = min(max(min(r1, r2), 0.0), 1.0)
        u2 = min(max(max(r1, r2), 0.0), 1.0)
    left, f_left = 0.0, f0
    for piece in range(3):
        right = u1 if piece == 0 else (u2 if piece == 1 else 1.0)
        f_right = f1 if right == 1.0 else ((c3 * right + c2) * right + m0) * right + f0
        if f_left < 0.0 and f_right >= 0.0:
            u = _monotone_root(c3, c2, m0, f0, left, right, f_left, f_right)
            return u, (3.0 * c3 * u + 2.0 * c2) * u + m0
        left, f_left = right, f_right
    return -1.0, 0.0


@borrowing()
def _monotone_root(c3, c2, c1, c0, left, right, f_left, f_right):
    # Newton from the secant, kept inside a shrinking bracket.
    u = left + (right - left) * (-f_left) / (f_right - f_left)
    for _ in range(100):
        f = ((c3 * u + c2) * u + c1) * u + c0
        if f < 0.0:
            left = u
        else:
            right = u
        slope = (3.0 * c3 * u + 2.0 * c2) * u + c1
        new = u - f / slope if slope > 0.0 else left
        if abs(new - u) <= 1e-15:  # also onto an end of the bracket, which is the root then
            return new
        if not left < new < right:
            new = 0.5 * (left + right)
            if not left < new < right:
                return new
        u = new
    return u


@borrowing()
def top(v0, v1, d0, d1):
    """Bound a cubic from above by its Bézier points; d0, d1 are a third of its end slopes."""
    return max(max(v0, v1), max(v0 + d0, v1 - d1))


@borrowing()
def jump_response(g, a, u):
    """Return what is left of a unit jump of I after a time u: in I, and in V.

    The second is :func:`lifcore.noise.voltage_kernel`.
    """
    slow, gap = min(g, a), abs(g - a)
    spread = u if gap == 0.0 else -expm1(-gap * u) / gap
    return exp(-a * u), exp(-slow * u) * spread


@borrowing()
def on_cubic(f0, f1, m0, m1, u):
    """Return value and slope at u of the cubic on [0, 1] with these values and slopes."""
    c3 = 2.0 * (f0 - f1) + m0 + m1
    c2 = 3.0 * (f1 - f0) - 2.0 * m0 - m1
    return ((c3 * u + c2) * u + m0) * u + f0, (3.0 * c3 * u + 2.0 * c2) * u + m0
