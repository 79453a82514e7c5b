"""What does each model of the family say of an endpoint?"""

from __future__ import annotations

import math

from reanalysis.alternatives.all_models import NOT_SAMPLED
from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.words import counted, percent, ratio_interval
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.family import EFFECT_MODELS, FAMILIES
from reanalysis.reporting.markdown import Column, Markdown, table
from reanalysis.reporting.slug import slug

_NOTHING = "\N{EN DASH}"
_MOST_NAMED = 4
_NOT_FITTED = "not fitted in this build; reanalysis report --all-models adds it"
_ENGINES = {"quadrature": "quadrature", "nuts": "NUTS"}


def model_table(endpoint: EndpointAnalysis) -> Markdown | None:
    """One row a model: what fitted it, the cohorts that enter, the effect, and its gates or why there is none."""
    if not endpoint.models:
        return None
    declared = endpoint.better is not None
    probabilities = ("P(benefit)", "P(harm)") if declared else ("P(fewer)",)
    return table(
        [
            Column("Model", 2.3),
            Column("Fitted by", 1.1),
            Column("Cohorts", 1.6),
            Column("Odds ratio (95 % interval)", 2.0),
            *[Column(name, 1.0, "right") for name in probabilities],
            Column("Gates, or why there is no result", 1.8),
        ],
        [_row(endpoint, one, declared) for one in endpoint.models],
        f"{endpoint.label}: what each model says of the headline effect, at its default settings. {_same()}",
        f"tbl-models-{slug(endpoint.id)}",
    )


def _row(endpoint: EndpointAnalysis, one: Outcome, declared: bool) -> list[str]:
    evidence, primary = endpoint.fit.evidence, endpoint.fit.posterior.data.names
    mark = "* " if one.model == endpoint.fit.spec.model else ""
    model = f"{mark}{one.model}: {FAMILIES[one.model].short}"
    found, direction = one.log_odds_ratio, one.direction
    if found is None or direction is None:
        fitted = _NOTHING if one.note == NOT_SAMPLED else _ENGINES[one.engine]
        nothing = [_NOTHING] * (3 if declared else 2)
        return [model, fitted, _cohorts(evidence, one.studies, primary), *nothing, _why(one)]
    sides = (direction.benefit, direction.harm) if declared else (direction.below,)
    return [
        model,
        _ENGINES[one.engine],
        _cohorts(evidence, one.studies, primary),
        ratio_interval(math.exp(found.median), math.exp(found.lower), math.exp(found.upper)),
        *[percent(side) for side in sides],
        _gates(one),
    ]


def _cohorts(evidence: Evidence, studies: tuple[str, ...], primary: tuple[str, ...]) -> str:
    """Names of a few, the number of many; those that the primary model does not have are told apart."""
    own, added = ([s for s in studies if (s in primary) is known] for known in (True, False))
    told = _few(evidence, own) or _NOTHING
    return f"{told}; added: {_few(evidence, added)}" if added else told


def _few(evidence: Evidence, studies: list[str]) -> str:
    if len(studies) > _MOST_NAMED:
        return counted(len(studies), "cohort")
    return ", ".join(evidence.study_label(study) for study in studies)


def _why(one: Outcome) -> str:
    return _NOT_FITTED if one.note == NOT_SAMPLED else one.note


def _gates(one: Outcome) -> str:
    if one.failed:
        return f"failed: {', '.join(gate.name for gate in one.failed)}"
    return "passed" if one.gates else _NOTHING


def _same() -> str:
    """What all rows have in common, and who leaves it."""
    own_rho = " and ".join(name for name in EFFECT_MODELS if not FAMILIES[name].rho)
    return (
        f"The primary model is marked *; its priors and discounts stay, but {own_rho} replace rho by their own. "
        "arm-beta-binomial breaks the pairing: it compares treated arms with the controls of all cohorts. What "
        "quadrature fitted was not sampled here and has no gates."
    )
