"""By what factor do odds and risks change?"""

from __future__ import annotations

import numpy as np

from reanalysis.engines.marginal import MappedMarginal, Marginal
from reanalysis.model.distributions import Distribution


def odds_ratio(log_odds_ratio: Marginal) -> MappedMarginal:
    """Odds ratio, treated against control."""
    return MappedMarginal(log_odds_ratio, np.exp, np.log)


def risk_ratio(log_risk_ratio: Marginal) -> MappedMarginal:
    """Risk ratio, treated against control."""
    return MappedMarginal(log_risk_ratio, np.exp, np.log)


def new_ratio_has_moments(tau_prior: Distribution, order: int = 2) -> bool:
    """Whether E[exp(order * delta_new)] exists: it needs E[exp(order^2 tau^2 / 2)] to be finite.

    A half-normal tau of scale s has it for order * s < 1; a bounded tau always; a lognormal or exponential tau never.
    """
    if tau_prior.family == "halfnormal":
        return order * tau_prior.parameters[0] < 1
    return tau_prior.family == "uniform"
