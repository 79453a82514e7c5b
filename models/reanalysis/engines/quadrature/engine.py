"""The deterministic engine: every number is a grid integral, in milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from reanalysis.engines.beta_rate import arms_of, beta_rates_draws
from reanalysis.engines.draws import apart_prior, prior_draws
from reanalysis.engines.errors import EngineError
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Marginals, Posterior
from reanalysis.engines.quadrature.alone import NARROWEST, Alone
from reanalysis.engines.quadrature.averages import solve_averages
from reanalysis.engines.quadrature.beta_rates import solve_beta
from reanalysis.engines.quadrature.exchangeability import (
    ExchangeabilityPosterior,
    constants_apart,
    finest,
    mixed,
    solve_exchangeability,
)
from reanalysis.engines.quadrature.hierarchy import solve
from reanalysis.engines.quadrature.hierarchy_posterior import HierarchyPosterior
from reanalysis.engines.quadrature.lattice import Lattice
from reanalysis.engines.quadrature.pooled import CommonEffect, SeparateEffects, solve_common
from reanalysis.engines.quadrature.sampling import CHAINS, DRAWS, sample
from reanalysis.engines.quadrature.study_effects import Predictive, StudyEffects, effect_marginal
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.engines.streams import stream
from reanalysis.engines.tree import to_tree
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array

if TYPE_CHECKING:
    from xarray import DataTree

Joint = HierarchyPosterior | ExchangeabilityPosterior | CommonEffect
"""What the studies of a pooled model share."""

_REMEMBERED = 100
"""Studies whose posteriors are kept once computed."""


def fit(spec: ModelSpec, data: ModelData) -> Posterior:
    """Posterior by quadrature.

    Raises
    ------
    QuadratureError
        If a grid cannot hold or resolve the posterior.
    """
    _require_quadrature(spec)
    if spec.model == "beta-rates":
        return _fit_beta_rates(spec, data)
    studies = [StudyLikelihood.of(study, spec) for study in data.studies]
    return _posterior(spec, data, studies, _solved(spec, studies))


@dataclass(frozen=True)
class GridTree:
    """The DataTree of draws from a posterior by quadrature, which is solved again when it is asked for."""

    spec: ModelSpec
    data: ModelData

    def __call__(self) -> DataTree:
        """Build it."""
        spec, data = self.spec, self.data
        if spec.model == "beta-rates":
            rng = stream(spec, data, "draws from quadrature")
            joint = solve_beta(arms_of(spec, data))
            return to_tree(
                spec, data, "quadrature", beta_rates_draws(spec, data, *joint.sample(rng, CHAINS, DRAWS), rng), None
            )
        studies = [StudyLikelihood.of(study, spec) for study in data.studies]
        solved = _solved(spec, studies)
        draws = sample(spec, data, studies, solved, _predictives(spec, studies, solved))
        return to_tree(spec, data, "quadrature", draws, prior_draws(spec, data, CHAINS, DRAWS))


def _solved(spec: ModelSpec, studies: list[StudyLikelihood]) -> Joint | None:
    """What the studies share; None without pooling."""
    mu, tau = spec.priors.mu, spec.priors.tau
    if spec.pooling == "complete":
        return solve_common(studies, mu)
    if spec.pooling == "partial" and spec.model == "exnex":
        return solve_exchangeability(studies, mu, tau, spec.number("w"), apart_prior(spec))
    return solve(studies, mu, tau) if spec.pooling == "partial" else None


def _predictives(spec: ModelSpec, studies: list[StudyLikelihood], joint: Joint | None) -> list[Predictive]:
    """Of each study, the distribution of its effect given the others."""
    if isinstance(joint, HierarchyPosterior) and len(studies) == 1 and spec.priors.mu.sd >= NARROWEST:
        given_others = Alone(spec.priors.mu, spec.priors.tau).effect_given_others
    else:
        given_others = (joint or SeparateEffects(spec.priors.mu)).effect_given_others
    return [partial(given_others, index) for index in range(len(studies))]


def fit_averages(specs: Sequence[ModelSpec], data: ModelData) -> list[Marginal]:
    """Posteriors of the average effect under specifications that differ in the priors of mu and tau alone.

    Parameters
    ----------
    specs : sequence of ModelSpec
        One or more, with an average.
    data : ModelData
        Studies.

    Raises
    ------
    QuadratureError
        As :func:`fit`, if any of them fails.
    """
    first = specs[0]
    _require_quadrature(first)
    studies = [StudyLikelihood.of(study, first) for study in data.studies]
    if first.pooling == "complete":
        return [solve_common(studies, spec.priors.mu).average() for spec in specs]
    priors = [(spec.priors.mu, spec.priors.tau) for spec in specs]
    if first.model == "exnex":
        constants = constants_apart(studies, apart_prior(first))
        return [*solve_averages(studies, priors, first.number("w"), constants)]
    return [*solve_averages(studies, priors)]


def _require_quadrature(spec: ModelSpec) -> None:
    if "quadrature" not in spec.family.engines:
        raise EngineError(f"model {spec.model} has the sampling engine only")


def effect_alone(spec: ModelSpec, data: ModelData) -> Marginal:
    """Posterior of the effect of the only study, as :func:`fit` has it and without all else.

    Raises
    ------
    QuadratureError
        If a grid cannot hold it.
    """
    (study,) = data.studies
    mu, tau = spec.priors.mu, spec.priors.tau
    if mu.sd < NARROWEST:
        return fit(spec, data).study[study.study][spec.effect]
    given = Alone(mu, tau) if spec.pooling == "partial" else SeparateEffects(mu)

    def predictive(step: float, pulled: bool = False) -> tuple[Lattice, Array]:
        if spec.model != "exnex":
            return given.effect_given_others(0, step, pulled)
        share, apart = spec.number("w"), apart_prior(spec)
        return mixed(*given.effect_given_others(0, min(step, finest(share, apart))), share, apart)

    return effect_marginal(StudyLikelihood.of(study, spec), predictive)


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
    predictives = _predictives(spec, studies, joint)
    return Posterior(
        spec=spec,
        data=data,
        engine="quadrature",
        overall=Marginals(overall),
        study=_by_study(studies, predictives, name),
        make_tree=GridTree(spec, data),
        log_evidence=joint.log_evidence if joint else None,
        diagnostics=diagnostics,
    )


def _fit_beta_rates(spec: ModelSpec, data: ModelData) -> Posterior:
    joint = solve_beta(arms_of(spec, data))
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
        make_tree=GridTree(spec, data),
        diagnostics={
            "mode": {"log_alpha_over_beta": joint.mode[0], "log_alpha_plus_beta": joint.mode[1]},
            "largest_alpha_plus_beta": joint.bound,
        },
    )


class _Recomputed(Marginals):
    """Marginals computed whenever they are asked for: those of a thousand studies would fill the memory."""

    def __getitem__(self, name: str) -> Marginal:
        return self.made[name] if name in self.made else self.makers[name]()


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
