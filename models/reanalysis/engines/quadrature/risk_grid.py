"""The grid over which a study's risk difference and risk ratio are integrated: the mean logit and the effect.

Given the mean of both logits, risk difference and log risk ratio increase with the effect: here are the effect at which
each takes a value, and the slope of that relation. It is analytic in the mean logit wherever that is real, so sums over
the mean logit converge exponentially in their step, at any margin; over the logit of one arm they would not, where the
other arm's rate reaches 0 or 1. Where one arm is known far better than the other only a narrow band of effects has mass
beside a mean logit, and only that band is laid.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.interpolation import integrated, weighted_sd
from reanalysis.engines.quadrature.functional import Along, FunctionalMarginal, Inverse
from reanalysis.engines.quadrature.grids import Lattice, finer_by
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.typing import Array, Integers


@dataclass(frozen=True)
class MeanLogits:
    """Means of both logits of a study, shape (A, 1), given which a risk difference or a risk ratio is an effect."""

    middle: Array

    def effect_of_difference(self, x: Array) -> tuple[Array, Array]:
        """Effects at which the risk difference is x, shape (1, X), and their derivatives by x."""
        cosh, rest = np.cosh(self.middle), 1 - x**2
        effect = 2 * (np.arctanh(x) + np.arcsinh(x * cosh / np.sqrt(rest)))
        return effect, 2 / rest * (1 + cosh / np.sqrt(rest + (x * cosh) ** 2))

    def effect_of_log_ratio(self, r: Array) -> tuple[Array, Array]:
        """Effects at which the log risk ratio is r, shape (1, R), and their derivatives by r."""
        odds = np.exp(self.middle)
        tilted = odds * np.sinh(r / 2)
        return r + 2 * np.arcsinh(tilted), 1 + odds * np.cosh(r / 2) / np.sqrt(1 + tilted**2)


KEPT = 1e-12
"""Share of its maximum below which a density is dropped."""

RESOLUTION = 0.55
"""Grid step in conditional SDs: the spectrum of a normal density ends before the grid's, at 1e-7."""

_TABULATED = 0.42
"""The same along the effect, where distribution functions are read between nodes."""

_REFINED = 3
"""How much finer than its nodes the density along the effect is tabulated."""

_COARSEST = 0.6
"""Largest step of the mean logit: of a risk difference the effect has its poles pi / 2 from the real axis, and a sum in
steps h is wrong by exp(-pi^2 / h)."""

_LARGEST_GRID = 2**21


@dataclass(frozen=True)
class RiskGrid:
    """Posterior masses, shape (A, D), at nodes of the mean logit, shape (A, 1), and of the effect, shape (A, D)."""

    middle: Array
    effect: Array
    mass: Array

    @cached_property
    def logits(self) -> tuple[Array, Array]:
        """Control and treated logits, each of shape (A, D)."""
        half = 0.5 * self.effect
        return self.middle - half, self.middle + half

    @cached_property
    def _along_effect(self) -> Along:
        """For each mean logit the density along finer nodes of the effect, with its integral."""
        step = float(self.effect[0, 1] - self.effect[0, 0])
        density, cumulative = integrated(self.mass, step, _REFINED, together=True)
        return Along(self.effect[:, :1], step / _REFINED, density, cumulative)

    def risk_difference(self) -> FunctionalMarginal:
        """Posterior of treated rate minus control rate."""
        control, treated = self.logits
        inverse = MeanLogits(self.middle).effect_of_difference
        return self._functional(expit(treated) - expit(control), inverse, (-1.0, 1.0))

    def log_risk_ratio(self) -> FunctionalMarginal:
        """Posterior of the log of treated rate over control rate."""
        control, treated = self.logits
        inverse = MeanLogits(self.middle).effect_of_log_ratio
        # log expit(x) = min(x, 0) - log(1 + exp(-|x|)), one logarithm of both arms
        values = np.log((1 + np.exp(-np.abs(control))) / (1 + np.exp(-np.abs(treated))))
        values += np.minimum(treated, 0.0) - np.minimum(control, 0.0)
        return self._functional(values, inverse, (-np.inf, np.inf))

    def _functional(self, values: Array, inverse: Inverse, limits: tuple[float, float]) -> FunctionalMarginal:
        """Posterior of a function of both coordinates from its values (A, D) and its inverse along the effect."""
        return FunctionalMarginal(self._along_effect, values.ravel(), self.mass.ravel(), inverse, limits)


