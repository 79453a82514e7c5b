"""A mixture of distributions and of a point mass: what is known where a quantity may have exactly one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from reanalysis.engines.marginal import Marginal, Transform
from reanalysis.typing import Array

_CLOSE = 1e-10


@dataclass(frozen=True, repr=False)
class PointMixture(Marginal):
    """A mixture of continuous distributions and of 0."""

    parts: tuple[tuple[float, Marginal], ...]
    """Weights and distributions; those of weight 0 do not count."""
    mass: float = 0.0
    """Probability of exactly 0; with the weights it sums to 1."""

    def _expected(self, of_part: Callable[[Marginal], float], at_zero: float) -> float:
        found = sum(weight * of_part(part) for weight, part in self.parts if weight > 0)
        return float(found + self.mass * at_zero if self.mass > 0 else found)

    def mean(self, of: Transform | None = None) -> float:
        """Expectation of the quantity, or of a function of it."""
        return self._expected(lambda part: part.mean(of), _at_zero(of))

    def sd(self, of: Transform | None = None) -> float:
        """Standard deviation of the quantity, or of a function of it."""
        centre = self.mean(of)
        variance = self._expected(lambda part: part.sd(of) ** 2 + (part.mean(of) - centre) ** 2, 0.0)
        return float(np.sqrt(variance + self.mass * (_at_zero(of) - centre) ** 2))

    def exponential(self, order: float) -> float:
        """Expectation of exp(order x)."""
        return self._expected(lambda part: part.exponential(order), 1.0)

    def below(self, x: ArrayLike) -> Array:
        """Probability of lying below x, 0 itself left out."""
        return np.asarray(sum(weight * part.cdf(x) for weight, part in self.parts if weight > 0))

    def cdf(self, x: ArrayLike) -> Array:
        """Probability of lying at or below x."""
        return np.asarray(self.below(x) + self.mass * (np.asarray(x, dtype=float) >= 0))

    def quantile(self, probability: ArrayLike) -> Array:
        """Smallest values at or below which the given probabilities lie: 0 for as many as the point mass holds."""
        asked = np.asarray(probability, dtype=float)
        return np.array([self._sought(float(q)) for q in asked.ravel()]).reshape(asked.shape)

    @cached_property
    def _found(self) -> dict[float, float]:
        return {}

    def _sought(self, q: float) -> float:
        """As it was found before: an odds ratio asks for the quantiles of its logarithm again."""
        if q not in self._found:
            self._found[q] = self._solved(q)
        return self._found[q]

    def _solved(self, q: float) -> float:
        before = float(self.below(0.0))
        if before < q <= before + self.mass or self.mass >= 1:
            return 0.0
        rest = 1 - self.mass
        share = min(max((q if q <= before else q - self.mass) / rest, 0.0), 1.0)
        ends = [float(part.quantile(share)) for weight, part in self.parts if weight > 0]
        low, high = min(ends), max(ends)

        def excess(x: float) -> float:
            return float(self.below(x)) / rest - share

        if excess(low) >= 0:
            return low
        return high if excess(high) <= 0 else float(brentq(excess, low, high, xtol=_CLOSE))

    def density(self, x: ArrayLike) -> Array:
        """Density of the continuous part, which integrates to 1 without the point mass."""
        return np.asarray(sum(weight * part.density(x) for weight, part in self.parts if weight > 0))


def _at_zero(of: Transform | None) -> float:
    return 0.0 if of is None else float(of(np.zeros(1))[0])
