"""How does a whole distribution travel with a page? As its quantiles, interpolated between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from reanalysis.engines.marginal import Marginal
from reanalysis.typing import Array

PROBABILITIES = tuple(sorted({0.025, 0.975, *(round(float(p), 7) for p in ndtr(np.linspace(-4.0, 4.0, 161)))}))
"""Probabilities of the table: 1/20 of a normal's SD apart, so that linear interpolation is good to 1e-4, and the ends
of the interval that is reported."""


@dataclass(frozen=True)
class QuantileTable:
    """A distribution function known at points of its own.

    Parameters
    ----------
    x : tuple of float
        Increasing values of the quantity.
    probability : tuple of float
        Probability of lying at or below each.
    """

    x: tuple[float, ...]
    probability: tuple[float, ...]

    def cdf(self, x: ArrayLike) -> Array:
        """Probability of lying at or below x, linear between the points; 0 and 1 outside them."""
        return np.interp(np.asarray(x, dtype=float), self.x, self.probability, left=0.0, right=1.0)

    def quantile(self, probability: ArrayLike) -> Array:
        """Quantiles, linear between the points."""
        return np.interp(np.asarray(probability, dtype=float), self.probability, self.x)


def tabulate(marginal: Marginal, exact: Iterable[float] = ()) -> QuantileTable:
    """Table of a marginal.

    Parameters
    ----------
    marginal : Marginal
        What to tabulate.
    exact : iterable of float
        Values at which the table must hold the marginal's own probability.
    """
    points = {float(x): p for x, p in zip(marginal.quantile(PROBABILITIES), PROBABILITIES, strict=True)}
    points |= {float(x): float(marginal.cdf(x)) for x in exact if np.isfinite(x)}
    ordered = sorted(points)
    # ties among draws could make the probabilities of neighbours cross
    risen = np.maximum.accumulate([points[x] for x in ordered])
    return QuantileTable(tuple(ordered), tuple(float(p) for p in risen))
