"""Padded arrays of fixed shape, in which studies of any number and kind fit one compiled model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array

_STUDY_SIZES = (3, 8, 24, 72, 216, 648, 1944)
LOG_NOTHING = -1e6
"""Log of a weight of 0 that a sampler can follow: no likelihood overcomes it, and it has a gradient."""


def padded_studies(count: int) -> int:
    """The number of study slots a model needs: few sizes, so that few models are compiled."""
    return next((size for size in _STUDY_SIZES if size >= count), count)


def padded_arrays(spec: ModelSpec, data: ModelData, slots: int) -> dict[str, Array]:
    """Data and prior hyperparameters of a fit, all float64.

    A padded candidate has weight 0 (log weight minus infinity); a padded study has empty arms, one certain 0 of 0 whose
    log probability is exactly 0, and no ratio, so it adds exactly nothing to the log density.

    Returns
    -------
    dict
        events, n, log_weight (slots, arms, C); rho (slots, arms); ratio, ratio_sd (slots,); the hyperparameters;
        pooled and scatter, the switches of pooling.
    """
    rates = spec.rates
    names = (spec.arm,) if rates else data.arms
    arms = [[None if study.told else study.observed(arm) for arm in names] for study in data.studies]
    per_study = len(names)
    events, n, log_weight = padded_candidates(arms, slots, per_study)
    rho = np.zeros((slots, per_study))
    ratio, ratio_sd = np.zeros(slots), np.zeros(slots)
    for s, one in enumerate(data.studies):
        rho[s] = one.rho
        if one.adjusted is not None:
            ratio[s], ratio_sd[s] = one.adjusted.log_ratio, one.adjusted.standard_error
    tau = (*spec.priors.tau.parameters, 0.0)[:2]
    return {
        "events": events,
        "n": n,
        "log_weight": log_weight,
        "rho": rho,
        "ratio": ratio,
        "ratio_sd": ratio_sd,
        "mu_prior": np.array(spec.priors.mu.parameters),
        "baseline_prior": np.array(spec.priors.baseline.parameters),
        "below": np.array(spec.below),
        "tau_prior": np.array(tau),
        "pooled": np.array(0.0 if spec.pooling == "none" else 1.0),
        "scatter": np.array(0.0 if spec.pooling == "complete" else 1.0),
    }


def padded_candidates(
    arms: Sequence[Sequence[Candidates | None]], slots: int, per_study: int
) -> tuple[Array, Array, Array]:
    """Counts, sizes and log weights of arms, each of shape (slots, per_study, C); what is not observed is empty."""
    width = max((len(one) for study in arms for one in study if one is not None), default=1)
    shape = (slots, per_study, width)
    events, n, log_weight = np.zeros(shape), np.zeros(shape), np.full(shape, -np.inf)
    log_weight[..., 0] = 0.0
    for s, study in enumerate(arms):
        for a, known in enumerate(study):
            if known is not None:
                c = len(known)
                events[s, a, :c], n[s, a, :c] = known.x, known.size
                log_weight[s, a, :c] = known.log_weight
    return events, n, log_weight


def log_shares(w: float) -> Array:
    """Logs of w and 1 - w."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log([w, 1 - w]), LOG_NOTHING)
