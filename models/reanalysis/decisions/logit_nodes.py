"""Nodes of the logit of a rate, on which sums over binomial likelihoods of all counts converge exponentially.

Nodes are uniform in a coordinate in which a binomial likelihood of n patients has about unit width everywhere,
u = 2 sqrt(n) arctan(exp(logit / 2)) + bent(logit) / s: the arcsine transformation, and a term that resolves a prior of
scale s where counts say nothing; it bends from the logit to its logarithm where rates are 0 or 1 to any number of
patients, so that a prior with most of its mass there, such as Beta(0.0001, 0.0001), takes few nodes. The trapezoidal
sum then converges exponentially, and so does the integral over one side of a bound c, in which each node has the weight
1/2 + Si(pi (u - u(c)) / step) / pi, the integral of its sinc function beyond the bound.

Source: Trefethen and Weideman 2014, SIAM Review 56:385 (trapezoidal sums); Stenger 1993, Numerical Methods Based on
Sinc and Analytic Functions, section 4.5 (indefinite integrals).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import expit, log_expit, sici

from reanalysis.model.likelihood import log_binomial_coefficient
from reanalysis.typing import Array

STEP = 0.55
"""Distance of nodes in units of the narrowest width: sums are then good to about 1e-7."""

_TAPERED, _TABLE_REACH, _TABLE_STEP = 16.0, 40.0, 1e-3
"""Steps from a bound from which the weights are brought to 0 and 1, smoothly, and where they are; and between tabulated
weights."""

_BENT = 100.0
"""Logit about which distances of nodes begin to grow in proportion to the logit."""

_CLOSEST = 35.0
"""Log of one over the distance to an end that nodes approach."""


@dataclass(frozen=True)
class Logits:
    """Nodes of one arm's logit."""

    points: Array
    width: Array
    """Logits, and the stretch of logits that each stands for, shape (N,)."""
    patients: float
    """Patients that the nodes resolve."""
    scale: float
    """Scale, in logits, of the narrowest prior that they resolve."""
    step: float
    """Distance of the nodes in the coordinate."""

    @classmethod
    def covering(cls, low: float, high: float, patients: float, scale: float, step: float = STEP) -> Logits:
        """Nodes from one logit to another, at most a step apart."""
        patients = max(patients, 1.0)
        root = 2 * np.sqrt(patients)
        ends = _coordinate(np.array([low, high]), root, scale)
        count = 2 + int((ends[1] - ends[0]) / step)
        u = np.linspace(ends[0], ends[1], count)
        coarse = _between(low, high, 4 * count)
        points = np.interp(u, _coordinate(coarse, root, scale), coarse)
        for _ in range(5):  # Newton's method
            points = points - (_coordinate(points, root, scale) - u) / _slope(points, root, scale)
        step = float(u[1] - u[0])
        return cls(points, step / _slope(points, root, scale), patients, scale, step)

    @classmethod
    def point(cls, at: float) -> Logits:
        """One logit that is known."""
        return cls(np.array([at]), np.ones(1), 1.0, 1.0, STEP)

    def up_to(self, end: float) -> Logits:
        """Nodes from the first one to an end that they approach ever more closely, for what is not smooth there."""
        root, low = 2 * np.sqrt(self.patients), self.points[0]
        span = float(end - low + np.log1p(-np.exp(low - end)))  # v there, of end - log(1 + exp(v)) = low

        def coordinate(v: Array) -> Array:
            return _bent(v) - _coordinate(end - np.logaddexp(0.0, v), root, self.scale)

        ends = coordinate(np.array([-_CLOSEST, span]))
        count = 2 + int((ends[1] - ends[0]) / self.step)
        u, coarse = np.linspace(ends[0], ends[1], count), _between(-_CLOSEST, span, 4 * count)
        v = np.interp(u, coordinate(coarse), coarse)
        for _ in range(5):
            by_v = _bent_slope(v) + _slope(end - np.logaddexp(0.0, v), root, self.scale) * expit(v)
            v = v - (coordinate(v) - u) / by_v
        by_v = _bent_slope(v) + _slope(end - np.logaddexp(0.0, v), root, self.scale) * expit(v)
        step = float(u[1] - u[0])
        return Logits(end - np.logaddexp(0.0, v), step * expit(v) / by_v, self.patients, self.scale, step)

    @property
    def mirrored(self) -> Logits:
        """The same nodes of the logit of the other event."""
        return Logits(-self.points[::-1], self.width[::-1], self.patients, self.scale, self.step)

    def beyond(self, bound: Array) -> Array:
        """Weight of each node in an integral above each bound, shape (bounds, N); bounds may be infinite."""
        at = _coordinate(bound, 2 * np.sqrt(self.patients), self.scale) / self.step
        nodes = _coordinate(self.points, 2 * np.sqrt(self.patients), self.scale) / self.step
        return _sinc_beyond(nodes[None, :] - at[:, None])


def _coordinate(x: Array, root: float, scale: float) -> Array:
    with np.errstate(over="ignore"):
        return root * np.arctan(np.exp(0.5 * x)) + _bent(x) / scale


def _slope(x: Array, root: float, scale: float) -> Array:
    with np.errstate(over="ignore"):
        return 0.25 * root / np.cosh(0.5 * x) + _bent_slope(x) / scale


def _bent(x: Array) -> Array:
    return _BENT * np.arcsinh(x / _BENT)


def _unbent(x: Array) -> Array:
    return _BENT * np.sinh(x / _BENT)


def _bent_slope(x: Array) -> Array:
    return 1 / np.sqrt(1 + (x / _BENT) ** 2)


def _between(low: float, high: float, count: int) -> Array:
    """Logits as far apart as nodes are where counts say nothing."""
    first, last = _bent(np.array([low, high]))
    return _unbent(np.linspace(first, last, count))


@lru_cache(maxsize=1)
def _sinc_table() -> Array:
    x = np.arange(-_TABLE_REACH, _TABLE_REACH + 1.5 * _TABLE_STEP, _TABLE_STEP)
    side = (x > 0).astype(float)
    taper = np.cos(0.5 * np.pi * np.clip((np.abs(x) - _TAPERED) / (_TABLE_REACH - _TAPERED), 0.0, 1.0)) ** 2
    return side + (0.5 + sici(np.pi * x)[0] / np.pi - side) * taper


def _sinc_beyond(x: Array) -> Array:
    """Integral of a sinc function above a bound that lies so many steps below its centre."""
    values = _sinc_table()
    at = np.clip((x + _TABLE_REACH) / _TABLE_STEP, 0.0, len(values) - 1.001)
    index = at.astype(np.int32)
    found = values.take(index)
    index += 1
    slope = values.take(index)
    slope -= found
    index -= 1
    at -= index
    slope *= at
    found += slope
    return found


def count_probabilities(logits: Array, n: int) -> Array:
    """Binomial probabilities of all counts, shape (n + 1, N), at each logit; infinite ones are certain counts."""
    y = np.arange(n + 1.0)[:, None]
    finite = np.clip(logits, -1e4, 1e4)
    log_p, log_q = log_expit(finite), log_expit(-finite)
    return np.exp(log_binomial_coefficient(y, n) + y * log_p + (n - y) * log_q)
