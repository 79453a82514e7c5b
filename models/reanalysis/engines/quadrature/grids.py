"""Grids: uniform lattices of one step, Gauss-Legendre nodes, and the coordinate of the heterogeneity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import ceil, floor, log2

import numpy as np
from numpy.typing import ArrayLike

from reanalysis.typing import Array, Flags, Integers

_FEW = 4096
"""Nodes up to which they are remembered."""


def _points(step: float, first: int, size: int) -> Array:
    points = np.asarray(step * np.arange(first, first + size))
    points.flags.writeable = False
    return points


_few_points = lru_cache(maxsize=1024)(_points)


@dataclass(frozen=True)
class Lattice:
    """Nodes ``step * (first + 0 ... size - 1)``. Sums and differences of nodes of one step are nodes again."""

    step: float
    first: int
    size: int

    @classmethod
    def covering(cls, low: float, high: float, step: float) -> Lattice:
        """The smallest lattice that contains [low, high]."""
        first = floor(low / step)
        return cls(step, first, ceil(high / step) - first + 1)

    @cached_property
    def points(self) -> Array:
        """Nodes, shape (size,), read-only."""
        return (_few_points if self.size <= _FEW else _points)(self.step, self.first, self.size)

    @cached_property
    def index(self) -> Integers:
        """Nodes as multiples of the step, shape (size,)."""
        return self.first + np.arange(self.size)

    def finer(self, times: int) -> Lattice:
        """The same stretch with ``times`` as many cells."""
        return Lattice(self.step / times, self.first * times, (self.size - 1) * times + 1)

    @property
    def last(self) -> int:
        """Index of the last node on the step's axis."""
        return self.first + self.size - 1

    def plus(self, other: Lattice) -> Lattice:
        """All sums of a node of this lattice and one of the other."""
        return Lattice(self.step, self.first + other.first, self.size + other.size - 1)

    def minus(self, other: Lattice) -> Lattice:
        """All differences of a node of this lattice and one of the other."""
        return Lattice(self.step, self.first - other.last, self.size + other.size - 1)

    def part(self, keep: Flags) -> Lattice:
        """The shortest stretch that contains every node marked."""
        marked = np.flatnonzero(keep)
        return Lattice(self.step, self.first + int(marked[0]), int(marked[-1] - marked[0]) + 1)

    def at_step(self, step: float) -> Lattice:
        """Nodes of another step that cover this lattice."""
        return Lattice.covering(self.points[0], self.points[-1], step)


def nice_step(step: float) -> float:
    """The largest power of the fourth root of 2 not above ``step``: fits then share grids, and memory of them."""
    return float(2.0 ** (floor(4 * log2(step)) / 4))


def finer_by(step: float, wanted: float) -> int:
    """The power of 2 by which ``step`` must be divided to lie at or below ``wanted``."""
    return 1 if wanted >= step else int(2 ** ceil(log2(step / wanted)))


@lru_cache(maxsize=8)
def legendre_nodes(count: int) -> tuple[Array, Array]:
    """Nodes and weights on [-1, 1], each of shape (count,)."""
    return np.polynomial.legendre.leggauss(count)


@lru_cache(maxsize=8)
def to_coefficients(count: int) -> Array:
    """Matrix (count, count) from values at Gauss-Legendre nodes to coefficients of Legendre polynomials."""
    node, weight = legendre_nodes(count)
    values = np.polynomial.legendre.legvander(node, count - 1) * weight[:, None] * (np.arange(count) + 0.5)
    return np.asarray(values.T)


@lru_cache(maxsize=8)
def legendre_interpolation(count: int, fine: int) -> Array:
    """Matrix (fine, count) from values at Gauss-Legendre nodes to values at uniform points of [-1, 1]."""
    at = np.linspace(-1.0, 1.0, fine)
    return np.asarray(np.polynomial.legendre.legvander(at, count - 1) @ to_coefficients(count))


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
