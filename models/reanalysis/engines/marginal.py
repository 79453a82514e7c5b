"""What is known of one scalar quantity: its posterior, as a grid integral or as draws, behind one interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reanalysis.engines.interpolation import TINY, cubic, integrated, reached, weighted_mean, weighted_sd
from reanalysis.typing import Array

Transform = Callable[[Array], Array]

_REFINED = 4
"""How much finer than its nodes a density is tabulated."""

_FEW = 16
"""Quantiles that are remembered: a ratio asks for those of its logarithm again."""

_TAIL = 1e-12
"""Probability left out on either side of a marginal."""


class Marginal(Protocol):
    """Posterior of one scalar quantity."""

    def mean(self, of: Transform | None = None) -> float:
        """Expectation of the quantity, or of a function of it."""

    def sd(self, of: Transform | None = None) -> float:
        """Standard deviation of the quantity, or of a function of it."""

    def quantile(self, probability: ArrayLike) -> Array:
        """Quantiles."""

    def cdf(self, x: ArrayLike) -> Array:
        """Probability of lying at or below x."""

    def density(self, x: ArrayLike) -> Array:
        """Posterior density, for plots."""

    def exponential(self, order: float) -> float:
        """Expectation of exp(order x): moments of a ratio from its logarithm."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.mean(lambda x: np.exp(order * x))

    def __repr__(self) -> str:
        middle, low, high = (f"{float(q):.3g}" for q in self.quantile([0.5, 0.025, 0.975]))
        moments = f"mean {self.mean():.3g}, SD {self.sd():.3g}"
        return f"{type(self).__name__}: median {middle}, 95 % {low} to {high}, {moments}"


def resolved(marginal: Marginal, width: float) -> tuple[Array, Array]:
    """Nodes close enough for expectations of a function of any steepness.

    Parameters
    ----------
    width : float
        Scale of the steepest part of what is to be averaged: nodes are a quarter of it apart, or of the marginal's SD.

    Returns
    -------
    nodes, mass : ndarray, shape (N,)
        Uniform nodes and their masses.
    """
    low, high = (float(x) for x in marginal.quantile([_TAIL, 1 - _TAIL]))
    nodes = np.linspace(low, high, 1 + int(np.ceil(4 * (high - low) / min(width, marginal.sd()))))
    mass = marginal.density(nodes)
    return nodes, mass / mass.sum()


def _normalised(density: Array, cumulative: Array) -> tuple[Array, Array]:
    """Densities that integrate to 1 and their distribution functions, along the last axis."""
    total = cumulative[..., -1:]
    distribution = np.minimum(np.maximum(cumulative / total, 0.0), 1.0)
    return density / total, np.maximum.accumulate(distribution, axis=-1)


