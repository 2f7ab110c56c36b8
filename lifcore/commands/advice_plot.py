"""An advice as a figure: the size of the error against the step."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lifcore.advice.advise import error_at
from lifcore.advice.result import Advice
from lifcore.commands.advice_report import WORDS, Units


def check_plot(path: Path) -> None:
    """Refuse a figure that could not be stored, before there is one.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If it does not know the ending of the file's name.

    Examples
    --------
    >>> check_plot(Path("error.svg"))
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ImportError as error:
        raise ImportError("--plot needs matplotlib: pip install 'lifcore[book]'") from error
    known = sorted(FigureCanvasAgg.get_supported_filetypes())
    if path.suffix and path.suffix[1:].lower() not in known:
        raise ValueError(
            f"argument --plot: {str(path)!r} ends in {path.suffix}; allowed: {', '.join(known)}"
        )


def save_plot(
    path: Path, advice: Advice, units: Units, T: float | None, confidence: float = 0.95
) -> None:
    """Draw the size of the error against the step, the advised one marked, into a file.

    Examples
    --------
    >>> save_plot(Path("error.svg"), advice, units, None)  # doctest: +SKIP
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    steps, sizes = [], []
    for h in advice.h * 2.0 ** np.arange(-4.0, 2.0):
        try:
            other = error_at(
                units.lif, float(h), quantity=advice.quantity, T=T, scheme=advice.scheme,
                confidence=confidence,
            )  # fmt: skip
        except ValueError:  # a step that the scheme cannot take
            continue
        steps.append(h * units.time)
        sizes.append(abs(other.error.mean) * units.scale(advice.quantity))
    figure = Figure(figsize=(5.0, 3.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.loglog(steps, sizes, "o-", color="C0")
    size = abs(advice.error.mean) * units.scale(advice.quantity)
    axes.plot(advice.h * units.time, size, "s", color="C3", label="advised step")
    if advice.tolerance is not None:
        axes.axhline(advice.tolerance * units.scale(advice.quantity), color="0.5", ls="--")
    axes.set_xlabel(f"dt ({units.ms})")
    axes.set_ylabel(f"error of {WORDS[advice.quantity]}")
    axes.legend(frameon=False)
    figure.savefig(path)
