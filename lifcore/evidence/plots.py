"""The book's few figure types, in one style."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lifcore.evidence.statistics import Estimate

COLOURS = {
    "exact": "#1b1b1b",
    "euler": "#c8553d",
    "whole": "#1b1b1b",
    "matched": "#2a7f8e",
    "terminal": "#d98e04",
    "history": "#7b4b94",
}
"""Colours with a fixed meaning throughout the book; readable in grey and by the colour-blind."""

CYCLE = ("#2a7f8e", "#c8553d", "#7b4b94", "#d98e04", "#4f772d", "#1b1b1b")
"""Colours for everything else, in order."""

MARKERS = "os^Dv*"
"""Markers in order, which tell curves apart without colours."""

_STYLE: dict[Any, Any] = {
    "figure.dpi": 110,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "axes.prop_cycle": plt.cycler(color=CYCLE),
}


@contextmanager
def figure(
    columns: int = 1, *, height: float = 3.4, **options: Any
) -> Iterator[tuple[Figure, list[Axes]]]:
    """Open a figure of the book's width in the book's style, and show it at the end.

    Parameters
    ----------
    columns : int, optional
        Number of axes side by side.
    height : float, optional
        In inches.
    **options
        Passed on to `matplotlib.pyplot.subplots`.

    Yields
    ------
    figure : Figure
    axes : list of Axes

    Examples
    --------
    >>> with figure(2) as (_, axes):
    ...     lines = axes[0].plot([0, 1], [0, 1])
    """
    with plt.rc_context(_STYLE):
        drawn, axes = plt.subplots(1, columns, figsize=(8.6, height), squeeze=False, **options)
        yield drawn, list(axes[0])
        plt.show()


def errors(
    axes: Axes,
    h: Sequence[float] | np.ndarray,
    estimates: Sequence[Estimate],
    label: str,
    **style: Any,
) -> None:
    """Draw estimates against the step size on logarithmic axes, with their 95 % intervals.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    h : sequence of float
        Step sizes.
    estimates : sequence of Estimate
        One for each h; those that are not positive are left out.
    label : str
        For the legend; a key of `COLOURS` also sets the colour.
    **style
        Passed on to `Axes.errorbar`.

    Examples
    --------
    >>> from lifcore.evidence.statistics import estimate
    >>> with figure() as (_, (axes,)):
    ...     errors(axes, [0.1, 0.2], [estimate(1.0, 0.1, 31), estimate(2.0, 0.1, 31)], "whole")
    """
    kept = [(x, e) for x, e in zip(h, estimates, strict=True) if e.mean > 0.0]
    x = np.array([k[0] for k in kept])
    y = np.array([k[1].mean for k in kept])
    # An interval that reaches zero has no end on a logarithmic axis: cut it.
    low = np.array([max(k[1].low, 0.3 * k[1].mean) for k in kept])
    high = np.array([k[1].high for k in kept])
    if label in COLOURS:
        style.setdefault("color", COLOURS[label])
    style.setdefault("marker", MARKERS[len(axes.containers) % len(MARKERS)])
    axes.errorbar(
        x,
        y,
        yerr=[y - low, high - y],
        capsize=2,
        label=label,
        **style,
    )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")


def slope(
    axes: Axes, h: Sequence[float] | np.ndarray, at: float, order: float, label: str = ""
) -> None:
    """Draw a dashed guide of slope `order` through `at`, its value at the largest h.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    h : sequence of float
        Step sizes; the guide runs from the smallest to the largest.
    at : float
        Height of the guide at the largest h.
    order : float
        Exponent.
    label : str, optional
        Written at the guide's lower end.

    Examples
    --------
    >>> with figure() as (_, (axes,)):
    ...     slope(axes, [0.1, 0.2], 1.0, 1.0, "$h$")
    """
    ends = np.array([np.min(h), np.max(h)])
    heights = at * (ends / ends[1]) ** order
    axes.plot(ends, heights, "--", color="0.55", linewidth=1.0, zorder=0)
    axes.annotate(
        label, (ends[0], heights[0]), color="0.4", ha="left", va="top", xytext=(3, -2),
        textcoords="offset points",
    )  # fmt: skip
