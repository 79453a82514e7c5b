"""Benefits against harms as a report shows them, with the posteriors from which a reader's own weights are answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from reanalysis.decisions.acceptability import acceptability
from reanalysis.decisions.benefit_risk import net_benefit, trade_off_lines
from reanalysis.decisions.effects import endpoint_effect, sampled_effects, scenarios
from reanalysis.decisions.trade_offs import TradeOff
from reanalysis.decisions.uncertain_risks import UNCERTAIN, uncertain_net_benefit
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.spec import ModelSpec

FROM, STEP = -7.0, 0.1
"""First of the normal deviates at whose probabilities effects are tabulated, up to its mirror, and their distance."""
_DEVIATES = np.linspace(FROM, -FROM, 1 + round(-2 * FROM / STEP))


@dataclass(frozen=True)
class WeighedBenefits:
    """Net benefit at each set of control risks, what it turns on, and the effects it is made of."""

    trade_offs: tuple[TradeOff, ...]
    """Weights."""
    net_benefit: dict[str, dict[str, Any]]
    """By the name of the control risks: median, mean, interval and P(better) under each correlation, and the risks."""
    trade_off_lines: tuple[dict[str, Any], ...]
    """At each set, the worst harm against each other endpoint."""
    acceptability: dict[str, dict[str, Any]]
    """By the name of the control risks: whether treatment is better whatever the sizes of the weights."""
    effects: dict[str, tuple[float, ...]]
    """By endpoint, quantiles of its log odds ratio at normal deviates from -7 to 7, 0.1 apart."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, named as those of ``reanalysis decide``."""
        return {
            "weights": {one.endpoint: {"weight": one.weight, "reason": one.reason} for one in self.trade_offs},
            "net_benefit": self.net_benefit,
            "tradeoff": list(self.trade_off_lines),
            "acceptability": self.acceptability,
        }


def weighed_benefits(parts: tuple[Evidence, ...], trade_offs: tuple[TradeOff, ...], spec: ModelSpec) -> WeighedBenefits:
    """Weigh the headline effects of endpoints against each other.

    Parameters
    ----------
    parts : tuple of Evidence
        For each weight, the part of the folder that matters to its endpoint.
    trade_offs : tuple of TradeOff
        As many weights, none of them 0.
    spec : ModelSpec
        The primary specification.

    Raises
    ------
    InvalidInput
        If nothing compares an endpoint.
    EngineError
        If a posterior cannot be computed.
    """
    effects = {
        one.endpoint: endpoint_effect(part, one.endpoint, spec) for part, one in zip(parts, trade_offs, strict=True)
    }
    draws, at = sampled_effects(effects, 0.0, spec.seed), scenarios(effects)
    nets = {label: net_benefit(effects, trade_offs, risks, label) for label, risks in at.items()}
    nets[UNCERTAIN] = uncertain_net_benefit(effects, trade_offs)
    lines = [line for label, risks in at.items() for line in trade_off_lines(effects, trade_offs, risks, label)]
    return WeighedBenefits(
        trade_offs,
        {label: one.as_dict() for label, one in nets.items()},
        tuple(point for line in lines for point in line.as_dict()),
        {
            label: acceptability(effects, trade_offs, risks, label, 0.0, draws, spec.seed).as_dict()
            for label, risks in at.items()
        },
        {
            name: tuple(float(x) for x in one.head.log_odds_ratio.quantile(ndtr(_DEVIATES)))
            for name, one in effects.items()
        },
    )
