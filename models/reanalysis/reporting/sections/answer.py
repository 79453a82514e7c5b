"""The answer on one page, and the table of all endpoints behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.axes import Axes

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.words import counted, interval, percent, points_interval
from reanalysis.figures.coverage import describe_coverage, plot_coverage
from reanalysis.figures.strip import (
    STRIP_WIDTH,
    describe_strip,
    describe_strip_scale,
    plot_strip,
    plot_strip_scale,
    strip_limits,
)
from reanalysis.gates.convergence import monte_carlo
from reanalysis.reporting.markdown import Markdown, render, slug
from reanalysis.reporting.section import Artefacts, Blocks, Figure, Inline, Item, Section, every, stated
from reanalysis.reporting.sentences import deciding_in_short, headline_sentences, left_out, not_known, turns
from reanalysis.reporting.standards import BARG, ZAMPIERI
from reanalysis.reporting.table import Column, Table, columns

_NAMED = 3
"""Up to so many cohorts are named in a cell, more are counted."""

_ANSWER = """\
{% if question %}
**Question.** {{ question }}

{% endif %}
# The answer {#answer}

{% if failed %}
**A draft: {{ failed | length }} of {{ failed | length + endpoints | length }} endpoints have no result.**

{% for one in failed %}
- {{ one.label }}: {{ one.reason }}
{% endfor %}

{% endif %}
{{ answer[0] }}

{{ coverage }}

{{ table }}

{% for sentence in answer[1:] %}
- {{ sentence }}
{% endfor %}

{% if deciding %}
**Priors that move these results.** {% if declared %}P(benefit){% else %}P(fewer){% endif %} over other choices
of a prior: {% for label, priors in deciding %}{{ label }}: {{ priors }}{{ "." if loop.last else " — " }}{% endfor %}


{% endif %}
{% if not_known %}
**What is not known.**

{% for sentence in not_known %}
- {{ sentence }}
{% endfor %}
{% endif %}
"""


def _answer(made: Artefacts, analysis: Analysis) -> Markdown:
    return render(
        _ANSWER,
        question=analysis.evidence.settings.question,
        failed=analysis.failed,
        endpoints=analysis.endpoints,
        answer=headline_sentences(analysis),
        coverage=made.figure("coverage"),
        table=answer_table(made, analysis.headlines, "tbl-answer"),
        deciding=[(e.label, found) for e in analysis.headlines if (found := deciding_in_short(e))],
        declared=any(e.better for e in analysis.endpoints),
        not_known=not_known(analysis),
    )


def _all(made: Artefacts, analysis: Analysis) -> Blocks:
    others = [e for e in analysis.endpoints if e not in analysis.headlines]
    return [made.figure("coverage-all"), answer_table(made, others, "tbl-others") if others else None]


def answer_table(made: Artefacts, endpoints: Sequence[EndpointAnalysis], label: str) -> Table:
    """One row an endpoint: evidence, effect, probabilities, risk, and what leaving out one study does.

    The drawn intervals have a column where they were drawn.
    """
    analysis = made.analysis
    declared = any(e.better for e in endpoints)
    scale = made.figure(_strip(""))
    rows = []
    for e in endpoints:
        at = e.baselines[0]
        rows.append(
            [
                e.label,
                _evidence(e),
                interval(e.odds_ratio),
                *([made.figures[_strip(e.id)]] if scale else []),
                *_chances(e, declared),
                f"{points_interval(at.risk_difference)} at {at.baseline.percent:g} % ({at.baseline.label})",
                leave_out_range(e),
            ]
        )
    side = "benefit" if declared else "fewer events"
    chances = [("P(benefit)", 0.95), ("P(harm)", 0.8)] if declared else [("P(fewer)", 0.9)]
    return Table(
        [
            *columns("Endpoint 1.5 | Compared in 1.35 | Odds ratio (95 % interval) 1.65"),
            *([Column(scale, 1.95)] if scale else []),
            *[Column(name, width, "right") for name, width in chances],
            Column("Difference per 100 (95 % interval)", 2.45),
            Column(f"P({side}) without one cohort", 1.65),
        ],
        rows,
        f"The answer{'' if label == 'tbl-answer' else ', other endpoints'}. {_whose(endpoints)} Differences in 100 "
        "patients at the control risk named; negative means fewer events with "
        f"{analysis.evidence.settings.treated_label}.",
        label,
    )


def _whose(endpoints: Sequence[EndpointAnalysis]) -> str:
    kinds = {e.headline.kind for e in endpoints}
    if kinds == {"average"}:
        return "Each effect is the average over cohorts."
    if kinds == {"single study"}:
        return "Each effect is that of the one cohort compared."
    return "With two or more cohorts compared the average effect, with one that cohort's own."


def _evidence(endpoint: EndpointAnalysis) -> str:
    studies = endpoint.headline.comparative
    if len(studies) > _NAMED:
        return counted(len(studies), "cohort")
    evidence = endpoint.fit.evidence
    ordered = sorted(studies, key=evidence.studies.index)
    return f"{len(studies)}: " + ", ".join(evidence.study_label(s) for s in ordered)


def _chances(endpoint: EndpointAnalysis, declared: bool) -> list[str]:
    sides = endpoint.direction
    if not declared:
        return [percent(sides.below)]
    if sides.benefit is None or sides.harm is None:
        return [f"fewer: {percent(sides.below)}", f"more: {percent(1 - sides.below)}"]
    return [percent(sides.benefit), percent(sides.harm)]


def leave_out_range(endpoint: EndpointAnalysis) -> str:
    """Range of the probability of benefit over the leave-one-out fits, and whether the direction turns."""
    known = [p for o in left_out(endpoint) if (p := o.benefit if o.benefit is not None else o.below) is not None]
    if not known:
        return "not defined"
    low, high = percent(min(known)), percent(max(known))
    text = low if low == high else f"{low} to {high}"
    return f"{text}; direction changes" if turns(endpoint) else text


def _strip(endpoint: str) -> str:
    """Name of an endpoint's drawn interval; of the scale that they share for an empty id."""
    return f"strip {endpoint}"


