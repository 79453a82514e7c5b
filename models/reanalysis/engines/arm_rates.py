"""What are the rates of each study when those of an arm share one Beta distribution?

    p_sa ~ Beta(pi_a m, (1 - pi_a) m)      m = 1 / rho - 1      logit pi_a = baseline -/+ mu / 2

The rates are integrated out while (pi, rho) is sampled, and drawn afterwards from their conditional distribution.

Source: Kuss 2015, Stat Med 34:1097.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit
from scipy.stats import beta as beta_distribution

from reanalysis.engines.beta_rate import draw_rates
from reanalysis.engines.draws import Draws, contrasts_of
from reanalysis.engines.streams import stream
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array

_SMALLEST = 1e-12
"""The correlation is kept this far from 0 and 1, where the precision ends."""


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
        Whether the rates of the studies are drawn given what they printed.
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
        "rho": np.asarray(beta_distribution.logpdf(rho, 1.0, spec.number("c"))),
    }
    overall = {"log_odds_ratio": average, "log_odds_ratio_new": new[1] - new[0], "rho": rho}
    return Draws(overall, {"log_odds_ratio": treated - control} | contrasts_of(control, treated), logits, log_prior)


def arm_rates_prior(spec: ModelSpec, data: ModelData, chains: int, draws: int) -> Draws:
    """Independent draws from the prior."""
    rng = stream(spec, data, "prior")
    shape = (chains, draws)
    baseline, average = spec.priors.baseline.draw(rng, shape), spec.priors.mu.draw(rng, shape)
    return arm_rates_draws(spec, data, baseline, average, rng.beta(1.0, spec.number("c"), shape), observed=False)
