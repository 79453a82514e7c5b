"""Log posterior density of an average and a heterogeneity, study by study, and the window where it has mass."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.quadrature.grids import Lattice, TauScale
from reanalysis.engines.quadrature.smoothing import log_smoothed
from reanalysis.engines.quadrature.spectra import NOISE, Ladder
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.model.distributions import Distribution
from reanalysis.typing import Array, Flags

_FAINT = 20.0
"""Log density below the maximum at which it no longer matters that rounding has swallowed a term."""

_DEEPEST = 650.0
"""Log ratio to its maximum below which a likelihood, in double precision, is lost for a direct sum too."""

_BLOCK = 2**16
"""Numbers of the densities that are computed at once."""

MOST_TERMS = 3 * 10**8
"""Terms of all direct sums of a posterior: a second or two."""


Priors = tuple[Distribution, Distribution]
"""Of the average and of the heterogeneity."""

LogPriors = list[tuple[Array, Array]]
"""By prior of the average its log density, shape (U,), and those of the priors of the heterogeneity crossed with it,
shape (N, T)."""


@dataclass(frozen=True)
class Surface:
    """Log posterior density over (u, mu), in total and study by study; P pairs of priors share the studies' terms."""

    spectra: Ladder
    studies: tuple[StudyLikelihood, ...]
    log_scale: Array
    priors: tuple[Priors, ...]
    scale: TauScale
    share: float
    log_apart: Array | None
    without: tuple[int, ...] = ()
    """Studies of which the posterior given all others is asked of it too."""
    _summed: list[int] = field(default_factory=list, init=False, repr=False, compare=False)

    def __call__(self, mu: Lattice, u: Array) -> tuple[list[Array], Array, Flags]:
        """Log densities, P of (T, U), their study terms (S, T, U), and which of them rounding has swallowed.

        A term that rounding has swallowed is computed again without rounding where it could matter: where a density
        would have mass even if the term were as large as rounding.
        """
        logs = self.log_priors(mu, u)
        log_terms, lost = self.terms(mu, u, logs)
        together = log_terms.sum(axis=0)
        of: dict[Priors, Array] = {}
        for (m, crossed), (row, columns) in zip(self._crossed.items(), logs, strict=True):
            of |= {(m, t): row + column[:, None] for t, column in zip(crossed, columns, strict=True)}
        return [of[pair] + together for pair in self.priors], log_terms, lost

    @cached_property
    def _crossed(self) -> dict[Distribution, tuple[Distribution, ...]]:
        """By prior of the average the priors of the heterogeneity crossed with it."""
        of_mu = dict.fromkeys(m for m, _ in self.priors)
        return {prior: tuple(dict.fromkeys(t for m, t in self.priors if m == prior)) for prior in of_mu}

    def log_priors(self, mu: Lattice, u: Array) -> LogPriors:
        """Log densities of the priors, the slope of tau included."""
        tau, slope = self.scale.tau(u), np.log(self.scale.slope(u))
        of_tau = {prior: prior.logpdf(tau) + slope for prior in dict.fromkeys(t for _, t in self.priors)}
        return [(m.logpdf(mu.points), np.stack([of_tau[t] for t in crossed])) for m, crossed in self._crossed.items()]

    def terms(self, mu: Lattice, u: Array, priors: LogPriors | None = None) -> tuple[Array, Flags]:
        """The study terms (S, T, U) alone, and which of them rounding has swallowed; ``priors`` as far as known."""
        tau = self.scale.tau(u)
        damped = self.spectra.damped(mu, tau)
        log_terms = self._with_apart(np.log(np.maximum(damped, 1e-5 * NOISE, out=damped), out=damped), slice(None))
        lost = log_terms < np.log(NOISE)
        if lost.any():
            matters = _matters(priors or self.log_priors(mu, u), log_terms, lost, self.without)
            for study in map(int, np.flatnonzero((lost & matters).any(axis=(1, 2)))):
                self._recompute(study, log_terms[study], lost[study], lost[study] & matters, mu, tau)
        return log_terms, lost

    def _with_apart(self, log_terms: Array, studies: slice | int) -> Array:
        if self.log_apart is None:
            return log_terms
        apart = self.log_apart[studies]
        with np.errstate(divide="ignore"):
            return np.logaddexp(np.log(self.share) + log_terms, apart[:, None, None] if apart.ndim else apart)

    def _recompute(self, study: int, log_terms: Array, lost: Flags, wanted: Flags, mu: Lattice, tau: Array) -> None:
        lattice = self.spectra.lattice
        self._summed.append(int(wanted.sum()) * lattice.size)
        if sum(self._summed) > MOST_TERMS or self.spectra.blur > 0:
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
            lost[row, at] = exact < log_values.max() - _DEEPEST


