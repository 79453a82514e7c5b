"""Posterior of one study's own effect and rates: integrals over its two logits.

Given all other studies the effect has density q(delta), so the joint density of the control logit a and the effect is
p(y_0 | a) p(y_1 | a + delta) p(m) q(delta) on a small grid, the prior of the baseline m as in `study_likelihood`. For a
fixed a, the treated logit, the risk difference and the risk ratio increase with delta: their distribution functions are
sums over a of one cumulative integral each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.interpolation import refined
from reanalysis.engines.marginal import GridMarginal
from reanalysis.engines.quadrature.functional import FunctionalMarginal
from reanalysis.engines.quadrature.grids import Lattice, finer_by, nice_step
from reanalysis.engines.quadrature.risk_grid import (
    KEPT,
    RESOLUTION,
    RiskGrid,
    precisions,
    risk_grid,
    scaled,
    standard_deviation,
)
from reanalysis.engines.quadrature.spectra import NOISE
from reanalysis.engines.quadrature.study_likelihood import NEGLIGIBLE, StudyLikelihood
from reanalysis.typing import Array, Flags


class Predictive(Protocol):
    """From a step to the density q of a study's effect given all others, on a lattice at most that coarse.

    With ``pulled`` the density is exact where the study's posterior lies, however far out.
    """

    def __call__(self, step: float, pulled: bool = False) -> tuple[Lattice, Array]:
        """Nodes, shape (D,), and the density at them."""


LOST = 1e-7
"""Largest share of a posterior that the rounding of its factors may make up."""

_LARGEST_EXPONENT = 700.0
_LARGEST_LATTICE = 2**20
_MOST_PRODUCTS = 2**9
"""Terms of a sum of products by each node that a lattice may have."""


@dataclass(frozen=True)
class StudyEffects:
    """Posterior of one study's two logits."""

    likelihood: StudyLikelihood
    """The study, with arms of its own."""
    control: tuple[Lattice, Array]
    treated: tuple[Lattice, Array]
    effect: tuple[Lattice, Array]
    """Posterior densities of the control logit, the treated logit and the effect, up to a factor, on lattices of one
    step."""
    given_others: Array
    """Density q at the nodes of the effect, shape (D,)."""
    coarsest: float
    """Largest step that resolves q."""

    @classmethod
    def of(cls, likelihood: StudyLikelihood, predictive: Predictive) -> StudyEffects:
        """Integrate each quantity's posterior over the others.

        Raises
        ------
        QuadratureError
            If there is mass at the edge of a grid, because the study contradicts all the others, or a grid would be
            too large.
        """
        natural, q = predictive(min(1.0, 0.5 * likelihood.effect_width(0.0)))
        width = standard_deviation(natural, q)
        step = RESOLUTION * (max(precisions(likelihood)) + width**-2) ** -0.5
        try:
            finer, ends = finer_by(natural.step, step), max(q[0], q[-1]) / q.max()
            if finer > 1 and ends > NOISE:  # refined it would ring
                return cls._on(likelihood, *predictive(step), natural.step, NOISE)
            fine = refined(q, finer) if finer > 1 else q
            return cls._on(likelihood, natural.finer(finer), fine, natural.step, NOISE)
        except QuadratureError:
            return cls._on(likelihood, *predictive(step, pulled=True), natural.step)

    @classmethod
    def _on(
        cls, likelihood: StudyLikelihood, effect: Lattice, q: Array, coarsest: float, noise: float = 0.0
    ) -> StudyEffects:
        name = likelihood.study.study
        noise *= float(q.max())
        control = likelihood.baseline_lattice(effect.step, effect)
        wide = control.plus(effect)
        _require_room(name, wide.size)
        control_factor, treated_factor = scaled(likelihood.control_factor(control)), likelihood.treated_factor(wide)
        treated, treated_factor = _cut(wide, scaled(treated_factor), treated_factor > treated_factor.max() - NEGLIGIBLE)
        possible = treated.minus(control)
        inside = (effect.index >= possible.first) & (effect.index <= possible.last)
        effect, q = _cut(effect, q, inside)
        log_factor = likelihood.effect_factor(effect)  # grows with the square of an effect: not for impossible ones
        with np.errstate(divide="ignore"):
            top = float((np.log(np.maximum(q, 0.0)) + log_factor).max())
            factor = np.exp(np.minimum(log_factor - top, _LARGEST_EXPONENT))
        q, rounding = q * factor, noise * factor
        if not likelihood.splits:
            return cls._over_both(
                likelihood, effect, q, rounding, coarsest, (control, control_factor), (treated, treated_factor)
            )
        # the product of the factors that have the fewest nodes comes first
        if effect.size < treated.size:
            _require_room(name, 2 * control.size * effect.size // _MOST_PRODUCTS)
            wide = control.plus(effect)
            spread = _within(treated, treated_factor, wide)
            by_effect = np.correlate(spread, control_factor, mode="valid")
            by_control = np.correlate(spread, q, mode="valid")
            by_treated = _within(wide, np.convolve(control_factor, q), treated)
        else:
            _require_room(name, treated.size * (control.size + effect.size) // _MOST_PRODUCTS)
            by_effect = _within(possible, np.correlate(treated_factor, control_factor, mode="full"), effect)
            by_control = _within(treated.minus(effect), np.correlate(treated_factor, q, mode="full"), control)
            by_treated = np.convolve(_within(effect, q, possible), control_factor, mode="valid")
        _require_resolved(name, q, rounding, by_effect)
        found = _used(effect, q * by_effect, name)
        return cls(
            likelihood,
            _used(control, control_factor * by_control, name),
            _used(treated, treated_factor * by_treated, name),
            found,
            _within(effect, q, found[0]),
            coarsest,
        )

    @classmethod
    def _over_both(
        cls, likelihood: StudyLikelihood, effect: Lattice, q: Array, rounding: Array, coarsest: float,
        control: tuple[Lattice, Array], treated: tuple[Lattice, Array],
    ) -> StudyEffects:  # fmt: skip
        """The same where the prior of the mean logit couples both arms: sums over each pair of logits."""
        name = likelihood.study.study
        (at_control, by_control), (at_treated, by_treated) = control, treated
        _require_room(name, at_control.size * effect.size // _MOST_PRODUCTS)
        half = Lattice(0.5 * effect.step, 2 * at_control.first, 2 * (at_control.size + effect.size)).plus(
            Lattice(0.5 * effect.step, effect.first, 1)
        )
        prior = likelihood.middle_factor(half)
        assert prior is not None
        middle = sliding_window_view(scaled(prior), effect.size)[: 2 * at_control.size : 2]
        wide = at_control.plus(effect)
        other = sliding_window_view(_within(at_treated, by_treated, wide), effect.size)
        likelihoods = by_control[:, None] * other * middle
        _require_resolved(name, q, rounding, likelihoods.sum(axis=0))
        mass = likelihoods * q
        found = _used(effect, mass.sum(axis=0), name)
        index = (np.arange(at_control.size)[:, None] + np.arange(effect.size)).ravel()
        over_treated = np.bincount(index, mass.ravel(), minlength=wide.size)
        return cls(
            likelihood,
            _used(at_control, mass.sum(axis=1), name),
            _used(at_treated, _within(wide, over_treated, at_treated), name),
            found,
            _within(effect, q, found[0]),
            coarsest,
        )

    @cached_property
    def _marginals(self) -> list[GridMarginal]:
        """Of the effect and of both logits."""
        each = (self.effect, self.control, self.treated)
        return GridMarginal.from_stretches([(lattice.points, density) for lattice, density in each])

    def log_odds_ratio(self) -> GridMarginal:
        """Posterior of the study's log odds ratio."""
        return self._marginals[0]

    def control_logit(self) -> GridMarginal:
        """Posterior of the logit of the control rate."""
        return self._marginals[1]

    def treated_logit(self) -> GridMarginal:
        """Posterior of the logit of the treated rate."""
        return self._marginals[2]

    def risk_difference(self) -> FunctionalMarginal:
        """Posterior of treated rate minus control rate."""
        return self._grid.risk_difference()

    def log_risk_ratio(self) -> FunctionalMarginal:
        """Posterior of the log of treated rate over control rate."""
        return self._grid.log_risk_ratio()

    @cached_property
    def _grid(self) -> RiskGrid:
        logits = (self.control[0], self.treated[0])
        return risk_grid(self.likelihood, logits, self.effect[0], self.given_others, self.coarsest)


def _cut(lattice: Lattice, values: Array, keep: Flags) -> tuple[Lattice, Array]:
    """The shortest stretch that contains every node marked."""
    if not keep.any():
        raise QuadratureError("a study contradicts the others, or its priors, by more than double precision resolves")
    part = lattice.part(keep)
    return part, _within(lattice, values, part)


def _within(lattice: Lattice, values: Array, wanted: Lattice) -> Array:
    """Values at the nodes of another lattice of the same step, 0 where there are none."""
    found = np.zeros(wanted.size)
    low, high = max(lattice.first, wanted.first), min(lattice.last, wanted.last)
    found[low - wanted.first : high - wanted.first + 1] = values[low - lattice.first : high - lattice.first + 1]
    return found


def _require_room(study: str, size: int) -> None:
    if size > _LARGEST_LATTICE:
        raise QuadratureError(f"priors this wide need too large a grid for study {study!r}, whose arms are large")


def _require_resolved(study: str, q: Array, rounding: Array, likelihood: Array) -> None:
    """Refuse a density q whose rounding the study's own likelihood raises to a share of its posterior that counts."""
    if rounding @ likelihood > LOST * (q @ likelihood):
        raise QuadratureError(f"study {study!r} lies where rounding hides what the other studies say of its effect")


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
    part = lattice.part(density > KEPT * top)
    first = part.first - lattice.first
    return part, density[first : first + part.size]


def _marginal(lattice: Lattice, density: Array) -> GridMarginal:
    return GridMarginal.from_density(lattice.points, density)


def effect_marginal(likelihood: StudyLikelihood, predictive: Predictive) -> GridMarginal:
    """Posterior of the effect of a study that has no arms to integrate over, or of one arm's logit."""
    coarse, q = predictive(1.0)
    narrow = min(likelihood.width(), standard_deviation(coarse, q))
    step = nice_step(narrow / 3)
    for pulled in (False, True):
        lattice, q = predictive(step, pulled)
        values, _ = likelihood.on(lattice)
        try:
            noise = 0.0 if pulled else NOISE * float(q.max())
            _require_resolved(likelihood.study.study, q, np.full(lattice.size, noise), values)
            return _marginal(*_used(lattice, values * q, likelihood.study.study))
        except QuadratureError:
            if pulled:
                raise
    raise AssertionError