@dataclass(frozen=True, repr=False)
class GridMarginal(Marginal):
    """A posterior known as a density and a distribution function on a grid.

    Between nodes the distribution function is the cubic that meets both, an error of fourth order in the grid step.

    Parameters
    ----------
    x : ndarray, shape (N,)
        Increasing nodes; the mass outside them is negligible.
    pdf, distribution : ndarray, shape (N,)
        Density and distribution function at the nodes.
    nodes, mass : ndarray, shape (M,)
        Quadrature nodes and their normalised masses, for expectations.
    """

    x: Array
    pdf: Array
    distribution: Array
    nodes: Array
    mass: Array

    @classmethod
    def from_density(cls, x: Array, density: Array) -> GridMarginal:
        """From an unnormalised smooth density on uniform nodes that vanishes at both ends.

        Nodes half an SD apart or closer are enough: quantiles are then good to 1e-6 SD.
        """
        return cls.from_densities(x, density[None])[0]

    @classmethod
    def from_densities(cls, x: Array, densities: Array) -> list[GridMarginal]:
        """Of several densities on the same nodes, shape (K, N), as :meth:`from_density`."""
        densities = np.maximum(densities, 0.0)
        step = float(x[1] - x[0])
        fine, cumulative = integrated(densities, step, _REFINED)
        nodes = x[0] + step / _REFINED * np.arange(fine.shape[1])
        each = zip(*_normalised(fine, cumulative), densities / densities.sum(axis=1, keepdims=True), strict=True)
        return [cls(nodes, pdf, distribution, x, mass) for pdf, distribution, mass in each]

    @classmethod
    def from_stretches(cls, each: Sequence[tuple[Array, Array]]) -> list[GridMarginal]:
        """Of several densities, each on nodes of its own, all of one step, as :meth:`from_density`."""
        step = float(each[0][0][1] - each[0][0][0])
        densities = np.zeros((len(each), max(len(x) for x, _ in each)))
        for row, (x, density) in zip(densities, each, strict=True):
            np.maximum(density, 0.0, out=row[: len(x)])
        found = []
        for (x, _), mass, fine, cumulative in zip(each, densities, *integrated(densities, step, _REFINED), strict=True):
            size = _REFINED * (len(x) - 1) + 1
            nodes = x[0] + step / _REFINED * np.arange(size)
            found.append(cls.from_integrated(nodes, fine[:size], cumulative[:size], x, mass[: len(x)]))
        return found

    @classmethod
    def from_integrated(cls, x: Array, density: Array, cumulative: Array, nodes: Array, mass: Array) -> GridMarginal:
        """From an unnormalised density with its integral up to each node, and unnormalised quadrature masses."""
        return cls(x, *_normalised(density, cumulative), nodes, mass / mass.sum())

    def mean(self, of: Transform | None = None) -> float:
        """Expectation of the quantity, or of a function of it."""
        values = self.nodes if of is None else of(self.nodes)
        return weighted_mean(self.mass, values)

    def sd(self, of: Transform | None = None) -> float:
        """Standard deviation of the quantity, or of a function of it."""
        values = self.nodes if of is None else of(self.nodes)
        return weighted_sd(self.mass, values)

    @cached_property
    def _remembered(self) -> dict[tuple[float, ...], Array]:
        return {}

    def _cell(self, index: NDArray[np.intp]) -> tuple[Array, Array, Array, Array, Array, Array]:
        x, f, c = self.x, self.pdf, self.distribution
        return x[index], x[index + 1] - x[index], c[index], c[index + 1], f[index], f[index + 1]

    def cdf(self, x: ArrayLike) -> Array:
        """Probability of lying at or below x."""
        x = np.asarray(x, dtype=float)
        index = np.minimum(np.maximum(self.x.searchsorted(x, side="right") - 1, 0), len(self.x) - 2)
        left, width, c0, c1, f0, f1 = self._cell(index)
        t = np.minimum(np.maximum((x - left) / width, 0.0), 1.0)
        first, square, third = cubic(width, c0, c1, f0, f1)
        return np.minimum(np.maximum(c0 + t * (first + t * (square + t * third)), 0.0), 1.0)

    def quantile(self, probability: ArrayLike) -> Array:
        """Quantiles, by Newton's method within the cell that holds them."""
        q = np.asarray(probability, dtype=float)
        if q.ndim != 1 or len(q) > _FEW:
            return self._sought(q)
        key = tuple(q.tolist())
        if key not in self._remembered:
            index = self.distribution.searchsorted(q).tolist()
            self._remembered[key] = np.array([self._sought_one(*one) for one in zip(key, index, strict=True)])
        return self._remembered[key].copy()

    def _sought_one(self, q: float, found: int) -> float:
        """As :meth:`_sought`, of one probability in plain numbers: a few array operations cost more."""
        index = min(max(found - 1, 0), len(self.x) - 2)
        (left, right), (c0, c1), (f0, f1) = (
            a[index : index + 2].tolist() for a in (self.x, self.distribution, self.pdf)
        )
        width = right - left
        first, last = width * f0, width * f1
        square, third = 3 * (c1 - c0) - 2 * first - last, first + last - 2 * (c1 - c0)
        above = q - c0
        t = above / max(c1 - c0, TINY)
        for _ in range(3):
            slope = max(first + t * (2 * square + t * 3 * third), TINY)
            t = min(max(t - (t * (first + t * (square + t * third)) - above) / slope, 0.0), 1.0)
        return float(left + t * width)

    def _sought(self, q: Array) -> Array:
        index = np.minimum(np.maximum(np.searchsorted(self.distribution, q) - 1, 0), len(self.x) - 2)
        return reached(*self._cell(index), q)

    def density(self, x: ArrayLike) -> Array:
        """Posterior density, the slope of the distribution function; 0 outside the grid."""
        x = np.asarray(x, dtype=float)
        index = np.clip(np.searchsorted(self.x, x, side="right") - 1, 0, len(self.x) - 2)
        left, width, c0, c1, f0, f1 = self._cell(index)
        t = (x - left) / width
        first, square, third = cubic(width, c0, c1, f0, f1)
        slope = (first + t * (2 * square + 3 * t * third)) / width
        return np.where((t >= 0) & (t <= 1), np.maximum(slope, 0.0), 0.0)

    def draw(self, rng: np.random.Generator, size: int) -> Array:
        """Draws by inversion."""
        return self.quantile(rng.uniform(size=size))


@dataclass(frozen=True, repr=False)
class MixtureMarginal(GridMarginal):
    """A mixture of normal distributions on a grid.

    In its tails the grid holds rounding, which exp(x) would magnify: expectations of exponentials are sums over the
    components.

    Parameters
    ----------
    centre, spread, share : ndarray, shape (K,)
        Means, SDs and shares of the components, the shares summing to 1.
    """

    centre: Array
    spread: Array
    share: Array

    @classmethod
    def of(cls, grid: GridMarginal, centre: Array, spread: Array, share: Array) -> MixtureMarginal:
        """The mixture that a grid tabulates."""
        return cls(grid.x, grid.pdf, grid.distribution, grid.nodes, grid.mass, centre, spread, share)

    def exponential(self, order: float) -> float:
        """Expectation of exp(order x)."""
        return _exponential(order, self.centre, self.spread, self.share)


