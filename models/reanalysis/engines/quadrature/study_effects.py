"""What do we know of one study's own effect and rates? Integrals over its two logits.

Given all other studies the effect has density q(delta), so the joint density of the control logit a and the effect is
p(y_0 | a) p(a) p(y_1 | a + delta) q(delta) on a small grid. For a fixed a, the treated logit, the risk difference and
the risk ratio increase with delta: their distribution functions are sums over a of one cumulative integral each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.interpolation import cumulative_integral, refined
from reanalysis.engines.marginal import GridMarginal, Transform
from reanalysis.engines.quadrature.functional import FunctionalMarginal
from reanalysis.engines.quadrature.lattice import Lattice, nice_step
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood

Array = NDArray[np.float64]


class Predictive(Protocol):
    """From a step to the density q of a study's effect given all others, on a lattice at most that coarse.

    With ``pulled`` the density is exact where the study's posterior lies, however far out.
    """

    def __call__(self, step: float, pulled: bool = False) -> tuple[Lattice, Array]:
        """Nodes, shape (D,), and the density at them."""


_KEEP = 1e-12
"""Share of its maximum below which a density is dropped."""

_RESOLUTION = 0.55
"""Grid step in conditional SDs: the spectrum of a normal density ends before the grid's, at 1e-7."""

_REFINED = 4
"""How much finer than its nodes the density along the effect is tabulated."""


