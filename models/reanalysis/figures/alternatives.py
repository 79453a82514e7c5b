"""Figures of alternative choices: one row an outcome, the primary one marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes

from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.words import interval, percent
from reanalysis.figures.ratio_axis import chance_name, draw_interval, draw_ratio_axis, ratio_foot, ratio_limits
from reanalysis.figures.rows import Column, Layout, Row
from reanalysis.figures.style import FAINT, INK, SMALL, SOFT, StudyMark
from reanalysis.figures.words import Words


def nothing_row() -> Row:
    """What stands where there is no outcome at all."""
    return Row(((Words("not computed", SMALL, colour=SOFT),),), least=20.0)


def outcome_row(outcome: Outcome, least: float) -> Row:
    """The choice, its odds ratio and its probability, or why there is none, in a row of so many points at least."""
    words = [Words(outcome.label, SMALL, bold=outcome.primary)]
    if outcome.odds_ratio is None:
        words.append(Words(outcome.note or "not defined", SMALL, colour=SOFT))
    else:
        shown = (interval(outcome.odds_ratio), percent(outcome.chance))
        words += [Words(text, SMALL, bold=outcome.primary) for text in shown]
    return Row(tuple((one,) for one in words), least=least)


def outcome_layout(
    endpoint: EndpointAnalysis, title: str, rows: Sequence[Row], ax: Axes | None, widest: float, narrow: bool = False
) -> Layout:
    """Rows of outcomes, measured: the choice on the left, its odds ratio and its probability on the right.

    The title says what is varied; a choice wraps at ``widest`` points; ``narrow`` is for a phone.
    """
    columns = (Column("Odds ratio (95 % interval)", 110.0), Column(chance_name(endpoint.better), 46.0, "right"))
    title = f"{endpoint.label}: {title}"
    return Layout(title, (Column("", widest),), columns, tuple(rows), ax, least_left=100.0, narrow=narrow)


def draw_outcomes(
    endpoint: EndpointAnalysis,
    layout: Layout,
    drawn: Sequence[Outcome | None],
    every: Sequence[Outcome],
    look: Callable[[Outcome], StudyMark] = lambda _: StudyMark(SOFT, "o"),
) -> Axes:
    """The axis of rows of outcomes, and the interval of each that is drawn: None for a row of words alone.

    The axis holds ``every`` outcome, those of other pages too; ``look`` gives colour and marker of an outcome that is
    not the primary one.
    """
    limits = ratio_limits(end for o in every if (r := o.odds_ratio) for end in (r.lower, r.median, r.upper))
    foot = ratio_foot(endpoint.fit.evidence, endpoint.better, limits, layout.plot_width, layout.margins)
    placed = layout.place(foot.height)
    draw_ratio_axis(placed.axes, limits, layout.plot_width, endpoint.better)
    foot.draw(placed.axes)
    primary = next((r for o in every if o.primary and (r := o.odds_ratio)), None)
    if primary is not None:  # a line through all rows, so that shifts can be seen
        placed.axes.axvline(primary.median, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1.5)
    for y, outcome in zip(placed.y, drawn, strict=False):
        if outcome is not None and (found := outcome.odds_ratio) is not None:
            mark, size, line = look(outcome), 3.8, 1.4
            if outcome.primary:
                mark, size, line = StudyMark(INK, "D"), 4.6, 2.2
            ends = (found.lower, found.median, found.upper)
            draw_interval(placed.axes, y, *ends, mark.colour, marker=mark.marker, size=size, line=line)
    return placed.axes
