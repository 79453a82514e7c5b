"""The one thing that moves a headline most, found among the alternatives that were computed, and how it is said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reanalysis.alternatives.choices import AVERAGING, INFORMED, MU_PRIOR, TAU_PRIOR, WORDS
from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.words import percent
from reanalysis.reporting.sentences import endpoint_chance

GROUPS = {
    "leave one out": ("Leaving out one study", "leaving out one study"),
    "discounts": ("Discounts for design (rho) and for weighting (k)", "counting every patient in full"),
    "effective size": ("Effective-size factor k of the weighted arms", "what weighting costs"),
    "pooling": ("Pooling", "taking all studies as one"),
    "readings": ("Readings of contradictory reports", "how contradictory figures are read"),
    "denominators": ("Denominators that are not reported", "group sizes that are not published"),
    "route": ("Weighted rates or adjusted ratios", "the authors' adjusted ratio in place of the rates"),
    MU_PRIOR: ("Prior of the average effect", "the starting assumption on the effect"),
    TAU_PRIOR: ("Prior of the heterogeneity", "the starting assumption on differences between studies"),
    INFORMED: ("Priors taken from other reviews", "starting assumptions taken from other reviews"),
    "baselines": ("Prior of the baselines", "the starting assumption on control rates"),
    AVERAGING: ("Models without an effect or without heterogeneity", AVERAGING),
    WORDS: ("What cohorts without figures say in words", "counting what other studies say in words"),
}
"""Groups of alternatives: heading, and in plain words; a group that is not named here says its own name."""


@dataclass(frozen=True)
class Mover:
    """A group of alternatives and how far it moves the chance of benefit, or of fewer events."""

    group: str  # its name
    low: float  # smallest chance within it, the primary analysis left out
    high: float  # largest
    shift: float  # largest distance from the primary analysis

    @property
    def said(self) -> str:
        """The group in plain words."""
        return GROUPS.get(self.group, (self.group, self.group))[1]


def strongest(endpoint: EndpointAnalysis) -> Mover | None:
    """What moves the chance most, beliefs in benefit, harm or no effect held beforehand left out; None without any."""
    others = {g: found for g, found in endpoint.sensitivity.items() if g != AVERAGING}
    neutral = {g: [o for o in found if not _leans(endpoint, o)] for g, found in others.items()}
    movers = [one for group, found in neutral.items() if (one := _mover(endpoint, group, found))]
    return max(movers, key=lambda one: one.shift, default=None)


def believed(endpoint: EndpointAnalysis) -> Mover | None:
    """How far beliefs in benefit and in harm that are held beforehand move it; None where none was tried."""
    return _mover(endpoint, MU_PRIOR, [o for o in endpoint.sensitivity.get(MU_PRIOR, ()) if _leans(endpoint, o)])


def no_effect_shift(endpoint: EndpointAnalysis) -> float:
    """How far the chance of either side falls once half of the belief is in no effect at all; 0 where not tried."""
    now, shifts = endpoint_chance(endpoint), [0.0]
    for one in endpoint.sensitivity.get(AVERAGING, ()):
        if one.direction is not None and not one.primary:
            sides = (one.chance, one.direction.harm)
            shifts += [
                abs(chance - was) for chance, was in zip(sides, (now, 1 - now), strict=True) if chance is not None
            ]
    return max(shifts)


def _leans(endpoint: EndpointAnalysis, outcome: Outcome) -> bool:
    """Whether its prior of the effect is centred elsewhere than that of the primary analysis."""
    return outcome.spec.priors.mu.quantile(0.5) != endpoint.fit.spec.priors.mu.quantile(0.5)


def _mover(endpoint: EndpointAnalysis, group: str, outcomes: Iterable[Outcome]) -> Mover | None:
    """Outcomes whose headline is of the same kind; without pooling each study answers for itself."""
    told = [o for o in outcomes if not o.primary and o.spec.pooling != "none" and not _beside(endpoint, o)]
    chances = [o.chance for o in told if o.chance is not None]
    if not chances:
        return None
    now = endpoint_chance(endpoint)
    return Mover(group, min(chances), max(chances), max(abs(chance - now) for chance in chances))


def _beside(endpoint: EndpointAnalysis, outcome: Outcome) -> bool:
    """Whether it is the effect of one study among several that is not the headline's."""
    return outcome.study not in (None, endpoint.headline.study) and len(outcome.studies) > 1


def range_told(endpoint: EndpointAnalysis, mover: Mover) -> str:
    """``helps 18 % to 74 %``, from the side that is likelier now."""
    low, high, side = mover.low, mover.high, "fewer" if endpoint.direction.benefit is None else "helps"
    if endpoint_chance(endpoint) < 0.5:
        low, high, side = 1 - high, 1 - low, {"fewer": "more", "helps": "harms"}[side]
    first, last = percent(low), percent(high)
    return f"{side} {first}" if first == last else f"{side} {first} to {last}"
