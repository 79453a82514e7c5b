"""Posterior of a meta-regression on one grid: marginals of what studies share, and densities of their effects.

Effects are mixtures over the slope. Between nodes of the slope their parts are interpolated as far as it takes for
neighbours to overlap, and moved by phases of their Fourier transforms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.fft import next_fast_len

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.interpolation import cumulative_integral
from reanalysis.engines.marginal import GridMarginal, MappedMarginal, MixtureMarginal
from reanalysis.engines.quadrature.grids import Lattice, finer_by, legendre_interpolation
from reanalysis.engines.quadrature.regression_terms import Regressed, StudyTerm
from reanalysis.engines.quadrature.regression_window import Window
from reanalysis.engines.quadrature.smoothing import log_smoothed
from reanalysis.engines.quadrature.spectra import LARGEST_LATTICE, NOISE, REACH
from reanalysis.engines.quadrature.surface import MOST_TERMS
from reanalysis.typing import Array

MOST_NODES = 2**22
"""Numbers in a table of a study's terms, or of a mixture's parts."""

_PLOT_NODES = 241
_SMOOTH = 0.7
"""Largest distance, in SDs, between neighbouring parts of a mixture over the slope."""

_UNIFORM = 16
"""Refinement of the slope's coordinate from which equal steps of the slope itself are fewer."""

_MOST_ROWS = 2**24
"""Numbers in the transforms of a mixture's parts."""

_SOFT = 1e-8
"""Share of the largest density below which a cell fades from what is said of a study without its own report."""


