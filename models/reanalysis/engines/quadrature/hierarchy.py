"""What do exchangeable studies say together? The posterior of the average mu and the heterogeneity tau.

The model is delta_s ~ Normal(mu, tau^2) with an arbitrary likelihood L_s(delta_s) per study, so

    p(mu, tau | y)  is proportional to  p(mu) p(tau) prod_s M_s(mu, tau),    M_s = L_s * Normal(0, tau^2)

where * is convolution. A Gaussian's Fourier transform is known in closed form, so M_s at any (mu, tau) is the
trigonometric sum of the transform of L_s damped by exp(-tau^2 omega^2 / 2): exact to rounding for every tau, tau = 0
included, with no special case for a heterogeneity smaller than the grid step. The same identity gives the predictive
density of a new effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import next_fast_len
from scipy.special import erfc

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.interpolation import cumulative_integral
from reanalysis.engines.marginal import GridMarginal, MappedMarginal
from reanalysis.engines.quadrature.lattice import Lattice, finer_by, nice_step
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.model.distributions import Distribution

Array = NDArray[np.float64]

REACH = 6.5
"""SDs of the heterogeneity beyond which a study effect cannot matter: exp(-6.5^2 / 2) is below 1e-9."""

_CUT = 26.0
"""Log density below the maximum at which the window of (mu, tau) ends."""

_NOISE = 1e-11
"""Share of a likelihood's maximum below which its damped trigonometric sum, good to 1e-16, is no longer trusted."""

_TAILS = (1e-10, 1e-20, 1e-40)
"""Prior mass left outside the first window on each side: less where the data push the posterior to its edge."""

_EDGE = 1e-7
"""Density at the edge of a window, as a share of its maximum, that sends for a wider one."""

_ALIASED = 1e-6
"""Largest share of a density that its grid may leave unresolved."""

_LARGEST_LATTICE = 2**19
_ZOOM_NODES = 24
_TAU_NODES = (40, 80, 160)
_PLOT_NODES = 241


class _AtEdge(QuadratureError):
    """Posterior mass reaches the edge of the first window."""


