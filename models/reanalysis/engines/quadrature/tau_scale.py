"""On which scale is a grid of the heterogeneity laid?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from reanalysis.typing import Array


@dataclass(frozen=True)
class TauScale:
    """A coordinate u for tau = c sinh(u): linear near 0, logarithmic beyond c, so one grid serves both."""

    c: float

    def tau(self, u: Array) -> Array:
        """Heterogeneity at the coordinate."""
        return self.c * np.sinh(u)

    def slope(self, u: Array) -> Array:
        """Derivative of the heterogeneity by the coordinate."""
        return self.c * np.cosh(u)

    def coordinate(self, tau: ArrayLike) -> Array:
        """Coordinate of a heterogeneity."""
        return np.arcsinh(np.asarray(tau, dtype=float) / self.c)
