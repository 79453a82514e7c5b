"""By what factor do odds and risks change?"""

from __future__ import annotations

from reanalysis.engines.marginal import Marginal, RatioMarginal
from reanalysis.model.distributions import Distribution


def odds_ratio(log_odds_ratio: Marginal) -> RatioMarginal:
    """Odds ratio, treated against control."""
    return RatioMarginal(log_odds_ratio)


def risk_ratio(log_risk_ratio: Marginal) -> RatioMarginal:
    """Risk ratio, treated against control."""
    return RatioMarginal(log_risk_ratio)


def new_ratio_moments(tau_prior: Distribution) -> int:
    """How many moments the odds ratio of a new study has: 0 none, 1 a mean, 2 a mean and an SD.

    E[exp(order * delta_new)] needs E[exp(order^2 tau^2 / 2)] to be finite. A half-normal tau of scale s has it for
    order * s < 1; a bounded tau always; a lognormal or exponential tau never.
    """
    if tau_prior.family == "halfnormal":
        scale = tau_prior.parameters[0]
        return sum(order * scale < 1 for order in (1, 2))
    return 2 if tau_prior.family == "uniform" else 0
