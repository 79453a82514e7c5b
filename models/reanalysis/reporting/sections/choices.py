"""Other choices, one at a time: a cohort left out, other discounts, and every other group of alternatives."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from matplotlib.axes import Axes

from reanalysis.alternatives.choices import AVERAGING, INFORMED, MU_PRIOR, TAU_PRIOR, WORDS
from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.summary import Summary
from reanalysis.estimands.words import decimal, percent, ratio, ratio_interval
from reanalysis.figures.leave_one_out import GROUP as LEFT_OUT
from reanalysis.figures.leave_one_out import describe_leave_one_out, in_order, plot_leave_one_out
from reanalysis.figures.sensitivity import describe_sensitivity, plot_sensitivity, sensitivity_pages
from reanalysis.model.selection import select
from reanalysis.reporting.markdown import escape, slug
from reanalysis.reporting.section import Figure, Has, Item, Section, every
from reanalysis.reporting.sentences import name
from reanalysis.reporting.standards import BARG, PRISMA, ROBUST, ZAMPIERI
from reanalysis.reporting.table import Column, Table, columns

_DASH = "\N{EN DASH}"
_DENOMINATORS = "denominators"
_MOST_SIZES = 2
"""So many sizes of one arm have a row each, more have one together."""
_TITLES = {
    LEFT_OUT: "Leaving out one study",
    "discounts": "Discounts for design (rho) and for weighting (k)",
    "effective size": "Effective-size factor k of the weighted arms",
    "pooling": "Pooling",
    "readings": "Readings of contradictory reports",
    _DENOMINATORS: "Denominators that are not reported",
    "route": "Weighted rates or adjusted ratios",
    MU_PRIOR: "Prior of the average effect",
    TAU_PRIOR: "Prior of the heterogeneity",
    INFORMED: "Priors taken from other reviews",
    "baselines": "Prior of the baselines",
    AVERAGING: "Models without an effect or without heterogeneity",
    WORDS: "What cohorts without figures say in words",
}


def group_title(group: str) -> str:
    """Heading of a sensitivity group."""
    return _TITLES.get(group, group)


def choices_table(endpoint: EndpointAnalysis) -> Table:
    """The primary analysis, then every other choice; possible sizes of one arm, where they are many, in one row."""
    declared = endpoint.better is not None
    name = "P(benefit)" if declared else "P(fewer)"
    chance = endpoint.direction.benefit if declared else endpoint.direction.below
    primary = ["Primary analysis", "", _odds_ratio(endpoint.log_odds_ratio), percent(chance), ""]
    return Table(
        [
            *columns("Changed 1.9 | To 2.4 | Odds ratio (95 % interval) 1.6"),
            Column(name, 0.9, "right"),
            Column("Whose effect, if another's; no effect", 1.4),
        ],
        [primary, *(row for group in endpoint.sensitivity for row in _rows(endpoint, group))],
        f"{endpoint.label}: one choice changed at a time, all else as in the primary analysis.",
        f"tbl-choices-{slug(endpoint.id)}",
    )


def _rows(endpoint: EndpointAnalysis, group: str) -> Iterator[list[str]]:
    """Other choices of a group; its primary level only where that is about another effect than the headline."""
    outcomes = in_order(endpoint) if group == LEFT_OUT else endpoint.sensitivity[group]
    others = [o for o in outcomes if not o.primary or o.study != endpoint.headline.study]
    for arm, same in groupby(others, lambda o: o.label.rpartition(": ")[0] if group == _DENOMINATORS else o.label):
        found = list(same)
        if len(found) > _MOST_SIZES:
            yield [group_title(group), f"{arm}: {len(found)} possible sizes", *_range(endpoint, found), ""]
        else:
            yield from ([group_title(group), one.label, *_result(endpoint, one)] for one in found)


def _range(endpoint: EndpointAnalysis, outcomes: list[Outcome]) -> tuple[str, str]:
    """Lowest and highest of the medians, and of the probabilities."""
    medians = sorted(math.exp(o.log_odds_ratio.median) for o in outcomes if o.log_odds_ratio)
    chances = sorted(chance for o in outcomes if (chance := _chance(endpoint, o)) is not None)
    if not medians:
        return "not defined", _DASH
    return f"{ratio(medians[0])} to {ratio(medians[-1])}", f"{percent(chances[0])} to {percent(chances[-1])}"


def _result(endpoint: EndpointAnalysis, outcome: Outcome) -> tuple[str, str, str]:
    chance = _chance(endpoint, outcome)
    if outcome.log_odds_ratio is None or chance is None:
        return outcome.note, _DASH, ""
    told = outcome.study != endpoint.headline.study or (outcome.group == AVERAGING and not outcome.primary)
    whose = outcome.note if told else ""
    return _odds_ratio(outcome.log_odds_ratio), percent(chance), whose


def _chance(endpoint: EndpointAnalysis, outcome: Outcome) -> float | None:
    return outcome.below if endpoint.better is None else outcome.benefit


def _odds_ratio(found: Summary) -> str:
    return ratio_interval(math.exp(found.median), math.exp(found.lower), math.exp(found.upper))


def unheard(endpoint: EndpointAnalysis) -> str:
    """Studies told in words whose words cannot be weighed, and why; empty where there is none."""
    evidence = endpoint.fit.evidence
    found = select(evidence, replace(endpoint.fit.spec, words=True), endpoint.id).unheard
    if not found:
        return ""
    told = "; ".join(f"{evidence.study_label(study)} ({why})" for study, why in found)
    return f"What is said in words of {name(endpoint)} cannot be weighed of {told}."


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


LEAVE_ONE_OUT = Section(
    anchor="leave-one-out",
    place="folded",
    title="Leaving out one cohort",
    level=3,
    text=lambda made, endpoint: made.figure("leave-one-out", endpoint),
    figures=(
        Figure(
            "leave-one-out",
            plot_leave_one_out,
            lambda e: f"{e.label}: the average odds ratio with each cohort left out in turn.",
            describe_leave_one_out,
            drawn=_several,
            narrow=True,
        ),
    ),
)

# ---- every other choice ---------------------------------------------------------------------------------------------


def _results(endpoint: EndpointAnalysis) -> dict[str, Any]:
    return {"sensitivity": [_outcome(one) for found in endpoint.sensitivity.values() for one in found]}


def _outcome(one: Outcome) -> dict[str, Any]:
    return {"group": one.group, "choice": one.label, "primary": one.primary} | one.as_dict()


def _drawn_here(endpoint: EndpointAnalysis) -> EndpointAnalysis:
    """Without what has a figure of its own."""
    shown = {group: found for group, found in endpoint.sensitivity.items() if group != LEFT_OUT}
    return replace(endpoint, sensitivity=shown)


def _sensitivity(endpoint: EndpointAnalysis, groups: Sequence[str], narrow: bool = False) -> Axes:
    return plot_sensitivity(_drawn_here(endpoint), groups=groups, narrow=narrow)


_SENSITIVITY: Figure[EndpointAnalysis] = Figure(
    "sensitivity",
    _sensitivity,
    lambda e: f"{e.label}: the odds ratio under other choices, one at a time.",
    lambda e, groups: describe_sensitivity(_drawn_here(e), groups),
    pages=lambda e: sensitivity_pages(_drawn_here(e)),
    narrow=True,
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
    place="folded",
    title="Other choices",
    level=3,
    text=lambda made, e: [
        made.figure("sensitivity", e), choices_table(e), escape(unheard(e)) or None, heterogeneity_table(e)
    ],
    results=_results,
    figures=(_SENSITIVITY,),
    items=(
        Item(BARG, 12, "sensitivity to the prior", "other priors", _TESTED),
        Item(PRISMA, 6, "13f: sensitivity analyses", "other choices", _TESTED),
        Item(ROBUST, 3, "the prior is tested by others", "other priors", _TESTED),
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
