"""Posterior of an average and a heterogeneity on a grid: their marginals, and densities of study effects.

The predictive density of an effect is a mixture over (mu, tau) of Normal(mu, tau^2), by the same transform as in
`spectra`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.interpolate import make_interp_spline

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.interpolation import cumulative_integral
from reanalysis.engines.marginal import GridMarginal, MappedMarginal, MixtureMarginal, WideMixture
from reanalysis.engines.quadrature.grids import Lattice, TauScale, finer_by, legendre_interpolation
from reanalysis.engines.quadrature.smoothing import SmoothedTotal, binned, log_smoothed
from reanalysis.engines.quadrature.spectra import LARGEST_LATTICE, NOISE, REACH
from reanalysis.engines.quadrature.surface import MOST_TERMS
from reanalysis.typing import Array

_LARGE_MIXTURE, _LARGEST_MIXTURE = 2**11, 2**24
_FLOOR = 2.5
"""Smallest SD in steps that the nodes of a mixture resolve, to 1e-13: what they do not rings as far as a tail goes."""

_PLOT_NODES = 241

_NEAR = 2**12
"""Nodes of the lattice of the smaller heterogeneities, where they span too many orders of magnitude for one."""


class TooWide(QuadratureError):
    """One lattice cannot hold what the largest and resolve what the smallest heterogeneity leaves of an effect."""


@dataclass(frozen=True)
class HierarchyPosterior:
    """Posterior of (mu, tau) on a grid, with and without each study."""

    mu: Lattice
    """U uniform nodes."""
    u: Array
    """Gauss-Legendre nodes of the coordinate of tau, shape (T,)."""
    u_weight: Array
    u_bounds: tuple[float, float]
    scale: TauScale
    log_mass: Array
    """Logs of the posterior masses, up to a constant, shape (T, U)."""
    log_each: Array
    """What each study adds to them, shape (S, T, U)."""
    mass: Array
    """The posterior masses, summing to 1, shape (T, U)."""
    log_evidence: float
    """Log marginal likelihood of all studies."""

    @cached_property
    def mass_without(self) -> Array:
        """Posterior masses given all studies but one, shape (S, T, U), each summing to 1."""
        return np.stack([normalised(self.log_mass - one)[0] for one in self.log_each])

    @cached_property
    def by_tau(self) -> Array:
        """Posterior masses of tau given all studies, and given all but each, shape (1 + S, T)."""
        return np.concatenate([self.mass.sum(axis=1)[None], self.mass_without.sum(axis=2)])

    @cached_property
    def tau(self) -> Array:
        """Heterogeneity at the nodes, shape (T,)."""
        return self.scale.tau(self.u)

    def average(self) -> GridMarginal:
        """Posterior of mu."""
        return GridMarginal.from_density(self.mu.points, self.mass.sum(axis=0))

    def heterogeneity(self) -> MappedMarginal:
        """Posterior of tau."""
        mass = self.by_tau[0]
        low, high = self.u_bounds
        u = np.linspace(low, high, _PLOT_NODES)
        density = np.maximum(legendre_interpolation(len(self.u), _PLOT_NODES) @ (mass / self.u_weight), 0.0)
        cumulative = cumulative_integral(density, u[1] - u[0])
        return MappedMarginal(
            GridMarginal.from_integrated(u, density, cumulative, self.u, mass),
            self.scale.tau,
            self.scale.coordinate,
        )

    def new_effect(self) -> MixtureMarginal | WideMixture:
        """Predictive distribution of the effect in a new study."""
        try:
            lattice, density = self.new_effect_density(np.inf)
        except TooWide:
            return self._wide_new_effect()
        return MixtureMarginal.of(GridMarginal.from_density(lattice.points, density), *self.components())

    def _wide_new_effect(self) -> WideMixture:
        """The same for a heterogeneity of many orders of magnitude: rows far apart are sums of normal densities."""
        far = self.tau > _NEAR * self.mu.step / (2 * REACH)
        near = np.where(far[:, None], 0.0, self.mass)
        lattice, density = _read(self._smoothed(near, np.inf)[0], np.inf)
        scale = TauScale(self.spread(near / near.sum()))
        edge = float(scale.coordinate(np.abs(self.mu.points[[0, -1]]).max() + REACH * self.tau[-1]))
        u = np.linspace(-edge, edge, _NEAR + 1)
        x = scale.tau(u)
        inside = (x >= lattice.points[0]) & (x <= lattice.points[-1])
        total = np.zeros(len(x))
        total[inside] = make_interp_spline(lattice.points, density)(x[inside])
        for tau, masses in zip(self.tau[far], self.mass[far], strict=True):
            times = finer_by(tau / 6, self.mu.step)
            mu, (shares,) = binned(self.mu, masses[None], times) if times > 1 else (self.mu, masses[None])
            held = shares > 1e-15 * shares.max()
            sd = np.sqrt(tau**2 - (mu.step**2 - self.mu.step**2) / 6)  # less what sharing between two nodes adds
            z = (x[:, None] - mu.points[held]) / sd
            total += np.exp(-0.5 * z**2) @ shares[held] / (sd * np.sqrt(2 * np.pi))
        grid = GridMarginal.from_density(u, total * scale.slope(u))
        return WideMixture(grid, scale.tau, scale.coordinate, *self.components())

    def components(self) -> tuple[Array, Array, Array]:
        """Centres, SDs and shares of the normal distributions that a new effect is a mixture of."""
        centre, spread = np.broadcast_arrays(self.mu.points, self.tau[:, None])
        return centre.ravel(), spread.ravel(), self.mass.ravel()

    def new_effect_density(self, step: float) -> tuple[Lattice, Array]:
        """Predictive density of the effect in a new study, on a lattice no coarser than ``step``."""
        return self._mixture(None, step)

    def effect_given_others(self, study: int, step: float, pulled: bool = False) -> tuple[Lattice, Array]:
        """Density of one study's effect given all other studies.

        Parameters
        ----------
        study : int
            Index of the study.
        step : float
            The lattice is no coarser.
        pulled : bool
            Whether the study pulls its effect so far into the tail of this density that rounding would swallow it
            there: the density is then exact where the study's own posterior has mass, and up to a factor.
        """
        finer = finer_by(self.mu.step, step)
        if pulled:
            return self._exact_mixture(study, finer)
        return self._mixture(study, step)

    def _exact_mixture(self, study: int, finer: int) -> tuple[Lattice, Array]:
        """Mixture over (mu, tau) of Normal(mu, tau^2) by sums of positive terms: exact in the tail a study pulls to."""
        mass = self.mass_without[study]
        used = np.maximum(mass, self.mass).sum(axis=1) > 1e-13 * self.mass.sum(axis=1).max()
        with np.errstate(divide="ignore"):
            log_mass = np.log(mass[used])
        margin = int(np.ceil(REACH * float(self.tau[used].max()) / self.mu.step)) + 1
        size = (self.mu.size + 2 * margin - 1) * finer + 1
        lattice = Lattice(self.mu.step / finer, (self.mu.first - margin) * finer, size)
        if size * mass[used].size > MOST_TERMS:
            raise QuadratureError(f"the effect of study {study} given the others needs too large a grid")
        log_density = np.full(size, -np.inf)
        for row, tau in zip(log_mass, self.tau[used], strict=True):
            if np.isfinite(row.max()):
                log_density = np.logaddexp(log_density, log_smoothed(self.mu, row, float(tau), lattice.points))
        density = np.exp(log_density - log_density.max())
        resolved = lattice.part(density > 0)
        return resolved, density[resolved.first - lattice.first :][: resolved.size]

    @cached_property
    def _mixtures(self) -> dict[int | None, SmoothedTotal]:
        return {}

    def _mixture(self, study: int | None, step: float) -> tuple[Lattice, Array]:
        """Mixture over (mu, tau), given all studies but one, of Normal(mu, tau^2), at most ``step`` apart if it can."""
        found = self._mixtures.get(study)
        if found is None:
            found, whole = self._smoothed(self.mass if study is None else self.mass_without[study], step)
            if whole:
                self._mixtures[study] = found
        return _read(found, step)

    def _smoothed(self, mass: Array, step: float) -> tuple[SmoothedTotal, bool]:
        """The mixture under masses of (mu, tau), shape (T, U), and whether it serves every step."""
        weight = mass.sum(axis=1)
        far = float(self.tau[np.flatnonzero(weight > 1e-9 * weight.max())[-1]])
        mu, tau = self.mu, self.tau
        size, times = mu.size + 2 * REACH * far / mu.step, 1
        large = size > _LARGE_MIXTURE  # an average much narrower than its study effects: its width is lost in theirs
        if large:
            wanted = min(step, self.spread(mass))
            width = self._row_widths(mass)
            times = _coarsening(width, weight, wanted, mu.step)
            times = max(times, finer_by(size, _LARGEST_MIXTURE / len(tau)))
        if times > 1:
            mu, mass = binned(mu, mass, times)
            floor = _FLOOR * mu.step
            if float(weight[width < floor].sum()) * floor**2 > 1e-3 * wanted**2:
                raise TooWide("the heterogeneity spans too many orders of magnitude for its grid")
            tau = np.where(width < floor, floor, tau)
        margin = int(np.ceil(REACH * max(far, float(tau[0])) / mu.step)) + 1
        return SmoothedTotal.of(mu, mass, tau, margin, times), not large

    def _row_widths(self, mass: Array) -> Array:
        """SD of a new effect by tau, shape (T,)."""
        share = mass / np.maximum(mass.sum(axis=1, keepdims=True), 1e-300)
        mean = share @ self.mu.points
        return np.asarray(np.sqrt(np.maximum(share @ self.mu.points**2 - mean**2, 0.0) + self.tau**2))

    def spread(self, mass: Array) -> float:
        """SD of an effect drawn from masses of (mu, tau), shape (T, U)."""
        by_mu, by_tau = mass.sum(axis=0), mass.sum(axis=1)
        return float(np.sqrt(by_mu @ (self.mu.points - by_mu @ self.mu.points) ** 2 + by_tau @ self.tau**2))


def normalised(log_mass: Array) -> tuple[Array, float]:
    """Masses that sum to 1, and the log of their sum before."""
    top = float(log_mass.max())
    mass = np.exp(log_mass - top)
    total = float(mass.sum())
    return mass / total, top + float(np.log(total))


def _read(found: SmoothedTotal, step: float) -> tuple[Lattice, Array]:
    """A mixture on a lattice of at most ``step``, without its rounding."""
    finer = finer_by(found.mu.step, step)
    if (found.mu.size + 2 * found.margin) * finer > LARGEST_LATTICE:
        raise QuadratureError("the effect of a study given the others needs too large a grid")
    lattice, density = found.density(finer)
    resolved = lattice.part(density > max(NOISE * density.max(), -2 * density.min()))
    return resolved, density[resolved.first - lattice.first :][: resolved.size].clip(min=0.0)


def _coarsening(width: Array, weight: Array, wanted: float, step: float) -> int:
    """How much coarser the nodes of a mixture may be: what is narrower than their step has to be improbable."""
    times = 1
    while 2 * times * step <= wanted:
        floor = _FLOOR * 2 * times * step
        if float(weight[width < floor].sum()) * floor**2 > 1e-4 * wanted**2:
            break
        times *= 2
    return times
