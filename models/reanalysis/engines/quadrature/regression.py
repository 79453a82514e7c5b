"""Posterior of a meta-regression of one covariate: average, slope and heterogeneity on one grid.

With the covariate x_s less its centre, delta_s = mu + beta x_s + tau z_s, so that

    p(mu, beta, tau | y)  is proportional to  p(mu) p(beta) p(tau) prod_s M_s(mu + beta x_s, tau)

with the same M_s as without a covariate (`spectra`), tabulated once a study and read between its nodes by the
polynomial through six of them: nodes of mu are whole numbers of the table's, so one set of weights serves a study and a
slope. A study with parts of its treated arm has a likelihood, and a table, of its own for every slope. The slope's
coordinate is linear near its mode and logarithmic beyond, so priors may be wider than what is learnt by any factor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.fft import next_fast_len

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.interpolation import cumulative_integral
from reanalysis.engines.marginal import GridMarginal, MappedMarginal, MixtureMarginal
from reanalysis.engines.quadrature.grids import (
    Lattice,
    TauScale,
    finer_by,
    legendre_interpolation,
    legendre_nodes,
    nice_step,
    to_coefficients,
)
from reanalysis.engines.quadrature.hierarchy import ALIASED, EDGE
from reanalysis.engines.quadrature.hierarchy_posterior import normalised
from reanalysis.engines.quadrature.regression_window import Approximation, Window, located
from reanalysis.engines.quadrature.smoothing import log_smoothed
from reanalysis.engines.quadrature.spectra import LARGEST_LATTICE, NOISE, REACH, Ladder, ladder
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.engines.quadrature.surface import MOST_TERMS
from reanalysis.model.distributions import Distribution
from reanalysis.typing import Array, Flags

_TAPS = 6
_NARROW = 3.0
"""SDs of the slope within which its coordinate is nearly linear."""

_BY_WIDTH, _BY_COORDINATE = 0.85, 0.155
"""First steps of the average in its smallest SDs, and of the slope's coordinate."""

_TAU_NODES = (40, 56, 80, 112, 160)
_COARSE, _COARSE_NODES = 2.0, 20
"""How much coarser the grid is that finds where there is mass, and its nodes of the heterogeneity."""

_KEPT = 0.03
"""Share of the density allowed at an edge beyond which a stretch is cut off."""

_FAINT = 20.0
_MOST_CELLS, _MOST_NODES = 2**23, 2**22
"""Cells of the grid, and nodes of a study's table by heterogeneity."""

_WIDENED = 8
_FARTHEST = 300.0
"""Logit beyond which a rate is 0 or 1 in double precision."""

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
class Regressed:
    """One study: its likelihood, its covariate less the centre, and what its parts add to that.

    Parameters
    ----------
    likelihood : StudyLikelihood
        Of the study at a slope of 0.
    x : float
        Covariate; the mean over parts.
    parts : tuple of float
        Covariates of the parts less ``x``, empty where the treated arm is one.
    """

    likelihood: StudyLikelihood
    x: float
    parts: tuple[float, ...] = ()

    def at(self, slope: float) -> StudyLikelihood:
        """The likelihood of the effect at ``x``, given the slope."""
        return replace(self.likelihood, apart=tuple(slope * d for d in self.parts)) if self.parts else self.likelihood


@dataclass(frozen=True)
class Priors:
    """Of the average, the slope and the heterogeneity."""

    mu: Distribution
    slope: Distribution
    tau: Distribution


