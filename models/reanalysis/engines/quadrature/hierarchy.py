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
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import next_fast_len
from scipy.special import erfc

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.interpolation import cumulative_integral
from reanalysis.engines.marginal import GridMarginal, MappedMarginal
from reanalysis.engines.quadrature.lattice import Lattice, finer_by, nice_step
from reanalysis.engines.quadrature.smoothing import binned, log_smoothed, smoothed_total
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.model.distributions import Distribution

Array = NDArray[np.float64]

REACH = 6.5
"""SDs of the heterogeneity beyond which a study effect cannot matter: exp(-6.5^2 / 2) is below 1e-9."""

_CUT = 26.0
"""Log density below the maximum at which the window of (mu, tau) ends."""

_FAINT = 20.0
"""Log density below the maximum at which it no longer matters that rounding has swallowed a term."""

_NOISE = 1e-11
"""Share of a likelihood's maximum below which its damped trigonometric sum, good to 1e-16, is no longer trusted."""

_TAILS = (1e-10, 1e-20, 1e-40)
"""Prior mass left outside the first window on each side: less where the data push the posterior to its edge."""

_EDGE = 1e-7
"""Density at the edge of a window, as a share of its maximum, that sends for a wider one."""

_ALIASED = 1e-6
"""Largest share of a density that its grid may leave unresolved."""

_LARGEST_LATTICE = 2**19
_BLUR = 1.75
"""SD in steps of a normal whose spectrum ends before that of its lattice, at 3e-7."""

_LARGE_MIXTURE, _LARGEST_MIXTURE = 2**11, 2**22
_FLOOR = _BLUR
"""Smallest SD in steps that the nodes of a mixture resolve."""

_MOST_TERMS = 3 * 10**8
"""Terms of a direct sum that take a second or two."""

_MOST_NUMBERS = 2**23
"""Numbers in an array of study terms: 64 MiB."""

