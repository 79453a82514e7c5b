"""How are alternative choices drawn? One row an outcome, the primary one marked."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

from matplotlib.axes import Axes

from reanalysis.alternatives.outcome import Outcome
from reanalysis.estimands.words import percent, ratio_interval
from reanalysis.figures.ratio_axis import draw_interval
from reanalysis.figures.rows import Row
from reanalysis.figures.style import FAINT, INK, SMALL, SOFT
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


def outcome_row(outcome: Outcome, single: bool, least: float) -> Row:
    """The choice, its odds ratio and its probability.

    Parameters
    ----------
    single : bool
        Whether the headline is one study's own effect, so that an average needs to be called one.
    least : float
        Points the row is high at least.
    """
    label = outcome.label
    words = (Words(label, SMALL, bold=outcome.primary),)
    return Row((words, outcome_words(outcome), outcome_chance(outcome)), least=least)


def draw_outcome(axes: Axes, y: float, outcome: Outcome, colour: str = SOFT, marker: str = "o") -> None:
    """The interval of an outcome; nothing where it is not defined."""
    found = outcome_ratios(outcome)
    primary = outcome.primary
    if found is None:
        return
    lower, median, upper = found
    draw_interval(
        axes, y, lower, median, upper, INK if primary else colour,
        marker="D" if primary else marker, size=4.6 if primary else 3.8, line=2.2 if primary else 1.4,
    )  # fmt: skip


def draw_primary_band(axes: Axes, outcomes: Sequence[Outcome]) -> None:
    """The primary median as a line through all rows, so that shifts can be seen."""
    for outcome in outcomes:
        found = outcome_ratios(outcome)
        if outcome.primary and found is not None:
            axes.axvline(found[1], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1.5)
            return
