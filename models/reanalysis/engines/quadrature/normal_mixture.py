"""Symmetric priors as mixtures of normal distributions around one centre, so that a normal scatter adds to their SDs.

Student's t is Normal(m, s^2 / g) with g ~ Gamma(df / 2, df / 2); the logistic is Normal(m, (2 s K)^2) with K of
Kolmogorov's distribution (Andrews and Mallows 1974, J R Stat Soc B 36:99).
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammainccinv, gammaln

from reanalysis.engines.quadrature.grids import legendre_nodes
from reanalysis.model.distributions import Distribution
from reanalysis.typing import Array

_NODES = 80
_NEGLIGIBLE = 1e-14
_TERMS = np.arange(1, 12)[:, None]
_SMALL = 0.7
"""Argument of Kolmogorov's density below which its other series converges at once."""


def normal_mixture(prior: Distribution, far: float) -> tuple[Array, Array]:
    """SDs and shares of normal distributions around the centre of a symmetric prior, each of shape (K,).

    Parameters
    ----------
    prior : Distribution
        Normal, logistic or Student's t.
    far : float
        Distance from the centre up to which the density of the mixture is that of the prior, 1e-8 of it or better.
    """
    if prior.family == "normal":
        return np.array([prior.sd]), np.array([1.0])
    _, scale = prior.location_scale
    node, weight = legendre_nodes(_NODES)
    if prior.family == "logistic":
        end = 0.5 * (far / scale) ** 0.5 + 4.5
        k = 0.5 * end * (node + 1)
        return 2 * scale * k, 0.5 * end * weight * _kolmogorov_density(k)
    half = 0.5 * prior.parameters[0]
    smallest = (half + 0.5) / (half + 0.5 * (far / scale) ** 2) * _NEGLIGIBLE ** (1 / (half + 0.5))
    low, high = np.log(smallest), np.log(gammainccinv(half, _NEGLIGIBLE) / half)
    log_g = low + 0.5 * (high - low) * (node + 1)
    log_density = half * np.log(half) - gammaln(half) + half * (log_g - np.exp(log_g))
    return scale * np.exp(-0.5 * log_g), 0.5 * (high - low) * weight * np.exp(log_density)


def _kolmogorov_density(x: Array) -> Array:
    """Density of Kolmogorov's distribution above 0."""
    rate = (2 * _TERMS - 1) ** 2 * np.pi**2 / 8
    safe = np.maximum(x, 0.05)
    small = (2 * np.pi) ** 0.5 * (np.exp(-rate / safe**2) * (2 * rate / safe**4 - safe**-2)).sum(axis=0)
    large = 8 * x * ((-1.0) ** (_TERMS + 1) * _TERMS**2 * np.exp(-2 * _TERMS**2 * x**2)).sum(axis=0)
    return np.where(x < _SMALL, np.where(x < safe, 0.0, small), large)
