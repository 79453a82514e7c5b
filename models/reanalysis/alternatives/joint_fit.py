"""What does the joint model say of one of its endpoints? One fit of them all answers for each."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from reanalysis.engines.fit import fit
from reanalysis.engines.posterior import Posterior
from reanalysis.gates.gates import gates
from reanalysis.gates.result import CheckResult
from reanalysis.model.data import JointData, ModelData, SharedDenominator
from reanalysis.model.spec import ModelSpec


def joint_fit(spec: ModelSpec, data: JointData) -> tuple[Posterior, tuple[CheckResult, ...]]:
    """The posterior of ``data.endpoint`` with those of the others beside it, and its gates.

    The sampler does not know which endpoint is asked for, so endpoints that are modelled together share one fit: the
    last is kept, in this process.

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
    front = replace(posterior, parts={}, correlations={})
    found = {name: posterior.parts.get(name, front) for name in data.endpoints}
    own = found.pop(asked)
    found = {name: replace(one, data=_part(data, name)) for name, one in found.items()}
    return replace(own, data=data, parts=found, correlations=posterior.correlations)


def _part(data: JointData, endpoint: str) -> ModelData:
    return next(part for part in data.parts if part.endpoint == endpoint)
