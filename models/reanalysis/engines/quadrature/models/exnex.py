"""The hierarchical model in which each study is exchangeable or stands alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from reanalysis.engines.draws import apart_prior
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.engines.quadrature.averages import solve_averages
from reanalysis.engines.quadrature.exchangeability import constants_apart, finest, mixed, solve_exchangeability
from reanalysis.engines.quadrature.models.hierarchy import GridTree, Joint, posteriors_of, priors_of
from reanalysis.engines.quadrature.own_effects import alone, among_others
from reanalysis.engines.quadrature.registered import QuadratureModel
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood, likelihoods
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec


class ExchangeabilityTree(GridTree):
    """Draws from a posterior in which studies may stand alone."""

    @staticmethod
    def solve(specs: Sequence[ModelSpec], studies: list[StudyLikelihood]) -> Sequence[Joint | None]:
        """What studies share under each specification."""
        return solve_exchangeability(studies, priors_of(specs), specs[0].number("w"), apart_prior(specs[0]))


def _posteriors(specs: Sequence[ModelSpec], data: ModelData) -> list[Posterior]:
    return posteriors_of(specs, data, ExchangeabilityTree)


def _averages(specs: Sequence[ModelSpec], data: ModelData) -> Sequence[Marginal]:
    studies, first = likelihoods(specs[0], data), specs[0]
    constants = constants_apart(studies, apart_prior(first))
    return solve_averages(studies, priors_of(specs), first.number("w"), constants)


def _effects(specs: Sequence[ModelSpec], data: ModelData, study: str) -> Sequence[Marginal | None]:
    studies, index, first = likelihoods(specs[0], data), data.names.index(study), specs[0]
    share, apart = first.number("w"), apart_prior(first)
    mixing = partial(mixed, share=share, apart=apart)
    if len(studies) == 1:
        return alone(studies[0], priors_of(specs), True, mixing, finest(share, apart))
    constants = constants_apart(studies, apart)
    return among_others(studies, index, priors_of(specs), share, constants, mixing, finest(share, apart))


MODELS = {"exnex": QuadratureModel(_posteriors, _averages, _effects)}
