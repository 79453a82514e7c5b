"""What do earlier arms say of a future one? The meta-analytic-predictive (MAP) prior in closed form.

The predictive distribution of a new study's rate is approximated by the mixture of Beta distributions closest to it in
Kullback-Leibler divergence, which is maximum likelihood on its quantiles: from one to four components, the fewest after
which one more gains less than 1e-5. Robustness against conflict comes from a vague component of fixed weight.

Source: Neuenschwander et al. 2010, Clin Trials 7:5; Schmidli et al. 2014, Biometrics 70:1023.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import betaln, digamma, expit, logsumexp, softmax

from reanalysis.engines.marginal import Marginal
from reanalysis.estimands.beta_mixture import BetaMixture
from reanalysis.estimands.effective_size import EffectiveSize, effective_size
from reanalysis.typing import Array

MOST_COMPONENTS = 4
_WORTH = 1e-5
"""Gain in Kullback-Leibler divergence for which another component is taken."""

_NODES = 160
"""Gauss-Legendre nodes of the probability whose quantiles are fitted."""

_NARROWEST = 0.1
"""Smallest SD of a component, as a share of the whole: about that of four nodes."""

_SMALLEST = 1e-12
"""Rates are kept this far from 0 and 1."""


@dataclass(frozen=True)
class MapPrior:
    """The MAP prior of a rate.

    Parameters
    ----------
    mixture : BetaMixture
        Closed form.
    robust_weight : float
        Weight of the vague component Beta(1, 1) in the robust version.
    new_logit : Marginal
        The predictive distribution of the logit rate that the mixture was fitted to.
    patients : float
        Patients that were counted.
    """

    mixture: BetaMixture
    robust_weight: float
    new_logit: Marginal
    patients: float

    @cached_property
    def robust(self) -> BetaMixture:
        """The mixture with its vague component."""
        return self.mixture.robust(self.robust_weight)

    def size(self, vague: float = 0.0) -> EffectiveSize:
        """Effective sample sizes, those of the robust version with the weight of its vague component."""
        return effective_size(self.robust if vague else self.mixture, self.new_logit, vague, self.patients)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON: both mixtures with their mean, SD and effective sample sizes."""
        return {
            "mixture": _described(self.mixture, self.size()),
            "robust_weight": self.robust_weight,
            "robust": _described(self.robust, self.size(self.robust_weight)),
        }


def _described(mixture: BetaMixture, size: EffectiveSize) -> dict[str, Any]:
    return mixture.as_dict() | {"mean": mixture.mean(), "sd": mixture.sd()} | size.as_dict()


def map_prior(new_logit: Marginal, robust_weight: float, patients: float) -> MapPrior:
    """MAP prior from the predictive distribution of a new study's logit rate after so many patients."""
    return MapPrior(fitted_mixture(new_logit), robust_weight, new_logit, patients)


def fitted_mixture(new_logit: Marginal) -> BetaMixture:
    """The Beta mixture closest to the distribution of a logit rate."""
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    rates = np.clip(expit(new_logit.quantile(0.5 * (1 + node))), _SMALLEST, 1 - _SMALLEST)
    best, reached = _maximised(rates, 0.5 * weight, 1)
    for count in range(2, MOST_COMPONENTS + 1):
        richer, gained = _maximised(rates, 0.5 * weight, count)
        if gained - reached < _WORTH:
            break
        best, reached = richer, gained
    return best


def _maximised(rates: Array, mass: Array, count: int) -> tuple[BetaMixture, float]:
    """Mixture of ``count`` components of highest mean log density at weighted rates, and that mean.

    Components start as equal shares of the sorted rates, so the result is deterministic.
    """
    from scipy.optimize import minimize

    log_p, log_q = np.log(rates)[:, None], np.log1p(-rates)[:, None]
    spread = float(np.sqrt(mass @ (rates - mass @ rates) ** 2))
    centre = float(mass @ rates)
    largest = max(np.log(centre * (1 - centre) / (_NARROWEST * spread) ** 2), 1.0)
    start = np.empty((3, count))
    for k, group in enumerate(np.array_split(np.sort(rates), count)):
        mean, sd = float(group.mean()), max(float(group.std()), 0.3 * spread)
        size = max(mean * (1 - mean) / sd**2 - 1, 2.0)
        start[:, k] = 0.0, *np.minimum(np.log([mean * size, (1 - mean) * size]), largest)

    def minus_mean(at: Array) -> tuple[float, Array]:
        """Minus the mean log density and its gradient in (logits of the weights, log a, log b)."""
        shape = at.reshape(3, count)
        log_weight, a, b = shape[0] - logsumexp(shape[0]), np.exp(shape[1]), np.exp(shape[2])
        log_terms = log_weight + (a - 1) * log_p + (b - 1) * log_q - betaln(a, b)
        top = log_terms.max(axis=1, keepdims=True)
        terms = np.exp(log_terms - top)
        sums = terms.sum(axis=1)
        total = top[:, 0] + np.log(sums)
        share = (mass / sums)[:, None] * terms
        both = digamma(a + b)
        gradient = np.stack(
            [
                share.sum(axis=0) - np.exp(log_weight),
                a * (share * (log_p + both - digamma(a))).sum(axis=0),
                b * (share * (log_q + both - digamma(b))).sum(axis=0),
            ]
        )
        return -float(mass @ total), -gradient.ravel()

    found = minimize(
        minus_mean,
        start.ravel(),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-20.0, 20.0)] * count + [(-5.0, largest)] * (2 * count),
        options={"maxiter": 300, "maxfun": 400, "ftol": 1e-11, "gtol": 1e-8},
    )
    logits, log_a, log_b = found.x.reshape(3, count)
    order = np.argsort(-logits)
    weights = softmax(logits)[order]
    a, b = np.exp(log_a)[order], np.exp(log_b)[order]
    mixture = BetaMixture(tuple(weights.tolist()), tuple(a.tolist()), tuple(b.tolist()))
    return mixture, -float(found.fun)
