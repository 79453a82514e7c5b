"""Benefits against harms at the declared weights, and at the reader's own where the page can compute."""

from __future__ import annotations

from typing import Any

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.plan import Plan
from reanalysis.analysis.relevant import relevant
from reanalysis.analysis.task import Task
from reanalysis.decisions.benefit_risk import CONVENTION, CORRELATIONS
from reanalysis.decisions.trade_offs import request
from reanalysis.decisions.uncertain_risks import UNCERTAIN
from reanalysis.decisions.weighed_benefits import FROM, STEP, WeighedBenefits, weighed_benefits
from reanalysis.estimands.words import decimal, percent
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.reporting.explorer import script_data
from reanalysis.reporting.markdown import block, render
from reanalysis.reporting.section import Artefacts, Blocks, Section
from reanalysis.reporting.table import Table, columns

_DIGITS = 8

_LEAD = """\
{{ convention }}

{% for one in weights %}
- {{ one }}
{% endfor %}

{% if weights | length > 1 %}
How the effects of the outcomes go together is not known from separate figures: beside independence stand correlations
of {{ correlations }} between every two of them.
{% endif %}
"""

_SHARE = """\
If only the signs of the weights are kept, and all their sizes are as likely, {{ treated }} is better on average at
{{ shares }} of them.
"""


def tasks(of: Plan | Analysis) -> tuple[Task[WeighedBenefits], ...]:
    """What weighs benefits against harms, where weights are declared that can be used."""
    if not of.modelled or not of.evidence.settings.weights or _refused(of.evidence):
        return ()
    weighed = request(of.evidence).trade_offs
    parts = tuple(relevant(of.evidence, one.endpoint) for one in weighed)
    return (Task("weighing", weighed_benefits, (parts, weighed, of.spec)),)


def _refused(evidence: Evidence) -> str:
    """Why the declared weights cannot be used; empty where they can, or where none is declared."""
    try:
        if evidence.settings.weights:
            request(evidence)
    except InvalidInput as error:
        return "; ".join(map(str, error.problems))
    return ""


def weighed(analysis: Analysis) -> WeighedBenefits | None:
    """Benefits against harms; None where no weights are declared that can be used."""
    return next((analysis.result(task) for task in tasks(analysis)), None)


def _text(_: Artefacts, analysis: Analysis) -> Blocks:
    if refused := _refused(analysis.evidence):
        return render("Benefits and harms are not weighed: {{ why }}.", why=refused)
    found = weighed(analysis)
    if found is None:
        return None
    label = analysis.evidence.endpoint_label
    shares = [f"{percent(one['share_better'])} ({baseline})" for baseline, one in found.acceptability.items()]
    share = render(_SHARE, treated=analysis.evidence.settings.treated_label, shares=", ".join(shares))
    lead = render(
        _LEAD,
        convention=CONVENTION,
        weights=[f"{label(one.endpoint)}, weight {decimal(one.weight, 2)}: {one.reason}" for one in found.trade_offs],
        correlations=" and ".join(f"{r:g}" for r in CORRELATIONS if r),
    )
    return [
        lead,
        net_benefit_table(found),
        block("weights", [script_data("weights", page_data(analysis, found))]),
        trade_off_table(found),
        share if len(found.trade_offs) > 1 else None,
    ]


def net_benefit_table(found: WeighedBenefits) -> Table:
    """Net benefit at each set of control risks, under each correlation."""
    rows = []
    for baseline, told in found.net_benefit.items():
        for correlation, one in told["by_correlation"].items():
            median, lower, upper, mean = (decimal(100 * one[name], 1) for name in ("median", "lower", "upper", "mean"))
            better = percent(one["probability_better"], 1)
            rows.append([baseline, correlation, f"{median} ({lower} to {upper})", mean, better])
    return Table(
        columns("Control risks 1.6 | Correlation >0.8 | Net benefit per 100 (95 %) >1.5 | Mean >0.7 | Better >0.7"),
        rows,
        "Net benefit of treatment: weighted events avoided per 100 patients at the declared weights, and the "
        f"probability that treatment is better; a {UNCERTAIN} is averaged over, as that of a new control arm.",
        "tbl-net-benefit",
    )


def trade_off_table(found: WeighedBenefits) -> Table | None:
    """How much of the worst harm buys a good outcome, at the first control risks; None with one endpoint."""
    first = next(iter(found.net_benefit))
    lines: dict[str, list[dict[str, Any]]] = {}
    for point in found.trade_off_lines:
        if point["baseline"] == first:
            lines.setdefault(point["wording"], []).append(point)
    if not lines:
        return None
    levels = [percent(point["probability"]) for point in next(iter(lines.values()))]
    rows = [
        [wording, *(point["text"] for point in points), percent(points[0]["probability_at_any"])]
        for wording, points in lines.items()
    ]
    heads = " | ".join(f"{level} 1" for level in levels)
    return Table(
        columns(f"What is accepted for what 2.4 | {heads} | However many 0.8"),
        rows,
        "Trade-offs: the number that has to be accepted for treatment to be better with each probability, two outcomes "
        f"at a time, with the control risks of the first rows ({first}); and that probability however many are.",
        "tbl-trade-offs",
    )


def page_data(analysis: Analysis, found: WeighedBenefits) -> dict[str, Any]:
    """What the script of the page reads: weights, effects, control risks."""
    weighed = [one.endpoint for one in found.trade_offs]
    return {
        "treated": analysis.evidence.settings.treated_label,
        "from": FROM,
        "step": STEP,
        "correlations": list(CORRELATIONS),
        "endpoints": [
            {
                "label": analysis.evidence.endpoint_label(one.endpoint),
                "weight": one.weight,
                "nodes": [float(f"{x:.{_DIGITS}g}") for x in found.effects[one.endpoint]],
            }
            for one in found.trade_offs
        ],
        "baselines": [
            {"label": label, "risks": [told["control_risks"][endpoint]["risk"] for endpoint in weighed]}
            for label, told in found.net_benefit.items()
            if label != UNCERTAIN  # the script takes each control risk as known
        ],
    }


BENEFIT_RISK: Section[Analysis] = Section(
    anchor="benefit-risk",
    place="folded",
    title="Benefits against harms",
    text=_text,
    results=lambda a: {} if (found := weighed(a)) is None else {"benefit_risk": found.as_dict()},
    needs=tasks,
)
