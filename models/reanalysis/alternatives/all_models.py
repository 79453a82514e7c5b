"""The headline of one endpoint under every model of the family, by quadrature where the model has it.

One fit of the joint model answers for each of its endpoints: the sampler does not know which of them is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from reanalysis.alternatives.outcome import Outcome, outcome
from reanalysis.engines.errors import EngineError
from reanalysis.engines.fit import fit
from reanalysis.engines.posterior import Posterior
from reanalysis.estimands.headline import headline, why_no_headline
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.gates.checked_fit import fit_and_judge
from reanalysis.gates.gates import gates
from reanalysis.gates.result import CheckResult
from reanalysis.model.data import JointData, ModelData, SharedDenominator
from reanalysis.model.family import EFFECT_MODELS
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec

NOT_SAMPLED = "not fitted: it has to be sampled"
"""Note of a model without quadrature where nothing is to be sampled."""

Answering = Callable[[ModelSpec, ModelData, str | None], Outcome]
"""Fits a model to its data and says what follows, given which side is better; raises EngineError."""


def answer(spec: ModelSpec, data: ModelData, better: str | None) -> Outcome:
    """The headline effect under one model, with the gates of a sampled one.

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
    if isinstance(data, JointData):
        posterior, judged = joint_fit(spec, data)
    else:
        posterior, _, judged = fit_and_judge(spec, data, Outcome(spec, ()).engine)
    found = headline(posterior)
    return replace(outcome(spec, data, found.log_odds_ratio, better, found.study), gates=judged)


def all_models(
    evidence: Evidence, endpoint: str, spec: ModelSpec, sampled: bool = True, answering: Answering | None = None
) -> list[Outcome]:
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
        Whether models without quadrature are fitted too.
    answering : callable, optional
        Computes an outcome instead of :func:`answer`. Where it raises EngineError that model has a note and no effect.
    """
    every = [replace(spec, model=name, settings=()) for name in EFFECT_MODELS]
    return [_answer(evidence, endpoint, one, sampled, answering or answer) for one in every]


def _answer(evidence: Evidence, endpoint: str, spec: ModelSpec, sampled: bool, answering: Answering) -> Outcome:
    try:
        data = select(evidence, spec, endpoint).data
    except InvalidInput as error:
        return Outcome(spec, (), note=str(error))
    without = Outcome(spec, data.names)
    reason = why_no_headline(spec, data)
    if isinstance(data, JointData) and len(data.parts) == 1:
        reason = "of one endpoint alone it is the contrast model"
    if not reason and without.engine == "nuts" and not sampled:
        reason = NOT_SAMPLED
    if reason:
        return replace(without, note=reason)
    try:
        return answering(spec, data, evidence.endpoint(endpoint).better)
    except EngineError as error:
        return replace(without, note=f"not computed: {error}", broken=True)


def joint_fit(spec: ModelSpec, data: JointData) -> tuple[Posterior, tuple[CheckResult, ...]]:
    """The posterior of ``data.endpoint`` with those of the others beside it, and its gates.

    Endpoints that are modelled together share one fit: the last is kept, in this process.

    Raises
    ------
    EngineError
        If the posterior cannot be sampled.
    """
    posterior = seen_from(_fit(spec, data.parts, data.shared), data)
    return posterior, gates(posterior)


@lru_cache(maxsize=1)
def _fit(spec: ModelSpec, parts: tuple[ModelData, ...], shared: tuple[SharedDenominator, ...]) -> Posterior:
    first = parts[0]
    return fit(spec, JointData(first.endpoint, first.studies, parts, shared), "nuts")


def seen_from(posterior: Posterior, data: JointData) -> Posterior:
    """The same fit with ``data.endpoint`` in the front and the others, in the order of the data, beside it.

    Its tree holds the draws of that endpoint; those of the others are in the trees of ``parts``.

    Parameters
    ----------
    posterior : Posterior
        Of the same endpoints, any of them in the front.
    data : JointData
        The endpoints, and which of them is asked for.
    """
    asked = data.endpoint
    if posterior.endpoint == asked:
        return posterior
    own_data = {part.endpoint: part for part in data.parts}
    front = replace(posterior, parts={}, correlations={})
    found = {name: posterior.parts.get(name, front) for name in data.endpoints}
    own = found.pop(asked)
    found = {name: replace(one, data=own_data[name]) for name, one in found.items()}
    return replace(own, data=data, parts=found, correlations=posterior.correlations)
