"""How probable is what one study printed, as a function of its effect?

For two arms the baseline is integrated out: L(delta) = int p(y_0 | a) p(y_1 | a + delta) p(a) da, a sum over a
lattice of logits. A bias of the comparison, Normal(0, b^2), smooths p(y_1 | .) beforehand; a benchmark multiplies the
prior p(a). The trapezoidal sum of a smooth decaying function converges exponentially in the step (Trefethen
and Weideman 2014, SIAM Review 56:385), so a step near the width of the integrand is already exact to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reanalysis.engines.benchmark import log_robust_factor
from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.quadrature.lattice import Lattice, finer_by
from reanalysis.evidence.observation import Candidates
from reanalysis.model.data import StudyData
from reanalysis.model.distributions import Distribution
from reanalysis.model.likelihood import REMEMBERED, information, log_likelihood_on_grid

Array = NDArray[np.float64]

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

_PRIOR_REACH, _FARTHEST = 16.0, 256.0
"""Prior SDs within which a baseline is looked for, at first and at most."""

_FADED = 60.0
"""Log ratio to its maximum that the control's factor has to reach at the ends of that stretch."""


@dataclass(frozen=True)
class StudyLikelihood:
    """Likelihood of one study's effect on any lattice.

    Parameters
    ----------
    study : StudyData
        What the study printed.
    baseline : Distribution
        Prior of the control logit.
    arm : str or None
        None for an effect between two arms; else the arm whose logit rate is the effect (``rates``).
    """

    study: StudyData
    baseline: Distribution
    arm: str | None = None

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

    def width(self, within: float = _PULL) -> float:
        """Scale of the narrowest feature under the sum over baselines, and so of the lattice step."""
        if self.study.adjusted is not None:
            return self._ratio_sd
        if self.arm is not None:
            return max(self.information(self.arm, within), 1.0) ** -0.5
        total = self.information("control", within) + self.information("treated", within)
        return max(total + self.baseline.sd**-2, 1.0) ** -0.5

    def effect_width(self, within: float = _PULL) -> float:
        """Scale of the effect's likelihood: standard error of the effect where all counts are positive."""
        if self.study.adjusted is not None or self.arm is not None:
            return self.width(within)
        control = self.information("control", within) + self.baseline.sd**-2
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
        """Log of p(y_0 | a) p(a) at the nodes a."""
        prior = self.baseline.logpdf(lattice.points)
        if self.study.benchmark is not None:
            prior = prior + log_robust_factor(self.study.benchmark, self.baseline, lattice.points)
        if self.study.control is None:
            return prior
        return prior + _log_arm(self, "control", lattice)

    def treated_factor(self, lattice: Lattice) -> Array:
        """Log of p(y_1 | b) at the nodes b, smoothed by the bias."""
        if self.study.treated is None:
            return np.zeros(lattice.size)
        bias = self._bias_of("treated")
        if bias > 0:
            return _smoothed_arm(self.study.treated, self.study.rho, bias, lattice)
        return _log_arm(self, "treated", lattice)

    def baseline_lattice(self, step: float) -> Lattice:
        """Where the control logit can lie: the control factor is negligible elsewhere."""
        reach = _PRIOR_REACH * self.baseline.sd
        while True:
            wide = Lattice.covering(self.baseline.mean - reach, self.baseline.mean + reach, step)
            factor = self.control_factor(wide)
            top = factor.max()
            if max(factor[0], factor[-1]) < top - _FADED or reach > _FARTHEST * self.baseline.sd:
                return wide.part(factor > top - NEGLIGIBLE)
            reach *= 2  # what the control arm printed is far out in the prior


def _log_arm(likelihood: StudyLikelihood, arm: str, lattice: Lattice) -> Array:
    candidates = likelihood.study.control if arm == "control" else likelihood.study.treated
    assert candidates is not None
    return log_likelihood_on_grid(candidates, likelihood.study.rho, lattice.step, lattice.first, lattice.size)


@lru_cache(maxsize=1024)
def _smoothed_arm(candidates: Candidates, rho: float, bias: float, lattice: Lattice) -> Array:
    """Log of the integral of p(y | b + x) Normal(x; 0, bias^2): a sum on a lattice fine enough for both factors."""
    narrow = (information(candidates, rho, _PULL) + bias**-2) ** -0.5
    finer = finer_by(lattice.step, 0.6 * narrow)
    step = lattice.step / finer
    reach = int(np.ceil(_BIAS_REACH * bias / step))
    first, size = lattice.first * finer - reach, (lattice.size - 1) * finer + 1 + 2 * reach
    log_values = log_likelihood_on_grid(candidates, rho, step, first, size)
    kernel = np.exp(-0.5 * (step * np.arange(-reach, reach + 1) / bias) ** 2)
    top = float(log_values.max())
    smooth = np.convolve(np.exp(log_values - top), kernel / kernel.sum(), mode="valid")[::finer]
    with np.errstate(divide="ignore"):
        return np.log(smooth) + top


def _on_lattice(likelihood: StudyLikelihood, lattice: Lattice) -> tuple[Array, float]:
    adjusted = likelihood.study.adjusted
    if adjusted is not None:
        sd = likelihood._ratio_sd
        z = (lattice.points - adjusted.log_ratio) / sd
        return np.exp(-0.5 * z**2), -np.log(sd) - 0.5 * np.log(2 * np.pi)
    if likelihood.arm is not None:
        log_values = _log_arm(likelihood, likelihood.arm, lattice)
        top = float(log_values.max())
        return np.exp(log_values - top), top
    base = likelihood.baseline_lattice(lattice.step)
    control = likelihood.control_factor(base)
    treated = likelihood.treated_factor(lattice.plus(base))
    top_control, top_treated = float(control.max()), float(treated.max())
    by_treated, by_control = np.exp(treated - top_treated), np.exp(control - top_control)
    # the sum over baselines may take longer steps than the effects it is wanted at
    every = 2 ** max(0, int(np.floor(np.log2(0.8 * likelihood.width(NEGLIGIBLE) / lattice.step))))
    if base.size * lattice.size // every > _MOST_PRODUCTS:
        raise QuadratureError(
            f"priors this wide need too large a grid for study {likelihood.study.study!r}, whose arms are large"
        )
    values = np.empty(lattice.size)
    for rest in range(min(every, lattice.size)):
        values[rest::every] = (
            every * np.correlate(by_treated[rest::every], by_control[::every], mode="valid")[: len(values[rest::every])]
        )
    return lattice.step * values, top_control + top_treated


_remembered = lru_cache(maxsize=2048)(_on_lattice)
