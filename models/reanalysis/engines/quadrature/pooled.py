"""Effects that a heterogeneity does not join: one common effect, separate effects, and that of a study alone.

Given the heterogeneity the effect of a study alone is Normal(m, s^2 + tau^2) under a normal prior of the average, and
other symmetric priors are mixtures of normal ones (`normal_mixture`), so its density is a sum of positive terms, exact
however far out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.optimize import brentq
from scipy.special import log_ndtr, logsumexp

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.marginal import GridMarginal
from reanalysis.engines.quadrature.grids import Lattice, TauScale, finer_by, legendre_nodes, nice_step
from reanalysis.engines.quadrature.normal_mixture import normal_mixture
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
    """

    studies: tuple[StudyLikelihood, ...]
    """S of them."""
    prior: Distribution
    """Prior of the effect."""
    lattice: Lattice
    """D nodes that hold and resolve the posterior."""
    density: Array
    """Of the posterior, up to a factor, shape (D,)."""
    log_evidence: float
    """Log marginal likelihood of all studies."""

    def average(self) -> GridMarginal:
        """Posterior of the common effect."""
        return GridMarginal.from_density(self.lattice.points, self.density)

    def effect_given_others(self, study: int, step: float, pulled: bool = False) -> tuple[Lattice, Array]:
        """Density of a study's effect given all other studies, up to a factor, where the posterior has mass."""
        finer = finer_by(self.lattice.step, step)
        first, size = self.lattice.first * finer, (self.lattice.size - 1) * finer + 1
        lattice = Lattice(self.lattice.step / finer, first, size)
        others = self.studies[:study] + self.studies[study + 1 :]
        return lattice, _scaled(_log_densities(others, (self.prior,), lattice)[0])


@dataclass(frozen=True)
class SeparateEffects:
    """Studies that share nothing: each effect has the prior of mu."""

    prior: Distribution

    def effect_given_others(self, study: int, step: float, pulled: bool = False) -> tuple[Lattice, Array]:
        """Prior density of a study's effect, up to a factor."""
        centre, reach = self.prior.quantile(0.5), self.prior.reach(_REACH)
        lattice = Lattice.covering(centre - reach, centre + reach, nice_step(min(step, _RESOLVED * self.prior.width)))
        return lattice, _scaled(self.prior.logpdf(lattice.points))


def solve_common(studies: Sequence[StudyLikelihood], priors: Sequence[Distribution]) -> list[CommonEffect]:
    """Posteriors under complete pooling, under several priors, which share the studies' likelihoods.

    Raises
    ------
    QuadratureError
        If no effect gives every study a probability that double precision can hold, or mass lies absurdly far from
        a prior.
    """
    studies, distinct = tuple(studies), tuple(dict.fromkeys(priors))
    step = nice_step(min(s.step(within=NEGLIGIBLE) for s in studies))
    for farthest in (_FARTHEST, np.inf):  # as far as a prior goes only where the studies leave mass there
        low = min(p.quantile(0.5) - min(p.reach(_FAR), max(p.quantile(0.5), 0.0) + farthest) for p in distinct)
        high = max(p.quantile(0.5) + min(p.reach(_FAR), max(-p.quantile(0.5), 0.0) + farthest) for p in distinct)
        wide = Lattice.covering(low, high, step)
        log_densities = _log_densities(studies, distinct, wide)
        top = log_densities.max(axis=1, keepdims=True)
        if not np.isfinite(top).all():
            raise QuadratureError("no common effect is possible for studies this far apart")
        # nodes may lie several SDs apart: the window keeps everything near the best node, and its neighbours
        near = wide.part((log_densities > top - 4 * _CUT).any(axis=0))
        if wide.first < near.first and near.last < wide.last:
            break
    window = Lattice(step, near.first - 1, near.size + 2)
    narrow = sum(s.effect_width(0.0) ** -2 for s in studies) + min(p.width for p in distinct) ** -2
    lattice = window.at_step(step / finer_by(step, 0.5 * narrow**-0.5))
    while True:
        log_densities = _log_densities(studies, distinct, lattice)
        densities = _scaled(log_densities)
        total = densities.sum(axis=1)
        if (np.abs(densities[:, ::2].sum(axis=1) - densities[:, 1::2].sum(axis=1)) < _ALIASED * total).all():
            break
        if lattice.size > _LARGEST_LATTICE // 2:
            raise QuadratureError("the common effect is too narrow for its grid")
        lattice = lattice.at_step(lattice.step / 2)
    if densities[:, [0, -1]].max() > 1e-6:
        raise QuadratureError("the posterior of the common effect reaches the edge of its grid")
    log_evidence = log_densities.max(axis=1) + np.log(total * lattice.step)
    found = {}
    for prior, density, log_total in zip(distinct, densities, log_evidence, strict=True):
        part = lattice.part(density > np.exp(-_CUT))
        found[prior] = CommonEffect(
            studies, prior, part, density[part.first - lattice.first :][: part.size], float(log_total)
        )
    return [found[prior] for prior in priors]


