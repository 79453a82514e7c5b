"""How many patients is a prior of a rate worth? Two effective sample sizes of a Beta mixture.

The moment ESS is that of the one Beta distribution with the same mean m and SD s, m (1 - m) / s^2 - 1. The ELIR ESS is
the expected local-information ratio: the prior's own information -d^2/dp^2 log density over that of one patient,
1 / (p (1 - p)), averaged over the prior. Unlike the first it is predictively consistent: updating by n patients raises
it by n on average. For a single Beta(a, b) both are a + b.

Source: Neuenschwander et al. 2020, Biometrics 76:578.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, softmax

from reanalysis.effects.beta_mixture import BetaMixture


def moment_size(mixture: BetaMixture) -> float:
    """Moment effective sample size, in patients."""
    mean = mixture.mean()
    return mean * (1 - mean) / mixture.sd() ** 2 - 1


def elir_size(mixture: BetaMixture) -> float | None:
    """Expected local-information-ratio effective sample size, in patients.

    None where it does not exist: the density of a component grows without bound towards 0 or 1.
    """
    if min(*mixture.a, *mixture.b) < 1:
        return None
    rate, mass = mixture.nodes()
    w, a, b = (np.asarray(v) for v in (mixture.weights, mixture.a, mixture.b))
    p = rate[:, None]
    with np.errstate(divide="ignore"):
        log_terms = np.log(w) + (a - 1) * np.log(p) + (b - 1) * np.log1p(-p) - betaln(a, b)
    share = softmax(log_terms, axis=1)
    slope = (a - 1) / p - (b - 1) / (1 - p)
    curvature = -(a - 1) / p**2 - (b - 1) / (1 - p) ** 2
    information = -(share * (curvature + slope**2)).sum(axis=1) + (share * slope).sum(axis=1) ** 2
    return float(mass @ (information * rate * (1 - rate)))
