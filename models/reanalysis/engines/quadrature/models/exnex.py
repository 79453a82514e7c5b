"""The hierarchical model in which each study is exchangeable or stands alone."""

from __future__ import annotations

from collections.abc import Sequence

from reanalysis.engines.draws import apart_prior
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.engines.quadrature.averages import solve_averages
from reanalysis.engines.quadrature.exchangeability import constants_apart, finest, mixed, solve_exchangeability
from reanalysis.engines.quadrature.grids import Lattice
from reanalysis.engines.quadrature.models.hierarchy import GridTree, Joint, posteriors_of, priors_of
from reanalysis.engines.quadrature.pooled import NARROWEST, Alone
from reanalysis.engines.quadrature.registered import QuadratureModel
from reanalysis.engines.quadrature.study_effects import effect_marginal
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood, likelihoods
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array


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


def _alone(spec: ModelSpec, data: ModelData) -> Marginal:
    (study,) = likelihoods(spec, data)
    if spec.priors.mu.sd < NARROWEST:
        return _posteriors([spec], data)[0].study[data.names[0]][spec.effect]
    given, share, apart = Alone(spec.priors.mu, spec.priors.tau), spec.number("w"), apart_prior(spec)

    def predictive(step: float, pulled: bool = False) -> tuple[Lattice, Array]:
        return mixed(*given.effect_given_others(0, min(step, finest(share, apart))), share, apart)

    return effect_marginal(study, predictive)


MODELS = {"exnex": QuadratureModel(_posteriors, _averages, _alone)}
