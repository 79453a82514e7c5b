"""The joint distribution of the two logits of a trial on a grid, and sums over it for every outcome at once.

Given the logits a and b of the control and treated rates the counts of the two arms are independent, so that a sum over
all logits, for all outcomes (y0, y1), is a product of three matrices, p(y0 | a) w(a, b) p(y1 | b), where w is the joint
density times whatever is to be averaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol, get_args

import numpy as np
from scipy.special import expit, logit

from reanalysis.decisions.logit_nodes import STEP, Logits, count_probabilities
from reanalysis.typing import Array, Integers

Scale = Literal["rd", "or"]
"""Risk difference, or odds ratio; treated against control."""

SCALES: tuple[Scale, ...] = get_args(Scale)

_SMALLEST = 1e-300


class JointDensity(Protocol):
    """A joint density of the logits of two arms."""

    def nodes(self, n_control: int, n_treated: int, step: float) -> tuple[Logits, Logits]:
        """Nodes of the control and the treated logit, a step apart, that resolve so many patients in either arm."""

    def density(self, control: Array, treated: Array) -> Array:
        """Density, up to a factor, of each pair of a control and a treated logit, shape (N0, N1)."""


@dataclass(frozen=True)
class Region:
    """Where an effect lies above a margin."""

    control: Logits
    """Control nodes, N0 of them."""
    mass: Array
    """Mass of each pair within the region; or, below 0, of each pair outside it, shape (N0, N1)."""
    rest: int = 0
    """What the sum of the mass is to be added to: 1 where it is that of pairs outside."""


@dataclass(frozen=True)
class LogitPairs:
    """A joint distribution of the logits of two arms on nodes."""

    prior: JointDensity
    """The distribution."""
    control: Logits
    treated: Logits
    """Nodes, N0 and N1 of them."""

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
    """Every outcome of a trial of so many patients under a joint distribution of the logits."""

    pairs: LogitPairs
    """Prior of the two logits."""
    n_control: int
    n_treated: int
    """Patients of each arm."""
    counts: tuple[Integers, Integers] | None = None
    """Counts of either arm that are meant, all of them where it is None; Y0 and Y1 in number."""

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
        """Posterior probability, after each outcome, of an effect above a margin, shape (Y0, Y1).

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