_BLURRED = 30.0
"""How much wider than the blur of a grid too coarse for the likelihoods a posterior must be: 1e-3 SD."""

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
    blur : float
        SD of the normal that likelihoods too narrow for the lattice were smoothed by.
    """

    lattice: Lattice
    length: int
    transform: NDArray[np.complex128]
    blur: float = 0.0

    @classmethod
    def of(cls, values: Array, lattice: Lattice, coarser: int = 1) -> Spectra:
        """From values on a lattice, shape (S, lattice.size), that vanish smoothly at both ends.

        With ``coarser`` the transforms are those on a lattice so many times as coarse, blurred until it resolves them;
        ``lattice.first`` must be a multiple of it.
        """
        length = coarser * int(next_fast_len(-(-lattice.size // coarser), real=True))
        transform = np.fft.rfft(values, length, axis=1)
        if length % 2 == 0:
            transform[:, -1] *= 0.5  # empty but for rounding
        if coarser == 1:
            return cls(lattice, length, transform)
        coarse = Lattice(lattice.step * coarser, lattice.first // coarser, -(-lattice.size // coarser))
        blur = _BLUR * coarse.step
        omega = 2 * np.pi * np.arange(length // coarser // 2 + 1) / (length * lattice.step)
        kept = transform[:, : len(omega)] * np.exp(-0.5 * (blur * omega) ** 2) / coarser
        return cls(coarse, length // coarser, kept, blur)

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
        lattice, density = self.new_effect_density(np.inf)
        return GridMarginal.from_density(lattice.points, density)

    def new_effect_density(self, step: float) -> tuple[Lattice, Array]:
        """Predictive density of the effect in a new study, on a lattice no coarser than ``step``."""
        return self._mixture(self.mass, step)

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
        return self._mixture(self.mass_without[study], step)

    def _exact_mixture(self, study: int, finer: int) -> tuple[Lattice, Array]:
        """Mixture over (mu, tau) of Normal(mu, tau^2) by sums of positive terms: exact in the tail a study pulls to."""
        mass = self.mass_without[study]
        used = np.maximum(mass, self.mass).sum(axis=1) > 1e-13 * self.mass.sum(axis=1).max()
        with np.errstate(divide="ignore"):
            log_mass = np.log(mass[used])
        margin = int(np.ceil(REACH * float(self.tau[used].max()) / self.mu.step)) + 1
        size = (self.mu.size + 2 * margin - 1) * finer + 1
        lattice = Lattice(self.mu.step / finer, (self.mu.first - margin) * finer, size)
        if size * mass[used].size > _MOST_TERMS:
            raise QuadratureError(f"the effect of study {study} given the others needs too large a grid")
        log_density = np.full(size, -np.inf)
        for row, tau in zip(log_mass, self.tau[used], strict=True):
            if np.isfinite(row.max()):
                log_density = np.logaddexp(log_density, log_smoothed(self.mu, row, float(tau), lattice.points))
        density = np.exp(log_density - log_density.max())
        resolved = lattice.part(density > 0)
        return resolved, density[resolved.first - lattice.first :][: resolved.size]

    def _mixture(self, mass: Array, step: float) -> tuple[Lattice, Array]:
        """Mixture over (mu, tau) of Normal(mu, tau^2), on a lattice of at most ``step`` if its size allows."""
        weight = mass.sum(axis=1)
        far = float(self.tau[np.flatnonzero(weight > 1e-9 * weight.max())[-1]])
        mu, tau = self.mu, self.tau
        size = mu.size + 2 * REACH * far / mu.step
        if size > _LARGE_MIXTURE:  # an average much narrower than its study effects: its own width is lost in theirs
            wanted = min(step, self.spread(mass))
            width = self._row_widths(mass)
            times = _coarsening(width, weight, wanted, mu.step)
            times = max(times, finer_by(size, _LARGEST_MIXTURE / len(tau)))
            mu, mass = binned(mu, mass, times)
            floor = _FLOOR * mu.step
            if float(weight[width < floor].sum()) * floor**2 > 1e-3 * wanted**2:
                raise QuadratureError("the heterogeneity spans too many orders of magnitude for its grid")
            tau = np.where(width < floor, floor, tau)
        margin = int(np.ceil(REACH * max(far, float(tau[0])) / mu.step)) + 1
        finer = finer_by(mu.step, step)
        if (mu.size + 2 * margin) * finer > _LARGEST_LATTICE:
            raise QuadratureError("the effect of a study given the others needs too large a grid")
        lattice, density = smoothed_total(mu, mass, tau, margin, finer)
        resolved = lattice.part(density > _NOISE * density.max())
        return resolved, density[resolved.first - lattice.first :][: resolved.size].clip(min=0.0)

    def _row_widths(self, mass: Array) -> Array:
        """SD of a new effect by tau, shape (T,)."""
        share = mass / np.maximum(mass.sum(axis=1, keepdims=True), 1e-300)
        mean = share @ self.mu.points
        return np.asarray(np.sqrt(np.maximum(share @ self.mu.points**2 - mean**2, 0.0) + self.tau**2))

    def spread(self, mass: Array) -> float:
        """SD of an effect drawn from masses of (mu, tau), shape (T, U)."""
        by_mu, by_tau = mass.sum(axis=0), mass.sum(axis=1)
        return float(np.sqrt(by_mu @ (self.mu.points - by_mu @ self.mu.points) ** 2 + by_tau @ self.tau**2))


def _coarsening(width: Array, weight: Array, wanted: float, step: float) -> int:
    """How much coarser the nodes of a mixture may be: what is narrower than their step has to be improbable."""
    times = 1
    while 2 * times * step <= wanted:
        floor = _FLOOR * 2 * times * step
        if float(weight[width < floor].sum()) * floor**2 > 1e-4 * wanted**2:
            break
        times *= 2
    return times


def solve(
    studies: Sequence[StudyLikelihood],
    mu_prior: Distribution,
    tau_prior: Distribution,
    share: float = 1.0,
    log_apart: Array | None = None,
) -> HierarchyPosterior:
    """Posterior of the normal hierarchy over studies with arbitrary likelihoods.

    Parameters
    ----------
    studies : sequence of StudyLikelihood
        At least one.
    mu_prior, tau_prior : Distribution
        Priors of the average and of the heterogeneity.
    share : float
        Prior probability that a study belongs to the hierarchy.
    log_apart : ndarray, shape (S,), optional
        Log probability of what each study printed if it does not: M_s becomes share M_s + (1 - share) exp(log_apart).

    Raises
    ------
    QuadratureError
        If mass reaches the edge of a grid, a grid cannot resolve the posterior, or the studies conflict beyond what
        double precision resolves.
    """
    for tail in _TAILS[:-1]:
        try:
            return _solve(studies, mu_prior, tau_prior, tail, share, log_apart)
        except _AtEdge:
            continue
    return _solve(studies, mu_prior, tau_prior, _TAILS[-1], share, log_apart)


def _solve(
    studies: Sequence[StudyLikelihood],
    mu_prior: Distribution,
    tau_prior: Distribution,
    tail: float,
    share: float,
    log_apart: Array | None,
) -> HierarchyPosterior:
    # linear in tau where the prior is flat near 0, logarithmic down to its smallest values where it vanishes there
    usual = tau_prior.quantile(0.25 if np.isfinite(tau_prior.logpdf(0.0)) else 1e-6)
    step = nice_step(min(s.step() for s in studies))
    mu_low, mu_high = mu_prior.quantile(tail), mu_prior.tail(tail)
    tau_end = tau_prior.tail(0.0)
    most = min(_LARGEST_LATTICE, 32 * _LARGEST_LATTICE / len(studies)) * step
    if mu_high - mu_low > 0.5 * most:
        raise QuadratureError(f"a prior of mu this wide needs too large a grid for arms this large ({step=:.2g})")
    tau_top = min(tau_end, tau_prior.tail(tail), (most - (mu_high - mu_low)) / (2 * REACH))
    whole = (mu_high - mu_low + 2 * REACH * tau_top) / step
    by_mu = _ZOOM_NODES * len(studies) * (mu_high - mu_low) / step
    coarser = finer_by(max(whole * len(studies) / (2 * _LARGEST_LATTICE), by_mu / (4 * _MOST_NUMBERS)), 1.0)
    spectra, log_scale = _spectra(studies, mu_low - REACH * tau_top, mu_high + REACH * tau_top, step, coarser)
    step *= coarser
    log_constant = float(log_scale.sum())
    apart = None if log_apart is None or share == 1 else np.log1p(-share) + log_apart - log_scale
    scale = TauScale(max(min(min(s.effect_width(0.0) for s in studies), usual), spectra.blur))
    surface = _Surface(spectra, tuple(studies), log_scale, mu_prior, tau_prior, scale, share, apart)
    first = _Window(
        Lattice.covering(mu_low, mu_high, step / finer_by(step, 0.5 * mu_prior.sd)),
        float(scale.coordinate(tau_prior.quantile(0.0))),
        float(scale.coordinate(tau_top)),
    )
    window, smallest_tau = _zoom(surface, first)
    least = smallest_tau**2 + spectra.blur**2
    narrow = sum(1 / (s.effect_width(0.0) ** 2 + least) for s in studies) + mu_prior.sd**-2
    mu = window.mu.at_step(step * 2.0 ** np.floor(np.log2(narrow**-0.5 / (1.7 * step))))
    for count in _TAU_NODES:
        _require_room(len(studies), mu, count)
        found, lost = _on_grid(surface, mu, window, count, log_constant)
        while not _mu_resolved(found) and mu.size < _LARGEST_LATTICE // 64:
            mu = mu.at_step(mu.step / 2)
            _require_room(len(studies), mu, count)
            found, lost = _on_grid(surface, mu, window, count, log_constant)
        if _tau_resolved(found):
            break
    _require_sound(found, lost, window, float(scale.coordinate(tau_end)))
    _require_sharp(found, spectra.blur)
    return found


def _require_room(studies: int, mu: Lattice, count: int) -> None:
    if studies * count * mu.size > _MOST_NUMBERS:
        raise QuadratureError(
            f"the posterior of (mu, tau) needs too large a grid: {studies} studies, {count} x {mu.size} nodes"
        )


def _require_sharp(found: HierarchyPosterior, blur: float) -> None:
    """Raise where a posterior is not much wider than the blur that made its grid affordable."""
    if blur == 0:
        return
    narrowest = min(found.average().sd(), found.heterogeneity().sd(), *(found.spread(m) for m in found.mass_without))
    if narrowest < _BLURRED * blur:
        raise QuadratureError(
            "the posterior is too narrow for the grid that priors this wide need; narrow the priors of mu and tau"
        )


def _spectra(
    studies: Sequence[StudyLikelihood], low: float, high: float, step: float, coarser: int
) -> tuple[Spectra, Array]:
    """Transforms of the likelihoods on [low, high], each scaled to a maximum of 1, and the logs of the scales."""
    soft = 2.5 * step  # SD of the taper: its own spectrum ends below the lattice's highest frequency
    lattice = Lattice.covering(low - 14 * soft, high + 14 * soft, step)
    lattice = Lattice(step, lattice.first - lattice.first % coarser, lattice.size + lattice.first % coarser)
    points = lattice.points
    taper = 0.25 * erfc((low - 7 * soft - points) / (soft * np.sqrt(2)))
    taper *= erfc((points - high - 7 * soft) / (soft * np.sqrt(2)))
    spectra, log_scale = [], []
    for study in studies:
        values, log_factor = study.on(lattice)
        tapered = values * taper
        top = float(tapered.max())
        if not top > 0:
            raise QuadratureError("a study's likelihood vanishes wherever the priors have mass")
        spectra.append(Spectra.of(tapered[None] / top, lattice, coarser))
        log_scale.append(log_factor + np.log(top))
    transform = np.concatenate([s.transform for s in spectra])
    return replace(spectra[0], transform=transform), np.asarray(log_scale)


@dataclass(frozen=True)
class _Surface:
    """Log posterior density over (u, mu), in total and study by study."""

    spectra: Spectra
    studies: tuple[StudyLikelihood, ...]
    log_scale: Array
    mu_prior: Distribution
    tau_prior: Distribution
    scale: TauScale
    share: float
    log_apart: Array | None

    def __call__(self, mu: Lattice, u: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Log density (T, U), its study terms (S, T, U), and which of them rounding has swallowed.

        A term that rounding has swallowed is computed again without rounding where it could matter: where the density
        would have mass even if the term were as large as rounding.
        """
        tau = self.scale.tau(u)
        log_terms = self._with_apart(np.log(np.maximum(self.spectra.damped(mu, tau), 1e-5 * _NOISE)), slice(None))
        prior = (
            self.mu_prior.logpdf(mu.points)[None, :]
            + (self.tau_prior.logpdf(tau) + np.log(self.scale.slope(u)))[:, None]
        )
        log_all = prior + log_terms.sum(axis=0)
        lost = log_terms < np.log(_NOISE)
        if lost.any():
            matters = _matters(log_all, log_terms, lost)
            for study in map(int, np.flatnonzero((lost & matters).any(axis=(1, 2)))):
                self._recompute(study, log_terms[study], lost[study], lost[study] & matters, mu, tau)
            log_all = prior + log_terms.sum(axis=0)
        return log_all, log_terms, lost

    def _with_apart(self, log_terms: Array, studies: slice | int) -> Array:
        if self.log_apart is None:
            return log_terms
        apart = self.log_apart[studies]
        with np.errstate(divide="ignore"):
            return np.logaddexp(np.log(self.share) + log_terms, apart[:, None, None] if apart.ndim else apart)

    def _recompute(
        self, study: int, log_terms: Array, lost: NDArray[np.bool_], wanted: NDArray[np.bool_], mu: Lattice, tau: Array
    ) -> None:
        lattice = self.spectra.lattice
        if int(wanted.sum()) * lattice.size > _MOST_TERMS or self.spectra.blur > 0:
            raise QuadratureError(
                "the studies conflict by more than double precision resolves under these priors; "
                "widen the prior of tau, or leave a study out"
            )
        values, log_factor = self.studies[study].on(lattice)
        with np.errstate(divide="ignore"):
            log_values = np.log(values) + log_factor - self.log_scale[study]
        for row in np.flatnonzero(wanted.any(axis=1)):
            at = wanted[row]
            exact = log_smoothed(lattice, log_values, float(tau[row]), mu.points[at])
            log_terms[row, at] = self._with_apart(exact, study)
        lost[wanted] = False