def _matters(priors: LogPriors, log_terms: Array, lost: Flags, without: tuple[int, ...]) -> Flags:
    """Where a posterior, given all studies or all but one, could have mass although a term of it is lost."""
    count, together = lost.sum(axis=0), log_terms.sum(axis=0)
    matters = np.zeros(together.shape, dtype=bool)
    for studies in _blocks(without, together.size):
        log_density = together - log_terms[studies] if studies else together[None]
        gone = count - lost[studies] > 0 if studies else (count > 0)[None]
        for of_mu, of_tau in priors:
            log_product = of_mu + log_density
            known = np.where(gone, -np.inf, log_product).max(axis=-1)
            reached = gone & (log_product > thresholds(known, of_tau, _FAINT)[..., None])
            matters |= reached.any(axis=0)
    return matters


def _blocks(without: tuple[int, ...], size: int) -> list[list[int]]:
    """Studies to leave out, none first, in blocks whose densities of so many numbers are computed at once."""
    each = max(1, _BLOCK // size)
    return [[], *(list(without[start : start + each]) for start in range(0, len(without), each))]


def thresholds(highest: Array, of_tau: Array, depth: float) -> Array:
    """Log density without a prior of tau from which that with any of them lies within reach of its maximum.

    Parameters
    ----------
    highest : ndarray, shape (..., T)
        Maxima over mu.
    of_tau : ndarray, shape (N, T)
        Log densities of the priors.
    depth : float
        How far below its maximum is within reach.
    """
    top = (highest[..., None, :] + of_tau).max(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(of_tau > -np.inf, top - depth - of_tau, np.inf).min(axis=-2))


_CUT = 26.0
"""Log density below the maximum at which the window of (mu, tau) ends."""

MOST_NUMBERS = 2**23
"""Numbers in an array of study terms: 64 MiB."""

ZOOM_NODES = 24


@dataclass(frozen=True)
class Window:
    """Where the posterior, with or without any one study, has mass: nodes of mu, and a stretch of u."""

    mu: Lattice
    u_low: float
    u_high: float


def zoom(surface: Surface, window: Window, rounds: int = 8) -> tuple[Window, float]:
    """Shrink the window to where the posterior, with or without any one study if that is asked for, has mass.

    The nodes of mu are those of the likelihoods' own lattice, so that no peak is lost between them.

    Returns
    -------
    window : Window
        The smaller window.
    smallest_tau : float
        The smallest heterogeneity that has mass: where the posterior of mu given tau is narrowest.
    """
    for _ in range(rounds):
        edges = np.linspace(window.u_low, window.u_high, ZOOM_NODES + 1)
        keep = _with_mass(surface, window.mu, 0.5 * (edges[1:] + edges[:-1]))
        rows, columns = np.flatnonzero(keep.any(axis=1)), np.flatnonzero(keep.any(axis=0))
        first, last = max(columns[0] - 1, 0), min(columns[-1] + 1, window.mu.size - 1)
        smaller = Window(
            Lattice(window.mu.step, window.mu.first + int(first), int(last - first) + 1),
            float(edges[max(rows[0] - 1, 0)]),
            float(edges[min(rows[-1] + 2, len(edges) - 1)]),
        )
        shrunk = (smaller.u_high - smaller.u_low) / (window.u_high - window.u_low)
        window = smaller
        if shrunk > 0.6:
            break
    return window, float(surface.scale.tau(np.array(window.u_low)))


def _with_mass(surface: Surface, mu: Lattice, u: Array) -> Flags:
    """Where a posterior, given all studies or all but one, lies within reach of its maximum, shape (T, U)."""
    rows = max(1, MOST_NUMBERS // (2 * len(surface.studies) * mu.size))
    blocks = [slice(start, start + rows) for start in range(0, len(u), rows)]
    priors = surface.log_priors(mu, u)
    highest = np.empty((len(priors), 1 + len(surface.without), len(u)))
    for block in blocks:
        densities = _densities(surface, mu, u[block], priors if len(blocks) == 1 else None)
        for (of_mu, _), by_prior in zip(priors, highest, strict=True):
            first = 0
            for some in densities:
                (of_mu + some).max(axis=-1, out=by_prior[first : first + len(some), block])
                first += len(some)
    least = [thresholds(high, of_tau, _CUT) for high, (_, of_tau) in zip(highest, priors, strict=True)]
    keep = np.zeros((len(u), mu.size), dtype=bool)
    for block in blocks:
        if len(blocks) > 1:
            densities = _densities(surface, mu, u[block])
        for (of_mu, _), threshold in zip(priors, least, strict=True):
            first = 0
            for some in densities:
                keep[block] |= (of_mu + some > threshold[first : first + len(some), block, None]).any(axis=0)
                first += len(some)
    return keep


def _densities(surface: Surface, mu: Lattice, u: Array, priors: LogPriors | None = None) -> list[Array]:
    """Log likelihoods of all studies and, where they are asked for, of all but each: blocks of shape (., T, U)."""
    log_terms, _ = surface.terms(mu, u, priors)
    together = log_terms.sum(axis=0)
    blocks = _blocks(surface.without, together.size)
    return [together - log_terms[studies] if studies else together[None] for studies in blocks]
