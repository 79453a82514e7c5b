"""The effect as risks in a new population, whose control risk is uncertain."""

from __future__ import annotations

from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.uncertain_control import UncertainControl, at_uncertain_control, control_rate
from reanalysis.estimands.words import counted, interval, points_interval, risk
from reanalysis.model.selection import NothingLeft
from reanalysis.reporting.markdown import Markdown, escape, slug
from reanalysis.reporting.section import Artefacts, Blocks, Card
from reanalysis.reporting.table import Table, columns

_DASH = "\N{EN DASH}"
_MATTERS = 1.1
"""How much wider, or narrower, an uncertain control risk makes the interval of the risk difference where it matters."""


def in_new_population(endpoint: EndpointAnalysis) -> UncertainControl | None:
    """The headline averaged over the control rate of a new population; None where no control arm says what it is."""
    evidence = endpoint.fit.evidence
    try:
        control = control_rate(evidence, endpoint.id)
    except NothingLeft:
        return None
    return at_uncertain_control(endpoint.headline.log_odds_ratio, control, evidence.endpoint(endpoint.id))


def _text(_: Artefacts, endpoint: EndpointAnalysis) -> Blocks:
    found = in_new_population(endpoint)
    if found is None or 1 / _MATTERS < found.widened < _MATTERS:
        return None
    return [Markdown(escape(_said(endpoint, found))), population_table(endpoint, found)]


def _said(endpoint: EndpointAnalysis, found: UncertainControl) -> str:
    label = endpoint.fit.evidence.settings.control_label
    one = len(found.studies) == 1
    says = "one control arm says" if one else f"{counted(len(found.studies), 'control arm')} say"
    few = " One study says little of the next, so that most of this is the prior." if one else ""
    return (
        f"What {says} of the risk of a new population with {label}, the MAP prior, is {found.control_text}.{few} The "
        "second row is averaged over it, for such a population; all other risks of this report hold where the control "
        "risk is the one named. The odds ratio, and the probability of either direction, are the same in both."
    )


def population_table(endpoint: EndpointAnalysis, found: UncertainControl) -> Table:
    """The risk difference where the control risk is known, and averaged over what it may be."""
    of = found.of
    median, lower, upper = (risk(getattr(found.treated_risk, end)) for end in ("median", "lower", "upper"))
    treated, difference = f"{median} ({lower} to {upper})", points_interval(found.risk_difference, of)
    rows = [
        [f"known to be {risk(found.control_risk.median)}", _DASH, points_interval(found.at_median, of), _DASH],
        [f"uncertain, {found.control_text}", treated, difference, interval(found.risk_ratio)],
    ]
    return Table(
        columns(f"Control risk 2 | Treated risk 1.6 | Risk difference per {of:,} 1.6 | Risk ratio 1.4"),
        rows,
        f"{endpoint.label}: what an uncertain control risk adds. Medians and 95 % intervals.",
        f"tbl-new-population-{slug(endpoint.id)}",
    )


NEW_POPULATION = Card(
    anchor="new-population",
    title="Where the control risk is uncertain",
    text=_text,
    results=lambda endpoint: {"new_population": in_new_population(endpoint)},
)
