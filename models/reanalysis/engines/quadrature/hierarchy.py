"""What do exchangeable studies say together? The posterior of the average mu and the heterogeneity tau.

The model is delta_s ~ Normal(mu, tau^2) with an arbitrary likelihood L_s(delta_s) per study, so

    p(mu, tau | y)  is proportional to  p(mu) p(tau) prod_s M_s(mu, tau),    M_s = L_s * Normal(0, tau^2)

where * is convolution. A Gaussian's Fourier transform is known in closed form, so M_s at any (mu, tau) is the trigonometric
sum of the transform of L_s damped by exp(-tau^2 omega^2 / 2): exact to rounding for every tau, tau = 0 included, with no
special case for a heterogeneity smaller than the grid step. The same identity gives the predictive density of a new effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len
from scipy.special import erfc

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.marginal import GridMarginal
from reanalysis.engines.quadrature.lattice import Lattice, finer_by, nice_step
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.model.distributions import Distribution

Array = NDArray[np.float64]

REACH = 6.5
"""SDs of the heterogeneity beyond which a study effect cannot matter: exp(-6.5^2 / 2) is below 1e-9."""

_CUT = 26.0
"""Log density below the maximum at which the window of (mu, tau) ends."""

_NOISE = 1e-11
"""Share of its own maximum below which a damped trigonometric sum is no longer trusted."""

_TAIL = 1e-9
"""Prior mass left outside the first window on each side."""

_TAU_NODES = 40
_PLOT_NODES = 161


@dataclass(frozen=True)
class Spectra:
    """Fourier coefficients of the study likelihoods: L_s(mu) = Re sum_f coefficient[s, f] exp(i omega_f mu)."""

    omega: Array
    coefficient: NDArray[np.complex128]

    @classmethod
    def of(cls, values: Array, lattice: Lattice) -> Spectra:
        """From values on a lattice, shape (S, lattice.size), that vanish smoothly at both ends."""
        length = next_fast_len(lattice.size, real=True)
        transform = np.fft.rfft(values, length, axis=1) / length
        omega = 2 * np.pi * np.arange(transform.shape[1]) / (length * lattice.step)
        transform[:, 1:] *= 2
        transform *= np.exp(-1j * omega * lattice.points[0])
        size = np.abs(transform)
        needed = (size > 1e-18 * size.max(axis=1, keepdims=True)).any(axis=0)
        last = int(np.flatnonzero(needed)[-1]) + 1
        return cls(omega[:last], transform[:, :last])

    def damped(self, mu: Array, tau: Array) -> Array:
        """M_s at the grid of (tau, mu).

        Returns
        -------
        ndarray
            Shape (S, T, U), noise of order 1e-16 of each study's maximum included.
        """
        damping = np.exp(-0.5 * np.outer(tau**2, self.omega**2))
        damped = self.coefficient[:, None, :] * damping
        phase = np.outer(self.omega, mu)
        shape = (-1, len(self.omega))
        studies, taus = len(self.coefficient), len(tau)
        result = damped.real.reshape(shape) @ np.cos(phase)
        result -= damped.imag.reshape(shape) @ np.sin(phase)
        return result.reshape(studies, taus, len(mu))


@dataclass(frozen=True)
class TauScale:
    """A coordinate u for tau = c sinh(u): linear near 0, logarithmic beyond c, so one grid serves both."""

    c: float

    def tau(self, u: Array) -> Array:
        """Heterogeneity at the coordinate."""
        return self.c * np.sinh(u)

    def slope(self, u: Array) -> Array:
        """d tau / d u."""
        return self.c * np.cosh(u)

    def coordinate(self, tau: float) -> float:
        """Coordinate of a heterogeneity."""
        return float(np.arcsinh(tau / self.c))


@dataclass(frozen=True)
class _Window:
    mu_low: float
    mu_high: float
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

    def heterogeneity(self) -> GridMarginal:
        """Posterior of tau."""
        mass = self.mass.sum(axis=1)
        fine, interpolate = _legendre_interpolation(len(self.u), _PLOT_NODES)
        low, high = self.u_bounds
        coordinate = low + 0.5 * (fine + 1) * (high - low)
        density = np.maximum(interpolate @ (mass / self.u_weight), 0.0)
        return GridMarginal.from_mapped_density(
            coordinate, density, self.scale.tau, self.scale.slope, self.tau, mass
        )

    def new_effect(self) -> GridMarginal:
        """Predictive distribution of the effect in a new study."""
        lattice, density = self._mixture(self.mass, 1)
        return GridMarginal.from_density(lattice.points, density)

    def effect_given_others(self, study: int, step: float) -> tuple[Lattice, Array]:
        """Density of one study's effect given all other studies, at a step no coarser than asked for."""
        return self._mixture(self.mass_without[study], finer_by(self.mu.step, step))

    def _mixture(self, mass: Array, finer: int) -> tuple[Lattice, Array]:
        """Mixture over (mu, tau) of Normal(mu, tau^2), on a lattice ``finer`` times as fine as that of mu.

        A convolution by its Fourier transform: frequencies above those that the mu lattice resolves are absent from
        the smooth truth and stay out.
        """
        weight = mass.sum(axis=1)
        far = float(self.tau[np.flatnonzero(weight > 1e-9 * weight.max())[-1]])
        margin = int(np.ceil(REACH * far / self.mu.step)) + 1
        length = next_fast_len(self.mu.size + 2 * margin, real=True)
        transform = np.fft.rfft(mass, length, axis=1)
        omega = 2 * np.pi * np.arange(transform.shape[1]) / (length * self.mu.step)
        damping = np.exp(-0.5 * np.outer(self.tau**2, omega**2))
        density = np.fft.irfft((transform * damping).sum(axis=0), length * finer)
        density *= finer / self.mu.step
        left = margin * finer
        keep = left + self.mu.size * finer + margin * finer
        values = np.roll(density, left)[: min(keep, len(density))]
        lattice = Lattice(self.mu.step / finer, self.mu.first * finer - left, len(values))
        resolved = lattice.part(values > _NOISE * values.max())
        return resolved, values[resolved.first - lattice.first :][: resolved.size].clip(min=0.0)