def _matters(log_all: Array, log_terms: Array, lost: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the posterior, given all studies or all but one, could have mass although a term of it is lost."""
    count = lost.sum(axis=0)
    matters = _within_reach(log_all, count > 0)
    for one, gone in zip(log_terms, lost, strict=True):
        matters |= _within_reach(log_all - one, count - gone > 0)
    return matters


def _within_reach(log_density: Array, lost: NDArray[np.bool_]) -> NDArray[np.bool_]:
    known = log_density[~lost].max(initial=-np.inf)
    return lost & (log_density > known - _FAINT)


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
        keep = _with_mass(surface, window.mu, 0.5 * (edges[1:] + edges[:-1]))
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


def _with_mass(surface: _Surface, mu: Lattice, u: Array) -> NDArray[np.bool_]:
    """Where the posterior, given all studies or all but one, lies within reach of its maximum, shape (T, U)."""
    rows = max(1, _MOST_NUMBERS // (2 * len(surface.studies) * mu.size))
    blocks = [u[start : start + rows] for start in range(0, len(u), rows)]
    top = np.full(len(surface.studies) + 1, -np.inf)
    kept = []
    for turn in ("maxima", "mass"):
        for block in blocks:
            if turn == "maxima" or len(blocks) > 1:
                log_all, log_each, _ = surface(mu, block)
            if turn == "maxima":
                top[-1] = max(top[-1], log_all.max())
                for s, one in enumerate(log_each):
                    top[s] = max(top[s], (log_all - one).max())
                continue
            keep = log_all > top[-1] - _CUT
            for one, highest in zip(log_each, top[:-1], strict=True):
                keep |= log_all - one > highest - _CUT
            kept.append(keep)
    return np.concatenate(kept)


def _on_grid(
    surface: _Surface, mu: Lattice, window: _Window, count: int, log_constant: float
) -> tuple[HierarchyPosterior, NDArray[np.bool_]]:
    """The posterior on the nodes of mu and ``count`` Gauss-Legendre nodes of the coordinate of tau.

    Also marks, by (S, T, U), the study terms that rounding has swallowed.
    """
    node, weight = _legendre(count)
    half = 0.5 * (window.u_high - window.u_low)
    u, u_weight = window.u_low + half * (node + 1), half * weight
    log_all, log_each, lost = surface(mu, u)
    log_all += np.log(u_weight)[:, None] + np.log(mu.step)
    mass, log_total = _normalised(log_all)
    mass_without = np.empty_like(log_each)
    for one, log_one in zip(mass_without, log_each, strict=True):
        one[:] = _normalised(log_all - log_one)[0]
    bounds = (window.u_low, window.u_high)
    found = HierarchyPosterior(mu, u, u_weight, bounds, surface.scale, mass, mass_without, log_total + log_constant)
    return found, lost


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
