"""One effect small enough for a cell of a table: its interval on an axis shared by all rows."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.axes import Axes

from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.words import interval, ratio
from reanalysis.figures.ratio_axis import draw_interval, draw_ratio_axis, ratio_limits, ratio_ticks
from reanalysis.figures.rows import stack
from reanalysis.figures.style import SMALL, SOFT, cohort_colour, house_style, new_figure, tidy
from reanalysis.figures.words import Words

STRIP_WIDTH, STRIP_HEIGHT = 1.05, 0.19
"""Inches."""

Limits = tuple[float, float]


def strip_limits(endpoints: Iterable[EndpointAnalysis]) -> Limits:
    """One axis for the headline effects of all rows."""
    return ratio_limits(end for e in endpoints for end in (e.odds_ratio.lower, e.odds_ratio.upper))


def plot_strip(endpoint: EndpointAnalysis, limits: Limits, ax: Axes | None = None) -> Axes:
    """The headline odds ratio with its interval, the better side tinted, no words."""
    with house_style():
        axes = _axes(limits, ax)
        draw_ratio_axis(axes, limits, STRIP_WIDTH * 72, endpoint.better)
        _bare(axes)
        found = endpoint.odds_ratio
        draw_interval(
            axes, 0.5, found.lower, found.median, found.upper, cohort_colour(len(endpoint.headline.comparative)),
            marker="o" if endpoint.headline.kind == "single study" else "D", size=5.0, line=2.2,
        )  # fmt: skip
        return axes


def plot_strip_scale(limits: Limits, ax: Axes | None = None) -> Axes:
    """The axis of the strips alone, its ticks named."""
    with house_style():
        axes = _axes(limits, ax)
        draw_ratio_axis(axes, limits, STRIP_WIDTH * 72)
        for tick in ratio_ticks(*limits, STRIP_WIDTH * 72):
            at = float(axes.transAxes.inverted().transform(axes.transData.transform((tick, 0.5)))[0])
            words = Words(f"{tick:g}", SMALL, colour=SOFT)
            if words.width / 2 <= min(at, 1.0 - at) * STRIP_WIDTH * 72:  # a label cut off misleads
                stack(axes, (at, 0.0), (0.0, 10.0), (words,), "center")
        _bare(axes)
        axes.grid(visible=False)
        axes.lines[0].set_visible(False)
        return axes


def describe_strip(endpoint: EndpointAnalysis) -> str:
    """Alternative text of :func:`plot_strip`."""
    return f"Odds ratio {interval(endpoint.odds_ratio)} drawn on a log scale."


def describe_strip_scale(limits: Limits) -> str:
    """Alternative text of :func:`plot_strip_scale`."""
    return f"Scale of the odds ratios drawn below, from {ratio(limits[0])} to {ratio(limits[1])}."


def _axes(limits: Limits, ax: Axes | None) -> Axes:
    axes = ax if ax is not None else new_figure(STRIP_WIDTH, STRIP_HEIGHT).add_axes((0.02, 0.0, 0.96, 1.0))
    tidy(axes)
    axes.set_ylim(0.0, 1.0)
    axes.set_yticks([])
    axes.set_xlim(*limits)
    return axes


def _bare(axes: Axes) -> None:
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.spines["bottom"].set_visible(False)