@dataclass(frozen=True)
class RegressionPosterior:
    """Posterior masses at B nodes of the slope, T of the heterogeneity and U of the average at ``window.centre``."""

    studies: tuple[Regressed, ...]
    """S of them."""
    window: Window
    """Where it was laid."""
    mu: Lattice
    """U nodes of the average at the window's centre."""
    v: Lattice
    """B nodes of the slope's coordinate."""
    u: Array
    u_weight: Array
    """Gauss-Legendre nodes of the heterogeneity's coordinate, and their weights, shape (T,)."""
    table: Lattice
    """Nodes on which the studies' terms are tabulated."""
    stretch: tuple[float, float, float]
    """Averages, lowest and highest, and largest heterogeneity that the transforms of the studies serve."""
    log_mass: Array
    mass: Array
    """Logs of the masses up to a constant, and masses that sum to 1, shape (B, T, U)."""
    log_evidence: float
    """Log marginal likelihood of all studies."""

    @property
    def tau(self) -> Array:
        """Heterogeneity at its nodes, shape (T,)."""
        return self.window.scale.tau(self.u)

    @cached_property
    def slopes(self) -> Array:
        """Slope at its nodes, shape (B,)."""
        return self.window.slope_scale.slope(self.v.points)

    def slope(self) -> MappedMarginal:
        """Posterior of the slope."""
        return MappedMarginal(
            GridMarginal.from_density(self.v.points, self.mass.sum(axis=(1, 2))),
            self.window.slope_scale.slope,
            self.window.slope_scale.coordinate,
        )

    def heterogeneity(self) -> MappedMarginal:
        """Posterior of tau."""
        mass = self.mass.sum(axis=(0, 2))
        u = np.linspace(*self.window.u, _PLOT_NODES)
        density = np.maximum(legendre_interpolation(len(self.u), _PLOT_NODES) @ (mass / self.u_weight), 0.0)
        grid = GridMarginal.from_integrated(u, density, cumulative_integral(density, u[1] - u[0]), self.u, mass)
        return MappedMarginal(grid, self.window.scale.tau, self.window.scale.coordinate)

    def effect_at(self, x: float) -> GridMarginal:
        """Posterior of the average effect of studies whose covariate is ``x``, less the centre."""
        mass, shift = self.mass.sum(axis=1, keepdims=True), x - self.window.centre
        lattice, density = self._mixture(mass, np.zeros(1), shift, np.inf)
        return GridMarginal.from_density(lattice.points, density)

    def new_effect(self) -> MixtureMarginal:
        """Predictive distribution of the effect in a new study at the centre."""
        lattice, density = self._mixture(self.mass, self.tau, -self.window.centre, np.inf)
        return MixtureMarginal.of(GridMarginal.from_density(lattice.points, density), *self._components())

    def _components(self) -> tuple[Array, Array, Array]:
        """Centres, SDs and shares of the normal distributions that a new effect is a mixture of, nearly."""
        step = self.mu.step / 4
        centre = self.mu.points - self.slopes[:, None] * self.window.centre
        place = np.rint((centre - centre.min()) / step).astype(int)
        size = int(place.max()) + 1
        share = np.stack([np.bincount(place.ravel(), self.mass[:, t].ravel(), size) for t in range(len(self.u))])
        row, column = np.nonzero(share > 1e-15)
        return centre.min() + step * column, self.tau[row], share[row, column]

    def effect_given_others(self, study: int, step: float, pulled: bool = False) -> tuple[Lattice, Array]:
        """Density of a study's effect given all others, where its posterior has mass, up to a factor."""
        mass, x = self._mass_without(study), self.studies[study].x
        return (self._exact if pulled else self._mixture)(mass, self.tau, x, step)

    def effect_given_others_at(self, study: int, node: int, step: float, pulled: bool = False) -> tuple[Lattice, Array]:
        """The same given a slope, that of a node."""
        alone = replace(self, v=Lattice(self.v.step, self.v.first + node, 1))
        mass = self._mass_without(study)[node : node + 1]
        return (alone._exact if pulled else alone._mixture)(mass, self.tau, self.studies[study].x, step)

    def _mass_without(self, study: int) -> Array:
        """Masses given all studies but one, up to a factor; they fade where there is none given all."""
        top = float(self.log_mass.max())
        with np.errstate(over="ignore"):
            fading = -4.0 * np.log1p(_SOFT * np.exp(np.minimum(top - self.log_mass, 600.0)))
        rest = self.log_mass - self._log_term(study) + fading
        return np.exp(rest - rest.max())

    def _log_term(self, study: int) -> Array:
        return np.stack([values for values, _ in self.term(study).each()])

    def term(self, study: int) -> StudyTerm:
        """What a study adds to the log masses."""
        return StudyTerm(self.studies[study], self.table, self.stretch, self.mu, self.tau, self.slopes)

    def _mixture(self, mass: Array, tau: Array, shift: float, step: float) -> tuple[Lattice, Array]:
        """Density of mu + slope shift + tau z over masses (B, T, U), on a lattice no coarser than ``step``."""
        by_tau = mass.sum(axis=(0, 2))
        used = np.flatnonzero(by_tau > 1e-12 * by_tau.max())
        mass, tau = mass[:, used], tau[used]
        shifts = shift * self.slopes
        margin = REACH * float(tau.max()) + 2 * self.mu.step
        low, high = self.mu.points[0] + shifts.min() - margin, self.mu.points[-1] + shifts.max() + margin
        first = int(np.floor(low / self.mu.step))
        length = int(next_fast_len(int(np.ceil(high / self.mu.step)) - first + 1, real=True))
        finer = finer_by(self.mu.step, step)
        times = self._refinement(mass, tau, shift)
        if length * finer > LARGEST_LATTICE or length * mass.shape[1] > MOST_NODES:
            raise QuadratureError("an effect at this value of the moderator needs too large a grid; narrow its prior")
        omega = 2 * np.pi * np.arange(length // 2 + 1) / (length * self.mu.step)
        damping = np.exp(-0.5 * np.outer(tau**2, omega**2))
        rows = np.stack([(np.fft.rfft(one, length, axis=1) * damping).sum(axis=0) for one in mass])
        rows, slopes = self._refined(rows, times)
        if rows.size > _MOST_ROWS:
            raise QuadratureError("the effect at a value of the moderator needs too large a grid; narrow the priors")
        total = (rows * np.exp(-1j * np.outer(shift * slopes, omega))).sum(axis=0)
        if length % 2 == 0:
            total[-1] *= 0.5
        density = np.roll(np.fft.irfft(total, length * finer), (self.mu.first - first) * finer)
        lattice = Lattice(self.mu.step / finer, first * finer, length * finer)
        part = lattice.part(density > max(NOISE * density.max(), -2 * density.min()))
        return part, density[part.first - lattice.first :][: part.size].clip(min=0.0)

    def _refinement(self, mass: Array, tau: Array, shift: float) -> int:
        """How many slopes must lie in each cell of theirs, so that the parts of a mixture overlap."""
        if len(mass) == 1:
            return 1
        weight = mass.sum(axis=(1, 2))
        by_mu = mass.sum(axis=1) / np.maximum(weight, 1e-300)[:, None]
        mean = by_mu @ self.mu.points
        by_tau = mass.sum(axis=2) / np.maximum(weight, 1e-300)[:, None]
        sd = np.sqrt(np.maximum(by_mu @ self.mu.points**2 - mean**2, 0.0) + by_tau @ tau**2 + (0.3 * self.mu.step) ** 2)
        moved = np.abs(np.gradient(mean + shift * self.slopes))
        counts = weight > 1e-7 * weight.max()
        return max(1, int(np.ceil((moved / (_SMOOTH * sd))[counts].max())))

    def _refined(self, rows: Array, times: int) -> tuple[Array, Array]:
        """Rows (B, F) at more slopes, and these: ``times`` as many, or equally far apart where these were too many."""
        v = self.v
        if times == 1:
            return rows, self.slopes
        if times <= _UNIFORM:
            fine = v.finer(times).points
            weight = np.full(len(fine), 1 / times)
        else:
            slope = np.linspace(self.slopes[0], self.slopes[-1], int(times * _largest_gap(self.slopes)))
            fine = self.window.slope_scale.coordinate(slope)
            weight = (slope[1] - slope[0]) / (self.window.slope_scale.derivative(fine) * v.step)
        if len(fine) * rows.size > _MOST_ROWS * 2**8:
            raise QuadratureError("the effect at a value of the moderator needs too large a grid; narrow the priors")
        between = np.sinc((fine[:, None] - v.points) / v.step) * weight[:, None]  # rows vanish at both ends
        return between @ rows, self.window.slope_scale.slope(fine)

    def _exact(self, mass: Array, tau: Array, shift: float, step: float) -> tuple[Lattice, Array]:
        """As :meth:`_mixture` by sums of positive terms, exact in the tail that a study is pulled to."""
        used = np.flatnonzero(self.mass.sum(axis=(0, 2)) > 1e-13)
        shifts = shift * self.slopes
        margin = REACH * float(tau[used].max()) + self.mu.step
        low, high = self.mu.points[0] + shifts.min() - margin, self.mu.points[-1] + shifts.max() + margin
        lattice = Lattice.covering(low, high, self.mu.step / finer_by(self.mu.step, step))
        if lattice.size * mass[:, used].size > MOST_TERMS:
            raise QuadratureError("a study contradicts the others so much that its effect needs too large a grid")
        log_density = np.full(lattice.size, -np.inf)
        with np.errstate(divide="ignore"):
            log_mass = np.log(mass)
        for one, shift in zip(log_mass, shifts, strict=True):
            for t in used:
                if np.isfinite(one[t].max()):
                    term = log_smoothed(self.mu, one[t], float(tau[t]), lattice.points - shift)
                    log_density = np.logaddexp(log_density, term)
        density = np.exp(log_density - log_density.max())
        part = lattice.part(density > 0)
        return part, density[part.first - lattice.first :][: part.size]


def _largest_gap(slopes: Array) -> float:
    """Number of the largest gaps between neighbours that the whole stretch is long."""
    return float((slopes[-1] - slopes[0]) / np.diff(slopes).max())
