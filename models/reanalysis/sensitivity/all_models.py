"""What does each model of the family say of one endpoint? One fit each, by quadrature where there is one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from reanalysis.checks.checked_fit import fit_and_judge
from reanalysis.checks.result import CheckResult
from reanalysis.effects.probabilities import Direction, direction
from reanalysis.effects.summary import Summary, summarise
from reanalysis.engines.errors import EngineError
from reanalysis.evidence.folder import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.model.data import JointData
from reanalysis.model.family import FAMILIES, Engine
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec
from reanalysis.sensitivity.headline_effect import headline_effect, why_no_effect


@dataclass(frozen=True)
class ModelAnswer:
    """Headline effect under one model.

    Parameters
    ----------
    model : str
        Its name.
    engine : {"nuts", "quadrature"}
        What fitted it.
    studies : tuple of str
        Studies that entered.
    log_odds_ratio, direction : Summary, Direction or None
        The effect; None where the model gives none.
    gates : tuple of CheckResult
        What a sampled posterior must pass; empty for quadrature, which raises instead of failing a gate.
    note : str
        Why there is no effect.
    """

    model: str
    engine: Engine
    studies: tuple[str, ...]
    log_odds_ratio: Summary | None
    direction: Direction | None
    gates: tuple[CheckResult, ...] = ()
    note: str = ""

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """Gates that the posterior did not pass."""
        return tuple(gate for gate in self.gates if gate.failed)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``passed`` is null where there is no posterior."""
        return {
            "model": self.model,
            "engine": self.engine,
            "studies": list(self.studies),
            "log_odds_ratio": None if self.log_odds_ratio is None else self.log_odds_ratio.as_dict(),
            "direction": None if self.direction is None else asdict(self.direction),
            "passed": None if self.log_odds_ratio is None else not self.failed,
            "gates": [{"name": gate.name, "passed": gate.passed, "text": gate.text} for gate in self.gates],
            "note": self.note,
        }


def effect_models() -> tuple[str, ...]:
    """Models of the effect between two arms, the primary first."""
    return tuple(name for name in FAMILIES if name not in ("rates", "beta-rates"))


def all_models(evidence: Evidence, endpoint: str, spec: ModelSpec) -> list[ModelAnswer]:
    """The endpoint under every model, its settings at their defaults and everything else as in ``spec``."""
    return [_answer(evidence, endpoint, replace(spec, model=name, settings=())) for name in effect_models()]  # type: ignore[arg-type]


def _answer(evidence: Evidence, endpoint: str, spec: ModelSpec) -> ModelAnswer:
    engine: Engine = "quadrature" if "quadrature" in spec.family.engines else "nuts"
    try:
        data = select(evidence, spec, endpoint).data
    except InvalidInput as error:
        return ModelAnswer(spec.model, engine, (), None, None, note=str(error))
    reason = why_no_effect(spec, data)
    if isinstance(data, JointData) and len(data.parts) == 1:
        reason = "of one endpoint alone it is the contrast model"
    if reason:
        return ModelAnswer(spec.model, engine, data.names, None, None, note=reason)
    try:
        posterior, _, gates = fit_and_judge(spec, data, engine)
    except EngineError as error:
        return ModelAnswer(spec.model, engine, data.names, None, None, note=f"not computed: {error}")
    effect = headline_effect(posterior)
    found = direction(effect, evidence.endpoint(endpoint).better)
    return ModelAnswer(spec.model, engine, data.names, summarise(effect), found, gates)