def _log_densities(studies: tuple[StudyLikelihood, ...], priors: Sequence[Distribution], lattice: Lattice) -> Array:
    """Logs of priors times likelihoods, shape (P, D), minus infinity where a likelihood is lost to double precision."""
    together = np.zeros(lattice.size)
    for study in studies:
        values, log_factor = study.on(lattice)
        with np.errstate(divide="ignore"):
            together += np.log(values) + log_factor
    return np.stack([prior.logpdf(lattice.points) for prior in priors]) + together


def _scaled(log_density: Array) -> Array:
    """Densities whose largest values, along the last axis, are 1."""
    return np.exp(log_density - log_density.max(axis=-1, keepdims=True))


_NODES, _PLACES, _AT_ONCE = 160, 240, 2**18
_OUTSIDE, _PULLED_OUTSIDE = 1e-13, 1e-100
"""Mass of the effect outside its lattice, and where a study pulls its effect into the tail; a hundredth of it is the
prior mass of the heterogeneity left out."""

_FARTHEST = 150.0
"""Log odds ratio that no number of patients can show, and of which a vague baseline leaves nothing."""

_NARROWEST = 0.02
"""SD of a prior of the average from which a lattice of its own serves: a narrower one beside a wide heterogeneity needs
the grids of the hierarchy."""


def stands_alone(mu_prior: Distribution) -> bool:
    """Whether :class:`Alone` serves under a prior of the average."""
    return mu_prior.width >= _NARROWEST


@dataclass(frozen=True)
class Alone:
    """Predictive distribution of an effect."""

    mu_prior: Distribution
    """Of the average."""
    tau_prior: Distribution
    """Of the heterogeneity."""

    def effect_given_others(self, study: int, step: float, pulled: bool = False) -> tuple[Lattice, Array]:
        """Density of the effect on a lattice no coarser than ``step``, up to a factor."""
        fine = nice_step(min(step, _RESOLVED * self.mu_prior.width))
        return _density(self.mu_prior, self.tau_prior, fine, _PULLED_OUTSIDE if pulled else _OUTSIDE)


@lru_cache(maxsize=256)
def _density(mu_prior: Distribution, tau_prior: Distribution, step: float, outside: float) -> tuple[Lattice, Array]:
    usual = tau_prior.quantile(0.25 if np.isfinite(tau_prior.logpdf(0.0)) else 1e-6)
    scale = TauScale(min(usual, mu_prior.width))
    low, high = (float(scale.coordinate(tau)) for tau in (tau_prior.quantile(0.0), tau_prior.tail(0.01 * outside)))
    node, weight = legendre_nodes(_NODES)
    u = low + 0.5 * (high - low) * (node + 1)
    tau = scale.tau(u)
    mass = weight * np.exp(tau_prior.logpdf(tau)) * scale.slope(u)
    centre = mu_prior.quantile(0.5)
    own, share_of = normal_mixture(mu_prior, _FARTHEST)
    mass, sd = np.outer(share_of, mass).ravel(), np.hypot(own[:, None], tau).ravel()
    used = mass > 0
    mass, sd = mass[used], sd[used]
    widest = 40.0 * float(sd.max())
    log_share = np.log(mass / mass.sum())

    def beyond(reach: float) -> float:
        return float(logsumexp(log_share + log_ndtr(-reach / sd)) - np.log(0.5 * outside))

    reach = min(brentq(beyond, 0.0, widest), abs(centre) + _FARTHEST)
    if 2 * reach / step > _LARGEST_LATTICE:
        raise QuadratureError("a prior of the heterogeneity this wide needs too large a grid")
    lattice = Lattice.covering(centre - reach, centre + reach, step)
    away = np.abs(lattice.points - centre)
    if len(own) == 1:
        density = _sum_of_normals(away, mass, sd)
    else:  # of so many terms the smooth logarithm is taken at a few places
        at = np.linspace(0.0, float(np.arcsinh(away.max() / mu_prior.width)), _PLACES)
        log_density = np.log(_sum_of_normals(mu_prior.width * np.sinh(at), mass, sd))
        density = np.exp(make_interp_spline(at, log_density, k=5)(np.arcsinh(away / mu_prior.width)))
    density.flags.writeable = False
    return lattice, density


def _sum_of_normals(away: Array, mass: Array, sd: Array) -> Array:
    density, square = np.zeros(len(away)), away**2
    for part in np.array_split(np.arange(len(sd)), -(-len(sd) * len(away) // _AT_ONCE)):
        density += (mass[part] / sd[part]) @ np.exp(-0.5 * square / sd[part, None] ** 2)
    return density
