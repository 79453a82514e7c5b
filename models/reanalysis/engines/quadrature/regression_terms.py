"""What one study adds to the log posterior of a meta-regression: its likelihood, smoothed, at every average and slope.

M_s of `spectra` is tabulated once a study and read between its nodes by the polynomial through six of them: nodes of
the average are whole numbers of the table's, so one set of weights serves a study and a slope. A study with parts of
its treated arm has a likelihood, and a table, of its own for every slope.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from reanalysis.engines.quadrature.grids import Lattice
from reanalysis.engines.quadrature.smoothing import log_smoothed
from reanalysis.engines.quadrature.spectra import NOISE, Ladder, ladder
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.typing import Array, Flags

TAPS = 6


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
class StudyTerm:
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
            first = int(np.floor((self.mu.points[0] + moved) / self.table.step)) - TAPS
            size = self._stride * (self.mu.size - 1) + 2 * TAPS + 2
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
        start, end = cell - TAPS // 2 + 1, self._stride * (self.mu.size - 1) + 1
        taps = [values[:, start + k : start + k + end : self._stride] for k in range(TAPS)]
        found, one = weights[0] * taps[0], np.empty((len(values), self.mu.size))
        for weight, tap in zip(weights[1:], taps[1:], strict=True):
            found += np.multiply(tap, weight, out=one)
        where = lost[:, start : start + end + TAPS - 1]
        if not where.any():
            return found, None
        gone = np.zeros(found.shape, dtype=bool)
        for k in range(TAPS):
            gone |= where[:, k : k + end : self._stride]
        return np.where(gone, taps[TAPS // 2 - 1], found), gone

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


_NODES = np.arange(TAPS) - (TAPS // 2 - 1.0)
_SCALES = np.array([np.prod([one - other for other in _NODES if other != one]) for one in _NODES])


def _lagrange(t: float) -> Array:
    """Weights of six nodes at -2 ... 3 for the polynomial through them at t, above 0 and below 1."""
    away = t - _NODES
    return np.asarray(np.prod(away) / (away * _SCALES)) if (away != 0).all() else (away == 0).astype(float)
