"""What the audit found, which findings matter, and what the authors should be asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reanalysis.alternatives.influence import Influence
from reanalysis.alternatives.questions import Question
from reanalysis.analysis.analysis import Analysis
from reanalysis.decisions.effects import OWN_CONTROLS, EndpointEffect, scenarios
from reanalysis.decisions.trade_offs import request
from reanalysis.decisions.worth_of_answers import Worth, worth_of_answers
from reanalysis.estimands.words import decimal, percent, ratio
from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.reporting.markdown import Markdown
from reanalysis.reporting.section import Artefacts, Blocks, Item, Section, stated
from reanalysis.reporting.sections.choices import group_title
from reanalysis.reporting.standards import GRIM
from reanalysis.reporting.table import Column, Table, columns
from reanalysis.reporting.wording import capital

_DEDUCED = ("denominator", "subgroups", "weighted-rate")
"""Kinds of finding that deduce a figure."""
_MOST_SHOWN = 16


def ledger_table(evidence: Evidence, findings: Iterable[Finding]) -> Table:
    """Findings of the audit above info."""
    return Table(
        columns("Severity 0.7 | Where 1.4 | Finding 3 | What the report allows 1.8 | Used as 1.2"),
        [
            [f.severity, _where(evidence, f), f.message, "; ".join(f.feasible), f.used_as]
            for f in findings
            if f.severity != "info"
        ],
        "What the audit found in the reported figures.",
        "tbl-ledger",
    )


def _where(evidence: Evidence, finding: Finding) -> str:
    names = (
        evidence.study_label(finding.study) if finding.study else "",
        finding.arm,
        evidence.endpoint_label(finding.endpoint) if finding.endpoint else "",
    )
    return " / ".join(name for name in names if name)


def deduction_table(analysis: Analysis) -> Table:
    """Denominators and subgroup counts that the reports allow, from the audit."""
    rows = [
        [
            _where(analysis.evidence, f),
            f.message,
            "; ".join(f.feasible[:_MOST_SHOWN]) + ("; \N{HORIZONTAL ELLIPSIS}" * (len(f.feasible) > _MOST_SHOWN)),
            f.used_as,
        ]
        for f in analysis.ledger.findings
        if f.kind in _DEDUCED and (f.endpoint in analysis.modelled or not f.endpoint)
    ]
    return Table(
        columns("Where 1.3 | Finding 2.4 | What the report allows 3 | Used as 1.2"),
        rows,
        "What was deduced from the reports: counts, denominators and sums.",
        "tbl-deductions",
    )


LEDGER: Section[Analysis] = Section(
    anchor="ledger",
    title="What was found in the publications",
    level=1,
    text=lambda _, analysis: ledger_table(analysis.evidence, analysis.ledger.findings)
    or Markdown("The audit of the published figures raised no error and no warning."),
    items=(
        Item(
            GRIM, 1, "reported percentages and counts recomputed", "ledger",
            stated(lambda a: a.ledger.findings, "the audit found nothing to recompute"),
        ),
    ),
)  # fmt: skip

DEDUCTIONS: Section[Analysis] = Section(
    anchor="deductions",
    place="folded",
    title="What was deduced from the publications",
    text=lambda _, analysis: (
        deduction_table(analysis) or Markdown("Every count that is analysed is published; nothing had to be deduced.")
    ),
)

# ---- which findings matter ------------------------------------------------------------------------------------------

_INFLUENCE = Markdown("""\
Each finding that leaves more than one possibility open was refitted under each of them by quadrature. The shift is
the largest change of the probability, in percentage points.
""")


def influence_table(evidence: Evidence, influences: Sequence[Influence]) -> Table:
    """How far each finding with alternatives moves each endpoint, largest first."""
    declared = any(i.primary.benefit is not None for i in influences)
    name = "chance of benefit" if declared else "chance of fewer events"
    return Table(
        [
            *columns("Finding 1.5 | Endpoint 1.3 | Alternative 2.2 | Odds ratio 1.1"),
            Column(capital(name), 1),
            *columns("As analysed >0.8 | Shift, points >0.7"),
        ],
        [[group_title(i.kind), evidence.endpoint_label(i.endpoint), *_influence_cells(i)] for i in influences],
        f"Which findings matter: median odds ratio and {name} under each alternative, largest shift first."
        + (" Where no good side is declared, the chance of fewer events." if declared else ""),
        "tbl-influence",
    )


def _influence_cells(i: Influence) -> list[str]:
    if not i.alternatives:
        return [f"{i.left} alternatives, not fitted to bound the time", "", "", "", ""]
    (low, high), chances, fitted = i.odds_ratios, i.probabilities, len(i.alternatives)
    named = f"{fitted} of {fitted + i.left} alternatives" if i.left else f"{fitted} alternatives"
    one = fitted == 1
    return [
        i.alternatives[0].label if one else named,
        ratio(low) if one else f"{ratio(low)} to {ratio(high)}",
        percent(chances[0]) if one else f"{percent(chances[0])} to {percent(chances[1])}",
        percent(i.primary.benefit if i.primary.benefit is not None else i.primary.below),
        f"{100 * i.shift:.1f}",
    ]


INFLUENCE: Section[Analysis] = Section(
    anchor="influence",
    place="folded",
    title="Which findings matter",
    text=lambda _, a: [_INFLUENCE, influence_table(a.evidence, found)] if (found := a.weighed.influences) else None,
    items=(
        Item(
            GRIM, 2, "what the findings move", "influence",
            stated(lambda a: a.weighed.influences, "no finding leaves more than one possibility open"),
        ),
    ),
)  # fmt: skip

# ---- questions to the authors ---------------------------------------------------------------------------------------


_WORTH = Markdown("""\
What an answer is worth is what one would gain by deciding with it, on the declared weights and at the control risks of
these studies: weighted events avoided per 100 patients of whom it is decided. It is 0 where no possible answer changes
the decision. *At most*: the answers cannot be listed, and knowing the effects in question for certain would be worth so
much.
""")


def _questions(_: Artefacts, analysis: Analysis) -> Blocks:
    found = analysis.weighed.questions
    if not found:
        return None
    worth = _worth(analysis)
    ordered = [one.question for one in worth] or found
    return [_WORTH if worth else None, question_table(analysis.evidence, ordered, worth)]


def _worth(analysis: Analysis) -> list[Worth]:
    """What the answers are worth; nothing where no usable weights are declared."""
    try:
        trade_offs = request(analysis.evidence).trade_offs
    except InvalidInput:
        return []
    fits = {e.id: e.fit for e in analysis.endpoints}
    if not trade_offs or not all(one.endpoint in fits for one in trade_offs):
        return []
    weighed = {one.endpoint: fits[one.endpoint] for one in trade_offs}
    effects = {e: EndpointEffect(fit.evidence, fit.posterior, fit.selection.observations) for e, fit in weighed.items()}
    return worth_of_answers(analysis.weighed.questions, effects, trade_offs, scenarios(effects)[OWN_CONTROLS])


def question_table(evidence: Evidence, questions: Sequence[Question], worth: Sequence[Worth] = ()) -> Table:
    """Questions to the authors in their order, with what their answers are worth where that is known of each."""
    declared = any(endpoint.better for endpoint in evidence.settings.endpoints.values())
    what = "benefit" if declared else "fewer events"
    told = [[f"{'at most ' * (one.bound and one.value > 0)}{decimal(100 * one.value)}"] for one in worth]
    return Table(
        [
            *columns("Study 1 | Question 5"),
            *([Column("Worth of an answer, per 100 patients", 1.2, "right")] if worth else []),
            Column(f"Largest change in the chance of {what}, percentage points", 1.3, "right"),
        ],
        [
            [
                evidence.study_label(q.study) if q.study else "all",
                q.text,
                *own,
                "not known" if q.shift is None else f"{100 * q.shift:.1f}",
            ]
            for q, own in zip(questions, told or [[]] * len(questions), strict=True)
        ],
        "Questions to the authors: the figure that would settle each finding, "
        + ("what an answer is worth, " if worth else "")
        + "and how far it could move an endpoint.",
        "tbl-questions",
    )


QUESTIONS = Section(
    anchor="questions",
    place="folded",
    title="Questions to the authors",
    text=_questions,
    results=lambda a: {"questions": [one.as_dict() for one in _worth(a) or a.weighed.questions]},
)
