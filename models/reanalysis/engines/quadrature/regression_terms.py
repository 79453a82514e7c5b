"""What one study adds to the log posterior of a meta-regression: its likelihood, smoothed, at every average and slope.

M_s of `spectra` is tabulated once a study and read between its nodes by the polynomial through six of them: nodes of
the average are whole numbers of the table's, so one set of weights serves a study and a slope. A study with parts of
its treated arm has a likelihood, and a table, of its own for every slope.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reanalysis.engines.quadrature.grids import Lattice
from reanalysis.engines.quadrature.smoothing import log_smoothed
from reanalysis.engines.quadrature.spectra import NOISE, Ladder, ladder
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.typing import Array, Flags

TAPS = 6


@dataclass(frozen=True)
class Regressed:
    """One study: its likelihood, its covariate less the centre, and what its parts add to that."""

    likelihood: StudyLikelihood
    """Of the study at a slope of 0."""
    x: float
    """Covariate; the mean over parts."""
    parts: tuple[float, ...] = ()
    """Covariates of the parts less ``x``, empty where the treated arm is one."""

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
        places = (self.mu.points[0] + self.slopes * self.study.x) / self.table.step
        cells = np.floor(places)
        weights = _lagrange(places - cells)
        if not self.study.parts:
            tabulated = self._tabulated(self.study.likelihood, self.table)
            for cell, weight in zip((cells - self.table.first).astype(int).tolist(), weights, strict=True):
                yield self._read(*tabulated, cell, weight)
            return
        size = self._stride * (self.mu.size - 1) + 2 * TAPS + 2
        for slope, cell, weight in zip(self.slopes.tolist(), cells.astype(int).tolist(), weights, strict=True):
            part = Lattice(self.table.step, cell - TAPS, size)
            yield self._read(*self._tabulated(self.study.at(slope), part), TAPS, weight)

    @property
    def _stride(self) -> int:
        return round(self.mu.step / self.table.step)

    def _spectra(self, likelihood: StudyLikelihood, stretch: tuple[float, float, float]) -> tuple[Ladder, float]:
        step = self.table.step * 2.0 ** np.floor(np.log2(likelihood.step() / self.table.step))
        found, log_scale = ladder([likelihood], *stretch, float(step), 1)
        return found, float(log_scale[0])

    def _tabulated(self, likelihood: StudyLikelihood, table: Lattice) -> tuple[Array, Flags]:
        """Log of M_s at the table's nodes, and where rounding has swallowed it at any of the six read from there.

        Both of shape (stride, T, N): every so many nodes, from each of the first.
        """
        whole = table is self.table
        stretch = self.stretch if whole else (float(table.points[0]), float(table.points[-1]), float(self.tau[-1]))
        spectra, log_scale = self._spectra(likelihood, stretch)
        damped = spectra.damped(table, self.tau)[0]
        lost = damped < NOISE
        spoiled = lost.copy()
        for k in range(1, TAPS):
            spoiled[:, :-k] |= lost[:, k:]
        values = np.log(np.maximum(damped, 1e-5 * NOISE, out=damped), out=damped)
        values += log_scale
        return self._in_strides(values), self._in_strides(spoiled)

    def _in_strides[D: np.generic](self, values: NDArray[D]) -> NDArray[D]:
        rows, size = values.shape
        padded = np.zeros((rows, -(-size // self._stride), self._stride), dtype=values.dtype)
        padded.reshape(rows, -1)[:, :size] = values
        return np.ascontiguousarray(padded.transpose(2, 0, 1))

    def _read(self, values: Array, spoiled: Flags, cell: int, weights: Array) -> tuple[Array, Flags | None]:
        """The polynomial through six nodes, two before a cell and three after it, and where it is spoiled."""

        def at[D: np.generic](tabulated: NDArray[D], node: int) -> NDArray[D]:
            start, rest = divmod(node, self._stride)
            return tabulated[rest, :, start : start + self.mu.size]

        first = cell - TAPS // 2 + 1
        found = weights[0] * at(values, first)
        one = np.empty_like(found)
        for k in range(1, TAPS):
            found += np.multiply(at(values, first + k), weights[k], out=one)
        gone = at(spoiled, first)
        if not gone.any():
            return found, None
        np.copyto(found, at(values, cell), where=gone)
        return found, gone

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


def _lagrange(t: Array) -> Array:
    """Weights (N, 6) of six nodes at -2 ... 3 for the polynomials through them at N places, from 0 and below 1."""
    away = t[:, None] - _NODES
    others = np.where(np.eye(TAPS, dtype=bool), 1.0, away[:, None, :])
    return np.asarray(others.prod(axis=-1) / _SCALES)
