"""Likelihood of one study's effect: the probability of what it reported, its baseline integrated out.

With the control logit a and the baseline m = a + delta / 2 (or a itself, where the prior is anchored there),

    L(delta) = int p(y_0 | a) p(y_1 | a + delta) p(m) da,

a sum over a lattice of logits. A normal prior of the mean logit splits into a factor of each logit and one of the
effect, because (a + b)^2 = 2 a^2 + 2 b^2 - (a - b)^2: with b = a + delta,

    Normal(m; c, s^2) ~ exp(-(a - c)^2 / 4 s^2) exp(-(b - c)^2 / 4 s^2) exp(delta^2 / 8 s^2),

so the sum is a correlation of two arms under any anchor; of other priors it is a sum over both logits. A bias of the
comparison, Normal(d, b^2), moves and smooths p(y_1 | .) beforehand; a benchmark multiplies p(y_0 | a). The trapezoidal
sum of a smooth decaying function converges exponentially in the step (Trefethen and Weideman 2014, SIAM Review 56:385),
so a step near the width of the integrand is already exact to rounding. What is told in words has a table (`told`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import logsumexp

from reanalysis.engines.benchmark import log_robust_factor
from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.quadrature.grids import Lattice, finer_by
from reanalysis.engines.quadrature.told import log_said_of
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.distributions import Distribution
from reanalysis.model.likelihood import (
    REMEMBERED,
    information,
    log_binomial_coefficient,
    log_likelihood,
    log_likelihood_on_grid,
)
from reanalysis.model.spec import Anchor, ModelSpec
from reanalysis.typing import Array

NEGLIGIBLE = 700.0
"""Log ratio to its maximum below which the control's factor is dropped. Far below double precision, because another
factor may favour what this one does not: studies in conflict meet in the tails of their likelihoods."""

_PULL = 26.0
"""Units of log likelihood by which other evidence may pull an arm away from its own rate: the widths below hold
there."""

_MOST_PRODUCTS = 2 * 10**9
"""Terms of a likelihood's sums that take a second or two."""

_BIAS_REACH = 9.0
"""SDs of a bias beyond which it has no mass."""

_PRIOR_REACH, _FARTHEST = 8.0, 256.0
"""Prior SDs within which a baseline is looked for, at first and at most."""

_FADED = 60.0
"""Log ratio to its maximum that the control's factor has to reach at the ends of that stretch."""

_SEPARABLE = 0.75
"""SD of a normal prior of the mean logit from which its factors are sums over: those of a narrower one underflow where
the arms' own likelihoods still count."""


