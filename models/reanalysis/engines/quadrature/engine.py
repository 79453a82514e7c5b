"""The deterministic engine: every number is a grid integral, in milliseconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from reanalysis.engines.errors import EngineError
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.engines.quadrature.models import quadrature_models
from reanalysis.engines.quadrature.registered import QuadratureModel
from reanalysis.engines.threads import one_thread
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec


def fit(spec: ModelSpec, data: ModelData) -> Posterior:
    """Posterior by quadrature.

    Raises
    ------
    EngineError
        If the model has the other engine only.
    QuadratureError
        If a grid cannot hold or resolve the posterior.
    """
    with one_thread():
        return _model_of(spec).posteriors([spec], data)[0]


def _model_of(spec: ModelSpec) -> QuadratureModel:
    if "quadrature" not in spec.engines:
        raise EngineError(f"model {spec.model} has the sampling engine only")
    return quadrature_models()[spec.model]


def effects(specs: Sequence[ModelSpec], data: ModelData, study: str | None = None) -> list[Marginal | EngineError]:
    """Posterior of the average effect, or of one study's, under each specification, as a fit has it.

    Specifications that differ in the priors of mu and tau alone share likelihoods, transforms and grids; nothing else
    is integrated, and nothing is drawn.

    Parameters
    ----------
    specs : sequence of ModelSpec
        Of hierarchical models.
    data : ModelData
        What all of them are fitted to.
    study : str, optional
        Whose effect; by default the average.

    Returns
    -------
    list of Marginal or EngineError
        In the order of ``specs``; the error where an effect cannot be computed.
    """
    alike: dict[object, list[int]] = defaultdict(list)
    for index, spec in enumerate(specs):
        likelihood = (spec.priors.baseline, spec.anchor, spec.rates and spec.arm)
        alike[spec.model, spec.pooling, spec.settings, likelihood].append(index)
    found: dict[int, Marginal | EngineError] = {}
    with one_thread():
        for group in alike.values():
            found |= dict(zip(group, _alike([specs[index] for index in group], data, study), strict=True))
    return [found[index] for index in range(len(specs))]


def _alike(specs: Sequence[ModelSpec], data: ModelData, study: str | None) -> list[Marginal | EngineError]:
    """Of specifications that differ in the priors of mu and tau; each by itself where one of them fails."""
    try:
        model = _model_of(specs[0])
        return [*(model.average_of_each(specs, data) if study is None else model.effect_of_each(specs, data, study))]
    except EngineError as error:
        return [error] if len(specs) == 1 else [one for spec in specs for one in _alike([spec], data, study)]
