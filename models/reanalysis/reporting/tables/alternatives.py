"""How do other choices change an endpoint?"""

from __future__ import annotations

import math

from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.words import percent, ratio_interval
from reanalysis.figures.leave_one_out import GROUP as LEAVE_ONE_OUT
from reanalysis.figures.leave_one_out import in_order
from reanalysis.reporting.markdown import Column, Markdown, table
from reanalysis.reporting.slug import slug

_GROUP_TITLES = {
    "leave one out": "Leaving out one study",
    "discounts": "Discounts for design (rho) and for weighting (k)",
    "effective size": "Effective-size factor k of the weighted arms",
    "pooling": "Pooling",
    "readings": "Readings of contradictory prints",
    "denominators": "Denominators that are not printed",
    "route": "Weighted rates or adjusted ratios",
    "mu prior": "Prior of the average effect",
    "tau prior": "Prior of the heterogeneity",
    "baselines": "Prior of the baselines",
}


def group_title(group: str) -> str:
    """Heading of a sensitivity group."""
    return _GROUP_TITLES.get(group, group)


def sensitivity_table(endpoint: EndpointAnalysis, group: str) -> Markdown:
    """Outcomes of one group of alternatives."""
    outcomes = in_order(endpoint) if group == LEAVE_ONE_OUT else endpoint.sensitivity[group]
    declared = endpoint.better is not None
    rows = [_outcome_row(o, declared) for o in outcomes]
    return table(
        [
            Column("Choice", 2.6),
            Column("Studies", 0.6, "right"),
            Column("Odds ratio (95 % interval)", 1.6),
            Column("P(benefit)" if declared else "P(fewer)", 0.8, "right"),
            Column("Whose effect", 1.4),
        ],
        rows,
        f"{endpoint.label}: {group_title(group).lower()}. The primary analysis is marked *.",
        f"tbl-{slug(group)}-{slug(endpoint.id)}",
    )


def _outcome_row(outcome: Outcome, declared: bool) -> list[str]:
    mark = "* " if outcome.primary else ""
    if outcome.log_odds_ratio is None:
        return [mark + outcome.label, str(len(outcome.studies)), outcome.note, "\N{EN DASH}", ""]
    s = outcome.log_odds_ratio
    return [
        mark + outcome.label,
        str(len(outcome.studies)),
        ratio_interval(math.exp(s.median), math.exp(s.lower), math.exp(s.upper)),
        percent(outcome.benefit if declared else outcome.below),
        outcome.note,
    ]