@dataclass(frozen=True)
class StudyLikelihood:
    """Likelihood of one study's effect on any lattice."""

    study: StudyData
    """What the study reported."""
    baseline: Distribution
    """Prior of the baseline."""
    arm: str | None = None
    """None for an effect between two arms; else the arm whose logit rate is the effect (``rates``)."""
    anchor: Anchor = "midpoint"
    """What the baseline is: the mean of both logits or the control logit; or that the likelihood is conditional on the
    events of both arms together and needs none."""
    apart: tuple[float, ...] = ()
    """By part of the treated arm, how far its logit lies above the treated arm's."""

    @classmethod
    def of(cls, study: StudyData, spec: ModelSpec) -> StudyLikelihood:
        """The study under a specification; one that is told in words has a baseline of its own."""
        if study.told is not None:
            return _one(study, study.told.baseline)
        return _one(study, spec.priors.baseline, spec.arm if spec.rates else None, spec.anchor)

    @cached_property
    def _hash(self) -> int:
        return hash((self.study, self.baseline, self.arm, self.anchor, self.apart))

    def __hash__(self) -> int:
        """As of any value, but worked out once: it is what likelihoods are remembered by."""
        return self._hash

    def __reduce__(self) -> tuple[type[StudyLikelihood], tuple[object, ...]]:
        """Its fields: a hash differs between processes."""
        return StudyLikelihood, (self.study, self.baseline, self.arm, self.anchor, self.apart)

    @property
    def whole(self) -> bool:
        """Whether the effect is all there is: no two arms whose rates have a posterior."""
        return self.arm is not None or not self.study.counted or self.anchor == "conditional"

    @property
    def splits(self) -> bool:
        """Whether the prior of the baseline is a product of factors of the two logits and of the effect."""
        normal = self.baseline.family == "normal"
        return self.anchor != "midpoint" or (normal and self.baseline.sd >= _SEPARABLE)

    @lru_cache(maxsize=8192)  # noqa: B019  a few numbers of each of a few thousand studies
    def information(self, arm: str, within: float = _PULL) -> float:
        """Largest Fisher information of an arm's logit, 0 for an arm of which nothing is known.

        That of the benchmark for a control it stands in for.
        """
        benchmark = self.study.benchmark if arm == "control" else None
        if benchmark is not None:
            return information(benchmark.candidates, benchmark.rho, within) if benchmark.share > 0 else 0.0
        candidates = getattr(self.study, arm)
        if not candidates:
            return 0.0
        if self.apart and arm == "treated":
            return sum(information(part.candidates, self.study.rho, within) for part in self.study.parts)
        known = information(candidates, self.study.rho, within)
        return known / (1 + known * self._bias_of(arm) ** 2)

    def _bias_of(self, arm: str) -> float:
        """SD of the bias, which a contrast has in its treated arm."""
        return self.study.bias if self.arm is None and arm == "treated" else 0.0

    @property
    def _ratio_sd(self) -> float:
        """Standard error of an adjusted ratio, the bias of its study included."""
        assert self.study.adjusted is not None
        return float(np.hypot(self.study.adjusted.standard_error, self.study.bias))

    @lru_cache(maxsize=8192)  # noqa: B019
    def width(self, within: float = _PULL) -> float:
        """Scale of the narrowest feature under the sum over baselines, and so of the lattice step."""
        if self.study.adjusted is not None:
            return self._ratio_sd
        if self.arm is not None:
            return max(self.information(self.arm, within), 1.0) ** -0.5
        total = self.information("control", within) + self.information("treated", within)
        return max(total + self.prior_information, 1.0) ** -0.5

    @cached_property
    def prior_information(self) -> float:
        """Information of the prior about the baseline."""
        return self.baseline.width**-2

    @lru_cache(maxsize=8192)  # noqa: B019
    def effect_width(self, within: float = _PULL) -> float:
        """Scale of the effect's likelihood: standard error of the effect where all counts are positive."""
        if self.study.adjusted is not None or self.arm is not None:
            return self.width(within)
        control = self.information("control", within) + self.prior_information
        return float(np.hypot(max(control, 1.0) ** -0.5, max(self.information("treated", within), 1.0) ** -0.5))

    def step(self, within: float = _PULL) -> float:
        """Lattice step at which sums over the baseline, and the likelihood's own spectrum, are exact to rounding."""
        return min(0.8 * self.width(within), 0.4 * self.effect_width(within))

    def on(self, lattice: Lattice) -> tuple[Array, float]:
        """Likelihood of the effect at the nodes.

        Returns
        -------
        values : ndarray, shape (lattice.size,)
            Likelihood up to a factor that keeps it at or below about 1.
        log_factor : float
            Log of that factor: ``log L = log(values) + log_factor``.
        """
        return (_remembered if lattice.size <= REMEMBERED else _on_lattice)(self, lattice)

    def control_factor(self, lattice: Lattice) -> Array:
        """Log of p(y_0 | a) at the nodes a, with what the prior of the baseline says of the control logit alone."""
        factor = self._prior_factor(lattice, "control")
        if self.study.benchmark is not None:
            factor = factor + log_robust_factor(self.study.benchmark, self.baseline, lattice.points)
        return factor if self.study.control is None else factor + _log_arm(self, "control", lattice)

    def treated_factor(self, lattice: Lattice) -> Array:
        """Log of p(y_1 | b) at the nodes b, smoothed by the bias, with what the prior says of the treated logit."""
        factor = self._prior_factor(lattice, "treated")
        if self.study.treated is None:
            return factor
        if self.apart:
            each = zip(self.study.parts, self.apart, strict=True)
            return factor + sum(
                log_likelihood(part.candidates, lattice.points + above, self.study.rho) for part, above in each
            )
        bias = (self._bias_of("treated"), self.study.bias_mean)
        if bias != (0.0, 0.0):
            return factor + _biased_arm(self.study.treated, self.study.rho, *bias, lattice)
        return factor + _log_arm(self, "treated", lattice)

    def effect_factor(self, lattice: Lattice) -> Array:
        """Log of what the prior of the baseline says of the effect, once both logits have theirs."""
        if self.anchor != "midpoint" or not self.splits:
            return np.zeros(lattice.size)
        sd = self.baseline.sd
        return lattice.points**2 / (8 * sd**2) - np.log(sd) - 0.5 * np.log(2 * np.pi)

    def middle_factor(self, lattice: Lattice) -> Array | None:
        """Log of the prior at nodes of the mean logit, where it is not a product of the factors above."""
        return None if self.splits else self.baseline.logpdf(lattice.points)

    def _prior_factor(self, lattice: Lattice, arm: str) -> Array:
        if self.anchor == "control":
            return self.baseline.logpdf(lattice.points) if arm == "control" else np.zeros(lattice.size)
        if not self.splits:
            return np.zeros(lattice.size)
        return -0.25 * ((lattice.points - self.baseline.mean) / self.baseline.sd) ** 2

    def baseline_lattice(self, step: float, effects: Lattice) -> Lattice:
        """Where the control logit can lie for effects on a lattice: its factor is negligible elsewhere."""
        centre, width = self.baseline.quantile(0.5), self.baseline.width
        reach, (low, high) = self.baseline.reach(_PRIOR_REACH), 0.5 * effects.points[[0, -1]]
        while True:
            wide = Lattice.covering(centre - reach, centre + reach, step)
            factor = self.control_factor(wide)
            if not self.splits:  # the prior where it is largest for any of the effects
                nearest = np.clip(centre, wide.points + low, wide.points + high)
                factor = factor + self.baseline.logpdf(nearest)
            top = factor.max()
            if max(factor[0], factor[-1]) < top - _FADED or reach > _FARTHEST * width:
                return wide.part(factor > top - NEGLIGIBLE)
            reach *= 2  # what the control arm reported is far out in the prior


