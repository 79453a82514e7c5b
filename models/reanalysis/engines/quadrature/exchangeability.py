"""The hierarchy in which each study is exchangeable with the others or stands alone.

    delta_s ~ w Normal(mu, tau^2) + (1 - w) Normal(m, v^2)

Given (mu, tau) the studies stay independent, so each study's term of the posterior is w M_s(mu, tau) + (1 - w) C_s with
C_s the integral of its likelihood over Normal(m, v^2), a constant. Effects given all others are the same mixture.

Source: Neuenschwander et al. 2016, Pharm Stat 15:123.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from reanalysis.engines.marginal import GridMarginal, MappedMarginal, MixtureMarginal
from reanalysis.engines.quadrature.grids import Lattice, nice_step
from reanalysis.engines.quadrature.hierarchy import solve_each
from reanalysis.engines.quadrature.hierarchy_posterior import HierarchyPosterior
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.engines.quadrature.surface import Priors
from reanalysis.model.distributions import Distribution
from reanalysis.typing import Array

_REACH = 16.0
"""SDs of an effect that stands alone beyond which its likelihood is never looked for."""

_SHOWN = 8.5
"""SDs within which its density is tabulated."""

_STEP = 0.4
"""Grid step in SDs of an effect that stands alone."""


@dataclass(frozen=True)
class ExchangeabilityPosterior:
    """Posterior of (mu, tau) where studies may stand alone."""

    hierarchy: HierarchyPosterior
    """Posterior of (mu, tau), with and without each study."""
    studies: tuple[StudyLikelihood, ...]
    """S of them."""
    share: float
    """w, the prior probability of being exchangeable."""
    apart: Distribution
    """Normal(m, v), the prior of an effect that stands alone."""

    @property
    def log_evidence(self) -> float:
        """Log marginal likelihood of all studies."""
        return self.hierarchy.log_evidence

    def average(self) -> GridMarginal:
        """Posterior of mu."""
        return self.hierarchy.average()

    def heterogeneity(self) -> MappedMarginal:
        """Posterior of tau."""
        return self.hierarchy.heterogeneity()

    def new_effect(self) -> MixtureMarginal:
        """Predictive distribution of the effect in a new study, drawn from the mixture."""
        step = min(self.hierarchy.mu.step, finest(self.share, self.apart))
        lattice, density = mixed(*self.hierarchy.new_effect_density(step), self.share, self.apart)
        centre, spread, share = self.hierarchy.components()
        return MixtureMarginal.of(
            GridMarginal.from_density(lattice.points, density),
            np.append(centre, self.apart.mean),
            np.append(spread, self.apart.sd),
            np.append(self.share * share, 1 - self.share),
        )

    def effect_given_others(self, study: int, step: float, pulled: bool = False) -> tuple[Lattice, Array]:
        """Density of one study's effect given all other studies, on a lattice no coarser than ``step``.

        A study in conflict with the others is simply not exchangeable, so the mixture needs no help in its tails.
        """
        if self.share == 1:
            return self.hierarchy.effect_given_others(study, step, pulled)
        exchangeable = self.hierarchy.effect_given_others(study, min(step, finest(self.share, self.apart)))
        return mixed(*exchangeable, self.share, self.apart)

    def exchangeable(self, study: int) -> float:
        """Posterior probability that a study is exchangeable with the others."""
        if self.share in (0.0, 1.0):
            return self.share
        likelihood = self.studies[study]
        lattice, density = self.hierarchy.effect_given_others(study, likelihood.step())
        values, log_factor = likelihood.on(lattice)
        with np.errstate(divide="ignore"):
            log_with = np.log(values @ density / density.sum()) + log_factor
        odds = np.log(self.share) - np.log1p(-self.share) + log_with - log_apart(likelihood, self.apart)
        return float(expit(odds))


def finest(share: float, apart: Distribution) -> float:
    """Step of a lattice that resolves an effect that stands alone."""
    return _STEP * apart.sd if share < 1 else np.inf


def mixed(lattice: Lattice, density: Array, share: float, apart: Distribution) -> tuple[Lattice, Array]:
    """Density of an effect that is exchangeable with probability ``share``, from that of an exchangeable one."""
    if share == 1:
        return lattice, density
    reach = _SHOWN * apart.sd
    low, high = min(lattice.points[0], apart.mean - reach), max(lattice.points[-1], apart.mean + reach)
    wide = Lattice.covering(low, high, lattice.step)
    result = (1 - share) * np.exp(apart.logpdf(wide.points))
    start = lattice.first - wide.first
    result[start : start + lattice.size] += share * density / (density.sum() * lattice.step)
    return wide, result


def log_apart(study: StudyLikelihood, apart: Distribution) -> float:
    """Log probability of what a study reported if its effect stands alone."""
    step = nice_step(min(study.step(), _STEP * apart.sd))
    lattice = Lattice.covering(apart.mean - _REACH * apart.sd, apart.mean + _REACH * apart.sd, step)
    values, log_factor = study.on(lattice)
    return float(np.log(step * (values @ np.exp(apart.logpdf(lattice.points)))) + log_factor)


def solve_exchangeability(
    studies: Sequence[StudyLikelihood], priors: Sequence[Priors], share: float, apart: Distribution
) -> list[ExchangeabilityPosterior]:
    """Posteriors under exchangeability with probability ``share``, under several pairs of priors.

    Raises
    ------
    QuadratureError
        As :func:`reanalysis.engines.quadrature.hierarchy.solve_each`.
    """
    found = solve_each(studies, priors, share, constants_apart(studies, apart))
    return [ExchangeabilityPosterior(hierarchy, tuple(studies), share, apart) for hierarchy in found]


def constants_apart(studies: Sequence[StudyLikelihood], apart: Distribution) -> Array:
    """Log probability of what each study reported if its effect stands alone, shape (S,)."""
    return np.array([log_apart(study, apart) for study in studies])
