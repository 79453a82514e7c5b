"""Meta-regression: effects move with moderators, of which parts of a treated arm have their own values.

    delta_s = mu + sum_j beta_j x_sj + tau z_s      logit pi_sg = logit pi_s0 + delta_s + sum_j beta_j (x_sgj - x_sj)

with x less its centre, and x_sj the mean over the parts g of a study that has them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from reanalysis.engines.draws import covariates, hierarchical_draws, moved, parts_above
from reanalysis.engines.nuts.kernel import (
    Assembled,
    NutsModel,
    ProgramKey,
    located,
    observe_reports,
    of_one_endpoint,
    prior_data,
    symmetric,
    with_extras,
)
from reanalysis.engines.nuts.models.hierarchy import Hierarchy, observe_ratios
from reanalysis.engines.streams import stream
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array


def build(key: ProgramKey) -> Any:
    """The PyMC model."""
    import pymc as pm
    import pytensor.tensor as pt

    with pm.Model() as model:
        found = Hierarchy.of(key)
        x = pm.Data("covariates", np.zeros((key.slots, key.moderators)))
        above = pm.Data("above", np.zeros((key.slots, key.parts, key.moderators)))
        prior = prior_data(pm, "moderator_prior", key.moderator_family)
        raw = symmetric(pm, "slope_raw", key.moderator_family, prior[0], 0.0, 1.0, shape=key.moderators)
        slope = prior[-2] + prior[-1] * raw
        effect = found.effect + pt.dot(x, slope)
        control = found.control(effect)
        treated = (control + effect)[:, None] + pt.dot(above, slope)
        observe_reports(pm, found.reports, pt.concatenate([control[:, None], treated], axis=1))
        observe_ratios(key, effect)
    return model


def _extras(spec: ModelSpec, data: ModelData, slots: int) -> dict[str, Array]:
    empty = slots - len(data.studies)
    return {
        "covariates": np.pad(covariates(data), ((0, empty), (0, 0))),
        "above": np.pad(parts_above(data), ((0, empty), (0, 0), (0, 0))),
        "moderator_prior": np.array(spec.priors.moderator.parameters),
    }


def _assembled(spec: ModelSpec, data: ModelData, posterior: Any) -> Assembled:
    count = len(data.studies)
    mu, tau = posterior["mu"].values, posterior["tau"].values
    slopes = located(spec.priors.moderator, posterior["slope_raw"].values)
    effect = mu[..., None] + tau[..., None] * posterior["z"].values[..., :count] + moved(slopes, data)
    control = located(spec.priors.baseline, posterior["alpha_raw"].values[..., :count]) - spec.below * effect
    new = mu + tau * stream(spec, data, "effects").standard_normal(mu.shape)
    return hierarchical_draws(spec, data, effect, control, mu, tau, new, slopes=slopes), {}


MODELS = {"moderated": NutsModel(build, with_extras(_extras), of_one_endpoint(_assembled))}