def _exponential(order: float, centre: Array, spread: Array, share: Array) -> float:
    with np.errstate(over="ignore"):
        return float(share @ np.exp(order * centre + 0.5 * (order * spread) ** 2))


@dataclass(frozen=True, repr=False)
class MappedMarginal(Marginal):
    """An increasing function of a quantity whose posterior is known, e.g. an odds ratio of its logarithm.

    Parameters
    ----------
    base : Marginal
        The quantity known.
    forward, inverse : callable
        The increasing function and its inverse.
    """

    base: Marginal
    forward: Transform
    inverse: Transform

    def _composed(self, of: Transform | None) -> Transform:
        forward = self.forward
        return forward if of is None else lambda x: of(forward(x))

    def mean(self, of: Transform | None = None) -> float:
        """Expectation of the quantity, or of a function of it; not finite where it exceeds all numbers."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.base.mean(self._composed(of))

    def sd(self, of: Transform | None = None) -> float:
        """Standard deviation of the quantity, or of a function of it; not finite where it exceeds all numbers."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.base.sd(self._composed(of))

    def quantile(self, probability: ArrayLike) -> Array:
        """Quantiles."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.forward(self.base.quantile(probability))

    def cdf(self, x: ArrayLike) -> Array:
        """Probability of lying at or below x; x outside the range of the function gives 0 or 1."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.base.cdf(self.inverse(np.asarray(x, dtype=float)))

    def density(self, x: ArrayLike) -> Array:
        """Posterior density, for plots."""
        x = np.asarray(x, dtype=float)
        step = 1e-6 * np.maximum(np.abs(x), 1e-3)
        slope = (self.inverse(x + step) - self.inverse(x - step)) / (2 * step)
        return self.base.density(self.inverse(x)) * slope


@dataclass(frozen=True, repr=False)
class WideMixture(MappedMarginal):
    """A mixture of normal distributions of many orders of magnitude: its grid is of another scale.

    Parameters
    ----------
    centre, spread, share : ndarray, shape (K,)
        As of :class:`MixtureMarginal`.
    """

    centre: Array
    spread: Array
    share: Array

    def exponential(self, order: float) -> float:
        """Expectation of exp(order x)."""
        return _exponential(order, self.centre, self.spread, self.share)


@dataclass(frozen=True, repr=False)
class RatioMarginal(MappedMarginal):
    """A ratio whose logarithm's posterior is known."""

    forward: Transform = np.exp
    inverse: Transform = np.log

    def mean(self, of: Transform | None = None) -> float:
        """Expectation of the ratio, or of a function of it; not finite where it exceeds all numbers."""
        return self._mean if of is None else super().mean(of)

    @cached_property
    def _mean(self) -> float:
        return self.base.exponential(1)

    def sd(self, of: Transform | None = None) -> float:
        """Standard deviation of the ratio, or of a function of it; not finite where it exceeds all numbers."""
        if of is not None or isinstance(self.base, DrawsMarginal):
            return super().sd(of)
        with np.errstate(over="ignore", invalid="ignore"):
            return float(np.sqrt(np.maximum(self.base.exponential(2) - np.square(self._mean), 0.0)))


@dataclass(frozen=True, repr=False)
class DrawsMarginal(Marginal):
    """A posterior known by draws.

    Parameters
    ----------
    draws : ndarray, shape (chains, draws)
        Posterior draws.
    """

    draws: Array

    @cached_property
    def _flat(self) -> Array:
        return np.sort(self.draws, axis=None)

    def mean(self, of: Transform | None = None) -> float:
        """Sample mean of the quantity, or of a function of it."""
        return float(np.mean(self.draws if of is None else of(self.draws)))

    def sd(self, of: Transform | None = None) -> float:
        """Sample standard deviation of the quantity, or of a function of it."""
        return float(np.std(self.draws if of is None else of(self.draws), ddof=1))

    def quantile(self, probability: ArrayLike) -> Array:
        """Sample quantiles."""
        return np.asarray(np.quantile(self._flat, np.asarray(probability)))

    def cdf(self, x: ArrayLike) -> Array:
        """Share of draws at or below x."""
        return np.asarray(np.searchsorted(self._flat, np.asarray(x, dtype=float), side="right") / self._flat.size)

    def density(self, x: ArrayLike) -> Array:
        """Kernel density estimate, for plots."""
        from scipy.stats import gaussian_kde

        return np.asarray(gaussian_kde(self._flat)(np.asarray(x, dtype=float)))