def solve(
    studies: Sequence[StudyLikelihood], mu_prior: Distribution, tau_prior: Distribution
) -> HierarchyPosterior:
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
        If mass reaches the edge of a grid, or the studies conflict beyond what double precision resolves.
    """
    narrowest = min(s.width for s in studies)
    scale = TauScale(
        min(min(s.effect_width for s in studies), float(tau_prior.quantile(0.02)) + 1e-6)
    )
    tau_end = tau_prior.tail(0.0)
    tau_top = tau_end if np.isfinite(tau_end) else tau_prior.tail(_TAIL)
    window = _Window(
        float(mu_prior.quantile(_TAIL)),
        mu_prior.tail(_TAIL),
        scale.coordinate(tau_prior.quantile(0.0)),
        scale.coordinate(tau_top),
    )
    reach = REACH * tau_top
    step = nice_step(0.8 * narrowest)
    soft = 2.5 * step  # SD of the taper: its own spectrum ends below the lattice's highest frequency
    low, high = window.mu_low - reach, window.mu_high + reach
    lattice = Lattice.covering(low - 14 * soft, high + 14 * soft, step)
    points = lattice.points
    taper = 0.25 * erfc((low - 7 * soft - points) / (soft * np.sqrt(2)))
    taper *= erfc((points - high - 7 * soft) / (soft * np.sqrt(2)))
    values, log_factors = zip(*(s.on(lattice) for s in studies), strict=True)
    tapered = np.stack(values) * taper
    top = tapered.max(axis=1)
    spectra = Spectra.of(tapered / top[:, None], lattice)
    log_constant = float(np.sum(log_factors) + np.log(top).sum())

    surface = _Surface(spectra, mu_prior, tau_prior, scale)
    window, width = _zoom(surface, window)
    mu = Lattice.covering(window.mu_low, window.mu_high, nice_step(width / 3.5))
    node, weight = _legendre(_TAU_NODES)
    half = 0.5 * (window.u_high - window.u_low)
    u, u_weight = window.u_low + half * (node + 1), half * weight
    log_all, log_each, noisy = surface(mu.points, u)
    cell = np.log(u_weight)[:, None] + np.log(mu.step)
    log_without = log_all[None] - log_each + cell
    log_all = log_all + cell
    mass, log_total = _normalised(log_all)
    mass_without = np.stack([_normalised(one)[0] for one in log_without])
    _require_resolved(mass, noisy, window, scale.coordinate(tau_end))
    return HierarchyPosterior(
        mu,
        u,
        u_weight,
        (window.u_low, window.u_high),
        scale,
        mass,
        mass_without,
        log_total + log_constant,
    )


@dataclass(frozen=True)
class _Surface:
    """Log posterior density over (u, mu), in total and study by study."""

    spectra: Spectra
    mu_prior: Distribution
    tau_prior: Distribution
    scale: TauScale

    def __call__(self, mu: Array, u: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Log density (T, U), its study terms (S, T, U), and where a study term is lost in rounding (T, U)."""
        tau = self.scale.tau(u)
        terms = self.spectra.damped(mu, tau)
        floor = _NOISE * terms.max(axis=2, keepdims=True)
        noisy = (terms < floor).any(axis=0)
        log_terms = np.log(np.maximum(terms, 1e-5 * floor))
        prior = self.mu_prior.logpdf(mu)[None, :] + (
            self.tau_prior.logpdf(tau) + np.log(self.scale.slope(u))
        )[:, None]
        return prior + log_terms.sum(axis=0), log_terms, noisy


