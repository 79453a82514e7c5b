"""The grid over which a study's risk difference and risk ratio are integrated: an outer coordinate and the effect.

The outer coordinate is one logit or the mean of both. Whatever it is, risk difference and log risk ratio increase with
the effect: here are the effect at which each takes a value, and the slope of that relation. The mean logit is at once
exact and without limits; the logit of the arm that is known best makes the grid small where the other arm is all but
unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.special import expit, log_expit, logit

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.interpolation import integrated
from reanalysis.engines.quadrature.functional import Along, FunctionalMarginal, Inverse
from reanalysis.engines.quadrature.grids import Lattice, finer_by
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.typing import Array

Outer = Literal["middle", "control", "treated"]

WEIGHTS: dict[Outer, tuple[float, float]] = {"middle": (0.5, 0.5), "control": (0.0, 1.0), "treated": (1.0, 0.0)}
"""Shares of the effect by which the control logit lies below and the treated logit above the outer coordinate."""


@dataclass(frozen=True)
class Coordinates:
    """The outer coordinate and its nodes.

    Parameters
    ----------
    outer : {"middle", "control", "treated"}
        The mean logit, or the logit of one arm.
    at : ndarray, shape (A, 1)
        Its nodes.
    """

    outer: Outer
    at: Array

    def logits(self, effect: Array) -> tuple[Array, Array]:
        """Control and treated logits at effects, shape (D,): two arrays of shape (A, D)."""
        below, above = WEIGHTS[self.outer]
        return self.at - below * effect, self.at + above * effect

    def effect_of_difference(self, x: Array) -> tuple[Array, Array]:
        """Effects at which the risk difference is x, shape (1, X), and their derivatives by x."""
        if self.outer == "control":
            treated = np.clip(expit(self.at) + x, 0.0, 1.0)
            return logit(treated) - self.at, 1 / (treated * (1 - treated))
        if self.outer == "treated":
            control = np.clip(expit(self.at) - x, 0.0, 1.0)
            return self.at - logit(control), 1 / (control * (1 - control))
        cosh, rest = np.cosh(self.at), 1 - x**2
        effect = 2 * (np.arctanh(x) + np.arcsinh(x * cosh / np.sqrt(rest)))
        return effect, 2 / rest * (1 + cosh / np.sqrt(rest + (x * cosh) ** 2))

    def effect_of_log_ratio(self, r: Array) -> tuple[Array, Array]:
        """Effects at which the log risk ratio is r, shape (1, R), and their derivatives by r."""
        if self.outer == "control":
            log_treated = np.minimum(log_expit(self.at) + r, 0.0)
            rest = -np.expm1(log_treated)
            return log_treated - np.log(rest) - self.at, 1 / rest
        if self.outer == "treated":
            log_control = np.minimum(log_expit(self.at) - r, 0.0)
            rest = -np.expm1(log_control)
            return self.at - log_control + np.log(rest), 1 / rest
        odds = np.exp(self.at)
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

_FEW = 20_000
"""Nodes of a grid of the mean logit for which no other coordinate is looked at."""

_LARGEST_GRID = 2**20


@dataclass(frozen=True)
class _Plan:
    """A grid to be laid: strides in half steps of the lattice, index of the first outer node in its strides."""

    outer: Outer
    outer_stride: int
    low: int
    outer_size: int
    effect_stride: int
    effect_size: int

    @property
    def nodes(self) -> int:
        return self.outer_size * self.effect_size


@dataclass(frozen=True)
class RiskGrid:
    """Posterior masses, shape (A, D), at nodes of the outer coordinate and of the effect, shape (D,)."""

    coordinates: Coordinates
    effect: Array
    mass: Array

    @cached_property
    def logits(self) -> tuple[Array, Array]:
        """Control and treated logits, each of shape (A, D)."""
        return self.coordinates.logits(self.effect)

    @cached_property
    def _along_effect(self) -> Along:
        """For each outer node the density along finer nodes of the effect, with its integral."""
        step = float(self.effect[1] - self.effect[0])
        density, cumulative = integrated(self.mass, step, _REFINED)
        return Along(self.effect[0] + step / _REFINED * np.arange(density.shape[1]), density, cumulative)

    def functional(
        self, values: Array, inverse: Inverse, limits: tuple[float, float] = (-np.inf, np.inf)
    ) -> FunctionalMarginal:
        """Posterior of a function of both coordinates from its values (A, D) and its inverse along the effect."""
        return FunctionalMarginal(self._along_effect, values.ravel(), self.mass.ravel(), inverse, limits)


def risk_grid(
    likelihood: StudyLikelihood, logits: tuple[Lattice, Lattice], effect: Lattice, given_others: Array, coarsest: float
) -> RiskGrid:
    """The joint posterior in the coordinates that need the fewest nodes, the mean logit if it needs few.

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
    known = (*precisions(likelihood), standard_deviation(effect, given_others) ** -2)
    plan = _planned(known, logits, effect, coarsest, "middle")
    if plan.nodes > _FEW:
        plan = min((_planned(known, logits, effect, coarsest, outer) for outer in WEIGHTS), key=lambda p: p.nodes)
    if plan.nodes > _LARGEST_GRID:
        raise QuadratureError(
            f"the risk difference of study {likelihood.study.study!r} needs a grid of {plan.nodes:.2g} nodes"
        )
    return _laid(likelihood, effect, given_others, plan)


