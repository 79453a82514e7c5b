"""A study's likelihood after a normal heterogeneity is added: its Fourier transform, damped.

The transform of Normal(0, tau^2) is exp(-tau^2 omega^2 / 2), so M_s = L_s * Normal(0, tau^2) at any (mu, tau) is the
trigonometric sum of the transform of L_s damped by it: exact to rounding for every tau, tau = 0 included, with no
special case for a heterogeneity smaller than the grid step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len
from scipy.special import erfc

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.quadrature.grids import Lattice
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.typing import Array

REACH = 6.5
"""SDs of the heterogeneity beyond which a study effect cannot matter: exp(-6.5^2 / 2) is below 1e-9."""

NOISE = 1e-11
"""Share of a likelihood's maximum below which its damped trigonometric sum, good to 1e-16, is no longer trusted."""

LARGEST_LATTICE = 2**19
_LARGE = 2**10
"""Nodes of a lattice up to which it serves every heterogeneity."""

_RUNG = 4
"""How much larger the largest heterogeneity of a rung is than that of the rung before."""

BLUR = 1.75
"""SD in steps of a normal whose spectrum ends before that of its lattice, at 3e-7."""


@dataclass(frozen=True)
class Spectra:
    """Fourier transforms of the study likelihoods, from which they come back convolved with Normal(0, tau^2)."""

    lattice: Lattice
    """Where the likelihoods were given, M nodes."""
    length: int
    """Period of the transform in nodes, M or a little more."""
    transform: NDArray[np.complex128]
    """Discrete transform of each study's likelihood, shape (S, F)."""
    used: int
    """Number of frequencies that any likelihood contains."""
    blur: float = 0.0
    """SD of the normal that likelihoods too narrow for the lattice were smoothed by."""

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
            return cls(lattice, length, transform, _used(transform))
        coarse = Lattice(lattice.step * coarser, lattice.first // coarser, -(-lattice.size // coarser))
        blur = BLUR * coarse.step
        omega = 2 * np.pi * np.arange(length // coarser // 2 + 1) / (length * lattice.step)
        kept = transform[:, : len(omega)] * np.exp(-0.5 * (blur * omega) ** 2) / coarser
        return cls(coarse, length // coarser, kept, _used(kept), blur)

    @property
    def _frequency(self) -> float:
        """Lowest angular frequency above 0, of which all others are multiples."""
        return 2 * np.pi / (self.length * self.lattice.step)

    def _undamped(self, tau: float) -> int:
        """Number of frequencies that a heterogeneity leaves."""
        return min(self.used, int(min(_DAMPED / max(tau * self._frequency, 1e-300), self.used)) + 2)

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
        most = self._undamped(tau[0])
        by_sum = at.size * most < 8 * self.length * times
        rows = 8 if by_sum else max(1, LARGEST_LATTICE // (len(result) * self.length * times))
        squares = -0.5 * (self._frequency * np.arange(most)) ** 2
        if by_sum:
            few = most * at.size <= _FEW_PHASES
            phases = (_phases if few else _phases.__wrapped__)(self._frequency, most, self.lattice, self.length, at)
        for start in range(0, len(tau), rows):
            block = slice(start, start + rows)
            used = self._undamped(tau[start])
            damped = self.transform[:, None, :used] * np.exp((tau[block] ** 2)[:, None] * squares[:used])
            if by_sum:
                result[:, block] = damped.view(float) @ phases[: 2 * used]
            else:
                fine = np.fft.irfft(damped, self.length * times, axis=2) * times
                stride = max(1, round(at.step / self.lattice.step))
                first = at.first * stride - self.lattice.first * times
                result[:, block] = fine[:, :, first : first + at.size * stride : stride]
        return result


_DAMPED = 9.5
"""Frequency in units of 1 / tau beyond which a heterogeneity leaves nothing."""


def _used(transform: NDArray[np.complex128]) -> int:
    """Number of frequencies that any likelihood contains."""
    size = np.abs(transform)
    contained = np.flatnonzero((size > 1e-18 * size.max(axis=1, keepdims=True)).any(axis=0))
    return int(contained[-1]) + 1 if len(contained) else 1


_FEW_PHASES = 2**15
"""Terms up to which phases are remembered: the memory of all is then bounded by 64 MiB."""


@lru_cache(maxsize=128)
def _phases(frequency: float, used: int, lattice: Lattice, length: int, at: Lattice) -> Array:
    """What the real and the imaginary parts of a transform are multiplied by in their sum at each node.

    Parameters
    ----------
    frequency, used
        Lowest angular frequency above 0, and number of them.
    lattice, length
        As of :class:`Spectra`.
    at : Lattice
        U nodes.

    Returns
    -------
    ndarray
        Shape (2 used, U), the two parts in turn.
    """
    angle = np.outer(frequency * np.arange(used), at.points - lattice.points[0])
    factor = np.where(np.arange(used) > 0, 2.0, 1.0)[:, None] / length
    return np.stack([factor * np.cos(angle), -factor * np.sin(angle)], axis=1).reshape(2 * used, at.size)


@dataclass(frozen=True)
class Ladder:
    """Spectra on nested stretches: a small heterogeneity does not need the stretch that a large one does."""

    rungs: tuple[Spectra, ...]
    """By growing stretch, the last the whole."""
    tops: tuple[float, ...]
    """Largest heterogeneity that each rung but the last is good for."""

    @property
    def lattice(self) -> Lattice:
        """Nodes of the whole."""
        return self.rungs[-1].lattice

    @property
    def blur(self) -> float:
        """SD of the normal that likelihoods too narrow for the lattice were smoothed by."""
        return self.rungs[-1].blur

    def damped(self, at: Lattice, tau: Array) -> Array:
        """As :meth:`Spectra.damped`."""
        ends = [0, *np.searchsorted(tau, self.tops, side="right").tolist(), len(tau)]
        stretches = zip(self.rungs, ends[:-1], ends[1:], strict=True)
        parts = [rung.damped(at, tau[first:end]) for rung, first, end in stretches if end > first]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def ladder(
    studies: Sequence[StudyLikelihood], low: float, high: float, tau_top: float, step: float, coarser: int
) -> tuple[Ladder, Array]:
    """Transforms of the likelihoods for averages in [low, high] and heterogeneities up to ``tau_top``.

    Parameters
    ----------
    coarser : int
        Power of 2 by which the lattice is coarser than ``step``, at which it would resolve the likelihoods.

    Returns
    -------
    found : Ladder
        Each likelihood scaled to a maximum of 1.
    log_scale : ndarray, shape (S,)
        Logs of the scales.
    """
    few = (high - low + 2 * REACH * tau_top) / step < _REMEMBERED_NODES
    transformed = _remembered if few else _of_study
    found = [transformed(study, low, high, tau_top, step, coarser) for study in studies]
    log_scale = np.array([scale for _, _, scale in found])
    rungs = [
        replace(rung[0], transform=np.concatenate([one.transform for one in rung]), used=max(one.used for one in rung))
        for rung in zip(*(spectra for spectra, _, _ in found), strict=True)
    ]
    return Ladder(tuple(rungs), found[0][1]), log_scale


_REMEMBERED_NODES = 2**13
"""Nodes up to which the transforms of a study are remembered: the memory of all is then bounded by 96 MiB."""


def _of_study(
    study: StudyLikelihood, low: float, high: float, tau_top: float, step: float, coarser: int
) -> tuple[tuple[Spectra, ...], tuple[float, ...], float]:
    """Transforms of one study on every rung, the rungs' largest heterogeneities, and the log of its scale."""
    lattice, taper = _stretch(low, high, tau_top, step, coarser)
    values, log_factor = study.on(lattice)
    tapered = values * taper
    top = float(tapered.max())
    if not top > 0:
        raise QuadratureError("a study's likelihood vanishes wherever the priors have mass")
    whole = Spectra.of(tapered[None] / top, lattice, coarser)
    tops = []
    if whole.lattice.size > _LARGE:
        smaller = (high - low) / (2 * REACH)
        while _RUNG * smaller < tau_top:
            tops.append(smaller)
            smaller *= _RUNG
    rungs = []
    for rung in tops:
        part, its_taper = _stretch(low, high, rung, step, coarser)
        start = part.first - lattice.first
        if start >= 0 and start + part.size <= lattice.size:
            its_values = values[start : start + part.size]
        else:
            its_values, its_factor = study.on(part)
            its_values = its_values * np.exp(its_factor - log_factor)
        rungs.append(Spectra.of(its_values[None] * its_taper / top, part, coarser))
    return (*rungs, whole), tuple(tops), log_factor + float(np.log(top))


_remembered = lru_cache(maxsize=1024)(_of_study)


@lru_cache(maxsize=64)
def _stretch(low: float, high: float, tau_top: float, step: float, coarser: int) -> tuple[Lattice, Array]:
    """The lattice for heterogeneities up to ``tau_top``, and a taper that lets a likelihood vanish at its ends."""
    low, high = low - REACH * tau_top, high + REACH * tau_top
    soft = 2.5 * step  # SD of the taper: its own spectrum ends below the lattice's highest frequency
    lattice = Lattice.covering(low - 14 * soft, high + 14 * soft, step)
    lattice = Lattice(step, lattice.first - lattice.first % coarser, lattice.size + lattice.first % coarser)
    taper = 0.25 * erfc((low - 7 * soft - lattice.points) / (soft * np.sqrt(2)))
    taper *= erfc((lattice.points - high - 7 * soft) / (soft * np.sqrt(2)))
    return lattice, taper
