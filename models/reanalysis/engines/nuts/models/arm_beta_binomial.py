"""The model in which the rates of an arm share one Beta distribution: free variables alpha_raw, mu and rho.

    p_sa ~ Beta(pi_a m, (1 - pi_a) m)      m = 1 / rho - 1      logit pi_a = baseline -/+ mu / 2

The rates are integrated out while (pi, rho) is sampled, and drawn afterwards from their conditional distribution.

Source: Kuss 2015, Stat Med 34:1097.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit, logit

from reanalysis.engines.beta_rate import draw_rates
from reanalysis.engines.draws import Draws, contrasts_of
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
    with_extras,
)
from reanalysis.engines.streams import stream
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array

_SMALLEST = 1e-12
"""The correlation is kept this far from 0 and 1, where the precision ends."""


def _build(key: ProgramKey) -> Any:
    import pymc as pm
    import pytensor.tensor as pt

    with pm.Model() as model:
        events, n, log_weight = report_data(pm, key)
        below = pm.Data("below", np.array(0.5))
        _, mu = mu_of(pm, key.mu_family)
        control = baseline_of(pm, key.baseline_family) - below * mu
        rho = pm.Beta("rho", 1.0, pm.Data("rho_prior", np.array(1.0)))
        every = pt.zeros((key.slots, 1))
        observe_reports(
            pm, (events, n, log_weight, every + pt.stack([rho, rho])), every + pt.stack([control, control + mu])
        )
    return model


def _extras(spec: ModelSpec, data: ModelData, slots: int) -> dict[str, Array]:
    return {"rho_prior": np.array(spec.number("c"))}


def arm_rates_draws(
    spec: ModelSpec, data: ModelData, baseline: Array, average: Array, rho: Array, observed: bool = True
) -> Draws:
    """Draws of every reported quantity.

    Parameters
    ----------
    baseline, average, rho : ndarray, shape (chains, draws)
        Mean of both logits of the mean rates (or the control's, where the prior is anchored there), mean log odds ratio
        and intra-arm correlation.
    observed : bool
        Whether the rates of the studies are drawn given what they reported.
    """
    rng = stream(spec, data, "rates" if observed else "prior rates")
    rho = np.clip(rho, _SMALLEST, 1 - _SMALLEST)
    precision = 1 / rho - 1
    control = baseline - spec.below * average
    centres = {"control": control, "treated": control + average}
    shapes = {arm: (expit(centre) * precision, expit(-centre) * precision) for arm, centre in centres.items()}
    logits = {
        arm: np.stack(
            [logit(draw_rates(rng, getattr(s, arm) if observed else None, *shape)) for s in data.studies], axis=-1
        )
        for arm, shape in shapes.items()
    }
    new = [logit(draw_rates(rng, None, *shape)) for shape in shapes.values()]
    control, treated = logits["control"], logits["treated"]
    log_prior = {
        "mu": spec.priors.mu.logpdf(average),
        "baseline": spec.priors.baseline.logpdf(baseline),
        "rho": np.log(spec.number("c")) + (spec.number("c") - 1) * np.log1p(-rho),
    }
    overall = {"log_odds_ratio": average, "log_odds_ratio_new": new[1] - new[0], "rho": rho}
    return Draws(overall, {"log_odds_ratio": treated - control} | contrasts_of(control, treated), logits, log_prior)


def arm_rates_prior(spec: ModelSpec, data: ModelData, chains: int, draws: int) -> Draws:
    """Independent draws from the prior."""
    rng = stream(spec, data, "prior")
    shape = (chains, draws)
    baseline, average = spec.priors.baseline.draw(rng, shape), spec.priors.mu.draw(rng, shape)
    return arm_rates_draws(spec, data, baseline, average, rng.beta(1.0, spec.number("c"), shape), observed=False)


def _assembled(spec: ModelSpec, data: ModelData, posterior: Any) -> Assembled:
    alpha, mu, rho = (posterior[name].values for name in ("alpha_raw", "mu", "rho"))
    return arm_rates_draws(spec, data, located(spec.priors.baseline, alpha), mu, rho), {}


MODELS = {"arm-beta-binomial": NutsModel(_build, with_extras(_extras), of_one_endpoint(_assembled, arm_rates_prior))}
