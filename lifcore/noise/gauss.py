r"""Standard normals in lanes, by rectangles under the bell and what is left above them.

Cut the area under :math:`f(x) = e^{-x^2/2}`, x > 0, into N = 2048 parts of equal area. From the
axis upwards, rectangle k is :math:`[0, x_k] \times [f(x_{k-1}), f(x_k)]`, :math:`f(x_{-1}) = 0`;
it lies *under* the curve, so a point in it is accepted as it is. A part that is no rectangle
(three of them) is drawn from what the rectangles leave: boxes over their ends, the cap and the
tail, each by rejection. So a normal takes a word: eleven of its bits say which part, the upper 52
where in it.

Every operation is an addition, a multiplication, a division or a root of doubles, or one of 64-bit
words, so that the bits do not depend on the processor, the width of its vectors or a library.

Source: C. D. McFarland, A modified ziggurat algorithm for generating exponentially and normally
distributed pseudorandom numbers. Journal of Statistical Computation and Simulation 86 (2016),
1281-1294. doi:10.1080/00949655.2015.1060234. What is above the rectangles is sampled otherwise.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from lifcore.noise.dispatch import borrowing
from lifcore.noise.lanes import as_float, next_word, unit
from lifcore.noise.vectors import GROUP, rectangle_drawer

PARTS = 2048
"""Parts of equal area."""

_U = np.uint64
_PART, _12 = _U(PARTS - 1), _U(12)
_TWO = _U(0x4000000000000000)  # the bits of 2.0
_NONE = (1 << GROUP) - 1  # of a group's lanes, those whose word is of no rectangle


@njit(nogil=True, cache=True)
def bell(x):
    r"""Return :math:`e^{-x^2/2}` by plain operations: a series, squared six times."""
    t = -0.5 * x * x / 64.0
    e = 1.0
    for n in range(13, 0, -1):
        e = 1.0 + t * e / n
    for _ in range(6):
        e *= e
    return e


@njit(nogil=True, cache=True)
def _rectangles():
    """Return how far the rectangles reach, falling, each found by Newton's method."""
    area = math.sqrt(0.5 * math.pi) / PARTS
    ends, low, x, found = np.empty(PARTS), 0.0, 4.5, 0
    while found < PARTS:
        # of the two roots of x (f(x) - low) = area the larger one, from its right
        for _ in range(60):
            f = bell(x)
            step = (x * (f - low) - area) / (f - low - x * x * f)
            x -= step
            if abs(step) < 1e-14 * x:
                break
        f = bell(x)
        if not (x > 0.0 and f > low and abs(x * (f - low) - area) < 1e-9 * area):
            break  # what is left at the top is too little for a rectangle
        ends[found], low = x, f
        found += 1
    return ends[:found]


def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rectangles' ends, zero for parts that are none, their tops, the envelopes' areas.

    The envelopes of what is left are the tail's, e^{-x_0 (x - x_0)} f(x_0), the boxes over the ends
    of the rectangles, and the cap's box; their areas are summed up.
    """
    ends = _rectangles()
    heights = np.array([bell(x) for x in ends])
    boxes = (ends[:-1] - ends[1:]) * (heights[1:] - heights[:-1])
    cap = ends[-1] * (1.0 - heights[-1])
    table = np.zeros(PARTS)
    table[: ends.size] = ends
    sums, total = [], 0.0
    for area in (heights[0] / ends[0], *boxes, cap):  # one by one: the same order anywhere
        total += area
        sums.append(total)
    return table, heights, np.array(sums)


ENDS, _TOPS, _SUMS = _tables()
RECTANGLES = _TOPS.size
_RECTANGLES = _U(RECTANGLES)


draw_group = rectangle_drawer(ENDS, RECTANGLES)
"""Draws the normals of a group of lanes, up to the first that is of no rectangle."""


@borrowing()
def _above(states, lane):
    """Return a positive normal from what the rectangles leave, by rejection from envelopes."""
    last = _SUMS.size - 1
    while True:
        area = unit(next_word(states, lane)) * _SUMS[last]
        k = np.searchsorted(_SUMS, area, side="right")
        if k == 0:
            beyond = _exponential(states, lane) / ENDS[0]
            if unit(next_word(states, lane)) < bell(beyond):
                return ENDS[0] + beyond
            continue
        low, high, left, right = _TOPS[k - 1], 1.0, 0.0, ENDS[k - 1]
        if k < last:
            left, high = ENDS[k], _TOPS[k]
        x = left + (right - left) * unit(next_word(states, lane))
        if low + (high - low) * unit(next_word(states, lane)) < bell(x):
            return x


@borrowing()
def _exponential(states, lane):
    """Return an exponential variate by von Neumann's comparisons, which need no logarithm."""
    whole = 0.0
    while True:
        first = unit(next_word(states, lane))
        smallest, run = first, 1
        while True:
            following = unit(next_word(states, lane))
            if following >= smallest:
                break
            smallest = following
            run += 1
        if run % 2 == 1:
            return whole + first
        whole += 1.0


@borrowing()
def next_normals(states, lane, out, scale):
    """Fill `out` with the next normals of one lane, times `scale`."""
    for r in range(out.size):
        word = next_word(states, lane)
        normal = (as_float((word >> _12) | _TWO) - 3.0) * ENDS[word & _PART]
        if (word & _PART) >= _RECTANGLES:
            sign = 1.0 if (word >> _12) & _U(1) else -1.0
            normal = sign * _above(states, lane)
        out[r] = scale * normal


@borrowing()
def fill_lanes(states, first, lanes, out, scale):
    """Fill the rows of `out` with normals, times `scale`, of `lanes` lanes from `first` on.

    A lane draws its rows one after the other, so that no bit depends on how many a call draws.
    """
    rows = out.shape[0]
    whole = lanes - lanes % GROUP
    for k in range(0, whole, GROUP):
        row = 0
        while row < rows:
            found = draw_group(states, first + k, out, k, row, scale)
            row = found >> (2 * GROUP)
            if found & _NONE == 0:
                continue
            for j in range(GROUP):
                if (found >> j) & 1:
                    sign = 1.0 if (found >> (GROUP + j)) & 1 else -1.0
                    out[row - 1, k + j] = scale * (sign * _above(states, first + k + j))
    for k in range(whole, lanes):  # which are no group
        next_normals(states, first + k, out[:, k], scale)