def _planned(
    known: tuple[float, float, float], logits: tuple[Lattice, Lattice], effect: Lattice, coarsest: float, outer: Outer
) -> _Plan:
    """Strides, in half steps of the lattice, along the outer coordinate and the effect, and the nodes they make.

    ``known`` has the precisions of the control logit, of the treated logit and of the effect given the others.
    """
    control, treated = logits
    below, above = WEIGHTS[outer]
    first, second, q_precision = known
    along_outer = RESOLUTION * (first + second) ** -0.5
    along_effect = _TABULATED * (below**2 * first + above**2 * second + q_precision) ** -0.5
    stride = 2 * finer_by(min(along_effect, coarsest), effect.step)
    outer_stride = finer_by(along_outer, 0.5 * effect.step)
    ends = [2 * (below * t + above * c) for t, c in ((treated.first, control.first), (treated.last, control.last))]
    low, high = int(ends[0]) // outer_stride, -(-int(ends[1]) // outer_stride)
    return _Plan(outer, outer_stride, low, high - low + 1, stride, -(-2 * effect.size // stride))


def _laid(likelihood: StudyLikelihood, effect: Lattice, given_others: Array, plan: _Plan) -> RiskGrid:
    half, (below, above) = 0.5 * effect.step, WEIGHTS[plan.outer]
    every = plan.effect_stride // 2
    i = plan.outer_stride * (plan.low + np.arange(plan.outer_size))[:, None]
    j = 2 * (effect.first + every * np.arange(-(-effect.size // every)))
    mass = np.ones((len(i), len(j)))
    for share, factor in ((-below, likelihood.control_factor), (above, likelihood.treated_factor)):
        index = i + (share * j).astype(np.int64)
        first = int(index.min())
        lattice = Lattice(half, first, int(index.max()) - first + 1)
        mass *= scaled(factor(lattice))[index - first]
    if not likelihood.splits:
        index = i + ((above - below) / 2 * j).astype(np.int64)
        lattice = Lattice(half, int(index.min()), int(index.max()) - int(index.min()) + 1)
        prior = likelihood.middle_factor(lattice)
        assert prior is not None
        mass *= scaled(prior)[index - lattice.first]
    mass *= given_others[::every]
    by_outer = mass.sum(axis=1)
    kept = np.flatnonzero(by_outer > KEPT * by_outer.max())
    rows = slice(int(kept[0]), int(kept[-1]) + 1)
    coordinates = Coordinates(plan.outer, half * i[rows].astype(float))
    return RiskGrid(coordinates, half * j.astype(float), mass[rows] / by_outer.sum())


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
    mean = mass @ lattice.points
    return float(np.sqrt(mass @ (lattice.points - mean) ** 2))
