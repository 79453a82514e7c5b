"""Densities on uniform grids: how they are integrated, refined, and read between their nodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.fft import next_fast_len

from reanalysis.typing import Array


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
    rise, first, last = c1 - c0, np.asarray(width) * f0, np.asarray(width) * f1
    return first, 3 * rise - 2 * first - last, first + last - 2 * rise