def _zoom(surface: _Surface, window: _Window, rounds: int = 24) -> tuple[_Window, float]:
    """Shrink the window to where the posterior, with or without any one study, has mass.

    Returns the window and the SD of the narrowest of those posteriors of mu.
    """
    for _ in range(rounds):
        mu = np.linspace(window.mu_low, window.mu_high, 41)
        edges = np.linspace(window.u_low, window.u_high, 18)
        u = 0.5 * (edges[1:] + edges[:-1])
        log_all, log_each, _ = surface(mu, u)
        stack = np.concatenate([log_all[None], log_all[None] - log_each])
        stack -= stack.max(axis=(1, 2), keepdims=True)
        keep = (stack > -_CUT).any(axis=0)
        rows, columns = np.flatnonzero(keep.any(axis=1)), np.flatnonzero(keep.any(axis=0))
        smaller = _Window(
            float(mu[max(columns[0] - 1, 0)]),
            float(mu[min(columns[-1] + 1, len(mu) - 1)]),
            float(edges[max(rows[0] - 1, 0)]),
            float(edges[min(rows[-1] + 2, len(edges) - 1)]),
        )
        shrunk_mu = (smaller.mu_high - smaller.mu_low) / (window.mu_high - window.mu_low)
        shrunk_u = (smaller.u_high - smaller.u_low) / (window.u_high - window.u_low)
        window = smaller
        if shrunk_mu > 0.8 and shrunk_u > 0.8:
            break
    profile = np.exp(stack).sum(axis=1)
    profile /= profile.sum(axis=1, keepdims=True)
    mean = profile @ mu
    sd = np.sqrt(np.maximum((profile * (mu - mean[:, None]) ** 2).sum(axis=1), 0.0))
    return window, float(max(sd.min(), 0.5 * (mu[1] - mu[0])))


def _normalised(log_mass: Array) -> tuple[Array, float]:
    top = float(log_mass.max())
    mass = np.exp(log_mass - top)
    total = float(mass.sum())
    return mass / total, top + float(np.log(total))


def _require_resolved(
    mass: Array, noisy: NDArray[np.bool_], window: _Window, support_end: float
) -> None:
    if float(mass[noisy].sum()) > 1e-6:
        raise QuadratureError(
            "the studies conflict by more than double precision resolves under this tau prior; "
            "widen the tau prior or use --engine nuts"
        )
    edges = {"mu": max(mass[:, 0].max(), mass[:, -1].max())}
    if window.u_high < support_end:  # a prior that ends there may have mass at its end
        edges["tau"] = mass[-1].max()
    for name, edge in edges.items():
        if edge > 1e-5 * mass.max():
            raise QuadratureError(f"posterior mass reaches the edge of the {name} grid ({window})")


@lru_cache(maxsize=8)
def _legendre(count: int) -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(count)


@lru_cache(maxsize=8)
def _legendre_interpolation(count: int, fine: int) -> tuple[Array, Array]:
    """Matrix (fine, count) from values at Gauss-Legendre nodes to values at uniform points of [-1, 1]."""
    node, weight = _legendre(count)
    order = np.arange(count)
    to_coefficients = (
        np.polynomial.legendre.legvander(node, count - 1) * weight[:, None] * (order + 0.5)
    ).T
    at = np.linspace(-1.0, 1.0, fine)
    return at, np.polynomial.legendre.legvander(at, count - 1) @ to_coefficients
