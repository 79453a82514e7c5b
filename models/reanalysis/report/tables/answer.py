"""What is the answer, endpoint by endpoint, on one page?"""

from __future__ import annotations

from collections.abc import Iterable

from reanalysis.report.analysis import Analysis
from reanalysis.report.endpoint import EndpointAnalysis
from reanalysis.report.markdown import Column, Markdown, table
from reanalysis.report.numbers import interval, percent, points_interval


def answer_table(analysis: Analysis, endpoints: Iterable[EndpointAnalysis], label: str) -> Markdown:
    """One row an endpoint: evidence, effect, probabilities, risk, and what leaving out one study does."""
    declared = any(e.better for e in endpoints)
    rows = []
    for e in endpoints:
        at = e.baselines[0]
        sides = e.direction
        row = [e.label, str(len(e.headline.comparative)), interval(e.odds_ratio)]
        row += [percent(sides.benefit), percent(sides.harm)] if declared else [percent(sides.below)]
        row += [
            f"{points_interval(at.risk_difference)} at {at.baseline.percent:g} %",
            leave_out_range(e),
        ]
        rows.append(row)
    side_columns = (
        [Column("P(benefit)", 0.8, "right"), Column("P(harm)", 0.75, "right")]
        if declared
        else [Column("P(fewer)", 0.8, "right")]
    )
    side = "benefit" if declared else "fewer events"
    return table(
        [
            Column("Endpoint", 1.7),
            Column("Cohorts", 0.75, "right"),
            Column("Odds ratio (95 % interval)", 1.8),
            *side_columns,
            Column("Risk difference per 100 (95 % interval)", 2.2),
            Column(f"P({side}) with one cohort left out", 1.4),
        ],
        rows,
        "The answer by endpoint. With two or more comparative cohorts the average effect, with one that cohort's own; "
        "risk differences at the named control risk; negative means fewer events with "
        f"{analysis.evidence.settings.treated_label}.",
        label,
    )


def leave_out_range(endpoint: EndpointAnalysis) -> str:
    """Range of the probability of benefit over the leave-one-out fits."""
    values = [
        o.benefit if o.benefit is not None else o.below
        for o in endpoint.sensitivity.get("leave one out", [])
        if not o.scenario.primary and o.summary is not None
    ]
    known = [v for v in values if v is not None]
    if not known:
        return "not defined"
    if len(known) == 1:
        return percent(known[0])
    return f"{percent(min(known))} to {percent(max(known))}"
