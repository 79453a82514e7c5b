"""Log posterior density of an average and a heterogeneity, study by study, under one prior or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.quadrature.lattice import Lattice
from reanalysis.engines.quadrature.smoothing import log_smoothed
from reanalysis.engines.quadrature.spectra import NOISE, Ladder
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.engines.quadrature.tau_scale import TauScale
from reanalysis.model.distributions import Distribution
from reanalysis.typing import Array, Flags

_FAINT = 20.0
"""Log density below the maximum at which it no longer matters that rounding has swallowed a term."""

_DEEPEST = 650.0
"""Log ratio to its maximum below which a likelihood, in double precision, is lost for a direct sum too."""

MOST_TERMS = 3 * 10**8
"""Terms of all direct sums of a posterior: a second or two."""


Priors = tuple[Distribution, Distribution]
"""Of the average and of the heterogeneity."""


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
    without: bool = True
    """Whether the posteriors given all studies but one are asked of it too."""
    _summed: list[int] = field(default_factory=list, init=False, repr=False, compare=False)

    def __call__(self, mu: Lattice, u: Array) -> tuple[list[Array], Array, Flags]:
        """Log densities, P of (T, U), their study terms (S, T, U), and which of them rounding has swallowed.

        A term that rounding has swallowed is computed again without rounding where it could matter: where a density
        would have mass even if the term were as large as rounding.
        """
        log_terms, lost = self.terms(mu, u)
        return self._densities(mu, u, log_terms), log_terms, lost

    def terms(self, mu: Lattice, u: Array) -> tuple[Array, Flags]:
        """The study terms (S, T, U) alone, and which of them rounding has swallowed."""
        tau = self.scale.tau(u)
        log_terms = self._with_apart(np.log(np.maximum(self.spectra.damped(mu, tau), 1e-5 * NOISE)), slice(None))
        lost = log_terms < np.log(NOISE)
        if lost.any():
            matters = _matters(self._densities(mu, u, log_terms), log_terms if self.without else log_terms[:0], lost)
            for study in map(int, np.flatnonzero((lost & matters).any(axis=(1, 2)))):
                self._recompute(study, log_terms[study], lost[study], lost[study] & matters, mu, tau)
        return log_terms, lost

    def _densities(self, mu: Lattice, u: Array, log_terms: Array) -> list[Array]:
        tau = self.scale.tau(u)
        slope = np.log(self.scale.slope(u))
        of_mu = {prior: prior.logpdf(mu.points)[None, :] for prior, _ in self.priors}
        of_tau = {prior: (prior.logpdf(tau) + slope)[:, None] for _, prior in self.priors}
        together = log_terms.sum(axis=0)
        return [of_mu[mu_prior] + of_tau[tau_prior] + together for mu_prior, tau_prior in self.priors]

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


def _matters(every: Sequence[Array], log_terms: Array, lost: Flags) -> Flags:
    """Where a posterior, given all studies or all but one, could have mass although a term of it is lost."""
    count = lost.sum(axis=0)
    matters = _within_reach(every, count > 0)
    for one, gone in zip(log_terms, lost, strict=False):
        matters |= _within_reach([log_all - one for log_all in every], count - gone > 0)
    return matters


def _within_reach(every: Sequence[Array], lost: Flags) -> Flags:
    if not lost.any():
        return lost
    known = ~lost
    reached = np.zeros_like(lost)
    for log_density in every:
        reached |= log_density > log_density[known].max(initial=-np.inf) - _FAINT
    return lost & reached
