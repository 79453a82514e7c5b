"""How probable are benefit, harm, and a difference that matters? Numbers and stated thresholds, no labels."""

from __future__ import annotations

from dataclasses import dataclass

from reanalysis.engines.marginal import Marginal
from reanalysis.estimands.risk_difference import risk_difference


@dataclass(frozen=True)
class Direction:
    """Probability of each side of no effect.

    Parameters
    ----------
    below : float
        P(log odds ratio < 0): fewer events with treatment.
    benefit, harm : float or None
        The same by which side is good; None where the endpoint has no declared good side.
    """

    below: float
    benefit: float | None
    harm: float | None


def direction(log_odds_ratio: Marginal, better: str | None) -> Direction:
    """Probabilities of fewer events, and of benefit and harm where a good side is declared."""
    below = float(log_odds_ratio.cdf(0.0))
    if better is None:
        return Direction(below, None, None)
    benefit = below if better == "lower" else 1 - below
    return Direction(below, benefit, 1 - benefit)


@dataclass(frozen=True)
class Beyond:
    """Probability that the risk difference lies beyond a margin on either side, at one control risk."""

    margin: float
    fewer: float
    more: float


def beyond_margins(log_odds_ratio: Marginal, control_risk: float, margins: tuple[float, ...]) -> tuple[Beyond, ...]:
    """P(RD < -margin) and P(RD > +margin).

    Parameters
    ----------
    control_risk : float
        Proportion.
    margins : tuple of float
        Percentage points.
    """
    difference = risk_difference(log_odds_ratio, control_risk)
    return tuple(Beyond(m, float(difference.cdf(-m / 100)), 1 - float(difference.cdf(m / 100))) for m in margins)


def within_rope(log_odds_ratio: Marginal, control_risk: float, rope: float) -> float:
    """P(|RD| < rope percentage points): the region of practical equivalence."""
    difference = risk_difference(log_odds_ratio, control_risk)
    return float(difference.cdf(rope / 100)) - float(difference.cdf(-rope / 100))
