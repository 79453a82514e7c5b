"""The deterministic engine: every number is a grid integral, in milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from reanalysis.engines.beta_rate import arms_of, beta_rates_draws
from reanalysis.engines.draws import apart_prior, prior_draws
from reanalysis.engines.errors import EngineError
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Marginals, Posterior
from reanalysis.engines.quadrature.alone import NARROWEST, Alone
from reanalysis.engines.quadrature.beta_rates import solve_beta
from reanalysis.engines.quadrature.exchangeability import (
    ExchangeabilityPosterior,
    solve_exchangeability,
)
from reanalysis.engines.quadrature.hierarchy import solve_each
from reanalysis.engines.quadrature.hierarchy_posterior import HierarchyPosterior
from reanalysis.engines.quadrature.pooled import CommonEffect, SeparateEffects, solve_common
from reanalysis.engines.quadrature.sampling import CHAINS, DRAWS, sample
from reanalysis.engines.quadrature.study_effects import Predictive, StudyEffects, effect_marginal
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.engines.streams import stream
from reanalysis.engines.tree import to_tree
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec

if TYPE_CHECKING:
    from xarray import DataTree


Joint = HierarchyPosterior | ExchangeabilityPosterior | CommonEffect

_REMEMBERED = 100
"""Studies whose posteriors are kept once computed."""


def fit(spec: ModelSpec, data: ModelData) -> Posterior:
    """Posterior by quadrature.

    Raises
    ------
    QuadratureError
        If a grid cannot hold or resolve the posterior.
    """
    require_quadrature(spec)
    if spec.model == "beta-rates":
        return _fit_beta_rates(spec, data)
    return posteriors([spec], data)[0]


def posteriors(specs: Sequence[ModelSpec], data: ModelData) -> list[Posterior]:
    """Posteriors of a hierarchical model under specifications that differ in the priors of mu and tau alone."""
    first = specs[0]
    studies = [StudyLikelihood.of(study, first) for study in data.studies]
    priors = [(spec.priors.mu, spec.priors.tau) for spec in specs]
    joints: Sequence[Joint | None] = [None] * len(specs)
    if first.pooling == "complete":
        joints = [solve_common(studies, mu) for mu, _ in priors]
    elif first.pooling == "partial" and first.model == "exnex":
        joints = solve_exchangeability(studies, priors, first.number("w"), apart_prior(first))
    elif first.pooling == "partial":
        joints = solve_each(studies, priors)
    return [_posterior(spec, data, studies, joint) for spec, joint in zip(specs, joints, strict=True)]


def require_quadrature(spec: ModelSpec) -> None:
    """Raise where the model has the other engine only."""
    if "quadrature" not in spec.family.engines:
        raise EngineError(f"model {spec.model} has the sampling engine only")


def _posterior(spec: ModelSpec, data: ModelData, studies: list[StudyLikelihood], joint: Joint | None) -> Posterior:
    name = spec.effect
    overall: dict[str, Callable[[], Marginal]] = {}
    diagnostics: dict[str, Any] = {}
    if joint is not None:
        overall[name] = joint.average
    if isinstance(joint, HierarchyPosterior | ExchangeabilityPosterior):
        overall |= {"tau": joint.heterogeneity, f"{name}_new": joint.new_effect}
    if isinstance(joint, ExchangeabilityPosterior):
        diagnostics["exchangeable"] = {s: joint.exchangeable(index) for index, s in enumerate(data.names)}
    if isinstance(joint, HierarchyPosterior) and len(studies) == 1 and spec.priors.mu.sd >= NARROWEST:
        given_others = Alone(spec.priors.mu, spec.priors.tau).effect_given_others
    else:
        given_others = (joint or SeparateEffects(spec.priors.mu)).effect_given_others
    predictives: list[Predictive] = [partial(given_others, index) for index in range(len(studies))]

    def make_tree() -> DataTree:
        draws = sample(spec, data, studies, joint, predictives)
        prior = prior_draws(spec, data, CHAINS, DRAWS)
        return to_tree(spec, data, "quadrature", draws, prior)

    return Posterior(
        spec=spec,
        data=data,
        engine="quadrature",
        overall=Marginals(overall),
        study=_by_study(studies, predictives, name),
        make_tree=make_tree,
        log_evidence=joint.log_evidence if joint else None,
        diagnostics=diagnostics,
    )


def _fit_beta_rates(spec: ModelSpec, data: ModelData) -> Posterior:
    joint = solve_beta(arms_of(spec, data))

    def make_tree() -> DataTree:
        rng = stream(spec, data, "draws from quadrature")
        draws = beta_rates_draws(spec, data, *joint.sample(rng, CHAINS, DRAWS), rng)
        return to_tree(spec, data, "quadrature", draws, None)

    return Posterior(
        spec=spec,
        data=data,
        engine="quadrature",
        overall=Marginals(
            {
                "alpha": joint.alpha,
                "beta": joint.beta,
                "mean_rate": joint.mean_rate,
                "rate_new": joint.new_rate,
            }
        ),
        study={
            study.study: Marginals({"rate": partial(joint.rate, index)}) for index, study in enumerate(data.studies)
        },
        make_tree=make_tree,
        diagnostics={
            "mode": {"log_alpha_over_beta": joint.mode[0], "log_alpha_plus_beta": joint.mode[1]},
            "largest_alpha_plus_beta": joint.bound,
        },
    )


class _Recomputed(Marginals):
    """Marginals computed whenever they are asked for: those of a thousand studies would fill the memory."""

    def __getitem__(self, name: str) -> Marginal:
        return self._makers[name]()


def _by_study(studies: list[StudyLikelihood], given_others: list[Predictive], name: str) -> dict[str, Marginals]:
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
