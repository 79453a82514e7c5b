"""Headline effects of all endpoints, and the number of cohorts each rests on."""

from __future__ import annotations

from matplotlib.axes import Axes

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.summary import Direction
from reanalysis.estimands.words import counted, interval, percent
from reanalysis.figures.ratio_axis import chance, draw_interval, draw_ratio_axis, ratio_foot, ratio_limits, tint_side
from reanalysis.figures.rows import Column, Layout, Row
from reanalysis.figures.style import BODY, SMALL, SOFT, cohort_colour, house_style
from reanalysis.figures.words import Words


def plot_overview(analysis: Analysis, ax: Axes | None = None) -> Axes:
    """One row an endpoint: the interval of its headline odds ratio and the probabilities of benefit and harm.

    Endpoints of the first page come first. The better side of each row is tinted; the darker the interval,
    the more cohorts it rests on.

    Examples
    --------
    >>> analysis = ra.analyse(ra.load("anakinra"), engine="quadrature")
    >>> axes = ra.plot_overview(analysis)
    """
    with house_style():
        endpoints = _in_order(analysis)
        parted = len(analysis.headlines) if len(analysis.headlines) < len(endpoints) else 0
        declared = any(e.better is not None for e in endpoints)
        rows = tuple(
            _row(e, declared, first=bool(parted) and i < parted, rule=bool(parted) and i == parted)
            for i, e in enumerate(endpoints)
        )
        title = "Headline effect of each endpoint"
        layout = Layout(title, (Column("Endpoint", 120.0),), _columns(endpoints), rows, ax, least_left=90.0)
        limits = ratio_limits(end for e in endpoints for end in (e.odds_ratio.lower, e.odds_ratio.upper))
        foot = ratio_foot(analysis.evidence, None, limits, layout.plot_width, layout.margins)
        if declared:
            foot = foot.with_note("better side tinted")
        placed = layout.place(foot.height)
        draw_ratio_axis(placed.axes, limits, layout.plot_width)
        foot.draw(placed.axes)
        for endpoint, y, band in zip(endpoints, placed.y, placed.band, strict=True):
            found, count = endpoint.odds_ratio, len(endpoint.headline.comparative)
            tint_side(placed.axes, endpoint.better, band)
            draw_interval(
                placed.axes, y, found.lower, found.median, found.upper, cohort_colour(count),
                marker="o" if endpoint.headline.kind == "single study" else "D", size=5.5, line=2.4,
            )  # fmt: skip
        return placed.axes


def describe_overview(analysis: Analysis) -> str:
    """Alternative text of :func:`plot_overview`."""
    endpoints = _in_order(analysis)
    text = f"Headline odds ratios of {counted(len(endpoints), 'endpoint')}: "
    shown = [
        f"{e.label} {interval(e.odds_ratio)}, {_spoken(e.direction)}, "
        f"from {counted(len(e.headline.comparative), 'cohort')}"
        for e in endpoints[:6]
    ]
    more = f"; and {len(endpoints) - 6} more" if len(endpoints) > 6 else ""
    return f"{text}{'; '.join(shown)}{more}."


def _spoken(direction: Direction) -> str:
    if direction.benefit is None:
        return f"probability of fewer events {percent(direction.below)}"
    return f"probability of benefit {percent(direction.benefit)}"


def _in_order(analysis: Analysis) -> tuple[EndpointAnalysis, ...]:
    headlines = analysis.headlines
    names = {e.id for e in headlines}
    return (*headlines, *(e for e in analysis.endpoints if e.id not in names))


def _columns(endpoints: tuple[EndpointAnalysis, ...]) -> tuple[Column, ...]:
    numbers = Column("Odds ratio (95 % interval)", 100.0)
    if all(e.better is None for e in endpoints):
        return numbers, Column("P(OR < 1)", 50.0, "right")
    return numbers, Column("P(benefit)", 50.0, "right"), Column("P(harm)", 50.0, "right")


def _row(endpoint: EndpointAnalysis, declared: bool, first: bool, rule: bool) -> Row:
    count = len(endpoint.headline.comparative)
    left = (Words(endpoint.label, BODY, bold=first), Words(counted(count, "cohort"), SMALL, colour=SOFT))
    sides, numbers = endpoint.direction, [Words(interval(endpoint.odds_ratio))]
    chances = [percent(sides.below)]
    if declared:  # the columns are those of benefit and harm
        chances = [percent(sides.benefit), percent(sides.harm)]
        if sides.benefit is None:
            numbers.append(Words(chance(sides), SMALL, colour=SOFT))
    cells = (left, tuple(numbers), *((Words(c),) for c in chances))
    return Row(cells, least=24.0, above=8.0 if rule else 0.0, rule=rule)
