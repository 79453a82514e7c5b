"""Pieces of PyTensor that the compiled models share, and what a model gives the sampling engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from reanalysis.engines.arrays import padded_arrays, padded_studies
from reanalysis.engines.draws import Draws, prior_draws
from reanalysis.engines.errors import EngineError
from reanalysis.engines.nuts.sampled import Sampled, posterior_of
from reanalysis.engines.posterior import Posterior
from reanalysis.engines.prediction import draw_report
from reanalysis.model.data import JointData, ModelData
from reanalysis.model.distributions import Distribution
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array


@dataclass(frozen=True)
class ProgramKey:
    """What a compiled model depends on; all else is data."""

    model: str
    tau_family: str
    slots: int
    rates: bool = False
    endpoints: int = 1
    baseline_family: str = "normal"
    mu_family: str = "normal"
    alone: bool = False
    """Whether each effect has the prior of mu, where that is not normal as the effects around an average are."""
    moderators: int = 0
    moderator_family: str = ""
    parts: int = 1
    """Parts that a treated arm may have."""
    told: int = 0
    told_family: str = ""
    """Studies told in words, and the family of the prior of their baselines."""
    again: bool = False
    """Whether an arm has a second report (``contrast`` and ``rates``)."""

    @property
    def arms(self) -> int:
        """Arms of a study."""
        return 1 if self.rates else 1 + self.parts

    @classmethod
    def of(cls, spec: ModelSpec, slots: int, endpoints: int = 1, parts: int = 1) -> ProgramKey:
        """The key of a specification."""
        family = spec.priors.tau.family if "tau" in spec.family.priors else ""
        baseline = "" if spec.rates else spec.priors.baseline.family
        average = spec.priors.mu.family if "mu" in spec.family.priors else "normal"
        alone = spec.pooling == "none" and average != "normal"
        count = len(spec.moderators)
        slopes = (count, spec.priors.moderator.family if count else "")
        return cls(spec.model, family, slots, spec.rates, endpoints, baseline, average, alone, *slopes, parts)

    @classmethod
    def for_data(cls, spec: ModelSpec, data: ModelData) -> ProgramKey:
        """The key of a fit."""
        if isinstance(data, JointData):
            return cls.of(spec, padded_studies(len(data.all_studies)), len(data.parts))
        told = [study.told.baseline.family for study in data.studies if study.told is not None]
        key = cls.of(spec, padded_studies(len(data.studies)), parts=len(data.arms) - 1)
        key = replace(key, again=any(arm and arm.again for s in data.studies for arm in (s.control, s.treated)))
        return replace(key, told=len(told), told_family=told[0]) if told else key


@dataclass(frozen=True)
class NutsModel:
    """A model of the sampling engine."""

    build: Callable[[ProgramKey], Any]
    """The PyMC model of a key, with placeholder data."""
    arrays: Callable[[ModelSpec, Any, int], dict[str, Array]]
    """Data and prior hyperparameters of a fit by name, all float64, from the specification, the data and the slots."""
    posterior: Callable[[Sampled], Posterior]
    """The posterior from what was sampled."""


Prior = Callable[[ModelSpec, ModelData, int, int], Draws]
Assembled = tuple[Draws, dict[str, float]]


def of_one_endpoint(
    assembled: Callable[[ModelSpec, ModelData, Any], Assembled], prior: Prior | None = prior_draws
) -> Callable[[Sampled], Posterior]:
    """The posterior of a model of one endpoint.

    Parameters
    ----------
    assembled : callable
        Draws of every reported quantity from the sampled parameters, padded studies cut off, and by study the
        probability of being exchangeable where the model gives it.
    prior : callable or None
        What draws from the prior; None where it is improper.
    """

    def posterior(sampled: Sampled) -> Posterior:
        draws, exchangeable = assembled(sampled.spec, sampled.data, sampled.parameters)
        return posterior_of(sampled, sampled.data, draws, prior, exchangeable)

    return posterior


def with_extras(extras: Callable[[ModelSpec, ModelData, int], dict[str, Array]]) -> Callable[..., dict[str, Array]]:
    """The arrays of every model of one endpoint, and what one model takes beside these."""
    return lambda spec, data, slots: padded_arrays(spec, data, slots) | extras(spec, data, slots)


def located(prior: Distribution, raw: Array) -> Array:
    """Draws from a symmetric prior, from those of its standard distribution."""
    centre, scale = prior.location_scale
    return centre + scale * raw


def report_data(pm: Any, key: ProgramKey, which: str = "") -> tuple[Any, Any, Any]:
    """Placeholders of events, n and log_weight."""
    events, n, log_weight = (
        pm.Data(which + name, np.zeros((key.slots, key.arms, 2))) for name in ("events", "n", "log_weight")
    )
    return events, n, log_weight


def observe_reports(pm: Any, reports: tuple[Any, Any, Any, Any], logit: Any, name: str = "print") -> None:
    """What the arms reported: events, n, log_weight and rho, at their logits."""
    events, n, log_weight, rho = reports
    pm.CustomDist(
        name, n, log_weight, logit, rho, logp=report_logp, random=draw_report,
        signature="(c),(c),(),()->(c)", observed=events,
    )  # fmt: skip


def baseline_of(pm: Any, family: str, **shape: Any) -> Any:
    """Baselines with a prior of the family, from a free variable alpha_raw of its standard distribution."""
    prior = prior_data(pm, "baseline_prior", family)
    return prior[-2] + prior[-1] * symmetric(pm, "alpha_raw", family, prior[0], 0.0, 1.0, **shape)


def prior_data(pm: Any, name: str, family: str) -> Any:
    """Placeholder of the parameters of a symmetric prior, its centre and its scale the last two."""
    return pm.Data(name, np.array([3.0, 0.0, 1.0] if family == "student_t" else [0.0, 1.0]))


def mu_of(pm: Any, family: str, **shape: Any) -> tuple[Any, Any]:
    """The parameters of the prior of an average, and the average."""
    prior = prior_data(pm, "mu_prior", family)
    return prior, symmetric(pm, "mu", family, prior[0], prior[-2], prior[-1], **shape)


def symmetric(pm: Any, name: str, family: str, df: Any, centre: Any, scale: Any, **shape: Any) -> Any:
    """A free variable of a symmetric family; only Student's has degrees of freedom."""
    if family == "student_t":
        return pm.StudentT(name, nu=df, mu=centre, sigma=scale, **shape)
    return {"normal": pm.Normal, "logistic": pm.Logistic}[family](name, centre, scale, **shape)


