"""Densities on uniform grids: how they are integrated, refined, and read between their nodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import next_fast_len

Array = NDArray[np.float64]


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
    slope = (8 * (padded[..., 3:-1] - padded[..., 1:-3]) - padded[..., 4:] + padded[..., :-4]) / 12
    pieces = 0.5 * (density[..., 1:] + density[..., :-1])
    pieces -= (slope[..., 1:] - slope[..., :-1]) / 12
    cumulative = np.zeros_like(density)
    np.cumsum(step * pieces, axis=-1, out=cumulative[..., 1:])
    return cumulative


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


def hermite(t: Array, width: ArrayLike, c0: Array, c1: Array, f0: Array, f1: Array) -> Array:
    """Cubic through values c with slopes f at the ends of a cell of the given width, at t in [0, 1]."""
    rest = 1 - t
    return c0 + t * t * (3 - 2 * t) * (c1 - c0) + np.asarray(width) * t * rest * (rest * f0 - t * f1)


def hermite_slope(t: Array, width: ArrayLike, c0: Array, c1: Array, f0: Array, f1: Array) -> Array:
    """Derivative of `hermite` with respect to t."""
    rest = 1 - t
    return 6 * t * rest * (c1 - c0) + np.asarray(width) * (rest * (1 - 3 * t) * f0 + t * (3 * t - 2) * f1)
