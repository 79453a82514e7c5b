"""Why an analysis is as it is: every prior, discount, size, margin, weight and control risk with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from reanalysis.evidence.coverage import cell_report
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.risk_of_bias import JUDGEMENTS
from reanalysis.evidence.reading.settings import Design, Endpoint
from reanalysis.evidence.reading.table import grouped

_PRIORS = {
    "mu": "prior of the average effect (mu)",
    "tau": "prior of the heterogeneity (tau)",
    "baseline": "prior of the baselines",
    "moderator": "prior of the slopes of moderators",
    "anchor": "what the prior of the baselines is on",
}
_USUAL_MARGINS = "not declared: 5 and 10, or a quarter and half of the mean rate of all arms where that is less"


@dataclass(frozen=True)
class Reasoned:
    """One setting of analysis.toml with its reason."""

    kind: str
    """``prior``, ``rho``, ``k``, ``size``, ``words``, ``bias``, ``margin``, ``weight``, ``next trial`` or ``control
    risk``."""
    setting: str
    value: str
    """What is set, for readers, and what it is set to."""
    reason: str
    """Why, empty where none is given."""
    source: str = ""
    """Key in sources.toml, for figures from elsewhere."""


def reasons(evidence: Evidence) -> tuple[Reasoned, ...]:
    """Every setting that decides a number and its reason, in the order of analysis.toml.

    Discounts of design classes that no study has, and settings of endpoints that no row has, are left out.
    """
    return (
        *_priors(evidence),
        *_discounts(evidence),
        *_sizes(evidence),
        *_words(evidence),
        *_bias(evidence),
        *_of_endpoints(evidence),
    )


def _priors(evidence: Evidence) -> Iterator[Reasoned]:
    texts, why = evidence.settings.priors, evidence.settings.reasons.priors
    for name, setting in _PRIORS.items():
        if name == "moderator" and not evidence.moderators:
            continue
        yield Reasoned("prior", setting, getattr(texts, name), why.get(name, ""))  # type: ignore[call-overload]
    for one in evidence.settings.informed.values():
        yield Reasoned("prior", f"other priors, {one.label}", f"mu {one.mu}, tau {one.tau}", one.reason, one.source)


def _discounts(evidence: Evidence) -> Iterator[Reasoned]:
    settings = evidence.settings
    used = {evidence.study(study).design for study in evidence.studies} | (
        {"external"} if evidence.benchmarks else set()
    )
    for design in get_args(Design):
        if design in used:
            value = f"{getattr(settings.rho, design):g}"
            yield Reasoned("rho", f"rho, {design}", value, settings.reasons.rho.get(design, ""))
    for study in evidence.studies:
        one = evidence.study(study)
        if one.k is not None:
            yield Reasoned("k", f"k, {evidence.study_label(study)}", f"{one.k:g}", one.k_reason)


def _sizes(evidence: Evidence) -> Iterator[Reasoned]:
    for study in evidence.studies:
        for arm, size in evidence.study(study).denominator.items():
            weights = [f"{n} ({weight:g})" for n, weight in size.weight.items()]
            bound = [f"at most {size.bound}"] if size.bound is not None else []
            setting = f"size not printed, {evidence.study_label(study)}, {arm}"
            yield Reasoned("size", setting, "; ".join(bound + weights), size.reason)


def _words(evidence: Evidence) -> Iterator[Reasoned]:
    """Where a study without figures of both arms is told in words."""
    said = {(row.study, row.endpoint) for row in evidence.contrasts if row.claim}
    cells = (cell_report(evidence, *where) for where in said)
    if any(cell.kind != "comparison" and cell.without_figures for cell in cells):
        words = evidence.settings.words
        value = (
            f"no difference: p above {words.alpha:g}; similar: within {words.points:g} points; "
            f"baseline {words.baseline}, or a benchmark with weight {words.benchmark_weight:g}"
        )
        yield Reasoned("words", "what words without figures say", value, words.reason)


def _bias(evidence: Evidence) -> Iterator[Reasoned]:
    """What a judgement of risk of bias may add to a log odds ratio."""
    if (sizes := evidence.settings.bias) is not None:
        value = ", ".join(f"{judgement} {sizes.of(judgement):g}" for judgement in JUDGEMENTS)
        yield Reasoned("bias", "bias of a domain in log odds, by its judgement", value, sizes.reason)


def _of_endpoints(evidence: Evidence) -> Iterator[Reasoned]:
    settings = evidence.settings
    outcomes = [e for e in evidence.endpoints if evidence.endpoint(e).kind == "outcome"]

    def margin(endpoint: str) -> tuple[str, str]:
        one = evidence.endpoint(endpoint)
        value = f"{', '.join(f'{m:g}' for m in one.margins)} points; trivial within {one.rope:g}"
        if "margins" not in settings.endpoints.get(endpoint, Endpoint()).model_fields_set:
            value += f" ({_USUAL_MARGINS})"
        return value, one.margins_reason or settings.reasons.margins

    for (value, reason), same in grouped(outcomes, margin).items():
        labels = "every outcome" if len(same) == len(outcomes) else "; ".join(map(evidence.endpoint_label, same))
        yield Reasoned("margin", f"margins, {labels}", value, reason)
    for endpoint, weight in settings.weights.items():
        yield Reasoned("weight", f"weight, {evidence.endpoint_label(endpoint)}", f"{weight.weight:g}", weight.reason)
    if settings.next_trial.endpoints:
        labels = "; ".join(map(evidence.endpoint_label, settings.next_trial.endpoints))
        sizes = f"{', '.join(map(str, settings.next_trial.patients))} patients"
        yield Reasoned("next trial", f"next trial, {labels}", sizes, settings.next_trial.reason)
    for endpoint in outcomes:
        if expected := evidence.endpoint(endpoint).expected:
            setting = f"expected odds ratio, {evidence.endpoint_label(endpoint)}"
            yield Reasoned("prior", setting, f"{expected.odds_ratio:g}", expected.reason, expected.source)
    for endpoint in outcomes:
        for baseline in evidence.endpoint(endpoint).baselines:
            setting = f"control risk, {evidence.endpoint_label(endpoint)}, {baseline.label}"
            yield Reasoned("control risk", setting, f"{baseline.percent:g} %", baseline.reason, baseline.source)
