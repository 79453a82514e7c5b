"""Net benefit under the joint model, whose correlations of effects are learnt from the studies, by its draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from reanalysis.alternatives.all_models import joint_fit
from reanalysis.decisions.effects import ControlRisk
from reanalysis.decisions.trade_offs import TradeOff
from reanalysis.decisions.weighted_sum import above_zero
from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.engines.posterior import Posterior
from reanalysis.estimands.headline import headline
from reanalysis.estimands.measures import risk_difference
from reanalysis.estimands.summary import summarise
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import BadChoice, InvalidInput, listed
from reanalysis.gates.result import CheckResult
from reanalysis.model.data import JointData
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec
from reanalysis.model.specification import specification


@dataclass(frozen=True)
class JointModel:
    """Net benefit with correlations that are learnt."""

    net_benefits: dict[str, DrawsMarginal]
    """By name of the control risks."""
    correlations: dict[str, dict[str, float | None]]
    """Posteriors of the correlations of effects."""
    gates: tuple[CheckResult, ...]
    """What the sampled posterior must pass."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "net_benefit": {
                label: asdict(summarise(one)) | {"probability_better": above_zero(one)}
                for label, one in self.net_benefits.items()
            },
            "correlations": self.correlations,
            "gates": [{"name": gate.name, "passed": gate.passed, "text": gate.text} for gate in self.gates],
            "passed": not any(gate.failed for gate in self.gates),
        }


def joint_model(
    evidence: Evidence,
    trade_offs: Sequence[TradeOff],
    control_risks: Mapping[str, Mapping[str, ControlRisk]],
) -> JointModel:
    """Sample the joint model of the endpoints that are weighed, and others modelled with them.

    Raises
    ------
    InvalidInput
        If the joint model does not hold all endpoints that are weighed.
    EngineError
        If the posterior cannot be sampled.
    """
    spec, data = joint_data(evidence, trade_offs)
    posterior, gates = joint_fit(spec, data)
    draws = {one.endpoint: _draws(posterior, one.endpoint) for one in trade_offs}
    benefits = {
        label: DrawsMarginal(summed(draws, trade_offs, {e: one.risk for e, one in risks.items()}))
        for label, risks in control_risks.items()
    }
    correlations = {name: summarise(one).as_dict() for name, one in posterior.correlations.items()}
    return JointModel(benefits, correlations, gates)


def joint_data(evidence: Evidence, trade_offs: Sequence[TradeOff]) -> tuple[ModelSpec, JointData]:
    """The joint model and its data, before anything is sampled.

    Raises
    ------
    InvalidInput
        Naming the endpoints that are weighed and that it does not hold.
    """
    first = trade_offs[0].endpoint
    spec = specification(evidence, first, model="joint")
    data = select(evidence, spec, first).data
    assert isinstance(data, JointData)
    missing = [one.endpoint for one in trade_offs if one.endpoint not in data.endpoints]
    if missing:
        said = f": the joint model holds {listed(data.endpoints)}, not {listed(missing)}, which is weighed"
        raise InvalidInput([BadChoice("joint", said)])
    return spec, data


def summed(draws: Mapping[str, np.ndarray], trade_offs: Sequence[TradeOff], risks: Mapping[str, float]) -> np.ndarray:
    """Draws of net benefit from joint draws of log odds ratios, each of shape (chains, draws)."""
    total = np.zeros_like(next(iter(draws.values())))
    for one in trade_offs:
        effect = DrawsMarginal(draws[one.endpoint])
        total -= one.weight * risk_difference(effect, risks[one.endpoint]).forward(effect.draws)
    return total


def _draws(posterior: Posterior, endpoint: str) -> np.ndarray:
    part = posterior if posterior.endpoint == endpoint else posterior.parts[endpoint]
    effect = headline(part).log_odds_ratio
    assert isinstance(effect, DrawsMarginal)
    return effect.draws
