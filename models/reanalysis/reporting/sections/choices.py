"""Other choices, one at a time: a cohort left out, other discounts, then every group of alternatives."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.axes import Axes

from reanalysis.alternatives.choices import MU_PRIOR, TAU_PRIOR
from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.summary import Summary
from reanalysis.estimands.words import decimal, percent, ratio_interval
from reanalysis.figures.leave_one_out import GROUP as LEFT_OUT
from reanalysis.figures.leave_one_out import describe_leave_one_out, in_order, plot_leave_one_out
from reanalysis.figures.sensitivity import describe_sensitivity, plot_sensitivity, sensitivity_pages
from reanalysis.reporting.markdown import Markdown, anchor, escape, slug
from reanalysis.reporting.section import Artefacts, Blocks, Figure, Has, Item, Section, every
from reanalysis.reporting.standards import BARG, ROBUST, ZAMPIERI
from reanalysis.reporting.table import Column, Table, columns

_DISCOUNTS = "discounts"
_TITLES = {
    LEFT_OUT: "Leaving out one study",
    _DISCOUNTS: "Discounts for design (rho) and for weighting (k)",
    "effective size": "Effective-size factor k of the weighted arms",
    "pooling": "Pooling",
    "readings": "Readings of contradictory reports",
    "denominators": "Denominators that are not reported",
    "route": "Weighted rates or adjusted ratios",
    MU_PRIOR: "Prior of the average effect",
    TAU_PRIOR: "Prior of the heterogeneity",
    "baselines": "Prior of the baselines",
}


def group_title(group: str) -> str:
    """Heading of a sensitivity group."""
    return _TITLES.get(group, group)


def sensitivity_table(endpoint: EndpointAnalysis, group: str) -> Table:
    """Outcomes of one group of alternatives."""
    outcomes = in_order(endpoint) if group == LEFT_OUT else endpoint.sensitivity[group]
    declared = endpoint.better is not None
    return Table(
        [
            *columns("Choice 2.6 | Studies >0.6 | Odds ratio (95 % interval) 1.6"),
            Column("P(benefit)" if declared else "P(fewer)", 0.8, "right"),
            Column("Whose effect", 1.4),
        ],
        [_outcome_row(o, declared) for o in outcomes],
        f"{endpoint.label}: {group_title(group).lower()}. The primary analysis is marked *.",
        f"tbl-{slug(group)}-{slug(endpoint.id)}",
    )


def _outcome_row(outcome: Outcome, declared: bool) -> list[str]:
    choice = ("* " if outcome.primary else "") + outcome.label
    if outcome.log_odds_ratio is None:
        return [choice, str(len(outcome.studies)), outcome.note, "\N{EN DASH}", ""]
    s = outcome.log_odds_ratio
    shown = ratio_interval(math.exp(s.median), math.exp(s.lower), math.exp(s.upper))
    chance = percent(outcome.benefit if declared else outcome.below)
    return [choice, str(len(outcome.studies)), shown, chance, outcome.note]


def heterogeneity_table(endpoint: EndpointAnalysis) -> Table:
    """Tau against its prior."""

    def row(name: str, found: Summary) -> list[str]:
        return [name, decimal(found.median), f"{decimal(found.lower)} to {decimal(found.upper)}"]

    count = len(endpoint.fit.posterior.data.names)
    return Table(
        columns("tau 1 | Median >1 | 95 % interval 1.5"),
        [row("Prior", endpoint.tau_prior), row("Posterior", endpoint.tau)],
        f"{endpoint.label}: heterogeneity, the SD of study effects on the log odds scale. "
        + ("One study says next to nothing about it." if count == 1 else f"It is learnt from {count} studies."),
        f"tbl-tau-{slug(endpoint.id)}",
    )


# ---- on the card of an endpoint -------------------------------------------------------------------------------------


def _several(endpoint: EndpointAnalysis) -> bool:
    """Whether anything is left once a study is left out; the text says where it is not."""
    return len(endpoint.headline.comparative) > 1


def _left_out(made: Artefacts, endpoint: EndpointAnalysis) -> Blocks:
    if not _several(endpoint):
        return None
    return made.figure("leave-one-out", endpoint), sensitivity_table(endpoint, LEFT_OUT)


LEAVE_ONE_OUT = Section(
    anchor="leave-one-out",
    text=_left_out,
    figures=(
        Figure(
            "leave-one-out",
            plot_leave_one_out,
            lambda e: f"{e.label}: the average odds ratio with each cohort left out in turn.",
            describe_leave_one_out,
            drawn=_several,
        ),
    ),
)


DISCOUNTS: Section[EndpointAnalysis] = Section(
    anchor="discounts", text=lambda _, endpoint: sensitivity_table(endpoint, _DISCOUNTS)
)

# ---- the chapter ----------------------------------------------------------------------------------------------------

_OPENING = Markdown(
    "Each row changes one choice of the primary analysis and nothing else. All of them are computed by quadrature."
)


def _chapter(made: Artefacts, analysis: Analysis) -> Blocks:
    return [_OPENING, *(block for endpoint in analysis.endpoints for block in _of_endpoint(made, endpoint))]


def _of_endpoint(made: Artefacts, endpoint: EndpointAnalysis) -> Iterator[Markdown | Table]:
    yield Markdown(f"## Other choices: {escape(endpoint.label)} {{#{anchor(endpoint.id)}-alternatives}}")
    yield made.figure("sensitivity", endpoint)
    yield heterogeneity_table(endpoint)
    for group in endpoint.sensitivity:
        if group not in (LEFT_OUT, _DISCOUNTS):
            yield sensitivity_table(endpoint, group)


def _results(analysis: Analysis) -> dict[str, Any]:
    return {
        "endpoints": {
            e.id: {"sensitivity": [_outcome(one) for found in e.sensitivity.values() for one in found]}
            for e in analysis.endpoints
        }
    }


def _outcome(one: Outcome) -> dict[str, Any]:
    return {"group": one.group, "choice": one.label, "primary": one.primary} | one.as_dict()


def _sensitivity(endpoint: EndpointAnalysis, groups: Sequence[str]) -> Axes:
    return plot_sensitivity(endpoint, groups=groups)


_SENSITIVITY: Figure[EndpointAnalysis] = Figure(
    "sensitivity",
    _sensitivity,
    lambda e: f"{e.label}: the odds ratio under other choices, one at a time.",
    describe_sensitivity,
    pages=sensitivity_pages,
)


def _tried(*names: str) -> Has:
    """Whether priors of these names, the first word of their labels, were tried."""

    def has(endpoint: EndpointAnalysis) -> bool:
        outcomes = [
            o for group in (MU_PRIOR, TAU_PRIOR) for o in endpoint.sensitivity.get(group, []) if o.log_odds_ratio
        ]
        return set(names) <= {outcome.label.partition(",")[0] for outcome in outcomes}

    return has


def _others(endpoint: EndpointAnalysis) -> bool:
    return sum(outcome.log_odds_ratio is not None for outcome in endpoint.sensitivity.get(MU_PRIOR, [])) >= 2


_TESTED = every("no other priors", _others)

ALTERNATIVES = Section(
    anchor="alternatives",
    title="Other choices",
    level=1,
    text=_chapter,
    results=_results,
    of_endpoint=(_SENSITIVITY,),
    items=(
        Item(BARG, 9, "sensitivity to the prior", "other priors", _TESTED),
        Item(ROBUST, 2, "the prior is tested by others", "other priors", _TESTED),
        Item(
            ZAMPIERI, 1, "sceptical and vague priors beside the primary one", "other priors",
            every("not computed", _tried("sceptical", "vague")),
        ),
        Item(
            ZAMPIERI, 2, "optimistic and pessimistic priors", "other priors",
            every("no good side is declared", _tried("optimistic", "pessimistic")),
        ),
    ),
)  # fmt: skip
