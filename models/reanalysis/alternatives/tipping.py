"""Values of a bias, of k, rho, a sceptic's prior or the events of another cohort at which the conclusion changes.

Reverse Bayes: instead of the posterior of one assumption, the assumption of one posterior (Held, Matthews, Ott and
Pawel 2022, Res Synth Methods 13:295). A known bias b of every study that is not randomised, delta_reported =
delta + b, needs no new likelihood: delta + b has the model's own prior moved by b, so P(delta < 0) is P(effect < b)
under that prior.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from reanalysis.alternatives.choice import Primary
from reanalysis.alternatives.crossing import Assumption, TippingPoint, tipping_points_of
from reanalysis.alternatives.outcome import effects
from reanalysis.engines.errors import EngineError
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.settings import SMALLEST_RHO
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.family import BIAS_SETTINGS, FAMILIES
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec

FUTURE_SIZES = (25, 50, 100, 200)
"""Patients an arm of the cohort that might come."""

FUTURE = "a future cohort"
BIAS = "bias"
"""Name of the assumption that every study is off by one bias."""

BIASED = next(family.name for family in FAMILIES.values() if family.bias)
"""The model whose discount is an additive bias."""

Analysis = tuple[ModelSpec, ModelData, float]
"""What is fitted to what, and the log odds ratio that is no effect."""


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
    return [
        point for one in assumptions(Primary.of(evidence, spec, endpoint)) for point in _of(one, evidence, endpoint)
    ]


def bias_points(evidence: Evidence, endpoint: str, spec: ModelSpec) -> list[TippingPoint]:
    """Of :func:`tipping_points` those of a bias; none where some studies are randomised."""
    every = assumptions(Primary.of(evidence, spec, endpoint))
    return [point for one in every if one.name == BIAS for point in _of(one, evidence, endpoint)]


def _of(assumption: Assumption, evidence: Evidence, endpoint: str) -> list[TippingPoint]:
    better = evidence.endpoint(endpoint).better
    return tipping_points_of(assumption, ("fewer events", "more events") if better is None else ("benefit", "harm"))


def assumptions(primary: Primary) -> Iterator[Assumption]:
    """Every assumption of the primary analysis that takes a number.

    Where some studies are randomised they share no bias with the others, and there is no such assumption.
    """
    spec, data = primary.spec, primary.selection.data
    designs = {primary.evidence.study(study).design for study in data.names}
    biased = sorted(design for design in designs if design not in (None, "randomised"))
    mean, sd = spec.priors.mu.location_scale

    def made(
        name: str, meaning: str, now: float | None, low: float, high: float,
        analysis: Callable[[float], Analysis], **how: bool,
    ) -> Assumption:  # fmt: skip
        chances = partial(_chances, primary.evidence.endpoint(primary.endpoint).better, analysis)
        return Assumption(name, meaning, now, low, high, chances, **how)

    def selected(**changed: Any) -> Analysis:
        other = replace(spec, **changed)
        return other, select(primary.evidence, other, primary.endpoint).data, 0.0

    if "randomised" not in designs:
        meaning = "log odds ratio that every study, none of them randomised, is off by"
        yield made(BIAS, meaning, 0.0, -2.5, 2.5, lambda b: (moved_by(spec, b), data, b))
    if biased:
        meaning = "SD of the bias of a study that is not randomised, in log odds, with rho = 0"
        yield made(
            "bias SD", meaning, None, 0.0, 3.0,
            lambda b: selected(model=BIASED, rho=None, settings=tuple((BIAS_SETTINGS[d].name, b) for d in biased)),
        )  # fmt: skip
    if primary.weighted:
        meaning = "effective-size factor of weighted arms"
        yield made("k", meaning, _only(primary.k), 0.02, 1.0, lambda k: selected(k=k), logarithmic=True)
    if spec.family.rho:
        meaning, now = "intra-arm correlation of all studies", _only({study.rho for study in data.studies})
        yield made("rho", meaning, now, 0.0, 0.5, lambda rho: selected(rho=0.0 if rho < SMALLEST_RHO else rho))
    meaning, now = "SD of a prior of the average log odds ratio centred on no effect", sd if mean == 0 else None
    sceptical = "sceptical prior SD"
    yield made(sceptical, meaning, now, 0.02, 5.0, lambda sd: (_with_mu(spec, 0.0, sd), data, 0.0), logarithmic=True)
    for size, expected in _future_controls(data):
        meaning = (
            f"events among {size} treated patients of one more randomised cohort with {expected} of {size} in controls"
        )
        with_cohort = partial(_with_cohort, spec, data, size, expected)
        yield made(f"future cohort, {size} an arm", meaning, None, 0.0, float(size), with_cohort, whole=True)


def _only(values: Collection[float | None]) -> float | None:
    return next(iter(values)) if len(values) == 1 else None


def _chances(better: str | None, analysis: Callable[[float], Analysis], values: Sequence[float]) -> list[float | None]:
    """P(benefit) at each value of an assumption, all handed over together."""
    analyses = [analysis(value) for value in values]
    found: list[float | None] = []
    for (_, _, null), fitted in zip(analyses, effects([(spec, data) for spec, data, _ in analyses]), strict=True):
        if isinstance(fitted, EngineError):
            found.append(None)
            continue
        (effect,) = fitted.values()
        below = float(effect.cdf(null))
        found.append(1 - below if better == "higher" else below)
    return found


def moved_by(spec: ModelSpec, b: float) -> ModelSpec:
    """The specification whose effects are those of ``spec`` plus b."""
    mean, sd = spec.priors.mu.location_scale
    moved = _with_mu(spec, mean + b, sd)
    if spec.family.mixture:  # an effect that stands alone moves too
        settings = dict(spec.settings) | {"nex_mean": spec.number("nex_mean") + b}
        moved = replace(moved, settings=tuple(settings.items()))
    return moved


def _with_mu(spec: ModelSpec, mean: float, sd: float) -> ModelSpec:
    mu = spec.priors.mu
    mu = replace(mu, parameters=(*mu.parameters[:-2], mean, sd))
    return replace(spec, priors=replace(spec.priors, mu=mu))


def _future_controls(data: ModelData) -> Iterator[tuple[int, int]]:
    """Sizes of the arms of one more cohort, with the events of controls that do as controls did so far."""
    controls = [study.control for study in data.studies if study.control is not None]
    if controls:
        sizes = np.array([float(np.average(c.size, weights=c.weight)) for c in controls])
        risk = float(np.average([c.proportion() for c in controls], weights=sizes))
        yield from ((size, round(risk * size)) for size in FUTURE_SIZES)


def _with_cohort(spec: ModelSpec, data: ModelData, size: int, expected: int, events: float) -> Analysis:
    arms = Candidates.count(expected, size), Candidates.count(events, size)
    return spec, ModelData(data.endpoint, (*data.studies, StudyData(FUTURE, *arms, 0.0))), 0.0
