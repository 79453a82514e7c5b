"""Stochastic multicriteria acceptability: whether treatment is better whatever the sizes of the trade-offs.

All sets of weights with the declared signs are as likely, a uniform distribution on their simplex (Tervonen and
Lahdelma 2007, Eur J Oper Res 178:500; of medicines: Tervonen et al. 2011, Stat Med 30:1419).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reanalysis.decisions.benefit_risk import LEVELS
from reanalysis.decisions.effects import ControlRisk, EndpointEffect, scrambled_points
from reanalysis.decisions.trade_offs import TradeOff
from reanalysis.decisions.weighted_sum import share_of_weights_above_zero
from reanalysis.estimands.measures import risk_difference
from reanalysis.typing import Array

_WEIGHTS = 2**10
"""Sets of weights at which P(better) is looked at."""


@dataclass(frozen=True)
class Acceptability:
    """Whether treatment is better over all weights that keep the signs of the trade-offs, each set as likely."""

    baseline: str
    """Name of the control risks."""
    correlation: float
    """Of the log odds ratios."""
    share_better: float
    """Share of the weights at which the expected net benefit is above 0; exact."""
    probability_better: float
    """P(better) averaged over weights and posterior: the acceptability index of treatment."""
    error: float
    """Its standard error, from independent sets of quasi-random points."""
    over_weights: dict[str, float]
    """P(better) over the weights: its quantiles, and the share of weights at which it is above :data:`LEVELS`."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dict(vars(self))


def acceptability(
    effects: Mapping[str, EndpointEffect],
    trade_offs: Sequence[TradeOff],
    control_risks: Mapping[str, ControlRisk],
    baseline: str,
    correlation: float,
    draws: Mapping[str, Array],
    seed: int,
) -> Acceptability:
    """Stochastic multicriteria acceptability analysis.

    Parameters
    ----------
    effects, trade_offs, control_risks, baseline, correlation
        As of :func:`net_benefit`; of the weights only the signs are used.
    draws : mapping of str to ndarray, shape (R, P)
        Log odds ratios, of :func:`reanalysis.decisions.effects.sampled_effects`.
    seed : int
        Of the sets of weights.
    """
    good, means = [], []
    for one in trade_offs:
        sign, risk = -float(np.sign(one.weight)), control_risks[one.endpoint].risk
        difference = risk_difference(effects[one.endpoint].head.log_odds_ratio, risk)
        good.append(sign * difference.forward(draws[one.endpoint]))
        means.append(sign * difference.mean())
    values = np.stack(good, axis=-1)  # (R, P, E)
    by_set = share_of_weights_above_zero(values).mean(axis=1)
    flat = values.reshape(-1, len(good))
    weights = -np.log(scrambled_points(len(good), _WEIGHTS, seed, 72))  # their sums scale a net benefit and no sign
    better = np.zeros(len(weights))
    for i, weight in enumerate(weights):
        total = flat[:, 0] * weight[0]
        for j in range(1, len(good)):
            total += flat[:, j] * weight[j]
        better[i] = np.mean(total > 0)
    low, median, high = (float(q) for q in np.quantile(better, [0.05, 0.5, 0.95]))
    over = {"quantile_0.05": low, "quantile_0.5": median, "quantile_0.95": high}
    over |= {f"share_above_{level:g}": float(np.mean(better > level)) for level in LEVELS}
    return Acceptability(
        baseline,
        correlation,
        float(share_of_weights_above_zero(np.array(means))),
        float(by_set.mean()),
        float(by_set.std(ddof=1) / np.sqrt(len(by_set))),
        over,
    )
