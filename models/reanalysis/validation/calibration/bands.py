"""Simultaneous bands of an empirical distribution function: how far that of uniform ranks may stray.

Säilynoja, Bürkner and Vehtari 2022, Stat Comput 32:32: pointwise binomial bands of one common level, that level chosen
so that a uniform sample stays within all of them at once with the declared probability. That probability is exact, by
their recursion over the evaluation points, and not simulated.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, xlog1py, xlogy
from scipy.stats import binom

from reanalysis.typing import Array

NODES = 50
"""Cells that the unit interval is cut into; the distribution function is judged between them."""


@dataclass(frozen=True)
class Bands:
    """Simultaneous bands of the empirical distribution function of uniform ranks."""

    nodes: Array
    """Where it is judged, shape (K,)."""
    lower: Array
    upper: Array
    """Smallest and largest value of the empirical distribution function, shape (K,)."""

    def difference(self, ranks: ArrayLike) -> Array:
        """Empirical distribution function minus that of uniform ranks, at the nodes."""
        sample = np.sort(np.asarray(ranks, dtype=float))
        return np.asarray(np.searchsorted(sample, self.nodes, side="right") / len(sample) - self.nodes)

    def inside(self, ranks: ArrayLike) -> bool:
        """Whether the empirical distribution function of ranks stays within the bands."""
        reached = self.difference(ranks) + self.nodes
        # one proportion of counts is compared with another: half a count is far more than rounding
        half = 0.5 / np.size(ranks)
        return bool(np.all((reached > self.lower - half) & (reached < self.upper + half)))


@lru_cache(maxsize=64)
def bands(count: int, level: float, nodes: int = NODES) -> Bands:
    """Bands that ``count`` independent uniform ranks stay within with probability ``level`` or a little more."""
    z = np.arange(1, nodes) / nodes
    low, high = np.log(1e-12), np.log(1 - level)
    if within(count, z, *_limits(count, z, float(np.exp(high)))) < level:
        for _ in range(28):  # the coverage falls with the pointwise error
            middle = 0.5 * (low + high)
            if within(count, z, *_limits(count, z, float(np.exp(middle)))) >= level:
                low = middle
            else:
                high = middle
    else:
        low = high
    lower, upper = _limits(count, z, float(np.exp(low)))
    return Bands(z, lower / count, upper / count)


def _limits(count: int, z: Array, error: float) -> tuple[Array, Array]:
    """Counts between which each node's binomial lies, but for ``error``."""
    return np.asarray(binom.ppf(error / 2, count, z)), np.asarray(binom.isf(error / 2, count, z))


def within(count: int, z: Array, lower: Array, upper: Array) -> float:
    """Probability that the counts of ``count`` uniform ranks at or below each z lie within limits, all at once."""
    log_factorial = gammaln(np.arange(count + 1) + 1.0)
    before, states, mass = 0.0, np.array([0]), np.array([1.0])
    for node, low, high in zip(z, lower, upper, strict=True):
        step_probability = (node - before) / (1 - before)
        reached = np.arange(round(float(low)), round(float(high)) + 1)
        more, left = reached[:, None] - states, count - states
        possible = (more >= 0) & (more <= left)
        step = np.where(possible, more, 0)
        log_pmf = log_factorial[left] - log_factorial[step] - log_factorial[left - step]
        log_pmf = log_pmf + xlogy(step, step_probability) + xlog1py(left - step, -step_probability)
        mass = np.where(possible, np.exp(log_pmf), 0.0) @ mass
        before, states = float(node), reached
    return float(mass.sum())


def covered_limits(count: int, coverage: float, level: float) -> tuple[int, int]:
    """Counts of intervals that cover, of ``count`` whose coverage is right, between which ``level`` of cases lie."""
    error = 1 - level
    return int(binom.ppf(error / 2, count, coverage)), int(binom.isf(error / 2, count, coverage))