def _strips(analysis: Analysis) -> Iterator[Inline]:
    """The headline interval of each endpoint for a cell of a table, and the scale of them all."""
    limits = strip_limits(analysis.endpoints)
    yield Inline(_strip(""), "strip-scale", plot_strip_scale(limits), describe_strip_scale(limits), STRIP_WIDTH)
    for e in analysis.endpoints:
        yield Inline(_strip(e.id), f"strip-{slug(e.id)}", plot_strip(e, limits), describe_strip(e), STRIP_WIDTH)


def _first_page_coverage(analysis: Analysis) -> Axes:
    return plot_coverage(analysis, endpoints=[e.id for e in analysis.headlines])


def _results(analysis: Analysis) -> dict[str, Any]:
    return {
        "coverage": analysis.ledger.as_dict()["coverage"],
        "endpoints": {e.id: {"headline": _headline(e), "alarms": e.alarms} for e in analysis.endpoints},
    }


def _headline(e: EndpointAnalysis) -> dict[str, Any]:
    return {
        "kind": e.headline.kind,
        "study": e.headline.study,
        "comparative_studies": e.headline.comparative,
        "log_odds_ratio": e.log_odds_ratio,
        "odds_ratio": e.odds_ratio,
        "p_below_0": e.direction.below,
        "p_benefit": e.direction.benefit,
        "p_harm": e.direction.harm,
        "monte_carlo": monte_carlo(e.headline.log_odds_ratio),
    }


ANSWER = Section(
    anchor="answer",
    text=_answer,
    results=_results,
    figures=(
        Figure(
            "coverage",
            _first_page_coverage,
            lambda _: "Who reports what. Only comparisons of two arms within one study enter the primary analysis.",
            describe_coverage,
        ),
    ),
    inline=_strips,
    items=(
        Item(
            BARG, 1, "the question and why the evidence is modelled", "question",
            stated(lambda a: a.evidence.settings.question, "analysis.toml states no question"),
        ),
        Item(
            ZAMPIERI, 3, "probabilities of an effect in either direction", "the answer",
            every("no probability", lambda e: e.direction.below is not None),
        ),
    ),
)  # fmt: skip

ALL_ENDPOINTS = Section(
    anchor="all",
    title="All endpoints",
    level=1,
    text=_all,
    figures=(
        Figure(
            "coverage-all",
            plot_coverage,
            lambda _: "Who reports what, every endpoint that more than one study or arm reports.",
            describe_coverage,
            drawn=lambda analysis: len(analysis.headlines) < len(analysis.coverage.columns),
        ),
    ),
)
