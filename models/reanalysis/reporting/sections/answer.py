"""The answer on one page: the verdict, and of each outcome what patients would see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.risks import RisksAt
from reanalysis.evidence.reading.settings import ReportDetails
from reanalysis.figures import strip
from reanalysis.gates.convergence import monte_carlo
from reanalysis.reporting.markdown import Markdown, anchor, escape, render, slug
from reanalysis.reporting.outcomes import OutcomeRow, before_discounts, beliefs, outcome_rows
from reanalysis.reporting.section import Artefacts, Inline, Item, Section, every, stated
from reanalysis.reporting.sentences import patients_told
from reanalysis.reporting.standards import BARG, ZAMPIERI
from reanalysis.reporting.table import Table, columns
from reanalysis.reporting.unknown import shared_endpoints
from reanalysis.reporting.unmodelled import measured
from reanalysis.reporting.verdict import certainty_of, verdict

_ANSWER = """\
{% if byline %}
::: {.byline}
{{ byline }}
:::

{% endif %}
{% if question %}
**{{ question }}**
{% else %}
{{ shared }}
{% endif %}

# In short {#answer}

{% if failed %}
**A draft: {{ failed | length }} of {{ failed | length + endpoints | length }} endpoints have no result.**

{% for one in failed %}
- {{ one.label }}: {{ one.reason }}
{% endfor %}

{% endif %}
::: {.verdict}
{% for one in verdict %}
- **{{ one.lead }}** {{ one.text }}
{% endfor %}
:::

::: {.cards}
{{ table }}
:::

{% if beliefs %}
{{ beliefs }}

{% endif %}
{% if measured %}
{{ measured }}
{% endif %}
"""


def _answer(made: Artefacts, analysis: Analysis) -> Markdown:
    return render(
        _ANSWER,
        byline=_byline(analysis.evidence.settings.report),
        question=analysis.evidence.settings.question,
        shared=shared_endpoints(analysis),
        failed=analysis.failed,
        endpoints=analysis.endpoints,
        verdict=verdict(analysis),
        table=outcome_table(made),
        measured=measured(analysis.evidence),
        beliefs=beliefs(analysis.headlines),
    )


def _byline(made: ReportDetails) -> Markdown:
    """Who made the report, of what date its evidence is, and what readers must be told; only what is declared."""
    by = " ".join(part for part in (f"By {made.authors}" if made.authors else "", made.contact) if part)
    told = {
        "": by, "Evidence of": made.date, "Funding:": made.funding, "Conflicts of interest:": made.conflicts,
        "Protocol:": made.protocol, "Licence:": made.licence,
    }  # fmt: skip
    parts = [escape(f"{head} {text}".strip()) for head, text in told.items() if text]
    link = [f"[{escape(made.url)}]({made.url})"] if made.url else []
    return Markdown(" · ".join([*parts, *link]))


def outcome_table(made: Artefacts) -> Table:
    """Two rows an outcome: its numbers, and across the table the sentences beside them."""
    rows, of = outcome_rows(made.analysis), f"of {patients_told(made.analysis.headlines):,}"
    several = any(len(one.endpoint.headline.comparative) > 1 for one in rows)
    modelled = any(one.endpoint.baselines[0].baseline.label.startswith("modelled") for one in rows)
    discounted = any(before_discounts(one.endpoint) is not None for one in rows)
    return Table(
        [
            *columns(f"Outcome 1.3 | Evidence 1.1 | Without, {of} >0.8 | With, {of} >1.2"),
            *columns(f"Difference, {of} 1.5 | Odds ratio 1.5 | How likely 1.2"),
        ],
        [row for one in rows for row in _lines(made, one)],
        f"Without: published control rate{', of several the median' if several else ''}"
        + (" (modelled where none or all had the event)" if modelled else "")
        + ". Ranges: 95 % intervals. Published: rates without, with (odds ratio)."
        + (" Undiscounted: patients counted in full." if discounted else ""),
        "tbl-answer",
        sortable=False,
    )


def _lines(made: Artefacts, row: OutcomeRow) -> list[list[object]]:
    if row.words is not None:
        return [[row.label, *_cells(row, None)[1:]]]
    notes = Markdown(f"[{escape(' '.join(row.notes))}]{{.across}}")  # the filter across.lua lets it span the table
    return [_cells(row, made.figures.get(strip_name(row.endpoint.id))), [notes, *[""] * 6]]


def _cells(row: OutcomeRow, drawn: Markdown | None) -> list[object]:
    link = Markdown(f"[{escape(row.endpoint.label)}](#{anchor(row.endpoint.id)})")
    ratio = Markdown(f"{escape(row.odds_ratio)} {drawn}") if drawn else row.odds_ratio
    return [link, row.evidence, row.without, row.treated, row.difference, ratio, row.chances]


def strip_name(endpoint: str) -> str:
    """Name of an endpoint's drawn interval; of the scale that they share for an empty id."""
    return f"strip {endpoint}"


def _strips(analysis: Analysis) -> Iterator[Inline]:
    """The headline interval of each endpoint for a cell of a table, and the scale of them all."""
    limits, wide = strip.strip_limits(analysis.endpoints), strip.STRIP_WIDTH
    scale = strip.plot_strip_scale(limits)
    yield Inline(strip_name(""), "strip-scale", scale, strip.describe_strip_scale(limits), wide)
    for e in analysis.endpoints:
        drawn = strip.plot_strip(e, limits)
        yield Inline(strip_name(e.id), f"strip-{slug(e.id)}", drawn, strip.describe_strip(e), wide)


def _results(analysis: Analysis) -> dict[str, Any]:
    return {
        "coverage": analysis.ledger.as_dict()["coverage"],
        "verdict": [one.plain for one in verdict(analysis)],
        "endpoints": {
            e.id: {"headline": _headline(e), "alarms": e.alarms, "certainty": certainty_of(e).grade.as_dict()}
            | {"with_words": _with_words(e)}
            for e in analysis.endpoints
        },
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


def _with_words(e: EndpointAnalysis) -> dict[str, Any] | None:
    if (words := e.with_words) is None:
        return None
    found = words.outcome
    return {
        "scenario": found.label,
        "studies": found.studies,
        "told": words.told,
        "log_odds_ratio": found.log_odds_ratio,
        "odds_ratio": found.odds_ratio,
        "p_below_0": found.below,
        "p_benefit": found.benefit,
        "p_harm": None if found.direction is None else found.direction.harm,
        "baselines": [risks_at(at) for at in words.baselines],
    }


def risks_at(at: RisksAt) -> dict[str, Any]:
    """The risks at a control risk, for JSON."""
    risks = {"treated_risk": at.treated_risk, "risk_difference": at.risk_difference}
    return {"label": at.baseline.label, "control_risk": at.baseline.percent / 100} | risks


ANSWER = Section(
    anchor="answer",
    text=_answer,
    results=_results,
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
