"""How certain each result is, and the judgements of bias behind it: the steps of GRADE, and ROBINS-I by domain."""

from __future__ import annotations

from functools import partial

from reanalysis.analysis.analysis import Analysis
from reanalysis.decisions.grade import NOT_DECLARED
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.risk_of_bias import DOMAINS
from reanalysis.reporting.section import Artefacts, Item, Section, some
from reanalysis.reporting.standards import GRADE, ROBINS
from reanalysis.reporting.table import Table, columns
from reanalysis.reporting.verdict import certainty_of

_DASH = "\N{EN DASH}"
_LONG = 100
"""Characters of a reason that is not told twice."""


def grade_table(analysis: Analysis) -> Table:
    """Each step that leads to the level of an endpoint; a long reason once, then the endpoint it stands with."""
    rows, first = [], dict[str, str]()
    for e in analysis.endpoints:
        for step in certainty_of(e).grade.steps:
            stands_with = first.setdefault(step.reason, e.label)
            again = stands_with != e.label and len(step.reason) > _LONG
            why = f"as for {stands_with}" if again else step.reason
            rows.append([e.label, step.domain, step.judgement, str(step.down) if step.down else _DASH, step.level, why])
    return Table(
        columns("Endpoint 1.3 | Domain 1 | Judgement 1 | Lowers by >0.6 | Level 0.8 | Why 3"),
        rows,
        "Certainty by GRADE: where each endpoint starts and what lowers it. Nothing raises it.",
        "tbl-certainty",
    )


def bias_table(evidence: Evidence) -> Table:
    """Every judgement of risk_of_bias.csv."""
    return Table(
        columns("Study 1.1 | Endpoint 1.1 | Domain 1.1 | Judgement 0.9 | Why 3.4"),
        [
            [
                evidence.study_label(row.study),
                evidence.endpoint_label(row.endpoint) if row.endpoint else "every endpoint",
                row.domain,
                f"{row.judgement}, {row.direction}" if row.direction else row.judgement,
                row.reason,
            ]
            for row in evidence.risk_of_bias
        ],
        "Risk of bias by the seven domains of ROBINS-I.",
        "tbl-bias",
    )


def _graded(domain: str, made: Artefacts) -> str:
    """Of which endpoints a domain is not judged."""
    without = [e.label for e in made.analysis.endpoints if domain in certainty_of(e).grade.missing]
    return f"{NOT_DECLARED} for {some(without)}" if without else ""


def _judged(domain: str, made: Artefacts) -> str:
    """Which compared studies are not judged in a domain of bias, or judged without information."""
    evidence = made.analysis.evidence
    found: dict[str, set[str]] = {}
    for row in evidence.risk_of_bias:
        if row.domain == domain:
            found.setdefault(row.study, set()).add(row.judgement)
    compared = {study for e in made.analysis.endpoints for study in e.headline.comparative}
    among = [study for study in evidence.studies if study in compared]
    lacking = {
        "not judged for": [evidence.study_label(study) for study in among if study not in found],
        "no information on": [evidence.study_label(s) for s in among if found.get(s) == {"no information"}],
    }
    return "; ".join(f"{what} {some(names)}" for what, names in lacking.items() if names)


_DOMAINS = {one: one for one in ("risk of bias", "inconsistency", "indirectness", "imprecision")}
_DOMAINS["reporting"] = "reporting (publication) bias"


CERTAINTY: Section[Analysis] = Section(
    anchor="certainty",
    place="folded",
    title="Certainty and risk of bias",
    text=lambda _, analysis: (grade_table(analysis), bias_table(analysis.evidence)),
    items=(
        *(
            Item(GRADE, number, f"{name}, judged for each result", "certainty", partial(_graded, domain))
            for number, (domain, name) in enumerate(_DOMAINS.items(), 1)
        ),
        *(
            Item(ROBINS, number, f"{domain} judged for each study compared", "risk of bias", partial(_judged, domain))
            for number, domain in enumerate(DOMAINS, 1)
        ),
    ),
)  # fmt: skip
