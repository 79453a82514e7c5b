"""Posteriors of the average effect alone, of one set of studies under many pairs of priors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.marginal import GridMarginal
from reanalysis.engines.quadrature.hierarchy import (
    ALIASED,
    EDGE,
    TAU_NODES,
    AtEdge,
    prepared,
    require_room,
    without_an_edge,
)
from reanalysis.engines.quadrature.legendre import legendre_nodes, to_coefficients
from reanalysis.engines.quadrature.spectra import LARGEST_LATTICE
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.engines.quadrature.surface import Priors
from reanalysis.typing import Array


def solve_averages(
    studies: Sequence[StudyLikelihood], priors: Sequence[Priors], share: float = 1.0, log_apart: Array | None = None
) -> list[GridMarginal]:
    """Posteriors of the average alone, under several pairs of priors.

    The studies' terms are one matrix over (tau, mu), which every prior of tau sums over tau and every prior of mu then
    multiplies.

    Parameters
    ----------
    studies, priors, share, log_apart
        As of :func:`solve_each`.

    Raises
    ------
    QuadratureError
        As :func:`solve`, if any of the posteriors fails.
    """
    return without_an_edge(lambda tail: _averages(studies, tuple(priors), tail, share, log_apart))


def _averages(
    studies: Sequence[StudyLikelihood], priors: tuple[Priors, ...], tail: float, share: float, log_apart: Array | None
) -> list[GridMarginal]:
    of_mu, of_tau = (tuple(dict.fromkeys(pair[i] for pair in priors)) for i in (0, 1))
    crossed = tuple((mu_prior, tau_prior) for mu_prior in of_mu for tau_prior in of_tau)
    surface, window, mu, _ = prepared(studies, crossed, tail, share, log_apart, False)
    if surface.spectra.blur > 0:
        raise QuadratureError("priors this wide need a grid of their own")
    half = 0.5 * (window.u_high - window.u_low)
    for count in TAU_NODES:
        node, weight = legendre_nodes(count)
        u = window.u_low + half * (node + 1)
        while True:
            require_room(len(studies), mu, count)
            log_terms, lost = surface.terms(mu, u)
            log_all = log_terms.sum(axis=0)
            mass = np.exp(log_all - log_all.max())
            by_tau = np.exp(np.stack([t.logpdf(surface.scale.tau(u)) for t in of_tau]))
            by_tau *= half * weight * surface.scale.slope(u)
            by_mu = np.exp(np.stack([m.logpdf(mu.points) for m in of_mu]))
            density = (by_tau @ mass)[None] * by_mu[:, None]  # (priors of mu, priors of tau, U)
            total = density.sum(axis=2)
            aliased = np.abs(density[..., ::2].sum(axis=2) - density[..., 1::2].sum(axis=2)) / total
            if aliased.max() < ALIASED or mu.size >= LARGEST_LATTICE // 64:
                break
            mu = mu.at_step(mu.step / 2)
        along_tau = (by_mu @ mass.T)[:, None] * by_tau / weight  # (priors of mu, priors of tau, T)
        coefficients = np.abs(along_tau @ to_coefficients(count).T)
        resolved = bool(np.all(coefficients[..., -3:].max(axis=2) < 1e-5 * coefficients.max(axis=2)))
        if resolved:
            break
    edge = max(float((density[..., [0, -1]] / density.max(axis=2, keepdims=True)).max()), 0.0)
    ends = np.array([window.u_high < float(surface.scale.coordinate(t.tail(0.0))) for t in of_tau])
    if ends.any():
        edge = max(edge, float((along_tau[..., -1] / along_tau.max(axis=2))[:, ends].max()))
    if edge > EDGE:
        raise AtEdge("the posterior reaches the edge of the largest grid")
    if not resolved or aliased.max() >= ALIASED:
        raise QuadratureError("the grid of (mu, tau) does not resolve the posterior; narrow the priors of mu and tau")
    swallowed = lost.any(axis=0) * mass
    if (np.einsum("tu,kt,mu->mk", swallowed, by_tau, by_mu) / total).max() > 1e-6:
        raise QuadratureError("the studies conflict by more than double precision resolves under these priors")
    place = {pair: divmod(index, len(of_tau)) for index, pair in enumerate(crossed)}
    return [GridMarginal.from_density(mu.points, density[place[pair]]) for pair in priors]
