"""The verdict of the first page in at most three sentences, by declared rules.

1. An endpoint points to benefit or harm (to fewer or more events, where no side is declared good) if its chance lies
   further than 10 points from 50 % and no study left out reverses the direction of its effect. Of all others we
   cannot tell.
2. Harm is said before benefit, and outcomes that are better rarer before those that are better more frequent.
3. What rests on one study is said to.
4. The last sentence is the certainty: the levels of GRADE that the rule of :mod:`reanalysis.decisions.grade` gives, how
   many studies were randomised, and for what it was lowered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.decisions.certainty import Certainty, certainty
from reanalysis.decisions.effects import EndpointEffect
from reanalysis.decisions.grade import LEVELS
from reanalysis.estimands.words import counted, percent
from reanalysis.reporting.sentences import difference_interval, even, name, turns
from reanalysis.reporting.unknown import compared
from reanalysis.reporting.wording import capital, kind_of_study, listed

Side = Literal["harm", "more", "benefit", "fewer"]

_MOST_TOLD = 2
"""Differences of up to so many endpoints are told in the verdict; all are in the table below it."""
_LEADS: dict[Side, str] = {
    "harm": "Harm is more likely than benefit",
    "more": "More events are likelier than fewer",
    "benefit": "Benefit is more likely than harm",
    "fewer": "Fewer events are likelier than more",
}


@dataclass(frozen=True)
class Statement:
    """One statement of the verdict: what it comes to, and the sentences that bound it."""

    lead: str
    text: str

    @property
    def plain(self) -> str:
        """Both on one line."""
        return f"{self.lead} {self.text}"


def pointing(endpoint: EndpointAnalysis) -> Side | None:
    """The side that an endpoint points to; None where one cannot tell."""
    sides = endpoint.direction
    if even(sides.below) or turns(endpoint):
        return None
    if sides.benefit is None:
        return "fewer" if sides.below > 0.5 else "more"
    return "benefit" if sides.benefit > 0.5 else "harm"


def harms_first(endpoints: Iterable[EndpointAnalysis]) -> list[EndpointAnalysis]:
    """Outcomes that are better rarer, then those that are better more frequent, each in their order."""
    return sorted(endpoints, key=lambda e: e.better == "higher")


def verdict(analysis: Analysis) -> list[Statement]:
    """What the first page says first; nothing where no endpoint has a result."""
    endpoints = harms_first(analysis.headlines)
    if not endpoints:
        return []
    found: dict[Side | None, list[EndpointAnalysis]] = {}
    for endpoint in endpoints:
        found.setdefault(pointing(endpoint), []).append(endpoint)
    leaning = [_leaning(found[side], side) for side in get_args(Side) if side in found]
    said = [Statement(leaning[0].lead, " ".join([leaning[0].text, *(s.plain for s in leaning[1:])]))] if leaning else []
    if None in found:
        said.append(_cannot_tell(found[None]))
    return [*said, _certainty(analysis, endpoints)]


def certainty_of(endpoint: EndpointAnalysis) -> Certainty:
    """Certainty of an endpoint as it is published."""
    fit = endpoint.fit
    return certainty(EndpointEffect(fit.evidence, fit.posterior, fit.selection.observations))


def _leaning(endpoints: Sequence[EndpointAnalysis], side: Side) -> Statement:
    """The likeliest first; the differences of the first two."""
    ordered, told = sorted(endpoints, key=lambda e: -_chance(e, side)), []
    for i, e in enumerate(ordered):
        of = e.baselines[0].of
        more, low_high = difference_interval(e.baselines[0], of)
        size = f"; {more} per {of:,}, {low_high}" if i < _MOST_TOLD else ""
        told.append(f"{name(e)} ({percent(_chance(e, side))}{size})")
    return Statement(f"{_LEADS[side]}:", f"{'; '.join(told)}. {_resting(ordered)}".strip())


def _chance(endpoint: EndpointAnalysis, side: Side) -> float:
    sides = endpoint.direction
    chances = {"fewer": sides.below, "more": 1 - sides.below, "benefit": sides.benefit, "harm": sides.harm}
    chance = chances[side]
    assert chance is not None
    return chance


def _cannot_tell(endpoints: Sequence[EndpointAnalysis]) -> Statement:
    """Why: a direction that one study reverses, or a chance near one half."""
    turning, parts = [e for e in endpoints if turns(e)], []
    if turning:
        noun, _ = kind_of_study(turning[0].fit.evidence, turning[0].headline.comparative)
        of = f" of {_named(turning)}" if len(turning) < len(endpoints) else " of each" if len(turning) > 1 else ""
        parts.append(f"Leaving out one {noun} reverses the direction{of}.")
    parts += [_near(endpoints), _resting(endpoints)]
    return Statement(f"We cannot tell: {_named(endpoints)}.", " ".join(filter(None, parts)))


def _near(endpoints: Sequence[EndpointAnalysis]) -> str:
    """Which chances lie near one half though no study reverses their direction."""
    near = [e for e in endpoints if not turns(e)]
    if not near:
        return ""
    of = f"For {_named(near)} both" if len(near) < len(endpoints) else "Both"
    return f"{of} directions are about as likely."


def _named(endpoints: Iterable[EndpointAnalysis]) -> str:
    return listed([name(e) for e in endpoints])


def _resting(endpoints: Sequence[EndpointAnalysis]) -> str:
    """Which of the endpoints rest on one study; empty where none does."""
    single = [e for e in endpoints if len(e.headline.comparative) == 1]
    if not single:
        return ""
    noun, _ = kind_of_study(single[0].fit.evidence, [e.headline.comparative[0] for e in single])
    if len(endpoints) == 1:
        return f"It rests on one {noun}."
    if len(single) == len(endpoints):
        return f"Each rests on one {noun}."
    verb = "rests" if len(single) == 1 else "each rest"
    return capital(f"{_named(single)} {verb} on one {noun}.")


def _certainty(analysis: Analysis, endpoints: Sequence[EndpointAnalysis]) -> Statement:
    grades = [certainty_of(e).grade for e in endpoints]
    levels = sorted({grade.level for grade in grades}, key=LEVELS.index)
    level = levels[0] if len(levels) == 1 else f"{levels[0]} to {levels[-1]}"
    steps = [step for grade in grades for step in grade.steps if step.domain != "start"]
    lowered = list(dict.fromkeys(step.domain for step in steps if step.down))
    missing = list(dict.fromkeys(domain for grade in grades for domain in grade.missing))
    parts = [_randomised(analysis)]
    if lowered:
        parts.append(f"Lowered for {listed(lowered)}.")
    if missing:
        parts.append(f"Not judged: {listed(missing)}.")
    return Statement(f"Certainty: {level} (GRADE).", " ".join(parts))


def _randomised(analysis: Analysis) -> str:
    studies = compared(analysis)
    noun, plural = kind_of_study(analysis.evidence, studies)
    designs = [analysis.evidence.study(s).design for s in studies]
    randomised, unknown = designs.count("randomised"), designs.count(None)
    if unknown == len(studies):
        return "Whether any study was randomised is not declared."
    among = counted(len(studies), noun, plural)
    told = f"{capital(counted(randomised, 'of', 'of')) if randomised else 'None of'} {among} was randomised"
    if len(studies) == 1:
        told = f"The {noun} was {'' if randomised else 'not '}randomised"
    elif randomised == len(studies):
        told = f"All {among} were randomised"
    elif randomised > 1:
        told = f"{capital(counted(randomised, 'of', 'of'))} {among} were randomised"
    return f"{told}{f'; of {unknown} this is not declared' if unknown else ''}."
