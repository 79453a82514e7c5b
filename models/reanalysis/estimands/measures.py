"""Measures of an event and of an effect: rates, odds and risk ratios, and risks at a named control risk.

An odds ratio moves a control risk p_0 to p_1 = expit(logit p_0 + log OR). Risk difference p_1 - p_0 and risk ratio
p_1 / p_0 depend on p_0, so both are given at named control risks only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit, logit

from reanalysis.engines.marginal import MappedMarginal, Marginal, RatioMarginal
from reanalysis.model.distributions import Distribution
from reanalysis.typing import Array


def rate(log_odds: Marginal) -> MappedMarginal:
    """Event probability of an arm."""
    return MappedMarginal(log_odds, expit, logit)


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


def treated_risk(log_odds_ratio: Marginal, control_risk: float) -> MappedMarginal:
    """Risk under treatment where the control risk is ``control_risk``."""
    return _at(log_odds_ratio, control_risk, lambda risk: risk, lambda risk: risk)


def risk_difference(log_odds_ratio: Marginal, control_risk: float) -> MappedMarginal:
    """Treated minus control risk where the control risk is ``control_risk``."""
    return _at(log_odds_ratio, control_risk, lambda risk: risk - control_risk, lambda d: control_risk + d)


def risk_ratio_at(log_odds_ratio: Marginal, control_risk: float) -> MappedMarginal:
    """Treated over control risk where the control risk is ``control_risk``."""
    return _at(log_odds_ratio, control_risk, lambda risk: risk / control_risk, lambda ratio: control_risk * ratio)


def _at(
    log_odds_ratio: Marginal,
    control_risk: float,
    measure: Callable[[Array], Array],
    risk: Callable[[Array], Array],
) -> MappedMarginal:
    """A measure of the treated risk at one control risk, and ``risk``, its inverse."""
    base = float(logit(control_risk))
    return MappedMarginal(
        log_odds_ratio, lambda d: measure(expit(base + d)), lambda value: logit(np.clip(risk(value), 0.0, 1.0)) - base
    )
