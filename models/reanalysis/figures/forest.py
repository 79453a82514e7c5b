"""Forest plot: each study as reported and in the model, then the average and a new study."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, isfinite

from matplotlib.axes import Axes

from reanalysis.analysis.endpoint import EndpointAnalysis, RawEffect, StudyEffect, as_endpoint
from reanalysis.estimands.words import counted, interval, ratio, ratio_interval
from reanalysis.figures.ratio_axis import chance, draw_diamond, draw_interval, draw_ratio_axis, ratio_foot, ratio_limits
from reanalysis.figures.rows import Column, Layout, Placed, Row, pages, stack
from reanalysis.figures.style import BODY, FAINT, INK, PAGE, SMALL, SOFT, house_style, study_mark
from reanalysis.figures.words import Words, height, wrapped
from reanalysis.gates.checked_fit import CheckedFit

_AROUND = 130.0
"""Points above and below the rows: title, headings, axis."""

_KEY = (
    Words("open: as reported, 95 % Wald interval", SMALL, colour=SOFT),
    Words("filled: in the model, 95 % interval", SMALL, colour=SOFT),
)
_DENSE = 12
"""With more studies than this each has one line: its reported odds ratio is drawn but not written out."""


def plot_forest(
    endpoint: EndpointAnalysis | CheckedFit,
    ax: Axes | None = None,
    *,
    studies: Sequence[str] | None = None,
    narrow: bool = False,
) -> Axes:
    """Forest plot: every study as reported and in the model, then the average and a new study.

    The effect in bold is the headline: the average, or the study's own where it is the only one.

    Parameters
    ----------
    studies : sequence of str, optional
        Ids of the studies to give rows to, so that many can be spread over pages (:func:`forest_pages`); axis
        and summaries stay.
    narrow : bool
        For a phone: words above their marks. Ignored where axes are given.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> fitted = ra.fit(evidence, "icans_any")
    >>> axes = ra.plot_forest(fitted)
    """
    endpoint = as_endpoint(endpoint)
    with house_style():
        everyone = _in_order(endpoint)
        dense = len(everyone) > _DENSE
        shown = [s for s in everyone if studies is None or s.study in studies]
        rows = [*(_study_row(endpoint, s, dense) for s in shown), *_summary_rows(endpoint, dense)]
        narrow = narrow and ax is None
        layout = _layout(endpoint, rows, dense, ax, narrow)
        limits = ratio_limits(_reach(endpoint))
        foot = ratio_foot(endpoint.fit.evidence, endpoint.better, limits, layout.plot_width, (0.0, layout.right_width))
        key = wrapped(_KEY, layout.plot_width if narrow else layout.left_width - 16.0)
        below = foot.height + 4.0 if narrow else 8.0
        placed = layout.place(max(foot.height, below + height(key)))
        draw_ratio_axis(placed.axes, limits, layout.plot_width, endpoint.better)
        foot.draw(placed.axes)
        stack(placed.axes, (0.0, 0.0), (-layout.left_width, -below), key)
        for y, study in zip(placed.y, shown, strict=False):
            _draw_study(placed.axes, y, endpoint, study, dense, narrow)
        _draw_summaries(placed, endpoint)
        return placed.axes


def forest_pages(endpoint: EndpointAnalysis | CheckedFit, inches: float = PAGE) -> tuple[tuple[str, ...], ...]:
    """Study ids page by page: what to pass as ``studies`` so that no figure is higher than a page."""
    endpoint = as_endpoint(endpoint)
    with house_style():
        studies = _in_order(endpoint)
        dense = len(studies) > _DENSE
        rows = [*(_study_row(endpoint, s, dense) for s in studies), *_summary_rows(endpoint, dense)]
        heights = _layout(endpoint, rows, dense, None).heights
        room = inches * 72 - _AROUND - sum(heights[len(studies) :])
        return pages({study.study: high for study, high in zip(studies, heights, strict=False)}, room)


def describe_forest(endpoint: EndpointAnalysis | CheckedFit, studies: Sequence[str] | None = None) -> str:
    """Alternative text of :func:`plot_forest`, of these studies alone where they are given."""
    endpoint = as_endpoint(endpoint)
    everyone = _in_order(endpoint)
    shown = [study for study in everyone if studies is None or study.study in studies]
    part = f"{len(shown)} of " if len(shown) < len(everyone) else ""
    text = f"Forest plot of {endpoint.label} in {part}{counted(len(everyone), 'cohort')}. "
    if endpoint.headline.kind == "single study":
        raw = next(study.raw for study in everyone if study.study == endpoint.headline.study)
        reported = f" ({ratio(raw.odds_ratio)} as reported)" if raw else ""
        return text + (
            f"Its own odds ratio is {interval(endpoint.odds_ratio)}{reported}; extrapolated, "
            f"the average is {interval(endpoint.average)} and a new study's {interval(endpoint.new_study)}."
        )
    medians = sorted(s.odds_ratio.median for s in shown)
    reported_ratios = sorted(s.raw.odds_ratio for s in shown if s.raw)
    if reported_ratios:
        text += f"As reported the odds ratios run from {ratio(reported_ratios[0])} to {ratio(reported_ratios[-1])}, "
        text += f"in the model from {ratio(medians[0])} to {ratio(medians[-1])}; "
    return text + (f"the average is {interval(endpoint.average)} and a new study's {interval(endpoint.new_study)}.")


def _in_order(endpoint: EndpointAnalysis) -> list[StudyEffect]:
    order = endpoint.fit.evidence.studies
    return sorted(endpoint.studies, key=lambda s: order.index(s.study))


def _single(endpoint: EndpointAnalysis) -> bool:
    return endpoint.headline.kind == "single study"


def _reach(endpoint: EndpointAnalysis) -> list[float]:
    """Odds ratios that the axis holds: points and intervals of the model, others as far as 1/10 and 10."""
    firm = [s.raw.odds_ratio for s in endpoint.studies if s.raw is not None]
    for summary in (*(s.odds_ratio for s in endpoint.studies), endpoint.average, endpoint.new_study):
        firm += [summary.lower, summary.upper]
    loose = [end for s in endpoint.studies if s.raw is not None for end in (s.raw.lower, s.raw.upper)]
    loose += [exp(endpoint.fit.spec.priors.mu.quantile(q)) for q in (0.025, 0.975)]
    return firm + [min(max(end, 0.1), 10.0) for end in loose]


def _layout(endpoint: EndpointAnalysis, rows: list[Row], dense: bool, ax: Axes | None, narrow: bool = False) -> Layout:
    settings = endpoint.fit.evidence.settings
    arms = (Column(settings.treated_label, 58.0), Column(settings.control_label, 58.0))
    left, right = (Column("Study", 92.0 if dense else 97.0), *arms), (Column("Odds ratio (95 % interval)", 118.0),)
    return Layout(endpoint.label, left, right, tuple(rows), ax, least_left=120.0, narrow=narrow)


def _study_row(endpoint: EndpointAnalysis, study: StudyEffect, dense: bool) -> Row:
    if dense:
        numbers = (Words(interval(study.odds_ratio), SMALL),)
        return Row(((Words(study.label, SMALL),), *_arms(study.raw), numbers), least=13.0)
    label = (Words(study.label, bold=study.study == endpoint.headline.study),)
    return Row((label, *_arms(study.raw), _study_numbers(endpoint, study)), least=27.0, above=2.0)


def _study_numbers(endpoint: EndpointAnalysis, study: StudyEffect) -> tuple[Words, ...]:
    first = study.study == endpoint.headline.study
    lines = [Words(interval(study.odds_ratio), BODY, bold=first)]
    if study.raw is not None:
        lines.insert(0, Words(_raw(study.raw), SMALL, colour=SOFT))
    if first:
        lines.append(Words(chance(endpoint.direction), SMALL))
    return tuple(lines)


def _arms(raw: RawEffect | None) -> tuple[tuple[Words, ...], tuple[Words, ...]]:
    """Events and patients of the treated and of the control arm, as reported."""
    if raw is None:
        return (), ()
    return (Words(raw.treated, SMALL, colour=SOFT),), (Words(raw.control, SMALL, colour=SOFT),)


def _raw(raw: RawEffect) -> str:
    """The reported odds ratio with its interval; what an empty cell leaves open is said so."""
    if raw.odds_ratio != raw.odds_ratio:
        return "not defined"
    if not isfinite(raw.odds_ratio) or raw.odds_ratio == 0:
        return "\N{INFINITY}" if raw.odds_ratio else "0"
    return ratio_interval(raw.odds_ratio, raw.lower, raw.upper)


def _summary_rows(endpoint: EndpointAnalysis, dense: bool) -> list[Row]:
    single = _single(endpoint)
    tone = SOFT if single else INK
    count = counted(len(endpoint.headline.comparative), "cohort")
    prior = endpoint.fit.spec.priors.mu
    heterogeneity = f"{'' if dense else 'heterogeneity '}tau {interval(endpoint.tau)}"
    average = [Words(interval(endpoint.average), bold=not single, colour=tone)]
    if not single:
        average.append(Words(chance(endpoint.direction), SMALL))
    new = [Words(interval(endpoint.new_study), colour=tone), Words(chance(endpoint.new_direction), SMALL, colour=tone)]
    ghost = ratio_interval(*(exp(prior.quantile(q)) for q in (0.5, 0.025, 0.975)))

    def row(label: Words, note: str, numbers: list[Words], above: float, rule: bool = False) -> Row:
        under = (Words(note, SMALL, colour=SOFT),) if note else ()
        return Row(((label, *under), (), (), tuple(numbers)), least=20.0, above=above, rule=rule)

    heading = Words("Extrapolated from this one cohort", SMALL, colour=SOFT)
    average_label = Words("Average effect", bold=not single, colour=tone)
    return [
        *([Row(((heading,),), above=8.0, rule=True)] if single else []),
        row(average_label, "" if single else f"of {count}", average, 0.0 if single else 8.0, not single),
        row(Words("Effect in a new study", colour=tone), heterogeneity, new, 2.0),
        row(Words("Prior of the average", SMALL, colour=SOFT), "", [Words(ghost, SMALL, colour=SOFT)], 0.0),
    ]


def _draw_study(
    axes: Axes, y: float, endpoint: EndpointAnalysis, study: StudyEffect, dense: bool, narrow: bool
) -> None:
    mark = study_mark(endpoint.every_study, study.study)
    up, down = (2.7, -2.7) if dense else (4.2, -3.2) if narrow else _lifts(_study_numbers(endpoint, study))
    found, raw = study.odds_ratio, study.raw
    if raw is not None:
        draw_interval(
            axes, y, raw.lower, raw.odds_ratio, raw.upper, mark.colour, marker=mark.marker,
            size=3.2 if dense else 4.5, line=0.7 if dense else 0.9, filled=False, lift=up,
        )  # fmt: skip
    draw_interval(
        axes, y, found.lower, found.median, found.upper, mark.colour, marker=mark.marker,
        size=4.0 if dense else 6.0, line=1.8 if dense else 2.4, lift=0.0 if raw is None else down,
    )  # fmt: skip


def _lifts(numbers: tuple[Words, ...]) -> tuple[float, float]:
    """How far above the middle of a row its first two lines of numbers lie."""
    if len(numbers) < 2:
        return 0.0, 0.0
    top = height(numbers) / 2
    return top - numbers[0].pitch / 2, top - numbers[0].pitch - numbers[1].pitch / 2


def _draw_summaries(placed: Placed, endpoint: EndpointAnalysis) -> None:
    average, new, prior = placed.y[-3:]
    single, axes = _single(endpoint), placed.axes
    a, n, p = endpoint.average, endpoint.new_study, endpoint.fit.spec.priors.mu
    draw_diamond(axes, average, a.lower, a.median, a.upper, FAINT if single else INK, half=5.0, filled=not single)
    tone = FAINT if single else SOFT
    draw_interval(axes, new, n.lower, n.median, n.upper, tone, marker="D", size=4.5, line=1.2, filled=False)
    low, middle, high = (exp(p.quantile(q)) for q in (0.025, 0.5, 0.975))
    draw_interval(axes, prior, low, middle, high, "#c4c4c4", marker="|", size=6.0, line=3.0)
