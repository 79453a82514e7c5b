"""An axis of odds ratios holds what it should, and says so where it does not."""

from __future__ import annotations

from itertools import pairwise
from math import inf, log, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from reanalysis.figures.ratio_axis import (
    draw_diamond,
    draw_interval,
    draw_ratio_axis,
    ratio_limits,
    ratio_ticks,
)
from reanalysis.figures.style import SMALL, house_style, new_figure
from reanalysis.figures.words import Words

_RATIOS = st.lists(st.floats(min_value=1e-6, max_value=1e6), max_size=8)


def axes_from(low: float, high: float) -> Axes:
    with house_style():
        axes = new_figure(3.0, 2.0).add_axes((0.1, 0.1, 0.8, 0.8))
        draw_ratio_axis(axes, (low, high), 170.0)
    return axes


def marks(axes: Axes) -> list[str]:
    return [str(line.get_marker()) for line in axes.lines if line.get_marker() not in (None, "None", "")]


@settings(max_examples=100, deadline=None)
@given(_RATIOS)
def test_an_axis_holds_its_ratios_as_far_as_a_hundredfold(ratios: list[float]) -> None:
    low, high = ratio_limits(ratios)
    assert low < 1 < high
    assert all(low <= r <= high for r in ratios if 0.0095 < r < 105)


@settings(max_examples=100, deadline=None)
@given(_RATIOS)
def test_neither_side_of_no_effect_is_squeezed(ratios: list[float]) -> None:
    low, high = ratio_limits(ratios)
    sides = sorted((-log(low), log(high)))
    assert sides[0] >= 0.5 * sides[1] - 1e-9


@settings(max_examples=100, deadline=None)
@given(_RATIOS, st.floats(min_value=60, max_value=400))
def test_tick_labels_never_touch_and_always_include_no_effect(ratios: list[float], width: float) -> None:
    low, high = ratio_limits(ratios)
    ticks = ratio_ticks(low, high, width)
    assert 1.0 in ticks
    scale = width / log(high / low)
    ends = [(log(t / low) * scale, Words(f"{t:g}", SMALL).width / 2) for t in ticks]
    assert all(b - hb > a + ha for (a, ha), (b, hb) in pairwise(ends))


def test_ratios_that_are_not_numbers_do_not_move_the_axis() -> None:
    assert ratio_limits([0.5, nan, inf, 0.0]) == ratio_limits([0.5])


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ((0.5, 1.0, 2.0), ["o"]),
        ((0.01, 1.0, 2.0), ["<", "o"]),
        ((0.5, 1.0, inf), [">", "o"]),
        ((20.0, inf, inf), [">"]),
        ((0.0, 0.0, 0.01), ["<"]),
        ((nan, nan, nan), []),
    ],
)
def test_an_interval_that_leaves_the_axis_has_an_arrow_head(
    interval: tuple[float, float, float], expected: list[str]
) -> None:
    axes = axes_from(0.1, 10.0)
    draw_interval(axes, 0.5, *interval, "black")
    assert marks(axes) == expected


def test_no_part_of_an_interval_is_drawn_beyond_the_axis() -> None:
    axes = axes_from(0.1, 10.0)
    before = list(axes.lines)
    draw_interval(axes, 0.5, 0.001, 1.0, 1000.0, "black")
    drawn: list[Line2D] = [line for line in axes.lines if line not in before]
    assert all(0.1 <= x <= 10.0 for line in drawn for x in line.get_xdata())  # type: ignore[union-attr]


def test_a_diamond_is_as_wide_as_its_interval_and_highest_at_its_median() -> None:
    axes = axes_from(0.1, 10.0)
    draw_diamond(axes, 0.5, 0.5, 1.1, 2.0, "black", half=0.2)
    (shape,) = (p for p in axes.patches if isinstance(p, Polygon))
    xy = shape.get_xy()
    assert (xy[:, 0].min(), xy[:, 0].max()) == (0.5, 2.0)
    assert xy[xy[:, 1].argmin(), 0] == xy[xy[:, 1].argmax(), 0] == 1.1


def test_a_diamond_cut_by_the_axis_keeps_its_slope_and_has_an_arrow_head() -> None:
    axes = axes_from(0.1, 10.0)
    draw_diamond(axes, 0.5, 0.01, 1.0, 2.0, "black", half=0.2)
    (shape,) = (p for p in axes.patches if isinstance(p, Polygon))
    xy = shape.get_xy()
    at_edge = xy[xy[:, 0] == 0.1][:, 1]
    assert at_edge.max() - at_edge.min() == pytest.approx(0.2)  # half-way to the end on the log scale
    assert marks(axes) == ["<"]
