"""Other choices, one at a time: a cohort left out, other discounts, and every other group of alternatives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

from reanalysis.alternatives.choices import AVERAGING, MU_PRIOR, TAU_PRIOR
from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.summary import Summary
from reanalysis.estimands.words import decimal, interval, percent, ratio
from reanalysis.figures import leave_one_out, sensitivity
from reanalysis.figures.leave_one_out import GROUP as LEFT_OUT
from reanalysis.model.selection import select
from reanalysis.reporting.markdown import escape, slug
from reanalysis.reporting.movers import GROUPS
from reanalysis.reporting.section import Card, Figure, Has, Item, every
from reanalysis.reporting.sentences import name
from reanalysis.reporting.standards import BARG, PRISMA, ROBUST, ZAMPIERI
from reanalysis.reporting.table import Column, Table, columns

_DASH = "\N{EN DASH}"
_DENOMINATORS = "denominators"
_MOST_SIZES = 2
"""So many sizes of one arm have a row each, more have one together."""


def group_title(group: str) -> str:
    """Heading of a sensitivity group."""
    return GROUPS.get(group, (group, group))[0]


def choices_table(endpoint: EndpointAnalysis) -> Table:
    """The primary analysis, then every other choice; possible sizes of one arm, where they are many, in one row."""
    declared = endpoint.better is not None
    name = "P(benefit)" if declared else "P(fewer)"
    chance = endpoint.direction.benefit if declared else endpoint.direction.below
    primary = ["Primary analysis", "", interval(endpoint.odds_ratio), percent(chance), ""]
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
    outcomes = leave_one_out.in_order(endpoint) if group == LEFT_OUT else endpoint.sensitivity[group]
    others = [o for o in outcomes if not o.primary or o.study != endpoint.headline.study]
    for arm, same in groupby(others, lambda o: o.label.rpartition(": ")[0] if group == _DENOMINATORS else o.label):
        found = list(same)
        if len(found) > _MOST_SIZES:
            yield [group_title(group), f"{arm}: {len(found)} possible sizes", *_range(endpoint, found), ""]
        else:
            yield from ([group_title(group), one.label, *_result(endpoint, one)] for one in found)


def _range(endpoint: EndpointAnalysis, outcomes: list[Outcome]) -> tuple[str, str]:
    """Lowest and highest of the medians, and of the probabilities."""
    medians = sorted(o.odds_ratio.median for o in outcomes if o.odds_ratio)
    chances = sorted(chance for o in outcomes if (chance := _chance(endpoint, o)) is not None)
    if not medians:
        return "not defined", _DASH
    return f"{ratio(medians[0])} to {ratio(medians[-1])}", f"{percent(chances[0])} to {percent(chances[-1])}"


def _result(endpoint: EndpointAnalysis, outcome: Outcome) -> tuple[str, str, str]:
    chance = _chance(endpoint, outcome)
    if outcome.odds_ratio is None or chance is None:
        return outcome.note, _DASH, ""
    told = outcome.study != endpoint.headline.study or (outcome.group == AVERAGING and not outcome.primary)
    return interval(outcome.odds_ratio), percent(chance), outcome.note if told else ""


def _chance(endpoint: EndpointAnalysis, outcome: Outcome) -> float | None:
    return outcome.below if endpoint.better is None else outcome.benefit


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


LEAVE_ONE_OUT = Card(
    anchor="leave-one-out",
    title="Leaving out one cohort",
    text=lambda made, endpoint: made.figure("leave-one-out", endpoint),
    figures=(
        Figure(
            "leave-one-out",
            leave_one_out.plot_leave_one_out,
            lambda e: f"{e.label}: the average odds ratio with each cohort left out in turn.",
            leave_one_out.describe_leave_one_out,
            drawn=lambda e: len(e.headline.comparative) > 1,  # else nothing is left, as the text says
            narrow=True,
        ),
    ),
)


def _outcome(one: Outcome) -> dict[str, Any]:
    return {"group": one.group, "choice": one.label, "primary": one.primary} | one.as_dict()


def _drawn_here(endpoint: EndpointAnalysis) -> EndpointAnalysis:
    """Without what has a figure of its own."""
    shown = {group: found for group, found in endpoint.sensitivity.items() if group != LEFT_OUT}
    return replace(endpoint, sensitivity=shown)


def _tried(*names: str) -> Has:
    """Whether priors of these names, the first word of their labels, were tried."""

    def has(endpoint: EndpointAnalysis) -> bool:
        outcomes = [
            o for group in (MU_PRIOR, TAU_PRIOR) for o in endpoint.sensitivity.get(group, []) if o.log_odds_ratio
        ]
        return set(names) <= {outcome.label.partition(",")[0] for outcome in outcomes}

    return has


_TESTED = every(
    "no other priors", lambda e: sum(one.log_odds_ratio is not None for one in e.sensitivity.get(MU_PRIOR, [])) >= 2
)

ALTERNATIVES = Card(
    anchor="alternatives",
    title="Other choices",
    text=lambda made, e: [
        made.figure("sensitivity", e), choices_table(e), escape(unheard(e)) or None, heterogeneity_table(e)
    ],
    results=lambda e: {"sensitivity": [_outcome(one) for found in e.sensitivity.values() for one in found]},
    figures=(
        Figure(
            "sensitivity",
            lambda e, groups, narrow=False: sensitivity.plot_sensitivity(_drawn_here(e), groups=groups, narrow=narrow),
            lambda e: f"{e.label}: the odds ratio under other choices, one at a time.",
            lambda e, groups: sensitivity.describe_sensitivity(_drawn_here(e), groups),
            pages=lambda e: sensitivity.sensitivity_pages(_drawn_here(e)),
            narrow=True,
        ),
    ),
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
