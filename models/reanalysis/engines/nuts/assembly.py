"""How do sampled parameters become reported quantities? By model, padded studies cut off first."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from reanalysis.engines.arm_rates import arm_rates_draws
from reanalysis.engines.beta_rate import beta_rates_draws
from reanalysis.engines.draws import Draws, apart_prior, hierarchical_draws, stand_alone
from reanalysis.engines.streams import stream
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.distributions import Distribution
from reanalysis.model.likelihood import log_likelihood
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array


def assembled(spec: ModelSpec, data: ModelData, posterior: Any) -> tuple[Draws, dict[str, Any]]:
    """Draws of every reported quantity, and what else the model says of the studies.

    Parameters
    ----------
    posterior : xarray Dataset
        Free variables of the compiled model, with padded studies.
    """
    if spec.model == "arm-beta-binomial":
        alpha, mu, rho = (posterior[name].values for name in ("alpha_raw", "mu", "rho"))
        return arm_rates_draws(spec, data, located(spec.priors.baseline, alpha), mu, rho), {}
    if spec.model == "beta-rates":
        v, total = posterior["v"].values, np.exp(posterior["t"].values)
        rng = stream(spec, data, "rates")
        return beta_rates_draws(spec, data, total * expit(v), total * expit(-v), rng), {}
    count = len(data.studies)
    z = posterior["z"].values[..., :count]
    mu, tau = posterior["mu"].values, posterior["tau"].values
    prior = spec.priors.mu
    baseline = bias = None
    if not spec.rates:
        baseline = located(spec.priors.baseline, posterior["alpha_raw"].values[..., :count])
    if spec.model == "bias":
        bias = np.array([one.bias for one in data.studies]) * posterior["bias_raw"].values[..., :count]

    def control(effect: Array) -> Array | None:
        return None if baseline is None else baseline - spec.below * effect

    if spec.pooling == "none":
        effect = prior.mean + prior.sd * z
        return hierarchical_draws(spec, data, effect, control(effect), bias=bias), {}
    if spec.pooling == "complete":
        effect = np.repeat(mu[..., None], count, axis=-1)
        return hierarchical_draws(spec, data, effect, control(effect), mu, bias=bias), {}
    rng = stream(spec, data, "effects")
    new = mu + tau * rng.standard_normal(mu.shape)
    effect = mu[..., None] + tau[..., None] * z
    found: dict[str, Any] = {}
    if spec.model == "exnex":
        new = stand_alone(spec, new, rng)
        apart = apart_prior(spec)
        alone = apart.mean + apart.sd * posterior["apart_raw"].values[..., :count]
        share = _exchangeable(spec, data, baseline, effect, alone)
        found["exchangeable"] = {s: float(share[..., index].mean()) for index, s in enumerate(data.names)}
        effect = np.where(rng.uniform(size=effect.shape) < share, effect, alone)
    return hierarchical_draws(spec, data, effect, control(effect), mu, tau, new, bias), found


def located(prior: Distribution, raw: Array) -> Array:
    """Draws of a baseline from those of its standard distribution."""
    centre, scale = prior.parameters
    return centre + scale * raw


def _exchangeable(spec: ModelSpec, data: ModelData, baseline: Array | None, effect: Array, alone: Array) -> Array:
    """Probability, draw by draw, that a study has its exchangeable effect and not the one that stands alone."""
    w = spec.number("w")
    with np.errstate(divide="ignore"):
        odds = np.full(effect.shape, np.log(w) - np.log1p(-w))
    for s, study in enumerate(data.studies):
        base = None if baseline is None else baseline[..., s]
        odds[..., s] += _log_print(spec, study, base, effect[..., s]) - _log_print(spec, study, base, alone[..., s])
    return np.asarray(expit(odds))


def _log_print(spec: ModelSpec, study: StudyData, baseline: Array | None, effect: Array) -> Array:
    """Log probability of what depends on a study's effect."""
    if study.adjusted is not None:
        ratio = study.adjusted
        return np.asarray(norm.logpdf(ratio.log_ratio, effect, ratio.standard_error))
    if baseline is None:
        return _log_arm(study, spec.arm, effect)
    control = baseline - spec.below * effect
    return _log_arm(study, "control", control) + _log_arm(study, "treated", control + effect)


def _log_arm(study: StudyData, arm: str, logit: Array) -> Array:
    candidates = getattr(study, arm)
    return np.zeros_like(logit) if candidates is None else log_likelihood(candidates, logit, study.rho)
