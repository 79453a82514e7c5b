"""How a function of two quantities is distributed, when it increases with one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import exp, inf

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from reanalysis.engines.interpolation import cubic, weighted_mean, weighted_sd
from reanalysis.engines.marginal import Marginal, Transform
from reanalysis.typing import Array, Integers

Inverse = Callable[[Array], tuple[Array, Array]]

_BLOCK = 128
_MOST_STEPS = 80
_CLOSE = 3e-5
"""Last move of the search for a quantile, as a share of the range: what is left after it is about its square."""

_REACHED = 3e-5
"""The same in probits: near a difference of 0 a short move may pass much of it, and far out a move says nothing."""

_LIKELY = 1e-12
"""Share of the largest mass above which a node bounds where quantiles are sought."""

_PEAK, _FAR = 0.3989422804014327, 38.0
"""Density of a standard normal at 0, and where it ends in double precision."""


@dataclass(frozen=True)
class Along:
    """A joint density of two quantities along the inner one, for each node of the outer one."""

    start: Array
    """First node of the inner quantity, for each of A outer nodes; (1, 1) where it is the same for all, shape (A,
    1)."""
    step: float
    """Distance of its D nodes."""
    density: Array
    cumulative: Array
    """Density along inner and its cumulative integral, for each outer node, up to one factor, shape (A, D)."""

    @cached_property
    def total(self) -> float:
        """Integral over both quantities."""
        return float(self.cumulative[:, -1].sum())

    @cached_property
    def rows(self) -> Integers:
        """Index of each outer node's first cell, shape (A, 1)."""
        return self.density.shape[1] * np.arange(len(self.density))[:, None]


@dataclass(frozen=True, repr=False)
class FunctionalMarginal(Marginal):
    """Posterior of g(outer, inner), increasing in inner for every outer.

    P(g <= x) is the sum over outer of the cumulative integral along inner up to the inner value at which g is x. It
    is evaluated wherever it is asked for, not tabulated: a risk difference near 0 is too peaked for a table.
    """

    along: Along
    """The joint density."""
    values: Array
    mass: Array
    """g at quadrature nodes and their masses, summing to 1: for expectations, shape (M,)."""
    inverse: Inverse
    """From x, shape (1, X), the inner value at which g is x and its derivative, two arrays of shape (A, X)."""
    limits: tuple[float, float] = (-np.inf, np.inf)
    """What g never reaches."""

    def mean(self, of: Transform | None = None) -> float:
        """Expectation of the quantity, or of a function of it."""
        return self._moments[0] if of is None else weighted_mean(self.mass, of(self.values))

    def sd(self, of: Transform | None = None) -> float:
        """Standard deviation of the quantity, or of a function of it."""
        if of is None:
            return self._moments[1]
        return weighted_sd(self.mass, of(self.values))

    def cdf(self, x: ArrayLike) -> Array:
        """Probability of lying at or below x."""
        return self._evaluated(x)[0]

    def density(self, x: ArrayLike) -> Array:
        """Posterior density."""
        return self._evaluated(x)[1]

    def quantile(self, probability: ArrayLike) -> Array:
        """Quantiles, by Newton's method on the probit of the distribution function, bisecting beyond its bracket.

        The probit of a distribution that is nearly normal is nearly linear, so few steps do, from where skewness puts
        the quantiles (Cornish and Fisher 1938, Rev Inst Int Stat 5:307).
        """
        wanted = np.asarray(probability, dtype=float)
        z = [float(one) for one in ndtri(wanted.ravel())]
        mean, sd, skew = self._moments
        least, most = self._range
        bend = min(max(skew, -1.0), 1.0) / 6
        close = _CLOSE * (most - least)
        low, high = [least] * len(z), [most] * len(z)
        x = [min(max(mean + sd * (one + bend * (one * one - 1)), least), most) for one in z]
        open_ = list(range(len(z)))
        for _ in range(_MOST_STEPS):
            reached, slope = self._evaluated([x[i] for i in open_])
            left = []
            for i, g, f in zip(open_, ndtri(reached).tolist(), slope.tolist(), strict=True):
                at = x[i]
                if g < z[i]:
                    low[i] = at
                else:
                    high[i] = at
                height = _PEAK * exp(-0.5 * g * g) if abs(g) < _FAR else 0.0
                moved = at - (g - z[i]) * height / f if f > 0 and height > 0 else inf
                if not low[i] <= moved <= high[i]:
                    moved = 0.5 * (low[i] + high[i])
                x[i] = moved
                if abs(moved - at) >= close or abs(g - z[i]) >= _REACHED:
                    left.append(i)
            open_ = left
            if not open_:
                break
        return np.array(x).reshape(wanted.shape)

    @cached_property
    def _moments(self) -> tuple[float, float, float]:
        """Mean, SD and skewness."""
        mean = weighted_mean(self.mass, self.values)
        away = self.values - mean
        second = self.mass * away**2
        variance = float(second.sum())
        third = float((second * away).sum())
        return mean, variance**0.5, third / variance**1.5 if variance > 0 else 0.0

    @cached_property
    def _range(self) -> tuple[float, float]:
        """Ends between which quantiles are sought."""
        likely = self.values[self.mass > _LIKELY * self.mass.max()]
        return float(likely.min()), float(likely.max())

    def _evaluated(self, x: ArrayLike) -> tuple[Array, Array]:
        """Distribution function and density at each x."""
        x = np.asarray(x, dtype=float)
        flat = x.ravel()
        blocks = [self._block(flat[start : start + _BLOCK]) for start in range(0, len(flat), _BLOCK)]
        both = blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)
        return both[0].reshape(x.shape), both[1].reshape(x.shape)

    def _block(self, x: Array) -> Array:
        along = self.along
        last = along.density.shape[1] - 1
        low, high = self.limits
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            inner, change = self.inverse(np.minimum(np.maximum(x, low), high)[None, :])
            position = (inner - along.start) * (1 / along.step)
            position = np.minimum(np.maximum(position, 0.0), last)  # where g cannot reach x the inverse is infinite
            change = np.where((position > 0) & (position < last), change, 0.0)
        index = np.minimum(position.astype(np.intp), last - 1)
        t = position - index
        index += along.rows
        after = index + 1
        below = along.cumulative.take(index)
        first, square, third = cubic(
            along.step, below, along.cumulative.take(after), along.density.take(index), along.density.take(after)
        )
        third *= t
        square += third
        slope = first + t * (2 * square + third)
        slope *= change
        first += t * square
        first *= t
        first += below
        both = np.empty((2, len(x)))
        np.add.reduce(first, axis=0, out=both[0])
        np.add.reduce(np.maximum(slope, 0.0, out=slope), axis=0, out=both[1])
        both[0] *= 1 / along.total
        both[1] *= 1 / (along.total * along.step)
        np.minimum(np.maximum(both[0], 0.0, out=both[0]), 1.0, out=both[0])
        return both
