"""A quantity whose posterior is known for every slope of a meta-regression: the mixture over the slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from reanalysis.engines.marginal import Marginal, Transform
from reanalysis.typing import Array

_BISECTIONS = 60


@dataclass(frozen=True, repr=False)
class SlopeMixture(Marginal):
    """A mixture of marginals."""

    parts: tuple[Marginal, ...]
    """One a slope."""
    share: Array
    """Their weights, summing to 1, shape (len(parts)."""

    def mean(self, of: Transform | None = None) -> float:
        """Expectation of the quantity, or of a function of it."""
        return float(self.share @ [part.mean(of) for part in self.parts])

    def sd(self, of: Transform | None = None) -> float:
        """Standard deviation of the quantity, or of a function of it."""
        means = np.array([part.mean(of) for part in self.parts])
        within = np.array([part.sd(of) for part in self.parts])
        return float(np.sqrt(self.share @ (within**2 + (means - self.share @ means) ** 2)))

    def cdf(self, x: ArrayLike) -> Array:
        """Probability of lying at or below x."""
        return np.asarray(sum(w * part.cdf(x) for w, part in zip(self.share, self.parts, strict=True)))

    def density(self, x: ArrayLike) -> Array:
        """Posterior density."""
        return np.asarray(sum(w * part.density(x) for w, part in zip(self.share, self.parts, strict=True)))

    def quantile(self, probability: ArrayLike) -> Array:
        """Quantiles, by Newton's method within the bracket that those of the parts are, else by halving it."""
        wanted = np.asarray(probability, dtype=float)
        each = np.stack([part.quantile(wanted) for part in self.parts])
        low, high = each.min(axis=0), each.max(axis=0)
        x = np.tensordot(self.share, each, axes=1)
        for _ in range(_BISECTIONS):
            off, slope = self.cdf(x) - wanted, self.density(x)
            low, high = np.where(off < 0, x, low), np.where(off < 0, high, x)
            with np.errstate(divide="ignore", invalid="ignore"):
                moved = x - off / slope
            moved = np.where((moved > low) & (moved < high), moved, 0.5 * (low + high))
            if np.all(np.abs(moved - x) <= 1e-10 * np.maximum(1.0, np.abs(x))):
                return np.asarray(moved)
            x = moved
        return np.asarray(x)
