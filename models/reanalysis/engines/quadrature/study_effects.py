"""What do we know of one study's own effect and rates? Integrals over its two logits.

Given all other studies the effect has density q(delta), so the joint density of the control logit a and the effect is
p(y_0 | a) p(a) p(y_1 | a + delta) q(delta) on a small grid. For a fixed a, the treated logit, the risk difference and the
risk ratio increase with delta: their distribution functions are sums over a of one cumulative integral each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.special import expit, logit

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.interpolation import cumulative_integral
from reanalysis.engines.marginal import GridMarginal
from reanalysis.engines.quadrature.functional import functional_marginal
from reanalysis.engines.quadrature.lattice import Lattice, finer_by, nice_step
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood

Array = NDArray[np.float64]

Predictive = Callable[[float], tuple[Lattice, Array]]
"""From a step to the density q of the study's effect given all others, on a lattice at most that coarse."""

_KEEP = 1e-12


@dataclass(frozen=True)
class StudyEffects:
    """Joint posterior of one study's control logit and effect.

    Parameters
    ----------
    control : Lattice
        Nodes a of the control logit, A of them.
    effect : Lattice
        Nodes of the log odds ratio, D of them.
    mass : ndarray, shape (A, D)
        Posterior masses, summing to 1.
    """

    control: Lattice
    effect: Lattice
    mass: Array

    @classmethod
    def of(cls, likelihood: StudyLikelihood, predictive: Predictive) -> StudyEffects:
        """Build the grid of a study with arms of its own."""
        study = likelihood.study.study
        control_information = likelihood.control_information + likelihood.baseline.sd**-2
        treated_information = max(likelihood.treated_information, 1.0)
        control_step = min(control_information**-0.5 / 4, 0.8 * likelihood.width)
        q_width = _standard_deviation(*predictive(1.0))
        effect, q = predictive(min(treated_information**-0.5, q_width) / 3)
        control_ratio = control_step / effect.step
        fine = finer_by(effect.step, control_step)  # control nodes closer than effect nodes, or
        stride = max(1, int(2 ** np.floor(np.log2(control_ratio)))) if fine == 1 else 1  # wider
        step = effect.step / fine
        control = likelihood.baseline_lattice(step * stride)
        treated = Lattice(
            step,
            control.first * stride + effect.first * fine,
            (control.size - 1) * stride + (effect.size - 1) * fine + 1,
        )
        treated_factor = likelihood.treated_factor(treated)
        treated_factor = np.exp(treated_factor - treated_factor.max())
        rows = sliding_window_view(treated_factor, (effect.size - 1) * fine + 1)
        control_factor = likelihood.control_factor(control)
        control_factor = np.exp(control_factor - control_factor.max())
        mass = rows[::stride, ::fine] * control_factor[:, None] * q
        total = float(mass.sum())
        if not total > 0:
            raise QuadratureError(f"study {study!r} has no posterior mass on its grid")
        mass /= total
        by_control, by_effect = mass.sum(axis=1), mass.sum(axis=0)
        if max(by_control[[0, -1]]) > 1e-6 or max(by_effect[[0, -1]]) > 1e-6:
            raise QuadratureError(f"posterior mass of study {study!r} reaches the edge of its grid")
        used_control = control.part(by_control > _KEEP)
        used_effect = effect.part(by_effect > _KEEP)
        mass = mass[
            used_control.first - control.first :, used_effect.first - effect.first :
        ][: used_control.size, : used_effect.size]
        return cls(used_control, used_effect, mass)

    def log_odds_ratio(self) -> GridMarginal:
        """Posterior of the study's log odds ratio."""
        return GridMarginal.from_density(self.effect.points, self.mass.sum(axis=0))

    def control_logit(self) -> GridMarginal:
        """Posterior of the logit of the control rate."""
        return GridMarginal.from_density(self.control.points, self.mass.sum(axis=1))

    def treated_logit(self) -> GridMarginal:
        """Posterior of the logit of the treated rate."""
        a, d = self._axes
        return self._functional(a + d, lambda x: x - a, lambda x: np.ones_like(a + x))

    def risk_difference(self) -> GridMarginal:
        """Posterior of treated rate minus control rate."""
        a, d = self._axes
        control = expit(a)

        def slope(x: Array) -> Array:
            rate = np.clip(control + x, 1e-300, 1.0)
            with np.errstate(divide="ignore"):
                return 1 / (rate * (1 - rate))

        return self._functional(
            expit(a + d) - control, lambda x: logit(np.clip(control + x, 0.0, 1.0)) - a, slope
        )

    def log_risk_ratio(self) -> GridMarginal:
        """Posterior of the log of treated rate over control rate."""
        a, d = self._axes
        log_control = -np.logaddexp(0.0, -a)

        def inverse(x: Array) -> Array:
            return logit(np.minimum(np.exp(log_control + x), 1.0)) - a

        def slope(x: Array) -> Array:
            with np.errstate(divide="ignore"):
                return 1 / (1 - np.minimum(np.exp(log_control + x), 1.0))

        return self._functional(-np.logaddexp(0.0, -(a + d)) - log_control, inverse, slope)

    @cached_property
    def _axes(self) -> tuple[Array, Array]:
        return self.control.points[:, None], self.effect.points[None, :]

    @cached_property
    def _cumulative(self) -> tuple[Array, Array]:
        """Density along the effect and its cumulative integral for each a, both (A, D)."""
        density = self.mass / self.effect.step
        return density, cumulative_integral(density, self.effect.step)

    def _functional(
        self, values: Array, inverse: Callable[[Array], Array], slope: Callable[[Array], Array]
    ) -> GridMarginal:
        return functional_marginal(
            self.effect.points, *self._cumulative, self.mass, values, inverse, slope
        )


def effect_marginal(likelihood: StudyLikelihood, predictive: Predictive) -> GridMarginal:
    """Posterior of the effect of a study that has no arms to integrate over, or of one arm's logit."""
    coarse, q = predictive(1.0)
    narrow = min(likelihood.width, _standard_deviation(coarse, q))
    lattice, q = predictive(nice_step(narrow / 4))
    values, _ = likelihood.on(lattice)
    density = values * q
    window = lattice.part(density > _KEEP * density.max())
    start = window.first - lattice.first
    return GridMarginal.from_density(window.points, density[start : start + window.size])


def _standard_deviation(lattice: Lattice, density: Array) -> float:
    mass = density / density.sum()
    mean = mass @ lattice.points
    return float(np.sqrt(mass @ (lattice.points - mean) ** 2))
