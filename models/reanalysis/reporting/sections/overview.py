"""All outcomes in one table with whatever reports them, what is not known, and the priors that move results."""

from __future__ import annotations

from collections.abc import Sequence

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis, WithWords
from reanalysis.estimands.risks import RisksAt
from reanalysis.estimands.summary import Direction
from reanalysis.estimands.words import counted, interval, percent, points_interval
from reanalysis.figures.coverage import describe_coverage, plot_coverage
from reanalysis.reporting.markdown import escape, render
from reanalysis.reporting.section import Artefacts, Blocks, Figure, Section
from reanalysis.reporting.sections.answer import strip_name
from reanalysis.reporting.sentences import deciding_in_short, left_out, patients_told, turns
from reanalysis.reporting.table import Column, Table, columns
from reanalysis.reporting.unknown import not_known, shared_endpoints
from reanalysis.reporting.verdict import certainty_of
from reanalysis.reporting.wording import kind_of_study

_NAMED = 3
"""Up to so many studies are named in a cell, more are counted."""

_UNKNOWN = """\
{% for sentence in sentences %}
- {{ sentence }}
{% endfor %}
"""
_DECIDING = """\
**Priors that move these results.** The chance of {{ what }} over other choices of a prior:
{% for label, priors in deciding %}
{{ label }}: {{ priors }}.
{% endfor %}
"""


UNKNOWN: Section[Analysis] = Section(
    anchor="unknown", title="What is not known", text=lambda _, a: render(_UNKNOWN, sentences=not_known(a))
)


def _all(made: Artefacts, analysis: Analysis) -> Blocks:
    deciding = [(e.label, found) for e in analysis.endpoints if (found := deciding_in_short(e))]
    what = "benefit" if any(e.better for e in analysis.endpoints) else "fewer events"
    return [
        escape(shared_endpoints(analysis)),
        made.figure("coverage"),
        overview_table(made, analysis.endpoints),
        render(_DECIDING, deciding=deciding, what=what) if deciding else None,
    ]


def overview_table(made: Artefacts, endpoints: Sequence[EndpointAnalysis]) -> Table:
    """One row an endpoint: evidence, effect, chances, risk, what leaving out one study does, and certainty.

    The drawn intervals have a column where they were drawn.
    """
    analysis = made.analysis
    declared = any(e.better for e in endpoints)
    scale = made.figure(strip_name(""))
    rows: list[list[object]] = []
    of = patients_told(endpoints)
    for e in endpoints:
        strip = [made.figures[strip_name(e.id)]] if scale else []
        sides, difference = _sides(e.direction, declared), _difference(e.baselines[0], of)
        level = certainty_of(e).grade.level
        rows.append(
            [e.label, _evidence(e), interval(e.odds_ratio), *strip, *sides, difference, leave_out_range(e), level]
        )
        if (words := e.with_words) is not None:
            rows.append(_with_words(e, words, declared, bool(scale), of))
    heads = [("Helps", 0.8), ("Harms", 0.8)] if declared else [("Fewer events", 0.9)]
    return Table(
        [
            *columns("Endpoint 1.5 | Figures for both groups 1.35 | Odds ratio (95 % interval) 1.65"),
            *([Column(scale, 1.95)] if scale else []),
            *[Column(head, width, "right") for head, width in heads],
            Column(f"Difference per {of:,} (95 % interval)", 2.3),
            Column(f"{'Helps' if declared else 'Fewer events'}, with one study left out", 1.5),
            Column("Certainty", 1.15),
        ],
        rows,
        f"All outcomes. {_whose(endpoints)} Differences in {of:,} patients at the control risk named; negative means "
        f"fewer events with {analysis.evidence.settings.treated_label}"
        + (", which is worse where more events are better." if any(e.better == "higher" for e in endpoints) else "."),
        "tbl-all",
    )


def _with_words(e: EndpointAnalysis, words: WithWords, declared: bool, drawn: bool, of: int) -> list[object]:
    """The row beneath an endpoint with figures in one study: with what the others say in words."""
    found = words.outcome
    assert found.odds_ratio is not None
    assert found.direction is not None
    _, nouns = kind_of_study(e.fit.evidence, words.told)
    return [
        f"{e.label}, with what the other {nouns} say in words",
        f"1, in words {len(words.told)}",
        interval(found.odds_ratio),
        *([""] if drawn else []),
        *_sides(found.direction, declared),
        _difference(words.baselines[0], of),
        "",
        "",
    ]


def _difference(at: RisksAt, of: int) -> str:
    return f"{points_interval(at.risk_difference, of)} at {at.baseline.percent:g} % ({at.baseline.label})"


def _whose(endpoints: Sequence[EndpointAnalysis]) -> str:
    kinds = {e.headline.kind for e in endpoints}
    if kinds == {"average"}:
        return "Each effect is the average over studies."
    if kinds == {"single study"}:
        return "Each effect is that of the one study with figures for both groups."
    return "With two or more studies the average effect, with one that study's own."


def _evidence(endpoint: EndpointAnalysis) -> str:
    studies = endpoint.headline.comparative
    evidence = endpoint.fit.evidence
    if len(studies) > _NAMED:
        return counted(len(studies), "study", "studies")
    return f"{len(studies)}: " + ", ".join(map(evidence.study_label, sorted(studies, key=evidence.studies.index)))


def _sides(sides: Direction, declared: bool) -> list[str]:
    if not declared:
        return [percent(sides.below)]
    if sides.benefit is None or sides.harm is None:
        return [f"fewer: {percent(sides.below)}", f"more: {percent(1 - sides.below)}"]
    return [percent(sides.benefit), percent(sides.harm)]


def leave_out_range(endpoint: EndpointAnalysis) -> str:
    """Range of the chance of benefit over the leave-one-out fits, and whether the direction reverses."""
    known = [p for o in left_out(endpoint) if (p := o.chance) is not None]
    if not known:
        return "one study only"
    low, high = percent(min(known)), percent(max(known))
    text = low if low == high else f"{low} to {high}"
    return f"{text}; direction reverses" if turns(endpoint) else text


ALL_ENDPOINTS = Section(
    anchor="all",
    title="All outcomes",
    level=1,
    text=_all,
    figures=(
        Figure(
            "coverage",
            plot_coverage,
            lambda _: "Who reports what. Only comparisons of two arms within one study enter the primary analysis.",
            describe_coverage,
            narrow=True,
        ),
    ),
)
