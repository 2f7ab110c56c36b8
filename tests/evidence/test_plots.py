"""Figures: what is drawn where."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lifcore import estimate
from lifcore.evidence.plots import COLOURS, CYCLE, errors, figure, slope


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_figure_has_the_books_style_and_restores_the_callers(monkeypatch):
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gcf()))
    before = dict(plt.rcParams)
    with figure(2, height=2.0, sharey=True) as (drawn, axes):
        assert len(axes) == 2
        assert drawn.get_size_inches().tolist() == [8.6, 2.0]
        assert plt.rcParams["axes.grid"]
        (line,) = axes[0].plot([0, 1])
        assert line.get_color() == CYCLE[0]
    assert shown == [drawn]
    assert dict(plt.rcParams) == before


def test_errors_draw_intervals_on_logarithmic_axes():
    h = [0.1, 0.2, 0.4]
    estimates = [estimate(1.0, 0.1, 31), estimate(-1.0, 0.1, 31), estimate(4.0, 3.0, 31)]
    with figure() as (_, (axes,)):
        errors(axes, h, estimates, "matched")
        (container,) = axes.containers
        data, _, (bars,) = container
        assert data.get_xdata().tolist() == [0.1, 0.4]  # what has no logarithm is left out
        assert data.get_ydata().tolist() == [1.0, 4.0]
        assert data.get_color() == COLOURS["matched"]
        ends = np.array([segment[:, 1] for segment in bars.get_segments()])
        assert ends[0] == pytest.approx([estimates[0].low, estimates[0].high])
        assert ends[1] == pytest.approx([1.2, estimates[2].high])
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        assert axes.get_legend_handles_labels()[1] == ["matched"]


def test_errors_take_any_style():
    with figure() as (_, (axes,)):
        errors(axes, [0.1], [estimate(1.0, 0.1, 31)], "whole", color="red", linestyle=":")
        assert axes.containers[0][0].get_color() == "red"


def test_errors_need_one_estimate_a_step():
    with figure() as (_, (axes,)), pytest.raises(ValueError, match="zip"):
        errors(axes, [0.1, 0.2], [estimate(1.0, 0.1, 31)], "whole")


def test_slope_is_a_power_law():
    with figure() as (_, (axes,)):
        slope(axes, [0.4, 0.1, 0.2], 8.0, 1.5, "$h^{3/2}$")
        (line,) = axes.get_lines()
        assert line.get_xdata().tolist() == [0.1, 0.4]
        assert line.get_ydata() == pytest.approx([1.0, 8.0])
        assert [text.get_text() for text in axes.texts] == ["$h^{3/2}$"]
