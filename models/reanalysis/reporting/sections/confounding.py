"""What confounding would have to be to explain the results: E-values, and important effects as a function of bias."""

from __future__ import annotations

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.plan import Plan
from reanalysis.analysis.relevant import relevant
from reanalysis.analysis.task import Task
from reanalysis.decisions.confounding import Confounding, TippingBias, confounding_of
from reanalysis.estimands.words import percent, ratio, ratio_interval
from reanalysis.evidence.evidence import Evidence
from reanalysis.reporting.markdown import Markdown, render
from reanalysis.reporting.section import Artefacts, Blocks, Section
from reanalysis.reporting.table import Column, Table, columns
from reanalysis.reporting.wording import listed

_LEAD = Markdown("""\
An E-value is the risk ratio that something unmeasured would need with both the treatment and the outcome to explain a
result away: the larger, the more confounding it takes (VanderWeele and Ding 2017). A study's bias is what it observes
over what is true, as a factor.
""")

_NOTES = """\
{% for labels, note in notes %}
{{ labels }}: {{ note }}.
{% endfor %}
"""


def tasks(of: Plan | Analysis) -> tuple[Task[Confounding], ...]:
    """One an endpoint of the first page."""
    return tuple(
        Task("confounding", confounding_of, (relevant(of.evidence, e), e, of.spec), {"endpoint": e})
        for e in of.first_page
    )


def found(analysis: Analysis) -> dict[str, Confounding]:
    """What was worked out, by endpoint."""
    results = {task.about["endpoint"]: analysis.result(task) for task in tasks(analysis)}
    return {endpoint: one for endpoint, one in results.items() if one is not None}


def _text(_: Artefacts, analysis: Analysis) -> Blocks:
    each = found(analysis)
    if not each:
        return None
    return [_LEAD, e_value_table(analysis.evidence, each), share_table(analysis.evidence, each), _notes(analysis, each)]


def _notes(analysis: Analysis, each: dict[str, Confounding]) -> Markdown | None:
    by_note: dict[str, list[str]] = {}
    for endpoint, one in each.items():
        if one.note:
            by_note.setdefault(one.note, []).append(analysis.evidence.endpoint_label(endpoint))
    return render(_NOTES, notes=[(listed(labels), note) for note, labels in by_note.items()]) if by_note else None


def e_value_table(evidence: Evidence, each: dict[str, Confounding]) -> Table:
    """E-values of the result, of the end of its interval, and of each bias that would turn it."""
    rows = [
        [
            evidence.endpoint_label(endpoint),
            f"{ratio_interval(*one.risk_ratio)} at {100 * one.control.risk:.3g} %",
            ratio(one.e_value),
            ratio(one.e_value_interval),
            "; ".join(map(_tip, one.tipping)) or "not defined",
        ]
        for endpoint, one in each.items()
    ]
    return Table(
        columns(
            "Endpoint 1.2 | Risk ratio (95 %) at a control risk 1.6 | E-value >0.7 | Of the interval's end >0.8 | "
            "Bias that makes a side so likely, as a factor of the risk ratio (E-value) 3.4"
        ),
        rows,
        "E-values: of the risk ratio, of the end of its interval that is nearer to 1 (1 where the interval holds 1), "
        "and of the bias of every study at which an effect on either side would be so likely.",
        "tbl-e-values",
    )


def _tip(one: TippingBias) -> str:
    what = f"{one.side} {percent(one.probability)}"
    if one.bias is None:
        return f"{what} under no bias searched"
    way = "raised" if one.bias > 0 else "lowered"
    return f"{what} if {way} by {ratio(one.risk_ratio)} ({ratio(one.e_value)})"


def share_table(evidence: Evidence, each: dict[str, Confounding]) -> Table:
    """Share of cohorts like these with an important effect, by the bias of every study."""
    factors = sorted({share.odds_ratio for one in each.values() for share in one.shares})
    rows = []
    for endpoint, one in each.items():
        by_factor = {share.odds_ratio: share for share in one.shares}
        for word in ("fewer", "more"):
            cells = [percent(getattr(by_factor[f], word)) if f in by_factor else "" for f in factors]
            rows.append([evidence.endpoint_label(endpoint), f"at least {one.margin:g} {word}", *cells])
    return Table(
        [
            *columns("Endpoint 1.3 | In 100 patients 1.2"),
            *(Column(f"\N{MULTIPLICATION SIGN}{factor:.3g}", 0.6, "right") for factor in factors),
        ],
        rows,
        "Share of cohorts like these with an important effect, if bias multiplied every study's odds ratio by the "
        "factor above a column: beyond 1 the studies would overstate events with treatment.",
        "tbl-important-shares",
    )


CONFOUNDING: Section[Analysis] = Section(
    anchor="confounding",
    place="folded",
    title="What confounding would explain",
    text=_text,
    results=lambda a: {"confounding": {e: one.as_dict() for e, one in each.items()}} if (each := found(a)) else {},
    needs=tasks,
)