def risk_grid(
    likelihood: StudyLikelihood, logits: tuple[Lattice, Lattice], effect: Lattice, given_others: Array, coarsest: float
) -> RiskGrid:
    """The joint posterior of the mean logit and the effect.

    Parameters
    ----------
    likelihood : StudyLikelihood
        The study.
    logits : tuple of Lattice
        Where its control and its treated logit have mass.
    effect : Lattice
        Where its effect has.
    given_others : ndarray, shape (D,)
        Density of the effect given all else at the nodes of ``effect``.
    coarsest : float
        Largest step that resolves that density.

    Raises
    ------
    QuadratureError
        If the grid would be too large.
    """
    control, treated = logits
    first, second = precisions(likelihood)
    q_precision = standard_deviation(effect, given_others) ** -2
    half = 0.5 * effect.step  # nodes of all coordinates are multiples of it
    along_effect = _TABULATED * (0.25 * (first + second) + q_precision) ** -0.5
    every = finer_by(min(along_effect, coarsest), effect.step)
    stride = finer_by(min(_COARSEST, RESOLUTION * (first + second) ** -0.5), half)
    low, high = (control.first + treated.first) // stride, -(-(control.last + treated.last) // stride)
    middle = stride * np.arange(low, high + 1)
    # effects that both logits allow beside each mean logit, in steps of the lattice
    lowest = np.maximum(np.maximum(middle - 2 * control.last, 2 * treated.first - middle), effect.first)
    highest = np.minimum(np.minimum(middle - 2 * control.first, 2 * treated.last - middle), effect.last)
    start = (lowest - effect.first) // every
    size = int(((highest - effect.first) // every - start).max()) + 2
    if len(middle) * size > _LARGEST_GRID:
        raise QuadratureError(
            f"the risk difference of study {likelihood.study.study!r} needs a grid of {len(middle) * size:.2g} nodes"
        )
    place = start[:, None] + np.arange(size)
    return _laid(likelihood, half, middle[:, None], 2 * (effect.first + every * place), every * place, given_others)


def _laid(
    likelihood: StudyLikelihood, half: float, i: Integers, j: Integers, place: Integers, given_others: Array
) -> RiskGrid:
    """The grid from indices, in half steps of the lattice, of mean logits and effects, and places among the latter."""
    with_ends = np.concatenate(([0.0], given_others, [0.0]))
    mass = with_ends.take(np.minimum(np.maximum(place, -1), len(given_others)) + 1)
    factors = [(i - j // 2, likelihood.control_factor), (i + j // 2, likelihood.treated_factor)]
    for index, factor in factors:
        lattice = _covering(half, index)
        mass *= scaled(factor(lattice)).take(index - lattice.first)
    prior = likelihood.middle_factor(_covering(half, i))
    if prior is not None:
        mass *= scaled(prior).take(i - int(i.min()))
    by_middle = mass.sum(axis=1)
    kept = np.flatnonzero(by_middle > KEPT * by_middle.max())
    rows = slice(int(kept[0]), int(kept[-1]) + 1)
    return RiskGrid(half * i[rows].astype(float), half * j[rows].astype(float), mass[rows] / by_middle.sum())


def _covering(step: float, index: Integers) -> Lattice:
    """The shortest lattice with these multiples of its step."""
    first = int(index.min())
    return Lattice(step, first, int(index.max()) - first + 1)


def precisions(likelihood: StudyLikelihood) -> tuple[float, float]:
    """Precision of the control logit, prior included, and of the treated logit."""
    control = likelihood.information("control") + likelihood.prior_information
    return control, likelihood.information("treated")


def scaled(log_factor: Array) -> Array:
    """Values whose largest is 1, from their logs."""
    return np.exp(log_factor - log_factor.max())


def standard_deviation(lattice: Lattice, density: Array) -> float:
    """SD of a density on a lattice."""
    mass = density / density.sum()
    return weighted_sd(mass, lattice.points)
