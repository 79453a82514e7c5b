"""The rate of an arm, given what it reported and the Beta distribution that its rate comes from.

Given one candidate (x, n) the rate is Beta(a + x, b + n - x); the candidates have their weights times the beta-binomial
probabilities of their counts.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, logit, softmax

from reanalysis.engines.draws import Draws
from reanalysis.engines.errors import EngineError
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array

_SMALLEST = 1e-12
"""Rates are kept this far from 0 and 1, where their logits end."""

_LEAST = 1e-9
"""Smallest shape parameter that is drawn from."""


def log_rising(a: Array, x: Array) -> Array:
    """Log Gamma(a + x) - log Gamma(a), without cancellation for large a (Stirling's series for the difference)."""
    a, x = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(x, dtype=float))
    large = np.maximum(a, 1e4)
    stirling = (large + x - 0.5) * np.log1p(x / large) + x * np.log(large) - x + (1 / (large + x) - 1 / large) / 12
    small = np.minimum(a, 1e4)
    return np.where(a > 1e4, stirling, gammaln(small + x) - gammaln(small))


def log_report(candidates: Candidates, a: Array, b: Array) -> Array:
    """Log weight plus log beta-binomial probability of each of C candidates, shape (C, ...) before that of a and b."""
    ahead = (-1, *[1] * np.broadcast(a, b).ndim)
    x, n = candidates.x.reshape(ahead), candidates.size.reshape(ahead)
    coefficient = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
    probability = coefficient + log_rising(a, x) + log_rising(b, n - x) - log_rising(a + b, n)
    return probability + candidates.log_weight.reshape(ahead)


def draw_rates(rng: np.random.Generator, candidates: Candidates | None, a: Array, b: Array) -> Array:
    """One rate for each pair of shape parameters.

    Parameters
    ----------
    candidates : Candidates or None
        What the arm reported; None for an arm that is not observed.
    a, b : ndarray, one shape
        Shape parameters of the Beta distribution of its rate.
    """
    x, n = np.zeros_like(a), np.zeros_like(a)
    if candidates is not None:
        up_to = np.cumsum(softmax(log_report(candidates, a, b), axis=0), axis=0)
        chosen = np.minimum((up_to < rng.uniform(size=a.shape)).sum(axis=0), len(candidates) - 1)
        x, n = candidates.x[chosen], candidates.size[chosen]
    rates = rng.beta(np.maximum(a + x, _LEAST), np.maximum(b + n - x, _LEAST))
    return np.clip(rates, _SMALLEST, 1 - _SMALLEST)


def arms_of(spec: ModelSpec, data: ModelData) -> tuple[Candidates, ...]:
    """Observations of the arm whose rates share a Beta distribution (``beta-rates``), by study.

    Raises
    ------
    EngineError
        If a study has a rho: the Beta distribution is all the overdispersion there is.
    """
    if any(study.rho > 0 for study in data.studies):
        raise EngineError("beta-rates has its own overdispersion: rho must be 0")
    return tuple(getattr(study, spec.arm) for study in data.studies)


def largest_total(arms: tuple[Candidates, ...]) -> float:
    """Where alpha + beta ends (``beta-rates``): at 1,000 or ten times the largest arm, whichever is more.

    The prior is improper and the posterior falls no faster than (alpha + beta)^(-1/2), because very large alpha + beta
    is indistinguishable from equal rates: E(alpha) exists only under a bound. The mean rate does not depend on it.
    """
    return max(1000.0, 10 * max(float(arm.size.max()) for arm in arms))


def beta_rates_draws(spec: ModelSpec, data: ModelData, alpha: Array, beta: Array, rng: np.random.Generator) -> Draws:
    """Draws of every reported quantity of ``beta-rates``; its prior is improper and has no log density to give.

    Parameters
    ----------
    alpha, beta : ndarray, shape (chains, draws)
        Shape parameters of the Beta distribution.
    """
    rates = np.stack([draw_rates(rng, arm, alpha, beta) for arm in arms_of(spec, data)], axis=-1)
    new = draw_rates(rng, None, alpha, beta)
    overall = {"alpha": alpha, "beta": beta, "mean_rate": alpha / (alpha + beta), "rate_new": new}
    return Draws(overall, {"rate": rates}, {spec.arm: logit(rates)}, {})
