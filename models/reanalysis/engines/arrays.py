"""How do studies of any number and kind fit one compiled model? Padded arrays of fixed shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reanalysis.evidence.observation import Candidates
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec

Array = NDArray[np.float64]

_STUDY_SIZES = (3, 8, 24, 72, 216, 648, 1944)
_EMPTY = Candidates((0.0,), (0.0,), (1.0,))
"""What a padded or unobserved arm holds: one certain 0 of 0, whose log probability is exactly 0."""


def padded_studies(count: int) -> int:
    """The number of study slots a model needs: few sizes, so that few models are compiled."""
    return next((size for size in _STUDY_SIZES if size >= count), count)


def padded_arrays(spec: ModelSpec, data: ModelData, slots: int) -> dict[str, Array]:
    """Data and prior hyperparameters of a fit, all float64.

    A padded candidate has weight 0 (log weight minus infinity); a padded study has empty arms and no ratio, so it adds
    exactly nothing to the log density.

    Returns
    -------
    dict
        events, n, log_weight (slots, arms, C); rho (slots, arms); ratio, ratio_sd (slots,); the hyperparameters;
        share and spread, the switches of pooling.
    """
    rates = spec.model != "contrast"
    arms = [[getattr(study, spec.arm)] if rates else [study.control, study.treated] for study in data.studies]
    per_study = 1 if rates else 2
    arms += [[None] * per_study] * (slots - len(arms))
    width = max(len(one) for study in arms for one in study if one is not None) if data.studies else 1
    shape = (slots, per_study, width)
    events, n, log_weight = np.zeros(shape), np.zeros(shape), np.full(shape, -np.inf)
    for s, study in enumerate(arms):
        for a, candidates in enumerate(study):
            known = candidates or _EMPTY
            c = len(known)
            events[s, a, :c], n[s, a, :c] = known.x, known.size
            log_weight[s, a, :c] = known.log_weight
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
        "tau_prior": np.array(tau),
        "share": np.array(0.0 if spec.pooling == "none" else 1.0),
        "spread": np.array(0.0 if spec.pooling == "complete" else 1.0),
    }