def likelihoods(spec: ModelSpec, data: ModelData) -> list[StudyLikelihood]:
    """Those of all studies under a specification."""
    return [StudyLikelihood.of(study, spec) for study in data.studies]


def _log_arm(likelihood: StudyLikelihood, arm: str, lattice: Lattice) -> Array:
    candidates = likelihood.study.control if arm == "control" else likelihood.study.treated
    assert candidates is not None
    return log_likelihood_on_grid(candidates, likelihood.study.rho, lattice.step, lattice.first, lattice.size)


@lru_cache(maxsize=1024)
def _biased_arm(candidates: Candidates, rho: float, bias: float, mean: float, lattice: Lattice) -> Array:
    """Log of the integral of p(y | b + x) Normal(x; mean, bias^2): a sum on a lattice fine enough for both factors."""
    if bias == 0:
        return log_likelihood(candidates, lattice.points + mean, rho)
    narrow = (information(candidates, rho, _PULL) + bias**-2) ** -0.5
    finer = finer_by(lattice.step, 0.6 * narrow)
    step = lattice.step / finer
    reach, middle = int(np.ceil(_BIAS_REACH * bias / step)) + 1, round(mean / step)
    first, size = lattice.first * finer + middle - reach, (lattice.size - 1) * finer + 1 + 2 * reach
    log_values = log_likelihood_on_grid(candidates, rho, step, first, size)
    at = step * (middle + np.arange(reach, -reach - 1, -1))  # a convolution runs backwards
    kernel = np.exp(-0.5 * ((at - mean) / bias) ** 2)
    top = float(log_values.max())
    smooth = np.convolve(np.exp(log_values - top), kernel / kernel.sum(), mode="valid")[::finer]
    with np.errstate(divide="ignore"):
        return np.log(smooth) + top


