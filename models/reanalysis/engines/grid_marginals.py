"""Marginals on the same nodes, read together: thousands of specifications ask for the same few numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reanalysis.engines.interpolation import cubic, reached
from reanalysis.engines.marginal import GridMarginal
from reanalysis.typing import Array


class GridMarginals:
    """K marginals on the same nodes, read together; numbers are those of each, to rounding.

    Parameters
    ----------
    each : sequence of GridMarginal
        Whose ``x`` and ``nodes`` are the same.
    """

    def __init__(self, each: Sequence[GridMarginal]) -> None:
        self._x, self._nodes = each[0].x, each[0].nodes
        self._pdf, self._distribution, self._mass = (
            np.stack([getattr(one, name) for one in each]) for name in ("pdf", "distribution", "mass")
        )

    def moments(self) -> tuple[Array, Array]:
        """Means and standard deviations, each of shape (K,)."""
        mean = (self._mass * self._nodes).sum(axis=1)
        return mean, np.sqrt((self._mass * (self._nodes - mean[:, None]) ** 2).sum(axis=1))

    def quantile(self, probability: Sequence[float]) -> Array:
        """Quantiles, shape (K, Q)."""
        q = np.asarray(probability, dtype=float)
        index = np.stack([(self._distribution < one).sum(axis=1) for one in q], axis=1) - 1
        index = np.minimum(np.maximum(index, 0), len(self._x) - 2)
        c0, c1, f0, f1 = (
            np.take_along_axis(a, i, 1) for a in (self._distribution, self._pdf) for i in (index, index + 1)
        )
        return reached(self._x[index], self._x[index + 1] - self._x[index], c0, c1, f0, f1, q)

    def cdf(self, x: float) -> Array:
        """Probabilities of lying at or below x, shape (K,)."""
        index = min(max(int(self._x.searchsorted(x, side="right")) - 1, 0), len(self._x) - 2)
        left, width = self._x[index], self._x[index + 1] - self._x[index]
        ends = [a[:, i] for a in (self._distribution, self._pdf) for i in (index, index + 1)]
        first, square, third = cubic(width, *ends)
        t = min(max((x - left) / width, 0.0), 1.0)
        return np.minimum(np.maximum(ends[0] + t * (first + t * (square + t * third)), 0.0), 1.0)
