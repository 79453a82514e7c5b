"""The hierarchical model of contrasts, or of one arm's rates, that most others change in one thing.

    logit pi_s0 = m_s - below delta_s      logit pi_s1 = logit pi_s0 + delta_s      m_s ~ the prior of the baselines
    delta_s = mu + tau z_s       z_s ~ Normal(0, 1)                     mu ~ symmetric prior,  tau ~ positive prior
    y_sa ~ mixture over candidates of BetaBinomial(n_c, pi_sa, rho_s)

``below`` is 1/2 where that prior is of the mean logit and 0 where it is of the control logit. Two more switches among
the data turn partial pooling into complete (scatter = 0: delta_s = mu) or none (pooled = 0: delta_s has the prior of
mu), so that one compiled model serves all three.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reanalysis.engines.arrays import padded_candidates
from reanalysis.engines.draws import hierarchical_draws
from reanalysis.engines.nuts.kernel import (
    Assembled,
    NutsModel,
    ProgramKey,
    baseline_of,
    located,
    mu_of,
    observe_reports,
    of_one_endpoint,
    report_data,
    symmetric,
    tau_of,
    with_extras,
)
from reanalysis.engines.nuts.words import observe_words, told_controls
from reanalysis.engines.streams import stream
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array

Mixing = Callable[[ModelSpec, ModelData, Any, Array | None, Array, Array, np.random.Generator], Any]


@dataclass(frozen=True)
class Hierarchy:
    """Variables of the model, in its context."""

    reports: tuple[Any, Any, Any, Any]
    """events, n, log_weight and rho."""
    effect: Any
    """delta_s, or theta_s of rates, shape (slots,)."""
    baseline: Any
    below: Any
    """None for rates."""

    @classmethod
    def of(cls, key: ProgramKey) -> Hierarchy:
        """Free variables mu, tau, z and, for models of contrasts, alpha_raw, with placeholder data."""
        import pymc as pm

        reports = (*report_data(pm, key), pm.Data("rho", np.zeros((key.slots, key.arms))))
        tau_prior = pm.Data("tau_prior", np.array([1.0, 1.0]))
        pooled = pm.Data("pooled", np.array(1.0))
        scatter = pm.Data("scatter", np.array(1.0))
        mu_prior, mu = mu_of(pm, key.mu_family)
        tau = tau_of(pm, key.tau_family, tau_prior)
        z = symmetric(pm, "z", key.mu_family if key.alone else "normal", mu_prior[0], 0.0, 1.0, shape=key.slots)
        effect = pooled * (mu + scatter * tau * z) + (1 - pooled) * (mu_prior[-2] + mu_prior[-1] * z)
        baseline = below = None
        if not key.rates:
            baseline = baseline_of(pm, key.baseline_family, shape=key.slots)
            below = pm.Data("below", np.array(0.5))
        return cls(reports, effect, baseline, below)

    def control(self, effect: Any) -> Any:
        """Control logits under effects."""
        return self.baseline - self.below * effect

    def logits(self, effect: Any, bias: Any = 0.0) -> Any:
        """Logits of the arms under effects, shape (slots, arms)."""
        import pytensor.tensor as pt

        if self.baseline is None:
            return effect[:, None]
        control = self.control(effect)
        return pt.stack([control, control + effect + bias], axis=1)


def build(key: ProgramKey) -> Any:
    """The PyMC model."""
    import pymc as pm

    with pm.Model() as model:
        found = Hierarchy.of(key)
        logits = found.logits(found.effect)
        observe_reports(pm, found.reports, logits)
        if key.again:
            observe_reports(pm, (*report_data(pm, key, "again_"), found.reports[-1]), logits, "print_again")
        if not key.rates:
            observe_ratios(key, found.effect)
            observe_words(key, found.effect)
    return model


def _again(spec: ModelSpec, data: ModelData, slots: int) -> dict[str, Array]:
    """Second reports of arms."""
    names = (spec.arm,) if spec.rates else data.arms
    arms = [[(arm := study.observed(name)) and arm.again for name in names] for study in data.studies]
    padded = padded_candidates(arms, slots, len(names))
    return {f"again_{name}": array for name, array in zip(("events", "n", "log_weight"), padded, strict=True)}


def ratio_data(key: ProgramKey) -> tuple[Any, Any]:
    """Placeholders of the adjusted ratios of studies that enter by them, and of their standard errors."""
    import pymc as pm

    return pm.Data("ratio", np.zeros(key.slots)), pm.Data("ratio_sd", np.zeros(key.slots))


def observe_ratios(key: ProgramKey, effect: Any) -> None:
    """Adjusted ratios of studies with these effects."""
    import pymc as pm

    ratio, sd = ratio_data(key)
    pm.CustomDist(
        "adjusted", effect, sd, logp=ratio_logp, random=ratio_random, signature="(),()->()", observed=ratio,
    )  # fmt: skip


def ratio_logp(value: Any, effect: Any, sd: Any) -> Any:
    """Log density of a log ratio; exactly 0 where there is none, of a standard error of 0."""
    import pytensor.tensor as pt

    safe = pt.switch(sd > 0, sd, 1.0)
    density = -0.5 * ((value - effect) / safe) ** 2 - pt.log(safe) - 0.5 * np.log(2 * np.pi)
    return pt.switch(sd > 0, density, 0.0)


def ratio_random(
    effect: Array, sd: Array, rng: np.random.Generator | None = None, size: tuple[int, ...] | None = None
) -> Array:
    """Draws of a log ratio."""
    rng = rng or np.random.default_rng()
    batch = size or np.broadcast_shapes(effect.shape, sd.shape)
    return np.where(sd > 0, rng.normal(effect, np.maximum(sd, 1e-12), size=batch), 0.0)


def assembled(
    spec: ModelSpec, data: ModelData, posterior: Any, bias: Array | None = None, mixing: Mixing | None = None
) -> Assembled:
    """Draws of every reported quantity.

    Parameters
    ----------
    bias : ndarray, shape (chains, draws, S), optional
        Of a model that has it.
    mixing : callable, optional
        Of a model in which a study, and a new one, may stand alone: the effects, the new effect and the probabilities
        of being exchangeable.
    """
    count = len(data.studies)
    z = posterior["z"].values[..., :count]
    mu, tau = posterior["mu"].values, posterior["tau"].values
    baseline = None
    if not spec.rates:
        baseline = located(spec.priors.baseline, posterior["alpha_raw"].values[..., :count])

    raw = posterior["told_raw"].values if "told_raw" in posterior else None

    def control(effect: Array) -> Array | None:
        return None if baseline is None else told_controls(data, raw, baseline - spec.below * effect, effect)

    if spec.pooling == "none":
        effect = located(spec.priors.mu, z)
        return hierarchical_draws(spec, data, effect, control(effect), bias=bias), {}
    if spec.pooling == "complete":
        effect = np.repeat(mu[..., None], count, axis=-1)
        return hierarchical_draws(spec, data, effect, control(effect), mu, bias=bias), {}
    rng = stream(spec, data, "effects")
    new = mu + tau * rng.standard_normal(mu.shape)
    effect = mu[..., None] + tau[..., None] * z
    exchangeable: Mapping[str, float] = {}
    if mixing is not None:
        effect, new, exchangeable = mixing(spec, data, posterior, baseline, effect, new, rng)
    return hierarchical_draws(spec, data, effect, control(effect), mu, tau, new, bias), dict(exchangeable)


MODELS = {name: NutsModel(build, with_extras(_again), of_one_endpoint(assembled)) for name in ("contrast", "rates")}