def tau_of(pm: Any, family: str, prior: Any, **shape: Any) -> Any:
    """Heterogeneity with a prior of the family."""
    if family == "halfnormal":
        return pm.HalfNormal("tau", prior[0], **shape)
    if family == "lognormal":
        return pm.LogNormal("tau", prior[0], prior[1], **shape)
    if family == "exponential":
        return pm.Exponential("tau", prior[0], **shape)
    if family == "halfcauchy":
        return pm.HalfCauchy("tau", prior[0], **shape)
    if family == "half_student_t":
        return pm.HalfStudentT("tau", nu=prior[0], sigma=prior[1], **shape)
    if family == "inverse_gamma":
        return pm.InverseGamma("tau", alpha=prior[0], beta=prior[1], **shape)
    if family == "uniform":
        return pm.Uniform("tau", prior[0], prior[1], **shape)
    raise EngineError(f"no compiled model for a {family} prior of tau")


def report_logp(value: Any, n: Any, log_weight: Any, logit: Any, rho: Any) -> Any:
    """Log probability of a report: logsumexp over the candidates that ``value`` fills.

    A candidate slot holds the count it would have had; a slot below 0 is one the report does not name. So the observed
    report fills all its slots, and a draw fills exactly one.
    """
    import pytensor.tensor as pt

    terms = log_pmf_of(pt.maximum(value, 0.0), n, logit[..., None], rho[..., None]) + log_weight
    return pt.logsumexp(pt.switch(value >= 0, terms, -np.inf), axis=-1)


def benchmark_logp(
    value: Any, n: Any, log_weight: Any, baseline: Any, rho: Any, log_share: Any, log_evidence: Any, vague: Any
) -> Any:
    """Log probability of a benchmark that shares a study's baseline, or has one of its own from the vague prior."""
    import pytensor.tensor as pt

    shared = report_logp(value, n, log_weight, baseline, rho)
    return pt.logaddexp(log_share[..., 0] + shared, log_share[..., 1] + log_evidence)


def log_pmf_of(x: Any, n: Any, logit: Any, rho: Any) -> Any:
    """As :func:`reanalysis.model.likelihood.log_pmf`, in PyTensor."""
    import pytensor.tensor as pt

    log_p, log_q = -pt.softplus(-logit), -pt.softplus(logit)
    coefficient = pt.gammaln(n + 1) - pt.gammaln(x + 1) - pt.gammaln(n - x + 1)
    binomial = x * log_p + (n - x) * log_q
    precision = 1 / pt.switch(rho > 0, rho, 0.5) - 1
    a = pt.maximum(pt.exp(log_p) * precision, 1e-300)
    b = pt.maximum(pt.exp(log_q) * precision, 1e-300)
    overdispersed = (
        (pt.gammaln(x + a) - pt.gammaln(a))
        + (pt.gammaln(n - x + b) - pt.gammaln(b))
        - (pt.gammaln(n + precision) - pt.gammaln(precision))
    )
    return coefficient + pt.switch(rho > 0, overdispersed, binomial)
