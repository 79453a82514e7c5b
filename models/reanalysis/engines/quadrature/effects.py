"""Posteriors of one effect of one set of studies under many specifications, without all else that a fit gives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from reanalysis.engines.draws import apart_prior
from reanalysis.engines.errors import EngineError
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.quadrature.alone import NARROWEST, Alone
from reanalysis.engines.quadrature.averages import solve_averages
from reanalysis.engines.quadrature.engine import posteriors, require_quadrature
from reanalysis.engines.quadrature.exchangeability import constants_apart, finest, mixed
from reanalysis.engines.quadrature.lattice import Lattice
from reanalysis.engines.quadrature.pooled import SeparateEffects, solve_common
from reanalysis.engines.quadrature.study_effects import effect_marginal
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array


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
    for group in alike.values():
        found |= dict(zip(group, _alike([specs[index] for index in group], data, study), strict=True))
    return [found[index] for index in range(len(specs))]


def _alike(specs: Sequence[ModelSpec], data: ModelData, study: str | None) -> list[Marginal | EngineError]:
    """Of specifications that differ in the priors of mu and tau; each by itself where one of them fails."""
    try:
        require_quadrature(specs[0])
        if study is None:
            return [*averages(specs, data)]
        if len(data.studies) == 1:
            return [effect_alone(spec, data) for spec in specs]
        return [one.study[study][one.spec.effect] for one in posteriors(specs, data)]
    except EngineError as error:
        return [error] if len(specs) == 1 else [one for spec in specs for one in _alike([spec], data, study)]


def averages(specs: Sequence[ModelSpec], data: ModelData) -> Sequence[Marginal]:
    """Posteriors of the average effect under specifications that differ in the priors of mu and tau alone.

    Raises
    ------
    QuadratureError
        If any of them fails.
    """
    first = specs[0]
    studies = [StudyLikelihood.of(study, first) for study in data.studies]
    if first.pooling == "complete":
        return [solve_common(studies, spec.priors.mu).average() for spec in specs]
    priors = [(spec.priors.mu, spec.priors.tau) for spec in specs]
    if first.model == "exnex":
        return solve_averages(studies, priors, first.number("w"), constants_apart(studies, apart_prior(first)))
    return solve_averages(studies, priors)


def effect_alone(spec: ModelSpec, data: ModelData) -> Marginal:
    """Posterior of the effect of the only study.

    Raises
    ------
    QuadratureError
        If a grid cannot hold it.
    """
    mu, tau = spec.priors.mu, spec.priors.tau
    if mu.sd < NARROWEST:
        return posteriors([spec], data)[0].study[data.names[0]][spec.effect]
    given = Alone(mu, tau) if spec.pooling == "partial" else SeparateEffects(mu)

    def predictive(step: float, pulled: bool = False) -> tuple[Lattice, Array]:
        if spec.model != "exnex":
            return given.effect_given_others(0, step, pulled)
        share, apart = spec.number("w"), apart_prior(spec)
        return mixed(*given.effect_given_others(0, min(step, finest(share, apart))), share, apart)

    return effect_marginal(StudyLikelihood.of(data.studies[0], spec), predictive)
