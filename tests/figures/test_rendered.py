"""An overlap is noticed by the measure that the layout tests rely on."""

from __future__ import annotations

from figures.rendered import faults, outside, overlaps
from reanalysis.figures.style import house_style, new_figure


def test_words_on_top_of_each_other_are_noticed() -> None:
    with house_style():
        axes = new_figure(3.0, 2.0).add_axes((0.2, 0.2, 0.7, 0.7))
        axes.text(0.4, 0.5, "first")
        axes.text(0.42, 0.52, "second")
    assert overlaps(axes) == [("first", "second")]


def test_words_that_leave_the_figure_are_noticed() -> None:
    with house_style():
        axes = new_figure(3.0, 2.0).add_axes((0.2, 0.2, 0.7, 0.7))
        axes.text(0.9, 0.5, "too long to stay within the figure")
    assert outside(axes) == ["too long to stay within the figure"]


def test_plain_axes_have_nothing_to_notice() -> None:
    with house_style():
        axes = new_figure(3.0, 2.0).add_axes((0.2, 0.2, 0.7, 0.7))
    assert faults(axes) == []
