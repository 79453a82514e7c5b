"""What do draws look like, whichever engine made them? Every reported quantity, draw by draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

from reanalysis.model.spec import ModelSpec

Array = NDArray[np.float64]

AVERAGE = {"contrast": "log_odds_ratio", "rates": "logit_rate"}
"""Name of the average effect, and of a study's effect, by model."""


@dataclass(frozen=True)
class Draws:
    """Joint draws from a posterior or a prior.

    Parameters
    ----------
    overall : dict of str to ndarray, shape (chains, draws)
        Average effect, heterogeneity and new-study effect, where the pooling defines them.
    study : dict of str to ndarray, shape (chains, draws, S)
        Effects and rates of the studies.
    logits : dict of str to ndarray, shape (chains, draws, S)
        Logit of the event probability by arm, what predictions are made from.
    log_prior : dict of str to ndarray
        Log prior density of each block of parameters; hyperparameters (chains, draws), studies (chains, draws, S).
    """

    overall: dict[str, Array]
    study: dict[str, Array]
    logits: dict[str, Array]
    log_prior: dict[str, Array]


def hierarchical_draws(
    spec: ModelSpec,
    effect: Array,
    baseline: Array | None,
    average: Array | None = None,
    heterogeneity: Array | None = None,
    new: Array | None = None,
) -> Draws:
    """Draws of ``contrast`` and ``rates`` from their parameters.

    Parameters
    ----------
    effect : ndarray, shape (chains, draws, S)
        delta_s, or theta_s for ``rates``.
    baseline : ndarray, shape (chains, draws, S), or None
        alpha_s; None for ``rates``.
    average, heterogeneity, new : ndarray, shape (chains, draws), or None
        mu, tau and a new study's effect, None where the pooling has none.
    """
    name, priors = AVERAGE[spec.model], spec.priors
    overall: dict[str, Array] = {}
    study, log_prior = {name: effect}, dict[str, Array]()
    for key, value in ((name, average), ("tau", heterogeneity), (f"{name}_new", new)):
        if value is not None:
            overall[key] = value
    if average is not None:
        log_prior["mu"] = priors.mu.logpdf(average)
    if heterogeneity is not None and average is not None:
        log_prior["tau"] = priors.tau.logpdf(heterogeneity)
        log_prior["effect"] = np.asarray(norm.logpdf(effect, average[..., None], heterogeneity[..., None]))
    elif average is None:
        log_prior["effect"] = priors.mu.logpdf(effect)
    if baseline is None:
        return Draws(overall, study, {spec.arm: effect}, log_prior)
    control, treated = baseline, baseline + effect
    log_prior["baseline"] = priors.baseline.logpdf(baseline)
    study |= {
        "control_logit": control,
        "treated_logit": treated,
        "risk_difference": expit(treated) - expit(control),
        "log_risk_ratio": np.logaddexp(0.0, -control) - np.logaddexp(0.0, -treated),
    }
    return Draws(overall, study, {"control": control, "treated": treated}, log_prior)


def prior_draws(spec: ModelSpec, studies: int, chains: int, draws: int) -> Draws:
    """Independent draws of ``contrast`` or ``rates`` from their priors."""
    rng = np.random.default_rng([spec.seed, 30])
    shape, by_study = (chains, draws), (chains, draws, studies)
    mu, tau = spec.priors.mu.draw(rng, shape), spec.priors.tau.draw(rng, shape)
    baseline = spec.priors.baseline.draw(rng, by_study) if spec.model == "contrast" else None
    if spec.pooling == "none":
        return hierarchical_draws(spec, spec.priors.mu.draw(rng, by_study), baseline)
    if spec.pooling == "complete":
        return hierarchical_draws(spec, np.repeat(mu[..., None], studies, axis=-1), baseline, mu)
    effect = mu[..., None] + tau[..., None] * rng.standard_normal(by_study)
    return hierarchical_draws(spec, effect, baseline, mu, tau, mu + tau * rng.standard_normal(shape))
