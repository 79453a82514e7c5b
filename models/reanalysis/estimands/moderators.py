"""What moves an effect: slopes in moderators, effects along them, and from where the information comes.

A slope is learnt within studies, from parts of one treated arm that differ in the moderator, and between studies, which
differ in much else (ICEMAN, Schandelmaier et al. 2020, CMAJ 192:E901, item 1): each is told apart, by a fit to the one
without the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from reanalysis.engines.draws import of_moderator
from reanalysis.engines.errors import EngineError
from reanalysis.engines.fit import fit
from reanalysis.engines.posterior import Posterior
from reanalysis.estimands.summary import Summary, summarise
from reanalysis.model.data import ModelData, Moderator, StudyData
from reanalysis.model.spec import ModelSpec

WITHIN, BETWEEN = "within studies", "between studies"

_ALONG = 25
"""Values at which the line of a figure is computed."""


@dataclass(frozen=True)
class Source:
    """Slope in one moderator from one source of information."""

    source: str
    """``within studies`` or ``between studies``."""
    studies: tuple[str, ...]
    """Those that inform it."""
    slope: Summary | None
    """Log odds ratio a unit of the moderator; None where nothing informs it, or it cannot be computed."""

    @property
    def key(self) -> str:
        """Its name in results."""
        return self.source.replace(" ", "_")

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"studies": list(self.studies), "slope": None if self.slope is None else self.slope.as_dict()}


def sources(spec: ModelSpec, data: ModelData) -> tuple[Source, ...]:
    """The slope from within studies alone, then from between studies alone; for one moderator, by quadrature."""
    (moderator,) = data.moderators
    parted = tuple(one for one in data.studies if len({part.covariates for part in one.parts}) > 1)
    level = [replace(one, covariates=(0.0,), parts=_about(one)) for one in parted]
    whole = [replace(one, covariates=_by_patients(one), parts=()) for one in data.studies]
    differ = len({one.covariates for one in whole}) > 1
    return (
        _source(spec, data, moderator, WITHIN, level),
        _source(spec, data, moderator, BETWEEN, whole if differ else []),
    )


def _about(study: StudyData) -> tuple[Any, ...]:
    """Parts with their covariate less that of their study."""
    (middle,) = study.covariates
    return tuple(replace(part, covariates=(part.covariates[0] - middle,)) for part in study.parts)


def _by_patients(study: StudyData) -> tuple[float, ...]:
    """The covariate of a whole treated arm: the mean over its patients."""
    if not study.parts:
        return study.covariates
    sizes = [float(np.average(part.candidates.size, weights=part.candidates.weight)) for part in study.parts]
    return (float(np.average([part.covariates[0] for part in study.parts], weights=sizes)),)


def _source(
    spec: ModelSpec, data: ModelData, moderator: Moderator, source: str, studies: Sequence[StudyData]
) -> Source:  # fmt: skip
    if not studies:
        return Source(source, (), None)
    try:
        found = fit(spec, replace(data, studies=tuple(studies)))
        slope = summarise(found.overall[of_moderator(moderator.name)])
    except EngineError:
        slope = None
    return Source(source, tuple(one.study for one in studies), slope)


NARROW, WIDE = 1.1, 100.0
"""Ratios of odds ratios over what was observed: a prior that allows less has decided that nothing changes, one that
allows more shrinks nothing."""

_USUAL = 0.5
"""SD of the default prior of a slope: of a ratio of odds ratios between two values one unit apart."""


@dataclass(frozen=True)
class PriorReach:
    """How much the prior of a slope, which is per unit of its moderator, lets an effect change over what is seen."""

    name: str
    label: str
    """Of the moderator."""
    prior: str
    """Of the slope."""
    low: float
    high: float
    """Smallest and largest value among studies and parts."""
    factor: float
    """Ratio of the odds ratios at these values that 95 % of the prior lies within, either way."""

    @property
    def alarming(self) -> bool:
        """Whether the prior decides that nothing changes, or shrinks nothing."""
        return self.low < self.high and not NARROW <= self.factor <= WIDE

    @property
    def text(self) -> str:
        """What the prior allows, and what to write where it allows too little or too much."""
        over = f"from {self.low:g} to {self.high:g} of {self.label}"
        most = f"{self.factor:.3g}-fold" if self.factor < 1e6 else "more than a million-fold"
        said = f"prior {self.prior} a unit lets the odds ratio change up to {most} (95 %) {over}"
        if not self.alarming:
            return said
        what = "shrinks the slope hardly at all" if self.factor > WIDE else "leaves hardly any slope possible"
        usual = f"normal(0,{_USUAL / (self.high - self.low):.2g})"
        return f"{said}: it {what}; moderator={usual} would allow {np.exp(1.96 * _USUAL):.2g}-fold"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "prior": self.prior,
            "observed": [self.low, self.high],
            "odds_ratio_change": self.factor,
            "alarming": self.alarming,
            "text": self.text,
        }


def prior_reaches(spec: ModelSpec, data: ModelData) -> tuple[PriorReach, ...]:
    """What the prior of the slopes allows over the observed values of each moderator."""
    prior, found = spec.priors.moderator, []
    steepest = max(abs(prior.quantile(0.025)), abs(prior.quantile(0.975)))
    cells = [cell for one in data.studies for cell in ([p.covariates for p in one.parts] or [one.covariates])]
    for place, one in enumerate(data.moderators):
        low, high = (end(cell[place] for cell in cells) for end in (min, max))
        factor = float(np.exp(min(steepest * (high - low), 700.0)))
        found.append(PriorReach(one.name, one.label, str(prior), low + one.centre, high + one.centre, factor))
    return tuple(found)


@dataclass(frozen=True)
class Line:
    """Average effect along a moderator."""

    values: tuple[float, ...]
    """Of the moderator."""
    effects: tuple[Summary, ...]
    """Average log odds ratio at each."""


def line(spec: ModelSpec, data: ModelData, low: float, high: float) -> Line:
    """The average effect from one value of a moderator to another, by quadrature."""
    (moderator,) = data.moderators
    values = tuple(float(value) for value in np.linspace(low, high, _ALONG))
    named = replace(moderator, values=tuple((f"{value:.17g}", value) for value in values))
    found = fit(spec, replace(data, moderators=(named,)))
    effects = tuple(summarise(found.overall[of_moderator(moderator.name, label)]) for label, _ in named.values)
    return Line(values, effects)


def effects_at(posterior: Posterior, moderator: Moderator) -> dict[str, Summary]:
    """Average log odds ratio at the named values of a moderator."""
    return {
        label: summarise(posterior.overall[of_moderator(moderator.name, label)]) for label, _ in moderator.values
    }  # fmt: skip
