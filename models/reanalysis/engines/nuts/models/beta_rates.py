"""The model in which all rates share one Beta distribution: free variables v and t.

On (v, t) the prior (alpha + beta)^(-5/2) has the density alpha beta (alpha + beta)^(-5/2), a standard logistic of v
and exp(-t / 2). The second is improper and so no distribution to draw from: a potential within bounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from reanalysis.engines.beta_rate import arms_of, beta_rates_draws, largest_total
from reanalysis.engines.nuts.kernel import (
    Assembled,
    NutsModel,
    ProgramKey,
    observe_reports,
    of_one_endpoint,
    report_data,
    with_extras,
)
from reanalysis.engines.streams import stream
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array

_LEAST_LOG_TOTAL = -30.0
"""Smallest log(alpha + beta): every rate is 0 or 1 long before."""


def _build(key: ProgramKey) -> Any:
    import pymc as pm
    import pytensor.tensor as pt

    with pm.Model() as model:
        events, n, log_weight = report_data(pm, key)
        bounds = pm.Data("total_bounds", np.array([-1.0, 1.0]))
        v = pm.Logistic("v", 0.0, 1.0)
        t = pm.Uniform("t", bounds[0], bounds[1])
        pm.Potential("total_prior", -t / 2)
        every = pt.zeros((key.slots, 1))
        observe_reports(pm, (events, n, log_weight, every + pt.sigmoid(-t)), every + v)  # rho = 1 / (1 + alpha + beta)
    return model


def _extras(spec: ModelSpec, data: ModelData, slots: int) -> dict[str, Array]:
    return {"total_bounds": np.array([_LEAST_LOG_TOTAL, np.log(largest_total(arms_of(spec, data)))])}


def _assembled(spec: ModelSpec, data: ModelData, posterior: Any) -> Assembled:
    v, total = posterior["v"].values, np.exp(posterior["t"].values)
    rng = stream(spec, data, "rates")
    return beta_rates_draws(spec, data, total * expit(v), total * expit(-v), rng), {}


MODELS = {"beta-rates": NutsModel(_build, with_extras(_extras), of_one_endpoint(_assembled, None))}
