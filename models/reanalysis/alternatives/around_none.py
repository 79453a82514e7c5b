"""One study whose average effect is none: its own effect varies around 0, by a heterogeneity that is not known."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.special import logsumexp

from reanalysis.engines.marginal import GridMarginal, MappedMarginal
from reanalysis.engines.quadrature.grids import Lattice, legendre_nodes, nice_step
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.estimands.point_mixture import PointMixture
from reanalysis.model.distributions import Distribution
from reanalysis.typing import Array

_FARTHEST, _NEAREST, _NODES = 150.0, 1e-7, 256
"""Log odds ratios between which the effect is looked for, and nodes of their logarithm."""

_TAU_NODES = 160
"""Of the logarithm of the heterogeneity that an effect varies with; four times as many where it is asked for itself."""

_DEEPEST = 700.0
"""Log likelihood below its maximum that double precision holds."""

_SIZE = np.linspace(np.log(_NEAREST), np.log(_FARTHEST), _NODES)


def around_none(study: StudyLikelihood, tau_prior: Distribution) -> PointMixture:
    """Effect of one study given an average of 0: its likelihood times the mixture over tau of Normal(0, tau^2).

    The mixture may grow without bound at 0, by the logarithm, so that each side is a density of the log of its size.
    """
    sides = _log_sides(study) + _log_mixture(tau_prior) + _SIZE
    below, above = np.exp(sides - sides.max())
    share = float(below.sum() / (below.sum() + above.sum()))
    lower = MappedMarginal(GridMarginal.from_density(-_SIZE[::-1], below[::-1]), _minus_exp, _minus_log)
    upper = MappedMarginal(GridMarginal.from_density(_SIZE, above), np.exp, _log)
    return PointMixture(((share, lower), (1 - share, upper)))


def heterogeneity_around_none(study: StudyLikelihood, tau_prior: Distribution) -> tuple[MappedMarginal, float]:
    """Posterior of tau given an average of 0, and the log evidence, under a prior with a heavy tail."""
    log_tau = np.linspace(*_ends(tau_prior), 4 * _TAU_NODES)
    log_prior = tau_prior.logpdf(np.exp(log_tau)) + log_tau
    terms = logsumexp(_log_sides(study), axis=0) + _SIZE + _log_normal(log_tau)
    log_density = log_prior + logsumexp(terms, axis=1) + np.log(_SIZE[1] - _SIZE[0])
    log_evidence = float(logsumexp(log_density) + np.log(log_tau[1] - log_tau[0]))
    density = np.exp(log_density - log_density.max())
    return MappedMarginal(GridMarginal.from_density(log_tau, density), np.exp, _log), log_evidence


def _log_sides(study: StudyLikelihood) -> Array:
    """Log likelihood of effects of every size below and above 0, shape (2, N)."""
    lattice = Lattice.covering(-_FARTHEST, _FARTHEST, nice_step(study.step()))
    values, log_factor = study.on(lattice)
    with np.errstate(divide="ignore"):
        log_values = np.maximum(np.log(values), np.log(values.max()) - _DEEPEST)
    log_likelihood = make_interp_spline(lattice.points, log_values, k=5)
    return np.stack([log_likelihood(side * np.exp(_SIZE)) for side in (-1.0, 1.0)]) + log_factor


def _ends(tau_prior: Distribution) -> tuple[float, float]:
    low = max(np.log(0.01 * _NEAREST), np.log(max(tau_prior.quantile(0.0), 1e-300)))
    return float(low), float(np.log(min(tau_prior.tail(1e-14), 1e3 * _FARTHEST)))


def _log_normal(log_tau: Array) -> Array:
    """Log density of Normal(0, tau^2) at every size, shape (T, N)."""
    return -0.5 * np.exp(2 * (_SIZE - log_tau[:, None])) - log_tau[:, None] - 0.5 * np.log(2 * np.pi)


def _log_mixture(tau_prior: Distribution) -> Array:
    """Log of the integral of p(tau) Normal(size; 0, tau^2), up to a constant, shape (N,)."""
    low, high = _ends(tau_prior)
    node, weight = legendre_nodes(_TAU_NODES)
    log_tau = low + 0.5 * (high - low) * (node + 1)
    log_mass = np.log(weight) + tau_prior.logpdf(np.exp(log_tau)) + log_tau
    return np.asarray(logsumexp(log_mass[:, None] + _log_normal(log_tau), axis=0))


def _minus_exp(x: Array) -> Array:
    return -np.exp(-x)


def _minus_log(x: Array) -> Array:
    return -_log(-x)


def _log(x: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.maximum(x, 0.0)))
