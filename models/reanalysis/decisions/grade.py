"""The declared rule that leads from five domains to one of GRADE's four levels of certainty, step by step.

GRADE: Guyatt et al. 2008, BMJ 336:924. Evidence assessed by ROBINS-I starts high and is lowered for its bias
(Schunemann et al. 2019, J Clin Epidemiol 111:105); imprecision against thresholds: Zeng et al. 2022, J Clin Epidemiol
150:216. The rule never rates up, and no level is written by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reanalysis.estimands.words import percent, points
from reanalysis.evidence.reading.risk_of_bias import DOMAINS, JudgementOfBias
from reanalysis.evidence.reading.settings import Judgement

LEVELS = ("very low", "low", "moderate", "high")
NOT_DECLARED = "not declared"

RULE = (
    "Start: high where every study is randomised or assessed by ROBINS-I, else low. Risk of bias: a study is as its "
    "worst domain (no information counts as serious); the evidence is as the judgement that studies with at least half "
    "of the patients reach or exceed: moderate lowers by 1, serious by 2, critical by 3 (where it started low: serious "
    "by 1, critical by 2). Inconsistency: I2 of the unpooled studies of 50 % or more lowers by 1, of 75 % or more with "
    "effects on both sides by 2. Imprecision: the 95 % interval of the risk difference crosses one limit of the "
    "trivial range: 1, both: 2. Indirectness and reporting: as declared, serious 1, very serious 2. Never below very "
    "low, never up; a domain that is not declared lowers nothing and is named."
)

_SEVERITY: dict[JudgementOfBias, int] = {"low": 0, "moderate": 1, "no information": 2, "serious": 2, "critical": 3}
_DECLARED = {"not serious": 0, "serious": 1, "very serious": 2}
INCONSISTENT, VERY_INCONSISTENT = 0.5, 0.75
"""I2 from which inconsistency lowers by 1, and (with effects on both sides) by 2."""


@dataclass(frozen=True)
class Step:
    """One step of the rule."""

    domain: str
    """``start``, ``risk of bias``, ``inconsistency``, ``imprecision``, ``indirectness`` or ``reporting``."""
    judgement: str
    """What was found or declared."""
    down: int
    """Levels by which it lowers."""
    level: str
    """Level after the step."""
    reason: str
    """What the step did and why."""


@dataclass(frozen=True)
class Grade:
    """Level of certainty with the steps that lead to it."""

    level: str
    steps: tuple[Step, ...]

    @property
    def assessed(self) -> tuple[str, ...]:
        """Domains that the level rests on."""
        return tuple(s.domain for s in self.steps if s.domain != "start" and s.judgement != NOT_DECLARED)

    @property
    def missing(self) -> tuple[str, ...]:
        """Domains of which nothing is declared."""
        return tuple(s.domain for s in self.steps if s.judgement == NOT_DECLARED)

    @property
    def text(self) -> str:
        """The level, and what it rests on."""
        without = f"; {', '.join(self.missing)} not declared" if self.missing else ""
        return f"{self.level} (rests on {', '.join(self.assessed) or 'no domain'}{without})"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "level": self.level,
            "rests_on": list(self.assessed),
            "not_declared": list(self.missing),
            "steps": [asdict(step) for step in self.steps],
        }


@dataclass(frozen=True)
class StudyBias:
    """Risk of bias of one study."""

    name: str
    """For readers."""
    randomised: bool
    """Whether its design is."""
    patients: float
    """How much of the evidence it is."""
    judgements: Mapping[str, JudgementOfBias]
    """By domain; empty where the study was not assessed."""

    @property
    def worst(self) -> tuple[str, JudgementOfBias] | None:
        """The worst domain and its judgement; of equals a judgement that was made, and the first domain."""
        if not self.judgements:
            return None
        ordered = [d for d in DOMAINS if d in self.judgements]
        judged = [(d, self.judgements[d]) for d in ordered]
        return max(judged, key=lambda one: (_SEVERITY[one[1]], one[1] != "no information"))


def graded(
    studies: Sequence[StudyBias],
    i_squared: float | None,
    both_sides: bool,
    interval: tuple[float, float],
    trivial: float,
    at: str,
    indirectness: Judgement | None,
    reporting: Judgement | None,
) -> Grade:
    """Apply the rule.

    Parameters
    ----------
    i_squared : float or None
        Share of the variation of unpooled effects beyond chance; None with one study.
    both_sides : bool
        Whether unpooled effects lie on both sides of no effect.
    interval : tuple of float
        95 % interval of the risk difference, proportions.
    trivial : float
        Half width of the trivial range, percentage points.
    at : str
        The control risk, for readers.
    """
    assessed = [one for one in studies if one.judgements]
    high = all(one.randomised or one.judgements for one in studies)
    steps = [_start(studies, assessed, high)]
    found = (
        _risk_of_bias(studies, assessed, high),
        _inconsistency(len(studies), i_squared, both_sides),
        _imprecision(interval, trivial, at),
        _declared("indirectness", indirectness),
        _declared("reporting", reporting),
    )
    for domain, judgement, down, reason in found:
        level = max(LEVELS.index(steps[-1].level) - down, 0)
        steps.append(Step(domain, judgement, down, LEVELS[level], reason))
    return Grade(steps[-1].level, tuple(steps))


_Found = tuple[str, str, int, str]


def _start(studies: Sequence[StudyBias], assessed: Sequence[StudyBias], high: bool) -> Step:
    level = "high" if high else "low"
    if all(one.randomised for one in studies):
        return Step("start", level, 0, level, "every study is randomised")
    if high:
        return Step("start", level, 0, level, "every study that is not randomised is assessed by ROBINS-I")
    unknown = [one.name for one in studies if not one.randomised and one not in assessed]
    return Step("start", level, 0, level, f"not declared as randomised and not assessed: {', '.join(unknown)}")


def _risk_of_bias(studies: Sequence[StudyBias], assessed: Sequence[StudyBias], high: bool) -> _Found:
    domain = "risk of bias"
    if not assessed:
        return domain, NOT_DECLARED, 0, "risk_of_bias.csv has no judgement of these studies"
    total = sum(one.patients for one in assessed)
    reached: JudgementOfBias = "low"
    ladder: tuple[JudgementOfBias, ...] = ("moderate", "serious", "critical")
    for judgement in ladder:
        reach = (one.patients for one in assessed if one.worst and _SEVERITY[one.worst[1]] >= _SEVERITY[judgement])
        if sum(reach) >= 0.5 * total:
            reached = judgement
    down = _SEVERITY[reached] if high else max(_SEVERITY[reached] - 1, 0)
    told = []
    for one in assessed:
        assert one.worst is not None
        judged = f"{len(one.judgements)} of {len(DOMAINS)} domains judged"
        told.append(f"{one.name} {one.worst[1]} ({one.worst[0]}; {judged})")
    left = [one.name for one in studies if one not in assessed]
    without = f"; not assessed: {', '.join(left)}" if left else ""
    return domain, reached, down, f"worst domain of each study: {'; '.join(told)}{without}"


def _inconsistency(count: int, i_squared: float | None, both_sides: bool) -> _Found:
    if i_squared is None:
        return "inconsistency", "not assessable", 0, "one study compares: nothing can agree or disagree with it"
    down = int(i_squared >= INCONSISTENT) + int(i_squared >= VERY_INCONSISTENT and both_sides)
    sides = "effects on both sides of none" if both_sides else "effects on one side of none"
    judgement = ("not serious", "serious", "very serious")[down]
    return "inconsistency", judgement, down, f"I2 {percent(i_squared)} between {count} studies, {sides}"


def _imprecision(interval: tuple[float, float], trivial: float, at: str) -> _Found:
    low, high = interval
    limit = trivial / 100
    down = int(low < -limit < high) + int(low < limit < high)
    crossed = ("no limit", "one limit", "both limits")[down]
    reason = (
        f"the interval of the risk difference, {points(low)} to {points(high)} in 100 at {at}, crosses {crossed} of "
        f"the trivial range of {trivial:g} in 100 either way"
    )
    return "imprecision", ("not serious", "serious", "very serious")[down], down, reason


def _declared(domain: str, declared: Judgement | None) -> _Found:
    if declared is None:
        return domain, NOT_DECLARED, 0, f"analysis.toml declares no judgement of {domain}"
    return domain, declared.judgement, _DECLARED[declared.judgement], declared.reason