@dataclass(frozen=True)
class RegressionPosterior:
    """Posterior masses at B nodes of the slope, T of the heterogeneity and U of the average at ``window.centre``.

    Parameters
    ----------
    studies : tuple of Regressed
        S of them.
    window : Window
        Where it was laid.
    mu : Lattice
        U nodes of the average at the window's centre.
    v : Lattice
        B nodes of the slope's coordinate.
    u, u_weight : ndarray, shape (T,)
        Gauss-Legendre nodes of the heterogeneity's coordinate, and their weights.
    table : Lattice
        Nodes on which the studies' terms are tabulated.
    stretch : tuple of float
        Averages, lowest and highest, and largest heterogeneity that the transforms of the studies serve.
    log_mass, mass : ndarray, shape (B, T, U)
        Logs of the masses up to a constant, and masses that sum to 1.
    log_evidence : float
        Log marginal likelihood of all studies.
    """

    studies: tuple[Regressed, ...]
    window: Window
    mu: Lattice
    v: Lattice
    u: Array
    u_weight: Array
    table: Lattice
    stretch: tuple[float, float, float]
    log_mass: Array
    mass: Array
    log_evidence: float

    @property
    def tau(self) -> Array:
        """Heterogeneity at its nodes, shape (T,)."""
        return self.window.scale.tau(self.u)

    @cached_property
    def slopes(self) -> Array:
        """Slope at its nodes, shape (B,)."""
        return _slope(self.window, self.v.points)

    def slopes_at(self, v: Array) -> Array:
        """Slope at values of its coordinate."""
        return _slope(self.window, v)

    def slope(self) -> MappedMarginal:
        """Posterior of the slope."""
        return MappedMarginal(
            GridMarginal.from_density(self.v.points, self.mass.sum(axis=(1, 2))),
            _SlopeScale(self.window).slope,
            _SlopeScale(self.window).coordinate,
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

    def term(self, study: int) -> _Term:
        """What a study adds to the log masses."""
        return _Term(self.studies[study], self.table, self.stretch, self.mu, self.tau, self.slopes)

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
        if length * finer > LARGEST_LATTICE or length * mass.shape[1] > _MOST_NODES:
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
            fine = _SlopeScale(self.window).coordinate(slope)
            weight = (slope[1] - slope[0]) / (_NARROW * self.window.narrow[1] * np.cosh(fine) * v.step)
        if len(fine) * rows.size > _MOST_ROWS * 2**8:
            raise QuadratureError("the effect at a value of the moderator needs too large a grid; narrow the priors")
        between = np.sinc((fine[:, None] - v.points) / v.step) * weight[:, None]  # rows vanish at both ends
        return between @ rows, _slope(self.window, fine)

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


@dataclass(frozen=True)
class _SlopeScale:
    """The slope and its coordinate: linear within a few SDs of the mode, logarithmic beyond."""

    window: Window

    def slope(self, v: Array) -> Array:
        """Slope at a coordinate."""
        return _slope(self.window, v)

    def coordinate(self, slope: Array) -> Array:
        """Coordinate of a slope."""
        return np.arcsinh((np.asarray(slope, dtype=float) - self.window.mode) / (_NARROW * self.window.narrow[1]))


def _slope(window: Window, v: Array) -> Array:
    return window.mode + _NARROW * window.narrow[1] * np.sinh(v)


@dataclass(frozen=True)
class _Term:
    """What one study adds to the log posterior, slope by slope."""

    study: Regressed
    table: Lattice
    stretch: tuple[float, float, float]
    mu: Lattice
    tau: Array
    slopes: Array

    def each(self) -> Iterator[tuple[Array, Flags | None]]:
        """By slope the log terms (T, U), and where rounding has swallowed them; None where nowhere."""
        if not self.study.parts:
            tabulated = self._tabulated(self.study.likelihood, self.table)
            for slope in self.slopes:
                yield self._read(*tabulated, self.table, slope * self.study.x)
            return
        for slope in self.slopes:
            moved = slope * self.study.x
            first = int(np.floor((self.mu.points[0] + moved) / self.table.step)) - _TAPS
            size = self._stride * (self.mu.size - 1) + 2 * _TAPS + 2
            part = Lattice(self.table.step, first, size)
            yield self._read(*self._tabulated(self.study.at(float(slope)), part), part, moved)

    @property
    def _stride(self) -> int:
        return round(self.mu.step / self.table.step)

    def _spectra(self, likelihood: StudyLikelihood, stretch: tuple[float, float, float]) -> tuple[Ladder, float]:
        step = self.table.step * 2.0 ** np.floor(np.log2(likelihood.step() / self.table.step))
        found, log_scale = ladder([likelihood], *stretch, float(step), 1)
        return found, float(log_scale[0])

    def _tabulated(self, likelihood: StudyLikelihood, table: Lattice) -> tuple[Array, Flags]:
        """Log of M_s (T, N) at the table's nodes, and where rounding has swallowed it."""
        whole = table is self.table
        stretch = self.stretch if whole else (float(table.points[0]), float(table.points[-1]), float(self.tau[-1]))
        spectra, log_scale = self._spectra(likelihood, stretch)
        damped = spectra.damped(table, self.tau)[0]
        return np.log(np.maximum(damped, 1e-5 * NOISE)) + log_scale, damped < NOISE

    def _read(self, values: Array, lost: Flags, table: Lattice, moved: float) -> tuple[Array, Flags | None]:
        place = (self.mu.points[0] + moved) / table.step - table.first
        cell = int(np.floor(place))
        weights = _lagrange(place - cell)
        start, end = cell - _TAPS // 2 + 1, self._stride * (self.mu.size - 1) + 1
        taps = [values[:, start + k : start + k + end : self._stride] for k in range(_TAPS)]
        found, one = weights[0] * taps[0], np.empty((len(values), self.mu.size))
        for weight, tap in zip(weights[1:], taps[1:], strict=True):
            found += np.multiply(tap, weight, out=one)
        where = lost[:, start : start + end + _TAPS - 1]
        if not where.any():
            return found, None
        gone = np.zeros(found.shape, dtype=bool)
        for k in range(_TAPS):
            gone |= where[:, k : k + end : self._stride]
        return np.where(gone, taps[_TAPS // 2 - 1], found), gone

    def exact(self, node: int, wanted: Flags) -> Array:
        """Log terms, (T, U), of one slope computed without rounding where they are wanted; elsewhere 0."""
        slope = float(self.slopes[node])
        likelihood = self.study.at(slope)
        spectra, _ = self._spectra(likelihood, self.stretch)
        values, log_factor = likelihood.on(spectra.lattice)
        with np.errstate(divide="ignore"):
            log_values = np.log(values) + log_factor
        found = np.zeros(wanted.shape)
        for row in np.flatnonzero(wanted.any(axis=1)):
            at = wanted[row]
            places = self.mu.points[at] + slope * self.study.x
            found[row, at] = log_smoothed(spectra.lattice, log_values, float(self.tau[row]), places)
        return found


_NODES = np.arange(_TAPS) - (_TAPS // 2 - 1.0)
_SCALES = np.array([np.prod([one - other for other in _NODES if other != one]) for one in _NODES])


def _lagrange(t: float) -> Array:
    """Weights of six nodes at -2 ... 3 for the polynomial through them at t, above 0 and below 1."""
    away = t - _NODES
    return np.asarray(np.prod(away) / (away * _SCALES)) if (away != 0).all() else (away == 0).astype(float)


def solve_regression(studies: Sequence[Regressed], priors: Priors) -> RegressionPosterior:
    """Posterior of the meta-regression of studies with arbitrary likelihoods on one covariate.

    Parameters
    ----------
    studies : sequence of Regressed
        At least one.
    priors : Priors
        Of the average at a covariate of 0, the slope and the heterogeneity.

    Raises
    ------
    QuadratureError
        If the posterior does not fit or is not resolved by the largest grid, or studies conflict beyond what double
        precision resolves.
    """
    studies = tuple(studies)
    found = Approximation(
        tuple(one.likelihood for one in studies), np.array([one.x for one in studies]),
        tuple(one.parts for one in studies), priors.mu, priors.slope,
    )  # fmt: skip
    narrowest = min(one.likelihood.effect_width(0.0) for one in studies)
    window = located(found, priors.tau, narrowest)
    _require_within_reach(window, studies, priors)
    steps = (_BY_WIDTH, _BY_COORDINATE)
    coarse, _ = _on_grid(studies, priors, window, _COARSE_NODES, (_COARSE * steps[0], _COARSE * steps[1]))
    window = _trimmed(coarse)
    for _ in range(_WIDENED):
        for count in _TAU_NODES:
            posterior, lost = _on_grid(studies, priors, window, count, steps, coarse.stretch)
            edges = _edges(posterior)
            if edges or _tau_resolved(posterior):
                break
        unresolved = _unresolved(posterior)
        if not edges and not any(unresolved):
            break
        steps = (steps[0] / (2 if unresolved[0] else 1), steps[1] / (2 if unresolved[1] else 1))
        window = window.wider(edges)
    if edges or any(unresolved) or not _tau_resolved(posterior):
        raise QuadratureError(
            "the grid of (mu, beta, tau) does not hold the posterior; narrow the priors of mu, tau and the moderator"
        )
    if lost:
        raise QuadratureError(
            "the studies conflict by more than double precision resolves under these priors; "
            "widen the prior of tau, or leave a study out"
        )
    return posterior


def _require_within_reach(window: Window, studies: tuple[Regressed, ...], priors: Priors) -> None:
    """Raise where studies that say nothing of one side leave the posterior where rates are 0 or 1."""
    cells = [one.x + d - window.centre for one in studies for d in (one.parts or (0.0,))]
    by_slope = max(abs(end * x) for end in window.slope for x in cells)
    by_mu = max(map(abs, window.mu))
    if by_slope + by_mu <= _FARTHEST:
        return
    name, prior = ("moderator", priors.slope) if by_slope >= by_mu else ("mu", priors.mu)
    most = float(f"{prior.width * 0.8 * _FARTHEST / (by_slope + by_mu):.1g}")
    raise QuadratureError(
        f"the posterior reaches effects of {by_slope + by_mu:.0f} on the logit scale, where rates are 0 or 1 and the "
        f"studies say nothing: narrow the prior of {name}, {prior}, to a scale of {most:g} or less"
    )


def _trimmed(found: RegressionPosterior) -> Window:
    """The window without the stretches at its ends that a coarse grid shows to be empty."""
    window = found.window
    by_slope, by_mu = found.mass.sum(axis=(1, 2)), found.mass.sum(axis=(0, 1))
    by_tau = found.mass.sum(axis=(0, 2)) / found.u_weight

    def stretch(density: Array, at: Array, ends: tuple[float, float]) -> tuple[float, float]:
        kept = np.flatnonzero(density > _KEPT * EDGE * density.max())
        low = float(at[kept[0] - 1]) if kept[0] > 0 else ends[0]
        high = float(at[kept[-1] + 1]) if kept[-1] + 1 < len(at) else ends[1]
        return low, high

    return replace(
        window,
        mu=stretch(by_mu, found.mu.points, window.mu),
        slope=stretch(by_slope, found.slopes, window.slope),
        u=stretch(by_tau, found.u, window.u),
    )


def _edges(found: RegressionPosterior) -> list[str]:
    """Sides at which the posterior has not died away."""
    by_slope, by_mu = found.mass.sum(axis=(1, 2)), found.mass.sum(axis=(0, 1))
    by_tau = found.mass.sum(axis=(0, 2)) / found.u_weight
    ends = {"mu-": by_mu[0], "mu+": by_mu[-1]} | {"slope-": by_slope[0], "slope+": by_slope[-1]}
    tops = {"mu": by_mu.max(), "slope": by_slope.max()}
    sides = [name for name, end in ends.items() if end > EDGE * tops[name[:-1]]]
    (low, high), (first, last) = found.window.u, found.window.support
    if by_tau[-1] > EDGE * by_tau.max() and high < last:
        sides.append("u+")
    if by_tau[0] > EDGE * by_tau.max() and low > first:
        sides.append("u-")
    return sides


def _unresolved(found: RegressionPosterior) -> tuple[bool, bool]:
    """Whether sums over every second node of the average, or of the slope, differ for some values of the others."""
    by_both = found.mass.sum(axis=1)
    along_mu = np.abs(found.mass[..., ::2].sum(axis=-1) - found.mass[..., 1::2].sum(axis=-1)).sum()
    along_slope = np.abs(by_both[::2].sum(axis=0) - by_both[1::2].sum(axis=0)).sum()
    return bool(along_mu >= ALIASED), bool(along_slope >= 10 * ALIASED)


def _tau_resolved(found: RegressionPosterior) -> bool:
    coefficients = np.abs(to_coefficients(len(found.u)) @ (found.mass.sum(axis=(0, 2)) / found.u_weight))
    return bool(coefficients[-3:].max() < 1e-5 * coefficients.max())


def _on_grid(
    studies: tuple[Regressed, ...], priors: Priors, window: Window, count: int, steps: tuple[float, float],
    stretch: tuple[float, float, float] | None = None,
) -> tuple[RegressionPosterior, bool]:  # fmt: skip
    """The posterior on a grid, and whether rounding has swallowed what counts of it."""
    node, weight = legendre_nodes(count)
    half = 0.5 * (window.u[1] - window.u[0])
    u, u_weight = window.u[0] + half * (node + 1), half * weight
    tau = window.scale.tau(u)
    finest = nice_step(min(one.likelihood.step() for one in studies))
    width = min(one.likelihood.effect_width(0.0) for one in studies)
    wanted = steps[0] * window.narrow[0]
    table_step = finest * 2.0 ** max(0, np.floor(np.log2(0.4 * width / finest)))
    table_step /= finer_by(table_step, wanted)
    stride = 2 ** int(np.floor(np.log2(wanted / table_step)))
    mu = Lattice.covering(*window.mu, table_step * stride)
    scale = _SlopeScale(window)
    v = Lattice.covering(*(float(scale.coordinate(np.array(end))) for end in window.slope), steps[1])
    slopes = _slope(window, v.points)
    if mu.size * count * v.size > _MOST_CELLS:
        raise QuadratureError(
            f"priors this wide need too large a grid of (mu, beta, tau): {mu.size} x {v.size} x {count} nodes; narrow "
            "the priors of mu and the moderator"
        )
    x = np.array([one.x - window.centre for one in studies])
    ends = np.outer(slopes[[0, -1]], x)
    low, high = mu.points[0] + float(ends.min()), mu.points[-1] + float(ends.max())
    pad = _TAPS * table_step
    table = Lattice.covering(low - pad, high + pad, table_step)
    if table.size * count > _MOST_NODES:
        raise QuadratureError("priors this wide need too large a grid; narrow the priors of mu and the moderator")
    needed = (float(table.points[0]), float(table.points[-1]), float(tau[-1]))
    found = RegressionPosterior(
        tuple(replace(one, x=float(at)) for one, at in zip(studies, x, strict=True)),
        window, mu, v, u, u_weight, table, _holding(needed, stretch), np.empty(0), np.empty(0), 0.0,
    )  # fmt: skip
    average = mu.points - slopes[:, None] * window.centre
    log_prior = priors.mu.logpdf(average) + (
        priors.slope.logpdf(slopes) + np.log(_NARROW * window.narrow[1] * np.cosh(v.points) * v.step * mu.step)
    )[:, None]
    by_tau = priors.tau.logpdf(tau) + np.log(window.scale.slope(u) * u_weight)
    log_mass = log_prior[:, None, :] + by_tau[:, None]
    gone: dict[int, list[Flags | None]] = {}
    for index in range(len(studies)):
        gone[index] = []
        for node_, (values, lost) in enumerate(found.term(index).each()):
            log_mass[node_] += values
            gone[index].append(lost)
    return _finished(replace(found, log_mass=log_mass), gone)


def _holding(
    needed: tuple[float, float, float], known: tuple[float, float, float] | None
) -> tuple[float, float, float]:  # fmt: skip
    """A stretch that holds what is needed: the one known if it does, else one with round ends that serves others too."""
    if known and known[0] <= needed[0] and needed[1] <= known[1] and needed[2] <= known[2]:
        return known
    low, high, tau = needed
    grain = 2.0 ** np.ceil(np.log2(high - low)) / 4
    round_tau = 2.0 ** (np.ceil(2 * np.log2(tau)) / 2)
    return float(grain * np.floor(low / grain)), float(grain * np.ceil(high / grain)), float(round_tau)


def _finished(found: RegressionPosterior, gone: dict[int, list[Flags | None]]) -> tuple[RegressionPosterior, bool]:
    """With terms that rounding has swallowed computed again where they count, and masses that sum to 1."""
    log_mass = found.log_mass
    faint = float(log_mass.max()) - _FAINT
    work = 0
    for index, flags in gone.items():
        term = found.term(index)
        read = None
        for node, lost in enumerate(flags):
            if lost is None or not (wanted := lost & (log_mass[node] > faint)).any():
                continue
            work += int(wanted.sum()) * found.table.size
            if work > MOST_TERMS:
                return replace(found, mass=normalised(log_mass)[0]), True
            read = read or [values for values, _ in term.each()]
            log_mass[node] += np.where(wanted, term.exact(node, wanted) - read[node], 0.0)
    mass, log_evidence = normalised(log_mass)
    return replace(found, mass=mass, log_evidence=log_evidence), False
