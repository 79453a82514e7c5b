"""How a function of two quantities is distributed, when it increases with one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from reanalysis.engines.interpolation import cubic
from reanalysis.engines.marginal import GridMarginal, Marginal, Transform
from reanalysis.typing import Array

Inverse = Callable[[Array], tuple[Array, Array]]

_BRACKETS = 31
_BLOCK = 128
_MOST_STEPS = 80
_CLOSE = 3e-5
"""Last move of the search for a quantile, as a share of the range: what is left after it is about its square."""

_REACHED = 1e-5
"""The same in probability: near a difference of 0 a short move may pass much of it."""


@dataclass(frozen=True)
class FunctionalMarginal(Marginal):
    """Posterior of g(outer, inner), increasing in inner for every outer.

    P(g <= x) is the sum over outer of the cumulative integral along inner up to the inner value at which g is x. It
    is evaluated wherever it is asked for, not tabulated: a risk difference near 0 is too peaked for a table.

    Parameters
    ----------
    inner : ndarray, shape (D,)
        Uniform nodes of the inner quantity.
    density_along, cumulative : ndarray, shape (A, D)
        Joint density along inner and its cumulative integral, for each of A outer nodes, up to one factor.
    values, mass : ndarray, shape (M,)
        g at quadrature nodes and their masses, summing to 1: for expectations.
    inverse : callable
        From x, shape (1, X), the inner value at which g is x and its derivative, two arrays of shape (A, X).
    limits : tuple of float
        What g never reaches.
    """

    inner: Array
    density_along: Array
    cumulative: Array
    values: Array
    mass: Array
    inverse: Inverse
    limits: tuple[float, float] = (-np.inf, np.inf)

    def mean(self, of: Transform | None = None) -> float:
        """Expectation of the quantity, or of a function of it."""
        values = self.values if of is None else of(self.values)
        return float(np.sum(self.mass * values))

    def sd(self, of: Transform | None = None) -> float:
        """Standard deviation of the quantity, or of a function of it."""
        values = self.values if of is None else of(self.values)
        return float(np.sqrt(np.sum(self.mass * (values - np.sum(self.mass * values)) ** 2)))

    def cdf(self, x: ArrayLike) -> Array:
        """Probability of lying at or below x."""
        return self._evaluated(x)[0]

    def density(self, x: ArrayLike) -> Array:
        """Posterior density."""
        return self._evaluated(x)[1]

    def quantile(self, probability: ArrayLike) -> Array:
        """Quantiles, by Newton's method on the distribution function, bisecting where it leaves its bracket."""
        q = np.asarray(probability, dtype=float).ravel()
        table = self._table
        index = np.clip(np.searchsorted(table.distribution, q) - 1, 0, len(table.x) - 2)
        low, high = table.x[index], table.x[index + 1]
        with np.errstate(over="ignore"):  # where all mass lies between two nodes of the table
            x = np.clip(table.quantile(q), low, high)
        close = _CLOSE * (table.x[-1] - table.x[0])
        open_ = np.arange(len(q))
        for _ in range(_MOST_STEPS):
            at, wanted = x[open_], q[open_]
            reached, slope = self._evaluated(at)
            low[open_] = np.where(reached < wanted, at, low[open_])
            high[open_] = np.where(reached < wanted, high[open_], at)
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                moved = at - (reached - wanted) / slope
            inside = (moved >= low[open_]) & (moved <= high[open_])
            x[open_] = moved = np.where(inside, moved, 0.5 * (low[open_] + high[open_]))
            open_ = open_[(np.abs(moved - at) >= close) | (np.abs(reached - wanted) >= _REACHED)]
            if not len(open_):
                break
        return x.reshape(np.shape(probability))

    @cached_property
    def _table(self) -> GridMarginal:
        """Few nodes, from which the search for a quantile starts."""
        likely = self.values[self.mass > 1e-12 * self.mass.max()]
        nodes = np.linspace(likely.min(), likely.max(), _BRACKETS)
        distribution, density = self._evaluated(nodes)
        distribution[[0, -1]] = 0.0, 1.0
        return GridMarginal(nodes, density, np.maximum.accumulate(distribution), self.values, self.mass)

    def _evaluated(self, x: ArrayLike) -> tuple[Array, Array]:
        """Distribution function and density at each x."""
        x = np.asarray(x, dtype=float)
        flat = x.ravel()
        both = np.concatenate(
            [self._block(flat[start : start + _BLOCK]) for start in range(0, len(flat), _BLOCK)], axis=1
        )
        return both[0].reshape(x.shape), both[1].reshape(x.shape)

    def _block(self, x: Array) -> Array:
        step, last = self.inner[1] - self.inner[0], len(self.inner) - 1
        low, high = self.limits
        within = np.minimum(np.maximum(x, low), high)[None, :]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            inner, change = self.inverse(within)
            position = (inner - self.inner[0]) / step
            change = change / step
        position = np.minimum(np.maximum(position, 0.0), last)  # where g cannot reach x the inverse is infinite
        index = np.minimum(position.astype(np.intp), last - 1)
        at = index + len(self.inner) * np.arange(len(self.cumulative))[:, None]
        after = at + 1
        below = self.cumulative.take(at)
        first, square, third = cubic(
            step, below, self.cumulative.take(after), self.density_along.take(at), self.density_along.take(after)
        )
        t = position - index
        change = np.where((position > 0) & (position < last), change, 0.0)
        density = np.maximum((first + t * (2 * square + 3 * t * third)) * change, 0.0)
        both = np.stack([(below + t * (first + t * (square + t * third))).sum(axis=0), density.sum(axis=0)])
        both /= self.cumulative[:, -1].sum()
        both[0] = np.minimum(np.maximum(both[0], 0.0), 1.0)
        return both
