"""An independent posterior of every model that has quadrature: plain sums over mu, tau, the effect and the baseline.

No Fourier transform and no windows: scipy's own probability functions on one uniform grid, kernels normalised on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit

from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.spec import ModelSpec

Array = NDArray[np.float64]


_TAUS = 110


def pmf(candidates: Candidates | None, logit: Array, rho: float) -> Array:
    """Probability of a print of whole counts, by scipy."""
    total = np.zeros_like(logit)
    if candidates is None:
        return total + 1
    p = expit(logit)
    for x, n, weight in zip(candidates.events, candidates.n, candidates.weight, strict=True):
        if rho == 0:
            total += weight * stats.binom.pmf(x, n, p)
        else:
            m = (1 - rho) / rho
            total += weight * stats.betabinom.pmf(x, n, np.maximum(m * p, 1e-290), np.maximum(m * (1 - p), 1e-290))
    return total


def points(step: float, reach: float) -> Array:
    half = round(reach / step)
    return step * np.arange(-half, half + 1)


@lru_cache(maxsize=1)
def kernels(step: float, reach: float, mu_reach: float, tau_reach: float) -> Array:
    effect = points(step, reach)
    mu, tau = effect[np.abs(effect) < mu_reach], tau_reach * (np.arange(_TAUS) + 0.5) / _TAUS
    kernel = np.exp(-0.5 * ((effect - mu[:, None]) / tau[:, None, None]) ** 2)
    return kernel / kernel.sum(axis=2, keepdims=True)


@dataclass(frozen=True)
class Sums:
    spec: ModelSpec
    data: ModelData
    step: float = 0.05
    reach: float = 14.0  # of an effect
    logit_reach: float = 80.0  # of a control logit
    mu_reach: float = 7.0
    tau_reach: float = 3.6

    @cached_property
    def effect(self) -> Array:
        return points(self.step, self.reach)

    @cached_property
    def logit(self) -> Array:
        return points(self.step, self.logit_reach)

    @cached_property
    def mu(self) -> Array:
        return self.effect[np.abs(self.effect) < self.mu_reach]

    @cached_property
    def tau(self) -> Array:
        return self.tau_reach * (np.arange(_TAUS) + 0.5) / _TAUS

    def vague(self, logit: Array) -> Array:
        """Prior density of a baseline."""
        family = {"normal": stats.norm, "logistic": stats.logistic}[self.spec.priors.baseline.family]
        return np.asarray(family.pdf(logit, *self.spec.priors.baseline.parameters))

    def control(self, study: StudyData) -> Array:
        """Probability of the control's print, or what a benchmark says in its place, at each control logit."""
        if study.benchmark is None:
            return pmf(study.control, self.logit, study.rho)
        mark = pmf(study.benchmark.candidates, self.logit, study.benchmark.rho)
        share, expected = study.benchmark.share, (mark * self.vague(self.logit)).sum() * self.step
        return share * mark / expected + 1 - share

    def treated(self, study: StudyData, logit: Array) -> Array:
        """Probability of the treated arm's print, the bias summed over."""
        if study.bias == 0:
            return pmf(study.treated, logit, study.rho)
        z = np.linspace(-7, 7, 281)
        mass = stats.norm.pdf(z) / stats.norm.pdf(z).sum()
        return sum(w * pmf(study.treated, logit + study.bias * x, study.rho) for x, w in zip(z, mass, strict=True))

    @cached_property
    def moments(self) -> tuple[Array, Array]:
        """L_s(delta) and the same weighted by the control logit, each of shape (S, D)."""
        zero, one = [], []
        for study in self.data.studies:
            if self.spec.rates:
                zero.append(pmf(getattr(study, self.spec.arm), self.effect, study.rho))
                one.append(zero[-1])
                continue
            ends = len(self.logit) + len(self.effect) - 1
            wide = self.logit[0] + self.effect[0] + self.step * np.arange(ends)
            treated = np.lib.stride_tricks.sliding_window_view(self.treated(study, wide), len(self.effect))
            mean = self.logit[:, None] + (self.effect / 2 if self.spec.anchor == "midpoint" else 0 * self.effect)
            both = treated * self.vague(mean) * self.control(study)[:, None] * self.step  # (control logit, effect)
            zero.append(both.sum(axis=0))
            one.append(self.logit @ both)
        return np.array(zero), np.array(one)

    @property
    def kernels(self) -> Array:
        """Normal(mu, tau^2) on the grid, shape (T, U, D)."""
        return kernels(self.step, self.reach, self.mu_reach, self.tau_reach)

    @cached_property
    def apart(self) -> Array:
        mass = stats.norm.pdf(self.effect, self.spec.setting("nex_mean"), self.spec.setting("nex_sd"))
        return mass / mass.sum()

    @property
    def share(self) -> float:
        return float(self.spec.setting("w")) if self.spec.model == "exnex" else 1.0

    def mixed(self, exchangeable: Array) -> Array:
        """Masses of an effect on the grid."""
        return exchangeable if self.share == 1 else self.share * exchangeable + (1 - self.share) * self.apart

    @cached_property
    def terms(self) -> Array:
        """M_s(mu, tau), shape (S, T, U)."""
        found = np.einsum("tud,sd->stu", self.kernels, self.moments[0], optimize=True)
        if self.share < 1:
            found = self.share * found + (1 - self.share) * (self.moments[0] @ self.apart)[:, None, None]
        return found

    @cached_property
    def prior(self) -> Array:
        tau = self.spec.priors.tau
        assert tau.family == "halfnormal"
        return (
            stats.halfnorm.pdf(self.tau, scale=tau.parameters[0])[:, None]
            * stats.norm.pdf(self.mu, *self.spec.priors.mu.parameters)
            * self.step
            * (self.tau[1] - self.tau[0])
        )

    @property
    def log_evidence(self) -> float:
        return float(np.log((self.prior * self.terms.prod(axis=0)).sum()))

    def mass(self, without: int | None = None) -> Array:
        kept = [s for s in range(len(self.terms)) if s != without]
        mass = self.prior * self.terms[kept].prod(axis=0)
        return mass / mass.sum()

    def average(self) -> tuple[Array, Array]:
        return self.mu, self.mass().sum(axis=0)

    def heterogeneity(self) -> tuple[Array, Array]:
        return self.tau, self.mass().sum(axis=1)

    def new_effect(self) -> tuple[Array, Array]:
        return self.effect, self.mixed(np.einsum("tu,tud->d", self.mass(), self.kernels, optimize=True))

    def study_effect(self, index: int) -> tuple[Array, Array]:
        given = self.mixed(np.einsum("tu,tud->d", self.mass(index), self.kernels, optimize=True))
        mass = given * self.moments[0][index]
        return self.effect, mass / mass.sum()

    def control_logit_mean(self, index: int) -> float:
        given = self.mixed(np.einsum("tu,tud->d", self.mass(index), self.kernels, optimize=True))
        return float((given @ self.moments[1][index]) / (given @ self.moments[0][index]))

    def exchangeable(self, index: int) -> float:
        """Posterior probability that a study is exchangeable."""
        given = np.einsum("tu,tud->d", self.mass(index), self.kernels, optimize=True)
        likelihood = self.moments[0][index]
        with_others, alone = self.share * (given @ likelihood), (1 - self.share) * (self.apart @ likelihood)
        return float(with_others / (with_others + alone))


def mean_and_sd(grid: Array, mass: Array) -> tuple[float, float]:
    mean = float(mass @ grid)
    return mean, float(np.sqrt(mass @ (grid - mean) ** 2))
