"""How is a function of two quantities distributed, when it increases with one of them?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from reanalysis.engines.interpolation import hermite, hermite_slope
from reanalysis.engines.marginal import GridMarginal

Array = NDArray[np.float64]

_NODES = 65


def functional_marginal(
    inner: Array,
    density: Array,
    cumulative: Array,
    mass: Array,
    values: Array,
    inverse: Callable[[Array], Array],
    slope: Callable[[Array], Array],
) -> GridMarginal:
    """Posterior of g(outer, inner), increasing in inner for every outer.

    P(g <= x) is the sum over outer of the cumulative integral along inner up to the inner value at which g is x.

    Parameters
    ----------
    inner : ndarray, shape (D,)
        Uniform nodes of the inner quantity.
    density, cumulative : ndarray, shape (A, D)
        Joint density along inner and its cumulative integral, for each of A outer nodes.
    mass : ndarray, shape (A, D)
        Posterior masses, summing to 1.
    values : ndarray, shape (A, D)
        g at the nodes.
    inverse, slope : callable
        From x, shape (1, X), the inner value at which g is x and its derivative, shape (A, X).
    """
    step = inner[1] - inner[0]
    likely = values[mass > 1e-11 * mass.max()]
    x = np.linspace(likely.min(), likely.max(), _NODES)
    position = (inverse(x[None, :]) - inner[0]) / step
    index = np.clip(np.nan_to_num(position), 0, len(inner) - 2).astype(np.intp)
    t = np.clip(position - index, 0.0, 1.0)
    rows = np.arange(len(values))[:, None]
    cell = (
        step,
        cumulative[rows, index],
        cumulative[rows, index + 1],
        density[rows, index],
        density[rows, index + 1],
    )
    inside = (position > 0) & (position < len(inner) - 1)
    change = np.where(inside, hermite_slope(t, *cell) / step * slope(x[None, :]), 0.0)
    distribution = hermite(t, *cell).sum(axis=0) / cumulative[:, -1].sum()
    return GridMarginal(
        x,
        np.maximum(change.sum(axis=0), 0.0),
        np.maximum.accumulate(np.clip(distribution, 0.0, 1.0)),
        values.ravel(),
        mass.ravel(),
    )
