"""Densities on uniform grids: how they are integrated, refined, and read between their nodes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import next_fast_len

from reanalysis.typing import Array

TINY = 1e-300
_SWING = 3e-8
"""Share of its maximum by which the interpolant of a resolved density may lie below 0."""


def weighted_mean(mass: Array, values: Array) -> float:
    """Mean under masses that sum to 1: a pairwise sum, whose order no number of threads of linear algebra changes."""
    return float((mass * values).sum())


def weighted_sd(mass: Array, values: Array) -> float:
    """Standard deviation under masses that sum to 1."""
    return float(np.sqrt((mass * (values - weighted_mean(mass, values)) ** 2).sum()))


def cumulative_integral(density: Array, step: float) -> Array:
    """Integral from the first node to each node, along the last axis.

    Trapezoids with the Euler-Maclaurin correction in every cell, slopes by the five-point formula; nodes beyond the
    ends are extrapolated by the cubic through the last four, so a density need not vanish at an end (heterogeneity
    at 0).

    Parameters
    ----------
    density : ndarray, shape (..., N)
        Values at uniform nodes, N of 4 or more.
    step : float
        Distance of the nodes.

    Returns
    -------
    ndarray
        Of the shape of ``density``, starting at 0.
    """
    padded = np.empty((*density.shape[:-1], density.shape[-1] + 4))
    padded[..., 2:-2] = density
    for ghost in (1, 0):
        a, b, c, d = (padded[..., ghost + i] for i in (1, 2, 3, 4))
        padded[..., ghost] = 4 * a - 6 * b + 4 * c - d
    for ghost in (-2, -1):
        a, b, c, d = (padded[..., ghost - i] for i in (1, 2, 3, 4))
        padded[..., ghost] = 4 * a - 6 * b + 4 * c - d
    twelve_slopes = padded[..., 3:-1] - padded[..., 1:-3]
    twelve_slopes *= 8.0
    twelve_slopes -= padded[..., 4:]
    twelve_slopes += padded[..., :-4]
    # the sum of trapezoids less half of both ends; corrections of neighbouring cells cancel but for their slopes
    cumulative = np.cumsum(density, axis=-1)
    cumulative -= 0.5 * density
    twelve_slopes *= 1 / 144
    cumulative -= twelve_slopes
    cumulative -= cumulative[..., :1].copy()
    cumulative *= step
    return cumulative


def integrated(density: Array, step: float, times: int, together: bool = False) -> tuple[Array, Array]:
    """A density on a grid ``times`` as fine, and its integral from the first node, both along the last axis.

    The integral is that of the trigonometric interpolant itself, term by term, exact to rounding where :func:`refined`
    is; where the interpolant of a row swings below 0 by more than rounding, it is that of the density cut at 0.

    Parameters
    ----------
    density, step, times
        As of :func:`refined`, and the distance of the nodes.
    together : bool
        Whether all rows are parts of one density, of whose maximum rounding is a share.

    Returns
    -------
    fine, cumulative : ndarray
        Each of shape (..., times * (N - 1) + 1); the density at or above 0.
    """
    size = density.shape[-1]
    length = next_fast_len(size + 2, real=True)
    spectrum = np.fft.rfft(density, length, axis=-1)
    if length % 2 == 0:
        spectrum[..., -1] *= 0.5  # shared between the two ends of the finer spectrum
    both = np.empty((2, *spectrum.shape), dtype=complex)
    both[0] = spectrum
    np.multiply(spectrum, _over_frequency(length), out=both[1])
    fine = np.fft.irfft(both, length * times, axis=-1)[..., : times * (size - 1) + 1]
    fine *= times
    axis = None if together else -1
    swings = np.asarray(fine[0].min(axis=axis) < -_SWING * fine[0].max(axis=axis))
    cumulative, cut = fine[1], np.maximum(fine[0], 0.0)
    cumulative += (spectrum[..., :1].real / (times * length)) * _counted(fine.shape[-1])
    cumulative -= cumulative[..., :1].copy()
    cumulative *= step
    if swings.any():
        cumulative[swings] = cumulative_integral(cut[swings], step / times)
    return cut, cumulative


@lru_cache(maxsize=512)
def _over_frequency(length: int) -> NDArray[np.complex128]:
    """What integration multiplies the terms of a spectrum by, in old steps; the constant term is integrated apart."""
    factor = np.zeros(length // 2 + 1, dtype=complex)
    factor[1:] = -1j * length / (2 * np.pi * np.arange(1, length // 2 + 1))
    return factor


@lru_cache(maxsize=512)
def _counted(size: int) -> Array:
    return np.arange(size, dtype=float)


def refined(density: Array, times: int) -> Array:
    """A density on a grid ``times`` as fine, along the last axis, by its trigonometric interpolant.

    Exact to rounding for a smooth density that vanishes at both ends and whose SD is at least two steps.

    Parameters
    ----------
    density : ndarray, shape (..., N)
        Values at uniform nodes.
    times : int
        Whole number of new cells in each old one.

    Returns
    -------
    ndarray
        Shape (..., times * (N - 1) + 1), at or above 0.
    """
    size = density.shape[-1]
    length = next_fast_len(size + 2, real=True)
    spectrum = np.fft.rfft(density, length, axis=-1)
    if length % 2 == 0:
        spectrum[..., -1] *= 0.5  # shared between the two ends of the finer spectrum
    fine = np.fft.irfft(spectrum, length * times, axis=-1)[..., : times * (size - 1) + 1]
    return np.maximum(times * fine, 0.0)


def cubic(width: ArrayLike, c0: Array, c1: Array, f0: Array, f1: Array) -> tuple[Array, Array, Array]:
    """Hermite's cubic through values c with slopes f at the ends of a cell of the given width.

    Returns
    -------
    tuple of ndarray
        Coefficients (a, b, c) of ``c0 + a t + b t^2 + c t^3``, t in [0, 1] the position in the cell.
    """
    rise, first, third = c1 - c0, np.asarray(width) * f0, np.asarray(width) * f1
    third += first
    square = 3 * rise
    square -= third
    square -= first
    rise *= 2
    third -= rise
    return first, square, third


def reached(left: Array, width: Array, c0: Array, c1: Array, f0: Array, f1: Array, q: Array) -> Array:
    """Where the cubic through the ends of each cell reaches q."""
    first, square, third = cubic(width, c0, c1, f0, f1)
    above, twice, thrice = q - c0, 2 * square, 3 * third
    t = above / np.maximum(c1 - c0, TINY)
    for _ in range(3):
        slope = np.maximum(first + t * (twice + t * thrice), TINY)
        t = np.minimum(np.maximum(t - (t * (first + t * (square + t * third)) - above) / slope, 0.0), 1.0)
    return np.asarray(left + t * width)
