"""Every reported quantity, draw by draw, whichever engine drew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from reanalysis.engines.benchmark import draw_baseline, log_robust_factor
from reanalysis.engines.streams import stream
from reanalysis.model.data import ModelData, Told
from reanalysis.model.distributions import Distribution
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array


@dataclass(frozen=True)
class Draws:
    """Joint draws from a posterior or a prior."""

    overall: dict[str, Array]
    """Average effect, heterogeneity and new-study effect, where the pooling defines them, shape (chains, draws)."""
    study: dict[str, Array]
    """Effects and rates of the studies, shape (chains, draws, S)."""
    logits: dict[str, Array]
    """Logit of the event probability by arm, what predictions are made from: the bias of a study is in it, shape
    (chains, draws, S)."""
    log_prior: dict[str, Array]
    """Log prior density of each block of parameters; hyperparameters (chains, draws), studies (chains, draws, S)."""


def normal_logpdf(x: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> Array:
    """Log density of a normal distribution."""
    sd = np.asarray(sd, dtype=float)
    z = (np.asarray(x, dtype=float) - mean) / sd
    return np.asarray(-0.5 * z**2 - np.log(sd) - 0.5 * np.log(2 * np.pi))


def apart_prior(spec: ModelSpec) -> Distribution:
    """Prior of an effect that stands alone (``exnex``)."""
    return Distribution("normal", (spec.number("nex_mean"), spec.number("nex_sd")))


def hierarchical_draws(
    spec: ModelSpec,
    data: ModelData,
    effect: Array,
    control: Array | None,
    average: Array | None = None,
    heterogeneity: Array | None = None,
    new: Array | None = None,
    bias: Array | None = None,
    slopes: Array | None = None,
) -> Draws:
    """Draws of a hierarchical model from its parameters.

    Parameters
    ----------
    spec : ModelSpec
        What was fitted.
    data : ModelData
        To what.
    effect : ndarray, shape (chains, draws, S)
        delta_s, or theta_s for ``rates``.
    control : ndarray, shape (chains, draws, S), or None
        Control logits; None for ``rates``.
    average, heterogeneity, new : ndarray, shape (chains, draws), or None
        mu, tau and a new study's effect, None where the pooling has none.
    bias : ndarray, shape (chains, draws, S), or None
        beta_s, None for a model without it.
    slopes : ndarray, shape (chains, draws, J), or None
        Of the effect in each of J moderators, None for a model without them.
    """
    name, priors = spec.effect, spec.priors
    overall: dict[str, Array] = {}
    study, log_prior = {name: effect}, dict[str, Array]()
    for key, value in ((name, average), ("tau", heterogeneity), (f"{name}_new", new)):
        if value is not None:
            overall[key] = value
    if average is not None:
        log_prior["mu"] = priors.mu.logpdf(average)
    if heterogeneity is not None and average is not None:
        log_prior["tau"] = priors.tau.logpdf(heterogeneity)
        log_prior["effect"] = _log_effect(spec, effect - moved(slopes, data), average, heterogeneity)
    elif average is None:
        log_prior["effect"] = priors.mu.logpdf(effect)
    if slopes is not None and average is not None:
        log_prior["moderator"] = priors.moderator.logpdf(slopes).sum(axis=-1)
        for place, moderator in enumerate(data.moderators):
            overall[of_moderator(moderator.name)] = slopes[..., place]
            for label, at in moderator.values:
                overall[of_moderator(moderator.name, label)] = average + slopes[..., place] * (at - moderator.centre)
    if control is None:
        return Draws(overall, study, {spec.arm: effect}, log_prior)
    treated = control + effect
    study |= contrasts_of(control, treated)
    log_prior["baseline"] = priors.baseline.logpdf(control + spec.below * effect)
    for s, one in enumerate(data.studies):
        if one.benchmark is not None:
            log_prior["baseline"][..., s] += log_robust_factor(one.benchmark, priors.baseline, control[..., s])
        if one.told is not None:
            log_prior["baseline"][..., s] = _log_told_baseline(one.told, control[..., s], effect[..., s])
    observed = treated
    if bias is not None:
        sd = np.array([one.bias for one in data.studies])
        mean = np.array([one.bias_mean for one in data.studies])
        log_prior["bias"] = np.where(sd > 0, normal_logpdf(bias, mean, np.where(sd > 0, sd, 1.0)), 0.0)
        observed = treated + bias
    logits = {"control": control, "treated": observed}
    if slopes is not None:
        logits |= of_parts(treated, slopes, data)
    return Draws(overall, study, logits, log_prior)


def of_moderator(name: str, value: str = "") -> str:
    """Name of the slope in a moderator among what all studies share, or of the average effect at a value of it."""
    return f"log_odds_ratio[{name} = {value}]" if value else f"moderator[{name}]"


def covariates(data: ModelData) -> Array:
    """Covariates of the studies less their centres, shape (S, J)."""
    return np.array([one.covariates for one in data.studies], dtype=float).reshape(len(data.studies), -1)


def parts_above(data: ModelData) -> Array:
    """Covariates of the parts of treated arms less those of their studies, shape (S, G, J); 0 where there are none."""
    found = np.zeros((len(data.studies), len(data.arms) - 1, len(data.moderators)))
    for s, study in enumerate(data.studies):
        for g, part in enumerate(study.parts):
            found[s, g] = np.subtract(part.covariates, study.covariates)
    return found


def of_parts(treated: Array, slopes: Array, data: ModelData) -> dict[str, Array]:
    """Logits of treated arms and of their parts, from those at the mean covariate of the parts, (chains, draws, S)."""
    above = parts_above(data)
    return {arm: treated + slopes @ above[:, g].T for g, arm in enumerate(data.arms[1:])}


def moved(slopes: Array | None, data: ModelData) -> Array | float:
    """What moderators add to the average, shape (chains, draws, S)."""
    return 0.0 if slopes is None else slopes @ covariates(data).T


def _log_told_baseline(told: Told, control: Array, effect: Array) -> Array:
    """Log prior density of the baseline of a study that is told in words."""
    found = told.baseline.logpdf(control + told.below * effect)
    if told.benchmark is None:
        return found
    return found + log_robust_factor(told.benchmark, told.baseline, control)


def contrasts_of(control: Array, treated: Array) -> dict[str, Array]:
    """What is reported of two arms, from their logits."""
    return {
        "control_logit": control,
        "treated_logit": treated,
        "risk_difference": expit(treated) - expit(control),
        "log_risk_ratio": np.logaddexp(0.0, -control) - np.logaddexp(0.0, -treated),
    }


def _log_effect(spec: ModelSpec, effect: Array, average: Array, heterogeneity: Array) -> Array:
    """Log density of the effects given mu and tau."""
    exchangeable = normal_logpdf(effect, average[..., None], heterogeneity[..., None])
    if not spec.family.mixture:
        return exchangeable
    w = spec.number("w")
    with np.errstate(divide="ignore"):
        return np.logaddexp(np.log(w) + exchangeable, np.log1p(-w) + apart_prior(spec).logpdf(effect))


def prior_draws(spec: ModelSpec, data: ModelData, chains: int, draws: int) -> Draws:
    """Independent draws of a hierarchical model from its priors."""
    studies = len(data.studies)
    rng = stream(spec, data, "prior")
    shape, by_study = (chains, draws), (chains, draws, studies)
    mu, tau = spec.priors.mu.draw(rng, shape), spec.priors.tau.draw(rng, shape)
    average: Array | None = mu
    heterogeneity: Array | None = None
    new: Array | None = None
    if spec.pooling == "none":
        effect, average = spec.priors.mu.draw(rng, by_study), None
    elif spec.pooling == "complete":
        effect = np.repeat(mu[..., None], studies, axis=-1)
    else:
        effect, heterogeneity = mu[..., None] + tau[..., None] * rng.standard_normal(by_study), tau
        new = mu + tau * rng.standard_normal(shape)
        if spec.family.mixture:
            effect, new = stand_alone(spec, effect, rng), stand_alone(spec, new, rng)
    slopes = None
    if spec.moderators:
        slopes = spec.priors.moderator.draw(rng, (*shape, len(spec.moderators)))
        effect = effect + moved(slopes, data)
    control = bias = None
    if not spec.rates:
        control = spec.priors.baseline.draw(rng, by_study) - spec.below * effect
        for s, one in enumerate(data.studies):
            if one.benchmark is not None:
                drawn = draw_baseline(one.benchmark, spec.priors.baseline, rng, chains * draws)
                control[..., s] = drawn.reshape(shape)
            if one.told is None:
                continue
            if one.told.benchmark is None:
                control[..., s] = one.told.baseline.draw(rng, shape) - one.told.below * effect[..., s]
            else:
                drawn = draw_baseline(one.told.benchmark, one.told.baseline, rng, chains * draws)
                control[..., s] = drawn.reshape(shape)
    if spec.family.bias:
        bias = np.array([one.bias for one in data.studies]) * rng.standard_normal(by_study)
        bias = bias + np.array([one.bias_mean for one in data.studies])
    return hierarchical_draws(spec, data, effect, control, average, heterogeneity, new, bias, slopes)


def stand_alone(spec: ModelSpec, effect: Array, rng: np.random.Generator) -> Array:
    """Exchangeable effects, a share 1 - w of them replaced by draws that stand alone (``exnex``)."""
    alone = rng.uniform(size=effect.shape) >= spec.number("w")
    return np.where(alone, apart_prior(spec).draw(rng, effect.shape), effect)
