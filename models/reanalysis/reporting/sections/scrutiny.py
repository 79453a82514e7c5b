"""What could overturn a headline: every combination of choices, tipping points, predictive checks and power scaling."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from reanalysis.alternatives.crossing import TippingPoint
from reanalysis.alternatives.multiverse.multiverse import Multiverse
from reanalysis.alternatives.multiverse.summary import summary
from reanalysis.alternatives.of_endpoint import Scrutiny
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.words import MINUS, decimal, percent, quantity_label
from reanalysis.evidence.evidence import Evidence
from reanalysis.figures import prior_sensitivity
from reanalysis.figures.specification_curve import describe_specification_curve, plot_specification_curve
from reanalysis.gates.result import CheckResult
from reanalysis.reporting.markdown import slug
from reanalysis.reporting.section import Artefacts, Blocks, Card, Figure, Has, Item, every
from reanalysis.reporting.standards import BARG, POWER_SCALING
from reanalysis.reporting.table import Column, Table, columns

_NOT_REACHED = "not reached"


def _part(name: str, of: Callable[[Scrutiny], object]) -> Callable[[EndpointAnalysis], dict[str, Any]]:
    """A part of ``scrutiny`` in results.json, which is null where an endpoint is not scrutinised."""

    def results(endpoint: EndpointAnalysis) -> dict[str, Any]:
        return {"scrutiny": None if endpoint.scrutiny is None else {name: of(endpoint.scrutiny)}}

    return results


# ---- every combination of choices -----------------------------------------------------------------------------------


def _multiverse(endpoint: EndpointAnalysis) -> Multiverse:
    assert endpoint.scrutiny is not None
    return endpoint.scrutiny.multiverse


def _caption(endpoint: EndpointAnalysis) -> str:
    found = _multiverse(endpoint)
    held = f" Held at the primary analysis here: {', '.join(found.held)}." if found.held else ""
    return (
        f"{endpoint.label}: the odds ratio of {len(found.table):,} specifications, in order, and the choices each made "
        f"beneath.{held}"
    )


MULTIVERSE = Card(
    anchor="multiverse",
    title="Every combination of choices",
    text=lambda made, endpoint: made.figure("specification-curve", endpoint),
    results=_part("multiverse", lambda found: summary(found.multiverse)),
    figures=(
        Figure(
            "specification-curve",
            lambda e: plot_specification_curve(_multiverse(e), e.fit.evidence),
            _caption,
            lambda e: describe_specification_curve(_multiverse(e), e.fit.evidence),
            drawn=lambda e: e.scrutiny is not None,
        ),
    ),
)

# ---- tipping points -------------------------------------------------------------------------------------------------


def tipping_table(label: str, endpoint: str, points: Sequence[TippingPoint]) -> Table:
    """One row an assumption: its value now, and where each probability crosses each threshold.

    Points of every assumption have the same crossings.
    """
    crossings = list(dict.fromkeys((p.event, p.threshold) for p in points))
    rows = []
    for assumption in dict.fromkeys(p.assumption for p in points):
        own = {(p.event, p.threshold): p for p in points if p.assumption == assumption}
        first = next(iter(own.values()))
        reached = [_signed(p.text) if p.value is not None else _NOT_REACHED for p in (own[c] for c in crossings)]
        now = "\N{EN DASH}" if first.now is None else _signed(f"{first.now:g}")
        searched = f"{_signed(f'{first.low:g}')} to {_signed(f'{first.high:g}')}"
        rows.append([f"{assumption}: {first.meaning}", now, searched, *reached])
    return Table(
        [
            *columns("Assumption 3.4 | Now 0.6 | Searched 0.9"),
            *[Column(f"P({event}) = {percent(threshold)}", 0.9) for event, threshold in crossings],
        ],
        rows,
        f"{label}: what would change the conclusion. The value of each assumption at which a probability "
        "crosses a threshold, nearest to the value now, all else as in the primary analysis.",
        f"tbl-tipping-{slug(endpoint)}",
        sortable=False,
    )


def _signed(number: str) -> str:
    """A number with a true minus sign."""
    return f"{MINUS}{number[1:]}" if number.startswith("-") else number


TIPPING_POINTS = Card(
    anchor="tipping",
    title="What would change the conclusion",
    text=lambda _, e: tipping_table(e.label, e.id, e.scrutiny.tipping) if e.scrutiny and e.scrutiny.tipping else None,
    results=_part("tipping_points", lambda found: found.tipping),
)

# ---- predictive checks ----------------------------------------------------------------------------------------------


def predictive_table(evidence: Evidence, endpoint: str, found: CheckResult) -> Table:
    """Mid-p value of each arm: before, with and without its own data."""
    names = {"control": evidence.settings.control_label, "treated": evidence.settings.treated_label}
    return Table(
        columns(
            "Arm 2.2 | Rate >0.8 | Given its study's other arm >1.2 | and all other studies >1.2 | and its own data >1"
        ),
        [
            [
                f"{evidence.study_label(str(row['study']))}, {names[str(row['arm'])]}",
                f"{row['rate']:.1f} %",
                *[_number(row[name]) for name in ("other_arm", "left_out", "in_sample")],
            ]
            for row in found.table.to_dict("records")
        ],
        f"{evidence.endpoint_label(endpoint)}: predictive check, mid-p value of each arm's count. Values near 0 or 1 "
        "mean that the model did not expect the count. The column with the arm's own data is flattering.",
        f"tbl-predictive-{slug(endpoint)}",
    )


def _computed(of: Callable[[Scrutiny], CheckResult]) -> Has:
    return lambda endpoint: endpoint.scrutiny is not None and len(of(endpoint.scrutiny).table) > 0


_CHECKED = every("none", _computed(lambda found: found.predictive), first_page=True)

PREDICTIVE_CHECKS = Card(
    anchor="predictive",
    title="Predictive checks",
    text=lambda _, e: predictive_table(e.fit.evidence, e.id, e.scrutiny.predictive) if e.scrutiny else None,
    results=_part("predictive_checks", lambda found: found.predictive.table),
    items=(
        Item(
            BARG, 5, "predictions of the prior against the data",
            "predictive check, each arm given its study's other arm", _CHECKED,
        ),
        Item(BARG, 8, "predictions of the posterior against the data", "predictive check", _CHECKED),
    ),
)  # fmt: skip

# ---- power scaling --------------------------------------------------------------------------------------------------


def power_table(evidence: Evidence, endpoint: str, found: CheckResult) -> Table:
    """Power-scaling sensitivity of each quantity to each prior and to the likelihood."""
    against = [str(c) for c in found.table.columns if c not in ("quantity", "study")]
    return Table(
        [Column("Quantity", 2.4), *[Column(name[:1].upper() + name[1:], 1, "right") for name in against]],
        [
            [
                quantity_label(evidence, str(row["quantity"]), str(row["study"] or "")),
                *[_number(row[c], 3) for c in against],
            ]
            for row in found.table.to_dict("records")
        ],
        f"{evidence.endpoint_label(endpoint)}: power-scaling sensitivity, the distance the posterior moves per "
        "doubling of the power of a prior or of the likelihood. Near 0 a quantity does not depend on it; 0.05 is the "
        "method's rule of thumb.",
        f"tbl-power-{slug(endpoint)}",
    )


def _power(made: Artefacts, e: EndpointAnalysis) -> Blocks:
    if e.scrutiny is None:
        return None
    return made.figure("prior-sensitivity", e), power_table(e.fit.evidence, e.id, e.scrutiny.power)


POWER = Card(
    anchor="power",
    title="Power scaling",
    text=_power,
    results=_part("power_scaling", lambda found: found.power.table.rename(columns=lambda c: c.replace(" ", "_"))),
    figures=(
        Figure(
            "prior-sensitivity",
            prior_sensitivity.plot_prior_sensitivity,
            lambda e: f"{e.label}: mean and SD with both priors, or the likelihood, raised to a power near 1.",
            prior_sensitivity.describe_prior_sensitivity,
            drawn=lambda e: e.scrutiny is not None,
        ),
    ),
    items=(
        Item(
            POWER_SCALING, 1, "sensitivity to prior and likelihood", "power-scaling table",
            every("none", _computed(lambda found: found.power), first_page=True),
        ),
    ),
)  # fmt: skip


def _number(value: object, digits: int = 2) -> str:
    number = float(str(value))
    return decimal(number, digits) if math.isfinite(number) else "\N{EN DASH}"
