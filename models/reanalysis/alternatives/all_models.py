"""What does each model of the family say of one endpoint? One fit each, by quadrature where there is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from reanalysis.alternatives.joint_fit import joint_fit
from reanalysis.engines.errors import EngineError
from reanalysis.estimands.headline import headline, why_no_headline
from reanalysis.estimands.summary import Direction, Summary, direction, summarise
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.gates.checked_fit import fit_and_judge
from reanalysis.gates.result import CheckResult
from reanalysis.model.data import JointData, ModelData
from reanalysis.model.family import EFFECT_MODELS, Engine
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec

NOT_SAMPLED = "not fitted: it has to be sampled"
"""Note of a model without quadrature where nothing is to be sampled."""


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
    broken : bool
        Whether that is because the fit came to no result.
    """

    model: str
    engine: Engine
    studies: tuple[str, ...]
    log_odds_ratio: Summary | None
    direction: Direction | None
    gates: tuple[CheckResult, ...] = ()
    note: str = ""
    broken: bool = False

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """Gates that the posterior did not pass."""
        return tuple(gate for gate in self.gates if gate.failed)

    @property
    def troubles(self) -> tuple[str, ...]:
        """What went wrong, one sentence each: no result, or a gate that failed."""
        said = [self.note] if self.broken else [f"{gate.name}: {gate.text}" for gate in self.failed]
        return tuple(f"{self.model}: {one}" for one in said)

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


Answering = Callable[[ModelSpec, ModelData, str | None], ModelAnswer]
"""Fits a model to its data and says what follows, given which side is better; raises EngineError."""


def engine_of(spec: ModelSpec) -> Engine:
    """What fits a model here: quadrature where the model has it."""
    return "quadrature" if "quadrature" in spec.family.engines else "nuts"


def answer(spec: ModelSpec, data: ModelData, better: str | None) -> ModelAnswer:
    """What one model says of the headline effect.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    data : ModelData
        Of the endpoint.
    better : {"lower", "higher"} or None
        Good side of the endpoint.

    Raises
    ------
    EngineError
        If the posterior cannot be given.
    """
    engine = engine_of(spec)
    if isinstance(data, JointData):
        posterior, gates = joint_fit(spec, data)
    else:
        posterior, _, gates = fit_and_judge(spec, data, engine)
    effect = headline(posterior).log_odds_ratio
    return ModelAnswer(spec.model, engine, data.names, summarise(effect), direction(effect, better), gates)


def all_models(
    evidence: Evidence, endpoint: str, spec: ModelSpec, sampled: bool = True, answering: Answering | None = None
) -> list[ModelAnswer]:
    """The endpoint under every model, its settings at their defaults and everything else as in ``spec``.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str
        Endpoint id.
    spec : ModelSpec
        The primary specification.
    sampled : bool
        Whether models without quadrature are fitted, which takes minutes; if not, they have a note and no effect.
    answering : callable, optional
        Computes an answer instead of :func:`answer`. Where it raises EngineError that model has a note and no effect.
    """
    found = []
    for name in EFFECT_MODELS:
        one = replace(spec, model=name, settings=())
        found.append(_answer(evidence, endpoint, one, sampled, answering or answer))
    return found


def _answer(evidence: Evidence, endpoint: str, spec: ModelSpec, sampled: bool, answering: Answering) -> ModelAnswer:
    engine = engine_of(spec)
    try:
        data = select(evidence, spec, endpoint).data
    except InvalidInput as error:
        return ModelAnswer(spec.model, engine, (), None, None, note=str(error))
    reason = why_no_headline(spec, data)
    if isinstance(data, JointData) and len(data.parts) == 1:
        reason = "of one endpoint alone it is the contrast model"
    if not reason and engine == "nuts" and not sampled:
        reason = NOT_SAMPLED
    if reason:
        return ModelAnswer(spec.model, engine, data.names, None, None, note=reason)
    try:
        return answering(spec, data, evidence.endpoint(endpoint).better)
    except EngineError as error:
        return ModelAnswer(spec.model, engine, data.names, None, None, note=f"not computed: {error}", broken=True)
