"""Probability of a difference of at least so many percentage points, for all numbers, both ways."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from reanalysis.analysis.endpoint import EndpointAnalysis, as_endpoint
from reanalysis.engines.marginal import Marginal
from reanalysis.estimands.measures import risk_difference
from reanalysis.estimands.risks import BaselineEffect
from reanalysis.estimands.words import percent
from reanalysis.figures.rows import stack
from reanalysis.figures.style import (
    ACCENT,
    BETTER,
    GOOD,
    GRID,
    INK,
    SMALL,
    SOFT,
    TITLE,
    WIDTH,
    house_style,
    new_figure,
    tidy,
)
from reanalysis.figures.words import Words, height
from reanalysis.gates.checked_fit import CheckedFit

_BODY, _MARGIN = 160.0, 34.0  # points: height of the axes, and width of the tick labels beside them
_POINTS = 161
_RARE = 0.005
"""The axis ends where neither direction is more probable than this."""


def plot_beyond(endpoint: EndpointAnalysis | CheckedFit, ax: Axes | None = None) -> Axes:
    """Probability that the risk difference is at least x points, for all x in both directions.

    Left of 0 the curve is P(at least that many fewer events in 100 patients), right of it P(at least that
    many more), both at the first named control risk. The endpoint's margins are marked.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> fitted = ra.fit(evidence, "icans_any")
    >>> axes = ra.plot_beyond(fitted)
    """
    endpoint = as_endpoint(endpoint)
    with house_style():
        at = endpoint.baselines[0]
        difference = risk_difference(endpoint.headline.log_odds_ratio, at.baseline.percent / 100)
        title = Words(endpoint.label, TITLE, bold=True).wrapped(WIDTH * 72 - 12)
        head = Words("Probability of a difference of at least x percentage points", SMALL, colour=SOFT)
        sides = _sides(endpoint)
        above = 4.0 + max(map(height, sides)) + 4.0 + head.pitch + height(title)
        control = endpoint.fit.evidence.settings.control_label
        told = f"Percentage points, at a risk of {at.baseline.percent:g} % with {control}: {at.baseline.label}"
        label = Words(told, SMALL, colour=INK).wrapped(WIDTH * 72 - 80)
        foot = 18.0 + height(label)
        if ax is None:
            wide, high = WIDTH * 72, above + 4.0 + _BODY + foot
            box = (_MARGIN / wide, foot / high, 1.0 - (_MARGIN + 8.0) / wide, _BODY / high)
            ax = new_figure(WIDTH, high / 72).add_axes(box)
        tidy(ax)
        stack(ax, (0.0, 1.0), (4.0 - _MARGIN, above), (*title, head))
        for lines, edge, align in zip(sides, (0.0, 1.0), ("left", "right"), strict=True):
            stack(ax, (edge, 1.0), (0.0, 4.0 + height(lines)), lines, align)
        stack(ax, (0.5, 0.0), (0.0, -17.0), label, "center")
        reach = _reach(difference, at)
        _draw_curves(ax, difference, reach)
        _draw_margins(ax, at, reach)
        _dress(ax, endpoint, reach)
        return ax


def describe_beyond(endpoint: EndpointAnalysis | CheckedFit) -> str:
    """Alternative text of :func:`plot_beyond`."""
    endpoint = as_endpoint(endpoint)
    at, treated = endpoint.baselines[0], endpoint.fit.evidence.settings.treated_label
    parts = [
        f"of at least {b.margin:g} points fewer with {treated} {percent(b.fewer)}, "
        f"of at least {b.margin:g} more {percent(b.more)}"
        for b in at.beyond
    ]
    sides = endpoint.direction
    parts.insert(0, f"of any fewer {percent(sides.below)}, of any more {percent(1 - sides.below)}")
    return (
        f"Probability that the risk difference for {endpoint.label} exceeds each number of percentage points "
        f"where the control risk is {at.baseline.percent:g} % ({at.baseline.label}): {'; '.join(parts)}."
    )


def _reach(difference: Marginal, at: BaselineEffect) -> float:
    """Percentage points shown on either side: all that is probable, and a little beyond every margin."""
    low, high = (float(q) for q in difference.quantile([_RARE, 1 - _RARE]))
    wanted = max([100 * abs(low), 100 * abs(high), *(1.25 * b.margin for b in at.beyond), 200 / at.of])
    return min(wanted, 100.0)


def _draw_curves(axes: Axes, difference: Marginal, reach: float) -> None:
    x = np.linspace(0.0, reach, _POINTS)
    fewer, more = difference.cdf(-x / 100), 1.0 - difference.cdf(x / 100)
    for side, chance in ((-x, fewer), (x, more)):
        axes.fill_between(side, chance, color=ACCENT, alpha=0.13, linewidth=0)
        axes.plot(side, chance, color=ACCENT, linewidth=1.8)


def _draw_margins(axes: Axes, at: BaselineEffect, reach: float) -> None:
    """A dot at each margin, with its probability where that does not run into the one before."""
    points_per_unit = (WIDTH * 72 - _MARGIN - 8.0) / (2 * reach)
    for sign in (-1.0, 1.0):
        free = 0.0
        for beyond in at.beyond:
            chance = beyond.fewer if sign < 0 else beyond.more
            x = sign * beyond.margin
            axes.plot([x, x], [0.0, chance], color=SOFT, linewidth=0.7, linestyle=(0, (2, 2)))
            axes.plot([x], [chance], "o", color=ACCENT, markersize=4.5)
            words = Words(percent(chance), SMALL, bold=True, colour=ACCENT)
            start = beyond.margin * points_per_unit + 4.0
            if start < free:
                continue
            free = start + words.width + 4.0
            axes.annotate(
                words.text, xy=(x, chance), xytext=(4.0 * sign, 4.0), textcoords="offset points",
                ha="left" if sign > 0 else "right", fontsize=SMALL, fontweight="bold", color=ACCENT,
            )  # fmt: skip


def _dress(axes: Axes, endpoint: EndpointAnalysis, reach: float) -> None:
    axes.set_xlim(-reach, reach)
    axes.set_ylim(0.0, 1.12)
    axes.yaxis.set_major_locator(FixedLocator([0.0, 0.25, 0.5, 0.75, 1.0]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda p, _: f"{100 * p:.0f} %"))
    axes.xaxis.set_major_locator(MaxNLocator(9, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{abs(x):g}"))
    axes.grid(axis="both", color=GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.axvline(0.0, color=SOFT, linewidth=0.8)
    if endpoint.better is not None:
        side = (-reach, 0.0) if endpoint.better == "lower" else (0.0, reach)
        axes.axvspan(*side, color=GOOD, linewidth=0, zorder=0)


def _sides(endpoint: EndpointAnalysis) -> tuple[tuple[Words, ...], tuple[Words, ...]]:
    """What either direction means."""
    treated = endpoint.fit.evidence.settings.treated_label
    found = []
    for text, name in (
        (f"\N{LEFTWARDS ARROW}\N{NO-BREAK SPACE}fewer with {treated}", "lower"),
        (f"more with {treated}", "higher"),
    ):
        good = endpoint.better == name
        end = "" if name == "lower" else "\N{NO-BREAK SPACE}\N{RIGHTWARDS ARROW}"
        judged = "" if endpoint.better is None else ": better" if good else ": worse"
        words = Words(text + judged + end, SMALL, colour=BETTER if good else SOFT)
        found.append(words.wrapped(200.0))
    return found[0], found[1]
