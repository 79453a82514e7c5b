"""The hierarchical model in which each study is exchangeable or stands alone.

Which it does is integrated out: the likelihood of a study is the weighted sum of those under either effect. The effect
that stands alone has the free variables apart_raw.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from reanalysis.engines.arrays import log_shares
from reanalysis.engines.draws import apart_prior, normal_logpdf, stand_alone
from reanalysis.engines.nuts.kernel import Assembled, NutsModel, ProgramKey, of_one_endpoint, report_logp, with_extras
from reanalysis.engines.nuts.models import hierarchy
from reanalysis.engines.nuts.models.hierarchy import ratio_logp, ratio_random
from reanalysis.engines.nuts.words import observe_words, told_controls
from reanalysis.engines.prediction import draw_mixed_report
from reanalysis.model.claims import log_said
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.likelihood import log_likelihood
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array


def _build(key: ProgramKey) -> Any:
    import pymc as pm

    with pm.Model() as model:
        found = hierarchy.Hierarchy.of(key)
        apart_data = pm.Data("apart_prior", np.array([0.0, 1.0]))
        log_mix = pm.Data("log_mix", np.log([0.5, 0.5]))
        apart = apart_data[0] + apart_data[1] * pm.Normal("apart_raw", shape=key.slots)
        events, n, log_weight, rho = found.reports
        pm.CustomDist(
            "print", n, log_weight, found.logits(found.effect), found.logits(apart), rho, log_mix,
            logp=mixed_report_logp, random=draw_mixed_report, signature="(a,c),(a,c),(a),(a),(a),(m)->(a,c)",
            observed=events,
        )  # fmt: skip
        if not key.rates:
            ratio, sd = hierarchy.ratio_data(key)
            pm.CustomDist(
                "adjusted", found.effect, apart, sd, log_mix, logp=_mixed_ratio_logp, random=_mixed_ratio_random,
                signature="(),(),(),(m)->()", observed=ratio,
            )  # fmt: skip
            observe_words(key, found.effect, mixed=(apart, log_mix))
    return model


def _extras(spec: ModelSpec, data: ModelData, slots: int) -> dict[str, Array]:
    """Mean and SD of an effect that stands alone, and the logs of w and 1 - w."""
    apart = np.array([spec.number("nex_mean"), spec.number("nex_sd")])
    return {"apart_prior": apart, "log_mix": log_shares(spec.number("w"))}


def mixed_report_logp(value: Any, n: Any, log_weight: Any, logit: Any, logit_apart: Any, rho: Any, log_mix: Any) -> Any:
    """Log probability of what is reported of a study's arms, whichever of two effects it has."""
    import pytensor.tensor as pt

    either = (report_logp(value, n, log_weight, one, rho).sum(axis=-1) for one in (logit, logit_apart))
    exchangeable, alone = either
    return pt.logaddexp(log_mix[..., 0] + exchangeable, log_mix[..., 1] + alone)


def _mixed_ratio_logp(value: Any, effect: Any, apart: Any, sd: Any, log_mix: Any) -> Any:
    import pytensor.tensor as pt

    return pt.logaddexp(log_mix[..., 0] + ratio_logp(value, effect, sd), log_mix[..., 1] + ratio_logp(value, apart, sd))


def _mixed_ratio_random(
    effect: Array,
    apart: Array,
    sd: Array,
    log_mix: Array,
    rng: np.random.Generator | None = None,
    size: tuple[int, ...] | None = None,
) -> Array:
    rng = rng or np.random.default_rng()
    batch = size or np.broadcast_shapes(effect.shape, apart.shape, sd.shape)
    alone = np.log(rng.uniform(size=batch)) >= log_mix[..., 0]
    return ratio_random(np.where(alone, apart, effect), sd, rng, batch)


def _mixing(
    spec: ModelSpec, data: ModelData, posterior: Any, baseline: Array | None, effect: Array, new: Array,
    rng: np.random.Generator,
) -> tuple[Array, Array, dict[str, float]]:  # fmt: skip
    new = stand_alone(spec, new, rng)
    apart = apart_prior(spec)
    alone = apart.mean + apart.sd * posterior["apart_raw"].values[..., : len(data.studies)]
    raw = posterior["told_raw"].values if "told_raw" in posterior else None
    share = _exchangeable(spec, data, baseline, raw, effect, alone)
    found = {study: float(share[..., index].mean()) for index, study in enumerate(data.names)}
    return np.where(rng.uniform(size=effect.shape) < share, effect, alone), new, found


def _exchangeable(
    spec: ModelSpec, data: ModelData, baseline: Array | None, raw: Array | None, effect: Array, alone: Array
) -> Array:
    """Probability, draw by draw, that a study has its exchangeable effect and not the one that stands alone."""
    w = spec.number("w")
    with np.errstate(divide="ignore"):
        odds = np.full(effect.shape, np.log(w) - np.log1p(-w))
    for sign, either in ((1, effect), (-1, alone)):
        control = None if baseline is None else told_controls(data, raw, baseline - spec.below * either, either)
        for s, study in enumerate(data.studies):
            base = None if control is None else control[..., s]
            odds[..., s] += sign * _log_report(spec, study, base, either[..., s])
    return np.asarray(expit(odds))


def _log_report(spec: ModelSpec, study: StudyData, control: Array | None, effect: Array) -> Array:
    """Log probability of what depends on a study's effect."""
    if study.adjusted is not None:
        ratio = study.adjusted
        return np.asarray(normal_logpdf(ratio.log_ratio, effect, ratio.standard_error))
    if control is None:
        return _log_arm(study, spec.arm, effect)
    if study.told is not None:
        return log_said(study, control, control + effect)
    return _log_arm(study, "control", control) + _log_arm(study, "treated", control + effect)


def _log_arm(study: StudyData, arm: str, logit: Array) -> Array:
    candidates = getattr(study, arm)
    return np.zeros_like(logit) if candidates is None else log_likelihood(candidates, logit, study.rho)


def _assembled(spec: ModelSpec, data: ModelData, posterior: Any) -> Assembled:
    return hierarchy.assembled(spec, data, posterior, mixing=_mixing)


MODELS = {"exnex": NutsModel(_build, with_extras(_extras), of_one_endpoint(_assembled))}
