"""What would change the conclusion, does the model fit the print, and do priors drive it?"""

from __future__ import annotations

import math

from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.words import decimal, quantity_label
from reanalysis.reporting.markdown import Column, Markdown, table
from reanalysis.reporting.slug import slug

_NOT_REACHED = "not reached"


def tipping_table(endpoint: EndpointAnalysis) -> Markdown | None:
    """One row an assumption: its value now, and where each probability crosses each threshold."""
    if endpoint.scrutiny is None or not endpoint.scrutiny.tipping:
        return None
    points = endpoint.scrutiny.tipping
    crossings = list(dict.fromkeys((p.event, p.threshold) for p in points))
    rows = []
    for assumption in dict.fromkeys(p.assumption for p in points):
        own = {(p.event, p.threshold): p for p in points if p.assumption == assumption}
        first = next(iter(own.values()))
        reached = [p.text if p.value is not None else _NOT_REACHED for p in (own[c] for c in crossings)]
        now = "\N{EN DASH}" if first.now is None else f"{first.now:g}"
        rows.append([f"{assumption}: {first.meaning}", now, f"{first.low:g} to {first.high:g}", *reached])
    return table(
        [
            Column("Assumption", 3.4),
            Column("Now", 0.6),
            Column("Searched", 0.9),
            *[Column(f"P({event}) = {threshold:g}", 0.9) for event, threshold in crossings],
        ],
        rows,
        f"{endpoint.label}: what would change the conclusion. The value of each assumption at which a probability "
        "crosses a threshold, nearest to the value now, all else as in the primary analysis.",
        f"tbl-tipping-{slug(endpoint.id)}",
    )


def predictive_table(endpoint: EndpointAnalysis) -> Markdown | None:
    """Mid-p value of each arm: before, with and without its own data."""
    if endpoint.scrutiny is None:
        return None
    evidence, found = endpoint.fit.evidence, endpoint.scrutiny.predictive.table
    names = {"control": evidence.settings.control_label, "treated": evidence.settings.treated_label}
    rows = [
        [
            f"{evidence.study_label(str(row['study']))}, {names[str(row['arm'])]}",
            f"{row['rate']:.1f} %",
            *[_number(row[name]) for name in ("other_arm", "left_out", "in_sample")],
        ]
        for row in found.to_dict("records")
    ]
    return table(
        [
            Column("Arm", 2.2),
            Column("Rate", 0.8, "right"),
            Column("Given its study's other arm", 1.2, "right"),
            Column("and all other studies", 1.2, "right"),
            Column("and its own data", 1, "right"),
        ],
        rows,
        f"{endpoint.label}: predictive check, mid-p value of each arm's count. Values near 0 or 1 mean that the model "
        "did not expect the count. The column with the arm's own data is flattering.",
        f"tbl-predictive-{slug(endpoint.id)}",
    )


def power_table(endpoint: EndpointAnalysis) -> Markdown | None:
    """Power-scaling sensitivity of each quantity to each prior and to the likelihood."""
    if endpoint.scrutiny is None:
        return None
    evidence, found = endpoint.fit.evidence, endpoint.scrutiny.power.table
    against = [str(c) for c in found.columns if c not in ("quantity", "study")]
    rows = [
        [
            quantity_label(evidence, str(row["quantity"]), str(row["study"] or "")),
            *[_number(row[c], 3) for c in against],
        ]
        for row in found.to_dict("records")
    ]
    return table(
        [Column("Quantity", 2.4), *[Column(name[:1].upper() + name[1:], 1, "right") for name in against]],
        rows,
        f"{endpoint.label}: power-scaling sensitivity, the distance the posterior moves per doubling of the power of a "
        "prior or of the likelihood. Near 0 a quantity does not depend on it; 0.05 is the method's rule of thumb.",
        f"tbl-power-{slug(endpoint.id)}",
    )


def _number(value: object, digits: int = 2) -> str:
    number = float(str(value))
    return decimal(number, digits) if math.isfinite(number) else "\N{EN DASH}"
