"""What would have to be true for the conclusion to change? Bias, k, rho, a sceptic's prior, another cohort.

Reverse Bayes: instead of the posterior of one assumption, the assumption of one posterior (Held, Matthews, Ott and
Pawel 2022, Res Synth Methods 13:295). A known bias b of every study that is not randomised, delta_printed =
delta + b, needs no new likelihood: delta + b has the model's own prior moved by b, so P(delta < 0) is P(effect < b)
under that prior.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from reanalysis.alternatives.discounts import weighted_studies
from reanalysis.alternatives.tipping.search import Knob, TippingPoint, tipping_points_of
from reanalysis.engines.marginal import Marginal
from reanalysis.estimands.headline import headline_effect
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.settings import SMALLEST_RHO
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.distributions import Distribution
from reanalysis.model.family import BIAS_SETTINGS, FAMILIES
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec

FUTURE_SIZES = (25, 50, 100, 200)
"""Patients an arm of the cohort that might come."""

FUTURE = "a future cohort"


def tipping_points(evidence: Evidence, endpoint: str, spec: ModelSpec) -> list[TippingPoint]:
    """Every assumption's values at which P(benefit) or P(harm) crosses 0.5, 0.8 and 0.95.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str
        Endpoint id.
    spec : ModelSpec
        The primary specification, of a model of contrasts with pooling.

    Raises
    ------
    InvalidInput
        If the specification has no data.
    """
    better = evidence.endpoint(endpoint).better
    events = ("fewer events", "more events") if better is None else ("benefit", "harm")
    knobs = (
        *_bias(evidence, endpoint, spec),
        *_bias_sd(evidence, endpoint, spec),
        *_discounts(evidence, endpoint, spec),
        _sceptic(evidence, endpoint, spec),
        *_cohorts(evidence, endpoint, spec),
    )
    return [point for knob in knobs for point in tipping_points_of(knob, events)]


def _good_side(evidence: Evidence, endpoint: str, effect: Marginal, at: float = 0.0) -> float:
    below = float(effect.cdf(at))
    return 1 - below if evidence.endpoint(endpoint).better == "higher" else below


def _under(evidence: Evidence, endpoint: str, change: Callable[[float], ModelSpec]) -> Callable[[float], float]:
    """P(benefit) under a specification that depends on a number."""

    def chance(x: float) -> float:
        changed = change(x)
        data = select(evidence, changed, endpoint).data
        return _good_side(evidence, endpoint, headline_effect(changed, data))

    return chance


def _designs(evidence: Evidence, endpoint: str, spec: ModelSpec) -> set[str | None]:
    return {evidence.study(study).design for study in select(evidence, spec, endpoint).data.names}


def _bias(evidence: Evidence, endpoint: str, spec: ModelSpec) -> Iterator[Knob]:
    """A bias shared by all studies; where some are randomised it is not shared, and there is no such knob."""
    if "randomised" in _designs(evidence, endpoint, spec):
        return
    data = select(evidence, spec, endpoint).data

    def chance(b: float) -> float:
        return _good_side(evidence, endpoint, headline_effect(moved_by(spec, b), data), at=b)

    yield Knob("bias", "log odds ratio that every study, none of them randomised, is off by", 0.0, -2.5, 2.5, chance)


def moved_by(spec: ModelSpec, b: float) -> ModelSpec:
    """The specification whose effects are those of ``spec`` plus b."""
    mean, sd = spec.priors.mu.parameters
    moved = replace(spec, priors=replace(spec.priors, mu=Distribution("normal", (mean + b, sd))))
    if spec.family.mixture:  # an effect that stands alone moves too
        settings = dict(spec.settings) | {"nex_mean": spec.number("nex_mean") + b}
        moved = replace(moved, settings=tuple(settings.items()))
    return moved


def _bias_sd(evidence: Evidence, endpoint: str, spec: ModelSpec) -> Iterator[Knob]:
    named = sorted(d for d in _designs(evidence, endpoint, spec) if d is not None and d != "randomised")
    if not named:
        return

    biased = next(family.name for family in FAMILIES.values() if family.bias)

    def change(b: float) -> ModelSpec:
        return replace(spec, model=biased, rho=None, settings=tuple((BIAS_SETTINGS[d].name, b) for d in named))

    meaning = "SD of the bias of a study that is not randomised, in log odds, with rho = 0"
    yield Knob("bias SD", meaning, None, 0.0, 3.0, _under(evidence, endpoint, change))


def _discounts(evidence: Evidence, endpoint: str, spec: ModelSpec) -> Iterator[Knob]:
    weighted = weighted_studies(evidence, spec, endpoint)
    if weighted:
        used = {spec.k if spec.k is not None else evidence.study(study).k for study in weighted}
        chance = _under(evidence, endpoint, lambda k: replace(spec, k=k))
        now = next(iter(used)) if len(used) == 1 else None
        yield Knob("k", "effective-size factor of weighted arms", now, 0.02, 1.0, chance, logarithmic=True)
    if spec.family.rho:
        change = _under(evidence, endpoint, lambda rho: replace(spec, rho=0.0 if rho < SMALLEST_RHO else rho))
        used_rho = {study.rho for study in select(evidence, spec, endpoint).data.studies}
        now = used_rho.pop() if len(used_rho) == 1 else None
        yield Knob("rho", "intra-arm correlation of all studies", now, 0.0, 0.5, change)


def _sceptic(evidence: Evidence, endpoint: str, spec: ModelSpec) -> Knob:
    mean, sd = spec.priors.mu.parameters

    def change(scale: float) -> ModelSpec:
        return replace(spec, priors=replace(spec.priors, mu=Distribution("normal", (0.0, scale))))

    now = sd if mean == 0 else None
    meaning = "SD of a prior of the average log odds ratio centred on no effect"
    return Knob("sceptical prior SD", meaning, now, 0.02, 5.0, _under(evidence, endpoint, change), logarithmic=True)


def _cohorts(evidence: Evidence, endpoint: str, spec: ModelSpec) -> Iterator[Knob]:
    """Events among the treated of one more cohort, randomised, whose controls do as controls did so far."""
    data = select(evidence, spec, endpoint).data
    controls = [study.control for study in data.studies if study.control is not None]
    if not controls:
        return
    sizes = np.array([float(np.average(c.size, weights=c.weight)) for c in controls])
    risk = float(np.average([c.proportion() for c in controls], weights=sizes))
    for size in FUTURE_SIZES:
        expected = round(risk * size)

        def chance(events: float, size: int = size, expected: int = expected) -> float:
            arms = (Candidates.count(expected, size), Candidates.count(events, size))
            more = ModelData(endpoint, (*data.studies, StudyData(FUTURE, *arms, 0.0)))
            return _good_side(evidence, endpoint, headline_effect(spec, more))

        yield Knob(
            f"future cohort, {size} an arm",
            f"events among {size} treated patients of one more randomised cohort with {expected} of {size} in controls",
            None,
            0.0,
            float(size),
            chance,
            whole=True,
        )