def _on_lattice(likelihood: StudyLikelihood, lattice: Lattice) -> tuple[Array, float]:
    if likelihood.study.told is not None:
        return _scaled(log_said_of(likelihood.study, lattice.points))
    adjusted = likelihood.study.adjusted
    if adjusted is not None:
        sd = likelihood._ratio_sd
        z = (lattice.points + likelihood.study.bias_mean - adjusted.log_ratio) / sd
        return np.exp(-0.5 * z**2), -np.log(sd) - 0.5 * np.log(2 * np.pi)
    if likelihood.arm is not None:
        return _scaled(_log_arm(likelihood, likelihood.arm, lattice))
    if likelihood.anchor == "conditional":
        return _scaled(_log_conditional(likelihood.study, lattice))
    base = likelihood.baseline_lattice(lattice.step, lattice)
    by_control, top_control = _scaled(likelihood.control_factor(base))
    by_treated, top_treated = _scaled(likelihood.treated_factor(lattice.plus(base)))
    # the sum over baselines may take longer steps than the effects it is evaluated at
    every = 2 ** max(0, int(np.floor(np.log2(0.8 * likelihood.width(NEGLIGIBLE) / lattice.step))))
    if base.size * lattice.size // every > _MOST_PRODUCTS:
        raise QuadratureError(
            f"priors this wide need too large a grid for study {likelihood.study.study!r}, whose arms are large"
        )
    if not likelihood.splits:
        values, top_middle = _over_both(likelihood, lattice, base, by_control, by_treated, every)
        return values, np.log(every * lattice.step) + top_control + top_treated + top_middle
    values = np.empty(lattice.size)
    for rest in range(min(every, lattice.size)):
        values[rest::every] = (
            every * np.correlate(by_treated[rest::every], by_control[::every], mode="valid")[: len(values[rest::every])]
        )
    log_factor = np.log(lattice.step) + top_control + top_treated
    if likelihood.anchor == "control":
        return values, log_factor
    with np.errstate(divide="ignore"):
        values, top = _scaled(np.log(values) + likelihood.effect_factor(lattice))
    return values, log_factor + top


def _scaled(log_values: Array) -> tuple[Array, float]:
    """Values up to a factor that makes the largest 1, and the log of that factor."""
    top = float(log_values.max())
    return np.exp(log_values - top), top


def _over_both(
    likelihood: StudyLikelihood, effects: Lattice, base: Lattice, by_control: Array, by_treated: Array, every: int
) -> tuple[Array, float]:
    """Sums over every so many baselines of the product of both arms and the prior of their mean logit."""
    half = Lattice(0.5 * effects.step, 2 * base.first + effects.first, 2 * (base.size - 1) + effects.size)
    factor = likelihood.middle_factor(half)
    assert factor is not None
    prior, top = _scaled(factor)
    rows = np.flatnonzero(by_control[::every]) * every
    treated = sliding_window_view(by_treated, effects.size)
    middle = sliding_window_view(prior, effects.size)
    values = np.zeros(effects.size)
    for block in np.array_split(rows, max(1, len(rows) * effects.size // 2**16)):
        values += np.einsum("i,ij,ij->j", by_control[block], treated[block], middle[2 * block])
    return values, top


def _log_conditional(study: StudyData, lattice: Lattice) -> Array:
    """Log probability of the treated arm's events given those of both arms: Fisher's noncentral hypergeometric."""
    assert study.control is not None
    assert study.treated is not None
    events, n = study.treated.events[0], (study.control.n[0], study.treated.n[0])
    total = study.control.events[0] + events
    x = np.arange(max(0.0, total - n[0]), min(n[1], total) + 1)
    if len(x) * lattice.size > _MOST_PRODUCTS // 10:
        raise QuadratureError(f"study {study.study!r} has too many events for the conditional likelihood")
    log_ways = log_binomial_coefficient(x, n[1]) + log_binomial_coefficient(total - x, n[0])
    own = float(log_ways[int(events - x[0])])
    values = np.empty(lattice.size)
    block = max(1, 2**20 // len(x))
    for start in range(0, lattice.size, block):
        at = lattice.points[start : start + block]
        values[start : start + block] = events * at + own - logsumexp(log_ways + x * at[:, None], axis=1)
    return values


_remembered = lru_cache(maxsize=2048)(_on_lattice)
_one = lru_cache(maxsize=2048)(StudyLikelihood)
