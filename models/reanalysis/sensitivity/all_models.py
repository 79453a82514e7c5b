"""What does each model of the family say of one endpoint? One fit each, by quadrature where there is one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reanalysis.effects.probabilities import Direction, direction
from reanalysis.effects.summary import Summary, summarise
from reanalysis.engines.errors import EngineError
from reanalysis.engines.fit import fit
from reanalysis.evidence.folder import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.model.family import FAMILIES, Engine
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec
from reanalysis.sensitivity.headline_effect import headline_effect


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
    note : str
        Why not.
    """

    model: str
    engine: Engine
    studies: tuple[str, ...]
    log_odds_ratio: Summary | None
    direction: Direction | None
    note: str = ""


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
        return ModelAnswer(spec.model, engine, (), None, None, str(error))
    try:
        effect = headline_effect(fit(spec, data, engine))
    except (EngineError, KeyError) as error:
        return ModelAnswer(spec.model, engine, data.names, None, None, f"not computed: {error}")
    found = direction(effect, evidence.endpoint(endpoint).better)
    return ModelAnswer(spec.model, engine, data.names, summarise(effect), found)
