"""Net benefit where each control risk is as uncertain as that of a new control arm of the cohorts (the MAP prior).

The control logit a of each endpoint is independent of its log odds ratio d, and of all else of the other endpoints; the
log odds ratios go together by the Gaussian copula of :mod:`reanalysis.decisions.weighted_sum`. Given its common factor
f, P(difference <= x | f) is the mean over a of P(d <= logit(expit(a) + x) - a | f): an integral, without draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from scipy.special import expit, logit

from reanalysis.decisions.benefit_risk import NetBenefit, summed
from reanalysis.decisions.effects import ControlRisk, EndpointEffect
from reanalysis.decisions.trade_offs import TradeOff
from reanalysis.decisions.weighted_sum import given_factor
from reanalysis.engines.marginal import Marginal
from reanalysis.estimands.uncertain_control import ControlRate, control_rate, uncertain_difference
from reanalysis.estimands.words import risk
from reanalysis.typing import Array

UNCERTAIN = "control risk as uncertain as the cohorts leave it"
"""Name of these control risks: those of a new control arm, averaged over its MAP prior."""

_OUTSIDE = 1e-7
"""Probability left out on either side of a control logit."""

_STEP = 0.7
"""Steps of a control logit, in SDs of it or of the effect."""


def uncertain_net_benefit(
    effects: Mapping[str, EndpointEffect], trade_offs: Sequence[TradeOff], correlation: float = 0.0
) -> NetBenefit:
    """Net benefit averaged over the control risks of a new population, each endpoint's its own.

    Parameters
    ----------
    effects, trade_offs, correlation
        As of :func:`~reanalysis.decisions.benefit_risk.net_benefit`.
    """
    controls = {one.endpoint: control_rate(effects[one.endpoint].evidence, one.endpoint) for one in trade_offs}
    deltas = {one.endpoint: effects[one.endpoint].head.log_odds_ratio for one in trade_offs}
    return summed(
        UNCERTAIN,
        {name: _told(controls[name]) for name in deltas},
        trade_offs,
        {name: uncertain_difference(delta, controls[name]) for name, delta in deltas.items()},
        correlation,
        [partial(_given, delta, controls[name].logit) for name, delta in deltas.items()],
    )


def _told(control: ControlRate) -> ControlRisk:
    found = control.risk
    return ControlRisk(f"median, 95 % {risk(found.lower)} to {risk(found.upper)}", found.median)


def _given(effect: Marginal, control: Marginal, edges: Array, factor: Array, correlation: float) -> Array:
    """P(risk difference <= edge) given each value of the common factor, shape (F, N)."""
    low, high = (float(x) for x in control.quantile([_OUTSIDE, 1 - _OUTSIDE]))
    a = np.arange(low, high, _STEP * min(control.sd(), effect.sd()))
    mass = control.density(a)
    with np.errstate(divide="ignore"):  # a difference beyond the treated risks that there are is certain, or impossible
        needed = logit(np.clip(expit(a) + edges[:, None], 0.0, 1.0)) - a
    below = np.asarray(effect.cdf(needed))
    return np.stack([given_factor(below, one, correlation) @ mass for one in factor[:, None]]) / mass.sum()
