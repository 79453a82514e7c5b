"""The hierarchical model of contrasts, or of one arm's rates; a bias or a benchmark is in a study's likelihood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from reanalysis.engines.draws import prior_draws
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Marginals, Posterior
from reanalysis.engines.quadrature.averages import solve_averages
from reanalysis.engines.quadrature.exchangeability import ExchangeabilityPosterior
from reanalysis.engines.quadrature.hierarchy import solve_each
from reanalysis.engines.quadrature.hierarchy_posterior import HierarchyPosterior
from reanalysis.engines.quadrature.own_effects import alone, among_others
from reanalysis.engines.quadrature.pooled import Alone, CommonEffect, SeparateEffects, solve_common, stands_alone
from reanalysis.engines.quadrature.registered import QuadratureModel
from reanalysis.engines.quadrature.sampling import CHAINS, DRAWS, sample
from reanalysis.engines.quadrature.study_effects import Predictive, StudyEffects, effect_marginal
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood, likelihoods
from reanalysis.engines.quadrature.surface import Priors
from reanalysis.engines.tree import to_tree
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec

if TYPE_CHECKING:
    from xarray import DataTree

Joint = HierarchyPosterior | ExchangeabilityPosterior | CommonEffect
"""What studies share."""

_REMEMBERED = 100
"""Studies whose posteriors are kept once computed."""


def priors_of(specs: Sequence[ModelSpec]) -> list[Priors]:
    """Priors of mu and tau of each specification."""
    return [(spec.priors.mu, spec.priors.tau) for spec in specs]


@dataclass(frozen=True)
class GridTree:
    """Draws from a posterior by quadrature, which is solved again when they are asked for."""

    spec: ModelSpec
    data: ModelData
    """What was fitted to what."""

    @staticmethod
    def solve(specs: Sequence[ModelSpec], studies: list[StudyLikelihood]) -> Sequence[Joint | None]:
        """What studies share under each specification, None where they share nothing."""
        if specs[0].pooling == "complete":
            return solve_common(studies, [spec.priors.mu for spec in specs])
        return solve_each(studies, priors_of(specs)) if specs[0].pooling == "partial" else [None] * len(specs)

    def __call__(self) -> DataTree:
        """Build the DataTree."""
        spec, data = self.spec, self.data
        studies = likelihoods(spec, data)
        (joint,) = self.solve([spec], studies)
        draws = sample(spec, data, studies, joint, _predictives(spec, studies, joint))
        return to_tree(spec, data, "quadrature", draws, prior_draws(spec, data, CHAINS, DRAWS))


def _posteriors(specs: Sequence[ModelSpec], data: ModelData) -> list[Posterior]:
    return posteriors_of(specs, data, GridTree)


def _averages(specs: Sequence[ModelSpec], data: ModelData) -> Sequence[Marginal]:
    studies = likelihoods(specs[0], data)
    if specs[0].pooling == "complete":
        return [one.average() for one in solve_common(studies, [spec.priors.mu for spec in specs])]
    return solve_averages(studies, priors_of(specs))


def _effects(specs: Sequence[ModelSpec], data: ModelData, study: str) -> Sequence[Marginal | None]:
    studies, index, pooling = likelihoods(specs[0], data), data.names.index(study), specs[0].pooling
    if pooling == "complete":
        return _averages(specs, data)
    if pooling == "none" or len(studies) == 1:
        return alone(studies[index], priors_of(specs), pooling == "partial")
    return among_others(studies, index, priors_of(specs))


def posteriors_of(specs: Sequence[ModelSpec], data: ModelData, tree: type[GridTree]) -> list[Posterior]:
    """The posteriors of every reported quantity from those of what the studies share."""
    studies = likelihoods(specs[0], data)
    joints = tree.solve(specs, studies)
    return [_posterior(spec, data, studies, joint, tree) for spec, joint in zip(specs, joints, strict=True)]


def _posterior(
    spec: ModelSpec, data: ModelData, studies: list[StudyLikelihood], joint: Joint | None, tree: type[GridTree]
) -> Posterior:
    name = spec.effect
    overall: dict[str, Callable[[], Marginal]] = {}
    exchangeable: dict[str, float] = {}
    if joint is not None:
        overall[name] = joint.average
    if isinstance(joint, HierarchyPosterior | ExchangeabilityPosterior):
        overall |= {"tau": joint.heterogeneity, f"{name}_new": joint.new_effect}
    if isinstance(joint, ExchangeabilityPosterior):
        exchangeable = {s: joint.exchangeable(index) for index, s in enumerate(data.names)}
    predictives = _predictives(spec, studies, joint)
    return Posterior(
        spec=spec,
        data=data,
        engine="quadrature",
        overall=Marginals(overall),
        study=by_study(studies, predictives, name),
        make_tree=tree(spec, data),
        log_evidence=joint.log_evidence if joint else None,
        exchangeable=exchangeable,
    )


def _predictives(spec: ModelSpec, studies: list[StudyLikelihood], joint: Joint | None) -> list[Predictive]:
    """Of each study, the distribution of its effect given the others."""
    if isinstance(joint, HierarchyPosterior) and len(studies) == 1 and stands_alone(spec.priors.mu):
        given_others = Alone(spec.priors.mu, spec.priors.tau).effect_given_others
    else:
        given_others = (joint or SeparateEffects(spec.priors.mu)).effect_given_others
    return [partial(given_others, index) for index in range(len(studies))]


class _Recomputed(Marginals):
    """Marginals computed whenever they are asked for: those of a thousand studies would fill the memory."""

    def __getitem__(self, name: str) -> Marginal:
        return self.made[name] if name in self.made else self.computed(name)


def by_study(studies: list[StudyLikelihood], given_others: list[Predictive], name: str) -> dict[str, Marginals]:
    """Marginals of each study, from its likelihood and the distribution of its effect given the others."""

    @lru_cache(maxsize=_REMEMBERED)
    def effects(index: int) -> StudyEffects:
        return StudyEffects.of(studies[index], given_others[index])

    kind = Marginals if len(studies) <= _REMEMBERED else _Recomputed
    return {
        study.study.study: kind(_makers(study, index, effects, given_others[index], name))
        for index, study in enumerate(studies)
    }


def _makers(
    study: StudyLikelihood, index: int, effects: Callable[[int], StudyEffects], given_others: Predictive, name: str
) -> dict[str, Callable[[], Marginal]]:
    if study.whole:
        return {name: lambda: effect_marginal(study, given_others)}
    return {
        name: lambda: effects(index).log_odds_ratio(),
        "control_logit": lambda: effects(index).control_logit(),
        "treated_logit": lambda: effects(index).treated_logit(),
        "risk_difference": lambda: effects(index).risk_difference(),
        "log_risk_ratio": lambda: effects(index).log_risk_ratio(),
    }


MODELS = {
    name: QuadratureModel(_posteriors, _averages, _effects) for name in ("contrast", "rates", "bias", "all-cohort")
}
