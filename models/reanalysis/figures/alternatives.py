"""Figures of alternative choices: one row an outcome, the primary one marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp

from matplotlib.axes import Axes

from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.words import percent, ratio_interval
from reanalysis.figures.ratio_axis import chance_name, draw_interval, draw_ratio_axis, ratio_foot, ratio_limits
from reanalysis.figures.rows import Column, Layout, Row
from reanalysis.figures.style import FAINT, INK, SMALL, SOFT, StudyMark
from reanalysis.figures.words import Words


def outcome_ratios(outcome: Outcome) -> tuple[float, float, float] | None:
    """Lower end, median and upper end of an outcome's odds ratio; None where it is not defined."""
    summary = outcome.log_odds_ratio
    return None if summary is None else (exp(summary.lower), exp(summary.median), exp(summary.upper))


def outcome_words(outcome: Outcome) -> tuple[Words, ...]:
    """Odds ratio and interval of an outcome, or why there is none."""
    found = outcome_ratios(outcome)
    if found is None:
        return (Words(outcome.note or "not defined", SMALL, colour=SOFT),)
    lower, median, upper = found
    return (Words(ratio_interval(median, lower, upper), SMALL, bold=outcome.primary),)


def nothing_row() -> Row:
    """What stands where there is no outcome at all."""
    return Row(((Words("not computed", SMALL, colour=SOFT),),), least=20.0)


def outcome_chance(outcome: Outcome) -> tuple[Words, ...]:
    """P(benefit), or P(OR < 1) where no good side is declared; nothing where it is not defined."""
    if outcome.log_odds_ratio is None:
        return ()
    shown = percent(outcome.benefit if outcome.benefit is not None else outcome.below)
    return (Words(shown, SMALL, bold=outcome.primary),)


def outcome_row(outcome: Outcome, least: float) -> Row:
    """The choice, its odds ratio and its probability, in a row of so many points at least."""
    words = (Words(outcome.label, SMALL, bold=outcome.primary),)
    return Row((words, outcome_words(outcome), outcome_chance(outcome)), least=least)


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
    limits = ratio_limits(end for o in every for end in (outcome_ratios(o) or ()))
    foot = ratio_foot(endpoint.fit.evidence, endpoint.better, limits, layout.plot_width, layout.margins)
    placed = layout.place(foot.height)
    draw_ratio_axis(placed.axes, limits, layout.plot_width, endpoint.better)
    foot.draw(placed.axes)
    primary = next((r for o in every if o.primary and (r := outcome_ratios(o))), None)
    if primary is not None:  # a line through all rows, so that shifts can be seen
        placed.axes.axvline(primary[1], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1.5)
    for y, outcome in zip(placed.y, drawn, strict=False):
        if outcome is not None:
            _draw(placed.axes, y, outcome, look(outcome))
    return placed.axes


def _draw(axes: Axes, y: float, outcome: Outcome, look: StudyMark) -> None:
    """The interval of an outcome; nothing where it is not defined."""
    found, primary = outcome_ratios(outcome), outcome.primary
    if found is None:
        return
    draw_interval(
        axes, y, *found, INK if primary else look.colour,
        marker="D" if primary else look.marker, size=4.6 if primary else 3.8, line=2.2 if primary else 1.4,
    )  # fmt: skip
