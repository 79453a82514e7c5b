"""How many more patients in a hundred have the event, at a named control risk?

An odds ratio moves a control risk p_0 to p_1 = expit(logit p_0 + log OR); the risk difference is p_1 - p_0. Risk
difference and risk ratio depend on p_0, so both are given at named baselines only.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from reanalysis.engines.marginal import MappedMarginal, Marginal
from reanalysis.typing import Array


def treated_risk(log_odds_ratio: Marginal, control_risk: float) -> MappedMarginal:
    """Risk under treatment where the control risk is ``control_risk``."""
    base = float(logit(control_risk))
    return MappedMarginal(log_odds_ratio, lambda d: expit(base + d), lambda p: logit(p) - base)


def risk_difference(log_odds_ratio: Marginal, control_risk: float) -> MappedMarginal:
    """Treated minus control risk where the control risk is ``control_risk``."""
    base = float(logit(control_risk))

    def inverse(difference: Array) -> Array:
        return logit(np.clip(control_risk + difference, 0.0, 1.0)) - base

    return MappedMarginal(log_odds_ratio, lambda d: expit(base + d) - control_risk, inverse)


def risk_ratio_at(log_odds_ratio: Marginal, control_risk: float) -> MappedMarginal:
    """Treated over control risk where the control risk is ``control_risk``."""
    base = float(logit(control_risk))

    def inverse(ratio: Array) -> Array:
        return logit(np.clip(control_risk * ratio, 0.0, 1.0)) - base

    return MappedMarginal(log_odds_ratio, lambda d: expit(base + d) / control_risk, inverse)