@dataclass(frozen=True)
class StudyEffects:
    """Posterior of one study's two logits.

    Parameters
    ----------
    likelihood : StudyLikelihood
        The study, with arms of its own.
    control, treated, effect : tuple of (Lattice, ndarray)
        Posterior densities of the control logit, the treated logit and the effect, up to a factor, on lattices of
        one step.
    given_others : ndarray, shape (D,)
        Density q at the nodes of the effect.
    """

    likelihood: StudyLikelihood
    control: tuple[Lattice, Array]
    treated: tuple[Lattice, Array]
    effect: tuple[Lattice, Array]
    given_others: Array

    @classmethod
    def of(cls, likelihood: StudyLikelihood, predictive: Predictive) -> StudyEffects:
        """Integrate each quantity's posterior over the others.

        Raises
        ------
        QuadratureError
            If there is mass at the edge of a grid: the study contradicts all the others.
        """
        q_width = _standard_deviation(*predictive(1.0))
        step = _RESOLUTION * (max(_precisions(likelihood)) + q_width**-2) ** -0.5
        try:
            return cls._on(likelihood, *predictive(step))
        except QuadratureError:
            return cls._on(likelihood, *predictive(step, pulled=True))

    @classmethod
    def _on(cls, likelihood: StudyLikelihood, effect: Lattice, q: Array) -> StudyEffects:
        control = likelihood.baseline_lattice(effect.step)
        treated = control.plus(effect)
        control_factor = _scaled(likelihood.control_factor(control))
        treated_factor = _scaled(likelihood.treated_factor(treated))
        name = likelihood.study.study
        by_effect = _used(effect, q * np.correlate(treated_factor, control_factor, mode="valid"), name)
        first = by_effect[0].first - effect.first
        return cls(
            likelihood,
            _used(control, control_factor * np.correlate(treated_factor, q, mode="valid"), name),
            _used(treated, treated_factor * np.convolve(control_factor, q), name),
            by_effect,
            q[first : first + by_effect[0].size],
        )

    def log_odds_ratio(self) -> GridMarginal:
        """Posterior of the study's log odds ratio."""
        return _marginal(*self.effect)

    def control_logit(self) -> GridMarginal:
        """Posterior of the logit of the control rate."""
        return _marginal(*self.control)

    def treated_logit(self) -> GridMarginal:
        """Posterior of the logit of the treated rate."""
        return _marginal(*self.treated)

    def risk_difference(self) -> FunctionalMarginal:
        """Posterior of treated rate minus control rate."""
        middle, half = self._middle, 0.5 * self.effect[0].points
        values = expit(middle + half) - expit(middle - half)
        along = _AtDifference(np.cosh(middle))
        return self._functional(values, along.effect, along.slope, limits=(-1.0, 1.0))

    def log_risk_ratio(self) -> FunctionalMarginal:
        """Posterior of the log of treated rate over control rate."""
        middle, half = self._middle, 0.5 * self.effect[0].points
        values = np.logaddexp(0.0, half - middle) - np.logaddexp(0.0, -half - middle)
        along = _AtLogRatio(np.exp(middle))
        return self._functional(values, along.effect, along.slope)

    @cached_property
    def _joint(self) -> tuple[Lattice, Array]:
        """Nodes of the mean logit m, and posterior masses of m and the effect, shape (M, D)."""
        effect = self.effect[0]
        half = 0.5 * effect.step
        wanted = _RESOLUTION * sum(_precisions(self.likelihood)) ** -0.5
        stride = int(2 ** max(0.0, np.floor(np.log2(wanted / half))))
        (control, _), (treated, _) = self.control, self.treated
        low = (control.first + treated.first) // stride
        high = -(-(control.last + treated.last) // stride)
        m = stride * np.arange(low, high + 1)[:, None]
        j = effect.first + np.arange(effect.size)
        controls = Lattice(half, int(m[0, 0] - j[-1]), int(m[-1, 0] - m[0, 0]) + len(j))
        treateds = Lattice(half, int(m[0, 0] + j[0]), controls.size)
        mass = _scaled(self.likelihood.control_factor(controls))[m - j - controls.first]
        mass *= _scaled(self.likelihood.treated_factor(treateds))[m + j - treateds.first]
        mass *= self.given_others
        by_middle = mass.sum(axis=1)
        kept = np.flatnonzero(by_middle > _KEEP * by_middle.max())
        first, last = int(kept[0]), int(kept[-1]) + 1
        return Lattice(half * stride, low + first, last - first), mass[first:last] / by_middle.sum()

    @cached_property
    def _middle(self) -> Array:
        """Nodes of the mean logit, shape (M, 1)."""
        return self._joint[0].points[:, None]

    @cached_property
    def _along_effect(self) -> tuple[Array, Array, Array]:
        """Fine nodes of the effect; for each mean logit the density along it and its cumulative integral."""
        effect = self.effect[0]
        density = refined(self._joint[1], _REFINED)
        step = effect.step / _REFINED
        return (
            effect.points[0] + step * np.arange(density.shape[1]),
            density,
            cumulative_integral(density, step),
        )

    def _functional(
        self,
        values: Array,
        inverse: Transform,
        slope: Transform,
        limits: tuple[float, float] = (-np.inf, np.inf),
    ) -> FunctionalMarginal:
        return FunctionalMarginal(*self._along_effect, values.ravel(), self._joint[1].ravel(), inverse, slope, limits)


@dataclass(frozen=True)
class _AtDifference:
    """The effect at which the rates differ by x, for each mean logit; ``cosh`` is its hyperbolic cosine, (M, 1)."""

    cosh: Array

    def effect(self, x: Array) -> Array:
        """The effect, shape (M, X)."""
        return 2 * (np.arctanh(x) + np.arcsinh(x * self.cosh / np.sqrt(1 - x**2)))

    def slope(self, x: Array) -> Array:
        """Its derivative, shape (M, X)."""
        rest = 1 - x**2
        return 2 / rest * (1 + self.cosh / np.sqrt(rest + (x * self.cosh) ** 2))


@dataclass(frozen=True)
class _AtLogRatio:
    """The effect at which the log risk ratio is r, for each mean logit; ``odds`` is its exponential, (M, 1)."""

    odds: Array

    def effect(self, r: Array) -> Array:
        """The effect, shape (M, X)."""
        return r + 2 * np.arcsinh(self.odds * np.sinh(r / 2))

    def slope(self, r: Array) -> Array:
        """Its derivative, shape (M, X)."""
        return 1 + self.odds * np.cosh(r / 2) / np.sqrt(1 + (self.odds * np.sinh(r / 2)) ** 2)


def _precisions(likelihood: StudyLikelihood) -> tuple[float, float]:
    """Precision of the control logit, prior included, and of the treated logit."""
    control = likelihood.information("control") + likelihood.baseline.sd**-2
    return control, likelihood.information("treated")


def _scaled(log_factor: Array) -> Array:
    return np.exp(log_factor - log_factor.max())


def _used(lattice: Lattice, density: Array, study: str) -> tuple[Lattice, Array]:
    """The part of a density that counts.

    Raises
    ------
    QuadratureError
        If nothing counts, or what counts reaches an edge.
    """
    top = float(density.max())
    if not top > 0 or max(density[0], density[-1]) > 1e-6 * top:
        raise QuadratureError(
            f"the posterior of study {study!r} does not fit its grid: the study contradicts the other studies, or "
            "its priors, by more than double precision resolves"
        )
    part = lattice.part(density > _KEEP * top)
    first = part.first - lattice.first
    return part, density[first : first + part.size]


def _marginal(lattice: Lattice, density: Array) -> GridMarginal:
    return GridMarginal.from_density(lattice.points, density)


def effect_marginal(likelihood: StudyLikelihood, predictive: Predictive) -> GridMarginal:
    """Posterior of the effect of a study that has no arms to integrate over, or of one arm's logit."""
    coarse, q = predictive(1.0)
    narrow = min(likelihood.width(), _standard_deviation(coarse, q))
    step = nice_step(narrow / 3)
    for pulled in (False, True):
        lattice, q = predictive(step, pulled)
        values, _ = likelihood.on(lattice)
        try:
            return _marginal(*_used(lattice, values * q, likelihood.study.study))
        except QuadratureError:
            if pulled:
                raise
    raise AssertionError


def _standard_deviation(lattice: Lattice, density: Array) -> float:
    mass = density / density.sum()
    mean = mass @ lattice.points
    return float(np.sqrt(mass @ (lattice.points - mean) ** 2))
