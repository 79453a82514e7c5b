"""The headline of one endpoint under every model of the family, by quadrature where the model has it.

One fit of the joint model answers for each of its endpoints: the sampler does not know which of them is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from reanalysis.model.family import EFFECT_MODELS, FAMILIES
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec

NOT_SAMPLED = "not fitted: it has to be sampled"
"""Note of a model without quadrature where nothing is to be sampled."""


def answer(spec: ModelSpec, data: ModelData, better: str | None) -> Outcome:
    """The headline effect under one model, with the gates of a sampled one.

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


def all_models(evidence: Evidence, endpoint: str, spec: ModelSpec, sampled: bool = True) -> list[Outcome]:
    """The endpoint under every model, its settings at their defaults and everything else as in ``spec``.

    A model of which no posterior can be given has a note and no effect.

    Parameters
    ----------
    sampled : bool
        Whether models without quadrature are fitted too.
    """
    found = []
    for one, data in asked_models(evidence, endpoint, spec, sampled):
        try:
            found.append(one if data is None else answer(one.spec, data, evidence.endpoint(endpoint).better))
        except EngineError as error:
            found.append(not_computed(one, str(error)))
    return found


def not_computed(without: Outcome, reason: str) -> Outcome:
    """The outcome of a model whose fit came to no result."""
    return replace(without, note=f"not computed: {reason}", broken=True)


def asked_models(
    evidence: Evidence, endpoint: str, spec: ModelSpec, sampled: bool
) -> Iterator[tuple[Outcome, ModelData | None]]:
    """Every model, without its effect, and the data that it would be fitted to: None where a note says why not."""
    for name in EFFECT_MODELS:
        if spec.words and not FAMILIES[name].words:
            without_words = replace(spec, model=name, settings=(), words=False)
            yield Outcome(without_words, (), note="it takes no words"), None
            continue
        one = replace(spec, model=name, settings=())
        try:
            data = select(evidence, one, endpoint).data
        except InvalidInput as error:
            yield Outcome(one, (), note=str(error)), None
            continue
        without = Outcome(one, data.names, note=why_no_headline(one, data))
        if isinstance(data, JointData) and len(data.parts) == 1:
            without = replace(without, note="of one endpoint alone it is the contrast model")
        if not without.note and without.engine == "nuts" and not sampled:
            without = replace(without, note=NOT_SAMPLED)
        yield without, None if without.note else data


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
