"""How is a density on a uniform grid integrated and read between its nodes?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def cumulative_integral(density: Array, step: float) -> Array:
    """Integral from the first node to each node, along the last axis.

    Trapezoids with the Euler-Maclaurin correction in every cell, slopes by the five-point formula; nodes beyond the ends
    are extrapolated by the cubic through the last four, so a density need not vanish at an end (heterogeneity at 0).

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


def hermite(t: Array, width: ArrayLike, c0: Array, c1: Array, f0: Array, f1: Array) -> Array:
    """Cubic through values c with slopes f at the ends of a cell of the given width, at t in [0, 1]."""
    rest = 1 - t
    return (
        c0 + t * t * (3 - 2 * t) * (c1 - c0) + np.asarray(width) * t * rest * (rest * f0 - t * f1)
    )


def hermite_slope(t: Array, width: ArrayLike, c0: Array, c1: Array, f0: Array, f1: Array) -> Array:
    """Derivative of `hermite` with respect to t."""
    rest = 1 - t
    return 6 * t * rest * (c1 - c0) + np.asarray(width) * (
        rest * (1 - 3 * t) * f0 + t * (3 * t - 2) * f1
    )
