"""Posteriors of the average effect alone, of one set of studies under many pairs of priors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.marginal import GridMarginal
from reanalysis.engines.quadrature.grids import Lattice, legendre_nodes, to_coefficients
from reanalysis.engines.quadrature.hierarchy import (
    ALIASED,
    EDGE,
    TAU_NODES,
    AtEdge,
    prepared,
    require_room,
    without_an_edge,
)
from reanalysis.engines.quadrature.spectra import LARGEST_LATTICE
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.engines.quadrature.surface import Priors, Surface, Window
from reanalysis.model.distributions import Distribution
from reanalysis.typing import Array, Flags

_TRAPEZOIDS, _MOST_TRAPEZOIDS = 32, 512
"""Cells of the coordinate of tau, at first and at most."""


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
    surface, window, mu, _ = prepared(studies, crossed, tail, share, log_apart)
    if surface.spectra.blur > 0:
        raise QuadratureError("priors this wide need a grid of their own")
    rows = rows_of_tau(surface, window, of_tau)
    while True:
        require_room(len(studies), mu, len(rows.u))
        terms = _Terms.at(surface, mu, rows.u)
        by_mu = np.exp(np.stack([m.logpdf(mu.points) for m in of_mu]))
        while True:
            by_tau = np.exp(np.stack([t.logpdf(surface.scale.tau(rows.u)) for t in of_tau])) * rows.weight
            mass = np.exp(terms.log_all - terms.log_all.max())
            density = (by_tau @ mass)[None] * by_mu[:, None]  # (priors of mu, priors of tau, U)
            along_tau = (by_mu @ mass.T)[:, None] * by_tau  # (priors of mu, priors of tau, T)
            resolved = rows.resolved(along_tau)
            if resolved or not rows.refine():
                break
            require_room(len(studies), mu, len(rows.u))
            terms = terms.refined(surface, mu, rows)
        total = density.sum(axis=2)
        aliased = np.abs(density[..., ::2].sum(axis=2) - density[..., 1::2].sum(axis=2)) / total
        if aliased.max() < ALIASED or mu.size >= LARGEST_LATTICE // 64:
            break
        mu = mu.at_step(mu.step / 2)
    edge = max(float((density[..., [0, -1]] / density.max(axis=2, keepdims=True)).max()), 0.0)
    ends = np.array([window.u_high < float(surface.scale.coordinate(t.tail(0.0))) for t in of_tau])
    if ends.any():
        by_u = along_tau / rows.weight
        edge = max(edge, float((by_u[..., -1] / by_u.max(axis=2))[:, ends].max()))
    if edge > EDGE:
        raise AtEdge("the posterior reaches the edge of the largest grid")
    if not resolved or aliased.max() >= ALIASED:
        raise QuadratureError("the grid of (mu, tau) does not resolve the posterior; narrow the priors of mu and tau")
    if terms.lost.any():
        swallowed = np.where(terms.lost, mass, 0.0)
        if ((by_tau @ swallowed @ by_mu.T).T / total).max() > 1e-6:
            raise QuadratureError("the studies conflict by more than double precision resolves under these priors")
    place = {pair: index for index, pair in enumerate(crossed)}
    rows_of = density.reshape(len(crossed), -1)[[place[pair] for pair in priors]]
    return GridMarginal.from_densities(mu.points, rows_of)


def rows_of_tau(surface: Surface, window: Window, priors: Sequence[Distribution]) -> _Trapezoids | _Legendre:
    """Nodes of the coordinate of tau that serve all priors of it."""
    return _Trapezoids(surface, window) if all(t.even for t in priors) else _Legendre(surface, window)


@dataclass(frozen=True)
class _Terms:
    """Log likelihood of all studies (T, U), and where rounding has swallowed a term of it."""

    log_all: Array
    lost: Flags

    @classmethod
    def at(cls, surface: Surface, mu: Lattice, u: Array) -> _Terms:
        log_terms, lost = surface.terms(mu, u)
        return cls(log_terms.sum(axis=0), lost.any(axis=0))

    def refined(self, surface: Surface, mu: Lattice, rows: _Trapezoids | _Legendre) -> _Terms:
        """With the rows that a rule has gained; a rule whose rows are not nested has them all anew."""
        if isinstance(rows, _Legendre):
            return _Terms.at(surface, mu, rows.u)
        between = _Terms.at(surface, mu, rows.u[1::2])
        log_all, lost = np.empty((len(rows.u), mu.size)), np.empty((len(rows.u), mu.size), dtype=bool)
        log_all[::2], log_all[1::2] = self.log_all, between.log_all
        lost[::2], lost[1::2] = self.lost, between.lost
        return _Terms(log_all, lost)


class _Trapezoids:
    """Uniform nodes of the coordinate of tau, their density an even function of it.

    Of an even function the trapezoidal sum from 0 is half of that over both sides and converges as fast: what it has
    not resolved is the difference of the sums over every second node.
    """

    def __init__(self, surface: Surface, window: Window) -> None:
        self._surface, self._window = surface, window
        self._lay(_TRAPEZOIDS)

    def _lay(self, cells: int) -> None:
        self.u = np.linspace(self._window.u_low, self._window.u_high, cells + 1)
        self.weight = (self.u[1] - self.u[0]) * self._surface.scale.slope(self.u)
        self.weight[[0, -1]] *= 0.5

    def resolved(self, along_tau: Array) -> bool:
        """Whether sums over every second node agree, by the square of their difference for all nodes."""
        every = along_tau.sum(axis=-1)
        return bool((np.abs(2 * along_tau[..., 1::2].sum(axis=-1) - every) < ALIASED * every).all())

    def refine(self) -> bool:
        """Halve the cells, unless they are as small as they get."""
        cells = 2 * (len(self.u) - 1)
        if cells > _MOST_TRAPEZOIDS:
            return False
        self._lay(cells)
        return True


class _Legendre:
    """Gauss-Legendre nodes of the coordinate of tau, for densities of any kind at its ends."""

    def __init__(self, surface: Surface, window: Window) -> None:
        self._surface, self._window = surface, window
        self._counts = iter(TAU_NODES)
        self.refine()

    def resolved(self, along_tau: Array) -> bool:
        """Whether the polynomial through the nodes has converged."""
        coefficients = np.abs((along_tau / self._weight) @ to_coefficients(len(self.u)).T)
        return bool(np.all(coefficients[..., -3:].max(axis=-1) < 1e-5 * coefficients.max(axis=-1)))

    def refine(self) -> bool:
        """The next count of nodes, where there is one."""
        count = next(self._counts, None)
        if count is None:
            return False
        node, self._weight = legendre_nodes(count)
        half = 0.5 * (self._window.u_high - self._window.u_low)
        self.u = self._window.u_low + half * (node + 1)
        self.weight = half * self._weight * self._surface.scale.slope(self.u)
        return True
