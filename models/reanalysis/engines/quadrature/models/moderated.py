"""Meta-regression of one moderator; a study whose treated arm has parts is a mixture over the slopes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from reanalysis.engines.draws import Draws, hierarchical_draws, of_moderator, prior_draws
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Marginals, Posterior
from reanalysis.engines.quadrature.models.hierarchy import by_study
from reanalysis.engines.quadrature.registered import QuadratureModel
from reanalysis.engines.quadrature.regression import Priors, solve_regression
from reanalysis.engines.quadrature.regression_posterior import RegressionPosterior
from reanalysis.engines.quadrature.regression_terms import Regressed
from reanalysis.engines.quadrature.sampling import CHAINS, DRAWS, draw_baseline, draw_effect, shaped
from reanalysis.engines.quadrature.slope_mixture import SlopeMixture
from reanalysis.engines.quadrature.study_effects import StudyEffects
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood, likelihoods
from reanalysis.engines.streams import stream
from reanalysis.engines.tree import to_tree
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array, Integers

if TYPE_CHECKING:
    from xarray import DataTree

_COUNTS = 1e-9
"""Share of the largest weight above which a slope is a part of a mixture."""


def solved(spec: ModelSpec, data: ModelData) -> RegressionPosterior:
    """The posterior of what the studies share."""
    studies = []
    for likelihood in likelihoods(spec, data):
        (x,) = likelihood.study.covariates
        one = Regressed(likelihood, x, tuple(part.covariates[0] - x for part in likelihood.study.parts))
        studies.append(Regressed(one.at(0.0), one.x, one.parts))
    return solve_regression(studies, Priors(spec.priors.mu, spec.priors.moderator, spec.priors.tau))


@dataclass(frozen=True)
class RegressionTree:
    """Draws from a meta-regression by quadrature, which is solved again when they are asked for."""

    spec: ModelSpec
    data: ModelData

    def __call__(self) -> DataTree:
        """Build the DataTree."""
        draws = sample(self.spec, self.data, solved(self.spec, self.data))
        return to_tree(self.spec, self.data, "quadrature", draws, prior_draws(self.spec, self.data, CHAINS, DRAWS))


def _posteriors(specs: Sequence[ModelSpec], data: ModelData) -> list[Posterior]:
    return [_posterior(spec, data) for spec in specs]


def _posterior(spec: ModelSpec, data: ModelData) -> Posterior:
    found, (moderator,) = solved(spec, data), data.moderators
    name = spec.effect
    overall: dict[str, Callable[[], Marginal]] = {
        name: partial(found.effect_at, 0.0),
        "tau": found.heterogeneity,
        f"{name}_new": found.new_effect,
        of_moderator(moderator.name): found.slope,
    }
    for label, value in moderator.values:
        key = of_moderator(moderator.name, label)
        overall[key] = partial(found.effect_at, value - moderator.centre)
    studies = [one.likelihood for one in found.studies]
    own = by_study(studies, [partial(found.effect_given_others, s) for s in range(len(studies))], name)
    for index, study in enumerate(found.studies):
        if study.parts:
            own[study.likelihood.study.study] = _of_parts(found, index, name)
    return Posterior(
        spec=spec,
        data=data,
        engine="quadrature",
        overall=Marginals(overall),
        study=own,
        make_tree=RegressionTree(spec, data),
        log_evidence=found.log_evidence,
    )


def _of_parts(found: RegressionPosterior, index: int, name: str) -> Marginals:
    """Marginals of a study with parts, whose likelihood is another for every slope."""
    weight = found.mass.sum(axis=(1, 2))
    nodes = np.flatnonzero(weight > _COUNTS * weight.max())
    share = weight[nodes] / weight[nodes].sum()

    @lru_cache(maxsize=1)
    def effects() -> list[StudyEffects]:
        each = []
        for node in map(int, nodes):
            likelihood = found.studies[index].at(float(found.slopes[node]))
            each.append(StudyEffects.of(likelihood, partial(found.effect_given_others_at, index, node)))
        return each

    def mixed(of: Callable[[StudyEffects], Marginal]) -> Callable[[], Marginal]:
        return lambda: SlopeMixture(tuple(of(one) for one in effects()), share)

    return Marginals(
        {
            name: mixed(StudyEffects.log_odds_ratio),
            "control_logit": mixed(StudyEffects.control_logit),
            "treated_logit": mixed(StudyEffects.treated_logit),
            "risk_difference": mixed(StudyEffects.risk_difference),
            "log_risk_ratio": mixed(StudyEffects.log_risk_ratio),
        }
    )


def sample(spec: ModelSpec, data: ModelData, found: RegressionPosterior, each: int = DRAWS) -> Draws:
    """Independent joint draws, ``each`` in every chain, for plots and the DataTree."""
    rng, count = stream(spec, data, "draws from quadrature"), CHAINS * each
    cell = rng.choice(found.mass.size, size=count, p=found.mass.ravel())
    node, row, column = np.unravel_index(cell, found.mass.shape)
    at = found.mu.points[column] + found.mu.step * rng.uniform(-0.5, 0.5, count)
    edges = found.window.u[0] + np.concatenate([[0.0], np.cumsum(found.u_weight)])
    tau = found.window.scale.tau(edges[row] + found.u_weight[row] * rng.uniform(size=count))
    slope = found.window.slope_scale.slope(found.v.points[node] + found.v.step * rng.uniform(-0.5, 0.5, count))
    average = at - slope * found.window.centre
    effects, baselines = [], []
    for study in found.studies:
        located = at + slope * study.x
        effect, control = np.empty(count), np.empty(count)
        for likelihood, rows in _by_slope(study, found.slopes, node):
            effect[rows] = draw_effect(likelihood, located[rows], tau[rows], rng)
            control[rows] = 0.0 if likelihood.whole else draw_baseline(likelihood, effect[rows], rng)
        effects.append(effect)
        baselines.append(control)
    new = average + tau * rng.standard_normal(count)
    effect, control = (shaped(np.stack(values, axis=-1)) for values in (effects, baselines))
    mu, spread, predicted = (shaped(one) for one in (average, tau, new))
    return hierarchical_draws(spec, data, effect, control, mu, spread, predicted, slopes=shaped(slope[:, None]))


def _by_slope(study: Regressed, slopes: Array, node: Integers) -> list[tuple[StudyLikelihood, Integers]]:
    """A study's likelihood with the draws that it serves: one for every slope where the treated arm has parts."""
    if not study.parts:
        return [(study.likelihood, np.arange(len(node)))]
    return [(study.at(float(slopes[one])), np.flatnonzero(node == one)) for one in np.unique(node)]


MODELS = {"moderated": QuadratureModel(_posteriors)}
