"""What the declared moderators of a folder explain of an endpoint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from reanalysis.engines.draws import of_moderator
from reanalysis.engines.errors import EngineError
from reanalysis.engines.fit import fit
from reanalysis.estimands.moderators import Line, PriorReach, Source, effects_at, line, prior_reaches, sources
from reanalysis.estimands.summary import Summary, summarise
from reanalysis.evidence.evidence import Evidence, once_per_folder
from reanalysis.evidence.problems import InvalidInput
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.family import MODERATED
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec


@dataclass(frozen=True)
class Point:
    """What one study, or one part of its treated arm, says of the effect by itself."""

    study: str
    part: str
    """Study id, and the subgroup, empty for a whole arm."""
    x: float
    """Its value of the moderator."""
    effect: Summary | None
    """Log odds ratio under the prior of the average alone, None where it cannot be computed."""
    patients: float
    """In the arms compared."""


@dataclass(frozen=True)
class Moderated:
    """What one moderator explains of one endpoint."""

    endpoint: str
    name: str
    label: str
    """Endpoint id, and the moderator's id and name."""
    centre: float
    """Value at which the average is taken."""
    slope: Summary
    """Log odds ratio a unit."""
    above: float
    """P(slope > 0)."""
    effects: dict[str, Summary]
    """Average log odds ratio at named values."""
    named: dict[str, float]
    """These values."""
    tau: Summary
    """Heterogeneity that is left."""
    sources: tuple[Source, ...]
    """The slope within and between studies."""
    points: tuple[Point, ...]
    """Studies and parts."""
    line: Line
    """The average along the moderator."""
    uncovered: tuple[tuple[str, str], ...]
    """Studies left out, and what they lack."""
    reach: PriorReach
    """What the prior of the slope allows."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "moderator": self.name,
            "label": self.label,
            "centre": self.centre,
            "prior": self.reach.as_dict(),
            "slope": self.slope.as_dict(),
            "p_slope_above_0": self.above,
            "log_odds_ratio_at": [
                {"label": label, "value": self.named[label], **effect.as_dict()}
                for label, effect in self.effects.items()
            ],
            "tau": self.tau.as_dict(),
            "information": {one.key: one.as_dict() for one in self.sources},
            "studies_left_out": dict(self.uncovered),
        }


@once_per_folder
def moderated(evidence: Evidence, spec: ModelSpec, endpoint: str) -> tuple[Moderated, ...]:
    """Every declared moderator that two studies or parts of an endpoint differ in, one at a time, by quadrature."""
    found = []
    for name in evidence.settings.moderators:
        asked = replace(spec, model=MODERATED, pooling="partial", settings=(), moderators=(name,))
        try:
            data = select(evidence, asked, endpoint).data
            if len({x for study in data.studies for x, _ in _cells(study)}) > 1:
                found.append(explained(asked, data))
        except (InvalidInput, EngineError):
            continue
    return tuple(found)


def _cells(study: StudyData) -> list[tuple[float, str]]:
    """Covariates of the parts of a study, or its own, with the part's name."""
    return [(part.covariates[0], part.subgroup) for part in study.parts] or [(study.covariates[0], "")]


def explained(spec: ModelSpec, data: ModelData) -> Moderated:
    """What the one moderator of a specification explains."""
    (moderator,) = data.moderators
    posterior = fit(spec, data)
    slope = posterior.overall[of_moderator(moderator.name)]
    points = _points(spec, data)
    ends = [point.x for point in points] + [value for _, value in moderator.values]
    return Moderated(
        data.endpoint,
        moderator.name,
        moderator.label,
        moderator.centre,
        summarise(slope),
        1.0 - float(slope.cdf(0.0)),
        effects_at(posterior, moderator),
        dict(moderator.values),
        summarise(posterior.overall["tau"]),
        sources(spec, data),
        points,
        line(spec, data, min(ends), max(ends)),
        data.uncovered,
        prior_reaches(spec, data)[0],
    )


def _points(spec: ModelSpec, data: ModelData) -> tuple[Point, ...]:
    """Each study or part against its control, by itself."""
    alone = replace(spec, model="contrast", moderators=(), at=(), pooling="none")
    centre, found = data.moderators[0].centre, []
    for study in data.studies:
        for place, (x, part) in enumerate(_cells(study)):
            treated = study.parts[place].candidates if study.parts else study.treated
            one = replace(study, covariates=(), parts=(), treated=treated)
            try:
                own = fit(alone, ModelData(data.endpoint, (one,)))
                effect = summarise(own.study[study.study]["log_odds_ratio"])
            except EngineError:
                effect = None
            patients = sum(max(arm.n) for arm in (one.control, treated) if arm is not None)
            found.append(Point(study.study, part, x + centre, effect, patients))
    return tuple(found)