@dataclass(frozen=True)
class Spectra:
    """Fourier transforms of the study likelihoods, from which they come back convolved with Normal(0, tau^2).

    Parameters
    ----------
    lattice : Lattice
        Where the likelihoods were given, M nodes.
    length : int
        Period of the transform in nodes, M or a little more.
    transform : ndarray of complex, shape (S, F)
        Discrete transform of each study's likelihood.
    """

    lattice: Lattice
    length: int
    transform: NDArray[np.complex128]

    @classmethod
    def of(cls, values: Array, lattice: Lattice) -> Spectra:
        """From values on a lattice, shape (S, lattice.size), that vanish smoothly at both ends."""
        length = int(next_fast_len(lattice.size, real=True))
        transform = np.fft.rfft(values, length, axis=1)
        if length % 2 == 0:
            transform[:, -1] *= 0.5  # empty but for rounding
        return cls(lattice, length, transform)

    @cached_property
    def omega(self) -> Array:
        """Angular frequencies, shape (F,)."""
        return np.asarray(2 * np.pi * np.arange(self.transform.shape[1]) / (self.length * self.lattice.step))

    @cached_property
    def _used(self) -> int:
        """Number of frequencies that any likelihood contains."""
        size = np.abs(self.transform)
        return int(np.flatnonzero((size > 1e-18 * size.max(axis=1, keepdims=True)).any(axis=0))[-1]) + 1

    @cached_property
    def _coefficient(self) -> NDArray[np.complex128]:
        """Coefficients c for which the likelihood at mu is the real part of sum_f c_f exp(i omega_f mu)."""
        coefficient = self.transform * (np.exp(-1j * self.omega * self.lattice.points[0]) / self.length)
        coefficient[:, 1:] *= 2
        return coefficient

    def damped(self, at: Lattice, tau: Array) -> Array:
        """M_s at the grid of (tau, mu): few nodes as a sum, many by the inverse transform of the whole lattice.

        Parameters
        ----------
        at : Lattice
            U nodes of mu within ``lattice``, their step a power of 2 times its step.
        tau : ndarray, shape (T,)
            Increasing heterogeneities.

        Returns
        -------
        ndarray
            Shape (S, T, U), noise of order 1e-16 of each study's maximum included.
        """
        result = np.empty((len(self.transform), len(tau), at.size))
        times = max(1, round(self.lattice.step / at.step))
        by_sum = at.size * self._used < 8 * self.length * times
        rows = 8 if by_sum else max(1, _LARGEST_LATTICE // (len(result) * self.length * times))
        if by_sum:
            phase = np.outer(self.omega[: self._used], at.points)
            cosine, sine = np.cos(phase), np.sin(phase)
        for start in range(0, len(tau), rows):
            block = slice(start, start + rows)
            # frequencies that even the smallest of these tau damps away add nothing
            used = min(self._used, int(np.searchsorted(self.omega * tau[start], 9.5)) + 1)
            damping = np.exp(-0.5 * np.outer(tau[block] ** 2, self.omega[:used] ** 2))
            if by_sum:
                damped = self._coefficient[:, None, :used] * damping
                result[:, block] = damped.real @ cosine[:used] - damped.imag @ sine[:used]
            else:
                damped = self.transform[:, None, :used] * damping
                fine = np.fft.irfft(damped, self.length * times, axis=2) * times
                stride = max(1, round(at.step / self.lattice.step))
                first = at.first * stride - self.lattice.first * times
                result[:, block] = fine[:, :, first : first + at.size * stride : stride]
        return result


@dataclass(frozen=True)
class TauScale:
    """A coordinate u for tau = c sinh(u): linear near 0, logarithmic beyond c, so one grid serves both."""

    c: float

    def tau(self, u: Array) -> Array:
        """Heterogeneity at the coordinate."""
        return self.c * np.sinh(u)

    def slope(self, u: Array) -> Array:
        """D tau / d u."""
        return self.c * np.cosh(u)

    def coordinate(self, tau: ArrayLike) -> Array:
        """Coordinate of a heterogeneity."""
        return np.arcsinh(np.asarray(tau, dtype=float) / self.c)


@dataclass(frozen=True)
class _Window:
    """Where the posterior, with or without any one study, has mass: nodes of mu, and a stretch of u."""

    mu: Lattice
    u_low: float
    u_high: float


@dataclass(frozen=True)
class HierarchyPosterior:
    """Posterior of (mu, tau) on a grid, with and without each study.

    Parameters
    ----------
    mu : Lattice
        U uniform nodes.
    u : ndarray, shape (T,)
        Gauss-Legendre nodes of the coordinate of tau.
    mass : ndarray, shape (T, U)
        Posterior masses, summing to 1.
    mass_without : ndarray, shape (S, T, U)
        Posterior masses given all studies but one.
    log_evidence : float
        Log marginal likelihood of all studies.
    """

    mu: Lattice
    u: Array
    u_weight: Array
    u_bounds: tuple[float, float]
    scale: TauScale
    mass: Array
    mass_without: Array
    log_evidence: float

    @cached_property
    def tau(self) -> Array:
        """Heterogeneity at the nodes, shape (T,)."""
        return self.scale.tau(self.u)

    def average(self) -> GridMarginal:
        """Posterior of mu."""
        return GridMarginal.from_density(self.mu.points, self.mass.sum(axis=0))

    def heterogeneity(self) -> MappedMarginal:
        """Posterior of tau."""
        mass = self.mass.sum(axis=1)
        low, high = self.u_bounds
        u = np.linspace(low, high, _PLOT_NODES)
        density = np.maximum(_legendre_interpolation(len(self.u), _PLOT_NODES) @ (mass / self.u_weight), 0.0)
        cumulative = cumulative_integral(density, u[1] - u[0])
        return MappedMarginal(
            GridMarginal.from_integrated(u, density, cumulative, self.u, mass),
            self.scale.tau,
            self.scale.coordinate,
        )

    def new_effect(self) -> GridMarginal:
        """Predictive distribution of the effect in a new study."""
        lattice, density = self._mixture(self.mass, 1)
        return GridMarginal.from_density(lattice.points, density)

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
            return self._pulled_mixture(study, finer)
        return self._mixture(self.mass_without[study], finer)

    def _pulled_mixture(self, study: int, finer: int) -> tuple[Lattice, Array]:
        """Mixture over (mu, tau) of Normal(mu, tau^2), exact in the tail that the study pulls to.

        For each tau the density is computed times exp(k delta), which moves its peak, and with it the reach of double
        precision, into that tail: exp(k delta) Normal(delta; mu, tau^2) is Normal(delta; mu + k tau^2, tau^2) times
        exp(k mu + k^2 tau^2 / 2). The slope k is the study's score, averaged over the posterior given tau.
        """
        with np.errstate(divide="ignore"):
            log_without, log_mass = np.log(self.mass_without[study]), np.log(self.mass)
        used = self.mass.sum(axis=1) > 1e-13 * self.mass.sum(axis=1).max()
        tau, mass = self.tau[used], self.mass[used]
        log_study = np.where(mass > 0, log_mass[used] - log_without[used], 0.0)
        score = (mass * np.gradient(log_study, self.mu.step, axis=1)).sum(axis=1) / mass.sum(axis=1)
        log_weight = log_without[used] + score[:, None] * self.mu.points
        top = log_weight.max(axis=1, keepdims=True)
        shift = score * tau**2
        margin = int(np.ceil(float((REACH * tau + np.abs(shift)).max()) / self.mu.step)) + 1
        lattice, tilted = _smoothed(self.mu, np.exp(log_weight - top), tau, shift, margin, finer)
        floor = _NOISE * tilted.max(axis=1, keepdims=True)
        with np.errstate(divide="ignore"):
            log_density = np.where(tilted > floor, np.log(np.maximum(tilted, floor)), -np.inf)
        log_density += top + (0.5 * score * shift)[:, None] - score[:, None] * lattice.points
        density = np.exp(log_density - log_density.max()).sum(axis=0)
        resolved = lattice.part(density > 0)
        return resolved, density[resolved.first - lattice.first :][: resolved.size]

    def _mixture(self, mass: Array, finer: int) -> tuple[Lattice, Array]:
        """Mixture over (mu, tau) of Normal(mu, tau^2), on a lattice ``finer`` times as fine as that of mu."""
        weight = mass.sum(axis=1)
        far = float(self.tau[np.flatnonzero(weight > 1e-9 * weight.max())[-1]])
        margin = int(np.ceil(REACH * far / self.mu.step)) + 1
        lattice, rows = _smoothed(self.mu, mass, self.tau, np.zeros_like(self.tau), margin, finer, total=True)
        density = rows[0]
        resolved = lattice.part(density > _NOISE * density.max())
        return resolved, density[resolved.first - lattice.first :][: resolved.size].clip(min=0.0)


def _smoothed(
    mu: Lattice, mass: Array, tau: Array, shift: Array, margin: int, finer: int, total: bool = False
) -> tuple[Lattice, Array]:
    """Densities of mu + shift + tau z, z standard normal, by row or in total.

    A convolution by its Fourier transform: frequencies above those that the mu lattice resolves are absent from the
    smooth truth and stay out.

    Parameters
    ----------
    mu : Lattice
        U nodes.
    mass : ndarray, shape (T, U)
        Masses at the nodes.
    tau, shift : ndarray, shape (T,)
        By row.
    margin : int
        Nodes beyond those of mu on each side.
    finer : int
        How much finer the result is.
    total : bool
        Whether rows are added up.

    Returns
    -------
    lattice : Lattice
        D nodes.
    density : ndarray, shape (T, D) or (1, D)
        Rounding of either sign included.
    """
    length = int(next_fast_len(mu.size + 2 * margin, real=True))
    transform = np.fft.rfft(mass, length, axis=1)
    if length % 2 == 0:
        transform[:, -1] *= 0.5  # shared between the two ends of a finer spectrum
    omega = 2 * np.pi * np.arange(transform.shape[1]) / (length * mu.step)
    transform *= np.exp(-0.5 * np.outer(tau**2, omega**2))
    if np.any(shift):
        transform *= np.exp(-1j * np.outer(shift, omega))
    if total:
        transform = transform.sum(axis=0, keepdims=True)
    density = np.fft.irfft(transform, length * finer, axis=1) * (finer / mu.step)
    size = min((mu.size + 2 * margin) * finer, length * finer)
    density = np.roll(density, margin * finer, axis=1)[:, :size]
    return Lattice(mu.step / finer, (mu.first - margin) * finer, size), density


def solve(studies: Sequence[StudyLikelihood], mu_prior: Distribution, tau_prior: Distribution) -> HierarchyPosterior:
    """Posterior of the normal hierarchy over studies with arbitrary likelihoods.

    Parameters
    ----------
    studies : sequence of StudyLikelihood
        At least one.
    mu_prior, tau_prior : Distribution
        Priors of the average and of the heterogeneity.

    Raises
    ------
    QuadratureError
        If mass reaches the edge of a grid, a grid cannot resolve the posterior, or the studies conflict beyond what
        double precision resolves.
    """
    for tail in _TAILS[:-1]:
        try:
            return _solve(studies, mu_prior, tau_prior, tail)
        except _AtEdge:
            continue
    return _solve(studies, mu_prior, tau_prior, _TAILS[-1])


def _solve(
    studies: Sequence[StudyLikelihood], mu_prior: Distribution, tau_prior: Distribution, tail: float
) -> HierarchyPosterior:
    # linear in tau where the prior is flat near 0, logarithmic down to its smallest values where it vanishes there
    usual = tau_prior.quantile(0.25 if np.isfinite(tau_prior.logpdf(0.0)) else 0.02)
    scale = TauScale(min(min(s.effect_width(0.0) for s in studies), usual))
    step = nice_step(min(s.step() for s in studies))
    mu_low, mu_high = mu_prior.quantile(tail), mu_prior.tail(tail)
    most = (0.5 * _LARGEST_LATTICE * step - (mu_high - mu_low)) / (2 * REACH)
    tau_end = tau_prior.tail(0.0)
    tau_top = min(tau_end, tau_prior.tail(tail), most)
    spectra, log_constant = _spectra(studies, mu_low - REACH * tau_top, mu_high + REACH * tau_top, step)
    surface = _Surface(spectra, mu_prior, tau_prior, scale)
    first = _Window(
        Lattice.covering(mu_low, mu_high, step),
        float(scale.coordinate(tau_prior.quantile(0.0))),
        float(scale.coordinate(tau_top)),
    )
    window, smallest_tau = _zoom(surface, first)
    narrow = sum(1 / (s.effect_width(0.0) ** 2 + smallest_tau**2) for s in studies) + mu_prior.sd**-2
    mu = window.mu.at_step(step * 2.0 ** np.floor(np.log2(narrow**-0.5 / (1.7 * step))))
    for count in _TAU_NODES:
        found, lost = _on_grid(surface, mu, window, count, log_constant)
        while not _mu_resolved(found) and mu.size < _LARGEST_LATTICE // 64:
            mu = mu.at_step(mu.step / 2)
            found, lost = _on_grid(surface, mu, window, count, log_constant)
        if _tau_resolved(found):
            break
    _require_sound(found, lost, window, float(scale.coordinate(tau_end)))
    return found


def _spectra(studies: Sequence[StudyLikelihood], low: float, high: float, step: float) -> tuple[Spectra, float]:
    """Transforms of the likelihoods on [low, high], each scaled to a maximum of 1, and the log of all scales."""
    soft = 2.5 * step  # SD of the taper: its own spectrum ends below the lattice's highest frequency
    lattice = Lattice.covering(low - 14 * soft, high + 14 * soft, step)
    points = lattice.points
    taper = 0.25 * erfc((low - 7 * soft - points) / (soft * np.sqrt(2)))
    taper *= erfc((points - high - 7 * soft) / (soft * np.sqrt(2)))
    values, log_factors = zip(*(s.on(lattice) for s in studies), strict=True)
    tapered = np.stack(values) * taper
    top = tapered.max(axis=1)
    if not np.all(top > 0):
        raise QuadratureError("a study's likelihood vanishes wherever the priors have mass")
    return Spectra.of(tapered / top[:, None], lattice), float(np.sum(log_factors) + np.log(top).sum())


@dataclass(frozen=True)
class _Surface:
    """Log posterior density over (u, mu), in total and study by study."""

    spectra: Spectra
    mu_prior: Distribution
    tau_prior: Distribution
    scale: TauScale

    def __call__(self, mu: Lattice, u: Array) -> tuple[Array, Array]:
        """Log density (T, U) and its study terms (S, T, U), floored where they are lost in rounding."""
        tau = self.scale.tau(u)
        log_terms = np.log(np.maximum(self.spectra.damped(mu, tau), 1e-5 * _NOISE))
        prior = (
            self.mu_prior.logpdf(mu.points)[None, :]
            + (self.tau_prior.logpdf(tau) + np.log(self.scale.slope(u)))[:, None]
        )
        return prior + log_terms.sum(axis=0), log_terms


def _zoom(surface: _Surface, window: _Window, rounds: int = 8) -> tuple[_Window, float]:
    """Shrink the window to where the posterior, with or without any one study, has mass.

    The nodes of mu are those of the likelihoods' own lattice, so that no peak is lost between them.

    Returns
    -------
    window : _Window
        The smaller window.
    smallest_tau : float
        The smallest heterogeneity that has mass: where the posterior of mu given tau is narrowest.
    """
    for _ in range(rounds):
        edges = np.linspace(window.u_low, window.u_high, _ZOOM_NODES + 1)
        log_all, log_each = surface(window.mu, 0.5 * (edges[1:] + edges[:-1]))
        keep = log_all > log_all.max() - _CUT
        for one in log_each:
            without = log_all - one
            keep |= without > without.max() - _CUT
        rows, columns = np.flatnonzero(keep.any(axis=1)), np.flatnonzero(keep.any(axis=0))
        first, last = max(columns[0] - 1, 0), min(columns[-1] + 1, window.mu.size - 1)
        smaller = _Window(
            Lattice(window.mu.step, window.mu.first + int(first), int(last - first) + 1),
            float(edges[max(rows[0] - 1, 0)]),
            float(edges[min(rows[-1] + 2, len(edges) - 1)]),
        )
        shrunk = (smaller.u_high - smaller.u_low) / (window.u_high - window.u_low)
        window = smaller
        if shrunk > 0.6:
            break
    return window, float(surface.scale.tau(np.array(window.u_low)))


def _on_grid(
    surface: _Surface, mu: Lattice, window: _Window, count: int, log_constant: float
) -> tuple[HierarchyPosterior, NDArray[np.bool_]]:
    """The posterior on the nodes of mu and ``count`` Gauss-Legendre nodes of the coordinate of tau.

    Also marks, by (S, T, U), the study terms that rounding has swallowed.
    """
    node, weight = _legendre(count)
    half = 0.5 * (window.u_high - window.u_low)
    u, u_weight = window.u_low + half * (node + 1), half * weight
    log_all, log_each = surface(mu, u)
    log_all += np.log(u_weight)[:, None] + np.log(mu.step)
    mass, log_total = _normalised(log_all)
    mass_without = np.empty_like(log_each)
    for one, log_one in zip(mass_without, log_each, strict=True):
        one[:] = _normalised(log_all - log_one)[0]
    bounds = (window.u_low, window.u_high)
    found = HierarchyPosterior(mu, u, u_weight, bounds, surface.scale, mass, mass_without, log_total + log_constant)
    return found, log_each < np.log(_NOISE)


def _normalised(log_mass: Array) -> tuple[Array, float]:
    top = float(log_mass.max())
    mass = np.exp(log_mass - top)
    total = float(mass.sum())
    return mass / total, top + float(np.log(total))


def _mu_resolved(found: HierarchyPosterior) -> bool:
    """Whether sums over every second node agree for every tau, with and without any study.

    Their difference is the density's spectrum at the grid's highest frequency: the error of a value between nodes. That
    of a sum over all nodes is its fourth power.
    """
    difference = found.mass[:, ::2].sum(axis=1) - found.mass[:, 1::2].sum(axis=1)
    without = found.mass_without[:, :, ::2].sum(axis=2) - found.mass_without[:, :, 1::2].sum(axis=2)
    return bool(max(np.abs(difference).sum(), np.abs(without).sum(axis=1).max()) < _ALIASED)


def _tau_resolved(found: HierarchyPosterior) -> bool:
    """Whether the polynomial through the nodes of tau has converged, for the posterior with and without any study."""
    by_tau = np.vstack([found.mass.sum(axis=1), found.mass_without.sum(axis=2)]) / found.u_weight
    coefficients = np.abs(by_tau @ _to_coefficients(len(found.u)).T)
    return bool(np.all(coefficients[:, -3:].max(axis=1) < 1e-5 * coefficients.max(axis=1)))


def _require_sound(found: HierarchyPosterior, lost: NDArray[np.bool_], window: _Window, support_end: float) -> None:
    """Raise where a grid does not hold the posterior, given all studies or all but one."""
    if not (_mu_resolved(found) and _tau_resolved(found)):
        raise QuadratureError(f"the grid of (mu, tau) does not resolve the posterior ({window})")
    edges = {"mu": found.mass[:, [0, -1]].sum(axis=0).max() / found.mass.sum(axis=0).max()}
    if window.u_high < support_end:  # a prior that ends there may have mass at its end
        by_tau = found.mass.sum(axis=1) / found.u_weight
        edges["tau"] = by_tau[-1] / by_tau.max()
    for name, edge in edges.items():
        if edge > _EDGE:
            raise _AtEdge(f"the posterior reaches the edge of the {name} grid ({window})")
    by_number = lost.sum(axis=0)
    for study, mass in ((None, found.mass), *enumerate(found.mass_without)):
        others = by_number if study is None else by_number - lost[study]
        if float(mass[others > 0].sum()) > 1e-6:
            raise QuadratureError(
                "the studies conflict by more than double precision resolves under these priors; "
                "widen the prior of tau, or leave a study out"
            )


@lru_cache(maxsize=8)
def _legendre(count: int) -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(count)


@lru_cache(maxsize=8)
def _to_coefficients(count: int) -> Array:
    """Matrix (count, count) from values at Gauss-Legendre nodes to coefficients of Legendre polynomials."""
    node, weight = _legendre(count)
    values = np.polynomial.legendre.legvander(node, count - 1) * weight[:, None] * (np.arange(count) + 0.5)
    return np.asarray(values.T)


@lru_cache(maxsize=8)
def _legendre_interpolation(count: int, fine: int) -> Array:
    """Matrix (fine, count) from values at Gauss-Legendre nodes to values at uniform points of [-1, 1]."""
    at = np.linspace(-1.0, 1.0, fine)
    return np.asarray(np.polynomial.legendre.legvander(at, count - 1) @ _to_coefficients(count))
