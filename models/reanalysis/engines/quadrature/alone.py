"""Effect of a study that stands alone, before it is seen: the predictive distribution of the priors.

Given the heterogeneity an effect is Normal(m, s^2 + tau^2) under a normal prior of the average, so its density is a sum
of positive terms over tau, exact however far out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr, logsumexp

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.quadrature.lattice import Lattice, nice_step
from reanalysis.engines.quadrature.legendre import legendre_nodes
from reanalysis.engines.quadrature.tau_scale import TauScale
from reanalysis.model.distributions import Distribution
from reanalysis.typing import Array

_NODES = 160
_OUTSIDE, _PULLED_OUTSIDE = 1e-13, 1e-100
"""Mass of the effect outside its lattice, and where a study pulls its effect into the tail; a hundredth of it is the
prior mass of the heterogeneity left out."""

_FARTHEST = 150.0
"""Log odds ratio that no number of patients can show, and of which a vague baseline leaves nothing."""

_RESOLVED = 0.4
"""Step in SDs of the narrowest component."""

_LARGEST_LATTICE = 2**19

NARROWEST = 0.02
"""SD of a prior of the average from which a lattice of its own serves: a narrower one beside a wide heterogeneity needs
the grids of the hierarchy."""


@dataclass(frozen=True)
class Alone:
    """Predictive distribution of an effect.

    Parameters
    ----------
    mu_prior : Distribution
        Of the average; normal.
    tau_prior : Distribution
        Of the heterogeneity.
    """

    mu_prior: Distribution
    tau_prior: Distribution

    def effect_given_others(self, study: int, step: float, pulled: bool = False) -> tuple[Lattice, Array]:
        """Density of the effect on a lattice no coarser than ``step``, up to a factor."""
        fine = nice_step(min(step, _RESOLVED * self.mu_prior.sd))
        return _density(self.mu_prior, self.tau_prior, fine, _PULLED_OUTSIDE if pulled else _OUTSIDE)


@lru_cache(maxsize=256)
def _density(mu_prior: Distribution, tau_prior: Distribution, step: float, outside: float) -> tuple[Lattice, Array]:
    usual = tau_prior.quantile(0.25 if np.isfinite(tau_prior.logpdf(0.0)) else 1e-6)
    scale = TauScale(min(usual, mu_prior.sd))
    low, high = (float(scale.coordinate(tau)) for tau in (tau_prior.quantile(0.0), tau_prior.tail(0.01 * outside)))
    node, weight = legendre_nodes(_NODES)
    u = low + 0.5 * (high - low) * (node + 1)
    tau = scale.tau(u)
    mass = weight * np.exp(tau_prior.logpdf(tau)) * scale.slope(u)
    sd = np.hypot(mu_prior.sd, tau)
    used = mass > 0
    mass, sd = mass[used], sd[used]
    widest = 40.0 * float(sd.max())
    log_share = np.log(mass / mass.sum())

    def beyond(reach: float) -> float:
        return float(logsumexp(log_share + log_ndtr(-reach / sd)) - np.log(0.5 * outside))

    reach = min(brentq(beyond, 0.0, widest), abs(mu_prior.mean) + _FARTHEST)
    if 2 * reach / step > _LARGEST_LATTICE:
        raise QuadratureError("a prior of the heterogeneity this wide needs too large a grid")
    lattice = Lattice.covering(mu_prior.mean - reach, mu_prior.mean + reach, step)
    density = np.zeros(lattice.size)
    square = (lattice.points - mu_prior.mean) ** 2
    for share, spread in zip(mass / sd, sd, strict=True):
        density += share * np.exp(-0.5 * square / spread**2)
    density.flags.writeable = False
    return lattice, density
