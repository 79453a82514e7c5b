"""The joint distribution of the two logits of a trial on a grid, and sums over it for every outcome at once.

Given the logits a and b of the control and treated rates, the counts of the two arms are independent, so that a sum over
all logits for all outcomes (y0, y1) is a product of three matrices, p(y0 | a) w(a, b) p(y1 | b), where w is the joint
density times whatever is to be averaged. Nodes are uniform in a coordinate in which a binomial likelihood of n patients
has about unit width everywhere, u = 2 sqrt(n) arctan(exp(logit / 2)) + logit / s (the arcsine transformation, plus a
term that resolves a prior of scale s where counts say nothing); the trapezoidal sum then converges exponentially. So
does the integral over one side of a bound c: each node has the weight 1/2 + Si(pi (u - u(c)) / step) / pi, the integral
of its sinc function beyond the bound.

Source: Trefethen and Weideman 2014, SIAM Review 56:385 (trapezoidal sums); Stenger 1993, Numerical Methods Based on Sinc
and Analytic Functions, section 4.5 (indefinite integrals).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, Protocol

import numpy as np
from scipy.special import expit, log_expit, logit, sici

from reanalysis.model.likelihood import log_binomial_coefficient
from reanalysis.typing import Array

Scale = Literal["rd", "or"]
"""Risk difference, or odds ratio; treated against control."""

STEP = 0.5
"""Distance of nodes in units of the narrowest width: sums are then good to about 1e-8."""

_TAPERED, _TABLE_REACH, _TABLE_STEP = 30.0, 60.0, 1e-3
"""Steps from a bound from which the weights are brought to 0 and 1, smoothly, and where they are; and between tabulated
weights."""

_CLOSEST = 35.0
"""Log of one over the distance to an end that nodes approach."""

_SMALLEST = 1e-300


@dataclass(frozen=True)
class Logits:
    """Nodes of one arm's logit.

    Parameters
    ----------
    points, width : ndarray, shape (N,)
        Logits, and the stretch of logits that each stands for.
    patients : float
        Patients that the nodes resolve.
    scale : float
        Scale, in logits, of the narrowest prior that they resolve.
    step : float
        Distance of the nodes in the coordinate.
    """

    points: Array
    width: Array
    patients: float
    scale: float
    step: float

    @classmethod
    def covering(cls, low: float, high: float, patients: float, scale: float, step: float = STEP) -> Logits:
        """Nodes from one logit to another, at most a step apart."""
        patients = max(patients, 1.0)
        root = 2 * np.sqrt(patients)
        ends = _coordinate(np.array([low, high]), root, scale)
        count = 2 + int((ends[1] - ends[0]) / step)
        u = np.linspace(ends[0], ends[1], count)
        coarse = np.linspace(low, high, 4 * count)
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
        span = np.log(np.expm1(end - low))

        def coordinate(v: Array) -> Array:
            return v - _coordinate(end - np.logaddexp(0.0, v), root, self.scale)

        ends = coordinate(np.array([-_CLOSEST, span]))
        count = 2 + int((ends[1] - ends[0]) / self.step)
        u, coarse = np.linspace(ends[0], ends[1], count), np.linspace(-_CLOSEST, span, 4 * count)
        v = np.interp(u, coordinate(coarse), coarse)
        for _ in range(5):
            by_v = 1 + _slope(end - np.logaddexp(0.0, v), root, self.scale) * expit(v)
            v = v - (coordinate(v) - u) / by_v
        by_v = 1 + _slope(end - np.logaddexp(0.0, v), root, self.scale) * expit(v)
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
        return root * np.arctan(np.exp(0.5 * x)) + x / scale


def _slope(x: Array, root: float, scale: float) -> Array:
    return 0.25 * root / np.cosh(0.5 * x) + 1 / scale


@lru_cache(maxsize=1)
def _sinc_table() -> tuple[Array, Array]:
    x = np.arange(-_TABLE_REACH, _TABLE_REACH + 1.5 * _TABLE_STEP, _TABLE_STEP)
    side = (x > 0).astype(float)
    taper = np.cos(0.5 * np.pi * np.clip((np.abs(x) - _TAPERED) / (_TABLE_REACH - _TAPERED), 0.0, 1.0)) ** 2
    values = side + (0.5 + sici(np.pi * x)[0] / np.pi - side) * taper
    return values, np.append(np.diff(values), 0.0)


def _sinc_beyond(x: Array) -> Array:
    """Integral of a sinc function above a bound that lies so many steps below its centre."""
    values, slopes = _sinc_table()
    at = np.clip((x + _TABLE_REACH) / _TABLE_STEP, 0.0, len(values) - 1.0)
    index = at.astype(np.int32)
    found = slopes.take(index)
    found *= at - index
    found += values.take(index)
    return found


def count_probabilities(logits: Array, n: int) -> Array:
    """Binomial probabilities of all counts, shape (n + 1, N), at each logit; infinite ones are certain counts."""
    y = np.arange(n + 1.0)[:, None]
    finite = np.clip(logits, -1e4, 1e4)
    log_p, log_q = log_expit(finite), log_expit(-finite)
    return np.exp(log_binomial_coefficient(y, n) + y * log_p + (n - y) * log_q)


class JointDensity(Protocol):
    """A joint density of the logits of two arms."""

    def nodes(self, n_control: int, n_treated: int, step: float) -> tuple[Logits, Logits]:
        """Nodes of the control and the treated logit, a step apart, that resolve so many patients in either arm."""

    def density(self, control: Array, treated: Array) -> Array:
        """Density, up to a factor, of each pair of a control and a treated logit, shape (N0, N1)."""


@dataclass(frozen=True)
class Region:
    """Where an effect lies above a margin.

    Parameters
    ----------
    control : Logits
        Control nodes, N0 of them.
    mass : ndarray, shape (N0, N1)
        Mass of each pair within the region; or, below 0, of each pair outside it.
    rest : {0, 1}
        What the sum of the mass is to be added to: 1 where it is that of pairs outside.
    """

    control: Logits
    mass: Array
    rest: int = 0


@dataclass(frozen=True)
class LogitPairs:
    """A joint distribution of the logits of two arms on nodes.

    Parameters
    ----------
    prior : JointDensity
        The distribution.
    control, treated : Logits
        Nodes, N0 and N1 of them.
    """

    prior: JointDensity
    control: Logits
    treated: Logits

    @classmethod
    def of(cls, prior: JointDensity, n_control: int, n_treated: int, step: float = STEP) -> LogitPairs:
        """On nodes that resolve so many patients in either arm."""
        return cls(prior, *prior.nodes(n_control, n_treated, step))

    def _density(self, control: Logits) -> Array:
        return self.prior.density(control.points, self.treated.points) * control.width[:, None] * self.treated.width

    @cached_property
    def _total(self) -> tuple[Array, float]:
        density = self._density(self.control)
        total = float(density.sum())
        return density / total, total

    @property
    def mass(self) -> Array:
        """Probability of each pair, shape (N0, N1), summing to 1."""
        return self._total[0]

    def risk_difference(self, control: Logits | None = None) -> Array:
        """Treated minus control risk at each pair of nodes, or of other control nodes."""
        return expit(self.treated.points) - expit((control or self.control).points)[:, None]

    def above(self, scale: Scale, margin: float, approach: bool = True) -> Region:
        """Where the effect lies above a margin, a risk difference or an odds ratio.

        Where no treated risk is so much larger (or smaller) than a control risk beyond some end, what is left of a sum
        over treated logits is not smooth there: the control nodes then approach that end. Without, the probability of
        the region is good to 0.003 after outcomes near that end, and as good as ever after all others.
        """
        low, high = self.control.points[[0, -1]]
        smooth = scale == "or" or margin == 0 or not approach
        end = 0.0 if smooth else float(logit(1 - margin if margin > 0 else -margin))
        if smooth or not low < end < high:
            return Region(self.control, self.mass * self.treated.beyond(self._bound(self.control, scale, margin)))
        near = self.control.up_to(end) if margin > 0 else self.control.mirrored.up_to(-end).mirrored
        beyond = self.treated.beyond(self._bound(near, scale, margin))
        mass = self._density(near) / self._total[1]
        return Region(near, mass * beyond) if margin > 0 else Region(near, mass * (beyond - 1), 1)

    @staticmethod
    def _bound(control: Logits, scale: Scale, margin: float) -> Array:
        """Treated logits at which the effect equals the margin; infinite where no treated risk has it."""
        if scale == "or":
            return control.points + np.log(margin)
        if margin == 0:
            return control.points
        with np.errstate(divide="ignore"):
            return np.asarray(logit(np.clip(expit(control.points) + margin, 0.0, 1.0)))

    def prior_above(self, scale: Scale, margin: float) -> float:
        """Probability of an effect above a margin."""
        return float(Outcomes(self, 0, 0).probability_above(scale, margin)[0, 0])


@dataclass(frozen=True)
class Outcomes:
    """Every outcome of a trial of so many patients under a joint distribution of the logits.

    Parameters
    ----------
    pairs : LogitPairs
        Prior of the two logits.
    n_control, n_treated : int
        Patients of each arm.
    counts : tuple of ndarray or None
        Counts of either arm that are meant, all of them where it is None; Y0 and Y1 in number.
    """

    pairs: LogitPairs
    n_control: int
    n_treated: int
    counts: tuple[Array, Array] | None = None

    def _arm(self, index: int, logits: Logits) -> Array:
        found = count_probabilities(logits.points, (self.n_control, self.n_treated)[index])
        return found if self.counts is None else found[self.counts[index]]

    @cached_property
    def _control(self) -> Array:
        return self._arm(0, self.pairs.control)

    @cached_property
    def _treated(self) -> Array:
        return self._arm(1, self.pairs.treated)

    def total(self, mass: Array, control: Logits | None = None) -> Array:
        """Sum over pairs of the probability of each outcome times mass at each pair, shape (Y0, Y1).

        Parameters
        ----------
        mass : ndarray, shape (N0, N1)
            Mass, or any function of the logits times it.
        control : Logits, optional
            Control nodes, if they are others.
        """
        arm = self._control if control is None or control is self.pairs.control else self._arm(0, control)
        return (arm @ mass) @ self._treated.T

    @cached_property
    def probability(self) -> Array:
        """Probability of each outcome, shape (Y0, Y1)."""
        return self.total(self.pairs.mass)

    def probability_above(self, scale: Scale, margin: float, approach: bool = True) -> Array:
        """Posterior probability, after each outcome, of an effect above a margin, shape (Y0, Y1); see `LogitPairs.above`.

        After outcomes so improbable that a computer cannot hold their probability it is that of their observed sides.
        """
        marginal = self.probability
        region = self.pairs.above(scale, margin, approach)
        found = region.rest + self.total(region.mass, region.control) / np.maximum(marginal, _SMALLEST)
        known = marginal > _SMALLEST
        if not known.all():
            y0, y1 = np.arange(marginal.shape[0]), np.arange(marginal.shape[1])
            found = np.where(known, found, y1 * self.n_control > y0[:, None] * self.n_treated)
        return np.clip(found, 0.0, 1.0)
