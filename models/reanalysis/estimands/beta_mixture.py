"""Mixtures of Beta distributions: a prior of a rate in closed form, and how many patients it is worth.

Moments, distribution function and update by a count are sums over components: given x of n, component k becomes
Beta(a_k + x, b_k + n - x) with its weight multiplied by the beta-binomial probability of x under it.

Two effective sample sizes. The moment ESS is that of the one Beta distribution with the same mean m and SD s,
m (1 - m) / s^2 - 1. The ELIR ESS is the expected local-information ratio: the prior's own information
-d^2/dp^2 log density over that of one patient, 1 / (p (1 - p)), averaged over the prior. Unlike the first it is
predictively consistent: updating by n patients raises it by n on average. For a single Beta(a, b) both are a + b. Of
theta = logit(p), whose information of one patient is p (1 - p), the same ratio is the mean of a + b over the components
less the variance of their slopes over p (1 - p), which exists of densities without bound too.

Source: Diaconis and Ylvisaker 1985 (mixtures of conjugate priors); Schmidli et al. 2014, Biometrics 70:1023;
Neuenschwander et al. 2020, Biometrics 76:578.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import betainc, betaincinv, betaln, expit, logit, logsumexp, softmax

from reanalysis.typing import Array

_NODES = 100
"""Gauss-Legendre nodes in each quantile range of a component."""

_SMALLEST = 1e-300

_POINTS, _OUTSIDE = 4001, 1e-9
"""Logits of an effective sample size on their scale, and the probability that they leave out at least."""


@dataclass(frozen=True)
class BetaMixture:
    """A mixture of K Beta distributions.

    Parameters
    ----------
    weights, a, b : tuple of float
        Weights, summing to 1, and shape parameters, each of length K.

    Examples
    --------
    >>> prior = BetaMixture((1.0,), (2.0,), (6.0,))
    >>> prior.mean(), prior.updated(3, 10).mean()
    (0.25, 0.2777777777777778)
    """

    weights: tuple[float, ...]
    a: tuple[float, ...]
    b: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.weights) == len(self.a) == len(self.b) > 0:
            raise ValueError("a mixture needs as many weights, a and b, at least one of each")
        if min(self.weights) < 0 or abs(sum(self.weights) - 1) > 1e-6:
            raise ValueError(f"weights are at least 0 and sum to 1: {self.weights}")
        if min(*self.a, *self.b) <= 0:
            raise ValueError("shape parameters lie above 0")

    def __str__(self) -> str:
        each = zip(self.weights, self.a, self.b, strict=True)
        return "+".join(f"{w:.3g}*beta({a:.3g},{b:.3g})" for w, a, b in each)

    @property
    def _arrays(self) -> tuple[Array, Array, Array]:
        return np.asarray(self.weights), np.asarray(self.a), np.asarray(self.b)

    def mean(self) -> float:
        """Expectation of the rate."""
        w, a, b = self._arrays
        return float(w @ (a / (a + b)))

    def sd(self) -> float:
        """Standard deviation of the rate."""
        w, a, b = self._arrays
        square = a * (a + 1) / ((a + b) * (a + b + 1))
        return float(np.sqrt(w @ square - self.mean() ** 2))

    def log_density(self, rate: ArrayLike) -> Array:
        """Log density at each rate."""
        return np.asarray(logsumexp(self._log_terms(rate), axis=-1))

    def _log_terms(self, rate: ArrayLike) -> Array:
        """Log of weight times density of each component, on a last axis."""
        w, a, b = self._arrays
        at = np.asarray(rate, dtype=float)[..., None]
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(w) + (a - 1) * np.log(at) + (b - 1) * np.log1p(-at) - betaln(a, b))

    def cdf(self, rate: ArrayLike) -> Array:
        """Probability of a rate at or below each."""
        w, a, b = self._arrays
        return np.asarray(betainc(a, b, np.clip(np.asarray(rate, dtype=float)[..., None], 0.0, 1.0)) @ w)

    def quantile(self, probability: ArrayLike) -> Array:
        """Rates at or below which the given probabilities lie."""
        at = np.asarray(probability, dtype=float)
        found = [float(brentq(lambda x, p=p: float(self.cdf(x)) - p, 0.0, 1.0, xtol=1e-12)) for p in at.ravel()]
        return np.asarray(found).reshape(at.shape)

    def updated(self, events: float, n: float) -> BetaMixture:
        """The posterior after ``events`` among ``n``."""
        if not 0 <= events <= n:
            raise ValueError(f"events must lie between 0 and n: {events} of {n}")
        w, a, b = self._arrays
        with np.errstate(divide="ignore"):
            log_weight = np.log(w) + betaln(a + events, b + n - events) - betaln(a, b)
        weight = np.exp(log_weight - logsumexp(log_weight))
        return BetaMixture(tuple(weight.tolist()), tuple((a + events).tolist()), tuple((b + n - events).tolist()))

    def robust(self, weight: float, mean: float = 0.5, size: float = 2.0) -> BetaMixture:
        """With a vague component added.

        Parameters
        ----------
        weight : float
            Of the vague component.
        mean, size : float
            Its mean and a + b: Beta(1, 1) by default.
        """
        rest = tuple((1 - weight) * w for w in self.weights)
        return BetaMixture((*rest, weight), (*self.a, mean * size), (*self.b, (1 - mean) * size))

    def probability_below(self, other: BetaMixture) -> float:
        """Probability that a rate of this distribution lies below an independent one of another."""
        rate, mass = other.nodes()
        return float(mass @ self.cdf(rate))

    def nodes(self) -> tuple[Array, Array]:
        """Rates and their masses, for expectations: Gauss-Legendre rules between quantiles of every component."""
        node, weight = np.polynomial.legendre.leggauss(_NODES)
        _, a, b = self._arrays
        cuts = np.array([1e-14, 1e-6, 1e-2, 0.5, 1 - 1e-2, 1 - 1e-6, 1 - 1e-14])
        quantiles = [betaincinv(*shape, cuts) for shape in zip(a, b, strict=True)]
        edges = np.unique(np.concatenate([[0.0, 1.0], *quantiles]))
        half = 0.5 * np.diff(edges)[:, None]
        rate = np.clip((edges[:-1, None] + half * (1 + node)).ravel(), _SMALLEST, 1 - 2**-53)
        mass = (half * weight).ravel() * np.exp(self.log_density(rate))
        return rate, mass / mass.sum()

    def as_dict(self) -> dict[str, list[float]]:
        """Plain values for JSON."""
        return {"weights": list(self.weights), "a": list(self.a), "b": list(self.b)}


def moment_size(mixture: BetaMixture) -> float:
    """Moment effective sample size, in patients."""
    mean = mixture.mean()
    return mean * (1 - mean) / mixture.sd() ** 2 - 1


def elir_size(mixture: BetaMixture) -> float | None:
    """Expected local-information-ratio effective sample size, in patients.

    None where it does not exist: the density of a component grows without bound towards 0 or 1.
    """
    if min(*mixture.a, *mixture.b) < 1:
        return None
    rate, mass = mixture.nodes()
    _, a, b = mixture._arrays
    p = rate[:, None]
    component = softmax(mixture._log_terms(rate), axis=1)
    slope = (a - 1) / p - (b - 1) / (1 - p)
    curvature = -(a - 1) / p**2 - (b - 1) / (1 - p) ** 2
    information = -(component * (curvature + slope**2)).sum(axis=1) + (component * slope).sum(axis=1) ** 2
    return float(mass @ (information * rate * (1 - rate)))


def elir_size_of_logit(mixture: BetaMixture, outside: float = 1e-4) -> float:
    """The same on the logit scale, in patients; it may be negative where components are far apart.

    Parameters
    ----------
    outside : float
        Probability at either end that is left out: the ratio has no mean where two components are without bound.
    """
    w, a, b = mixture._arrays
    end = max(outside, _OUTSIDE)
    low, high = (np.maximum(betaincinv(*shape, end), _SMALLEST).min() for shape in ((a, b), (b, a)))
    theta = np.linspace(float(logit(low)), -float(logit(high)), _POINTS)
    p, q = expit(theta)[:, None], expit(-theta)[:, None]
    with np.errstate(divide="ignore"):
        log_terms = np.log(w) + a * np.log(p) + b * np.log(q) - betaln(a, b)
    mass = np.exp(logsumexp(log_terms, axis=1))
    below = np.cumsum(mass) / mass.sum()
    mass = np.where((below >= outside) & (below <= 1 - outside), mass, 0.0)
    component = softmax(log_terms, axis=1)
    slope = a * q - b * p
    mean = (component * slope).sum(axis=1, keepdims=True)
    ratio = component @ (a + b) - (component * (slope - mean) ** 2).sum(axis=1) / (p * q)[:, 0]
    return float(mass @ ratio / mass.sum())
