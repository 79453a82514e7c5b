"""Effects that a heterogeneity does not join: one common effect, separate effects, and that of a study alone.

Given the heterogeneity the effect of a study alone is Normal(m, s^2 + tau^2) under a normal prior of the average, so
its density is a sum of positive terms over tau, exact however far out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr, logsumexp

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.marginal import GridMarginal
from reanalysis.engines.quadrature.grids import Lattice, TauScale, finer_by, legendre_nodes, nice_step
from reanalysis.engines.quadrature.study_likelihood import NEGLIGIBLE, StudyLikelihood
from reanalysis.model.distributions import Distribution
from reanalysis.typing import Array

_CUT = 35.0
"""Log density below the maximum at which the window of a common effect ends."""

_REACH = 8.5
"""Prior SDs beyond which an effect on its own is never looked for."""

_FAR = 25.0
"""The same for a common effect, which many studies may pull far from its prior."""

_ALIASED = 1e-6
"""Largest share of the density that its grid may leave unresolved."""

_LARGEST_LATTICE = 2**19
_RESOLVED = 0.4
"""Step in prior SDs from which a normal density is refined without loss."""


@dataclass(frozen=True)
class CommonEffect:
    """Posterior of one effect shared by all studies.

    Sums of log likelihoods, so that studies in conflict keep their relative weight however far apart they lie.

    Parameters
    ----------
    studies : tuple of StudyLikelihood
        S of them.
    prior : Distribution
        Prior of the effect.
    lattice : Lattice
        Nodes that hold and resolve the posterior.
    log_evidence : float
        Log marginal likelihood of all studies.
    """

    studies: tuple[StudyLikelihood, ...]
    prior: Distribution
    lattice: Lattice
    log_evidence: float

    def average(self) -> GridMarginal:
        """Posterior of the common effect."""
        return GridMarginal.from_density(
            self.lattice.points, _scaled(_log_density(self.studies, self.prior, self.lattice))
        )

    def effect_given_others(self, study: int, step: float, pulled: bool = False) -> tuple[Lattice, Array]:
        """Density of a study's effect given all other studies, up to a factor, where the posterior has mass."""
        finer = finer_by(self.lattice.step, step)
        first, size = self.lattice.first * finer, (self.lattice.size - 1) * finer + 1
        lattice = Lattice(self.lattice.step / finer, first, size)
        others = self.studies[:study] + self.studies[study + 1 :]
        return lattice, _scaled(_log_density(others, self.prior, lattice))


@dataclass(frozen=True)
class SeparateEffects:
    """Studies that share nothing: each effect has the prior of mu."""

    prior: Distribution

    def effect_given_others(self, study: int, step: float, pulled: bool = False) -> tuple[Lattice, Array]:
        """Prior density of a study's effect, up to a factor."""
        reach = _REACH * self.prior.sd
        lattice = Lattice.covering(
            self.prior.mean - reach, self.prior.mean + reach, nice_step(min(step, _RESOLVED * self.prior.sd))
        )
        return lattice, _scaled(self.prior.logpdf(lattice.points))


def solve_common(studies: Sequence[StudyLikelihood], prior: Distribution) -> CommonEffect:
    """Posterior under complete pooling.

    Raises
    ------
    QuadratureError
        If no effect gives every study a probability that double precision can hold, or mass lies absurdly far from
        the prior.
    """
    studies = tuple(studies)
    step = nice_step(min(s.step(within=NEGLIGIBLE) for s in studies))
    reach = _FAR * prior.sd
    wide = Lattice.covering(prior.mean - reach, prior.mean + reach, step)
    log_density = _log_density(studies, prior, wide)
    if not np.isfinite(log_density.max()):
        raise QuadratureError("no common effect is possible for studies this far apart")
    # nodes may lie several SDs apart: the window keeps everything near the best node, and its neighbours
    near = wide.part(log_density > log_density.max() - 4 * _CUT)
    window = Lattice(step, near.first - 1, near.size + 2)
    narrow = sum(s.effect_width(0.0) ** -2 for s in studies) + prior.sd**-2
    lattice = window.at_step(step / finer_by(step, 0.5 * narrow**-0.5))
    while True:
        log_density = _log_density(studies, prior, lattice)
        density = _scaled(log_density)
        total = float(density.sum())
        if abs(density[::2].sum() - density[1::2].sum()) < _ALIASED * total:
            break
        if lattice.size > _LARGEST_LATTICE // 2:
            raise QuadratureError("the common effect is too narrow for its grid")
        lattice = lattice.at_step(lattice.step / 2)
    if max(density[0], density[-1]) > 1e-6:
        raise QuadratureError("the posterior of the common effect reaches the edge of its grid")
    log_evidence = float(log_density.max() + np.log(total * lattice.step))
    return CommonEffect(studies, prior, lattice.part(density > np.exp(-_CUT)), log_evidence)


def _log_density(studies: tuple[StudyLikelihood, ...], prior: Distribution, lattice: Lattice) -> Array:
    """Log of prior times likelihoods at the nodes, minus infinity where a likelihood is lost to double precision."""
    total = prior.logpdf(lattice.points)
    for study in studies:
        values, log_factor = study.on(lattice)
        with np.errstate(divide="ignore"):
            total = total + np.log(values) + log_factor
    return total


def _scaled(log_density: Array) -> Array:
    return np.exp(log_density - log_density.max())


_NODES = 160
_OUTSIDE, _PULLED_OUTSIDE = 1e-13, 1e-100
"""Mass of the effect outside its lattice, and where a study pulls its effect into the tail; a hundredth of it is the
prior mass of the heterogeneity left out."""

_FARTHEST = 150.0
"""Log odds ratio that no number of patients can show, and of which a vague baseline leaves nothing."""

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
