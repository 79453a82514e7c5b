"""The contents of a report: its sections in order, and what follows from them."""

from __future__ import annotations

from typing import Any

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.analysis.plan import Plan
from reanalysis.analysis.task import Task
from reanalysis.reporting.section import Figure, Section
from reanalysis.reporting.sections import (
    answer,
    averaging,
    benefit_risk,
    certainty,
    changes,
    choices,
    cohorts,
    confounding,
    diagnostics,
    effects,
    endpoints,
    findings,
    models,
    moderators,
    new_population,
    next_trial,
    overview,
    provenance,
    scrutiny,
    validation,
)
from reanalysis.reporting.standards import declared

CARD: tuple[Section[EndpointAnalysis], ...] = (
    effects.FOREST,
    effects.RISKS,
    effects.STUDIES,
    effects.RISK_OF_BIAS,
    effects.PATIENTS,
    new_population.NEW_POPULATION,
    choices.LEAVE_ONE_OUT,
    choices.ALTERNATIVES,
    effects.PRIOR_POSTERIOR,
    moderators.MODERATORS,
    scrutiny.MULTIVERSE,
    models.MODELS,
    averaging.AVERAGED,
    scrutiny.TIPPING_POINTS,
    scrutiny.PREDICTIVE_CHECKS,
    scrutiny.POWER,
)
"""Sections of each endpoint."""

FRONT: tuple[Section[Analysis], ...] = (answer.ANSWER, cohorts.COHORTS, cohorts.FIRST_LIMITS)
"""The first page."""

_BODY: tuple[Section[Analysis], ...] = (
    overview.UNKNOWN,
    cohorts.LIMITS,
    cohorts.FACTS,
    cohorts.READING,
    overview.ALL_ENDPOINTS,
    changes.CHANGES,
    endpoints.chapter(CARD),
    findings.LEDGER,
    findings.INFLUENCE,
    findings.QUESTIONS,
    findings.DEDUCTIONS,
    certainty.CERTAINTY,
    benefit_risk.BENEFIT_RISK,
    confounding.CONFOUNDING,
    next_trial.NEXT_TRIAL,
    models.METHODS,
    provenance.REASONS,
    models.FAMILY,
    diagnostics.CHECKS,
    diagnostics.DIAGNOSTICS,
    provenance.ABOUT,
    provenance.FILES,
    provenance.EVIDENCE,
    provenance.CONTEXT,
    provenance.REPRODUCE,
    validation.CALIBRATION,
    validation.VALIDATION,
)

ITEMS = declared((*FRONT, *_BODY), CARD)
"""Items of the reporting standards that sections declare."""

_BEFORE = _BODY.index(provenance.REPRODUCE)
BODY = (*_BODY[:_BEFORE], provenance.standards(ITEMS), *_BODY[_BEFORE:])
"""What follows the first page."""

OF_REPORT: tuple[Figure[Analysis], ...] = tuple(f for section in (*FRONT, *BODY) for f in section.figures)
"""Figures of the whole analysis."""

OF_ENDPOINT: tuple[Figure[EndpointAnalysis], ...] = (
    *(f for section in CARD for f in section.figures),
    *(f for section in (*FRONT, *BODY) for f in section.of_endpoint),
)
"""Figures of each endpoint."""


def tasks(plan: Plan) -> tuple[Task[Any], ...]:
    """Tasks that some section needs, each once: a build runs them beside those of the endpoints."""
    sections: tuple[Section[Any], ...] = (*FRONT, *BODY, *CARD)
    return tuple(dict.fromkeys(task for section in sections for task in section.needs(plan)))
