"""Likelihood of the effect of a study that is told in words alone: the probability that its claims would be made.

With A the pairs of counts that the claims allow (:mod:`reanalysis.model.claims`) and m the study's own baseline,

    L(delta) = int p(m) sum_{(x, y) in A} p(x | m - delta / 2) p(y | m + delta / 2 + beta) dm,

a bilinear form in the arms' probabilities, tabulated once. Where a benchmark is declared the prior is on the control
logit instead, so that L says what the claims say and nothing else. A bias beta of the comparison smooths the treated
arm's probabilities beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy.interpolate import BSpline, make_interp_spline

from reanalysis.engines.benchmark import log_robust_factor
from reanalysis.engines.quadrature.grids import Lattice, nice_step
from reanalysis.model.claims import allowed, log_probabilities
from reanalysis.model.data import StudyData
from reanalysis.model.likelihood import information
from reanalysis.typing import Array, Integers

_FARTHEST = 40.0
"""Log odds ratio up to which a likelihood is tabulated; beyond it falls, or stays, as it does there."""

_REACH = 32.0
"""Scales of the baseline's prior around its centre that the integral covers, beside half an effect."""

_CERTAIN = 24.0
"""Logits beyond that of one patient in an arm where its counts are certain to 1e-10."""

_BY_WIDTH = 0.35
"""Step of the table in the scale of the steepest probability."""

_BIAS_REACH, _BIAS_STEP = 8.0, 0.6
"""SDs of a bias beyond which it has no mass, and the step of its integral in the scale of the integrand."""


def log_said_of(study: StudyData, effect: Array) -> Array:
    """Log probability that the claims of a study are made, its baseline integrated out.

    Parameters
    ----------
    study : StudyData
        One that is told in words.
    effect : ndarray
        Log odds ratios, any shape, which is that of the result.
    """
    return _table(study).log_likelihood(effect)


def draw_control(study: StudyData, effect: Array, rng: np.random.Generator) -> Array:
    """Control logits given effects, one each, by inversion on the nodes of the table."""
    table = _table(study)
    nodes = np.clip(np.rint(effect / (2 * table.step)), -table.far, table.far).astype(int)
    drawn = np.empty_like(effect)
    for node in np.unique(nodes):
        (at,) = np.nonzero(nodes == node)
        cumulative = np.cumsum(table.given(int(node)))
        place = np.searchsorted(cumulative, rng.uniform(size=len(at)) * cumulative[-1])
        baseline = table.step * (
            table.baselines[np.minimum(place, len(cumulative) - 1)] + rng.uniform(-0.5, 0.5, len(at))
        )
        drawn[at] = baseline - table.below * effect[at]
    return drawn


@dataclass(frozen=True)
class _Table:
    """Probability of the claims on a lattice of both logits, with the prior of the baseline."""

    step: float
    """Of the logits and of the baselines; effects are two steps apart, so that both logits lie on the lattice."""
    both: Array
    """Probability of the claims, C steps either side of 0 of the control and the treated logit, as at the end beyond,
    shape (2 C + 1, 2 C + 1)."""
    baselines: Integers
    """Baselines in steps, shape (B,)."""
    prior: Array
    """Their prior masses, shape (B,)."""
    below: float
    """Share of the effect by which the control logit lies below the baseline."""

    @property
    def far(self) -> int:
        """Pairs of steps up to which the likelihood is tabulated."""
        return int(_FARTHEST / (2 * self.step))

    def given(self, effect: int) -> Array:
        """Prior mass of each baseline times the probability of the claims, of an effect in pairs of steps."""
        certain = len(self.both) // 2
        control = self.baselines - round(2 * self.below * effect) + certain
        rows, columns = np.clip(control, 0, 2 * certain), np.clip(control + 2 * effect, 0, 2 * certain)
        return np.asarray(self.both[rows, columns] * self.prior)

    @cached_property
    def _spline(self) -> BSpline:
        effects = np.arange(-self.far, self.far + 1)
        values = np.array([self.given(int(effect)).sum() for effect in effects])
        return make_interp_spline(2 * self.step * effects, np.log(np.maximum(values, 1e-300)), k=5)

    def log_likelihood(self, effect: Array) -> Array:
        """Log likelihood of the effect, smooth between the nodes and straight beyond them."""
        end = 2 * self.step * self.far
        inside = np.clip(effect, -end, end)
        slope = np.where(effect < 0, self._spline(-end, 1), self._spline(end, 1))
        return np.asarray(self._spline(inside) + slope * (effect - inside))


@lru_cache(maxsize=256)
def _table(study: StudyData) -> _Table:
    assert study.told is not None
    assert study.control is not None
    assert study.treated is not None
    told, baseline = study.told, study.told.baseline
    known = [information(arm, study.rho) for arm in (study.control, study.treated)]
    step = nice_step(_BY_WIDTH * (sum(known) + 1.0) ** -0.5)
    certain = int((_CERTAIN + np.log(max(*study.control.n, *study.treated.n))) / step) + 1
    logits = Lattice(step, -certain, 2 * certain + 1).points
    said = np.exp(log_probabilities(study.control, study.rho, logits)) @ allowed(study).astype(float)
    both = said @ _treated(study, logits).T
    reach = baseline.reach(_REACH) / step
    centre = baseline.quantile(0.5) / step
    baselines = np.arange(int(centre - reach), int(centre + reach) + 1)
    log_prior = baseline.logpdf(step * baselines)
    if told.benchmark is not None:
        log_prior = log_prior + log_robust_factor(told.benchmark, baseline, step * baselines)
    return _Table(step, both, baselines, step * np.exp(log_prior), told.below)


def _treated(study: StudyData, logits: Array) -> Array:
    """Probability of each candidate of the treated arm at each logit without its bias, shape (logits, candidates)."""
    assert study.treated is not None
    if study.bias == 0:
        return np.exp(log_probabilities(study.treated, study.rho, logits + study.bias_mean))
    narrow = (information(study.treated, study.rho) + study.bias**-2) ** -0.5
    count = int(np.ceil(_BIAS_REACH * study.bias / (_BIAS_STEP * narrow)))
    z = np.linspace(-_BIAS_REACH, _BIAS_REACH, 2 * count + 1)
    weight = np.exp(-0.5 * z**2)
    found = np.zeros((len(logits), len(study.treated)))
    for at, share in zip(study.bias_mean + study.bias * z, weight / weight.sum(), strict=True):
        found += share * np.exp(log_probabilities(study.treated, study.rho, logits + at))
    return found
