"""Models with and without an effect, with and without heterogeneity, weighed by their evidence and averaged.

Four models are equally probable beforehand. Their evidence is that of the hierarchy delta_s ~ Normal(mu, tau^2) under
the priors of mu and tau (see :data:`reanalysis.engines.posterior.IN_LOG_EVIDENCE`), under tau = 0, under mu = 0, and
under both, in which every odds ratio is 1. An inclusion Bayes factor is the evidence of the two models that have
something over that of the two that have not. Averaged, an effect is a mixture of the posteriors of the models that have
one, and of a point mass at none.

Source: Gronau et al. 2021, Adv Methods Pract Psychol Sci 4(3); Bartos et al. 2023, as in RoBMA and metaBMA.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logsumexp, softmax

from reanalysis.alternatives.around_none import around_none, heterogeneity_around_none
from reanalysis.alternatives.outcome import Outcome
from reanalysis.engines.errors import EngineError, QuadratureError
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import IN_LOG_EVIDENCE
from reanalysis.engines.quadrature.engine import effects
from reanalysis.engines.quadrature.grids import Lattice, nice_step
from reanalysis.engines.quadrature.hierarchy import EDGE, solve
from reanalysis.engines.quadrature.pooled import CommonEffect, solve_common
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood, likelihoods
from reanalysis.estimands.measures import odds_ratio
from reanalysis.estimands.point_mixture import PointMixture
from reanalysis.estimands.summary import LEVEL, Direction, summarise
from reanalysis.estimands.words import percent, ratio
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import BadChoice, InvalidInput, listed, printable
from reanalysis.model.data import ModelData
from reanalysis.model.distributions import Distribution
from reanalysis.model.family import EFFECT_MODELS, FAMILIES, Family
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec

_NONE = Distribution("normal", (0.0, 1e-5))
"""No average effect, to the grid: evidence is that of a point at 0 to 1e-8."""

_WIDE = 4.0
"""SD of a prior of a common effect beyond which only the studies say where it lies."""


@dataclass(frozen=True)
class WeighedModel:
    """One of the four models."""

    effect: bool
    heterogeneity: bool
    """Whether mu, and whether tau, is other than 0."""
    log_evidence: float
    """Log marginal likelihood; minus infinity where it is below all numbers."""
    prior_probability: float
    probability: float
    """Before and after the data."""

    @property
    def name(self) -> str:
        """For readers."""
        return f"{'an' if self.effect else 'no'} effect, {'' if self.heterogeneity else 'no '}heterogeneity"


@dataclass(frozen=True, repr=False)
class Averaging:
    """Four models of one endpoint and their average.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    spec : ModelSpec
        The model that has both, whose priors the others share.
    data : ModelData
        What all are fitted to.
    models : tuple of WeighedModel
        Both, an effect alone, heterogeneity alone, neither.
    log_odds_ratio, tau : PointMixture
        The average effect and the heterogeneity; the point mass is that of the models without.
    own : PointMixture or None
        The effect of the only study, where there is one only.
    """

    evidence: Evidence
    spec: ModelSpec
    data: ModelData
    models: tuple[WeighedModel, ...]
    log_odds_ratio: PointMixture
    tau: PointMixture
    own: PointMixture | None = None

    @property
    def endpoint(self) -> str:
        """Endpoint id."""
        return self.data.endpoint

    @property
    def probability_effect(self) -> float:
        """Probability of the models with an effect."""
        return sum(one.probability for one in self.models if one.effect)

    @property
    def probability_heterogeneity(self) -> float:
        """Probability of the models with heterogeneity."""
        return sum(one.probability for one in self.models if one.heterogeneity)

    @property
    def bayes_factor_effect(self) -> float:
        """Inclusion Bayes factor of an effect."""
        return self._factor("effect")

    @property
    def bayes_factor_heterogeneity(self) -> float:
        """Inclusion Bayes factor of heterogeneity."""
        return self._factor("heterogeneity")

    def _factor(self, name: str) -> float:
        """The models have the same prior probability, so that prior odds are 1."""
        with_it, without = (
            logsumexp([one.log_evidence for one in self.models if getattr(one, name) is has]) for has in (True, False)
        )
        with np.errstate(over="ignore"):
            return float(np.exp(with_it - without))

    @property
    def direction(self) -> Direction:
        """Probabilities of the sides of the headline, of which that of no effect at all is in neither."""
        return _sides(self.headline, self.evidence.endpoint(self.endpoint).better)

    @property
    def headline(self) -> PointMixture:
        """The effect that stands for the endpoint: the average, or the only study's own."""
        return self.own or self.log_odds_ratio

    @cached_property
    def text(self) -> str:
        """What came out, in words."""
        below, none = float(self.headline.below(0.0)), self.headline.mass
        whose = "average odds ratio" if self.own is None else "odds ratio of the only study"
        return (
            f"Of four models, each as probable as the others beforehand, those with an effect have probability "
            f"{percent(self.probability_effect)} (Bayes factor {ratio(self.bayes_factor_effect)}) and those with "
            f"heterogeneity {percent(self.probability_heterogeneity)} (Bayes factor "
            f"{ratio(self.bayes_factor_heterogeneity)}). Averaged over them, the {whose} is exactly 1 with probability "
            f"{percent(none)}, below 1 with {percent(below)} and above 1 with {percent(1 - none - below)}."
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a model: effect, heterogeneity, log evidence, probability before and after the data."""
        return pd.DataFrame([vars(one) for one in self.models])

    def __repr__(self) -> str:
        label = self.evidence.endpoint_label(self.endpoint)
        return "\n".join(
            [fill(printable(f"{label}: {self.text}"), 100), self.to_frame().round(4).to_string(index=False)]
        )

    def _repr_html_(self) -> str:
        label = escape(self.evidence.endpoint_label(self.endpoint))
        table = self.to_frame().to_html(index=False, float_format="{:.4g}".format)
        return f"<p><b>{label}</b>: {escape(self.text)}</p>{table}"

    def as_dict(self) -> dict[str, Any]:
        """The JSON object of ``reanalysis average``."""
        effect, own = self.log_odds_ratio, self.own
        below = float(effect.below(0.0))
        return {
            "endpoint": self.endpoint,
            "model": self.spec.model,
            "studies": list(self.data.names),
            "interval": LEVEL,
            "models": [vars(one) for one in self.models],
            "probability_effect": self.probability_effect,
            "bayes_factor_effect": self.bayes_factor_effect,
            "probability_heterogeneity": self.probability_heterogeneity,
            "bayes_factor_heterogeneity": self.bayes_factor_heterogeneity,
            "estimates": _both_scales(effect)
            | {"tau": summarise(self.tau).as_dict()}
            | {"study": {} if own is None else {self.data.names[0]: _both_scales(own)}},
            "probabilities": {
                "p_below_0": below,
                "p_exactly_0": effect.mass,
                "p_above_0": 1 - below - effect.mass,
                "p_tau_exactly_0": self.tau.mass,
            },
            "text": self.text,
            "uninformative_studies": {one.study: one.silence for one in self.data.silent},
            "spec": self.spec.as_dict(),
            "in_log_evidence": IN_LOG_EVIDENCE,
        }


def _both_scales(effect: PointMixture) -> dict[str, Any]:
    return {"log_odds_ratio": summarise(effect).as_dict(), "odds_ratio": summarise(odds_ratio(effect)).as_dict()}


def _sides(effect: PointMixture, better: str | None) -> Direction:
    below = float(effect.below(0.0))
    if better is None:
        return Direction(below, None, None)
    fewer_more = (below, 1 - below - effect.mass)
    return Direction(below, *(fewer_more if better == "lower" else fewer_more[::-1]))


def averaged(evidence: Evidence, spec: ModelSpec, endpoint: str) -> Averaging:
    """The four models of one endpoint and their average, by quadrature.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    spec : ModelSpec
        The model that has both an effect and heterogeneity.
    endpoint : str
        Endpoint id.

    Raises
    ------
    InvalidInput
        If the model has no hierarchy of effects, or the specification no data.
    EngineError
        If the evidence of a model cannot be computed.
    """
    _require_effects(spec)
    data = select(evidence, spec, endpoint).data
    studies, mu, tau = likelihoods(spec, data), spec.priors.mu, spec.priors.tau
    both = solve(studies, mu, tau)
    if len(studies) == 1 and tau.heavy:  # without it nothing holds the tail of the heterogeneity, which a grid must
        around, log_varied = heterogeneity_around_none(studies[0], tau)
    else:
        varied = solve(studies, _NONE, tau)
        around, log_varied = varied.heterogeneity(), varied.log_evidence
    common = _common(studies, mu)
    logs = [both.log_evidence, common.log_evidence, log_varied, sum(map(_log_none, studies))]
    chances = softmax(logs).tolist()
    has = ((True, True), (True, False), (False, True), (False, False))
    models = tuple(
        WeighedModel(*has_it, log, 1 / len(has), chance) for has_it, log, chance in zip(has, logs, chances, strict=True)
    )
    with_both, with_effect, with_tau, with_none = chances
    effect = PointMixture(((with_both, both.average()), (with_effect, common.average())), with_tau + with_none)
    spread = PointMixture(((with_both, both.heterogeneity()), (with_tau, around)), with_effect + with_none)
    own = _own(spec, data, studies[0], common, chances) if len(studies) == 1 else None
    return Averaging(evidence, spec, data, models, effect, spread, own)


def _require_effects(spec: ModelSpec) -> None:
    """Raise where there are no four models: of rates, of a mixture, or without a common effect."""
    averages = [name for name in EFFECT_MODELS if _averages(FAMILIES[name])]
    wrong = []
    if spec.model not in averages or spec.rates:
        wrong.append(BadChoice("model", f" {spec.model}: averaging is over models of {listed(averages)}"))
    if spec.pooling != "partial":
        said = f" {spec.pooling}: averaging is over partial and complete pooling, with and without an effect"
        wrong.append(BadChoice("pooling", said))
    if wrong:
        raise InvalidInput(wrong)


def _common(studies: list[StudyLikelihood], prior: Distribution) -> CommonEffect:
    """One effect of all studies; under a prior too wide for its grid, from what the studies say under a narrower."""
    try:
        return solve_common(studies, [prior])[0]
    except QuadratureError:
        if prior.width <= _WIDE:
            raise
        near = Distribution("normal", (prior.quantile(0.5), _WIDE))
        (found,) = solve_common(studies, [near])
        weighed = found.density * np.exp(prior.logpdf(found.lattice.points) - near.logpdf(found.lattice.points))
        if weighed[[0, -1]].max() > EDGE * weighed.max():
            raise
        log_evidence = found.log_evidence + float(np.log(weighed.sum() / found.density.sum()))
        return replace(found, prior=prior, density=weighed, log_evidence=log_evidence)


def _averages(family: Family) -> bool:
    """Whether its effects have an average and a heterogeneity, either of which may be 0."""
    return "quadrature" in family.engines and family.hierarchy and not family.mixture


def _log_none(study: StudyLikelihood) -> float:
    """Log likelihood of no effect."""
    values, log_factor = study.on(Lattice(nice_step(study.step()), 0, 1))
    with np.errstate(divide="ignore"):
        return float(np.log(values[0]) + log_factor)


def _own(
    spec: ModelSpec, data: ModelData, study: StudyLikelihood, common: CommonEffect, chances: list[float]
) -> PointMixture:
    """The effect of the only study: without a common effect it still varies around none."""
    (both,) = effects([spec], data, data.names[0])
    if isinstance(both, EngineError):
        raise both
    with_both, with_effect, with_tau, with_none = chances
    around = around_none(study, spec.priors.tau)
    return PointMixture(((with_both, both), (with_effect, common.average()), (with_tau, around)), with_none)


def averaged_outcomes(evidence: Evidence, spec: ModelSpec, endpoint: str) -> list[Outcome]:
    """The headline averaged over the four models, as one row among the alternatives.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    spec : ModelSpec
        The primary specification.
    endpoint : str
        Endpoint id.
    """
    names = select(evidence, spec, endpoint).data.names
    try:
        found = averaged(evidence, spec, endpoint)
    except EngineError as error:
        return [Outcome(spec, names, note=f"not computed: {error}", broken=True)]
    effect: Marginal = found.headline
    study = None if found.own is None else names[0]
    one = Outcome(spec, names, summarise(effect), summarise(odds_ratio(effect)), found.direction, study)
    return [replace(one, note=f"no effect at all: {percent(found.headline.mass)}")]
