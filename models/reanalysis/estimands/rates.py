"""How likely is the event in an arm?"""

from __future__ import annotations

from scipy.special import expit, logit

from reanalysis.engines.marginal import MappedMarginal, Marginal


def rate(log_odds: Marginal) -> MappedMarginal:
    """Event probability of an arm."""
    return MappedMarginal(log_odds, expit, logit)
