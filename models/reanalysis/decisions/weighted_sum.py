"""Weighted sums of quantities whose posteriors are known one by one: their distribution, and whether they are above 0.

The marginals are exact; how the quantities depend on each other is an assumption, a Gaussian copula with one
correlation r of every pair (Nelsen 2006, An Introduction to Copulas). Its one common factor f makes them independent:
z_e = sqrt(r) f + sqrt(1 - r) u_e, so the distribution of a sum is an average over f of convolutions, without draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import ndtr, ndtri

from reanalysis.engines.marginal import GridMarginal, Marginal
from reanalysis.typing import Array

CELLS = 2**13
"""Cells of the grid of a sum. Halving them changes a probability by less than 1e-6 at the SDs met here."""

LARGEST_CORRELATION = 0.99
_FACTOR = 8.5
"""Common factors beyond are improbable by 1e-17."""
_OUTSIDE = 1e-12

Given = Callable[[Array, Array, float], Array]


def weighted_sum(
    parts: Sequence[tuple[float, Marginal]],
    correlation: float = 0.0,
    cells: int = CELLS,
    given: Sequence[Given] | None = None,
) -> GridMarginal:
    """Posterior of sum_e w_e x_e.

    Parameters
    ----------
    parts : sequence of (float, Marginal)
        Weights and the posteriors of their quantities, E pairs; at least one weight is not 0.
    correlation : float
        Of the Gaussian copula of every two quantities, from 0 (independence) to :data:`LARGEST_CORRELATION`.
    given : sequence of callable, optional
        One a part: from edges, values of the common factor, and the correlation to P(x <= edge) given each value, shape
        (F, N). By default the copula is that of the quantities themselves.

    Returns
    -------
    GridMarginal
        In the unit of the quantities.
    """
    each = given if given is not None and correlation else [_by_itself(x) for _, x in parts]
    used = [(w, x, below) for (w, x), below in zip(parts, each, strict=True) if w]
    ends = [np.sort(w * np.asarray(x.quantile([_OUTSIDE, 1 - _OUTSIDE]))) for w, x, _ in used]
    step = float(sum(high - low for low, high in ends)) / cells
    counts = [max(1, int(np.ceil((high - low) / step))) for low, high in ends]
    size = sum(counts) - len(counts) + 1
    length = next_fast_len(size, real=True)
    factor, share = _factor(correlation)
    spectrum = np.ones((1, 1), dtype=complex)
    for (w, _, below), (low, _), count in zip(used, ends, counts, strict=True):
        edges = low + step * np.arange(count + 1)
        spectrum = spectrum * rfft(np.abs(np.diff(below(edges / w, factor, correlation), axis=1)), length, axis=1)
    mass = np.maximum(irfft(share @ spectrum, length)[:size], 0.0)
    first = sum(low for low, _ in ends) + 0.5 * step * len(ends)
    centres = first + step * np.arange(size)
    edges = first - 0.5 * step + step * np.arange(size + 1)
    density = np.concatenate([[0.0], 0.5 * (mass[1:] + mass[:-1]), [0.0]]) / step
    return GridMarginal.from_integrated(edges, density, np.concatenate([[0.0], np.cumsum(mass)]), centres, mass)


def above_zero(marginal: Marginal) -> float:
    """Probability of a quantity above 0."""
    return 1.0 - float(marginal.cdf(0.0))


def pair_above_zero(
    first: Marginal, second: Marginal, weights: Array, correlation: float = 0.0, nodes: int = 513
) -> Array:
    """P(w_1 x_1 + w_2 x_2 > 0) for many weights, each by one integral over x_1.

    Parameters
    ----------
    weights : ndarray, shape (W, 2)
        Of the two, not both 0.
    correlation : float
        Of their Gaussian copula, above -1 and below 1.

    Returns
    -------
    ndarray, shape (W,)
    """
    z = np.linspace(-_FACTOR, _FACTOR, nodes)
    share = np.exp(-0.5 * z**2)
    share /= share.sum()
    x = np.asarray(first.quantile(ndtr(z)))
    found = np.empty(len(weights))
    for i, (w_1, w_2) in enumerate(np.asarray(weights, dtype=float)):
        if w_2 == 0:
            below = float(first.cdf(0.0))
            found[i] = 1 - below if w_1 > 0 else below
            continue
        edge = ndtri(np.asarray(second.cdf(-w_1 * x / w_2)))
        below = float(share @ ndtr((edge - correlation * z) / np.sqrt(1 - correlation**2)))
        found[i] = 1 - below if w_2 > 0 else below
    return found


def share_of_weights_above_zero(x: Array) -> Array:
    """Share of the simplex of weights, all as likely, on which sum_e w_e x_e is above 0.

    Uniform weights are exponential variables G_e over their sum, so this is the probability that the positive terms
    together outlast the negative ones: a race of two chains of exponential phases, solved by first steps. Every term is
    positive, so nothing cancels, ties included.

    Parameters
    ----------
    x : ndarray, shape (..., E)
        Values of the quantities.

    Returns
    -------
    ndarray, shape (...)
    """
    x = np.asarray(x, dtype=float)
    up, down = np.maximum(x, 0.0), np.maximum(-x, 0.0)
    size = x.shape[-1]
    later = [np.zeros(x.shape[:-1])] * (size + 1)  # the positive chain has ended first
    for i in reversed(range(size)):
        row = [np.ones(x.shape[:-1])] * (size + 1)  # the negative chain has ended first
        for j in reversed(range(size)):
            a, b = up[..., i], down[..., j]
            total = a + b
            ends = np.where(total > 0, b / np.where(total > 0, total, 1.0), 1.0)  # the positive phase ends first
            row[j] = ends * later[j] + (1 - ends) * row[j + 1]
        later = row
    return later[0]


def _factor(correlation: float) -> tuple[Array, Array]:
    """Nodes of the common factor and their shares; one node where there is no correlation."""
    if correlation == 0:
        return np.zeros(1), np.ones(1)
    step = min(0.25, 0.5 * float(np.sqrt((1 - correlation) / correlation)))
    nodes = np.linspace(-_FACTOR, _FACTOR, 1 + 2 * int(np.ceil(_FACTOR / step)))
    share = np.exp(-0.5 * nodes**2)
    return nodes, share / share.sum()


def _by_itself(x: Marginal) -> Given:
    return lambda edges, factor, correlation: given_factor(np.asarray(x.cdf(edges)), factor[:, None], correlation)


def given_factor(below: Array, factor: Array, correlation: float) -> Array:
    """Probabilities given values of the common factor, from the same without it; shapes broadcast."""
    if correlation == 0:
        return np.broadcast_to(below, np.broadcast_shapes(below.shape, factor.shape))
    z = (ndtri(below) - np.sqrt(correlation) * factor) / np.sqrt(1 - correlation)
    return np.asarray(ndtr(z))
