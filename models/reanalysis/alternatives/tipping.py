"""Values of a bias, of k, rho, a sceptic's prior or the events of another cohort at which the conclusion changes.

Reverse Bayes: instead of the posterior of one assumption, the assumption of one posterior (Held, Matthews, Ott and
Pawel 2022, Res Synth Methods 13:295). A known bias b of every study that is not randomised, delta_reported =
delta + b, needs no new likelihood: delta + b has the model's own prior moved by b, so P(delta < 0) is P(effect < b)
under that prior.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from reanalysis.model.distributions import Distribution
from reanalysis.model.family import BIAS_SETTINGS
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec

FUTURE_SIZES = (25, 50, 100, 200)
"""Patients an arm of the cohort that might come."""

FUTURE = "a future cohort"

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
    better = evidence.endpoint(endpoint).better
    events = ("fewer events", "more events") if better is None else ("benefit", "harm")
    primary = Primary.of(evidence, spec, endpoint)
    return [point for one in assumptions(primary) for point in tipping_points_of(one, events)]


def assumptions(primary: Primary) -> list[Assumption]:
    """Every assumption of the primary analysis that takes a number."""
    return [one for some in (_bias, _bias_sd, _k, _rho, _sceptic, _cohorts) for one in some(primary)]


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


def _assumption(
    primary: Primary, name: str, meaning: str, now: float | None, ends: tuple[float, float],
    analysis: Callable[[float], Analysis], **how: bool,
) -> Assumption:  # fmt: skip
    chances = partial(_chances, primary.evidence.endpoint(primary.endpoint).better, analysis)
    return Assumption(name, meaning, now, *ends, chances, **how)


def _selected(primary: Primary, **changed: Any) -> Analysis:
    """The primary specification but for some fields, and the data it selects then."""
    spec = replace(primary.spec, **changed)
    return spec, select(primary.evidence, spec, primary.endpoint).data, 0.0


def _designs(primary: Primary) -> set[str | None]:
    return {primary.evidence.study(study).design for study in primary.selection.data.names}


def _bias(primary: Primary) -> Iterator[Assumption]:
    """A bias shared by all studies; where some are randomised it is not shared, and there is no such assumption."""
    if "randomised" not in _designs(primary):
        meaning = "log odds ratio that every study, none of them randomised, is off by"
        data = primary.selection.data

        def moved(b: float) -> Analysis:
            return moved_by(primary.spec, b), data, b

        yield _assumption(primary, "bias", meaning, 0.0, (-2.5, 2.5), moved)


def moved_by(spec: ModelSpec, b: float) -> ModelSpec:
    """The specification whose effects are those of ``spec`` plus b."""
    mean, sd = spec.priors.mu.parameters
    moved = replace(spec, priors=replace(spec.priors, mu=Distribution("normal", (mean + b, sd))))
    if spec.model == "exnex":  # an effect that stands alone moves too
        settings = dict(spec.settings) | {"nex_mean": spec.number("nex_mean") + b}
        moved = replace(moved, settings=tuple(settings.items()))
    return moved


def _bias_sd(primary: Primary) -> Iterator[Assumption]:
    named = sorted(d for d in _designs(primary) if d is not None and d != "randomised")
    if named:
        meaning = "SD of the bias of a study that is not randomised, in log odds, with rho = 0"

        def biased(b: float) -> Analysis:
            settings = tuple((BIAS_SETTINGS[design].name, b) for design in named)
            return _selected(primary, model="bias", rho=None, settings=settings)

        yield _assumption(primary, "bias SD", meaning, None, (0.0, 3.0), biased)


def _k(primary: Primary) -> Iterator[Assumption]:
    if primary.weighted:
        now = next(iter(primary.k)) if len(primary.k) == 1 else None
        meaning = "effective-size factor of weighted arms"

        def scaled(k: float) -> Analysis:
            return _selected(primary, k=k)

        yield _assumption(primary, "k", meaning, now, (0.02, 1.0), scaled, logarithmic=True)


def _rho(primary: Primary) -> Iterator[Assumption]:
    if primary.spec.family.rho:
        used = {study.rho for study in primary.selection.data.studies}
        now = used.pop() if len(used) == 1 else None
        meaning = "intra-arm correlation of all studies"

        def discounted(rho: float) -> Analysis:
            return _selected(primary, rho=0.0 if rho < SMALLEST_RHO else rho)

        yield _assumption(primary, "rho", meaning, now, (0.0, 0.5), discounted)


def _sceptic(primary: Primary) -> Iterator[Assumption]:
    spec, data = primary.spec, primary.selection.data
    mean, sd = spec.priors.mu.parameters

    def sceptical(scale: float) -> Analysis:
        return replace(spec, priors=replace(spec.priors, mu=Distribution("normal", (0.0, scale)))), data, 0.0

    meaning = "SD of a prior of the average log odds ratio centred on no effect"
    now = sd if mean == 0 else None
    yield _assumption(primary, "sceptical prior SD", meaning, now, (0.02, 5.0), sceptical, logarithmic=True)


def _cohorts(primary: Primary) -> Iterator[Assumption]:
    """Events among the treated of one more cohort, randomised, whose controls do as controls did so far."""
    data = primary.selection.data
    controls = [study.control for study in data.studies if study.control is not None]
    if not controls:
        return
    sizes = np.array([float(np.average(c.size, weights=c.weight)) for c in controls])
    risk = float(np.average([c.proportion() for c in controls], weights=sizes))
    for size in FUTURE_SIZES:
        expected = round(risk * size)

        def with_cohort(events: float, size: int = size, expected: int = expected) -> Analysis:
            arms = Candidates.count(expected, size), Candidates.count(events, size)
            more = (*data.studies, StudyData(FUTURE, *arms, 0.0))
            return primary.spec, ModelData(primary.endpoint, more), 0.0

        name = f"future cohort, {size} an arm"
        meaning = (
            f"events among {size} treated patients of one more randomised cohort with {expected} of {size} in controls"
        )
        yield _assumption(primary, name, meaning, None, (0.0, float(size)), with_cohort, whole=True)
